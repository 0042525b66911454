# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verbs of the nodes of a swarm (/nodes). Engines make one when they join."""

from __future__ import annotations

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._state.converge import Document, Plan, Step
from .._state.fields import UPDATE, Change, Field, Schema
from .._state.kinds import STRICT, Map, Text, Unfit
from .cluster import Versioned, came, manager, removable, title

ENDED = ("complete", "shutdown", "failed", "rejected", "remove", "orphaned")  # states that a task never leaves


def named(nodes: list[dict[str, Any]], name: str) -> dict[str, Any] | None:
    """The node of an id or host name; ValueError when several have the name."""
    found = [each for each in nodes if each["ID"] == name] or [each for each in nodes if title(each) == name]
    if len(found) > 1:
        ids = ", ".join(f"{each['ID']} ({each['Status']['State']})" for each in found)
        raise Unfit(f"several nodes are called {name}; name one by its id: {ids}", "hostname")
    return found[0] if found else None


class Node(Versioned):
    """A node of a swarm, as its managers see it."""

    word = "node"
    schema = Schema(
        Field("role", Text(("worker", "manager")), "Role", on_change=UPDATE),
        Field("availability", Text(("active", "pause", "drain")), "Availability", on_change=UPDATE),
        Field("labels", Map(), "Labels", on_change=UPDATE, unset={}),
    )
    options = {
        "hostname": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "labels_state": {"type": "str", "choices": ["merge", "replace"], "default": "merge"},
        "labels_to_remove": {"type": "list", "elements": "str"},
        "force": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, {**params, "name": params["hostname"]})
        self.modes["labels"] = STRICT  # complete() makes them whole
        self.nodes: list[dict[str, Any]] = []

    def find(self) -> dict[str, Any] | None:
        with manager(self.engine):
            self.nodes = self.engine.get("/nodes") or []
        return named(self.nodes, self.name)

    # The plan.

    def plan(self, found: Document | None) -> Plan:
        if not found and self.state == "present":
            names = ", ".join(sorted(title(each) for each in self.nodes))
            self.obstacles.append(f"the swarm has no node {self.name}; its nodes: {names}")
            return Plan()
        return super().plan(found)

    def complete(self, found: Document | None) -> None:
        """Put what is to be removed and what is to be added into one map."""
        given, away = self.desired.pop("labels", {}), self.params["labels_to_remove"] or []
        if found and self.params["labels_state"] == "replace":
            self.desired["labels"] = given
        elif found and (given or away):
            present = found["Spec"].get("Labels") or {}
            self.desired["labels"] = {**{name: present[name] for name in present if name not in away}, **given}

    def changes(self, found: Document) -> list[Change]:
        return self.schema.changes(self.desired, self.schema.actual(found["Spec"]), self.modes)

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        if any((change.option, change.after) == ("role", "worker") for change in changes):
            self.spared(found)
        return super().steps(found, changes)

    def spared(self, found: Document) -> None:
        """An obstacle when the managers cannot do without this one."""
        managers = [each for each in self.nodes if each["Spec"]["Role"] == "manager"]
        others = [each for each in managers if each["ID"] != found["ID"]]
        reachable = [each for each in others if (each.get("ManagerStatus") or {}).get("Reachability") == "reachable"]
        if not others:
            self.obstacles.append(f"node {title(found)} is the last manager: make another node a manager first")
        elif 2 * len(reachable) <= len(others):
            lost = ", ".join(sorted(title(each) for each in others if each not in reachable))
            self.obstacles.append(
                f"without node {title(found)}, the managers would have no majority, as these are not reachable: {lost}"
            )

    def removal(self, found: Document) -> Plan:
        steps = [self.step("remove", lambda: self.remove(found))]
        if found["Spec"]["Role"] == "manager" and self.params["force"]:
            self.spared(found)
            steps.insert(0, Step(f"make node {title(found)} a worker", lambda: self.demote(found)))
        else:
            self.obstacles += removable(found, self.params["force"])
        return Plan(steps, [], {"exists": True}, {"exists": False})

    # The verbs.

    def update(self, found: Document, changes: list[Change]) -> None:
        """POST /nodes/{id}/update replaces the whole spec, and wants a role and an availability in it."""
        spec = deepcopy(found["Spec"])
        self.write(found, self.schema.body(self.desired, self.schema.actual(spec), self.modes, into=spec))

    def write(self, found: Document, spec: dict[str, Any]) -> None:
        self.engine.post(f"/nodes/{found['ID']}/update", spec, {"version": found["Version"]["Index"]})

    def demote(self, found: Document) -> None:
        self.write(found, {**found["Spec"], "Role": "worker"})
        path = f"/nodes/{found['ID']}"
        if not came(lambda: not self.engine.get(path).get("ManagerStatus"), self.params["wait_timeout"]):
            raise EngineError(f"node {title(found)} is still a manager after {self.params['wait_timeout']} seconds")

    def remove(self, found: Document) -> None:
        self.engine.delete(f"/nodes/{found['ID']}", None, {"force": self.params["force"]}, missing=None)

    # Waiting.

    def settle(self, found: Document | None) -> Document | None:
        if not found or self.state == "absent" or not self.params["wait"]:
            return found
        missing: list[str] = []

        def there() -> bool:
            missing[:] = self.missing(self.engine.get(f"/nodes/{found['ID']}"))
            return not missing

        if not came(there, self.params["wait_timeout"]):
            raise EngineError(f"after {self.params['wait_timeout']} seconds: {'; '.join(missing)}")
        return self.find()

    def missing(self, node: Document) -> list[str]:
        """What has yet to follow from the spec of the node."""
        status, name = node.get("ManagerStatus"), title(node)
        if node["Spec"]["Role"] == "worker" and status:
            return [f"node {name} is still a manager"]
        if node["Spec"]["Role"] == "manager" and (status or {}).get("Reachability") != "reachable":
            return [f"node {name} is no reachable manager"]
        return self.staying(node) if node["Spec"]["Availability"] == "drain" else []

    def staying(self, node: Document) -> list[str]:
        """The tasks that have not yet left a drained node, and those that do not yet run in their stead."""
        here = self.engine.get("/tasks", {"filters": {"node": [node["ID"]]}}) or []
        left = [f"task {each['ID']} is still {each['Status']['State']}" for each in here if not ended(each)]
        services = sorted({each["ServiceID"] for each in here if each.get("ServiceID")})
        if left or not services:
            return left
        wanted = self.engine.get("/tasks", {"filters": {"service": services, "desired-state": ["running"]}}) or []
        return [
            f"task {each['ID']} of service {each['ServiceID']} is {each['Status']['State']}: "
            f"{each['Status'].get('Err') or each['Status'].get('Message')}"
            for each in wanted
            if each["Status"]["State"] != "running" and not ended(each)
        ]


def ended(task: Mapping[str, Any]) -> bool:
    return task["Status"]["State"] in ENDED


INFO: dict[str, dict[str, Any]] = {
    "name": {"type": "list", "elements": "str"},
    "self": {"type": "bool", "default": False},
}


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    """The return keys of node_info."""
    with manager(engine):
        nodes = engine.get("/nodes") or []
    names = [engine.get("/info")["Swarm"]["NodeID"]] if params["self"] else params["name"]
    if not names:
        return {"nodes": nodes}
    found = [named(nodes, name) for name in names]
    missing = ", ".join(name for name, each in zip(names, found) if each is None)
    if missing:
        raise Unfit(f"the swarm has no node {missing}", "name")
    return {"nodes": found}
