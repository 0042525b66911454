#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_info
short_description: Read Docker containers
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the engine knows about one container, about some by their names, or about all that filters let through.
  - They are read side by side. Containers that are not there, or are removed meanwhile, are left out.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The name of the container, or its id, which may be shortened.
      - Without O(name) and O(names), the containers that O(filters) and O(all) choose are read.
    type: str
  names:
    description:
      - The names or ids of several containers.
      - O(name), O(names) and O(filters) exclude each other.
    type: list
    elements: str
  filters:
    description:
      - Read only the containers that pass these filters of the engine, V(ancestor), V(before), V(exited), V(expose),
        V(health), V(id), V(is-task), V(isolation), V(label), V(name), V(network), V(publish), V(since), V(status) or
        V(volume). A value is text or a list of texts.
    type: dict
  all:
    description:
      - Whether to read containers that do not run as well, where no names are given. The filters V(exited) and
        V(status) find them in any case.
    type: bool
    default: false
  size:
    description:
      - Whether to measure how much space the files take that the container has written (C(SizeRw)), and all of its
        files (C(SizeRootFs)), in bytes. That takes its time.
    type: bool
    default: false
  stats:
    description:
      - Whether to take a sample of what the container uses, which takes up to two seconds.
    type: bool
    default: false
  top:
    description:
      - Whether to list the processes of the container. The machine of the engine needs the program C(ps).
    type: bool
    default: false
  ps_args:
    description:
      - Arguments for C(ps), such as V(aux) or V(-o pid,user,args). They have to show the C(PID). The engine's default
        is V(-ef). Only with O(top=true).
    type: str
  changes:
    description:
      - Whether to list the files that differ from those of the image.
    type: bool
    default: false
seealso:
  - module: dockside.engine.container
  - module: dockside.engine.host_info
"""

EXAMPLES = r"""
- name: Look at a container
  dockside.engine.container_info:
    name: shop_web
  register: found

- name: Whether it runs
  ansible.builtin.debug:
    var: found.container.State.Running
  when: found.exists

- name: What the containers of a project use
  dockside.engine.container_info:
    filters:
      label: project=shop
    stats: true
  register: shop

- name: Those that have little memory left
  ansible.builtin.debug:
    msg: "{{ item.Name }} uses {{ item.stats.memory_percent }} % of its memory"
  loop: "{{ shop.containers | selectattr('stats') }}"
  loop_control:
    label: "{{ item.Name }}"
  when: item.stats.memory_percent > 90

- name: Processes and changed files of two containers
  dockside.engine.container_info:
    names: [shop_web, shop_db]
    top: true
    ps_args: -o pid,user,args
    changes: true
  register: two
"""

RETURN = r"""
exists:
  description:
    - Whether there is such a container.
  returned: when O(name) is set
  type: bool
  sample: true
container:
  description:
    - What the engine says about the container, as in RV(containers), null if there is none.
  returned: when O(name) is set
  type: dict
  sample:
    Id: 9f2d1c7b5a3e8f6d4c2b0a1e3d5f7c9b8a6e4d2c0b1f3a5e7d9c8b6a4f2e0d1c
    Name: /shop_web
containers:
  description:
    - What the engine says about each container (C(GET /containers/{id}/json)), in the order of O(names), or else the
      newest first. With O(name), that one or none.
  returned: success
  type: list
  elements: dict
  contains:
    Id:
      description: The id.
      returned: success
      type: str
      sample: 9f2d1c7b5a3e8f6d4c2b0a1e3d5f7c9b8a6e4d2c0b1f3a5e7d9c8b6a4f2e0d1c
    Name:
      description: The name, with a C(/) in front.
      returned: success
      type: str
      sample: /shop_web
    Image:
      description: The id of its image.
      returned: success
      type: str
      sample: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
    State:
      description: Whether it runs, since when, and how it ended.
      returned: success
      type: dict
      sample:
        Running: true
        Status: running
    Config:
      description: Its settings, together with what the image gave.
      returned: success
      type: dict
      sample:
        Cmd:
          - /bin/serve
        Image: shop/base:1
    SizeRw:
      description: How many bytes the files take that the container has written.
      returned: O(size=true)
      type: int
      sample: 4096
    SizeRootFs:
      description: How many bytes all files of the container take, those of the image included.
      returned: O(size=true)
      type: int
      sample: 2091640
    stats:
      description: What the container uses, as C(docker stats) shows it, null if it does not run.
      returned: O(stats=true)
      type: dict
      contains:
        cpu_percent:
          description: The share of one CPU that it used in the last second. With several CPUs it can be above 100.
          returned: success
          type: float
          sample: 12.5
        memory_usage:
          description: Its memory in bytes, without the cache of files that can go at any time.
          returned: success
          type: int
          sample: 24117248
        memory_limit:
          description: The most memory it can have, in bytes. That of the machine if it has no limit.
          returned: success
          type: int
          sample: 268435456
        memory_percent:
          description: How much of the limit is used.
          returned: success
          type: float
          sample: 8.98
        network_received:
          description: How many bytes came over all its networks since it was started.
          returned: success
          type: int
          sample: 1048576
        network_sent:
          description: How many bytes it sent over all its networks since it was started.
          returned: success
          type: int
          sample: 524288
        block_read:
          description: How many bytes it read from block devices since it was started.
          returned: success
          type: int
          sample: 4096
        block_written:
          description: How many bytes it wrote to block devices since it was started.
          returned: success
          type: int
          sample: 0
        pids:
          description: How many processes and threads it has.
          returned: success
          type: int
          sample: 5
        sample:
          description: All that the engine said (C(GET /containers/{id}/stats)).
          returned: success
          type: dict
          sample:
            read: "2026-11-02T08:15:30.123456789Z"
            num_procs: 0
    top:
      description:
        - The processes of the container, each with what C(ps) shows of it under the titles that C(ps) gives. The
          numbers are those of the engine's machine. Null if it does not run.
      returned: O(top=true)
      type: list
      elements: dict
      sample:
        - PID: "4711"
          USER: root
          COMMAND: /bin/serve
    changes:
      description: The files that differ from those of the image.
      returned: O(changes=true)
      type: list
      elements: dict
      contains:
        path:
          description: The path in the container.
          returned: success
          type: str
          sample: /var/log/shop.log
        kind:
          description: How it differs, V(added), V(modified) or V(deleted).
          returned: success
          type: str
          sample: added
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.containers import RULES, SPEC, query
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def main() -> None:
    run_info(SPEC, query, **RULES)


if __name__ == "__main__":
    main()
