#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network_info
short_description: Read a Docker network
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the engine knows about a network.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The name of the network, or its id.
    type: str
    required: true
seealso:
  - module: dockside.engine.network
"""

EXAMPLES = r"""
- name: Look at a network
  dockside.engine.network_info:
    name: shop
  register: found

- name: Which containers run on it
  ansible.builtin.debug:
    msg: "{{ found.network.Containers | default({}) | dict2items | map(attribute='value.Name') | list }}"
  when: found.exists
"""

RETURN = r"""
exists:
  description:
    - Whether there is such a network.
  returned: success
  type: bool
  sample: true
network:
  description:
    - What the engine says about the network (C(GET /networks/{id})), null if there is none.
  returned: success
  type: dict
  sample:
    Attachable: false
    Containers: {}
    Driver: bridge
    Id: f2bc6ac3a6a1d7b7a1a1b7b3b9d1c3a5e7f9b1d3c5a7e9f1b3d5c7a9e1f3b5d7
    IPAM:
      Config:
        - Gateway: 172.31.0.1
          Subnet: 172.31.0.0/24
      Driver: default
    Labels: {}
    Name: shop
    Scope: local
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    found = engine.get(f"/networks/{params['name']}", missing=None)
    return {"exists": found is not None, "network": found}


def main() -> None:
    run_info({"name": {"type": "str", "required": True}}, query)


if __name__ == "__main__":
    main()
