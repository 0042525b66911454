# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a module promises: check mode, diff mode, idempotence."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/dockside.engine.engine) in C(module_defaults) to give all modules of this collection their
      defaults at once.
    support: full
    membership:
      - dockside.engine.engine
  check_mode:
    description: Can run in check mode, where it says what it would do and touches nothing.
  diff_mode:
    description: Shows in diff mode what differs and what it will be.
  idempotent:
    description: A second run with the same options changes nothing, if nothing else changed the object in between.
"""

    # A module that only reads.
    INFO = r"""
options: {}
attributes:
  action_group:
    description: Use C(group/dockside.engine.engine) in C(module_defaults) to give all modules of this collection their
      defaults at once.
    support: full
    membership:
      - dockside.engine.engine
  check_mode:
    description: Can run in check mode. This module only reads.
    support: full
  diff_mode:
    description: Shows in diff mode what differs and what it will be.
    support: N/A
    details:
      - This module only reads.
  idempotent:
    description: A second run with the same options changes nothing. This module only reads.
    support: full
"""
