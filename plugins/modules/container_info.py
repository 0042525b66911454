#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_info
short_description: Read a Docker container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the engine knows about a container.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The name of the container, or its id, which may be shortened.
    type: str
    required: true
seealso:
  - module: dockside.engine.container
"""

EXAMPLES = r"""
- name: Look at a container
  dockside.engine.container_info:
    name: shop_web
  register: found

- name: Whether it runs
  ansible.builtin.debug:
    var: found.container.State.Running
  when: found.exists
"""

RETURN = r"""
exists:
  description:
    - Whether there is such a container.
  returned: success
  type: bool
  sample: true
container:
  description:
    - What the engine says about the container (C(GET /containers/{id}/json)), null if there is none.
  returned: success
  type: dict
  sample:
    Config:
      Cmd:
        - /bin/serve
      Image: shop/base:1
    Id: 9f2d1c7b5a3e8f6d4c2b0a1e3d5f7c9b8a6e4d2c0b1f3a5e7d9c8b6a4f2e0d1c
    Image: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
    Name: /shop_web
    State:
      Running: true
      Status: running
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    found = engine.get(f"/containers/{params['name']}/json", missing=None)
    return {"exists": found is not None, "container": found}


def main() -> None:
    run_info({"name": {"type": "str", "required": True}}, query)


if __name__ == "__main__":
    main()
