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
    refuse while a service uses it. Then O(rolling_versions) helps, which makes a new secret beside the old ones.
  - Engines never give the data of a secret back. A salted hash of it in the label C(dockside.engine.hash) tells later
    runs whether the data is still the same. The label C(ansible_key) of C(community.docker) is understood as well. A
    secret without any of them keeps its data, with a warning, unless O(force=true).
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
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
  name:
    description:
      - The name of the secret.
    type: str
    required: true
  state:
    description:
      - V(present) makes the secret as the task describes it, V(absent) removes it.
    type: str
    choices:
      - present
      - absent
    default: present
  data:
    description:
      - The data as text, or as base64 with O(data_is_b64=true). At most 500 KiB.
      - One of O(data), O(data_src) and O(driver) is required if O(state=present).
    type: str
  data_is_b64:
    description:
      - Whether O(data) is base64. Needed for data that is no text.
    type: bool
    default: false
  data_src:
    description:
      - A file on the host that runs this module, with the data.
    type: path
  labels:
    description:
      - The labels of the secret. Labels that are not named here stay.
    type: dict
  driver:
    description:
      - The plugin that provides the data, instead of O(data) or O(data_src).
    type: str
  driver_options:
    description:
      - The options of O(driver). Options that are not named here stay.
    type: dict
  template_driver:
    description:
      - With V(golang), the data is a template that is filled in for each task of a service.
      - Needs API 1.37 (Engine 18.03).
    type: str
    choices:
      - golang
  template_driver_options:
    description:
      - The options of O(template_driver). Options that are not named here stay.
    type: dict
  force:
    description:
      - Replace the secret even if nothing differs.
    type: bool
    default: false
  rolling_versions:
    description:
      - Make a new secret for new data, with the name C(NAME_v1), C(NAME_v2) and so on, and leave the older ones to the
        services that use them.
      - With O(state=absent), all versions are removed.
    type: bool
    default: false
  versions_to_keep:
    description:
      - With O(rolling_versions=true), how many old versions stay beside the newest. V(-1) stands for all of them.
      - Only versions that were made with O(rolling_versions=true) and that no service uses are removed.
    type: int
    default: 5
  update_services:
    description:
      - With O(rolling_versions=true), change the services that use an older version to the newest one. Each replaces
        its tasks in the way that its own update settings say.
    type: bool
    default: false
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
    - The name of the secret, with O(rolling_versions=true) that of the newest version.
  returned: success and the secret exists
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
