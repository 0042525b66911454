#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: task_info
short_description: Read tasks of a swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads the tasks of services, those that run and those that have ended as far as swarm remembers them. The engine
    must be a manager of a swarm.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  service:
    description:
      - Only tasks of this service, by its name or id.
    type: str
  node:
    description:
      - Only tasks of this node, by its host name or id.
    type: str
  desired_state:
    description:
      - Only tasks that shall be in one of these states.
    type: list
    elements: str
    choices: [running, shutdown, accepted]
  filters:
    description:
      - Read only what these filters of the engine let through, such as V(label), V(id) or V(name). A value is text or a
        list of texts.
    type: dict
    default: {}
seealso:
  - module: dockside.engine.service
  - module: dockside.engine.service_info
  - module: dockside.engine.service_logs
"""

EXAMPLES = r"""
- name: The tasks of a service that shall run
  dockside.engine.task_info:
    service: shop_web
    desired_state: [running]
  register: web

- name: Where they are and how they are
  ansible.builtin.debug:
    msg: "{{ item.ServiceName }}.{{ item.Slot }} on {{ item.NodeName }} is {{ item.Status.State }}"
  loop: "{{ web.tasks }}"
"""

RETURN = r"""
tasks:
  description:
    - What the engine says about each task (C(GET /tasks)), with the names of its service and its node.
    - Sorted by service, slot and node. The newest task of a slot comes first.
  returned: success
  type: list
  elements: dict
  sample:
    - ID: 0kzzo1i0y4jz6027t0k7aezc7
      DesiredState: running
      NodeID: 60gvrl6tm78dmak4yl7srz94v
      NodeName: node1
      ServiceID: 9mnpnzenvg8p8tdbtq4wvbkcz
      ServiceName: shop_web
      Slot: 1
      Status:
        Message: started
        State: running
        Timestamp: "2026-01-05T08:12:31.184912345Z"
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.service_info import TASK_INFO, task_info


def main() -> None:
    run_info(TASK_INFO, task_info)


if __name__ == "__main__":
    main()
