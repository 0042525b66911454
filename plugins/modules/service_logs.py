#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service_logs
short_description: Read the output of a service or a task of a swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the tasks of a service, or one task, have written so far. The engine must be a manager of a swarm.
  - The logging driver of the tasks must be one that can be read, such as V(json-file) or V(local).
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The name or the id of the service.
      - Exactly one of O(name) and O(task) has to be set.
    type: str
    aliases: [service]
  task:
    description:
      - The id of the task.
    type: str
  stdout:
    description:
      - Whether standard output is read. With a terminal, everything is standard output.
    type: bool
    default: true
  stderr:
    description:
      - Whether standard error is read.
    type: bool
    default: true
  tail:
    description:
      - How many lines are read from the end, of each task. V(all) is all of them.
    type: str
    default: all
  since:
    description:
      - Leave out what is older. It is a span before now, such as V(10m), a date such as V(2026-01-31T12:00:00Z), or
        seconds since 1970. By now the clock of the engine is meant.
    type: str
  timestamps:
    description:
      - Whether each line begins with the time it was written at.
    type: bool
    default: false
  details:
    description:
      - Whether each line begins with the ids of its node, service and task.
    type: bool
    default: false
seealso:
  - module: dockside.engine.service
  - module: dockside.engine.task_info
"""

EXAMPLES = r"""
- name: What a service wrote in the last ten minutes
  dockside.engine.service_logs:
    name: shop_web
    since: 10m
  register: web

- name: Show its errors
  ansible.builtin.debug:
    var: web.stderr_lines

- name: The last lines of a service, with the task that wrote each
  dockside.engine.service_logs:
    name: shop_web
    tail: "20"
    details: true
"""

RETURN = r"""
stdout:
  description:
    - What was written to standard output.
  returned: success
  type: str
  sample: "listening on 80\n"
stdout_lines:
  description:
    - The lines of RV(stdout).
  returned: success
  type: list
  elements: str
  sample:
    - listening on 80
stderr:
  description:
    - What was written to standard error.
  returned: success
  type: str
  sample: ""
stderr_lines:
  description:
    - The lines of RV(stderr).
  returned: success
  type: list
  elements: str
  sample: []
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.service_info import SERVICE_LOGS, service_logs


def main() -> None:
    run_info(SERVICE_LOGS, service_logs)


if __name__ == "__main__":
    main()
