#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_exec
short_description: Run a command in a Docker container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Runs a command in a container that is running, gives it its standard input and returns what it wrote, the two
    outputs apart and in full. One of O(argv) and O(command) is needed.
  - As with M(ansible.builtin.command), an exit code other than V(0) is a failure of the task, unless C(failed_when)
    says something else.
extends_documentation_fragment:
  - dockside.engine.process
  - dockside.engine.process.streams
  - dockside.engine.process.text
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: partial
    details:
      - The options are checked and the command is not run, as nobody knows what it would do. The task is shown as
        skipped.
  diff_mode:
    support: none
  idempotent:
    support: N/A
    details:
      - That is up to the command.
options:
  container:
    description:
      - The name or id of the container.
    type: str
    required: true
  chdir:
    description:
      - The directory in the container in which the command runs.
      - Needs API 1.35.
    type: str
  user:
    description:
      - Who runs the command, as a name or number of a user, with V(:GROUP) behind it if wanted.
      - If it is not set, it is the user of the container.
    type: str
  env:
    description:
      - Environment variables for the command, besides those of the container.
      - Values must be text. Put quotes around numbers and words such as V(yes), which YAML takes for something else.
    type: dict
  privileged:
    description:
      - Whether the command may do everything that root on the engine's machine may do.
    type: bool
    default: false
  tty:
    description:
      - Whether the command has a terminal. It then has one output only, RV(stdout), with a carriage return in front of
        each newline, and sees what it reads there as well.
      - With O(stdin), the end of it is sent as Ctrl-D.
    type: bool
    default: false
  detach:
    description:
      - Whether to leave the command running in the background. It gets no O(stdin), and what it writes is lost.
    type: bool
    default: false
notes:
  - A command that is over its O(command_timeout) goes on in the container, as the engine has no request that ends it.
    To have it ended, run it with a program such as C(timeout).
seealso:
  - module: dockside.engine.container
"""

EXAMPLES = r"""
- name: Ask the web server whether it likes its configuration
  dockside.engine.container_exec:
    container: web
    command: nginx -t

- name: A pipe needs a shell
  dockside.engine.container_exec:
    container: web
    argv:
      - sh
      - -c
      - ls /etc/nginx/conf.d | wc -l
  register: files
  changed_when: false

- name: Load a dump into a database
  dockside.engine.container_exec:
    container: db
    argv: [psql, --quiet, shop]
    user: postgres
    stdin_path: /srv/dumps/shop.sql
    env:
      PGOPTIONS: --client-min-messages=warning
    command_timeout: 600
"""

RETURN = r"""
stdout:
  description:
    - What the command wrote to its standard output.
  returned: unless O(detach=true)
  type: str
  sample: "4"
stderr:
  description:
    - What the command wrote to its standard error.
  returned: unless O(detach=true)
  type: str
  sample: "nginx: configuration file /etc/nginx/nginx.conf test is successful"
rc:
  description:
    - The exit code of the command. V(126) and V(127) are also the engine's words for a command that cannot be run or is
      not there.
  returned: when the command has ended
  type: int
  sample: 0
exec_id:
  description:
    - The engine's id of this run of the command.
  returned: unless in check mode
  type: str
  sample: 249d9e3075655baf705ed8f40488c5e9434049cf3431976f1bfdb73741c574c5
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.exec import RULES, SPEC, execute
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, execute, **RULES)


if __name__ == "__main__":
    main()
