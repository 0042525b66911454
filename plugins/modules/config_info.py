#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config_info
short_description: Read configs of a Docker swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads configs. The engine must be a manager of a swarm.
  - Their data is returned as base64, C(Spec.Data).
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The names of the configs. If this is not set, all are read. Names that no config has are left out.
    type: list
    elements: str
  filters:
    description:
      - Read only what these filters of the engine let through, for example V(label). A value is text or a list of
        texts.
    type: dict
    default: {}
seealso:
  - module: dockside.engine.config
"""

EXAMPLES = r"""
- name: All configs of a project
  dockside.engine.config_info:
    filters:
      label: project=shop
  register: found

- name: One config
  dockside.engine.config_info:
    name:
      - shop_motd
"""

RETURN = r"""
configs:
  description:
    - What the engine says about each config (C(GET /configs)), sorted by name.
  returned: success
  type: list
  elements: dict
  sample:
    - CreatedAt: "2026-01-05T08:12:31.184912345Z"
      ID: ktnbjxoalbkvbvedmg1urrz8h
      Spec:
        Data: V2VsY29tZQ==
        Labels:
          project: shop
        Name: shop_motd
      UpdatedAt: "2026-01-05T08:12:31.184912345Z"
      Version:
        Index: 11
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.cluster import LISTING, listing


def main() -> None:
    run_info(LISTING, lambda engine, params: {"configs": listing(engine, "/configs", params)})


if __name__ == "__main__":
    main()
