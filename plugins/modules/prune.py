#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: prune
short_description: Remove what a Docker Engine does not use
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Removes stopped containers, images, networks and volumes that nobody uses, and the cache of builds.
  - Kinds are pruned in the order containers, images, networks, volumes, build cache. What only a container held that
    goes is free for the later ones.
  - Only the kinds that the task names are touched.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
    details:
      - Engines cannot say what a prune would remove, so the module works it out from what the engine lists, by the
        rules of the engine.
      - With O(builder_cache_keep_storage), O(builder_cache_reserved_space), O(builder_cache_max_used_space) or
        O(builder_cache_min_free_space), all caches are reported among which the engine chooses.
      - The space that images free is an estimate in check mode.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  containers:
    description:
      - Whether to remove containers that do not run.
    type: bool
    default: false
  containers_filters:
    description:
      - Which containers to remove.
      - V(until) takes those made before a time, which is a span such as V(24h), a date such as V(2026-01-31T12:00:00Z)
        or seconds since 1970. V(label) takes those with the label V(NAME) or V(NAME=VALUE), of a list all of them.
        V(label!) spares these.
    type: dict
  images:
    description:
      - Whether to remove images that no container uses.
    type: bool
    default: false
  images_filters:
    description:
      - Which images to remove. V(until), V(label) and V(label!) are as in O(containers_filters).
      - Without V(dangling), or if that is V(true), only images without a name go. If it is V(false), those with names
        go as well.
    type: dict
  networks:
    description:
      - Whether to remove networks that no running container and no service uses.
    type: bool
    default: false
  networks_filters:
    description:
      - Which networks to remove. V(until), V(label) and V(label!) are as in O(containers_filters).
    type: dict
  volumes:
    description:
      - Whether to remove volumes that no container has, AND THEIR DATA. Only volumes of the driver C(local) without
        options go.
      - From API 1.42 on, volumes with a name stay unless O(volumes_filters) has V(all). With an older API they go.
    type: bool
    default: false
  volumes_filters:
    description:
      - Which volumes to remove. V(label) and V(label!) are as in O(containers_filters).
      - V(all), if V(true), also takes volumes with a name. It needs API 1.42.
    type: dict
  builder_cache:
    description:
      - Whether to remove the cache of builds.
    type: bool
    default: false
  builder_cache_all:
    description:
      - Whether to also remove caches that images share and those of the builder itself.
      - Needs API 1.39.
    type: bool
    default: false
  builder_cache_filters:
    description:
      - Which caches to remove, by V(until) (when they were last used), V(id), V(parent), V(type), V(description),
        V(inuse), V(shared) and V(private).
      - Needs API 1.39.
    type: dict
  builder_cache_keep_storage:
    description:
      - The space of cache to keep, such as V(10G). From API 1.48 on, O(builder_cache_reserved_space) is the name for
        it.
      - Needs API 1.39.
    type: str
  builder_cache_reserved_space:
    description:
      - The space of cache that always stays, such as V(10G).
      - Needs API 1.48.
    type: str
  builder_cache_max_used_space:
    description:
      - The most space that the cache may take, such as V(50G).
      - Needs API 1.48.
    type: str
  builder_cache_min_free_space:
    description:
      - How much space of the disk should be free, such as V(20G).
      - Needs API 1.48.
    type: str
notes:
  - Filter values may be text, numbers, booleans, or lists of these.
seealso:
  - module: dockside.engine.disk_usage
"""

EXAMPLES = r"""
- name: Remove stopped containers and images without a name
  dockside.engine.prune:
    containers: true
    images: true

- name: What would go of all that is older than a week?
  dockside.engine.prune:
    containers: true
    containers_filters:
      until: 168h
    images: true
    images_filters:
      dangling: false
      until: 168h
    networks: true
  check_mode: true
  register: old

- name: Remove the volumes that nobody has, but for those with the label keep
  dockside.engine.prune:
    volumes: true
    volumes_filters:
      all: true
      label!: keep

- name: Let the cache of builds be 20 GiB at most
  dockside.engine.prune:
    builder_cache: true
    builder_cache_all: true
    builder_cache_max_used_space: 20G
"""

RETURN = r"""
containers:
  description:
    - The ids of the containers that went, or in check mode would go.
  returned: O(containers=true)
  type: list
  elements: str
  sample:
    - 4b5a01c2d5f14e0ff4c25ed0c9ebd5ae4bbc4b6e3d3d8f0ab7e2c1a5c2a1d7e9
containers_space_reclaimed:
  description:
    - The bytes that the containers took.
  returned: O(containers=true)
  type: int
  sample: 104857600
images:
  description:
    - The ids of the images that went.
  returned: O(images=true)
  type: list
  elements: str
  sample:
    - sha256:7599d5e36237caa92b97fb7e8fa74aa0d2f8d4d68fb8be85495ae0700bcb88db
images_untagged:
  description:
    - The names that went, of images that are gone or that have other names left.
  returned: O(images=true)
  type: list
  elements: str
  sample:
    - nginx:1.26
images_space_reclaimed:
  description:
    - The bytes that the images took.
  returned: O(images=true)
  type: int
  sample: 71827456
networks:
  description:
    - The names of the networks that went.
  returned: O(networks=true)
  type: list
  elements: str
  sample:
    - shop_old
volumes:
  description:
    - The names of the volumes that went.
  returned: O(volumes=true)
  type: list
  elements: str
  sample:
    - shop_cache
volumes_space_reclaimed:
  description:
    - The bytes that the volumes took.
  returned: O(volumes=true)
  type: int
  sample: 1048576
builder_cache_caches_deleted:
  description:
    - The ids of the caches that went. Empty with an API older than 1.39, which does not tell them.
  returned: O(builder_cache=true)
  type: list
  elements: str
  sample:
    - 1yqgkc0hpn9z3vkrk6qj5n1vm
builder_cache_space_reclaimed:
  description:
    - The bytes that the caches took.
  returned: O(builder_cache=true)
  type: int
  sample: 52428800
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.prune import RULES, SPEC, prune
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, prune, **RULES)


if __name__ == "__main__":
    main()
