#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: volume
short_description: Manage Docker volumes
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Creates and removes named volumes.
  - What the task does not name stays as it is.
  - No engine can change a volume. If the task names something else than what is there, it fails and says what
    differs, and only O(recreate) allows it to replace the volume, B(whose data is then lost).
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(recreate=always) the volume is replaced each time.
options:
  name:
    description:
      - The name of the volume.
    type: str
    required: true
    aliases:
      - volume_name
  state:
    description:
      - V(present) makes the volume as the task describes it, V(absent) removes it with its data.
    type: str
    choices:
      - present
      - absent
    default: present
  driver:
    description:
      - The driver of the volume. A new volume gets V(local) if this is not set.
    type: str
  driver_options:
    description:
      - The options of the driver. Numbers and booleans are sent as text. Options that are not named here stay.
    type: dict
  labels:
    description:
      - The labels of the volume. Labels that are not named here stay.
    type: dict
  recreate:
    description:
      - When an existing volume is replaced by a new one. B(The data of the old volume is lost.)
      - With V(never), differences are an error.
      - With V(options-changed), the volume is replaced if its driver, its options or its labels differ.
      - With V(always), it is replaced each time.
      - Before the old volume is removed, a volume of another name is made with the new settings and removed again, so
        that settings which the driver refuses cost nothing.
    type: str
    choices:
      - never
      - options-changed
      - always
    default: never
seealso:
  - module: dockside.engine.volume_info
"""

EXAMPLES = r"""
- name: A volume
  dockside.engine.volume:
    name: shop_data
    labels:
      project: shop

- name: A volume in memory
  dockside.engine.volume:
    name: shop_cache
    driver_options:
      type: tmpfs
      device: tmpfs
      o: size=16m

- name: A bigger one in its place, whose contents may go
  dockside.engine.volume:
    name: shop_cache
    driver_options:
      o: size=32m
    recreate: options-changed

- name: Remove the volume and its data
  dockside.engine.volume:
    name: shop_cache
    state: absent
"""

RETURN = r"""
volume:
  description:
    - What the engine says about the volume (C(GET /volumes/{name})), empty if there is none.
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
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - create volume shop_data
changes:
  description:
    - Why a volume that was there already was replaced. One entry for each option that differed.
  returned: success
  type: list
  elements: dict
  sample:
    - option: labels
      before:
        project: shop
      after:
        project: shop
        tier: data
      action: create_only
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.volume import Volume


def main() -> None:
    run(Volume)


if __name__ == "__main__":
    main()
