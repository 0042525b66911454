#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: engine_facts
short_description: Gather facts about a Docker Engine
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Gathers what an engine is and what is on it as C(ansible_facts.dockside_engine). All requests are under way at once.
  - Runs without options, so it may stand in the variable C(ansible_facts_modules) or the setting C(FACTS_MODULES), and
    is then a part of C(gather_facts). Which engine it asks can be said in C(module_defaults), or in the environment of
    the play, such as C(DOCKER_HOST).
  - If there is no engine, or it does not answer, the task does not fail, so that all other facts of the host are
    gathered. RV(ansible_facts.dockside_engine.reachable) is V(false) then.
  - What may hold secrets, such as environments of services and settings of plugins, is left out.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
attributes:
  facts:
    description: Returns facts in C(ansible_facts).
    support: full
options:
  gather_subset:
    description:
      - Which facts to gather, as M(ansible.builtin.setup) reads it. The subsets are V(min), V(containers), V(images),
        V(networks), V(volumes), V(plugins), V(swarm) and V(disk_usage).
      - V(all) means all of them. With a V(!) in front, a subset is left out. If subsets are only left out, all others
        are gathered.
      - V(min) is always gathered, unless there is V(!min).
      - By default, these are all but V(disk_usage), because a large engine needs minutes to measure its disks.
    type: list
    elements: str
    default: [all, "!disk_usage"]
seealso:
  - module: dockside.engine.host_info
  - module: dockside.engine.disk_usage
"""

EXAMPLES = r"""
- name: Gather facts about the engine of the host
  dockside.engine.engine_facts:

- name: What it is
  ansible.builtin.debug:
    msg: "{{ ansible_facts.dockside_engine.info.ServerVersion }}"
  when: ansible_facts.dockside_engine.reachable

- name: Only the containers
  dockside.engine.engine_facts:
    gather_subset:
      - "!all"
      - "!min"
      - containers

- name: The names of those that run
  ansible.builtin.debug:
    msg: "{{ containers | selectattr('State', 'eq', 'running') | map(attribute='Names') | flatten }}"
  vars:
    containers: "{{ ansible_facts.dockside_engine.containers }}"

- name: With all other facts of the host
  ansible.builtin.gather_facts:
  vars:
    ansible_facts_modules:
      - ansible.legacy.setup
      - dockside.engine.engine_facts
"""

RETURN = r"""
ansible_facts:
  description:
    - The facts.
  returned: success
  type: dict
  contains:
    dockside_engine:
      description:
        - The engine.
      type: dict
      contains:
        reachable:
          description:
            - Whether the engine answers. If not, there is nothing but C(docker_host) and C(reason).
          returned: always
          type: bool
          sample: true
        docker_host:
          description:
            - The address of the engine.
          returned: always
          type: str
          sample: unix:///var/run/docker.sock
        reason:
          description:
            - Why the engine does not answer.
          returned: if C(reachable) is V(false)
          type: str
          sample: "Cannot reach the Docker daemon at unix:///var/run/docker.sock (from default): No such file or
            directory: is Docker installed, and does the daemon run?"
        api_version:
          description:
            - The version of the API that is spoken with the engine.
          returned: if C(reachable) is V(true)
          type: str
          sample: "1.51"
        info:
          description:
            - What the engine says about itself (C(GET /info)).
          returned: with the subset V(min)
          type: dict
          sample:
            Driver: overlay2
            ServerVersion: 28.5.2
        version:
          description:
            - The versions of the engine and of its parts (C(GET /version)).
          returned: with the subset V(min)
          type: dict
          sample:
            ApiVersion: "1.51"
            Version: 28.5.2
        ping:
          description:
            - What the engine says with each answer, as M(dockside.engine.host_info) returns it.
          returned: with the subset V(min)
          type: dict
          sample:
            api_version: "1.51"
            os_type: linux
        containers:
          description:
            - All containers, as C(GET /containers/json) lists them.
          returned: with the subset V(containers)
          type: list
          elements: dict
          sample:
            - Names: [/web]
              Image: nginx:1.27
              State: running
        images:
          description:
            - The images, as C(GET /images/json) lists them.
          returned: with the subset V(images)
          type: list
          elements: dict
          sample:
            - RepoTags: ["nginx:1.27"]
              Size: 71827456
        networks:
          description:
            - The networks by name, as C(GET /networks) shows them.
          returned: with the subset V(networks)
          type: list
          elements: dict
          sample:
            - Name: shop
              Driver: bridge
        volumes:
          description:
            - The volumes by name, as C(GET /volumes) shows them.
          returned: with the subset V(volumes)
          type: list
          elements: dict
          sample:
            - Name: shop_data
              Driver: local
        plugins:
          description:
            - The plugins, by name.
          returned: with the subset V(plugins), if the engine can have plugins
          type: list
          elements: dict
          sample:
            - Name: vieux/sshfs:latest
              Id: 5724e2c8652da337ab2eedd19fc6fc0ec908e4bd907c7421bf6a8dfc70c4c078
              Enabled: true
              PluginReference: docker.io/vieux/sshfs:latest
              Types: [docker.volumedriver/1.0]
        nodes:
          description:
            - The nodes of the swarm, as M(dockside.engine.swarm_info) returns them.
          returned: with the subset V(swarm), on a manager of a swarm
          type: list
          elements: dict
          sample:
            - Hostname: one
              Status: ready
              ManagerStatus: Leader
        services:
          description:
            - The services of the swarm, as M(dockside.engine.swarm_info) returns them.
          returned: with the subset V(swarm), on a manager of a swarm
          type: list
          elements: dict
          sample:
            - Name: shop_web
              Mode: Replicated
              Replicas: 2
        disk_usage:
          description:
            - What takes how much space, as M(dockside.engine.disk_usage) returns it.
          returned: with the subset V(disk_usage)
          type: dict
          sample:
            images:
              total_count: 12
              active_count: 5
              size: 2063503000
              reclaimable: 703503000
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.facts import SPEC, query
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def main() -> None:
    run_info(SPEC, query)


if __name__ == "__main__":
    main()
