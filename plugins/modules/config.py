#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: config
short_description: Manage configs of a Docker swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Creates, changes and removes configs. The engine must be a manager of a swarm.
  - Labels are changed in place. Engines change nothing else of a config, so for other data it is replaced, which they
    refuse while a service uses it. Then O(rolling_versions) or O(hashed_versions) helps, which make a new config beside
    the old one.
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
      - The data is shown, as text where it is text.
  idempotent:
    support: partial
    details:
      - With O(force=true) the config is replaced each time.
options:
  data:
    description:
      - The data as text, or as base64 with O(data_is_b64=true). At most 1000 KiB.
      - One of O(data) and O(data_src) is required if O(state=present).
    type: str
seealso:
  - module: dockside.engine.config_info
  - module: dockside.engine.swarm
"""

EXAMPLES = r"""
- name: A config
  dockside.engine.config:
    name: shop_motd
    data: Welcome
    labels:
      project: shop

- name: From a file on the manager
  dockside.engine.config:
    name: shop_nginx.conf
    data_src: /etc/shop/nginx.conf

- name: A new version beside those in use, and no more than two old ones
  dockside.engine.config:
    name: shop_motd
    data: Welcome
    rolling_versions: true
    versions_to_keep: 2
  register: current

- name: A new version, to which the services that use an old one are changed
  dockside.engine.config:
    name: shop_motd
    data: Welcome
    rolling_versions: true
    update_services: true

- name: A hash of the data in the name. Services are changed to the new version, and the old one is removed
  dockside.engine.config:
    name: shop_motd
    data: Welcome
    hashed_versions: true

- name: Remove it
  dockside.engine.config:
    name: shop_motd
    state: absent
"""

RETURN = r"""
config:
  description:
    - What the engine says about the config (C(GET /configs/{id})), empty if there is none.
    - The data, C(Spec.Data), is base64.
  returned: success
  type: dict
  sample:
    CreatedAt: "2026-01-05T08:12:31.184912345Z"
    ID: ktnbjxoalbkvbvedmg1urrz8h
    Spec:
      Data: V2VsY29tZQ==
      Labels:
        project: shop
      Name: shop_motd
    UpdatedAt: "2026-01-05T08:12:31.184912345Z"
    Version:
      Index: 11
config_id:
  description:
    - The id of the config.
  returned: success and the config exists
  type: str
  sample: ktnbjxoalbkvbvedmg1urrz8h
config_name:
  description:
    - The name of the config, with O(rolling_versions=true) or O(hashed_versions=true) that of the version with the data
      of the task.
    - In check mode also before it is there, for the tasks that follow.
  returned: success and O(state=present)
  type: str
  sample: shop_motd_v3
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - create config shop_motd_v3
changes:
  description:
    - Why something was done to a config that was there already. One entry for each option that differed.
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
from ansible_collections.dockside.engine.plugins.module_utils._resources.config import Config


def main() -> None:
    run(Config)


if __name__ == "__main__":
    main()
