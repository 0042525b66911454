# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Two that change one object at the same time: the one that comes too late plans again."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._state import converge as module
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import TRIES, Document, Plan, Resource
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import UPDATE, Change, Field, Schema
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Map, Text


class OutOfDate(Exception):
    pass


class Thing(Resource):
    """An object with a version, kept in a dict; `meanwhile` is what somebody else does before each of our updates."""

    word = "thing"
    schema = Schema(
        Field("color", Text(), "Color", on_change=UPDATE),
        Field("labels", Map(), "Labels", on_change=UPDATE, unset={}),
    )

    def __init__(self, params: dict[str, Any], meanwhile: Callable[[Thing], None] = lambda thing: None) -> None:
        engine = SimpleNamespace(warnings=[], require=lambda needs: None)
        super().__init__(engine, {"name": "t", "state": "present", **params})
        self.stored: dict[str, Any] = {"Color": "red", "Labels": {"a": "1"}}
        self.version = 1
        self.completed = 0
        self.meanwhile = meanwhile

    def find(self) -> Document | None:
        return {**self.stored, "Version": self.version}

    def complete(self, found: Document | None) -> None:
        self.completed += 1
        self.desired["labels"] = {**self.desired.get("labels", {}), f"run{self.completed}": "x"}

    def update(self, found: Document, changes: list[Change]) -> None:
        self.meanwhile(self)
        if found["Version"] != self.version:
            raise OutOfDate("update out of sequence")
        self.stored = self.schema.body(self.desired, self.schema.actual(found), self.modes)
        self.version += 1

    def stale(self, error: Exception) -> bool:
        return isinstance(error, OutOfDate)


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module.time, "sleep", lambda seconds: None)


def other_label(thing: Thing) -> None:
    """Once, somebody else adds a label."""
    if thing.version == 1:
        thing.stored["Labels"]["b"] = "2"
        thing.version = 2


def test_a_stale_update_is_planned_again_and_keeps_what_the_other_wrote() -> None:
    thing = Thing({"color": "blue"}, other_label)
    outcome = thing.converge(check_mode=False)
    assert (outcome.changed, outcome.actions) == (True, ["update thing t"])
    # What complete() did for the first plan is gone: run1 would be there otherwise.
    assert thing.stored == {"Color": "blue", "Labels": {"a": "1", "b": "2", "run2": "x"}}


def test_nothing_is_left_to_do_when_the_other_did_it() -> None:
    def same(thing: Thing) -> None:
        thing.stored = {"Color": "blue", "Labels": {"a": "1", "run2": "x"}}
        thing.version = 2

    thing = Thing({"color": "blue"}, same)
    outcome = thing.converge(check_mode=False)
    assert (outcome.changed, outcome.actions, outcome.changes) == (False, [], [])
    assert outcome.diff["before"] == outcome.diff["after"]


def test_tries_are_bounded() -> None:
    def always(thing: Thing) -> None:
        thing.version += 1

    thing = Thing({"color": "blue"}, always)
    with pytest.raises(OutOfDate):
        thing.converge(check_mode=False)
    assert thing.completed == TRIES


def test_another_error_is_not_retried() -> None:
    def broken(thing: Thing) -> None:
        raise OSError

    thing = Thing({"color": "blue"}, broken)
    with pytest.raises(OSError):
        thing.converge(check_mode=False)
    assert thing.completed == 1


def test_what_was_done_before_counts() -> None:
    class TwoSteps(Thing):
        def plan(self, found: Document | None) -> Plan:
            plan = super().plan(found)
            if self.stored["Color"] == "red":
                plan.steps.insert(0, self.step("paint", lambda: self.stored.update(Color="blue")))
            return plan

    def others(thing: Thing) -> None:
        if thing.version == 1:
            thing.version = 2

    thing = TwoSteps({"color": "blue"}, others)
    outcome = thing.converge(check_mode=False)
    assert outcome.actions == ["paint thing t", "update thing t"]
    assert (outcome.changed, outcome.diff["before"]["color"]) == (True, "red")
