# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin of swarms on one of several versions, whose nodes come, go and stop taking tasks."""

from __future__ import annotations

import json
import pathlib
from typing import Any

import pytest
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from engines import Engine, Lab
from engines.process import wait_for

pytestmark = pytest.mark.engines


@pytest.fixture(scope="module")
def nodes(lab: Lab) -> list[Engine]:
    """Two managers, the leader first, and a worker."""
    return lab.swarm(managers=2, workers=1, flavours=["28.5", "20.10", "26.1"])


def inventory(place: pathlib.Path, engine: Engine, **options: Any) -> Any:
    source = place / "a.swarm.yml"
    common = {"plugin": "dockside.engine.swarm", "docker_host": engine.host, "inventory_hostname": "hostname"}
    source.write_text(json.dumps({**common, **options}))
    data = InventoryData()
    inventory_loader.get("dockside.engine.swarm").parse(data, DataLoader(), str(source))
    return data


def members(data: Any) -> dict[str, list[str]]:
    """Group -> its hosts, without the groups that are always there."""
    return {
        name: sorted(host.name for host in group.hosts)
        for name, group in data.groups.items()
        if name not in ("all", "ungrouped")
    }


def test_every_manager_knows_all_nodes(nodes: list[Engine], tmp_path: pathlib.Path) -> None:
    leader, second, worker = (engine.ask("GET", "/info")["Name"] for engine in nodes)
    for manager in nodes[:2]:
        data = inventory(tmp_path, manager, group_by=["availability", "state"])
        assert members(data) == {
            "manager": sorted([leader, second]),
            "worker": [worker],
            "leader": [leader],
            "nonleaders": sorted([second, worker]),
            "availability_active": sorted([leader, second, worker]),
            "state_ready": sorted([leader, second, worker]),
        }
        where = {name: host.vars["ansible_host"] for name, host in data.hosts.items()}
        assert where == dict(zip((leader, second, worker), (engine.address for engine in nodes)))
        versions = {
            host.vars["docker_swarm_node_attributes"]["Description"]["Engine"]["EngineVersion"]
            for host in data.hosts.values()
        }
        assert len(versions) == 3


def test_the_engine_filters(nodes: list[Engine], tmp_path: pathlib.Path) -> None:
    worker = nodes[2].ask("GET", "/info")["Name"]
    assert list(inventory(tmp_path, nodes[0], list_filters={"role": "worker"}).hosts) == [worker]


def test_a_node_that_left_and_came_back(nodes: list[Engine], tmp_path: pathlib.Path) -> None:
    leader, _second, worker = nodes
    before = worker.ask("GET", "/info")["Swarm"]["NodeID"]
    worker.ask("POST", "/swarm/leave")

    def state() -> Any:
        return leader.ask("GET", f"/nodes/{before}")["Status"]["State"]

    wait_for("the end of the node", lambda: state() == "down", 30)
    worker.ask("POST", "/swarm/join", {
        "ListenAddr": "0.0.0.0:2377",
        "AdvertiseAddr": worker.address,
        "RemoteAddrs": [f"{leader.address}:2377"],
        "JoinToken": leader.ask("GET", "/swarm")["JoinTokens"]["Worker"],
    })  # fmt: skip
    now = worker.ask("GET", "/info")["Swarm"]["NodeID"]
    wait_for("the new node", lambda: leader.ask("GET", f"/nodes/{now}")["Status"]["State"] == "ready", 30)
    found = members(inventory(tmp_path, leader, group_by=["state"]))
    assert found["worker"] == sorted([before, now])
    assert found["state_down"] == [before]
    assert now in found["state_ready"]
