#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_unlock
short_description: Unlock a manager of a Docker swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Gives the unlock key to a manager that was started again in a swarm with C(autolock_managers), and waits until it
    is active.
  - A manager that is not locked is left as it is.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  unlock_key:
    description:
      - The key, as M(dockside.engine.swarm) and M(dockside.engine.swarm_info) return it.
    type: str
    required: true
seealso:
  - module: dockside.engine.swarm
"""

EXAMPLES = r"""
- name: Unlock the manager, if it is locked
  dockside.engine.swarm_unlock:
    unlock_key: "{{ vault_swarm_unlock_key }}"
"""

RETURN = r"""
swarm:
  description:
    - The state of the engine in its swarm (member C(Swarm) of C(GET /info)).
  returned: success
  type: dict
  sample:
    ControlAvailable: true
    LocalNodeState: active
    NodeAddr: 192.0.2.11
    NodeID: red9x7jcrd9qxsmsayxami0et
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - unlock swarm
changes:
  description:
    - Always empty.
  returned: success
  type: list
  elements: dict
  sample: []
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm_unlock import Unlocked


def main() -> None:
    run(Unlocked)


if __name__ == "__main__":
    main()
