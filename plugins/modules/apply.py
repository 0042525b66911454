#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Bring many objects to their state."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apply
short_description: Bring networks, volumes, secrets, configs, images, containers and services to their state together
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Does in one task what the modules of the single kinds do in many. Each item of a list takes the options of its
    module, with the same meaning. What an item does not name stays as it is.
  - An object waits for the others of the task that its definition names, such as a container for its networks, its
    volumes and its image. Objects that need nothing of each other are brought to their state at the same time. What is
    to be absent goes in the opposite order.
  - When an object fails, those that need it are left out, and all others are still brought to their state. Then the
    task fails, and its RV(ignore:results) tell what was done and what was not.
  - With O(project), objects get a label, and with O(remove_orphans) those that have it and are no longer listed are
    removed.
  - With O(state=gathered), the module reads what is there and returns lists that it takes itself.
  - The connection to the engine is an option of the task. Defaults of the single modules in C(module_defaults) do not
    count for the items.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
    details:
      - An object is planned as if those that come before it were done already.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Items can name options that act in each run, such as O(dockside.engine.container#module:recreate).
options:
  networks:
    description:
      - Networks, with the options of M(dockside.engine.network).
      - A network waits for its O(dockside.engine.network#module:config_from) and for the containers in
        O(dockside.engine.network#module:connected).
    type: list
    elements: dict
  volumes:
    description:
      - Volumes, with the options of M(dockside.engine.volume).
    type: list
    elements: dict
  secrets:
    description:
      - Secrets, with the options of M(dockside.engine.secret). Of a secret that is there, neither data nor driver need
        be named.
    type: list
    elements: dict
  configs:
    description:
      - Configs, with the options of M(dockside.engine.config).
    type: list
    elements: dict
  images:
    description:
      - Images, with the options of M(dockside.engine.image).
      - An image that only has to be there waits for another item that gives it this name
        (O(dockside.engine.image#module:repository)).
    type: list
    elements: dict
  containers:
    description:
      - Containers, with the options of M(dockside.engine.container), and C(depends_on), a list of names of other
        containers of the task that come first. With V(healthy) as the O(dockside.engine.container#module:state) of
        these, they are healthy by then.
      - A container waits for its networks, the volumes in O(dockside.engine.container#module:volumes) and
        O(dockside.engine.container#module:mounts), its image, and the containers that its namespaces
        (V(container:NAME)), its links and O(dockside.engine.container#module:volumes_from) name.
      - When several have to pull the same image, which is not in O(images), the first one pulls it for all.
    type: list
    elements: dict
  services:
    description:
      - Services, with the options of M(dockside.engine.service), and C(depends_on), a list of names of other services
        of the task that come first. With O(dockside.engine.service#module:wait) set for these, their tasks run by then.
      - A service waits for its networks, secrets, configs and volumes, and for its image.
    type: list
    elements: dict
  state:
    description:
      - V(present) brings each item to its own state.
      - V(absent) removes all items, whatever their own state. Images stay, and so do volumes without
        O(remove_volumes).
      - V(gathered) reads what is there, see RV(gathered). What was made by Docker itself (the networks C(bridge),
        C(host), C(none), C(ingress) and C(docker_gwbridge)), anonymous volumes and the containers of services are left
        out. O(project) and O(names) choose among the others.
    type: str
    choices:
      - present
      - absent
      - gathered
    default: present
  project:
    description:
      - The value of a label that is put on every object but images.
      - A network or a volume that is there already keeps the labels that it has, as it would have to be replaced. A
        container without the label is recreated.
      - With O(state=gathered), only objects with this label are read.
    type: str
  project_label:
    description:
      - The name of the label of O(project). With V(com.docker.compose.project), the project is one of Docker Compose.
    type: str
    default: dockside.engine.project
  remove_orphans:
    description:
      - Remove what has the label of O(project) and is not in the lists, that is containers, services, networks,
        secrets, configs, and with O(remove_volumes) volumes.
      - Containers and services go before those of the lists come, as their ports may be needed, but not before the
        O(images) of the task are there. Everything else goes in the end.
    type: bool
    default: false
  remove_volumes:
    description:
      - With O(state=absent), remove the listed volumes, too. With O(remove_orphans), also volumes that are no longer
        listed, and the anonymous volumes of containers. B(Their data is lost.)
      - A volume whose own item says V(absent) is removed in any case.
    type: bool
    default: false
  parallel:
    description:
      - How many objects are worked at, at the same time.
    type: int
    default: 8
  return_objects:
    description:
      - Whether RV(ignore:results) contain what the engine says about each object.
    type: bool
    default: false
  names:
    description:
      - With O(state=gathered), only objects with these names are read.
    type: list
    elements: str
seealso:
  - module: dockside.engine.container
  - module: dockside.engine.image
  - module: dockside.engine.network
  - module: dockside.engine.volume
  - module: dockside.engine.service
  - module: dockside.engine.secret
  - module: dockside.engine.config
"""

EXAMPLES = r"""
- name: An application
  dockside.engine.apply:
    project: shop
    remove_orphans: true
    networks:
      - name: shop_front
      - name: shop_back
        internal: true
    volumes:
      - name: shop_data
    containers:
      - name: shop_db
        image: postgres:17
        env:
          POSTGRES_PASSWORD: "{{ db_password }}"
        secret_env: [POSTGRES_PASSWORD]
        networks:
          - name: shop_back
        volumes:
          - shop_data:/var/lib/postgresql/data
        healthcheck:
          test: pg_isready
          interval: 2s
        state: healthy
      - name: shop_web
        image: nginx:1.27
        networks:
          - name: shop_front
          - name: shop_back
        published_ports:
          - 8080:80
        depends_on: [shop_db]

- name: What of it is there, as lists
  dockside.engine.apply:
    state: gathered
    project: shop
  register: found

- name: The same lists, which change nothing
  dockside.engine.apply:
    networks: "{{ found.gathered.networks }}"
    volumes: "{{ found.gathered.volumes }}"
    containers: "{{ found.gathered.containers }}"

- name: Remove all of it but the data
  dockside.engine.apply:
    project: shop
    state: absent
    remove_orphans: true

- name: A stack of a swarm
  dockside.engine.apply:
    project: api
    networks:
      - name: api
        driver: overlay
    secrets:
      - name: api_key
        data: "{{ api_key }}"
    services:
      - name: api
        image: registry.example.com/api:2.1
        replicas: 2
        networks: [api]
        secrets:
          - secret_name: api_key
        publish:
          - target_port: 80
            published_port: 8081
"""

RETURN = r"""
results:
  description:
    - One entry for each object, in the order in which they come.
  returned: unless O(state=gathered), also when the task fails
  type: list
  elements: dict
  contains:
    kind:
      description:
        - What it is, such as V(container).
      type: str
      sample: container
    name:
      description:
        - Its name.
      type: str
      sample: shop_web
    changed:
      description:
        - Whether something was done to it, or in check mode would be.
      type: bool
      sample: true
    actions:
      description:
        - What was done, or in check mode would be done.
      type: list
      elements: str
      sample:
        - create container shop_web
        - start container shop_web
    changes:
      description:
        - Why something was done to an object that was there already. One entry for each option that differed.
      type: list
      elements: dict
      sample: []
    failed:
      description:
        - True if it failed. RV(ignore:results[].msg) tells why.
      returned: if it failed
      type: bool
      sample: true
    skipped:
      description:
        - True if it was left out. RV(ignore:results[].msg) names the object that it needs.
      returned: if it was left out
      type: bool
      sample: true
    msg:
      description:
        - Why it is not in its state.
      returned: if it failed or was left out
      type: str
      sample: needs container shop_db
    container:
      description:
        - With O(return_objects), the return values of the module of its kind, such as RV(ignore:container).
      returned: O(return_objects=true)
      type: dict
      sample:
        Name: /shop_web
actions:
  description:
    - What was done to all of them, or in check mode would be done.
  returned: unless O(state=gathered)
  type: list
  elements: str
  sample:
    - create network shop_front
    - create container shop_web
    - start container shop_web
gathered:
  description:
    - What is there, as the lists O(networks), O(volumes), O(secrets), O(configs), O(images), O(containers) and
      O(services). Applied right away, they change nothing.
    - What the engine would choose by itself is left out, and so is what an image gives to its containers.
    - The images are those of the containers, where they have a name.
    - Engines do not give back the data of secrets, so that it is missing. The environment of containers and services is
      there as it is, with the passwords in it.
  returned: O(state=gathered)
  type: dict
  sample:
    networks:
      - name: shop_front
        ipam_config:
          - subnet: 172.18.0.0/16
            gateway: 172.18.0.1
        labels:
          dockside.engine.project: shop
    volumes:
      - name: shop_data
        labels:
          dockside.engine.project: shop
    secrets: []
    configs: []
    images:
      - name: nginx:1.27
        source: pull
    containers:
      - name: shop_web
        image: nginx:1.27
        networks:
          - name: shop_front
        published_ports:
          - 8080:80/tcp
        labels:
          dockside.engine.project: shop
    services: []
"""

from functools import partial

from ansible_collections.dockside.engine.plugins.module_utils._actions.apply import RULES, SPEC, apply
from ansible_collections.dockside.engine.plugins.module_utils._actions.apply_kinds import KINDS
from ansible_collections.dockside.engine.plugins.module_utils._lists import Lists
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    lists = Lists(KINDS)
    run_action(SPEC, partial(apply, lists.read), lists.secrets, **RULES)


if __name__ == "__main__":
    main()
