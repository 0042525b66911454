# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible calls for the module of this name."""

from __future__ import annotations

from ansible_collections.dockside.engine.plugins.plugin_utils._in_process import action

ActionModule = action(__name__)
