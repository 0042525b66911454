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
  filters:
    description:
      - Which containers become hosts. The first entry whose condition is true decides. If there is none, the container
        becomes a host.
      - A condition is a Jinja2 expression over the variables of the host and C(inventory_hostname). One that cannot be
        evaluated is false, or with O(strict) an error.
    type: list
    elements: dict
    default: []
    suboptions:
      include:
        description:
          - The container becomes a host if this is true.
        type: str
      exclude:
        description:
          - The container does not become a host if this is true.
        type: str
seealso:
  - plugin: dockside.engine.container
    plugin_type: connection
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
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine, together
from ansible_collections.dockside.engine.plugins.module_utils._module import CONNECTION
from ansible_collections.dockside.engine.plugins.plugin_utils._engine import VARIABLES, connect, reported

try:
    from ansible.template import trust_as_template as trusted

    def untrusted(value: str) -> Any:
        return value

except ImportError:  # ansible-core before 2.19 trusts all text that is not marked
    from ansible.utils.unsafe_proxy import wrap_var as untrusted

    def trusted(value: str) -> str:  # type: ignore[misc]  # of two libraries
        return value


Document = dict[str, Any]
# The options that lead to an engine, by each of their names.
WAYS = {name for option, spec in CONNECTION.items() for name in (option, *spec.get("aliases", []))}
# The labels that name a project, the most telling one first.
PROJECTS = ("dockside.engine.project", "com.docker.compose.project", "com.docker.stack.namespace", "project")
ANYWHERE = (None, "", "0.0.0.0", "::")  # noqa: S104  # nobody listens here: it is what the engine calls all addresses
# No template, and no more than names and numbers where a conditional takes text for an expression: no call, no filter.
HARMLESS = re.compile(r"[\w\s.,:;/@+=~#-]*")


@dataclass
class Source:
    """An engine of the inventory; `name` is empty without the option engines. `options` lead to it."""

    name: str
    options: dict[str, Any]
    engine: Engine


class InventoryModule(BaseInventoryPlugin, Constructable, Cacheable):
    NAME = "dockside.engine.containers"
    inventory: Any

    def verify_file(self, path: str) -> bool:
        ends = tuple(f"{stem}.{kind}" for stem in ("docker", "containers") for kind in ("yml", "yaml"))
        return bool(super().verify_file(path)) and path.endswith(ends)

    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        self.set_options(
            direct={key: self.templar.template(value) if key in WAYS else value for key, value in config.items()},
            var_options=self._vars,
        )
        with reported(AnsibleParserError):
            sources = self._sources()
            asked = [
                self._filters(),
                self.get_option("verbose_output"),
                [str(source.engine.endpoint) for source in sources],
            ]
        caching, key = self.get_option("cache"), self.get_cache_key(path)
        # What was asked is kept along: after a change of the source, old answers are no use.
        kept = self._cache.get(key) if caching and cache else None
        if not kept or kept["asked"] != asked:
            kept = {"asked": asked, "containers": self._ask_all(sources)}
            if caching:
                self._cache[key] = kept
        for source, documents in zip(sources, kept["containers"]):
            for document in documents:
                self._add(source, document)

    def _sources(self) -> list[Source]:
        common = {name: self.get_option(name) for name in [*VARIABLES, "debug"]}
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

    def _filters(self) -> dict[str, list[str]]:
        wanted = {}
        for key, value in self.get_option("list_filters").items():
            values = value if isinstance(value, list) else [value]
            wanted[str(key)] = [str(each).lower() if isinstance(each, bool) else str(each) for each in values]
        return wanted

    def _ask_all(self, sources: list[Source]) -> list[list[Document]]:
        """The containers of each engine, in the form of GET /containers/{id}/json."""

        def ask(source: Source) -> list[Document]:
            with reported(AnsibleParserError, f"engine {source.name}: " if source.name else ""):
                return self._ask(source.engine)

        answers = together(ask, sources)
        for source in sources:
            for warning in source.engine.warnings:
                self.display.warning(warning)
            for request in source.engine.trace:
                self.display.vvv(request)
        return answers

    def _ask(self, engine: Engine) -> list[Document]:
        try:
            listed = engine.get("/containers/json", {"all": True, "filters": self._filters()})
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
        facts = {"docker_" + re.sub(r"[^\w-]", "_", key).lower(): plain(value) for key, value in document.items()}
        facts["docker_short_id"] = plain(document["Id"][:13])
        if source.name:
            facts["docker_engine"] = plain(source.name)
        facts.update(self._connection(source, document, name))
        if not self._wanted(host, facts):
            return
        self.inventory.add_host(host)
        for key, value in facts.items():
            self.inventory.set_variable(host, key, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), facts, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), facts, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), facts, host, strict=strict)
        groups = [to_safe_group_name(group, force=True, silent=True) for group in self._groups(source, document)]
        if self.get_option("add_legacy_groups"):
            groups += self._legacy_groups(source, document, name)
        for group in groups:
            self.inventory.add_child(self.inventory.add_group(group), host)

    def _compose(self, template: Any, variables: Any, *more: Any, **named: Any) -> Any:
        """The value of an expression of the source, as plain as all others in an export."""
        return plain(super()._compose(template, variables, *more, **named))

    def _connection(self, source: Source, document: Document, name: str) -> dict[str, Any]:
        """The variables with which Ansible gets into the container."""
        if self.get_option("connection_type") == "ssh":
            return self._ssh(source, document)
        options = source.options if self.get_option("configure_docker_daemon") else {}
        return {
            "ansible_connection": trusted("dockside.engine.container"),
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

    def _wanted(self, host: str, facts: dict[str, Any]) -> bool:
        for entry in self.get_option("filters"):
            if not isinstance(entry, dict) or [*entry] not in (["include"], ["exclude"]):
                raise AnsibleParserError(f"filters: {entry} must be either include or exclude with a condition")
            ((verdict, condition),) = entry.items()
            try:
                fits = condition
                if not isinstance(condition, bool):
                    fits = boolean(self._compose(condition, {**facts, "inventory_hostname": plain(host)}), strict=False)
            except Exception as error:
                if self.get_option("strict"):
                    raise AnsibleParserError(f"filters: {condition} fails for {host}: {error}") from error
                continue
            if fits:
                return bool(verdict == "include")
        return True

    def _groups(self, source: Source, document: Document) -> list[str]:
        config = document.get("Config") or {}
        labels = config.get("Labels") or {}
        state, networks = document.get("State") or {}, (document.get("NetworkSettings") or {}).get("Networks") or {}

        def labelled(*names: str) -> list[str]:
            return [labels[name] for name in names if labels.get(name)][:1]

        names = {
            "engine": [source.name] if source.name else [],
            "image": [config["Image"]],
            "label": [f"{label}_{value}" if value else label for label, value in labels.items()],
            "network": [*networks],
            "project": labelled(*PROJECTS),
            "service": labelled("com.docker.compose.service", "com.docker.swarm.service.name"),
            "state": [state["Status"]],
        }
        return [f"{kind}_{name}" for kind in self.get_option("group_by") for name in names[kind]]

    def _legacy_groups(self, source: Source, document: Document, name: str) -> list[str]:
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


def plain(value: Any) -> Any:
    """The value as it is. Text that may be a template or an expression is never taken for one; all other text is
    plain, so that an export shows it and not {"__ansible_unsafe": TEXT}."""
    if isinstance(value, str):
        return trusted(value) if HARMLESS.fullmatch(value) else untrusted(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value
