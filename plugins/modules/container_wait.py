#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_wait
short_description: Wait for a Docker container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Waits until a container has ended, is gone, is healthy, has written something, or listens on a port.
  - The task fails if that does not happen in time, or as soon as it cannot happen any more because the container has
    ended.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: partial
    details:
      - The options are checked and the task does not wait, as earlier tasks may not have done what it waits for. It is
        shown as skipped.
  diff_mode:
    support: N/A
    details:
      - This module only reads.
  idempotent:
    support: full
options:
  container:
    description:
      - The name or id of the container.
    type: str
    required: true
  condition:
    description:
      - What to wait for.
      - V(not-running) is that the container does not run, which is met at once by one that never ran. V(next-exit) is
        that it ends after now. V(removed) is that it does not exist any more.
      - If the container is started again at once, engines before 23.0 may answer V(next-exit) with V(0) instead of its
        exit code.
      - V(healthy) is that its health check says so.
      - V(log) is that it has written a line with O(pattern) since it was started last.
      - V(port) is that it listens on O(port).
    type: str
    choices:
      - not-running
      - next-exit
      - removed
      - healthy
      - log
      - port
    default: not-running
  pattern:
    description:
      - A regular expression of Python that has to be found in a line of the log.
      - Needed with O(condition=log).
    type: str
  port:
    description:
      - The number of a TCP port inside the container. A C(cat) in the image is needed to find out. For what can be
        reached from elsewhere, see M(ansible.builtin.wait_for).
      - Needed with O(condition=port).
    type: int
  wait_timeout:
    description:
      - How many seconds to wait at most.
    type: int
    default: 300
seealso:
  - module: dockside.engine.container_logs
  - module: dockside.engine.container
"""

EXAMPLES = r"""
- name: Wait until the database takes connections
  dockside.engine.container_wait:
    container: db
    condition: log
    pattern: ready to accept connections
    wait_timeout: 60

- name: Wait until the job is done
  dockside.engine.container_wait:
    container: migration
  register: job

- name: It must have worked
  ansible.builtin.assert:
    that: job.status_code == 0
"""

RETURN = r"""
status_code:
  description:
    - The exit code of the container.
  returned: if O(condition) is V(not-running), V(next-exit) or V(removed) and the container was there
  type: int
  sample: 0
line:
  description:
    - The line in which O(pattern) was found.
  returned: O(condition=log)
  type: str
  sample: "database system is ready to accept connections"
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.wait import RULES, SPEC, wait
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, wait, **RULES)


if __name__ == "__main__":
    main()
