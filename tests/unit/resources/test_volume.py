# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Volumes: data goes only when it may, and only when the new volume is sure to come."""

from __future__ import annotations

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.volume import Volume

from tests.unit.fake_engine import FakeEngine, Reply, Seen
from tests.unit.resources.conftest import Task, changing

OLD = {"Name": "data", "Driver": "local", "Options": {"o": "size=1m"}, "Labels": {"a": "1"}}
OPTIONS = {"name": "data", "labels": {"b": "2"}, "recreate": "options-changed"}


@pytest.fixture
def old(fake: FakeEngine) -> FakeEngine:
    """An engine with the volume `data`, which does what it is told."""

    def drop(seen: Seen) -> Reply:
        return Reply(status=204)

    def make(seen: Seen) -> Reply:
        fake.on("DELETE", f"/volumes/{seen.json['Name']}", drop)
        return Reply({}, 201)

    fake.on("GET", "/volumes/data", Reply(OLD))
    fake.on("DELETE", "/volumes/data", drop)
    fake.on("POST", "/volumes/create", make)
    return fake


def test_recreate_tries_the_settings_first(old: FakeEngine, task: Task) -> None:
    assert task(Volume, **OPTIONS).actions == ["recreate volume data"]
    trial = next(seen.json for seen in old.seen if seen.method == "POST")
    assert changing(old) == [
        "POST /volumes/create",
        f"DELETE /volumes/{trial['Name']}",
        "DELETE /volumes/data",
        "POST /volumes/create",
    ]
    last = old.seen[-2].json
    assert last == {"Name": "data", "Driver": "local", "DriverOpts": OLD["Options"], "Labels": {"a": "1", "b": "2"}}
    assert {**trial, "Name": "data"} == last


def test_settings_that_the_driver_refuses_leave_the_old_volume(old: FakeEngine, task: Task) -> None:
    old.on("POST", "/volumes/create", Reply({"message": "create x: invalid option"}, 400))
    with pytest.raises(EngineError, match="invalid option"):
        task(Volume, **OPTIONS)
    assert changing(old) == ["POST /volumes/create"]


def test_a_volume_in_use_stays(old: FakeEngine, task: Task) -> None:
    old.on("DELETE", "/volumes/data", Reply({"message": "volume is in use - [c1]"}, 409))
    with pytest.raises(EngineError, match="volume is in use"):
        task(Volume, **OPTIONS)
    assert old.asked("POST", "/volumes/create") == 1, "the trial, but no second volume"


def test_differences_are_an_error_that_names_them(old: FakeEngine, task: Task) -> None:
    with pytest.raises(ValueError) as caught:
        task(Volume, name="data", labels={"a": "2"}, driver_options={"o": "size=1m"})
    assert "labels is {'a': '1'}, wanted {'a': '2'}" in str(caught.value)
    assert "ITS DATA IS LOST" in str(caught.value)
    assert "driver_options" not in str(caught.value)
    with pytest.raises(ValueError):
        task(Volume, check=True, name="data", labels={"a": "2"})
    assert changing(old) == []


def test_another_driver_has_other_options(old: FakeEngine, task: Task) -> None:
    task(Volume, name="data", driver="nfs", recreate="options-changed")
    body = old.seen[-2].json
    assert (body["Driver"], body["DriverOpts"]) == ("nfs", {})
