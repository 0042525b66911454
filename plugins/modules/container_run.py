#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_run
short_description: Run a command in a Docker container of its own
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Makes a container, gives its command the standard input, waits for its end and returns what it wrote, the two
    outputs apart and in full. Then the container is removed, with its anonymous volumes.
  - As with M(ansible.builtin.command), an exit code other than V(0) is a failure of the task, unless C(failed_when)
    says something else, and with O(creates) and O(removes) a second run has nothing to do.
  - The settings are those of M(dockside.engine.container). What they say about changing a container has no meaning
    here, as the container is always a new one.
extends_documentation_fragment:
  - dockside.engine.container
  - dockside.engine.process.streams
  - dockside.engine.process.text
  - dockside.engine.registry
  - dockside.engine.connection
  - dockside.engine.attributes
  - dockside.engine.healthcheck
  - dockside.engine.mount
attributes:
  check_mode:
    support: partial
    details:
      - The options are checked, it is looked for what they name, and nothing is run, as nobody knows what the command
        would do. The task is shown as skipped, or with O(creates) or O(removes) as changed if it would run.
  diff_mode:
    support: none
  idempotent:
    support: partial
    details:
      - With O(creates) or O(removes), or if the command itself is.
options:
  name:
    description:
      - The name of the container, which no other container may have.
      - If it is not set, the engine thinks of one.
    type: str
  image:
    description:
      - The image, as C(NAME), C(NAME:TAG), C(NAME@DIGEST) or an id. A name without a tag means V(latest).
    type: str
    required: true
  pull:
    description:
      - When the image is pulled from its registry. With V(missing) when the engine does not have it, with V(never)
        not at all, with V(always) when the registry has another image under this name than the engine.
      - V(true) is taken for V(always) and V(false) for V(missing).
    type: raw
    choices: [never, missing, always, true, false]
    default: missing
  platform:
    description:
      - The platform of the image, as C(OS[/ARCHITECTURE[/VARIANT]]), for example V(linux/arm64).
    type: str
  creates:
    description:
      - A path, or a pattern of paths, where the module runs. If there is one, nothing is run and the task is ok.
    type: path
  removes:
    description:
      - A path, or a pattern of paths, where the module runs. If there is none, nothing is run and the task is ok.
    type: path
  cleanup:
    description:
      - Whether to remove the container. If the task ends before the container does, the engine removes it at its end.
      - With V(false) it stays as it has ended.
    type: bool
    default: true
  keep_failed:
    description:
      - Whether a container stays that has failed or was over its O(command_timeout), so that it can be looked at.
    type: bool
    default: false
  attach:
    description:
      - How the standard input and the outputs are connected.
      - V(hijack) turns the connection of a request into one for bytes both ways, as the Docker CLI does. Not every
        proxy between here and the engine lets that pass.
      - V(websocket) takes WebSockets, which most proxies know. Below API 1.42 only the standard input needs one, and
        the outputs are the answer to a request that lasts.
      - V(auto) is V(hijack), and V(websocket) if that turns out to be impossible.
    type: str
    choices: [auto, hijack, websocket]
    default: auto
notes:
  - A command that is over its O(command_timeout) is killed.
seealso:
  - module: dockside.engine.container
    description: A container that goes on running.
  - module: dockside.engine.container_exec
    description: A command in a container that runs already.
"""

EXAMPLES = r"""
- name: Bring the tables of a database up to date
  dockside.engine.container_run:
    image: registry.example.com/api:2.1
    command: [/app/manage, migrate]
    networks:
      - name: backend
    env:
      DB_PASSWORD: "{{ db_password }}"
    secret_env: [DB_PASSWORD]
    command_timeout: 300
  register: migration
  changed_when: "'Nothing to migrate' not in migration.stdout"

- name: Make a key, unless there is one
  dockside.engine.container_run:
    image: alpine/openssl:3.5
    command: genrsa -out /keys/site.pem 4096
    volumes:
      - /srv/keys:/keys
    creates: /srv/keys/site.pem

- name: What a tool makes of a text
  dockside.engine.container_run:
    image: ghcr.io/jqlang/jq:1.7.1
    command: .version
    stdin: '{"version": "2.1"}'
    network_mode: none
    read_only: true
  register: version
  changed_when: false
"""

RETURN = r"""
stdout:
  description:
    - What the command wrote to its standard output, empty if nothing was run.
  returned: unless the container could not be started
  type: str
  sample: "12 tables were changed"
stderr:
  description:
    - What the command wrote to its standard error, empty if nothing was run.
  returned: unless the container could not be started
  type: str
  sample: ""
rc:
  description:
    - The exit code of the command, V(0) if nothing was run.
  returned: when the command has ended or nothing was run
  type: int
  sample: 0
container_id:
  description:
    - The id of the container, which is there no more unless it was to be kept.
  returned: when the container was started
  type: str
  sample: 9cd0a94f3f2b6f7ff5a1b5d4ee3a1f9c0d8b3f6a2c5e7d9b1a3c5e7f9b1d3f5a
actions:
  description:
    - What was done, or in check mode would be done, in this order.
  returned: always
  type: list
  elements: str
  sample:
    - pull image registry.example.com/api:2.1
    - run a container
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.run import RULES, SPEC, run
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_new import NewContainer


def main() -> None:
    run_action(SPEC, run, NewContainer.secrets, **RULES)


if __name__ == "__main__":
    main()
