#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: disk_usage
short_description: Read what takes how much space on the disks of a Docker Engine
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads how much space images, containers, volumes and the cache of builds take, and how much of it a prune would
    free, as C(docker system df) shows it.
  - The result has the same shape with every version of the API.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  types:
    description:
      - What to measure. Leaving out what is not needed saves time on a large engine, from API 1.42 on.
    type: list
    elements: str
    choices:
      - images
      - containers
      - volumes
      - build_cache
    default:
      - images
      - containers
      - volumes
      - build_cache
  verbose:
    description:
      - Whether to return each image, container, volume and cache as well.
    type: bool
    default: false
seealso:
  - module: dockside.engine.prune
  - module: dockside.engine.host_info
"""

EXAMPLES = r"""
- name: How much space do images and the cache of builds take?
  dockside.engine.disk_usage:
    types:
      - images
      - build_cache
  register: usage

- name: Make room if more than 10 GiB could be free
  dockside.engine.prune:
    images: true
    builder_cache: true
  when: usage.images.reclaimable + usage.build_cache.reclaimable > 10 * 1024 ** 3
"""

RETURN = r"""
images:
  description:
    - The images.
  returned: if O(types) has V(images)
  type: dict
  contains: &contains
    total_count:
      description:
        - How many there are.
      type: int
      sample: 12
    active_count:
      description:
        - How many of them are in use.
      type: int
      sample: 5
    size:
      description:
        - The bytes that all of them take, where what they share is counted once.
      type: int
      sample: 2063503000
    reclaimable:
      description:
        - The bytes that those take which are not in use.
      type: int
      sample: 703503000
    objects:
      description:
        - Each of them, as the engine describes it.
      returned: O(verbose=true)
      type: list
      elements: dict
      sample: []
containers:
  description:
    - The containers, and what they have written to their own file systems.
  returned: if O(types) has V(containers)
  type: dict
  contains: *contains
volumes:
  description:
    - The volumes.
  returned: if O(types) has V(volumes)
  type: dict
  contains: *contains
build_cache:
  description:
    - The cache of builds, without what images share with it.
  returned: if O(types) has V(build_cache)
  type: dict
  contains: *contains
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._actions.usage import KINDS, usage
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info

SPEC: dict[str, dict[str, Any]] = {
    "types": {"type": "list", "elements": "str", "choices": list(KINDS), "default": list(KINDS)},
    "verbose": {"type": "bool", "default": False},
}


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    found = usage(engine, params["types"]) if params["types"] else {}
    if not params["verbose"]:
        for each in found.values():
            del each["objects"]
    return found


def main() -> None:
    run_info(SPEC, query)


if __name__ == "__main__":
    main()
