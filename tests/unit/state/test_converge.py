# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converge, with a resource that lives in memory."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import (
    Document,
    Outcome,
    Plan,
    Resource,
    Step,
    converge,
)
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import (
    CREATE_ONLY,
    RECREATE,
    UPDATE,
    Change,
    Field,
    Schema,
)
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Map, Need, Number, Text


class Memory:
    """An engine with a box, or none, and a record of what was done to it."""

    def __init__(self, box: dict[str, Any] | None = None) -> None:
        self.box = box
        self.done: list[str] = []
        self.warnings: list[str] = []

    def require(self, needs: list[Need]) -> None:
        if needs:
            raise ValueError(f"too new: {needs}")


class Box(Resource):
    word = "box"
    engine: Memory
    schema = Schema(
        Field("size", Number(), "Size", on_change=UPDATE),
        Field("colour", Text(), "Colour", on_change=RECREATE, unset="white"),
        Field("wood", Text(), "Wood", on_change=CREATE_ONLY),
        Field("labels", Map(), "Labels", on_change=UPDATE, unset={}),
        Field("lid", Text(), "Lid", min_api=(1, 50)),
    )
    options = {"name": {"type": "str", "required": True}, "state": {"type": "str", "default": "present"}}

    def find(self) -> dict[str, Any] | None:
        self.engine.done.append("find")
        return self.engine.box

    def create(self) -> None:
        self.engine.done.append("create")
        self.engine.box = self.schema.body(self.desired, {}, self.modes)

    def update(self, found: Document, changes: list[Change]) -> None:
        self.engine.done.append("update")
        self.engine.box = self.schema.body(self.desired, self.schema.actual(found), self.modes, dict(found))

    def recreate(self, found: Document, changes: list[Change]) -> None:
        self.engine.done.append("recreate")
        self.engine.box = self.schema.body(self.desired, self.schema.actual(found), self.modes, dict(found))

    def remove(self, found: Document) -> None:
        self.engine.done.append("remove")
        self.engine.box = None

    def refusal(self, changes: list[Change]) -> str:
        return f"{', '.join(change.option for change in changes)} cannot change"


OLD = {"Size": 1, "Colour": "red", "Wood": "oak", "Labels": {"a": "1"}}


def run(engine: Memory, check: bool = False, kind: type[Resource] = Box, **options: Any) -> Outcome:
    return converge(kind(engine, {"name": "b", "state": "present", **options}), check)


def test_create() -> None:
    engine = Memory()
    outcome = run(engine, size=1)
    assert outcome.result() == {"changed": True, "actions": ["create box b"], "changes": [], "box": {"Size": 1}}
    assert outcome.diff == {"before": {"exists": False}, "after": {"exists": True, "name": "b", "size": 1}}
    assert engine.done == ["find", "create", "find"]


def test_unchanged_is_found_once() -> None:
    engine = Memory(dict(OLD))
    outcome = run(engine, size=1, labels={"a": "1"})
    assert outcome.result() == {"changed": False, "actions": [], "changes": [], "box": OLD}
    assert outcome.diff == {"before": {}, "after": {}}
    assert engine.done == ["find"]


def test_update_says_why() -> None:
    outcome = run(Memory(dict(OLD)), size=2, labels={"b": "2"})
    assert outcome.actions == ["update box b"]
    assert outcome.diff == {
        "before": {"size": 1, "labels": {"a": "1"}},
        "after": {"size": 2, "labels": {"a": "1", "b": "2"}},
    }
    assert outcome.result()["changes"] == [
        {"option": "size", "before": 1, "after": 2, "action": "update"},
        {"option": "labels", "before": {"a": "1"}, "after": {"a": "1", "b": "2"}, "action": "update"},
    ]
    assert outcome.value["box"]["Colour"] == "red"


def test_the_dearest_change_decides() -> None:
    assert run(Memory(dict(OLD)), size=2, colour="blue").actions == ["recreate box b"]
    engine = Memory(dict(OLD))
    with pytest.raises(ValueError, match=r"^wood cannot change$"):
        run(engine, size=2, colour="blue", wood="elm")
    assert engine.done == ["find"]


def test_absent() -> None:
    engine = Memory(dict(OLD))
    outcome = run(engine, state="absent", colour="nothing is compared")
    assert outcome.actions == ["remove box b"]
    assert outcome.diff == {"before": {"exists": True}, "after": {"exists": False}}
    assert outcome.value == {"box": {}}
    assert not run(engine, state="absent").changed


@pytest.mark.parametrize("box", [None, OLD])
@pytest.mark.parametrize("options", [{"size": 2}, {"colour": "blue"}, {"state": "absent"}])
def test_check_mode_says_the_same_and_does_nothing(box: dict[str, Any] | None, options: dict[str, Any]) -> None:
    engine = Memory(dict(box) if box else None)
    said = run(engine, check=True, **options)
    assert engine.done == ["find"]
    assert engine.box == box
    done = run(engine, **options)
    assert (said.changed, said.actions, said.changes, said.diff) == (
        done.changed,
        done.actions,
        done.changes,
        done.diff,
    )


def test_what_is_too_new_is_said_before_anything_is_done() -> None:
    engine = Memory()
    with pytest.raises(ValueError, match=r"too new: \[\('lid', \(1, 50\)\)\]"):
        run(engine, lid="flat")
    assert engine.done == ["find"]


class Blocked(Box):
    def complete(self, found: Document | None) -> None:
        self.obstacles += ["the key is lost", "the lock is rusty"]


def test_obstacles_are_an_error_before_anything_is_done() -> None:
    engine = Memory()
    with pytest.raises(ValueError, match=r"^the key is lost; the lock is rusty$"):
        run(engine, kind=Blocked)
    assert engine.done == ["find"]


def test_obstacles_are_warnings_in_check_mode() -> None:
    engine = Memory()
    assert run(engine, check=True, kind=Blocked).changed
    assert engine.warnings == ["this would fail: the key is lost", "this would fail: the lock is rusty"]


class Stepwise(Box):
    """Plans steps of its own: `answers` is what they answer, an exception is raised."""

    answers: tuple[Any, ...] = ()

    def plan(self, found: Document | None) -> Plan:
        steps = [Step(f"step {number}", partial(self.act, answer)) for number, answer in enumerate(self.answers)]
        return Plan(steps, [Change("size", 1, 2, UPDATE)], {"size": 1}, {"size": 2})

    def act(self, answer: Any) -> Any:
        self.engine.done.append(str(answer))
        if isinstance(answer, Exception):
            raise answer
        return answer


def stepwise(*steps: Any) -> type[Resource]:
    class Case(Stepwise):
        answers = steps

    return Case


def test_steps_are_done_in_their_order() -> None:
    engine = Memory()
    assert run(engine, kind=stepwise(None, True, 3)).actions == ["step 0", "step 1", "step 2"]
    assert engine.done == ["find", "None", "True", "3", "find"]


def test_a_failure_leaves_what_was_done_on_record() -> None:
    engine = Memory()
    resource = stepwise(None, OSError("broken"), None)(engine, {"name": "b", "state": "present"})
    with pytest.raises(OSError, match="broken"):
        converge(resource, False)
    assert resource.done == ["step 0"]
    assert engine.done == ["find", "None", "broken"]


@pytest.mark.parametrize(("answers", "changed"), [((False,), False), ((False, None), True), ((None, False), True)])
def test_a_step_may_find_that_it_changed_nothing(answers: tuple[Any, ...], changed: bool) -> None:
    outcome = run(Memory(), kind=stepwise(*answers))
    assert outcome.changed is changed
    assert bool(outcome.changes) is changed
    assert (outcome.diff["before"] != outcome.diff["after"]) is changed
    assert len(outcome.actions) == len(answers)


def test_settle_has_the_last_word() -> None:
    class Settling(Box):
        def settle(self, found: Document | None) -> Document | None:
            return {**(found or {}), "Settled": True}

    assert run(Memory(), kind=Settling).value == {"box": {"Settled": True}}
    assert run(Memory(), check=True, kind=Settling).value == {"box": {}}


def test_the_options_of_a_module_are_those_of_its_table_too() -> None:
    spec: Mapping[str, Any] = Box.argument_spec()
    assert set(spec) == {"name", "state", "size", "colour", "wood", "labels", "lid"}


def test_nothing_is_shared_between_runs() -> None:
    first, second = Memory(dict(OLD)), Memory()
    run(first, size=2)
    assert run(second, colour="red").value == {"box": {"Colour": "red"}}
    assert first.box == {**OLD, "Size": 2}
