#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: secret
short_description: Manage secrets of a Docker swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Creates, changes and removes secrets. The engine must be a manager of a swarm.
  - Labels are changed in place. Engines change nothing else of a secret, so for other data it is replaced, which they
    refuse while a service uses it. Then O(rolling_versions) or O(hashed_versions) helps, which make a new secret beside
    the old one.
  - Engines never give the data of a secret back. A salted hash of it in the label C(dockside.engine.hash) tells later
    runs whether the data is still the same. The label C(ansible_key) of C(community.docker) is understood as well. A
    secret without any of them keeps its data, with a warning, unless O(force=true).
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
  - dockside.engine.stored
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - The data is never shown.
  idempotent:
    support: partial
    details:
      - With O(force=true) the secret is replaced each time.
options:
  data:
    description:
      - The data as text, or as base64 with O(data_is_b64=true). At most 500 KiB.
      - One of O(data), O(data_src) and O(driver) is required if O(state=present).
    type: str
  driver:
    description:
      - The plugin that provides the data, instead of O(data) or O(data_src).
    type: str
  driver_options:
    description:
      - The options of O(driver). Options that are not named here stay.
    type: dict
seealso:
  - module: dockside.engine.secret_info
  - module: dockside.engine.swarm
"""

EXAMPLES = r"""
- name: A secret
  dockside.engine.secret:
    name: shop_password
    data: "{{ vault_shop_password }}"
    labels:
      project: shop

- name: From a file on the manager
  dockside.engine.secret:
    name: shop_key.pem
    data_src: /etc/shop/key.pem

- name: A new version beside those in use, and no more than two old ones
  dockside.engine.secret:
    name: shop_password
    data: "{{ vault_shop_password }}"
    rolling_versions: true
    versions_to_keep: 2
  register: current

- name: A new version, to which the services that use an old one are changed
  dockside.engine.secret:
    name: shop_password
    data: "{{ vault_shop_password }}"
    rolling_versions: true
    update_services: true

- name: A hash of the data in the name. Services are changed to the new version, and the old one is removed
  dockside.engine.secret:
    name: shop_password
    data: "{{ vault_shop_password }}"
    hashed_versions: true

- name: Remove it
  dockside.engine.secret:
    name: shop_password
    state: absent
"""

RETURN = r"""
secret:
  description:
    - What the engine says about the secret (C(GET /secrets/{id})), empty if there is none.
    - The data is not part of it.
  returned: success
  type: dict
  sample:
    CreatedAt: "2026-01-05T08:12:31.184912345Z"
    ID: ktnbjxoalbkvbvedmg1urrz8h
    Spec:
      Labels:
        project: shop
      Name: shop_password
    UpdatedAt: "2026-01-05T08:12:31.184912345Z"
    Version:
      Index: 11
secret_id:
  description:
    - The id of the secret.
  returned: success and the secret exists
  type: str
  sample: ktnbjxoalbkvbvedmg1urrz8h
secret_name:
  description:
    - The name of the secret, with O(rolling_versions=true) or O(hashed_versions=true) that of the version with the data
      of the task.
    - In check mode also before it is there, for the tasks that follow.
  returned: success and O(state=present)
  type: str
  sample: shop_password_v3
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - create secret shop_password_v3
changes:
  description:
    - Why something was done to a secret that was there already. One entry for each option that differed.
  returned: success
  type: list
  elements: dict
  sample:
    - option: labels
      before: {}
      after:
        project: shop
      action: update
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.secret import Secret


def main() -> None:
    run(Secret)


if __name__ == "__main__":
    main()
