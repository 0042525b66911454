#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: node
short_description: Manage the nodes of a Docker swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Changes the role, the availability and the labels of a node, and removes it from the swarm. The engine must be a
    manager.
  - What the task does not name stays as it is. If somebody else changes the node at the same time, the task begins
    again.
  - Engines become nodes with M(dockside.engine.swarm).
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
  hostname:
    description:
      - The host name of the node as the swarm knows it, or its id. If several nodes have the host name, the id is
        needed.
    type: str
    required: true
  state:
    description:
      - V(present) changes the node, which must be there. V(absent) removes it from the swarm.
      - A node that is removed must be a worker that is down, or O(force=true).
    type: str
    choices:
      - present
      - absent
    default: present
  role:
    description:
      - Whether the node is one of the managers. The last manager cannot become a worker, nor one without which the
        others would have no majority.
    type: str
    choices:
      - worker
      - manager
  availability:
    description:
      - V(active) takes tasks, V(pause) takes no new ones, V(drain) gives its tasks to other nodes.
    type: str
    choices:
      - active
      - pause
      - drain
  labels:
    description:
      - The labels of the node.
    type: dict
  labels_state:
    description:
      - With V(merge), labels that O(labels) does not name stay.
      - With V(replace), the node has the labels of O(labels) and no others, so none if O(labels) is not set.
    type: str
    choices:
      - merge
      - replace
    default: merge
  labels_to_remove:
    description:
      - The names of labels that the node shall not have. A label that O(labels) names stays all the same.
    type: list
    elements: str
  force:
    description:
      - With O(state=absent), remove the node even if it is not down. A manager becomes a worker first.
    type: bool
    default: false
  wait:
    description:
      - Wait until the node has the role, and with O(availability=drain) until its tasks have ended and those in their
        stead run on other nodes.
    type: bool
    default: false
  wait_timeout:
    description:
      - For how many seconds to wait at most. Then the task fails, and tells what is missing.
    type: int
    default: 300
seealso:
  - module: dockside.engine.node_info
  - module: dockside.engine.swarm
"""

EXAMPLES = r"""
- name: Move the tasks of a node elsewhere before its maintenance
  dockside.engine.node:
    hostname: worker1
    availability: drain
    wait: true

- name: Let it take tasks again
  dockside.engine.node:
    hostname: worker1
    availability: active

- name: Labels
  dockside.engine.node:
    hostname: worker1
    labels:
      disk: ssd
    labels_to_remove:
      - old

- name: One manager less
  dockside.engine.node:
    hostname: manager3
    role: worker
    wait: true

- name: Remove a node that will not come back
  dockside.engine.node:
    hostname: worker2
    state: absent
    force: true
"""

RETURN = r"""
node:
  description:
    - What the engine says about the node (C(GET /nodes/{id})), empty if there is none.
  returned: success
  type: dict
  sample:
    Description:
      Hostname: worker1
    ID: dosb3lnifpcex1mnrqo7s1oq8
    Spec:
      Availability: drain
      Labels:
        disk: ssd
      Role: worker
    Status:
      Addr: 192.0.2.21
      State: ready
    Version:
      Index: 42
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - update node worker1
changes:
  description:
    - Why something was done. One entry for each option that differed.
  returned: success
  type: list
  elements: dict
  sample:
    - option: availability
      before: active
      after: drain
      action: update
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.node import Node


def main() -> None:
    run(Node)


if __name__ == "__main__":
    main()
