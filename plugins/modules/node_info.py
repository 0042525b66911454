#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node_info
short_description: Read the nodes of a Docker swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads nodes. The engine must be a manager of the swarm.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The host names or ids of the nodes. If this is not set or empty, all are read.
      - Not used with O(self=true).
    type: list
    elements: str
  self:
    description:
      - Read the node of the engine itself.
    type: bool
    default: false
seealso:
  - module: dockside.engine.node
  - module: dockside.engine.swarm_info
"""

EXAMPLES = r"""
- name: All nodes
  dockside.engine.node_info:
  register: found

- name: This engine's own node
  dockside.engine.node_info:
    self: true

- name: One node
  dockside.engine.node_info:
    name:
      - worker1
"""

RETURN = r"""
nodes:
  description:
    - What the engine says about each node (C(GET /nodes)), in the order of O(name).
  returned: success
  type: list
  elements: dict
  sample:
    - Description:
        Hostname: worker1
      ID: dosb3lnifpcex1mnrqo7s1oq8
      Spec:
        Availability: active
        Labels: {}
        Role: worker
      Status:
        Addr: 192.0.2.21
        State: ready
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.node import INFO, query


def main() -> None:
    run_info(INFO, query)


if __name__ == "__main__":
    main()
