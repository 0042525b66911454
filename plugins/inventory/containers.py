# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: containers
short_description: Containers of Docker Engines as hosts
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Makes a host of each container of one or several Docker Engines, with one request to each engine.
  - The source is a YAML file whose name ends with C(docker.yml), C(docker.yaml), C(containers.yml) or
    C(containers.yaml).
  - The options that lead to an engine may be templates, such as a lookup of an environment variable.
  - A host is named like its container. With O(engines), it is C(CONTAINER.ENGINE).
  - Its variables are what the engine says about the container, C(docker_) and the key in lower case each, for example
    C(docker_config), C(docker_hostconfig), C(docker_networksettings) and C(docker_state) with the keys that C(docker
    inspect) shows in them, and C(docker_short_id), the first 13 characters of the id. C(docker_name) begins with a
    slash.
  - Names, labels, commands and the like belong to whoever made the container. If they look like templates or
    expressions, they stay the text that they are.
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
      - dockside.engine.containers
  engines:
    description:
      - Several engines. Each has a O(engines[].name) and any of the options that lead to an engine, such as
        O(docker_host), O(context) or O(ca_path). What it does not name is taken from the options of the same name
        outside of this list.
      - One engine that cannot be reached is an error of the whole source.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name of the engine, of letters, digits, C(_) and C(-).
        type: str
        required: true
      docker_host:
        description:
          - The address of the engine, as in O(docker_host).
        type: str
      context:
        description:
          - A context of the Docker CLI, as in O(context).
        type: str
  list_filters:
    description:
      - The filters of C(docker ps --filter), which the engine applies, so that only the containers asked for are sent.
        A value is text or a list of texts.
    type: dict
    default: {}
  verbose_output:
    description:
      - Whether to ask the engine for each container on its own and set all that it says about it as variables. This
        takes a request for each container, and brings the environment of the containers into the variables and the
        cache.
      - Otherwise the variables are what the list of containers contains, C(docker_config) with C(Image) and C(Labels),
        C(docker_hostconfig) with C(NetworkMode), C(docker_id), C(docker_image), C(docker_mounts), C(docker_name),
        C(docker_networksettings) with C(Networks) and C(Ports), and C(docker_state) with C(Status), C(Running),
        C(Paused), C(Restarting) and C(Dead).
    type: bool
    default: false
  connection_type:
    description:
      - Which variables for connecting to the containers are set.
      - V(docker-api) sets C(ansible_connection) to P(dockside.engine.container#connection), and C(ansible_host) to the
        container.
      - V(ssh) sets C(ansible_host) and C(ansible_port) to where O(private_ssh_port) of the container is published, or
        if it is not, to the container's own address, if it has one.
    type: str
    choices:
      - docker-api
      - ssh
    default: docker-api
  configure_docker_daemon:
    description:
      - Whether to pass the options that lead to the engine on to P(dockside.engine.container#connection), as the
        variables C(ansible_docker_docker_host), C(ansible_docker_ca_cert) and so on.
    type: bool
    default: true
  default_ip:
    description:
      - The address for C(ansible_host) of a port that is published on all addresses of the engine's machine.
      - If it is not set, this is the host in the address of the engine, or V(127.0.0.1) for a socket.
    type: str
  private_ssh_port:
    description:
      - The port in the containers on which ssh listens.
    type: int
    default: 22
  group_by:
    description:
      - Make groups with these prefixes. C(image_IMAGE), C(service_SERVICE) and C(project_PROJECT) (of
        M(dockside.engine.apply), of Compose, of a swarm's stack, or the label C(project)), C(network_NETWORK),
        C(label_LABEL_VALUE), C(state_STATE), and with O(engines) C(engine_ENGINE).
      - Characters that a group's name cannot contain become C(_).
    type: list
    elements: str
    choices:
      - engine
      - image
      - label
      - network
      - project
      - service
      - state
    default: []
  add_legacy_groups:
    description:
      - Make the groups of the old inventory script. These are the id, the short id and the name of each container,
        C(image_IMAGE), C(stack_STACK) and C(service_SERVICE) for tasks of a swarm, O(docker_host), C(running) and
        C(stopped).
    type: bool
    default: false
seealso:
  - plugin: dockside.engine.container
    plugin_type: connection
  - plugin: dockside.engine.swarm
    plugin_type: inventory
"""

EXAMPLES = r"""
---
# The running containers of the engine of this machine, in groups by Compose project and service.
plugin: dockside.engine.containers
list_filters:
  status: running
group_by: [project, service]

---
# Two engines, only production, and without those that may not be touched.
plugin: dockside.engine.containers
engines:
  - name: paris
    docker_host: tcp://paris.example.com
  - name: oslo
    docker_host: ssh://admin@oslo.example.com
ca_path: ~/.docker/ca.pem
client_cert: ~/.docker/cert.pem
client_key: ~/.docker/key.pem
list_filters:
  label: [stage=production]
filters:
  - exclude: docker_config.Labels.protected is defined
keyed_groups:
  - prefix: tier
    key: docker_config.Labels.tier
compose:
  ansible_user: docker_config.Labels.user | default("root")

---
# Through the ssh daemons in the containers.
plugin: dockside.engine.containers
connection_type: ssh
filters:
  - include: ansible_port is defined
  - exclude: true
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from ansible.errors import AnsibleParserError
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine, together
from ansible_collections.dockside.engine.plugins.module_utils._state.filters import filters
from ansible_collections.dockside.engine.plugins.plugin_utils._engine import VARIABLES, connect, reported
from ansible_collections.dockside.engine.plugins.plugin_utils._inventory import (
    ANYWHERE,
    PROJECTS,
    Document,
    EngineInventory,
    labelled,
    pairs,
    plain,
)


@dataclass
class Source:
    """An engine of the inventory; `name` is empty without the option engines. `options` lead to it."""

    name: str
    options: dict[str, Any]
    engine: Engine


class InventoryModule(EngineInventory):
    NAME = "dockside.engine.containers"
    stems = ("docker", "containers")
    sources: list[Source]
    list_filters: dict[str, list[str]]

    def asked(self) -> Any:
        self.sources, self.list_filters = self._sources(), filters(self.get_option("list_filters"), "list_filters")
        verbose = self.get_option("verbose_output")
        return [self.list_filters, verbose, [str(source.engine.endpoint) for source in self.sources]]

    def ask(self) -> list[list[Document]]:
        """The containers of each engine, in the form of GET /containers/{id}/json."""

        def ask(source: Source) -> list[Document]:
            with reported(AnsibleParserError, f"engine {source.name}: " if source.name else ""):
                return self._ask(source.engine)

        answers = together(ask, self.sources)
        for source in self.sources:
            self.tell(source.engine)
        return answers

    def build(self, answers: list[list[Document]]) -> None:
        for source, documents in zip(self.sources, answers):
            for document in documents:
                self._add(source, document)

    def _sources(self) -> list[Source]:
        common = self.way()
        if self.get_option("engines") is None:
            return [Source("", common, connect(common))]
        sources: list[Source] = []
        for entry in self.get_option("engines"):
            name = str(entry.get("name", "")) if isinstance(entry, dict) else ""
            if not re.fullmatch(r"[\w-]+", name) or name in [source.name for source in sources]:
                raise ValueError(f"engines: {entry} needs a name of its own, of letters, digits, '_' and '-'")
            unknown = sorted(set(entry) - {"name", *VARIABLES})
            if unknown:
                raise ValueError(f"engines: {name} has unknown options: {', '.join(unknown)}")
            own = {key: self.templar.template(value) for key, value in entry.items() if key != "name"}
            options = {**common, **own}
            if own.get("docker_host") or own.get("context"):  # which exclude each other
                options.update({key: own.get(key) for key in ("docker_host", "context")})
            sources.append(Source(name, options, connect(options)))
        return sources

    def _ask(self, engine: Engine) -> list[Document]:
        try:
            listed = engine.get("/containers/json", {"all": True, "filters": self.list_filters})
            if not self.get_option("verbose_output"):
                return [inspected(entry) for entry in listed]

            def inspect(entry: Document) -> Any:
                return engine.get(f"/containers/{entry['Id']}/json", missing=None)

            # None: gone since it was listed
            return [document for document in together(inspect, listed) if document]
        finally:
            engine.close()

    def _add(self, source: Source, document: Document) -> None:
        name = document["Name"].lstrip("/") or document["Id"][:13]
        host = f"{name}.{source.name}" if source.name else name
        facts = {variable(key): plain(value) for key, value in document.items()}
        facts["docker_short_id"] = plain(document["Id"][:13])
        if source.name:
            facts["docker_engine"] = plain(source.name)
        facts.update(self._connection(source, document, name))
        groups = self.grouped(group_names(source, document))
        if self.get_option("add_legacy_groups"):
            groups += legacy_groups(source, document, name)
        self.add(host, facts, groups)

    def _connection(self, source: Source, document: Document, name: str) -> dict[str, Any]:
        """The variables with which Ansible gets into the container."""
        if self.get_option("connection_type") == "ssh":
            return self._ssh(source, document)
        options = source.options if self.get_option("configure_docker_daemon") else {}
        return {
            "ansible_connection": plain("dockside.engine.container"),
            "ansible_host": plain(name),
            **{
                VARIABLES[key]: plain(value) for key, value in options.items() if key in VARIABLES and value is not None
            },
        }

    def _ssh(self, source: Source, document: Document) -> dict[str, Any]:
        port, network = self.get_option("private_ssh_port"), document.get("NetworkSettings") or {}
        for place in (network.get("Ports") or {}).get(f"{port}/tcp") or []:
            address = place.get("HostIp")
            if address in ANYWHERE:
                endpoint = source.engine.endpoint
                address = self.get_option("default_ip") or endpoint.host.rpartition("@")[2] or "127.0.0.1"
            return {"ansible_host": plain(address), "ansible_port": int(place["HostPort"])}
        for connected in (network.get("Networks") or {}).values():
            if connected.get("IPAddress"):
                return {"ansible_host": plain(connected["IPAddress"]), "ansible_port": port}
        return {}


@lru_cache
def variable(member: str) -> str:
    """The name of the variable with a member of a container's inspect."""
    return "docker_" + re.sub(r"[^\w-]", "_", member).lower()


def group_names(source: Source, document: Document) -> dict[str, list[str]]:
    """For each kind of groups the names of those that a container is in."""
    config = document.get("Config") or {}
    labels = config.get("Labels") or {}
    state, networks = document.get("State") or {}, (document.get("NetworkSettings") or {}).get("Networks") or {}
    return {
        "engine": [source.name] if source.name else [],
        "image": [config["Image"]],
        "label": pairs(labels),
        "network": [*networks],
        "project": labelled(labels, *PROJECTS),
        "service": labelled(labels, "com.docker.compose.service", "com.docker.swarm.service.name"),
        "state": [state["Status"]],
    }


def legacy_groups(source: Source, document: Document, name: str) -> list[str]:
    labels = document["Config"].get("Labels") or {}
    found = {
        "stack": labels.get("com.docker.stack.namespace"),
        "service": labels.get("com.docker.swarm.service.name"),
        "image": document["Config"]["Image"],
    }
    host = source.options.get("docker_host")
    return [
        document["Id"],
        document["Id"][:13],
        name,
        *[f"{kind}_{value}" for kind, value in found.items() if value],
        *([host] if host else []),
        "running" if document["State"]["Running"] else "stopped",
    ]


def inspected(entry: Document) -> Document:
    """An entry of GET /containers/json in the form of GET /containers/{id}/json, as far as it goes."""
    # A container that others link to has further names, behind the name of the other one.
    names = [name for name in entry.get("Names") or [] if name.count("/") == 1]
    ports: dict[str, list[dict[str, str]]] = {}
    for port in entry.get("Ports") or []:
        places = ports.setdefault(f"{port['PrivatePort']}/{port['Type']}", [])
        if "PublicPort" in port:
            places.append({"HostIp": port.get("IP", ""), "HostPort": str(port["PublicPort"])})
    status = entry["State"]
    return {
        "Id": entry["Id"],
        "Name": (names or [""])[0],
        "Image": entry["ImageID"],
        "Config": {"Image": entry["Image"], "Labels": entry.get("Labels") or {}},
        "HostConfig": {"NetworkMode": (entry.get("HostConfig") or {}).get("NetworkMode", "")},
        "State": {
            "Status": status,
            # The engine's word for a process that is there, also a paused one.
            "Running": status in ("running", "paused", "restarting"),
            "Paused": status == "paused",
            "Restarting": status == "restarting",
            "Dead": status == "dead",
        },
        "NetworkSettings": {
            "Networks": (entry.get("NetworkSettings") or {}).get("Networks") or {},
            "Ports": {port: places or None for port, places in ports.items()},
        },
        "Mounts": entry.get("Mounts") or [],
    }
