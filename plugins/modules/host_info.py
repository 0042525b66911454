#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: host_info
short_description: Read what a Docker Engine is and what is on it
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the engine says about itself, and on request lists its containers, images, networks and volumes.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  containers:
    description:
      - Whether to list containers.
    type: bool
    default: false
  containers_all:
    description:
      - Whether to list containers that do not run, too.
    type: bool
    default: false
  containers_filters:
    description:
      - Which containers to list, such as V(label), V(name), V(status) or V(network). A value may be a list, of which
        one has to fit, with V(label) all.
    type: dict
  images:
    description:
      - Whether to list images.
    type: bool
    default: false
  images_filters:
    description:
      - Which images to list, such as V(dangling), V(label) or V(reference).
    type: dict
  networks:
    description:
      - Whether to list networks.
    type: bool
    default: false
  networks_filters:
    description:
      - Which networks to list, such as V(driver), V(label), V(name) or V(type).
    type: dict
  volumes:
    description:
      - Whether to list volumes.
    type: bool
    default: false
  volumes_filters:
    description:
      - Which volumes to list, such as V(dangling), V(driver), V(label) or V(name).
    type: dict
  disk_usage:
    description:
      - Whether to measure the space that images take. M(dockside.engine.disk_usage) tells more.
    type: bool
    default: false
  verbose_output:
    description:
      - Whether to return all that the engine lists about each object, instead of what a list of the Docker CLI shows,
        and whether RV(disk_usage) tells about containers, volumes and the cache of builds as well.
    type: bool
    default: false
seealso:
  - module: dockside.engine.disk_usage
"""

EXAMPLES = r"""
- name: What is this engine?
  dockside.engine.host_info:
  register: engine

- name: Its version
  ansible.builtin.debug:
    msg: "{{ engine.version.Version }} with API {{ engine.ping.api_version }} on {{ engine.host_info.OperatingSystem }}"

- name: All containers of a project
  dockside.engine.host_info:
    containers: true
    containers_all: true
    containers_filters:
      label:
        - project=shop
"""

RETURN = r"""
can_talk_to_docker:
  description:
    - Whether the engine answered.
  returned: always
  type: bool
  sample: true
host_info:
  description:
    - What the engine says about itself (C(GET /info)).
  returned: success
  type: dict
  sample:
    Containers: 3
    Driver: overlay2
    OperatingSystem: Debian GNU/Linux 13 (trixie)
    ServerVersion: 28.5.2
version:
  description:
    - The versions of the engine and of its parts (C(GET /version)).
  returned: success
  type: dict
  sample:
    ApiVersion: "1.51"
    MinAPIVersion: "1.24"
    Version: 28.5.2
ping:
  description:
    - What the engine says with each answer to C(GET /_ping).
  returned: success
  type: dict
  contains:
    api_version:
      description:
        - The newest version of the API that the engine speaks.
      type: str
      sample: "1.51"
    builder_version:
      description:
        - The builder that the engine prefers, V(1) is the classic one and V(2) is BuildKit. Empty if it does not say.
      type: str
      sample: "2"
    experimental:
      description:
        - Whether experimental features are on.
      type: bool
      sample: false
    os_type:
      description:
        - The kind of operating system.
      type: str
      sample: linux
    swarm:
      description:
        - The state of the swarm, such as V(inactive) or V(active/manager). Empty if the engine does not say.
      type: str
      sample: inactive
containers:
  description:
    - The containers.
  returned: O(containers=true)
  type: list
  elements: dict
  sample:
    - Id: 4b5a01c2d5f14e0ff4c25ed0c9ebd5ae4bbc4b6e3d3d8f0ab7e2c1a5c2a1d7e9
      Names: [/web]
      Image: nginx:1.27
      Status: Up 2 hours
images:
  description:
    - The images.
  returned: O(images=true)
  type: list
  elements: dict
  sample:
    - Id: sha256:7599d5e36237caa92b97fb7e8fa74aa0d2f8d4d68fb8be85495ae0700bcb88db
      RepoTags: ["nginx:1.27"]
      Size: 71827456
networks:
  description:
    - The networks, by name.
  returned: O(networks=true)
  type: list
  elements: dict
  sample:
    - Driver: bridge
      Id: f2bc6ac3a6a1d7b7a1a1b7b3b9d1c3a5e7f9b1d3c5a7e9f1b3d5c7a9e1f3b5d7
      Name: shop
      Scope: local
volumes:
  description:
    - The volumes, by name.
  returned: O(volumes=true)
  type: list
  elements: dict
  sample:
    - Driver: local
      Name: shop_data
disk_usage:
  description:
    - The bytes that images take as C(LayersSize), and with O(verbose_output=true) the images, containers, volumes and
      caches with their sizes. The same shape with every version of the API.
  returned: O(disk_usage=true)
  type: dict
  sample:
    LayersSize: 2063503000
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.host import SPEC, query
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def main() -> None:
    run_info(SPEC, query)


if __name__ == "__main__":
    main()
