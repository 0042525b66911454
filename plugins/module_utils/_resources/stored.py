# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What secrets and configs have in common: data that a swarm keeps under a name and gives to services.

An engine changes nothing of them but the labels, and removes none that a service uses. So other data is a new object:
of the same name where no service uses it, or, with rolling_versions, of the name NAME_vN beside the older ones.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, Callable, ClassVar
from uuid import uuid4

from .._engine.client import Engine
from .._state.converge import Document, Plan, Step
from .._state.fields import HIDDEN, RECREATE, UPDATE, Change, Field, Part, Values, pick
from .._state.kinds import IGNORE, STRICT, Map, Text, Unfit
from .cluster import Versioned, manager

VERSION = "dockside.engine.version"
OWN = (VERSION, "ansible_version")  # the second one is what community.docker writes

LABELS = Field("labels", Map(), "Labels", on_change=UPDATE, unset={})
TEMPLATING = (
    Field("template_driver", Text(("golang",)), "Templating.Name", min_api=(1, 37), unset=""),
    Field("template_driver_options", Map(), "Templating.Options", min_api=(1, 37), unset={}),
)


class Data(Part):
    """The data, from text (`data`), base64 (with `data_is_b64`) or a file of the host (`data_src`).

    The canonical value is the base64 text of the API. `limit` is the most that engines take, in bytes.
    """

    def __init__(self, limit: int, secret: bool) -> None:
        self.limit = limit
        self.secret = secret

    def spec(self) -> dict[str, dict[str, Any]]:
        return {
            "data": {"type": "str", "no_log": self.secret},
            "data_is_b64": {"type": "bool", "default": False},
            "data_src": {"type": "path"},
        }

    def parse(self, params: Mapping[str, Any]) -> Values:
        data = self.read(params)
        if data is None:
            return {}
        if len(data) > self.limit:
            raise Unfit(f"has {len(data)} bytes, and {self.limit} is the most that an engine keeps", "data")
        return {"data": base64.b64encode(data).decode()}

    @staticmethod
    def read(params: Mapping[str, Any]) -> bytes | None:
        text, path = params.get("data"), params.get("data_src")
        if path is not None:
            try:
                return Path(path).read_bytes()
            except OSError as error:
                raise Unfit(f"cannot read {path}: {error.strerror}", "data_src") from None
        if text is None or not params.get("data_is_b64"):
            return None if text is None else str(text).encode()
        try:
            return base64.b64decode("".join(text.split()), validate=True)
        except (binascii.Error, ValueError):
            raise Unfit("is not base64, as data_is_b64 says", "data") from None

    def load(self, found: Mapping[str, Any]) -> Values:
        return {"data": found.get("Data", "")}

    def modes(self) -> dict[str, tuple[str, ...]]:
        return {"data": (STRICT, IGNORE)}

    def compare(self, desired: Values, actual: Values, modes: Mapping[str, str]) -> Iterator[Change]:
        if "data" in desired and modes["data"] != IGNORE and not self.same(desired["data"], actual["data"]):
            yield Change("data", self.seen(actual["data"]), self.seen(desired["data"]), RECREATE)

    def same(self, desired: str, actual: Any) -> bool:
        return bool(desired == actual)

    def write(self, desired: Values, actual: Values, modes: Mapping[str, str], body: dict[str, Any]) -> None:
        if "data" in desired:
            body["Data"] = desired["data"]

    def seen(self, value: Any) -> Any:
        """The text as a user writes it; what is no text stays base64."""
        if self.secret:
            return HIDDEN
        try:
            return base64.b64decode(value).decode()
        except ValueError:
            return value

    def show(self, desired: Values) -> Values:
        return {"data": self.seen(desired["data"])} if "data" in desired else {}


class Stored(Versioned):
    """A secret or a config. `path` is its place in the API, `member` where a service's containers name it."""

    path: ClassVar[str]
    member: ClassVar[str]
    options = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "force": {"type": "bool", "default": False},
        "rolling_versions": {"type": "bool", "default": False},
        "versions_to_keep": {"type": "int", "default": 5},
        "update_services": {"type": "bool", "default": False},
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, params)
        self.rolling = bool(params.get("rolling_versions"))
        if params["update_services"] and not self.rolling:
            raise Unfit("needs rolling_versions: true", "update_services")
        self.versions: list[dict[str, Any]] = []  # the oldest first; without rolling_versions one at most

    def named(self, container: Mapping[str, Any]) -> Iterator[str]:
        """The ids that a service's ContainerSpec names in its list."""
        return (each[f"{self.word.capitalize()}ID"] for each in container.get(self.member) or [])

    def uses(self, container: Mapping[str, Any]) -> Iterator[str]:
        """All ids that it names, also in places from which update_services does not move it."""
        return self.named(container)

    # Finding. The filter on the name is one of prefixes, so one request answers for all versions.

    def find(self) -> dict[str, Any] | None:
        pattern = re.compile(re.escape(self.params["name"]) + (r"_v(\d+)" if self.rolling else "()"))
        with manager(self.engine):
            listed = self.engine.get(self.path, {"filters": {"name": [self.params["name"]]}})
        matches = [(pattern.fullmatch(each["Spec"]["Name"]), each) for each in listed or []]
        numbered = [(int(match[1] or 0), each) for match, each in matches if match]
        self.versions = [each for _number, each in sorted(numbered, key=lambda item: item[0])]
        newest = max((number for number, _each in numbered), default=0)
        self.next = f"{self.params['name']}_v{newest + 1}" if self.rolling else self.params["name"]
        return self.versions[-1] if self.versions else None

    def users(self, uses: Callable[[Mapping[str, Any]], Iterator[str]]) -> dict[str, list[str]]:
        """id -> the names of the services that use it."""
        result: dict[str, list[str]] = {}
        for service in self.engine.get("/services") or []:
            for identity in set(uses(pick(service, "Spec.TaskTemplate.ContainerSpec") or {})):
                result.setdefault(identity, []).append(service["Spec"]["Name"])
        return result

    # The plan.

    def plan(self, found: Document | None) -> Plan:
        plan = super().plan(found)
        if self.state == "present":
            makes_one = any(change.action == RECREATE for change in plan.changes) or not found or self.params["force"]
            old = self.versions if makes_one else self.versions[:-1]
            if self.rolling and old:
                newest = self.next if makes_one else self.versions[-1]["Spec"]["Name"]
                plan.steps += self.moving(old, newest) + self.pruning(old)
        return plan

    def changes(self, found: Document) -> list[Change]:
        return self.schema.changes(self.desired, self.schema.actual(found["Spec"]), self.modes)

    def creation(self) -> Plan:
        plan = super().creation()
        plan.steps = [Step(f"create {self.word} {self.next}", self.create)]
        plan.after["name"] = self.next
        return plan

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        name = found["Spec"]["Name"]
        if not self.params["force"] and all(change.action == UPDATE for change in changes):
            return [Step(f"update {self.word} {name}", lambda: self.update(found, changes))] if changes else []
        if self.rolling:
            return [Step(f"create {self.word} {self.next}", self.create)]
        self.unused([found], "; rolling_versions makes a new one beside it")
        return [Step(f"recreate {self.word} {name}", lambda: self.recreate(found, changes))]

    def removal(self, found: Document) -> Plan:
        self.unused(self.versions, "")
        steps = [
            Step(f"remove {self.word} {each['Spec']['Name']}", partial(self.remove, each)) for each in self.versions
        ]
        return Plan(steps, [], {"exists": True}, {"exists": False})

    def unused(self, these: list[dict[str, Any]] | list[Document], advice: str) -> None:
        """An obstacle for each of these that a service uses."""
        users = self.users(self.uses)
        for each in these:
            if each["ID"] in users:
                names = ", ".join(sorted(users[each["ID"]]))
                self.obstacles.append(f"{self.word} {each['Spec']['Name']} is in use by service {names}{advice}")

    def moving(self, old: list[dict[str, Any]], newest: str) -> list[Step]:
        """The steps that give services the newest version instead of an old one."""
        if not self.params["update_services"]:
            return []
        users, ids = self.users(self.named), {each["ID"] for each in old}
        names = sorted({name for identity in ids for name in users.get(identity, [])})
        return [
            Step(f"update service {name} to {self.word} {newest}", partial(self.move, name, newest, ids))
            for name in names
        ]

    def pruning(self, old: list[dict[str, Any]]) -> list[Step]:
        """The steps that remove old versions that are too many, were made by a module, and serve nobody."""
        keep = self.params["versions_to_keep"]
        surplus = old[: max(0, len(old) - keep)] if keep >= 0 else []
        users = self.users(self.uses) if surplus else {}
        if surplus and self.params["update_services"]:
            movable = self.users(self.named)
            users = {identity: names for identity, names in users.items() if names != movable.get(identity)}
        return [
            Step(f"remove {self.word} {each['Spec']['Name']}", partial(self.remove, each))
            for each in surplus
            if each["ID"] not in users and any(label in (each["Spec"].get("Labels") or {}) for label in OWN)
        ]

    # The verbs.

    def create(self) -> None:
        self.post(self.next, self.schema.body(self.desired, {}, self.modes))

    def post(self, name: str, body: dict[str, Any]) -> str:
        if self.rolling:
            labels = {**(body.get("Labels") or {}), VERSION: name.rpartition("_v")[2]}
            body = {**body, "Labels": labels}
        with manager(self.engine):
            made: str = self.engine.post(f"{self.path}/create", {"Name": name, **body})["ID"]
        return made

    def update(self, found: Document, changes: list[Change]) -> None:
        spec = {name: value for name, value in found["Spec"].items() if name != "Data"}
        LABELS.write(self.desired, self.schema.actual(found["Spec"]), self.modes, spec)
        self.engine.post(f"{self.path}/{found['ID']}/update", spec, {"version": found["Version"]["Index"]})

    def recreate(self, found: Document, changes: list[Change]) -> None:
        kept = {name: value for name, value in found["Spec"].items() if name not in ("Name", "Data")}
        body = self.schema.body(self.desired, self.schema.actual(found["Spec"]), self.modes, into=kept)
        # What the engine refuses shall be refused while the old one, which nobody can read back, still is there.
        self.remove({"ID": self.post(f"dockside-trial-{uuid4().hex[:12]}", body)})
        self.remove(found)
        self.post(found["Spec"]["Name"], body)

    def move(self, service: str, newest: str, old: set[str]) -> None:
        """POST /services/{id}/update: the service's own way of updating replaces its tasks."""
        found = self.engine.get(f"/services/{service}")
        name = self.word.capitalize()
        this = {f"{name}ID": self.engine.get(f"{self.path}/{newest}")["ID"], f"{name}Name": newest}
        spec = deepcopy(found["Spec"])
        for each in spec["TaskTemplate"]["ContainerSpec"].get(self.member) or []:
            if each[f"{name}ID"] in old:
                each.update(this)
        self.engine.post(f"/services/{found['ID']}/update", spec, {"version": found["Version"]["Index"]})

    def remove(self, found: Document) -> None:
        self.engine.delete(f"{self.path}/{found['ID']}", missing=None)

    def value(self, found: Document | None) -> dict[str, Any]:
        if not found or self.state == "absent":
            return {self.word: {}}
        return {self.word: dict(found), f"{self.word}_id": found["ID"], f"{self.word}_name": found["Spec"]["Name"]}
