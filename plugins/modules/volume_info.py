#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: volume_info
short_description: Read a Docker volume
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the engine knows about a volume.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The name of the volume.
    type: str
    required: true
seealso:
  - module: dockside.engine.volume
"""

EXAMPLES = r"""
- name: Look at a volume
  dockside.engine.volume_info:
    name: shop_data
  register: found

- name: Where its files are
  ansible.builtin.debug:
    var: found.volume.Mountpoint
  when: found.exists
"""

RETURN = r"""
exists:
  description:
    - Whether there is such a volume.
  returned: success
  type: bool
  sample: true
volume:
  description:
    - What the engine says about the volume (C(GET /volumes/{name})), null if there is none.
  returned: success
  type: dict
  sample:
    CreatedAt: "2026-01-05T08:12:31Z"
    Driver: local
    Labels:
      project: shop
    Mountpoint: /var/lib/docker/volumes/shop_data/_data
    Name: shop_data
    Options: null
    Scope: local
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    found = engine.get(f"/volumes/{params['name']}", missing=None)
    return {"exists": found is not None, "volume": found}


def main() -> None:
    run_info({"name": {"type": "str", "required": True}}, query)


if __name__ == "__main__":
    main()
