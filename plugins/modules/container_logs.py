#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_logs
short_description: Read the log of a Docker container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what a container has written until now, its two outputs apart, whether it runs or not.
  - The engine keeps it only with some logging drivers, such as C(json-file), C(local) and C(journald).
extends_documentation_fragment:
  - dockside.engine.process.text
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  container:
    description:
      - The name or id of the container.
    type: str
    required: true
  stdout:
    description:
      - Whether to read the standard output.
    type: bool
    default: true
  stderr:
    description:
      - Whether to read the standard error.
    type: bool
    default: true
  tail:
    description:
      - How many lines to read from the end of the log. If it is not set, all of them.
      - The engine counts the lines of both outputs, even if only one of them is read.
    type: int
  since:
    description:
      - Leave out what is older. It is a span before now, such as V(10m), a date such as V(2026-01-31T12:00:00Z), or
        seconds since 1970. By now the clock of the engine is meant.
    type: str
  until:
    description:
      - Leave out what is younger, written as O(since).
      - Needs API 1.35.
    type: str
  timestamps:
    description:
      - Whether to put the time in front of each line.
    type: bool
    default: false
  details:
    description:
      - Whether to put the labels and variables in front of each line that the logging driver was told to record.
    type: bool
    default: false
  max_size:
    description:
      - The most that is returned of each output, such as V(500K). Of a longer log it is the end.
    type: str
    default: 10M
notes:
  - A container with a terminal has one output, which is returned as RV(stdout).
seealso:
  - module: dockside.engine.container_wait
  - module: dockside.engine.container_exec
"""

EXAMPLES = r"""
- name: The last hundred lines of the last hour
  dockside.engine.container_logs:
    container: web
    tail: 100
    since: 1h
  register: log

- name: Show what went wrong
  ansible.builtin.debug:
    var: log.stderr_lines
"""

RETURN = r"""
stdout:
  description:
    - What the container wrote to its standard output.
  returned: success
  type: str
  sample: "listening on port 80"
stderr:
  description:
    - What the container wrote to its standard error.
  returned: success
  type: str
  sample: "warning: no configuration"
truncated:
  description:
    - Whether there was more than O(max_size), so that the beginning is missing.
  returned: success
  type: bool
  sample: false
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.logs import SPEC, query
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def main() -> None:
    run_info(SPEC, query)


if __name__ == "__main__":
    main()
