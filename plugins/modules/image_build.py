#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_build
short_description: Build Docker images
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Builds an image of a Dockerfile, with BuildKit or with the classic builder of the engine. Neither the Docker CLI nor
    buildx is needed.
  - What a F(.dockerignore) in the context excludes stays out of the build, just as with C(docker build). With BuildKit,
    a file of the name of the Dockerfile with C(.dockerignore) appended comes first, and only those files are sent
    that the engine has not yet got from an earlier build.
  - For a base image in a registry that wants a login, the one that C(docker login) has left in the Docker CLI's
    C(config.json) of the task's user is used, directly or through a credential helper. The classic builder is sent all
    logins there are, BuildKit asks for the one that it needs.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: partial
    details:
      - With O(rebuild=always), a build is reported as a change, which it may turn out not to be. With the other values,
        and if the image is not there, check mode is exact.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(rebuild=always), an image is built each time. It is reported as changed only if another image than before
        came out of it, which is not so if all steps were in the build cache.
options:
  name:
    description:
      - The name of the image, with or without a registry and a tag, for example V(shop/web) or
        V(registry.example.com:5000/shop/web:1).
    type: str
    required: true
  tag:
    description:
      - The tag, if O(name) has none.
    type: str
    default: latest
  path:
    description:
      - The path on the target of the folder that is the build context.
      - One of O(path), O(remote) and O(dockerfile_inline) is required.
    type: path
  remote:
    description:
      - The URL of the build context, which the engine fetches by itself. It is a Git repository, such as
        V(https://git.example.com/shop.git#main:web), where a branch or tag and a folder may follow, or a tar archive,
        or a single Dockerfile. BuildKit of Engine 20.10 does not know folders of a repository.
    type: str
  dockerfile:
    description:
      - The path of the Dockerfile, from O(path) on or within O(remote). With O(path) it may be absolute, and outside of
        the context.
      - By default it is V(Dockerfile), or V(dockerfile) if only that is there.
    type: str
  dockerfile_inline:
    description:
      - The text of the Dockerfile. With O(path) it is used in place of the one in there, without O(path) the context is
        empty.
    type: str
  builder:
    description:
      - What builds the image. By default this is what the engine recommends, V(buildkit) from Engine 23.0 on.
      - V(buildkit) needs API 1.38 (Engine 18.06).
    type: str
    choices:
      - classic
      - buildkit
  rebuild:
    description:
      - When to build an image that is there already.
      - With V(when_context_changed), a digest of the Dockerfile, of the names, modes, contents and link targets of the
        files in the context, and of the options O(args), O(etc_hosts), O(labels), O(network), O(platform), O(squash)
        and O(target) is kept in the label C(dockside.engine.build) of the image. Only if it is another one, the image
        is built again. Times and owners do not count, and neither do newer base images, nor what is behind a URL in
        O(remote).
      - If the image is there for another platform than O(platform), it is always built.
    type: str
    choices:
      - never
      - always
      - when_context_changed
    default: never
  args:
    description:
      - Build arguments, for C(ARG) in the Dockerfile. Numbers and booleans become text.
      - Proxies that the Docker CLI's C(config.json) of the task's user has for the engine, such as C(httpProxy), are
        build arguments, too.
    type: dict
  cache_from:
    description:
      - Images whose layers may be used in place of building them.
    type: list
    elements: str
  cgroup_parent:
    description:
      - The control group of the containers of the build. Only for the classic builder.
    type: str
  cpu_period:
    description:
      - The period of the CPU quota in microseconds. Only for the classic builder.
    type: int
  cpu_quota:
    description:
      - How many microseconds of CPU time a container of the build gets in each period. Only for the classic builder.
    type: int
  cpu_shares:
    description:
      - The weight of the containers of the build when CPU time is scarce. Only for the classic builder.
    type: int
  cpuset_cpus:
    description:
      - The CPUs that the build may use, such as V(0-2,4). Only for the classic builder.
    type: str
  cpuset_mems:
    description:
      - The memory nodes that the build may use, such as V(0,1). Only for the classic builder.
    type: str
  etc_hosts:
    description:
      - Names to addresses, for C(/etc/hosts) of the containers of the build. The address V(host-gateway) is that of the
        engine's machine.
    type: dict
  force_rm:
    description:
      - Remove the containers of the build also if it fails. BuildKit always does that.
    type: bool
    default: false
  labels:
    description:
      - Labels for the image. Numbers and booleans become text.
    type: dict
  memory:
    description:
      - How much memory a container of the build may use, such as V(512M). Only for the classic builder.
    type: str
  memory_swap:
    description:
      - Memory and swap together, as O(memory), or V(unlimited). Only for the classic builder.
    type: str
  network:
    description:
      - The network for C(RUN). BuildKit only knows V(default), V(host) and V(none).
    type: str
  nocache:
    description:
      - Do not use the build cache.
    type: bool
    default: false
  outputs:
    description:
      - What else becomes of the image than that it gets its name.
    type: list
    elements: dict
    suboptions:
      type:
        description:
          - V(image) gives it further names.
          - V(local) writes the files of the image into a folder of the target, where other files stay.
          - V(tar) writes these files to the target as a tar archive.
          - V(local) and V(tar) are only for BuildKit, and need API 1.40 (Engine 19.03).
        type: str
        choices:
          - image
          - local
          - tar
        required: true
      name:
        description:
          - The further names. Without a tag, it is V(latest). Required if O(outputs[].type=image).
        type: list
        elements: str
      dest:
        description:
          - The path on the target of the folder or the archive. It is written if the image is built, and if it is not
            there. Required if O(outputs[].type=local) or O(outputs[].type=tar).
        type: path
  platform:
    description:
      - The platform of the image as OS[/ARCHITECTURE[/VARIANT]], for example V(linux/arm64). The list must have one
        entry.
    type: list
    elements: str
  pull:
    description:
      - Ask the registries for newer base images. With the containerd image store, BuildKit always does that.
    type: bool
    default: false
  rm:
    description:
      - Remove the containers of the build when it succeeds. BuildKit always does that.
    type: bool
    default: true
  secrets:
    description:
      - What C(RUN --mount=type=secret) in the Dockerfile asks for. Only for BuildKit.
      - A secret is in no layer of the image. If a step of the build writes a line of it, of four characters or more, it
        is hidden in the log.
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - The name of the secret. In a step that asks for it, it is by default the file C(/run/secrets/ID).
        type: str
        required: true
      type:
        description:
          - Where the secret comes from, which is O(secrets[].src), O(secrets[].env) or O(secrets[].value).
        type: str
        choices:
          - file
          - env
          - value
        required: true
      src:
        description:
          - The path on the target of a file that holds the secret. Required if O(secrets[].type=file).
        type: path
      env:
        description:
          - The environment variable of the task that holds the secret. Required if O(secrets[].type=env).
        type: str
      value:
        description:
          - The secret itself. Required if O(secrets[].type=value).
        type: str
  shm_size:
    description:
      - The size of C(/dev/shm), such as V(128M). The engine's default is V(64M).
      - With BuildKit it needs API 1.42 (Engine 23.0).
    type: str
  squash:
    description:
      - Make one layer of all that the build adds. Only for the classic builder, and only on engines with experimental
        features.
    type: bool
    default: false
  ssh:
    description:
      - The SSH agents that C(RUN --mount=type=ssh) in the Dockerfile asks for. Only for BuildKit.
    type: list
    elements: dict
    suboptions:
      id:
        description:
          - The name that the Dockerfile uses.
        type: str
        default: default
      socket:
        description:
          - The path on the target of the agent's socket. By default, this is C(SSH_AUTH_SOCK) in the environment of the
            task.
        type: path
  target:
    description:
      - The stage of the Dockerfile to build, by default the last one. Needs API 1.37.
    type: str
  ulimits:
    description:
      - Limits for the processes of the build, as C(NAME:SOFT[:HARD]), for example V(nofile:1024:2048). V(-1) is no
        limit.
      - With BuildKit they need API 1.42 (Engine 23.0).
    type: list
    elements: str
notes:
  - A build takes as long as it takes. The option O(timeout) is about the engine's first answer to other requests.
  - If the connection to the engine breaks in the middle of a build, this is reported, and the build is not begun again.
seealso:
  - module: dockside.engine.image
  - module: dockside.engine.prune
    description: Removes the build cache.
"""

EXAMPLES = r"""
- name: An image of a folder with a Dockerfile, built again when something in there changes
  dockside.engine.image_build:
    name: shop/web:1
    path: /srv/shop/web
    rebuild: when_context_changed
    args:
      version: "1.4"
    labels:
      project: shop
  register: built

- name: Show what the build wrote
  ansible.builtin.debug:
    var: built.stdout_lines

- name: A small image without a folder
  dockside.engine.image_build:
    name: shop/greeting
    dockerfile_inline: |
      FROM shop/web:1
      RUN echo hello > /www/greeting

- name: With a secret that stays out of the image
  dockside.engine.image_build:
    name: shop/private
    builder: buildkit
    dockerfile_inline: |
      FROM shop/web:1
      RUN --mount=type=secret,id=token wc -c < /run/secrets/token > /www/length
    secrets:
      - id: token
        type: value
        value: "{{ token }}"

- name: Under two names, and its files in a folder of the target
  dockside.engine.image_build:
    name: shop/web:2
    path: /srv/shop/web
    builder: buildkit
    outputs:
      - type: image
        name: [shop/web:stable]
      - type: local
        dest: /srv/shop/files

- name: Of a Git repository, a branch and a folder of it
  dockside.engine.image_build:
    name: shop/api:2
    remote: https://git.example.com/shop.git#v2:api
"""

RETURN = r"""
image:
  description:
    - What the engine says about the image (C(GET /images/{name}/json)). In check mode it is the present one, empty if
      there is none.
  returned: success
  type: dict
  sample:
    Architecture: amd64
    Config:
      Cmd:
        - /bin/serve
      Labels:
        dockside.engine.build: 732c993352e04107b72b859d14c6e5deabecb6b0ef7ac71e8cd0142c6c488a38
        project: shop
    Id: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
    Os: linux
    RepoTags:
      - shop/web:1
    Size: 2087544
stdout:
  description:
    - The log of the build, of a long one the end (the last 256 KiB). It is empty if nothing was built.
    - With BuildKit, each line begins with the number of its step, as several of them may be under way.
  returned: success, and if the build fails
  type: str
  sample: |-
    #1 [internal] load build definition from Dockerfile
    #1 DONE
    #5 [2/2] RUN echo hello > /www/greeting
    #5 DONE
actions:
  description:
    - What was done, or in check mode would be done, and why.
  returned: always
  type: list
  elements: str
  sample:
    - "build image shop/web:1: its context or options changed"
    - tag image shop/web:1 as shop/web:stable
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.build import RULES, SPEC, build
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, build, **RULES)


if __name__ == "__main__":
    main()
