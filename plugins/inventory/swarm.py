# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: swarm
short_description: Nodes of a Docker swarm as hosts
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Makes a host of each node of a swarm, with one request to a manager of it.
  - The source is a YAML file whose name ends with C(swarm.yml) or C(swarm.yaml).
  - The options that lead to the engine may be templates, such as a lookup of an environment variable.
  - Each node is in one of the groups C(manager) and C(worker), and in one of the groups C(leader) and C(nonleaders).
  - The variable C(ansible_host) is the address of the node, and C(docker_swarm_node_attributes) what the engine says
    about it, with the keys that C(docker node inspect) shows. In O(compose), O(groups), O(keyed_groups) and O(filters),
    these keys are variables of their own, for example C(Spec.Role), C(Status.State) and C(Description.Engine).
  - Names, labels and the like belong to whoever manages the swarm. If they look like templates or expressions, they
    stay the text that they are.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.inventory
  - ansible.builtin.constructed
  - ansible.builtin.inventory_cache
options:
  plugin:
    description:
      - The name of this plugin.
    type: str
    required: true
    choices:
      - dockside.engine.swarm
  inventory_hostname:
    description:
      - How the hosts are named.
      - V(hostname) names a node like its machine. Nodes that share the name of their machine, as one does with its
        successor after it left the swarm and came back, are named by their ids.
    type: str
    choices:
      - id
      - hostname
    default: id
  list_filters:
    description:
      - The filters of C(docker node ls --filter), which the engine applies, so that only the nodes asked for are sent.
        A value is text or a list of texts.
    type: dict
    default: {}
  verbose_output:
    description:
      - Whether the hosts have the variable C(docker_swarm_node_attributes).
    type: bool
    default: true
  include_host_uri:
    description:
      - Whether the hosts have the variable C(ansible_host_uri), C(tcp://ADDRESS:PORT), for the option O(docker_host) of
        modules.
    type: bool
    default: false
  include_host_uri_port:
    description:
      - The port in C(ansible_host_uri). If it is not set, this is V(2376) if the manager of O(docker_host) is reached
        with TLS, else V(2375).
    type: int
  tasks:
    description:
      - Whether the hosts have the variable C(docker_swarm_tasks), a list of the tasks of services that are to run on
        the node, in the order of the services. This takes two requests more.
      - Each task has the keys of the API, for example C(Slot), C(Status.State) and
        C(Status.ContainerStatus.ContainerID), and besides C(ServiceName) and C(ServiceLabels). Its C(Spec) has only the
        C(Image) and the C(Labels) of C(ContainerSpec), and not the environment.
      - To have the containers of the tasks as hosts, see P(dockside.engine.containers#inventory) with the engines of
        the nodes.
    type: bool
    default: false
  group_by:
    description:
      - Make groups with these prefixes. C(availability_AVAILABILITY), C(label_LABEL_VALUE) and C(state_STATE) of the
        nodes, and of the tasks that are to run on them C(service_SERVICE) and C(project_PROJECT) (of
        M(dockside.engine.apply), of a stack, or the label C(project) of the service). V(service) and V(project) ask for
        the tasks, as O(tasks) does.
      - Characters that a group's name cannot contain become C(_).
    type: list
    elements: str
    choices:
      - availability
      - label
      - project
      - service
      - state
    default: []
seealso:
  - plugin: dockside.engine.containers
    plugin_type: inventory
  - module: dockside.engine.node_info
"""

EXAMPLES = r"""
---
# The nodes of the swarm that this machine manages, named like their machines, in groups by state and availability.
plugin: dockside.engine.swarm
inventory_hostname: hostname
group_by: [availability, state]

---
# A manager behind TLS. Its nodes that are ready, with their own engines for the option docker_host of modules, in
# groups by platform and by the services that run on them.
plugin: dockside.engine.swarm
docker_host: tcp://manager.example.com:2376
ca_path: ~/.docker/ca.pem
client_cert: ~/.docker/cert.pem
client_key: ~/.docker/key.pem
include_host_uri: true
group_by: [service]
filters:
  - exclude: Status.State != "ready"
keyed_groups:
  - prefix: arch
    key: Description.Platform.Architecture
compose:
  ansible_user: Spec.Labels.user | default("admin")
"""

from collections import Counter
from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._resources.cluster import manager, title
from ansible_collections.dockside.engine.plugins.module_utils._state.filters import filters
from ansible_collections.dockside.engine.plugins.plugin_utils._engine import connect
from ansible_collections.dockside.engine.plugins.plugin_utils._inventory import (
    ANYWHERE,
    PROJECTS,
    Document,
    EngineInventory,
    labelled,
    pairs,
    plain,
)


class InventoryModule(EngineInventory):
    NAME = "dockside.engine.swarm"
    stems = ("swarm",)
    engine: Engine
    list_filters: dict[str, list[str]]

    def asked(self) -> Any:
        self.engine, self.list_filters = connect(self.way()), filters(self.get_option("list_filters"), "list_filters")
        return [self.list_filters, self._with_tasks(), str(self.engine.endpoint)]

    def ask(self) -> dict[str, list[Document]]:
        engine, tasks = self.engine, []
        try:
            with manager(engine):
                nodes = engine.get("/nodes", {"filters": self.list_filters} if self.list_filters else None) or []
                if self._with_tasks():
                    tasks = running(engine)
        finally:
            engine.close()
        self.tell(engine)
        return {"nodes": nodes, "tasks": tasks}

    def build(self, answers: dict[str, list[Document]]) -> None:
        for group in ("manager", "worker", "leader", "nonleaders"):
            self.inventory.add_group(group)
        times = Counter(title(node) for node in answers["nodes"])
        for node in answers["nodes"]:
            by_title = self.get_option("inventory_hostname") == "hostname" and times[title(node)] == 1
            tasks = [task for task in answers["tasks"] if task.get("NodeID") == node["ID"]]
            self._add(title(node) if by_title else node["ID"], node, tasks)

    def _with_tasks(self) -> bool:
        return self.get_option("tasks") or not {"service", "project"}.isdisjoint(self.get_option("group_by"))

    def _add(self, host: str, node: Document, tasks: list[Document]) -> None:
        where, document = address(node), plain(node)
        facts = {"ansible_host": plain(where)}
        if self.get_option("include_host_uri"):
            port = self.get_option("include_host_uri_port") or (2376 if self.engine.endpoint.tls else 2375)
            facts["ansible_host_uri"] = plain(f"tcp://{f'[{where}]' if ':' in where else where}:{port}")
        if self.get_option("verbose_output"):
            facts["docker_swarm_node_attributes"] = document
        if self.get_option("tasks"):
            facts["docker_swarm_tasks"] = plain(tasks)
        leader = (node.get("ManagerStatus") or {}).get("Leader")
        groups = [node["Spec"]["Role"], "leader" if leader else "nonleaders", *self.grouped(group_names(node, tasks))]
        self.add(host, facts, groups, document)


def address(node: Document) -> str:
    """Where a node is; leaders of some versions do not know that of their own and say 0.0.0.0, or say 127.0.0.1."""
    own, managing = node["Status"].get("Addr"), node.get("ManagerStatus") or {}
    if managing.get("Leader") or own in ANYWHERE:
        return str(managing.get("Addr", "")).rpartition(":")[0].strip("[]") or own or ""
    return str(own)


def running(engine: Engine) -> list[Document]:
    """The tasks that are to run, with their services, and of their specs no more than what is no secret."""
    tasks = []
    services = {each["ID"]: each["Spec"] for each in engine.get("/services") or []}
    for task in engine.get("/tasks", {"filters": {"desired-state": ["running"]}}) or []:
        service = services.get(task.get("ServiceID"))
        if service:  # else a container of a node that is connected to a network, or the service is just gone
            container = task["Spec"].get("ContainerSpec") or {}
            kept = {key: container[key] for key in ("Image", "Labels") if key in container}
            more = {"ServiceName": service["Name"], "ServiceLabels": service.get("Labels") or {}}
            tasks.append({**task, "Spec": {"ContainerSpec": kept}, **more})
    return sorted(tasks, key=lambda task: (task["ServiceName"], task.get("Slot", 0)))


def group_names(node: Document, tasks: list[Document]) -> dict[str, list[str]]:
    """For each kind of groups the names of those that a node is in."""
    projects = [labelled(task["ServiceLabels"], *PROJECTS) for task in tasks]
    return {
        "availability": [node["Spec"]["Availability"]],
        "label": pairs(node["Spec"].get("Labels") or {}),
        "project": [name for names in projects for name in names],
        "service": [task["ServiceName"] for task in tasks],
        "state": [node["Status"]["State"]],
    }
