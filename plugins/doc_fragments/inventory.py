# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory plugins share: plugin_utils/_inventory.py reads these options."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  filters:
    description:
      - Which of the hosts found are in the inventory. The first entry whose condition is true decides. If there is
        none, the host is in it.
      - A condition is a Jinja2 expression over the variables of the host and C(inventory_hostname). One that cannot be
        evaluated is false, or with O(strict) an error.
    type: list
    elements: dict
    default: []
    suboptions:
      include:
        description:
          - The host is in the inventory if this is true.
        type: str
      exclude:
        description:
          - The host is not in the inventory if this is true.
        type: str
"""
