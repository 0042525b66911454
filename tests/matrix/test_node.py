# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of nodes, on a swarm of three managers and two workers of three versions."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.node import Node, query
from engines import Lab, LabError
from engines.process import wait_for

from tests.matrix.clusters import Manager
from tests.matrix.harness import Bench


class Cluster:
    """Managers m0 to m2 of three versions, and workers w0 and w1."""

    def __init__(self, lab: Lab) -> None:
        engines = lab.swarm(managers=3, workers=2, flavours=("28.5", "26.1", "20.10"))
        self.m0, self.m1, self.m2, self.w0, self.w1 = (Manager(each.flavour, each) for each in engines)
        self.all = (self.m0, self.m1, self.m2, self.w0, self.w1)

    def node(self, member: Manager) -> dict[str, Any]:
        found: dict[str, Any] = self.m0.ask("GET", f"/nodes/{host(member)}")
        return found


def host(member: Manager) -> str:
    return member.engine.sandbox.name


@pytest.fixture(scope="module")
def cluster(lab: Lab) -> Iterator[Cluster]:
    cluster = Cluster(lab)
    yield cluster
    for member in cluster.all:
        with suppress(LabError):  # a test has killed it
            member.engine.kill()


@pytest.fixture(params=[0, 1, 2], ids=["28.5", "26.1", "20.10"])
def bench(request: pytest.FixtureRequest, cluster: Cluster) -> Bench:
    """A manager of each version."""
    return Bench(Node, (cluster.m0, cluster.m1, cluster.m2)[request.param])


def test_labels(bench: Bench, cluster: Cluster) -> None:
    name = {"hostname": host(cluster.w0)}
    assert bench.agree({**name, "labels": {"a": "1", "b": "2"}}).actions == [f"update node {host(cluster.w0)}"]
    bench.settled({**name, "labels": {"a": "1"}})
    done = bench.agree({**name, "labels": {"a": "3"}, "labels_to_remove": ["b", "a", "none"]})
    assert done.diff == {"before": {"labels": {"a": "1", "b": "2"}}, "after": {"labels": {"a": "3"}}}
    bench.settled({**name, "labels": {}})
    assert bench.agree({**name, "labels": {"c": "4"}, "labels_state": "replace"}).changed
    assert cluster.node(cluster.w0)["Spec"] == {"Labels": {"c": "4"}, "Role": "worker", "Availability": "active"}
    assert bench.agree({**name, "labels_state": "replace"}).changed
    bench.settled({**name, "labels_state": "replace"})
    bench.settled({"hostname": cluster.node(cluster.w0)["ID"], "labels_to_remove": ["c"]})


def test_availability(bench: Bench, cluster: Cluster) -> None:
    name = {"hostname": host(cluster.w0)}
    for state in ("pause", "drain", "active"):
        assert bench.agree({**name, "availability": state}).changed
        bench.settled({**name, "availability": state})
        assert cluster.node(cluster.w0)["Spec"]["Availability"] == state


def test_every_option_is_tried() -> None:
    assert set(Node.schema.argument_spec()) == {"labels", "availability", "role"}


def test_a_name_that_no_node_has(bench: Bench) -> None:
    bench.refused({"hostname": "nobody"}, "the swarm has no node nobody; its nodes: node")
    bench.settled({"hostname": "nobody", "state": "absent"})


def test_two_change_one_node_at_once(cluster: Cluster) -> None:
    def change(task: tuple[Manager, str]) -> bool:
        member, label = task
        return Bench(Node, member).run({"hostname": host(cluster.w1), "labels": {label: "x"}}).changed

    with ThreadPoolExecutor(3) as pool:
        for number in range(4):
            tasks = [(member, f"l{number}{index}") for index, member in enumerate((cluster.m0, cluster.m1, cluster.m2))]
            assert list(pool.map(change, tasks)) == [True] * 3
    assert len(cluster.node(cluster.w1)["Spec"]["Labels"]) == 12


def test_info(cluster: Cluster) -> None:
    engine = cluster.m1.client()
    try:
        assert len(query(engine, {"name": None, "self": False})["nodes"]) == 5
        own = query(engine, {"name": ["nobody"], "self": True})["nodes"]
        names = [host(cluster.w1), cluster.node(cluster.m0)["ID"]]
        chosen = query(engine, {"name": names, "self": False})["nodes"]
        with pytest.raises(ValueError, match="the swarm has no node nobody"):
            query(engine, {"name": ["nobody"], "self": False})
    finally:
        engine.close()
    assert [each["Description"]["Hostname"] for each in own] == [host(cluster.m1)]
    assert [each["Description"]["Hostname"] for each in chosen] == [host(cluster.w1), host(cluster.m0)]


def test_a_drain_is_waited_for(cluster: Cluster) -> None:
    bench = Bench(Node, cluster.m0)
    for member in cluster.all:
        member.image()
    spec = {"ContainerSpec": {"Image": cluster.m0.image(), "Command": ["/bin/idle"]}}
    placement = {"Placement": {"Constraints": ["node.role == worker"]}}
    mode = {"Replicated": {"Replicas": 2}}
    cluster.m0.ask("POST", "/services/create", {"Name": "web", "TaskTemplate": {**spec, **placement}, "Mode": mode})

    def running() -> list[str]:
        tasks = cluster.m0.ask("GET", "/tasks")
        return sorted(each["NodeID"] for each in tasks if each["Status"]["State"] == "running")

    both = sorted(cluster.node(member)["ID"] for member in (cluster.w0, cluster.w1))
    wait_for("a task on each worker", lambda: running() == both, 60)
    drain = {"hostname": host(cluster.w0), "availability": "drain", "wait": True, "wait_timeout": 60}
    assert bench.agree(drain).changed
    assert running() == [cluster.node(cluster.w1)["ID"]] * 2
    bench.settled(drain)
    # Nowhere to go: the reason is told.
    stuck = {"hostname": host(cluster.w1), "availability": "drain", "wait": True, "wait_timeout": 12}
    with pytest.raises(EngineError, match=r"after 12 seconds: .*no suitable node"):
        bench.run(stuck)
    cluster.m0.ask("DELETE", "/services/web")
    for member in (cluster.w0, cluster.w1):
        bench.agree({"hostname": host(member), "availability": "active"})


def test_roles_and_a_manager_that_is_lost(cluster: Cluster) -> None:
    bench = Bench(Node, cluster.m0)
    worker = {"hostname": host(cluster.w0)}
    # An unplugged worker.
    bench.refused({**worker, "state": "absent"}, "is ready, not down: let it leave first")
    bench.refused({"hostname": host(cluster.m1), "state": "absent"}, "is a manager: make it a worker first")
    cluster.w0.engine.unplug()
    assert bench.agree({**worker, "state": "absent", "force": True}).actions == [f"remove node {host(cluster.w0)}"]
    bench.settled({**worker, "state": "absent"})
    # Of three managers, one is killed: the second must stay, the lost one may go.
    cluster.m2.engine.kill()
    wait_for("an unreachable manager", lambda: _reachability(cluster) == "unreachable", 60)
    bench.refused({"hostname": host(cluster.m1), "role": "worker"}, "the managers would have no majority")
    done = bench.agree({"hostname": host(cluster.m2), "state": "absent", "force": True})
    assert done.actions == [f"make node {host(cluster.m2)} a worker", f"remove node {host(cluster.m2)}"]
    demote = {"hostname": host(cluster.m1), "role": "worker", "wait": True}
    assert bench.agree(demote).changed
    bench.settled(demote)
    assert cluster.m1.ask("GET", "/info")["Swarm"]["ControlAvailable"] is False
    bench.refused({"hostname": host(cluster.m0), "role": "worker"}, "is the last manager: make another node a manager")
    bench.refused({"hostname": host(cluster.m0), "state": "absent", "force": True}, "is the last manager")
    promote = {"hostname": host(cluster.w1), "role": "manager", "wait": True}
    assert bench.agree(promote).changed
    wait_for("a manager of its own mind", lambda: cluster.w1.ask("GET", "/info")["Swarm"]["ControlAvailable"], 60)
    bench.settled(promote)


def _reachability(cluster: Cluster) -> str:
    status, found = cluster.m0.engine.get(f"/nodes/{host(cluster.m2)}")
    return found["ManagerStatus"]["Reachability"] if status == 200 else ""
