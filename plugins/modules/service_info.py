#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_info
short_description: Read services of a swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads one service, or all of them. The engine must be a manager of a swarm.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The name or the id of the service. If this is not set, all services are read.
    type: str
  filters:
    description:
      - Read only what these filters of the engine let through, such as V(label), V(mode) or V(runtime). A value is text
        or a list of texts.
    type: dict
    default: {}
  insert_defaults:
    description:
      - Whether the values that hold where a service says nothing are filled in.
      - Only with O(name). Some engines do it for lists of services too.
    type: bool
    default: false
  status:
    description:
      - Whether each service has C(ServiceStatus), the numbers of tasks that run, are wanted and are complete.
      - Needs API 1.41.
    type: bool
    default: false
seealso:
  - module: dockside.engine.service
  - module: dockside.engine.task_info
"""

EXAMPLES = r"""
- name: One service
  dockside.engine.service_info:
    name: shop_web
  register: web

- name: All services of a project, with the numbers of their tasks
  dockside.engine.service_info:
    filters:
      label: project=shop
    status: true
  register: shop
"""

RETURN = r"""
exists:
  description:
    - Whether there is a service of that name.
  returned: when O(name) is set
  type: bool
  sample: true
service:
  description:
    - What the engine says about the service (C(GET /services/{id})), V(null) if there is none.
  returned: when O(name) is set
  type: dict
  sample:
    ID: 2jnm5qnwxk6tq5ncbqnpz0a1o
    Version:
      Index: 31
    Spec:
      Name: shop_web
      Labels:
        project: shop
      Mode:
        Replicated:
          Replicas: 2
services:
  description:
    - What the engine says about each service, sorted by name. With O(name), that one or none.
  returned: success
  type: list
  elements: dict
  sample:
    - ID: 2jnm5qnwxk6tq5ncbqnpz0a1o
      Spec:
        Name: shop_web
      ServiceStatus:
        CompletedTasks: 0
        DesiredTasks: 2
        RunningTasks: 2
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.service_info import SERVICE_INFO, service_info


def main() -> None:
    run_info(SERVICE_INFO, service_info)


if __name__ == "__main__":
    main()
