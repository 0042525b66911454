#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Read Docker images
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the engine knows about images.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The names of the images, with tag or digest, or their ids, which may be shortened. Without tag and digest,
        V(latest) is meant.
      - If this is not set, all images are read. Names that no image has are left out.
    type: list
    elements: str
  history:
    description:
      - Whether to read how each image was made as well, which is returned as its C(History).
    type: bool
    default: false
seealso:
  - module: dockside.engine.image
"""

EXAMPLES = r"""
- name: Look at two images
  dockside.engine.image_info:
    name:
      - shop/base:1
      - nginx:1.27

- name: Look at all images
  dockside.engine.image_info:
  register: found

- name: How an image was made
  dockside.engine.image_info:
    name: shop/base:1
    history: true

- name: What they are called
  ansible.builtin.debug:
    msg: "{{ found.images | map(attribute='RepoTags') | flatten }}"
"""

RETURN = r"""
images:
  description:
    - What the engine says about each image (C(GET /images/{name}/json)), in the order of O(name). With O(history=true),
      the layers of the image are added as C(History), the last one first (C(GET /images/{name}/history)).
  returned: success
  type: list
  elements: dict
  sample:
    - Architecture: amd64
      Config:
        Cmd:
          - /bin/serve
      Created: "2026-01-05T08:12:31.184912345Z"
      Id: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
      Os: linux
      RepoDigests: []
      RepoTags:
        - shop/base:1
      Size: 2087544
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    names = params["name"] or [listed["Id"] for listed in engine.get("/images/json")]
    inspected = (engine.get(f"/images/{name}/json", missing=None) for name in names)
    images = [found for found in inspected if found]
    for image in images if params["history"] else ():
        image["History"] = engine.get(f"/images/{image['Id']}/history")
    return {"images": images}


def main() -> None:
    run_info({"name": {"type": "list", "elements": "str"}, "history": {"type": "bool", "default": False}}, query)


if __name__ == "__main__":
    main()
