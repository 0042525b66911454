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
    refuse while a service uses it. Then O(rolling_versions) helps, which makes a new config beside the old ones.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
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
  name:
    description:
      - The name of the config.
    type: str
    required: true
  state:
    description:
      - V(present) makes the config as the task describes it, V(absent) removes it.
    type: str
    choices:
      - present
      - absent
    default: present
  data:
    description:
      - The data as text, or as base64 with O(data_is_b64=true). At most 1000 KiB.
      - One of O(data) and O(data_src) is required if O(state=present).
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
      - The labels of the config. Labels that are not named here stay.
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
      - Replace the config even if nothing differs.
    type: bool
    default: false
  rolling_versions:
    description:
      - Make a new config for new data, with the name C(NAME_v1), C(NAME_v2) and so on, and leave the older ones to the
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
    - The name of the config, with O(rolling_versions=true) that of the newest version.
  returned: success and the config exists
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
