# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives a resource in process against a real engine: what holds for every option of every resource.

CASES = [
    Case("labels", {"labels": {"a": "1"}}, {"labels": {"a": "2"}}, CREATE_ONLY),
    ...
]

@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, target: Target) -> None:
    Bench(Volume, target).prove(case)
"""

from __future__ import annotations

import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import parse_version, resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, VersionError
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import Outcome, Resource, converge
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import CREATE_ONLY, RECREATE, pick
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Unfit
from engines import Engine as LabEngine
from engines import LabError
from engines.process import wait_for
from engines.recorder import Recorder

Version = tuple[int, ...]
Options = Mapping[str, Any]


class Target:
    """An engine, and the API version that its clients are held to (None: whatever both sides know)."""

    def __init__(self, name: str, engine: LabEngine, pinned: str | None) -> None:
        self.name = name
        self.engine = engine
        self.pinned = pinned
        self.swarms = False
        self.api: Version = parse_version(pinned) if pinned else min(engine.api, (1, 55))

    def __str__(self) -> str:
        return self.name

    @property
    def containerd(self) -> bool:
        """Whether images are in the containerd image store."""
        return "containerd" in self.engine.flavour

    @property
    def podman(self) -> bool:
        return self.engine.flavour == "podman"

    def client(self, host: str | None = None) -> Engine:
        return Engine(resolve({"docker_host": host or self.engine.host, "api_version": self.pinned}, {}))

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        return self.engine.ask(method, path, body)

    def there(self, path: str) -> bool:
        return self.engine.get(path)[0] == 200

    def container(self, name: str, *, start: bool = True, **body: Any) -> str:
        """A container of the idle image; answers its id. `body` is what POST /containers/create takes."""
        body = {"Image": self.image(), "Cmd": ["/bin/idle"], **body}
        made: str = self.ask("POST", f"/containers/create?name={name}", body)["Id"]
        if start:
            self.ask("POST", f"/containers/{made}/start")
        return made

    def image(self) -> str:
        """The name of an image that stays for the whole session."""
        name = "dockside/web:1"
        if not self.there(f"/images/{name}/json"):
            self.engine.image(name)
        return name

    def images(self) -> set[str]:
        self.image()
        return {image["Id"] for image in self.ask("GET", "/images/json")}

    def drop_images_except(self, kept: set[str]) -> None:
        for image in self.ask("GET", "/images/json"):
            own = image["Id"] not in kept
            for name in image["RepoTags"] or ():
                if own or name != "dockside/web:1":
                    self.engine.request("DELETE", f"/images/{quote(name)}?force=1")
            if own:
                self.engine.request("DELETE", f"/images/{image['Id']}?force=1")

    def swarm(self, ingress: bool = True) -> None:
        """Make a swarm of this engine, with its ingress network or without."""
        self.ask("POST", "/swarm/init", {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": self.engine.address})
        wait_for("the ingress network", lambda: self.there("/networks/ingress"), 20)
        if not ingress:
            self.ask("DELETE", "/networks/ingress")
        self.swarms = True
        self.settle()

    def reset(self) -> None:
        self.engine.reset()
        self.swarms = False

    def settle(self) -> None:
        """Wait until nothing changes any more: the daemon goes on by itself after a swarm was made."""
        seen: list[Any] = []

        def still() -> bool:
            time.sleep(0.06)
            seen.append(self.snapshot())
            return seen[-3:] == [seen[-1]] * 3

        wait_for("a quiet engine", still, 20)

    def snapshot(self) -> dict[str, Any]:
        """All that is on the engine, less what changes by itself."""

        def whole() -> dict[str, Any] | None:
            try:
                return self.look()
            except LabError as error:
                if "not found" not in str(error):
                    raise
                return None

        # In a swarm, networks come and go in their own time, also between the list and the look at each.
        return wait_for("an engine that shows all it lists", whole, 20)

    def look(self) -> dict[str, Any]:
        containers, networks = {}, {}
        for each in self.ask("GET", "/containers/json?all=1"):
            found = self.ask("GET", f"/containers/{each['Id']}/json")
            found["State"].pop("Health", None)
            found.pop("ExecIDs", None)  # of the health check
            found.get("Mounts", []).sort(key=lambda mount: str(mount["Destination"]))  # these come in any order
            (found["HostConfig"]["Links"] or []).sort()
            containers[each["Id"]] = found
        for each in self.ask("GET", "/networks"):
            found = self.ask("GET", f"/networks/{each['Id']}")
            if each["Scope"] == "swarm":
                found = {
                    name: found[name] for name in ("Name", "Driver", "Labels", "Internal", "Ingress", "Attachable")
                }
            if self.podman:
                del found["Created"]  # its default network is always new
            if each["Name"] != "docker_gwbridge":  # a swarm makes it in its own time, as it fills in the rest
                networks[each["Id"]] = found
        volumes = sorted(self.ask("GET", "/volumes")["Volumes"] or [], key=lambda volume: str(volume["Name"]))
        images = sorted(self.ask("GET", "/images/json"), key=lambda image: str(image["Id"]))
        plugins = sorted([] if self.podman else self.ask("GET", "/plugins"), key=lambda plugin: str(plugin["Id"]))
        return {
            "containers": containers,
            "networks": networks,
            "volumes": volumes,
            "images": images,
            "plugins": plugins,
        }


@dataclass(frozen=True)
class Case:
    """An option, or a few that only go together.

    options    what makes the object, beside its name
    changed    what the next task names instead; None: nothing is changed
    action     what the change costs (UPDATE, RECONNECT, RECREATE, CREATE_ONLY)
    why        the options that `changes` names; by default those of `changed` that differ from `options`
    costs      API version or engine -> what the change costs below it or there, where that is not `action`
    consent    options that allow a change which would else be refused
    min_api    the API version that the options need; below, the task must fail and name `needs`
    needs      the option (path) that is too new below min_api; by default each of `options`
    without    engine -> why the case cannot be tried there, so that no test is made of the two (conftest.py)
    refused    engine that cannot do it -> the words with which the first task fails
    shows      path in inspect -> its value after the first task, in Docker's words
    prepare    makes what the options speak of
    force      what state: absent needs, beside the name
    name       the object's name
    """

    id: str
    options: Options
    changed: Options | None = None
    action: str = RECREATE
    why: tuple[str, ...] | None = None
    costs: Mapping[Version | str, str] = field(default_factory=dict)
    consent: Options = field(default_factory=dict)
    min_api: Version = (1, 33)
    needs: tuple[str, ...] | None = None
    without: Mapping[str, str] = field(default_factory=dict)
    refused: Mapping[str, str] = field(default_factory=dict)
    shows: Mapping[str, Any] = field(default_factory=dict)
    prepare: Callable[[Target], Any] | None = None
    force: Options = field(default_factory=dict)
    name: str = "case"

    def __str__(self) -> str:
        return self.id

    def reasons(self) -> set[str]:
        if self.why is not None:
            return set(self.why)
        return {name for name, value in (self.changed or {}).items() if self.options.get(name) != value}

    def cost(self, target: Target) -> str:
        versions = sorted((key, action) for key, action in self.costs.items() if isinstance(key, tuple))
        below = next((action for version, action in versions if target.api < version), self.action)
        return self.costs.get(target.name, below)


class Bench:
    """A kind of resource on a target."""

    def __init__(self, kind: type[Resource], target: Target) -> None:
        self.kind = kind
        self.target = target
        self.rules = dict(kind.rules)

    def params(self, options: Options) -> dict[str, Any]:
        """The options as AnsibleModule would hand them over; ValueError with its words."""
        result = ArgumentSpecValidator(self.kind.argument_spec(), **self.rules).validate(dict(options))
        if result.error_messages:
            raise ValueError("; ".join(result.error_messages))
        return dict(result.validated_parameters)

    def run(self, options: Options, check: bool = False, host: str | None = None) -> Outcome:
        engine = self.target.client(host)
        try:
            outcome = converge(self.kind(engine, self.params(options)), check)
            outcome.value["warnings"] = engine.warnings
            return outcome
        finally:
            engine.close()

    def check(self, options: Options) -> Outcome:
        """A run in check mode, which must not touch the engine."""
        tries = 3 if self.target.swarms else 1  # the daemon's own late work on a swarm does not come three times
        while True:
            tries -= 1
            before = self.target.snapshot()
            outcome = self.run(options, check=True)
            after = self.target.snapshot()
            if after == before or not tries:
                assert after == before
                return outcome
            self.target.settle()

    def agree(self, options: Options, foreseen: bool = True) -> Outcome:
        """A real run, which must do what the run in check mode before it said.

        `foreseen`: also the values of the diff are known beforehand, which the id of a new image is not.
        """
        said, done = self.check(options), self.run(options)
        if self.target.swarms:
            self.target.settle()
        assert (said.changed, said.actions) == (done.changed, done.actions)
        assert [change.option for change in said.changes] == [change.option for change in done.changes]
        if foreseen:
            assert said.changes == done.changes
            assert said.diff == done.diff
        return done

    def settled(self, options: Options) -> Outcome:
        """A run that must find everything as the task wants it."""
        outcome = self.agree(options)
        assert outcome.changes == []
        assert (outcome.changed, outcome.actions) == (False, [])
        assert outcome.diff["before"] == outcome.diff["after"]
        return outcome

    def refused(
        self, options: Options, message: str, error: type[Exception] | tuple[type[Exception], ...] = ValueError
    ) -> None:
        """A run that must fail with these words (a regular expression) and touch nothing."""
        before = self.target.snapshot()
        with pytest.raises(error, match=message):
            self.run(options)
        assert self.target.snapshot() == before

    def prove(self, case: Case) -> None:
        """Created, again ok, changed at the planned cost, ok, removed, ok; check mode agreeing each time."""
        target = self.target
        if case.prepare:
            case.prepare(target)
        options = {"name": case.name, **case.options}
        if target.api < case.min_api:
            for option in case.needs or tuple(case.options):
                text = f"{option} needs API {case.min_api[0]}.{case.min_api[1]}"
                self.refused(options, re.escape(text), VersionError)
            return
        if target.name in case.refused:
            self.refused(options, case.refused[target.name], (ValueError, EngineError))
            return
        made = self.agree(options)
        assert made.changed
        for path, value in () if target.podman else case.shows.items():
            assert pick(made.value[self.kind.word], path) == value, path
        self.settled(options)
        if case.changed is not None:
            self.prove_change(case, {**options, **case.changed})
        absent = {"name": case.name, "state": "absent", **case.force}
        assert self.agree(absent).changed
        self.settled(absent)

    def prove_change(self, case: Case, options: dict[str, Any]) -> None:
        if case.action == CREATE_ONLY:
            self.refused(options, ".*".join(sorted(case.reasons())), Unfit)
        options.update(case.consent)
        done = self.agree(options)
        assert done.changed
        assert {change.option for change in done.changes} == case.reasons()
        assert case.cost(self.target) in {change.action for change in done.changes}
        assert set(done.diff["before"]) == set(done.diff["after"]) == case.reasons()
        self.settled(options)


@contextmanager
def counted(target: Target) -> Iterator[tuple[str, list[tuple[str, str]]]]:
    """(docker_host, requests): a socket in front of the engine's, and the requests that came through it so far."""
    with tempfile.TemporaryDirectory(prefix="dockside-") as directory:
        with Recorder(Path(directory, "docker.sock"), target.engine.socket) as recorder:
            yield recorder.host, recorder.requests
