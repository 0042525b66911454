# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Events of the past and of the near future, on every engine."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.events import RULES, SPEC, TooFew, events
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError

from tests.matrix.actions import Act
from tests.matrix.harness import Target

EVENTS = Act(events, SPEC, RULES)


def names(found: dict[str, Any]) -> list[tuple[str, str]]:
    assert not found["changed"]
    return [(event["Action"], event["Actor"]["ID"]) for event in found["events"]]


def test_past_and_future(target: Target) -> None:
    start = target.ask("GET", "/info")["SystemTime"]
    for name in ("one", "two"):
        target.ask("POST", "/volumes/create", {"Name": name, "Labels": {"a": name}})
    volumes = {"filters": {"type": "volume"}}
    found = EVENTS(target.client(), since=start, **volumes)
    assert names(found) == [("create", "one"), ("create", "two")]
    assert names(EVENTS(target.client(), since=start, filters={"volume": ["two", "three"]})) == [("create", "two")]
    assert names(EVENTS(target.client(), since=start, count=1, **volumes)) == [("create", "one")]
    first = found["events"][0]["timeNano"]
    stamp = f"{first // 10**9}.{first % 10**9:09}"
    assert names(EVENTS(target.client(), since=start, until=stamp, **volumes)) == [("create", "one")]
    with pytest.raises(TooFew, match="There were 2 such events, not 3") as caught:
        EVENTS(target.client(), since=start, count=3, **volumes)
    assert names(caught.value.result) == names(found)
    assert EVENTS(target.client(), check=True, since=start, count=3, wait_timeout=60, **volumes) == found

    timer = threading.Timer(0.5, target.ask, ("DELETE", "/volumes/one"))
    timer.start()
    waited = EVENTS(target.client(), wait_timeout=20, count=1, filters={"event": "destroy"})
    timer.join()
    assert names(waited) == [("destroy", "one")]
    with pytest.raises(TooFew, match="There were 0 such events, not 1"):
        EVENTS(target.client(), wait_timeout=1, count=1, filters={"event": "destroy"})
    for options, message in (
        ({}, "since, wait_timeout"),
        ({"since": "1h", "filters": {"color": "blue"}}, r"filters\.color: there is no such filter"),
        ({"since": "1h", "count": 0}, "count must be above 0"),
        ({"since": "soon"}, "neither a span"),
    ):
        with pytest.raises(ValueError, match=message):
            EVENTS(target.client(), **options)


@pytest.mark.parametrize("session_target", ["28.5"], indirect=True)
def test_an_engine_that_breaks_in_the_middle(target: Target) -> None:
    engine = Engine(resolve({"docker_host": target.engine.host, "timeout": 1}, {}))
    assert engine.api
    freezer = threading.Timer(0.4, target.engine.freeze)
    freezer.start()
    try:
        with pytest.raises(EngineError, match="no answer within"):
            EVENTS(engine, wait_timeout=1)
    finally:
        freezer.join()
        target.engine.thaw()
    killer = threading.Timer(0.4, target.engine.kill)
    killer.start()
    try:
        with pytest.raises(EngineError, match=r"Lost the connection|Cannot reach"):
            EVENTS(target.client(), wait_timeout=30)
    finally:
        killer.join()
        target.engine.start()
