# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of swarms, on every engine, and swarms of several nodes."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, VersionError
from ansible_collections.dockside.engine.plugins.module_utils._resources.cluster import NotManager
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm import Swarm
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm_info import query
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm_unlock import Unlocked
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import UPDATE
from engines import Lab, LabError
from engines.credentials import Authority
from engines.process import wait_for

from tests.matrix.clusters import Manager
from tests.matrix.harness import Bench, Case

END = {"force": True}
SETTINGS = Case(
    "settings",
    {
        "labels": {"a": "1"},
        "task_history_retention_limit": 0,
        "snapshot_interval": 5000,
        "keep_old_snapshots": 2,
        "log_entries_for_slow_followers": 400,
        "heartbeat_tick": 2,
        "election_tick": 20,
        "dispatcher_heartbeat_period": "10s",
        "node_cert_expiry": "720h",
        "autolock_managers": True,
        "external_ca": [{"url": "https://ca.example/", "options": {"a": "b"}}],
    },
    {
        "labels": {"a": "2"},
        "task_history_retention_limit": 3,
        "snapshot_interval": 6000,
        "keep_old_snapshots": 0,
        "log_entries_for_slow_followers": 0,
        "heartbeat_tick": 1,
        "election_tick": 10,
        "dispatcher_heartbeat_period": "5000000000",
        "node_cert_expiry": "2160h0m0s",
        "autolock_managers": False,
        "external_ca": [{"url": "https://other.example/"}],
    },
    UPDATE,
    name="default",
    force=END,
    shows={
        "Spec.Orchestration.TaskHistoryRetentionLimit": 0,
        "Spec.Dispatcher.HeartbeatPeriod": 10 * 10**9,
        "Spec.EncryptionConfig.AutoLockManagers": True,
    },
)
CASES = [
    SETTINGS,
    Case("external_ca none", {"external_ca": [{"url": "https://ca.example/"}]}, {"external_ca": []}, UPDATE,
         name="default", force=END),
    Case(
        "addresses",
        {"default_addr_pool": ["10.98.0.0/16", "10.99.0.0/16"], "subnet_size": 26, "data_path_port": 5000},
        name="default",
        force=END,
        shows={"SubnetSize": 26, "DataPathPort": 5000},
    ),
]  # fmt: skip


@pytest.fixture
def bench(loner: Manager) -> Bench:
    return Bench(Swarm, loner)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, loner: Manager) -> None:
    Bench(Swarm, loner).prove(case)


def test_every_option_has_a_case() -> None:
    named = {option for case in CASES for option in case.options}
    rotations = {"signing_ca_cert", "signing_ca_key", "ca_force_rotate"}
    assert named | rotations | {"name"} == set(Swarm.schema.argument_spec())


def test_what_is_not_named_stays(bench: Bench, loner: Manager) -> None:
    bench.run(SETTINGS.options)
    before = loner.ask("GET", "/swarm")["Spec"]
    assert bench.agree({"labels": {"b": "2"}}).actions == ["update swarm"]
    assert loner.ask("GET", "/swarm")["Spec"] == {**before, "Labels": {"a": "1", "b": "2"}}
    bench.settled({})


def test_what_cannot_change_is_refused(bench: Bench, loner: Manager) -> None:
    loner.enter()
    bench.refused(
        {"subnet_size": 26, "data_path_port": 5000},
        "only chosen when one is made: subnet_size is 24, wanted 26, data_path_port is 4789, wanted 5000",
    )
    bench.settled({"data_path_port": 0, "default_addr_pool": ["10.0.0.0/8"]})
    bench.refused({"name": "other"}, "must be one of: default")
    bench.refused({"data_path_port": 80}, "data_path_port: must be at least 1024")


def test_an_old_engine_is_told_from_a_wrong_option(loner: Manager) -> None:
    options = {"default_addr_pool": ["10.98.0.0/16"], "subnet_size": 26, "data_path_port": 5000}
    said = "default_addr_pool needs API 1.39, subnet_size needs API 1.39, data_path_port needs API 1.40"
    if loner.api <= (1, 41):
        Bench(Swarm, Manager("old", loner.engine, "1.33")).refused(options, said, VersionError)


def test_addresses_and_availability(bench: Bench, loner: Manager) -> None:
    place = {"advertise_addr": f"{loner.engine.address}:2399", "listen_addr": "0.0.0.0:2399", "availability": "drain"}
    made = bench.agree({**place, "data_path_addr": loner.engine.address})
    node = loner.ask("GET", f"/nodes/{made.value['node_id']}")
    assert node["ManagerStatus"]["Addr"] == f"{loner.engine.address}:2399"
    assert node["Spec"]["Availability"] == "drain"
    bench.settled(place)


def test_rotations(bench: Bench, loner: Manager) -> None:
    bench.run({"autolock_managers": True})
    before = bench.run({}).value["swarm_facts"]
    done = bench.agree({"rotate_worker_token": True, "rotate_unlock_key": True, "labels": {"a": "1"}})
    assert done.actions == ["update swarm, rotate the worker token of swarm, rotate the unlock key of swarm"]
    after = done.value["swarm_facts"]
    assert after["JoinTokens"]["Worker"] != before["JoinTokens"]["Worker"]
    assert after["JoinTokens"]["Manager"] == before["JoinTokens"]["Manager"]
    assert after["UnlockKey"] != before["UnlockKey"]
    assert "JoinTokens" not in done.value["swarm"]
    again = bench.agree({"rotate_manager_token": True}).value["swarm_facts"]
    assert again["JoinTokens"]["Manager"] != after["JoinTokens"]["Manager"]
    assert again["JoinTokens"]["Worker"] == after["JoinTokens"]["Worker"]


def test_the_root_ca(bench: Bench, loner: Manager, tmp_path: Path) -> None:
    old, new = (Authority(tmp_path / name, f"{name} CA") for name in ("old", "new"))

    def signing(authority: Authority) -> dict[str, str]:
        key = authority.certificate.with_name("ca-key.pem").read_text()
        return {"signing_ca_cert": authority.certificate.read_text(), "signing_ca_key": key}

    made = bench.agree(signing(old))
    assert made.value["swarm"]["TLSInfo"]["TrustRoot"].strip() == signing(old)["signing_ca_cert"].strip()
    bench.settled(signing(old))
    done = bench.agree(signing(new))
    assert [change.option for change in done.changes] == ["signing_ca_cert"]
    assert done.value["swarm"]["RootRotationInProgress"] is False
    bench.settled(signing(new))
    assert bench.check({"rotate_ca": True}).actions == ["rotate the root CA of swarm"]
    if loner.name == "28.5":  # a rotation takes its seconds
        assert bench.run({"rotate_ca": True}).value["swarm"]["Spec"]["CAConfig"]["ForceRotate"] == 1
        ours = bench.settled({"ca_force_rotate": 1}).value["swarm"]
        assert ours["TLSInfo"]["TrustRoot"].strip() != signing(new)["signing_ca_cert"].strip()
    assert bench.check({"ca_force_rotate": 2}).actions == ["update swarm"]


def test_leaving(bench: Bench, loner: Manager) -> None:
    bench.settled({"state": "absent"})
    loner.enter()
    bench.refused({"state": "absent"}, "the engine is the last manager: its leaving is the end of the swarm")
    assert bench.agree({"state": "absent", "force": True}).actions == ["leave swarm"]
    bench.settled({"state": "absent"})


def test_force_makes_a_new_cluster_of_the_old_spec(bench: Bench, loner: Manager) -> None:
    bench.run({"labels": {"a": "1"}})
    done = bench.agree({"force": True, "labels": {"b": "2"}})
    assert done.actions == ["make this manager the only one of a new swarm"]
    assert loner.ask("GET", "/swarm")["Spec"]["Labels"] == {"a": "1", "b": "2"}


def test_unlocking(loner: Manager) -> None:
    key = Bench(Swarm, loner).run({"autolock_managers": True}).value["swarm_facts"]["UnlockKey"]
    bench = Bench(Unlocked, loner)
    bench.settled({"unlock_key": key})
    loner.engine.kill()
    loner.engine.start()
    Bench(Swarm, loner).refused({"labels": {"a": "1"}}, "is a locked manager: give it the key", NotManager)
    bench.refused({"unlock_key": key[:-4] + "AAAA"}, "invalid key", EngineError)
    assert bench.agree({"unlock_key": key}).actions == ["unlock swarm"]
    bench.settled({"unlock_key": key})
    Bench(Swarm, loner).settled({"autolock_managers": True})
    Bench(Swarm, loner).run({"state": "absent", "force": True})
    bench.refused({"unlock_key": key}, "is in no swarm", NotManager)


def info(manager: Manager, **options: Any) -> dict[str, Any]:
    filters = {f"{name}_filters": {} for name in ("nodes", "services", "tasks")}
    off = dict.fromkeys(("nodes", "services", "tasks", "unlock_key", "verbose_output"), False)
    engine = manager.client()
    try:
        return query(engine, {**off, **filters, **options})
    finally:
        engine.close()


def test_info(manager: Manager) -> None:
    manager.service("web")
    manager.service("web10")
    wait_for("tasks", lambda: len(manager.ask("GET", "/tasks")) == 2, 20)
    plain = info(manager)
    assert set(plain) == {"can_talk_to_docker", "docker_swarm_active", "docker_swarm_manager", "swarm_facts"}
    assert plain["swarm_facts"]["JoinTokens"] == manager.ask("GET", "/swarm")["JoinTokens"]
    found = info(manager, nodes=True, services=True, tasks=True, unlock_key=True, services_filters={"name": "web10"})
    assert found["swarm_unlock_key"] is None
    assert [(each["Status"], each["ManagerStatus"]) for each in found["nodes"]] == [("ready", "Leader")]
    assert [(each["Name"], each["Mode"], each["Replicas"]) for each in found["services"]] == [
        ("web10", "Replicated", 1)
    ]
    assert {each["Image"].partition("@")[0] for each in found["tasks"]} == {manager.image()}
    verbose = info(manager, nodes=True, nodes_filters={"role": ["worker"]}, services=True, verbose_output=True)
    assert verbose["nodes"] == []
    assert {each["Spec"]["Name"] for each in verbose["services"]} == {"web", "web10"}


def test_info_without_a_swarm(loner: Manager) -> None:
    with pytest.raises(NotManager, match="is in no swarm") as caught:
        info(loner)
    assert caught.value.result == {  # type: ignore[attr-defined]
        "can_talk_to_docker": True,
        "docker_swarm_active": False,
        "docker_swarm_manager": False,
    }


# ---- swarms of several nodes ----


@pytest.fixture
def nodes(lab: Lab) -> Iterator[list[Manager]]:
    """Five engines of three versions, in no swarm."""
    flavours = ("28.5", "26.1", "20.10", "28.5", "20.10")
    members = [Manager(f"node{number}", engine) for number, engine in enumerate(lab.engines(*flavours))]
    yield members
    for member in members:
        with suppress(LabError):  # the test has killed it
            member.engine.kill()


def join(member: Manager, other: Manager, role: str = "worker", **more: Any) -> dict[str, Any]:
    return {"state": "join", "manager_host": other.engine.host, "join_role": role,
            "advertise_addr": member.engine.address, **more}  # fmt: skip


def test_a_swarm_of_five_nodes(nodes: list[Manager]) -> None:
    benches = [Bench(Swarm, node) for node in nodes]
    first = nodes[0]
    checked = benches[1].check(join(nodes[1], first))
    assert "this would fail: manager_host: " in checked.value["warnings"][0]
    assert "is in no swarm" in checked.value["warnings"][0]
    # With few ticks, new leaders are elected sooner.
    benches[0].agree({"advertise_addr": first.engine.address, "election_tick": 3})
    for number, role in ((1, "manager"), (2, "manager"), (3, "worker")):
        options = join(nodes[number], first, role)
        assert benches[number].agree(options).actions == ["join swarm"]
        benches[number].settled(options)
    tokens = benches[0].run({}).value["swarm_facts"]["JoinTokens"]
    by_token = {"state": "join", "join_token": tokens["Worker"], "remote_addrs": [f"{first.engine.address}:2377"]}
    assert benches[4].agree(by_token).changed
    benches[4].settled(by_token)
    benches[4].refused({}, "is a worker of its swarm: set docker_host to a manager", NotManager)
    listed = info(first, nodes=True)["nodes"]
    assert sorted(str(each["ManagerStatus"]) for each in listed) == ["Leader", "None", "None", "Reachable", "Reachable"]

    benches[1].refused({"state": "absent"}, "the engine is a manager: make it a worker first")
    identity = benches[3].run(join(nodes[3], first)).value["node_id"]
    benches[0].refused({"state": "remove", "node_id": identity}, "is ready, not down: let it leave first")
    assert benches[3].agree({"state": "absent"}).actions == ["leave swarm"]
    benches[0].refused({"state": "remove", "node_id": benches[1].run({}).value["node_id"]}, "is a manager")
    assert benches[0].agree({"state": "remove", "node_id": identity, "force": True}).changed
    benches[0].settled({"state": "remove", "node_id": identity})
    # An engine of another swarm.
    nodes[3].enter()
    benches[3].refused(join(nodes[3], first), "the engine is in another swarm")
    assert benches[3].agree(join(nodes[3], first, force=True)).actions == ["leave swarm", "join swarm"]
    both_change_the_swarm(nodes[0], nodes[1])
    first.engine.kill()
    survivors(nodes[1:3])


def both_change_the_swarm(one: Manager, other: Manager) -> None:
    """Two playbooks at once: nobody's label is lost."""

    def change(task: tuple[Manager, str, int]) -> bool:
        member, label, number = task
        return Bench(Swarm, member).run({"labels": {f"{label}{number}": "x"}}).changed

    with ThreadPoolExecutor(2) as pool:
        for number in range(5):
            assert list(pool.map(change, [(one, "a", number), (other, "b", number)])) == [True, True]
    assert set(one.ask("GET", "/swarm")["Spec"]["Labels"]) == {
        f"{label}{number}" for label in "ab" for number in range(5)
    }


def survivors(managers: list[Manager]) -> None:
    """The leader is gone: the others elect one and go on; when that one goes too, the last one starts anew."""
    wait_for("a new leader", lambda: any(_leads(each) for each in managers), 60)
    one, other = sorted(managers, key=_leads)
    bench = Bench(Swarm, one)
    wait_for("a leader that takes updates", lambda: _takes(bench, {"labels": {"after": "1"}}), 60)
    bench.settled({"labels": {"after": "1"}})
    other.engine.kill()
    recover = {"force_new_cluster": True, "labels": {"after": "2"}}
    # Until the last one knows that it is alone, requests fail in other ways.
    wait_for("a swarm of one", lambda: _takes(bench, recover) and one.ask("GET", "/info")["Swarm"]["Managers"] == 1, 90)
    assert one.ask("GET", "/swarm")["Spec"]["Labels"]["after"] == "2"
    bench.settled(recover)


def _leads(member: Manager) -> bool:
    status, nodes = member.engine.get("/nodes")
    leaders = (
        [each["Status"]["Addr"] for each in nodes if (each.get("ManagerStatus") or {}).get("Leader")]
        if status == 200
        else []
    )
    return leaders == [member.engine.address]


def _takes(bench: Bench, options: dict[str, Any]) -> bool:
    try:
        bench.run(options)
    except EngineError:
        return False
    return True
