#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secret_info
short_description: Read secrets of a Docker swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads secrets. The engine must be a manager of a swarm.
  - Their data cannot be read.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The names of the secrets. If this is not set, all are read. Names that no secret has are left out.
    type: list
    elements: str
  filters:
    description:
      - Read only what these filters of the engine let through, for example V(label). A value is text or a list of
        texts.
    type: dict
    default: {}
seealso:
  - module: dockside.engine.secret
"""

EXAMPLES = r"""
- name: All secrets of a project
  dockside.engine.secret_info:
    filters:
      label: project=shop
  register: found

- name: One secret
  dockside.engine.secret_info:
    name:
      - shop_password
"""

RETURN = r"""
secrets:
  description:
    - What the engine says about each secret (C(GET /secrets)), sorted by name.
  returned: success
  type: list
  elements: dict
  sample:
    - CreatedAt: "2026-01-05T08:12:31.184912345Z"
      ID: ktnbjxoalbkvbvedmg1urrz8h
      Spec:
        Labels:
          project: shop
        Name: shop_password
      UpdatedAt: "2026-01-05T08:12:31.184912345Z"
      Version:
        Index: 11
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.cluster import LISTING, listing


def main() -> None:
    run_info(LISTING, lambda engine, params: {"secrets": listing(engine, "/secrets", params)})


if __name__ == "__main__":
    main()
