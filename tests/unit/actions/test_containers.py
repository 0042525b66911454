# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The numbers that are made of a sample, and engines that stumble over containers that vanish."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.containers import part, processes, stats
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import ServerError

from tests.unit.fake_engine import FakeEngine, Reply

SECOND = 10**9
SAMPLE: dict[str, Any] = {
    "read": "2026-11-02T08:15:30.123456789Z",
    "cpu_stats": {
        "cpu_usage": {"total_usage": 7 * SECOND, "percpu_usage": [1, 2, 3, 4]},
        "system_cpu_usage": 104 * SECOND,
        "online_cpus": 4,
    },
    "precpu_stats": {"cpu_usage": {"total_usage": 5 * SECOND}, "system_cpu_usage": 100 * SECOND, "online_cpus": 4},
    "memory_stats": {"usage": 1000, "limit": 4000, "stats": {"total_inactive_file": 200, "inactive_file": 1}},
    "networks": {"eth0": {"rx_bytes": 10, "tx_bytes": 1}, "eth1": {"rx_bytes": 20, "tx_bytes": 2}},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"major": 8, "minor": 0, "op": "Read", "value": 100},
            {"major": 8, "minor": 0, "op": "Write", "value": 30},
            {"major": 8, "minor": 0, "op": "Total", "value": 130},
            {"major": 8, "minor": 16, "op": "read", "value": 5},
            {"major": 8, "minor": 16, "op": "write", "value": 7},
        ]
    },
    "pids_stats": {"current": 3},
}
NUMBERS = {
    "cpu_percent": 200.0,
    "memory_usage": 800,
    "memory_limit": 4000,
    "memory_percent": 20.0,
    "network_received": 30,
    "network_sent": 3,
    "block_read": 105,
    "block_written": 37,
    "pids": 3,
}


def test_the_numbers() -> None:
    assert stats(SAMPLE) == {**NUMBERS, "sample": SAMPLE}


# What the sample has instead -> the numbers that differ. A path of the API, and None for a member that is not there.
OTHERS: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"memory_stats.stats": {"inactive_file": 300}}, {"memory_usage": 700, "memory_percent": 17.5}),  # cgroup v2
    ({"memory_stats.stats": {"total_inactive_file": 1000}}, {"memory_usage": 1000, "memory_percent": 25.0}),
    ({"memory_stats.stats": None}, {"memory_usage": 1000, "memory_percent": 25.0}),
    ({"memory_stats.limit": 0}, {"memory_limit": 0, "memory_percent": 0.0}),
    ({"memory_stats": {}}, {"memory_usage": 0, "memory_limit": 0, "memory_percent": 0.0}),
    ({"cpu_stats.online_cpus": None}, {}),  # older daemons: as many as are listed
    ({"cpu_stats.online_cpus": 1}, {"cpu_percent": 50.0}),
    ({"precpu_stats.system_cpu_usage": 104 * SECOND}, {"cpu_percent": 0.0}),
    ({"precpu_stats.cpu_usage": {"total_usage": 9 * SECOND}}, {"cpu_percent": 0.0}),
    ({"networks": None}, {"network_received": 0, "network_sent": 0}),
    ({"blkio_stats.io_service_bytes_recursive": None}, {"block_read": 0, "block_written": 0}),
    ({"pids_stats": {}}, {"pids": 0}),
]


@pytest.mark.parametrize(("instead", "numbers"), OTHERS)
def test_other_samples(instead: dict[str, Any], numbers: dict[str, Any]) -> None:
    sample = deepcopy(SAMPLE)
    for path, value in instead.items():
        *steps, last = path.split(".")
        place = sample
        for step in steps:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    assert stats(sample) == {**NUMBERS, **numbers, "sample": sample}


def test_nothing_to_show() -> None:
    assert stats(None) is None
    assert stats({**SAMPLE, "read": "0001-01-01T00:00:00Z"}) is None
    assert processes(None) is None
    assert processes({"Titles": ["PID"], "Processes": None}) is None
    assert processes({"Titles": ["PID", "CMD"], "Processes": [["1", "a b"]]}) == [{"PID": "1", "CMD": "a b"}]


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as fake:
        yield fake


STATES = {
    "gone": None,
    "removing": {"Status": "removing", "Running": False},
    "dead": {"Status": "dead", "Running": False},
    "ended": {"Status": "exited", "Running": False},
    "runs": {"Status": "running", "Running": True},
}
# What the daemon failed at -> the states in which that is no failure of the task.
EXCUSED = {"json": ("gone", "removing", "dead"), "top": ("gone", "removing", "dead", "ended")}


@pytest.mark.parametrize("what", EXCUSED)
@pytest.mark.parametrize("state", STATES)
def test_daemons_that_stumble(what: str, state: str, fake: FakeEngine) -> None:
    failure, found = Reply({"message": "RWLayer is nil"}, 500), STATES[state]
    look = Reply({"State": found}) if found else Reply({"message": "No such container: box"}, 404)
    answers = [failure, look] if what == "json" else [look]
    fake.on("GET", "/containers/box/json", *answers)
    fake.on("GET", "/containers/box/top", failure)
    engine = Engine(resolve({"docker_host": fake.address}, {}))
    try:
        if state in EXCUSED[what]:
            assert part(engine, "/containers/box", what, {}) is None
        else:
            with pytest.raises(ServerError, match="RWLayer is nil"):
                part(engine, "/containers/box", what, {})
    finally:
        engine.close()


def test_what_does_not_run_has_no_processes(fake: FakeEngine) -> None:
    fake.on("GET", "/containers/box/top", Reply({"message": "box is not running"}, 409))
    engine = Engine(resolve({"docker_host": fake.address}, {}))
    assert part(engine, "/containers/box", "top", {}) is None
    engine.close()
