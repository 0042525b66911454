#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: network
short_description: Manage Docker networks
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Creates, changes and removes networks, and connects containers to them.
  - What the task does not name stays as it is.
  - Engines cannot change a network. If the task names something else than what is there, the network is replaced, and
    every container that was connected to it, running or not, is connected to the new one with its addresses, aliases,
    links, driver options and priority. If the new network cannot be created, the old one is put back.
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
      - With O(force=true) the network is replaced each time.
options:
  name:
    description:
      - The name of the network.
    type: str
    required: true
    aliases:
      - network_name
  state:
    description:
      - V(present) makes the network as the task describes it, V(absent) removes it.
    type: str
    choices:
      - present
      - absent
    default: present
  driver:
    description:
      - The driver of the network, for example V(bridge), V(overlay) or V(macvlan).
      - A new network gets V(bridge) if this is not set.
    type: str
  driver_options:
    description:
      - The options of the driver. Numbers and booleans are sent as text. Options that are not named here stay.
    type: dict
  ipam_driver:
    description:
      - The driver that manages the addresses. A new network gets V(default) if this is not set.
    type: str
  ipam_driver_options:
    description:
      - The options of O(ipam_driver). Options that are not named here stay.
    type: dict
  ipam_config:
    description:
      - The address pools. The pools of an address family (IPv4 or IPv6) are replaced together, those of a family that
        is not named stay.
    type: list
    elements: dict
    suboptions:
      subnet:
        description:
          - The subnet as ADDRESS/LENGTH, for example V(172.20.0.0/16). Its host bits must be zero.
        type: str
      iprange:
        description:
          - The part of the subnet from which addresses are given out, as ADDRESS/LENGTH.
        type: str
      gateway:
        description:
          - The address of the gateway.
        type: str
      aux_addresses:
        description:
          - Addresses that must not be given out, as a map of names to addresses.
        type: dict
  enable_ipv4:
    description:
      - Whether containers get IPv4 addresses.
      - Needs API 1.48 (Engine 28.0).
    type: bool
  enable_ipv6:
    description:
      - Whether containers get IPv6 addresses.
    type: bool
  internal:
    description:
      - Whether the network is cut off from the world outside.
    type: bool
  attachable:
    description:
      - Whether containers that are no tasks of services may join. For networks of a swarm.
    type: bool
  ingress:
    description:
      - Whether the network is the one that carries the published ports of a swarm.
    type: bool
  scope:
    description:
      - How far the network reaches. Normally the driver decides.
    type: str
    choices:
      - local
      - global
      - swarm
  config_only:
    description:
      - Whether the network only holds settings, which others take over with O(config_from).
    type: bool
  config_from:
    description:
      - The name of the network with O(config_only=true) whose settings are taken over.
    type: str
  labels:
    description:
      - The labels of the network. Labels that are not named here stay.
    type: dict
  connected:
    description:
      - The names or ids of the containers that are connected to the network.
      - Other containers are disconnected, unless O(appends=true). If this is not set, no container is touched.
    type: list
    elements: str
    aliases:
      - containers
  appends:
    description:
      - Leave containers connected that are not in O(connected).
    type: bool
    default: false
    aliases:
      - incremental
  force:
    description:
      - With O(state=absent), disconnect all containers first. Without it, a network that is in use is not removed.
      - With O(state=present), replace the network even if nothing differs.
    type: bool
    default: false
seealso:
  - module: dockside.engine.network_info
  - module: dockside.engine.container
"""

EXAMPLES = r"""
- name: A network
  dockside.engine.network:
    name: shop

- name: A network with its own addresses, cut off from the world outside
  dockside.engine.network:
    name: shop_inner
    internal: true
    ipam_config:
      - subnet: 172.31.0.0/24
        gateway: 172.31.0.1
        iprange: 172.31.0.128/25
    labels:
      project: shop

- name: Connect one more container
  dockside.engine.network:
    name: shop
    connected:
      - shop_web
    appends: true

- name: Remove the network and let go of whatever is connected to it
  dockside.engine.network:
    name: shop
    state: absent
    force: true
"""

RETURN = r"""
network:
  description:
    - What the engine says about the network (C(GET /networks/{id})), empty if there is none.
  returned: success
  type: dict
  sample:
    Attachable: false
    Driver: bridge
    Id: f2bc6ac3a6a1d7b7a1a1b7b3b9d1c3a5e7f9b1d3c5a7e9f1b3d5c7a9e1f3b5d7
    IPAM:
      Config:
        - Gateway: 172.31.0.1
          Subnet: 172.31.0.0/24
      Driver: default
      Options: null
    Internal: true
    Labels:
      project: shop
    Name: shop_inner
    Options: {}
    Scope: local
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - create network shop_inner
changes:
  description:
    - Why something was done to a network that was there already. One entry for each option that differed.
  returned: success
  type: list
  elements: dict
  sample:
    - option: internal
      before: false
      after: true
      action: recreate
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.network import Network


def main() -> None:
    run(Network)


if __name__ == "__main__":
    main()
