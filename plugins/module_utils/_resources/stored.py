# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What secrets and configs have in common: data that a swarm keeps under a name and gives to services.

An engine changes nothing of them but the labels, and removes none that a service uses. So other data is a new object:
of the same name where no service uses it, or a version beside the older ones, of the name NAME_vN with rolling_versions
and NAME_HASH with hashed_versions.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Any, Callable, ClassVar

from .._engine.client import Engine
from .._engine.errors import APIError
from .._state.converge import Document, Plan, Step
from .._state.fields import HIDDEN, RECREATE, UPDATE, Change, Field, Part, Values, pick
from .._state.kinds import IGNORE, STRICT, Map, Text, Unfit
from .cluster import Versioned, manager
from .service_wait import Watch

VERSION = "dockside.engine.version"
OWN = (VERSION, "ansible_version")  # the second one is what community.docker writes
DIGITS = 12  # of the hash in a name
THROUGH = (None, "completed", "rollback_completed")  # states of an update in which no service goes back any more

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
        "hashed_versions": {"type": "bool", "default": False},
        "versions_to_keep": {"type": "int"},
        "update_services": {"type": "bool"},
        "wait_timeout": {"type": "int", "default": 300},
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, params)
        self.rolling, self.hashed = params["rolling_versions"], params["hashed_versions"]
        if self.rolling and self.hashed:
            raise Unfit("does not go with rolling_versions: true", "hashed_versions")
        if params["update_services"] and not (self.rolling or self.hashed):
            raise Unfit("needs rolling_versions: true or hashed_versions: true", "update_services")
        keep, moves = params["versions_to_keep"], params["update_services"]
        self.keep = (0 if self.hashed else 5) if keep is None else keep
        self.moves = self.hashed if moves is None else moves
        self.versions: list[dict[str, Any]] = []  # the oldest first; of a name without versions one at most
        self.version = ""  # of the object that this task would make
        self.next = self.newest = self.name  # the name of that one, and of the one that the task ends with
        if self.hashed and self.state == "present":
            self.version = self.fingerprint(self.content())[:DIGITS]
            self.next = f"{self.name}_{self.version}"
        # While an object is replaced, this one has what the task may not name.
        self.trial_name = f"dockside-trial-{hashlib.sha256(self.name.encode()).hexdigest()[:DIGITS]}"
        self.trial: dict[str, Any] | None = None

    def content(self) -> bytes:
        """What makes a version another one: the data, and whatever else only a new object can have."""
        rest = {option: value for option, value in self.desired.items() if option not in ("data", "labels")}
        text = json.dumps(rest, sort_keys=True) if rest else ""
        return base64.b64decode(self.desired.get("data", "")) + text.encode()

    def fingerprint(self, content: bytes) -> str:
        """The hash that stands in the name, in hexadecimal."""
        return hashlib.sha256(content).hexdigest()

    def named(self, container: Mapping[str, Any]) -> Iterator[str]:
        """The ids that a service's ContainerSpec names in its list."""
        return (each[f"{self.word.capitalize()}ID"] for each in container.get(self.member) or [])

    def uses(self, container: Mapping[str, Any]) -> Iterator[str]:
        """All ids that it names, also in places from which update_services does not move it."""
        return self.named(container)

    # Finding. The filter on the name is one of prefixes, so one request answers for all versions.

    def find(self) -> dict[str, Any] | None:
        pattern = re.compile(
            re.escape(self.name)
            + (r"_v(\d+)" if self.rolling else rf"_([0-9a-f]{{{DIGITS}}})" if self.hashed else "()")
        )
        with manager(self.engine):
            listed = self.engine.get(self.path, {"filters": {"name": [self.name, self.trial_name]}}) or []
        called = {each["Spec"]["Name"]: each for each in listed}
        self.trial = called.get(self.trial_name)
        numbered = [(match[1], called[match[0]]) for match in map(pattern.fullmatch, called) if match]
        if self.hashed:  # a name that looks alike is no version
            numbered = [
                (text, each) for text, each in numbered if labels(each).get(VERSION) == text or text == self.version
            ]
            numbered.sort(key=lambda item: str(item[1]["CreatedAt"]).rstrip("Z"))
        else:
            numbered.sort(key=lambda item: int(item[0] or 0))
        self.versions = [each for _text, each in numbered]
        if self.rolling:
            self.version = str(int(numbered[-1][0]) + 1 if numbered else 1)
            self.next = f"{self.name}_v{self.version}"
        if self.hashed and self.state == "present":
            return called.get(self.next)
        return self.versions[-1] if self.versions else None

    def services(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.engine.get("/services") or []
        return found

    # The plan.

    def plan(self, found: Document | None) -> Plan:
        plan = super().plan(found)
        if self.trial:  # an earlier replacement was cut short; without the object, its place is where its labels are
            text = f"remove the unfinished replacement of {self.word} {self.name}"
            plan.steps.insert(0 if found else len(plan.steps), Step(text, partial(self.remove, self.trial)))
        if self.state == "present":
            makes_one = any(change.action == RECREATE for change in plan.changes) or not found or self.params["force"]
            self.newest = found["Spec"]["Name"] if found and not makes_one else self.next
            plan.steps += self.succession([each for each in self.versions if each["Spec"]["Name"] != self.newest])
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
        self.unused([found], "" if self.hashed else "; rolling_versions or hashed_versions make a new one beside it")
        return [Step(f"recreate {self.word} {name}", lambda: self.recreate(found, changes))]

    def removal(self, found: Document) -> Plan:
        self.unused(self.versions, "")
        steps = [
            Step(f"remove {self.word} {each['Spec']['Name']}", partial(self.remove, each)) for each in self.versions
        ]
        return Plan(steps, [], {"exists": True}, {"exists": False})

    def unused(self, these: list[dict[str, Any]] | list[Document], advice: str) -> None:
        """An obstacle for each of these that a service uses."""
        using = users(self.services(), self.uses)
        for each in these:
            if each["ID"] in using:
                names = ", ".join(sorted(using[each["ID"]]))
                self.obstacles.append(f"{self.word} {each['Spec']['Name']} is in use by service {names}{advice}")

    def succession(self, old: list[dict[str, Any]]) -> list[Step]:
        """The steps that follow a new version: services move to it; old ones that are too many and serve nobody go.

        An old one serves also a service that may still go back to it, as its update to a newer one is not through.
        """
        if not old:
            return []
        services, ids = self.services(), {each["ID"] for each in old}
        moving = users(services, self.named) if self.moves else {}
        steps = [
            Step(f"update service {name} to {self.word} {self.newest}", partial(self.move, name, ids))
            for name in sorted({name for ident in ids for name in moving.get(ident, ())})
        ]
        states = {each["Spec"]["Name"]: updating(each) for each in services}
        serving = users(services, self.uses)
        before = users([each for each in services if updating(each) not in THROUGH], self.uses, "PreviousSpec")
        for each in old[: max(0, len(old) - self.keep)] if self.keep >= 0 else []:
            back = before.get(each["ID"], set())
            leaving = moving.get(each["ID"], set()) | {name for name in back if states[name] == "updating"}
            if serving.get(each["ID"], set()) | back <= leaving and any(name in labels(each) for name in OWN):
                text = f"remove {self.word} {each['Spec']['Name']}"
                steps.append(Step(text, partial(self.retire, each, sorted(leaving))))
        return steps

    # The verbs.

    def create(self) -> None:
        kept = stored(self.trial) if self.trial else {}
        body = self.schema.body(self.desired, self.schema.actual(kept), self.modes, into=kept)
        if self.version:
            body["Labels"] = {**(body.get("Labels") or {}), VERSION: self.version}
        self.post(self.next, body)

    def post(self, name: str, body: dict[str, Any]) -> dict[str, Any]:
        with manager(self.engine):
            made: dict[str, Any] = self.engine.post(f"{self.path}/create", {"Name": name, **body})
        return made

    def update(self, found: Document, changes: list[Change]) -> None:
        spec = {name: value for name, value in found["Spec"].items() if name != "Data"}
        LABELS.write(self.desired, self.schema.actual(found["Spec"]), self.modes, spec)
        self.engine.post(f"{self.path}/{found['ID']}/update", spec, {"version": found["Version"]["Index"]})

    def recreate(self, found: Document, changes: list[Change]) -> None:
        body = self.schema.body(self.desired, self.schema.actual(found["Spec"]), self.modes, into=stored(found))
        # What the engine refuses shall be refused while the old one, which nobody can read back, still is there; and
        # its labels shall not be lost when this is cut short.
        trial = self.post(self.trial_name, body)
        try:
            self.remove(found)
        except APIError:  # a service came to use it
            self.remove(trial)
            raise
        self.post(found["Spec"]["Name"], body)
        self.remove(trial)

    def move(self, service: str, old: set[str]) -> None:
        """POST /services/{id}/update: the service's own way of updating replaces its tasks."""
        found = self.engine.get(f"/services/{service}")
        name = self.word.capitalize()
        this = {f"{name}ID": self.engine.get(f"{self.path}/{self.newest}")["ID"], f"{name}Name": self.newest}
        spec = deepcopy(found["Spec"])
        for each in spec["TaskTemplate"]["ContainerSpec"].get(self.member) or []:
            if each[f"{name}ID"] in old:
                each.update(this)
        self.engine.post(f"/services/{found['ID']}/update", spec, {"version": found["Version"]["Index"]})

    def retire(self, found: Document, leaving: list[str]) -> None:
        """Remove a version once the services that leave it cannot come back."""
        for name in leaving:
            service = self.engine.get(f"/services/{name}", missing=None)
            if service:
                watch = Watch(self.engine, service["ID"], name, acted=True, back=False)
                watch.until_converged(self.params["wait_timeout"])
        self.remove(found)

    def remove(self, found: Document) -> None:
        self.engine.delete(f"{self.path}/{found['ID']}", missing=None)

    def value(self, found: Document | None) -> dict[str, Any]:
        if self.state == "absent":
            return {self.word: {}}
        there = {self.word: dict(found), f"{self.word}_id": found["ID"]} if found else {self.word: {}}
        return {**there, f"{self.word}_name": self.newest}


def stored(found: Document) -> dict[str, Any]:
    """What a secret or config has beside its name and its data."""
    return {name: value for name, value in found["Spec"].items() if name not in ("Name", "Data")}


def labels(found: Document) -> Mapping[str, str]:
    return found["Spec"].get("Labels") or {}


def updating(service: Document) -> str | None:
    """The state of a service's last update."""
    state: str | None = pick(service, "UpdateStatus.State")
    return state


def users(
    services: list[dict[str, Any]], uses: Callable[[Mapping[str, Any]], Iterator[str]], spec: str = "Spec"
) -> dict[str, set[str]]:
    """id -> the names of the services whose containers use it."""
    result: dict[str, set[str]] = {}
    for service in services:
        for identity in uses(pick(service, f"{spec}.TaskTemplate.ContainerSpec") or {}):
            result.setdefault(identity, set()).add(service["Spec"]["Name"])
    return result
