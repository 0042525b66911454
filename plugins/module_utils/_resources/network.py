# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verbs of networks (/networks)."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from .._engine.client import Engine
from .._engine.errors import DroppedError, EngineError
from .._state.converge import Document, Plan, Resource, Step
from .._state.fields import RECREATE, UPDATE, Change, Field, Schema, Struct, pick
from .._state.kinds import MORE, STRICT, Address, Flag, Many, Map, Subnet, Text, address

POOL = Struct(
    Field("subnet", Subnet(), "Subnet"),
    Field("iprange", Subnet(), "IPRange", unset=""),
    Field("gateway", Address(), "Gateway", unset=""),
    Field("aux_addresses", Map(canon=address), "AuxiliaryAddresses", unset={}),
)


def family(pool: Mapping[str, Any]) -> int:
    """4 or 6: the address family of a pool, told by whichever address it has."""
    texts = [pool.get("subnet"), pool.get("gateway"), pool.get("iprange")]
    return 6 if any(":" in text for text in texts if text) else 4


class Pools(Many):
    """Address pools. The pools of an address family are replaced together; the other family stays as it is."""

    modes = (STRICT,)

    def __init__(self) -> None:
        super().__init__(POOL, key="subnet")
        self.mode = STRICT

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        families = {family(pool) for pool in desired}
        kept = [pool for pool in actual or [] if family(pool) not in families]
        return self.sort(super().merge(desired, actual, mode) + kept)

    def same(self, desired: Any, actual: Any, mode: str) -> bool:
        families = {family(pool) for pool in desired}
        return super().same(desired, [pool for pool in actual or [] if family(pool) in families], mode)


TASK = "com.docker.swarm.task.id"  # a label of the containers that a service made


class Network(Resource):
    """A network and the containers connected to it."""

    word = "network"
    engine: Engine
    schema = Schema(
        Field("driver", Text(), "Driver", unset="bridge"),
        Field("driver_options", Map(loose=True), "Options", unset={}),
        Field("ipam_driver", Text(), "IPAM.Driver", unset="default"),
        Field("ipam_driver_options", Map(loose=True), "IPAM.Options", unset={}),
        Field("ipam_config", Pools(), "IPAM.Config", unset=[]),
        Field("enable_ipv4", Flag(), "EnableIPv4", min_api=(1, 48), unset=True),
        Field("enable_ipv6", Flag(), "EnableIPv6", unset=False),
        Field("internal", Flag(), "Internal", unset=False),
        Field("attachable", Flag(), "Attachable", unset=False),
        Field("ingress", Flag(), "Ingress", unset=False),
        Field("scope", Text(("local", "global", "swarm")), "Scope"),
        Field("config_only", Flag(), "ConfigOnly", unset=False),
        Field("config_from", Text(), "ConfigFrom.Network", unset=""),
        Field("labels", Map(), "Labels", unset={}),
        Field("connected", Many(Text()), "", read="connected", on_change=UPDATE, unset=[], mode=STRICT,
              extra={"aliases": ["containers"]}),
    )  # fmt: skip
    options = {
        "name": {"type": "str", "required": True, "aliases": ["network_name"]},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "appends": {"type": "bool", "default": False, "aliases": ["incremental"]},
        "force": {"type": "bool", "default": False},
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, params)
        if params.get("appends"):
            self.modes["connected"] = MORE

    def find(self) -> dict[str, Any] | None:
        found = self.engine.get(f"/networks/{self.name}", missing=None)
        if found is None or found["Name"] != self.name:  # the path also takes ids and the beginnings of ids
            return None
        result: dict[str, Any] = found
        if self.desired.get("connected") is not None:
            result["connected"] = [short(each) for each in self.members(found)]
        return result

    def members(self, network: Document) -> list[dict[str, Any]]:
        """Every container of the network, also those that do not run (inspect of the network leaves these out)."""
        # Containers that never ran are known under the text of their create request, which is a name or an id.
        filters = {"network": [network["Id"], network["Name"]]}
        listed: list[dict[str, Any]] = self.engine.get("/containers/json", {"all": True, "filters": filters})
        return listed

    def complete(self, found: Document | None) -> None:
        if self.desired.get("config_only", bool(found and found.get("ConfigOnly"))):
            self.desired.pop("driver", None)  # it has none: the daemon shows "null", whatever was asked for
        # Containers may be named by id; the comparison speaks of names.
        for position, wanted in enumerate(self.desired.get("connected", [])):
            container = self.engine.get(f"/containers/{wanted}/json", missing=None)
            if container is None:
                self.obstacles.append(f"connected: container {wanted} does not exist")
            else:
                self.desired["connected"][position] = container["Name"].lstrip("/")

    def creation(self) -> Plan:
        plan = super().creation()
        plan.steps += self.links([], self.desired.get("connected", []))
        return plan

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        steps = []
        if self.params.get("force") or any(change.action == RECREATE for change in changes):
            steps.append(self.step("recreate", lambda: self.recreate(found, changes)))
        for change in changes:
            if change.option == "connected":
                steps += self.links(change.before, change.after)
        return steps

    def removal(self, found: Document) -> Plan:
        ends = found.get("Containers") or {}
        if found.get("Scope") == "swarm":
            services = self.services(found)
            if services:
                self.obstacles.append(f"network {self.name} is in use by service {', '.join(services)}")
            # Tasks come and go with their services, and what balances the load between them with the network.
            tasks = {each["Id"] for each in self.members(found) if TASK in (each.get("Labels") or {})}
            ends = {ident: end for ident, end in ends.items() if ident not in tasks and "-" not in ident}
        names = sorted(end.get("Name", "") for end in ends.values())
        if names and not self.params.get("force"):
            self.obstacles.append(f"network {self.name} is in use by {', '.join(names)}; force: true disconnects them")
        return super().removal(found)

    def services(self, network: Document) -> list[str]:
        """The services of the swarm that use a network."""
        from .cluster import manager  # other networks have nothing to do with a swarm

        with manager(self.engine):
            listed = self.engine.get("/services") or []
        return sorted(
            each["Spec"]["Name"]
            for each in listed
            for end in pick(each, "Spec.TaskTemplate.Networks") or pick(each, "Spec.Networks") or []
            if end["Target"] == network["Id"]
        )

    def links(self, before: list[str], after: list[str]) -> list[Step]:
        """The steps that connect and disconnect containers."""
        leave = [name for name in before if name not in after]
        enter = [name for name in after if name not in before]
        return [
            Step(f"disconnect container {name} from network {self.name}", partial(self.disconnect, name))
            for name in leave
        ] + [
            Step(f"connect container {name} to network {self.name}", partial(self.connect, name, {})) for name in enter
        ]

    def connect(self, container: str, config: dict[str, Any]) -> None:
        self.engine.post(f"/networks/{self.name}/connect", {"Container": container, "EndpointConfig": config})

    def disconnect(self, container: str) -> None:
        # Forced, because a container that does not run is only let go that way.
        self.engine.post(f"/networks/{self.name}/disconnect", {"Container": container, "Force": True}, missing=None)

    def create(self) -> None:
        self.post(self.schema.body(self.desired, {}, self.modes))
        try:
            self.kept()
        except EngineError:
            self.engine.delete(f"/networks/{self.name}")
            raise

    def kept(self) -> None:
        """DroppedError for options that Podman has left out."""
        found = self.find() if self.engine.podman else None
        lost = [change.option for change in self.changes(found) if change.option != "connected"] if found else []
        if lost:
            raise DroppedError(lost)

    def post(self, body: dict[str, Any]) -> None:
        # Engines before 25.0 make a second network of the same name unless they are asked not to.
        self.engine.post("/networks/create", {"Name": self.name, "CheckDuplicate": True, **body})

    def remove(self, found: Document) -> None:
        if self.params.get("force"):
            for container in self.members(found):
                self.disconnect(container["Id"])
        self.engine.delete(f"/networks/{found['Id']}", missing=None)

    def recreate(self, found: Document, changes: list[Change]) -> None:
        from .network_recreate import recreate  # what is as it should be needs none of it

        recreate(self, found)


def short(listed: Document) -> str:
    """The name of a container in a list, where links to it count as further names."""
    return min(listed["Names"], key=lambda name: str(name).count("/")).lstrip("/")  # type: ignore[no-any-return]
