# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Swarms, nodes, secrets and configs when the engine refuses, is in another state, or somebody else is faster."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources import secret as secrets
from ansible_collections.dockside.engine.plugins.module_utils._resources.cluster import NotManager, manager
from ansible_collections.dockside.engine.plugins.module_utils._resources.config import Config
from ansible_collections.dockside.engine.plugins.module_utils._resources.node import Node
from ansible_collections.dockside.engine.plugins.module_utils._resources.secret import FOREIGN, HASH, Secret
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm import Swarm
from ansible_collections.dockside.engine.plugins.module_utils._state import converge

from tests.unit.fake_engine import FakeEngine, Reply, Seen
from tests.unit.resources.conftest import Task, changing

STALE = Reply({"message": "rpc error: code = Unknown desc = update out of sequence"}, 500)
NO_LEADER = Reply({"message": "rpc error: code = Unknown desc = The swarm does not have a leader."}, 500)
NO_MANAGER = Reply({"message": "This node is not a swarm manager."}, 503)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(converge.time, "sleep", lambda seconds: None)


def found(spec: dict[str, Any], version: int = 1) -> dict[str, Any]:
    return {"ID": "id1", "Version": {"Index": version}, "Spec": spec}


# ---- managers, and engines that are none ----


@pytest.mark.parametrize(
    ("swarm", "says"),
    [
        ({"LocalNodeState": "inactive"}, "is in no swarm: make it a manager with dockside.engine.swarm"),
        ({}, "is in no swarm"),
        ({"LocalNodeState": "locked"}, "is a locked manager: give it the key with dockside.engine.swarm_unlock"),
        ({"LocalNodeState": "pending"}, r"has not come into its swarm \(state pending\)"),
        ({"LocalNodeState": "error", "Error": "bad certificate"}, r"\(state error: bad certificate\)"),
        (
            {"LocalNodeState": "active", "RemoteManagers": [{"Addr": "b:2377"}, {"Addr": "a:2377"}]},
            r"is a worker of its swarm: set docker_host to a manager \(the swarm's managers: a:2377, b:2377\)",
        ),
        ({"LocalNodeState": "active", "ControlAvailable": True}, "This node is not a swarm manager"),
    ],
)
def test_who_is_no_manager_is_told_what_to_do(
    fake: FakeEngine, engine: Engine, swarm: dict[str, Any], says: str
) -> None:
    fake.on("GET", "/secrets", NO_MANAGER)
    fake.on("GET", "/info", Reply({"Swarm": swarm}))
    with pytest.raises(NotManager, match=says), manager(engine):
        engine.get("/secrets")


def test_other_errors_of_a_manager_stay_as_they_are(fake: FakeEngine, engine: Engine) -> None:
    fake.on("GET", "/secrets", NO_LEADER)
    with pytest.raises(EngineError, match="does not have a leader"), manager(engine):
        engine.get("/secrets")


# ---- secrets and configs ----


def keep(fake: FakeEngine, path: str, *objects: dict[str, Any]) -> None:
    fake.on("GET", path, Reply(list(objects)))
    fake.on("GET", "/services", Reply([]))


def test_a_label_that_came_in_between_is_kept(fake: FakeEngine, task: Task) -> None:
    labels = {HASH: secrets.digest(b"x", 10, "salt")}
    keep(fake, "/secrets", found({"Name": "s", "Labels": labels}))

    def update(seen: Seen) -> Reply:
        if seen.query["version"] == ["1"]:
            keep(fake, "/secrets", found({"Name": "s", "Labels": {**labels, "other": "1"}}, 2))
            return STALE
        return Reply(None)

    fake.on("POST", "/secrets/id1/update", update)
    assert task(Secret, name="s", data="x", labels={"a": "1"}).actions == ["update secret s"]
    sent = [seen.json for seen in fake.seen if seen.method == "POST"]
    assert sent[-1] == {"Name": "s", "Labels": {**labels, "other": "1", "a": "1"}}
    assert len(sent) == 2


def test_who_comes_second_to_make_a_config_finds_it(fake: FakeEngine, task: Task) -> None:
    keep(fake, "/configs")

    def create(seen: Seen) -> Reply:
        keep(fake, "/configs", found({"Name": "c", "Data": "eA=="}))
        return Reply({"message": "rpc error: code = AlreadyExists desc = config c already exists"}, 409)

    fake.on("POST", "/configs/create", create)
    outcome = task(Config, name="c", data="x")
    assert (outcome.changed, outcome.actions, outcome.value["config_id"]) == (False, [], "id1")


def test_a_refused_secret_leaves_the_old_one(fake: FakeEngine, task: Task) -> None:
    keep(fake, "/secrets", found({"Name": "s", "Labels": {FOREIGN: hashlib.sha224(b"x").hexdigest()}}))
    fake.on("POST", "/secrets/create", Reply({"message": "secret data must be larger than 0"}, 400))
    with pytest.raises(EngineError, match="larger than 0"):
        task(Secret, name="s", data="y")
    assert changing(fake) == ["POST /secrets/create"]


@pytest.mark.parametrize("label", ["", "pbkdf2-sha256", "pbkdf2-sha256:x:salt:0", "md5:1:salt:0", "pbkdf2-sha256:0:s:0",
                                   "pbkdf2-sha256:99999999999:s:0"])  # fmt: skip
def test_a_label_that_is_no_hash_of_ours_tells_of_other_data(label: str) -> None:
    assert not secrets.matches(b"x", {HASH: label})


def test_hashes_of_the_same_data_differ() -> None:
    one, other = (secrets.digest(b"x", 10, salt) for salt in ("a", "b"))
    assert one.rpartition(":")[2] != other.rpartition(":")[2]
    assert secrets.matches(b"x", {HASH: one})
    assert secrets.matches(b"x", {HASH: other})
    assert not secrets.matches(b"y", {HASH: one})


# ---- swarms and nodes ----

MEMBER = {"LocalNodeState": "active", "ControlAvailable": True, "NodeID": "n1", "NodeAddr": "192.0.2.1", "Managers": 3}


def test_a_swarm_without_a_leader_says_how_to_go_on(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", "/info", Reply({"Swarm": MEMBER}))
    fake.on("GET", "/swarm", NO_LEADER)
    with pytest.raises(EngineError, match="force_new_cluster: true goes on without them"):
        task(Swarm)
    fake.on("POST", "/swarm/init", lambda seen: fake.on("GET", "/swarm", Reply(found({"Labels": {}}))) or Reply("n1"))
    assert task(Swarm, force_new_cluster=True).actions == ["make this manager the only one of a new swarm"]
    sent = next(seen.json for seen in fake.seen if seen.method == "POST")
    assert (sent["ForceNewCluster"], sent["AdvertiseAddr"]) == (True, "192.0.2.1")


def test_a_swarm_with_a_leader_is_not_made_anew(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", "/info", Reply({"Swarm": MEMBER}))
    fake.on("GET", "/swarm", Reply(found({"Labels": {}})))
    assert not task(Swarm, force_new_cluster=True).changed
    assert changing(fake) == []


def test_a_manager_among_others_is_not_taken_out_of_the_swarm(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", "/info", Reply({"Swarm": MEMBER}))
    with pytest.raises(ValueError, match="make it a worker first"):
        task(Swarm, state="absent")
    fake.on("GET", "/info", Reply({"Swarm": {**MEMBER, "LocalNodeState": "locked"}}))
    with pytest.raises(ValueError, match="locked manager; force: true leaves"):
        task(Swarm, state="absent")


def node(name: str, identity: str = "", role: str = "worker", reachability: str = "") -> dict[str, Any]:
    return {
        "ID": identity or f"id-{name}",
        "Version": {"Index": 1},
        "Spec": {"Role": role, "Availability": "active", "Labels": {}},
        "Description": {"Hostname": name},
        "Status": {"State": "ready"},
        "ManagerStatus": {"Reachability": reachability} if reachability else None,
    }


def test_a_host_name_of_two_nodes_needs_an_id(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", "/nodes", Reply([node("web", "id1"), node("web", "id2")]))
    with pytest.raises(ValueError, match=r"several nodes are called web; name one by its id: id1 \(ready\), id2"):
        task(Node, hostname="web", labels={"a": "1"})
    fake.on("POST", "/nodes/id2/update", Reply(None))
    assert task(Node, hostname="id2", labels={"a": "1"}).changed
    sent = next(seen.json for seen in fake.seen if seen.method == "POST")
    assert sent == {"Role": "worker", "Availability": "active", "Labels": {"a": "1"}}


def test_a_manager_that_the_others_need_stays_one(fake: FakeEngine, task: Task) -> None:
    nodes = [node("a", role="manager", reachability="reachable"), node("b", role="manager", reachability="reachable")]
    lost = node("c", role="manager", reachability="unreachable")
    fake.on("GET", "/nodes", Reply([*nodes, lost]))
    for options in ({"role": "worker"}, {"state": "absent", "force": True}):
        with pytest.raises(ValueError, match="no majority, as these are not reachable: c"):
            task(Node, hostname="b", **options)
    assert changing(fake) == []
    assert task(Node, check=True, hostname="c", role="worker").changed
