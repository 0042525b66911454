# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Nodes that die or are cut off in the middle of a task: the next run, at another manager, converges."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.config import Config
from ansible_collections.dockside.engine.plugins.module_utils._resources.node import Node
from ansible_collections.dockside.engine.plugins.module_utils._resources.secret import Secret
from ansible_collections.dockside.engine.plugins.module_utils._resources.service import Service
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm import Swarm
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import Resource
from engines import Lab, LabError
from engines.process import wait_for

from tests.matrix.clusters import Manager
from tests.matrix.harness import Bench, Options
from tests.matrix.relay import ANSWERED, WHENS, Place, Strike

KEPT = {"kept": "1"}  # labels that no later task names
FAST = {"monitor": "500ms", "parallelism": 0}
IDLE: dict[str, Any] = {
    "image": "dockside/web:1",
    "resolve_image": "never",
    "command": "/bin/idle",
    "update_config": FAST,
    "stop_grace_period": "1s",
}
NOWHERE = {"replicas": 0, "placement": {"constraints": ["node.id==none"]}}


@dataclass(frozen=True)
class Scene:
    """A task that is cut short in one place.

    before    the tasks that make what is there
    left      the objects that there have to be in the end, as (path, name), with the labels KEPT
    """

    id: str
    place: Place
    kind: type[Resource]
    options: Options
    before: tuple[tuple[type[Resource], Options], ...] = ()
    left: tuple[tuple[str, str], ...] = ()

    def __str__(self) -> str:
        return f"{self.id}, {self.place}"


def scenes(worker: str) -> Iterator[Scene]:
    for number, when in enumerate(WHENS):
        for kind in (Secret, Config):
            yield from of_stored(kind, f"{kind.word}{number}", when)
        yield from of_services(f"service{number}", when, worker)


def of_stored(kind: type[Resource], start: str, when: str) -> Iterator[Scene]:
    path = f"/{kind.word}s"

    def scene(verb: str, at: int, first: Options | None, then: Options) -> Scene:
        name = f"{start}-{verb}{at}"
        before = () if first is None else ((kind, {"name": name, "labels": KEPT, **first}),)
        left = () if "state" in then else ((path, name),)
        return Scene(name, Place(at, when), kind, {"name": name, **then}, before, left)

    yield scene("create", 1, None, {"data": "one", "labels": KEPT})
    yield scene("update", 1, {"data": "one"}, {"data": "one", "labels": {"a": "1"}})
    yield scene("remove", 1, {"data": "one"}, {"state": "absent"})
    for at in (1, 2, 3, 4):  # the trial, the end of the old one, the new one, the end of the trial
        yield scene("replace", at, {"data": "one"}, {"data": "two"})
    for at in (1, 2, 3):  # the new version, the service, the end of the old version
        name = f"{start}-version{at}"
        options = {"name": name, "hashed_versions": True, "labels": KEPT, "wait_timeout": 60}
        used = {f"{kind.word}s": [{f"{kind.word}_name": version(kind, {**options, "data": "one"}), "filename": "/x"}]}
        before = (
            (kind, {**options, "data": "one"}),
            (Service, {"name": name, **IDLE, **NOWHERE, "labels": KEPT, **used}),
        )
        new = {**options, "data": "two"}
        yield Scene(name, Place(at, when), kind, new, before, ((path, version(kind, new)), ("/services", name)))


def version(kind: type[Resource], options: Options) -> str:
    """The name of a version with a hash."""
    name: str = kind(None, Bench(kind, None).params(options)).next
    return name


def of_services(start: str, when: str, worker: str) -> Iterator[Scene]:
    def scene(verb: str, at: int, *tasks: Options, waiting: bool = False) -> Scene:
        """The last of the tasks is cut short."""
        name = f"{start}-{verb}{at}"
        *before, last = ({"name": name, **options} for options in tasks)
        left = () if "state" in last else (("/services", name),)
        return Scene(name, Place(at, when, waiting), Service, last, tuple((Service, each) for each in before), left)

    made = {**IDLE, **NOWHERE, "labels": KEPT}
    yield scene("create", 1, made)
    yield scene("update", 1, made, {"env": {"A": "1"}})
    yield scene("remove", 1, made, {"state": "absent"})
    yield scene("rollback", 1, made, {"env": {"A": "1"}}, {"rollback": True})
    for at in (1, 2, 3, 4):  # the stand-in, the end of the old one, the new one, the end of the stand-in
        yield scene("mode", at, made, {"mode": "global"})
    # In the middle of an update, while the task waits for its end.
    slow = {**FAST, "parallelism": 1, "delay": "1s"}
    there = {"replicas": 2, "placement": {"constraints": [f"node.id=={worker}"]}, "update_config": slow, "wait": True}
    changed = {"env": {"A": "1"}, "wait": True, "wait_timeout": 60}
    yield scene("roll", 1, {**IDLE, "labels": KEPT, **there}, changed, waiting=True)


class Trio:
    """Three managers of three versions, the leader first, and two workers."""

    def __init__(self, lab: Lab) -> None:
        engines = lab.swarm(managers=3, workers=2, flavours=("28.5", "26.1", "20.10"))
        self.all = [Manager(engine.flavour, engine) for engine in engines]
        with ThreadPoolExecutor(5) as pool:
            list(pool.map(Manager.image, self.all))
        self.leader, self.second, self.third = self.all[:3]
        self.ids = {each["Status"]["Addr"]: str(each["ID"]) for each in self.leader.ask("GET", "/nodes")}
        self.workers = [self.id_of(member) for member in self.all[3:]]

    def id_of(self, member: Manager) -> str:
        return self.ids[member.engine.address]


@pytest.fixture
def trio(lab: Lab) -> Iterator[Trio]:
    trio = Trio(lab)
    yield trio
    for member in trio.all:
        with suppress(LabError):  # the test has killed it
            member.engine.kill()


def test_the_leader_dies_in_each_request_that_changes_something(trio: Trio) -> None:
    found = list(scenes(trio.workers[0]))
    labels = {when.split()[0]: "1" for when in WHENS}
    for when, label in zip(WHENS, labels):
        found.append(Scene("swarm", Place(1, when), Swarm, {"labels": {label: "1"}}))
        found.append(Scene("node", Place(1, when), Node, {"hostname": trio.workers[0], "labels": {label: "1"}}))
    gone = {"hostname": trio.workers[1], "state": "absent", "force": True}
    found.append(Scene("node-remove", Place(1, ANSWERED), Node, gone))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda scene: prepare(trio.leader, scene), found))
    with Strike(trio.leader.engine.kill) as strike, ThreadPoolExecutor(len(found)) as pool:
        hosts = [strike.relay(trio.leader.engine.socket, scene.place) for scene in found]
        said = dict(zip(map(str, found), pool.map(lambda each: cut(trio.leader, *each), zip(found, hosts))))
    assert strike.struck
    assert {name: text for name, text in said.items() if "the Docker daemon at" not in text} == {}

    wait_for("a new leader", lambda: trio.second.engine.get("/nodes")[0] == 200, 180)
    with ThreadPoolExecutor(8) as pool:
        wrong = dict(zip(map(str, found), pool.map(lambda scene: again(trio.second, scene), found)))
    assert {name: text for name, text in wrong.items() if text} == {}
    assert trio.second.ask("GET", "/swarm")["Spec"]["Labels"] == labels
    nodes = {each["ID"]: each["Spec"].get("Labels") for each in trio.second.ask("GET", "/nodes")}
    assert trio.workers[1] not in nodes
    assert nodes[trio.workers[0]] == labels
    there = [(path, each) for path in ("/secrets", "/configs", "/services") for each in trio.second.ask("GET", path)]
    left = sorted(item for scene in found for item in scene.left)
    assert sorted((path, each["Spec"]["Name"]) for path, each in there) == left
    assert [each["Spec"]["Name"] for _path, each in there if each["Spec"]["Labels"].get("kept") != "1"] == []


def test_nodes_that_are_cut_off_and_return(trio: Trio) -> None:
    """The leader and a worker lose the network. The others go on; what came back finds itself in what they did."""
    web = {"name": "web", **IDLE, "replicas": 6, "update_config": {**FAST, "order": "start-first"}, "wait": True}
    worker = trio.all[3]
    Bench(Service, trio.leader).run(web)
    Bench(Secret, trio.leader).run({"name": "before", "data": "one"})
    wait_for("a task on the worker", lambda: worker.ask("GET", "/containers/json"), 30)
    for member in (trio.leader, worker):
        member.engine.unplug()
    with pytest.raises(EngineError, match=r"lost leader status|does not have a leader"):
        Bench(Secret, trio.leader).run({"name": "alone", "data": "one"})

    wait_for("a new leader", lambda: trio.second.engine.get("/nodes")[0] == 200, 180)
    made = {"name": "meanwhile", "data": "one"}
    assert Bench(Secret, trio.third).run(made).changed
    assert Bench(Secret, trio.second).run({"name": "before", "data": "one", "labels": {"a": "1"}}).changed
    lost = {trio.id_of(member) for member in (trio.leader, worker)}

    def down() -> bool:
        nodes = trio.second.ask("GET", "/nodes")
        return lost == {each["ID"] for each in nodes if each["Status"]["State"] == "down"}

    wait_for("nodes that are down", down, 180)
    after = {**web, "env": {"A": "1"}}
    assert Bench(Service, trio.second).run(after).changed
    assert lost & {each["NodeID"] for each in running(trio.third)} == set()

    for member in (trio.leader, worker):
        member.engine.plug()
    wait_for("the old leader", lambda: trio.leader.engine.get("/nodes")[0] == 200, 180)
    assert not Bench(Secret, trio.leader).run(made).changed
    assert not Bench(Service, trio.leader).run(after).changed
    Bench(Secret, trio.leader).run({"name": "alone", "data": "one"})
    assert not Bench(Secret, trio.second).run({"name": "alone", "data": "one"}).changed
    wait_for("the end of the old tasks", lambda: not old_containers(trio), 180)
    assert len(running(trio.leader)) == 6
    secrets = {each["Spec"]["Name"]: each["Spec"]["Labels"].get("a") for each in trio.leader.ask("GET", "/secrets")}
    assert secrets == {"before": "1", "meanwhile": None, "alone": None}


def running(manager: Manager) -> list[dict[str, Any]]:
    """The tasks that swarm wants to run."""
    tasks = manager.ask("GET", "/tasks")
    return [each for each in tasks if each["DesiredState"] == each["Status"]["State"] == "running"]


def old_containers(trio: Trio) -> list[str]:
    """Containers that no task of now has."""
    now = {each["Status"]["ContainerStatus"]["ContainerID"] for each in running(trio.second)}
    return [
        each["Id"] for member in trio.all for each in member.ask("GET", "/containers/json") if each["Id"] not in now
    ]


def prepare(leader: Manager, scene: Scene) -> None:
    for kind, options in scene.before:
        Bench(kind, leader).run(options)


def cut(leader: Manager, scene: Scene, host: str) -> str:
    """What a run says that is cut short."""
    try:
        Bench(scene.kind, leader).run(scene.options, host=host)
    except EngineError as error:
        return str(error)
    return "nothing"


def again(manager: Manager, scene: Scene) -> str:
    """What is wrong with the next runs of a task."""
    bench = Bench(scene.kind, manager)
    try:
        bench.run(scene.options)
        ran = [bench.run(scene.options, check) for check in (True, False)]
    except (EngineError, ValueError) as error:
        return str(error)
    return ", ".join(text for outcome in ran for text in outcome.actions)
