#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm_info
short_description: Read a Docker swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads a swarm, and if asked its nodes, services, tasks and unlock key. The engine must be a manager, otherwise the
    task fails. The return values RV(can_talk_to_docker), RV(docker_swarm_active) and RV(docker_swarm_manager) are
    there all the same.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  nodes:
    description:
      - Read the nodes too.
    type: bool
    default: false
  nodes_filters:
    description:
      - Read only the nodes that these filters of the engine let through, for example V(role). A value is text or a
        list of texts.
    type: dict
    default: {}
  services:
    description:
      - Read the services too.
    type: bool
    default: false
  services_filters:
    description:
      - The filters for services.
    type: dict
    default: {}
  tasks:
    description:
      - Read the tasks too.
    type: bool
    default: false
  tasks_filters:
    description:
      - The filters for tasks, for example V(desired-state).
    type: dict
    default: {}
  unlock_key:
    description:
      - Read the unlock key too.
    type: bool
    default: false
  verbose_output:
    description:
      - Return nodes, services and tasks as the engine describes them, not a few facts of each.
    type: bool
    default: false
seealso:
  - module: dockside.engine.swarm
  - module: dockside.engine.node_info
"""

EXAMPLES = r"""
- name: The swarm and its managers
  dockside.engine.swarm_info:
    nodes: true
    nodes_filters:
      role: manager
  register: found

- name: The key that unlocks managers
  dockside.engine.swarm_info:
    unlock_key: true
  register: key
  no_log: true
"""

RETURN = r"""
can_talk_to_docker:
  description:
    - Whether the engine answers.
  returned: always
  type: bool
  sample: true
docker_swarm_active:
  description:
    - Whether the engine is an active node of a swarm.
  returned: always
  type: bool
  sample: true
docker_swarm_manager:
  description:
    - Whether the engine is a manager.
  returned: always
  type: bool
  sample: true
swarm_facts:
  description:
    - What the engine says about the swarm (C(GET /swarm)), with the tokens.
  returned: success
  type: dict
  sample:
    ID: fahxniz3edc1gesc0zfo53osd
    JoinTokens:
      Manager: SWMTKN-1-EXAMPLE-manager
      Worker: SWMTKN-1-EXAMPLE-worker
swarm_unlock_key:
  description:
    - The unlock key, null if the swarm does not lock its managers.
  returned: success and O(unlock_key=true)
  type: str
  sample: SWMKEY-1-EXAMPLE
nodes:
  description:
    - The nodes. With O(verbose_output=true) as the engine describes them (C(GET /nodes)).
  returned: success and O(nodes=true)
  type: list
  elements: dict
  sample:
    - Availability: active
      EngineVersion: 28.5.2
      Hostname: manager1
      ID: red9x7jcrd9qxsmsayxami0et
      ManagerStatus: Leader
      Status: ready
services:
  description:
    - The services. With O(verbose_output=true) as the engine describes them (C(GET /services)).
  returned: success and O(services=true)
  type: list
  elements: dict
  sample:
    - ID: 8zz2qh1l8wb5nqqdsd2wbrb3q
      Image: nginx:1.27
      Mode: Replicated
      Name: shop_web
      Ports: []
      Replicas: 2
tasks:
  description:
    - The tasks. With O(verbose_output=true) as the engine describes them (C(GET /tasks)).
  returned: success and O(tasks=true)
  type: list
  elements: dict
  sample:
    - CurrentState: running
      DesiredState: running
      Error: ""
      ID: y0b2cxwwzsd2yqsxuh1ldfn8g
      Image: nginx:1.27
      Name: ""
      NodeID: red9x7jcrd9qxsmsayxami0et
      Ports: []
      ServiceID: 8zz2qh1l8wb5nqqdsd2wbrb3q
      Slot: 1
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm_info import SPEC, query


def main() -> None:
    run_info(SPEC, query)


if __name__ == "__main__":
    main()
