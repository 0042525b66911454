#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage a container."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container
short_description: Manage a container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Brings one container to a state, with the settings that the task names. Settings that it does not name stay as
    they are, also when the container is replaced by a new one.
  - A difference that the engine can change in a running container is changed there. A network that differs is left
    and joined again. Any other difference makes a new container, which takes over the name. The old one is kept until
    the new one runs, and is back under its name and id when it does not.
  - In the options below, C(Changed in place) and C(Reconnected) tell what a change costs. A change of any other
    setting recreates the container.
extends_documentation_fragment:
  - dockside.engine.container
  - dockside.engine.connection
  - dockside.engine.registry
  - dockside.engine.attributes
  - dockside.engine.healthcheck
  - dockside.engine.mount
attributes:
  check_mode:
    support: full
    details:
      - With O(pull=always) the registry is asked, and nothing is pulled.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(recreate=true) and O(restart=true) act in every run, and O(detach=false) runs a container that has ended
        again.
options:
  name:
    description:
      - The name of the container. For a container that is there, its id or at least 12 characters of it will do.
    type: str
    required: true
  state:
    description:
      - V(started) is running.
      - V(healthy) is running, and the task waits until the health check says so. See O(healthcheck) and
        O(healthy_wait_timeout).
      - V(stopped) is there and does not run.
      - V(present) is there. A container that is not there is created and not started. One that is there runs on or
        stays stopped.
      - V(absent) is not there. A running container is stopped first, see O(force_kill). Settings have no meaning
        then.
    type: str
    choices: [absent, present, stopped, started, healthy]
    default: started

  # The image.
  image:
    description:
      - The image, as C(NAME), C(NAME:TAG), C(NAME@DIGEST), C(NAME:TAG@DIGEST) or an id, of which 12 characters will
        do. A name without a tag means V(latest).
      - Needed to create a container. Without it, a container that is there keeps its image.
      - A container that runs another image than the one that this name stands for is recreated. O(comparisons) with
        C(image=ignore) prevents that.
    type: str
  pull:
    description:
      - When the image is pulled from its registry. With V(missing) when the engine does not have it, with V(never)
        not at all.
      - With V(always), when the registry has another image under this name than the engine. The registry is only
        asked which one it has, so a run that finds nothing new transfers nothing.
      - V(true) is taken for V(always) and V(false) for V(missing).
      - An image that is given by its id is never pulled.
    type: raw
    choices: [never, missing, always, true, false]
    default: missing
  platform:
    description:
      - The platform of the image, as C(OS[/ARCHITECTURE[/VARIANT]]), for example V(linux/arm64).
      - It counts when an image is pulled or a container is created. An image that is there for other platforms only
        counts as not there.
      - A container of another platform is recreated, as it runs another image. Where one name stands for images of
        several platforms (the containerd image store), this needs API 1.48, and a container whose task does not name
        a platform keeps its own.
    type: str
  image_comparison:
    description:
      - An image gives settings to its containers, such as variables, labels and volumes. With a V(strict) comparison
        of those, the image whose part is left out of the comparison.
      - V(desired-image) is the one that O(image) names, V(current-image) the one that the container was made of.
    type: str
    choices: [desired-image, current-image]
    default: desired-image
  image_label_mismatch:
    description:
      - With V(fail), an image that brings labels which O(labels) does not name is an error.
      - It counts with C(labels=strict) or C(*=strict) in O(comparisons) only.
    type: str
    choices: [ignore, fail]
    default: ignore
  image_name_mismatch:
    description:
      - What happens when the container runs the wanted image but was made under another name of it.
    type: str
    choices: [ignore, recreate]
    default: recreate

  # How the container gets to its state.
  comparisons:
    description:
      - How settings are compared, option by option. The key V(*) stands for all options that are not named.
      - V(strict), nothing else may be there. V(allow_more_present), more entries may be there and stay, for lists and
        dictionaries. V(ignore), a difference does not count.
      - Without it, lists without an order and dictionaries allow more, and all else is strict. O(stop_timeout) is
        ignored.
      - The keys are the names of the settings, not their aliases. V(image) can be V(strict) or V(ignore).
    type: dict
  recreate:
    description:
      - Recreate the container in every run, even when nothing differs.
    type: bool
    default: false
  recreate_dependents:
    description:
      - Containers that live in the network, IPC or PID namespace of this one (C(container:NAME)) lose it when this
        one is recreated. With V(true) they are recreated as well, with their settings as they are. Without it, the
        task warns of them.
    type: bool
    default: false
  rename_from:
    description:
      - The former name of the container. When there is no container O(name) and there is one of this name, it is
        renamed.
    type: str
  restart:
    description:
      - Restart the container when it runs and this run does not start or recreate it anyway.
    type: bool
    default: false
  paused:
    description:
      - Whether the processes of the running container are frozen.
    type: bool
  detach:
    description:
      - With V(false), a run that starts the container waits until it has ended. The exit code is returned as
        RV(status) and the output as RV(container.Output). The task fails when the exit code is not 0.
    type: bool
    default: true
  cleanup:
    description:
      - With O(detach=false), remove the container when it has ended.
    type: bool
    default: false
  force_kill:
    description:
      - Kill the container where it would be stopped.
    type: bool
    default: false
    aliases: [forcekill]
  kill_signal:
    description:
      - The signal for O(force_kill). The engine's default is V(KILL).
    type: str
  keep_volumes:
    description:
      - Whether the anonymous volumes of a container stay when it is removed. Volumes with a name always stay.
    type: bool
    default: true
  renew_anonymous_volumes:
    description:
      - Whether a recreated container gets new anonymous volumes. Without it, those of the old container move to the
        new one.
    type: bool
    default: false
  healthy_wait_timeout:
    description:
      - For how many seconds O(state=healthy) waits. With V(0), as long as it takes.
      - A container that becomes unhealthy or ends makes the task fail at once.
    type: float
    default: 300
  removal_wait_timeout:
    description:
      - For how many seconds to wait until the engine has removed a container. Without it, O(timeout) counts.
    type: float

  # What runs; the other settings are in the doc fragment container.
  purge_networks:
    description:
      - Leave all networks that O(networks) does not name. The same as C(networks=strict) in O(comparisons).
    type: bool
    default: false
  interactive:
    description:
      - Whether the standard input stays open.
    type: bool
  console_size:
    description:
      - The size of the terminal, height and width.
      - Needs API 1.42.
    type: list
    elements: int
  restart_policy:
    description:
      - When the engine starts the container again by itself. Changed in place.
      - Put quotes around V("no").
    type: str
    choices: ["no", on-failure, always, unless-stopped]
  restart_retries:
    description:
      - How often O(restart_policy=on-failure) tries, V(0) for no limit. Changed in place.
    type: int
  auto_remove:
    description:
      - Whether the engine removes the container when it has ended. It does not go with a O(restart_policy).
    type: bool
seealso:
  - module: dockside.engine.image
  - module: dockside.engine.network
  - module: dockside.engine.volume
"""

EXAMPLES = r"""
- name: A web server, reachable on port 8080
  dockside.engine.container:
    name: web
    image: nginx:1.27-alpine
    published_ports:
      - 8080:80
    volumes:
      - site:/usr/share/nginx/html:ro
    env:
      TZ: Europe/Berlin
    restart_policy: unless-stopped
    memory: 256M

- name: The same, done when the application answers
  dockside.engine.container:
    name: web
    state: healthy
    image: nginx:1.27-alpine
    healthcheck:
      test: wget -q -O /dev/null http://localhost/
      interval: 10s
      timeout: 2s
      retries: 3
    healthy_wait_timeout: 60

- name: Two networks, with a fixed address and another name in one of them
  dockside.engine.container:
    name: api
    image: registry.example.com/api:2.1
    networks:
      - name: backend
        ipv4_address: 10.20.0.10
        aliases: [api.internal]
      - name: frontend

- name: Leave every other network
  dockside.engine.container:
    name: api
    networks:
      - name: backend
    comparisons:
      networks: strict

- name: All GPUs of the machine
  dockside.engine.container:
    name: training
    image: registry.example.com/training:7
    gpus: all

- name: A one-off job, whose output is shown
  dockside.engine.container:
    name: migrate
    image: registry.example.com/api:2.1
    command: [/app/manage, migrate]
    networks:
      - name: backend
    detach: false
    cleanup: true
  register: migration

- name: What it said
  ansible.builtin.debug:
    var: migration.container.Output

- name: Stop a container, whatever its settings are
  dockside.engine.container:
    name: web
    state: stopped

- name: Exactly these variables, and whatever image is there
  dockside.engine.container:
    name: api
    image: registry.example.com/api:2.1
    env:
      LOG_LEVEL: info
      WORKERS: "4"
    comparisons:
      env: strict
      image: ignore

- name: Give a container a new name
  dockside.engine.container:
    name: api
    rename_from: backend_api

- name: A password that no log shows
  dockside.engine.container:
    name: db
    image: postgres:17
    env:
      POSTGRES_PASSWORD: "{{ db_password }}"
    secret_env: [POSTGRES_PASSWORD]

- name: A mount with options of its own, and memory that is no disk
  dockside.engine.container:
    name: db
    image: postgres:17
    mounts:
      - target: /var/lib/postgresql/data
        source: db
      - target: /run/postgresql
        type: tmpfs
        tmpfs_size: 16M
        tmpfs_mode: "1777"

- name: No container, and nothing left of its anonymous volumes
  dockside.engine.container:
    name: web
    state: absent
    keep_volumes: false
"""

RETURN = r"""
container:
  description:
    - The container as the engine's C(GET /containers/NAME/json) describes it, empty when there is none. In check mode
      as it was.
    - Values of variables that O(secret_env) names are hidden.
  returned: success
  type: dict
  contains:
    Id:
      description: The id.
      returned: when the container is there
      type: str
      sample: 9cd0a94f3f2b6f7ff5a1b5d4ee3a1f9c0d8b3f6a2c5e7d9b1a3c5e7f9b1d3f5a
    Name:
      description: The name, with a C(/) in front.
      returned: when the container is there
      type: str
      sample: /web
    Image:
      description: The id of its image.
      returned: when the container is there
      type: str
      sample: sha256:2f62d6fe2c9d1d5e3ec1f1a0c6b5bd4c8a34e2f7cb1b5f0a8d5d7d8e2c3b1a09
    State:
      description: Whether it runs, since when, and how it ended.
      returned: when the container is there
      type: dict
      sample:
        Status: running
        Running: true
        Paused: false
        ExitCode: 0
        StartedAt: "2026-11-02T08:15:30.123456789Z"
    Config:
      description: Its settings, together with what the image gave.
      returned: when the container is there
      type: dict
      sample:
        Image: nginx:1.27-alpine
        Env: ["TZ=Europe/Berlin"]
    HostConfig:
      description: Its settings that belong to the engine's machine.
      returned: when the container is there
      type: dict
      sample:
        Memory: 268435456
        PortBindings:
          80/tcp:
            - HostIp: ""
              HostPort: "8080"
    NetworkSettings:
      description: Its networks, with its addresses in them, and the ports as they are published now.
      returned: when the container is there
      type: dict
      sample:
        Networks:
          backend:
            IPAddress: 10.20.0.10
    Output:
      description: What it wrote to its standard output and standard error, in one text.
      returned: O(detach=false), when this run has started the container
      type: str
      sample: "12 tables were changed\n"
status:
  description: The exit code of the container.
  returned: O(detach=false), when this run has started the container, also when the task has failed
  type: int
  sample: 0
progress:
  description:
    - What the pull of the image has moved, as far as the engine tells of it.
  returned: when the image was pulled
  type: list
  elements: dict
  sample:
    - action: pull image nginx:1.27-alpine
      layers: 7
      transferred: 3
      bytes: 30153982
      digest: sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a
actions:
  description: What was done, or in check mode would be done, in this order.
  returned: always
  type: list
  elements: str
  sample:
    - pull image nginx:1.27-alpine
    - recreate container web
changes:
  description: Why, for programs. Every setting that differed, with what its change costs.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option.
      returned: success
      type: str
      sample: memory
    before:
      description: The value that was there, as a task would write it.
      returned: success
      type: raw
      sample: 128M
    after:
      description: The value that is there now.
      returned: success
      type: raw
      sample: 256M
    action:
      description: What the change costs, V(update), V(reconnect) or V(recreate).
      returned: success
      type: str
      sample: update
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.container import Container


def main() -> None:
    run(Container)


if __name__ == "__main__":
    main()
