# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Converge: find, compare, plan, act. The one way in which every resource reaches its state.

A Resource knows how to find its object and what create, update, recreate and remove mean; the Plan says what would be
done and why; converge() does it, or in check mode says it.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any, Callable, ClassVar, NamedTuple, Protocol

from .fields import CREATE_ONLY, RECREATE, Change, Schema, Values
from .kinds import Need, Unfit

Document = Mapping[str, Any]

TRIES = 6  # how often a plan is made when others change the same object at the same time


class Engine(Protocol):
    """What planning needs of the engine: the refusal of options that are too new for it, and its warnings."""

    warnings: list[str]

    def require(self, needs: list[Need]) -> None: ...


class Step(NamedTuple):
    """One thing to do, in the words that the user reads, and the call that does it.

    The call answers False when it finds that it changed nothing after all, as a pull may.
    """

    text: str
    do: Callable[[], Any]


@dataclass(eq=False, repr=False)
class Plan:
    """What would be done (steps), why (changes) and what a diff shows."""

    steps: list[Step] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)
    before: Values = field(default_factory=dict)
    after: Values = field(default_factory=dict)


class Outcome(NamedTuple):
    """What a task reports. `value` holds the return keys of the module."""

    changed: bool
    actions: list[str]
    diff: dict[str, Values]
    changes: list[Change]
    value: dict[str, Any]

    def result(self) -> dict[str, Any]:
        changes = [change.result() for change in self.changes]
        return {"changed": self.changed, "actions": self.actions, "changes": changes, **self.value}


class Resource:
    """One object of the engine and the state that a task wants of it.

    Subclasses give `word`, `schema`, `options` (the argument_spec beside the schema: name, state, how to act), `rules`
    (further arguments of AnsibleModule, such as required_if) and the verbs.
    The constructor raises ValueError for options that do not fit. complete() and plan() put into `obstacles` what will
    make the run fail: an error before anything is touched, but a warning in check mode, where an earlier task of the
    play may not have made what is missing.
    """

    word: ClassVar[str]
    schema: ClassVar[Schema]
    options: ClassVar[dict[str, dict[str, Any]]]
    rules: ClassVar[dict[str, Any]] = {}

    def __init__(self, engine: Any, params: Mapping[str, Any]) -> None:
        self.engine = engine
        self.params = params
        self.name: str = params["name"]
        self.state: str = params["state"]
        self.desired = self.schema.desired(params)
        self.modes = self.schema.modes(params.get("comparisons"))
        self.done: list[str] = []
        self.obstacles: list[str] = []

    @classmethod
    def argument_spec(cls) -> dict[str, dict[str, Any]]:
        return {**cls.options, **cls.schema.argument_spec()}

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> set[str]:
        """Texts that must appear nowhere in the result, beside the values of options that are secret by themselves."""
        return set()

    # The verbs. find() answers None for an object that is not there.

    def find(self) -> Document | None:
        raise NotImplementedError

    def create(self) -> None:
        raise NotImplementedError

    def update(self, found: Document, changes: list[Change]) -> None:
        raise NotImplementedError

    def recreate(self, found: Document, changes: list[Change]) -> None:
        raise NotImplementedError

    def remove(self, found: Document) -> None:
        raise NotImplementedError

    # The plan. complete() is the place for what only the engine knows: names to ids, what an image contributes.

    def complete(self, found: Document | None) -> None:
        """Fill in what the comparison needs beyond the task's own words."""

    def changes(self, found: Document) -> list[Change]:
        return self.schema.changes(self.desired, self.schema.actual(found), self.modes)

    def plan(self, found: Document | None) -> Plan:
        if self.state == "absent":
            return self.removal(found) if found else Plan()
        self.engine.require(self.schema.requirements(self.desired))
        self.complete(found)
        if not found:
            return self.creation()
        changes = self.changes(found)
        return Plan(
            self.steps(found, changes),
            changes,
            {change.option: change.before for change in changes},
            {change.option: change.after for change in changes},
        )

    def creation(self) -> Plan:
        after = {"exists": True, "name": self.name, **self.schema.show(self.desired)}
        return Plan([self.step("create", self.create)], [], {"exists": False}, after)

    def removal(self, found: Document) -> Plan:
        return Plan([self.step("remove", lambda: self.remove(found))], [], {"exists": True}, {"exists": False})

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        costs = {change.action for change in changes}
        if CREATE_ONLY in costs:
            raise Unfit(self.refusal([change for change in changes if change.action == CREATE_ONLY]))
        if RECREATE in costs:
            return [self.step("recreate", lambda: self.recreate(found, changes))]
        return [self.step("update", lambda: self.update(found, changes))] if changes else []

    def refusal(self, changes: list[Change]) -> str:
        """Why differences that lose data are an error."""
        raise NotImplementedError

    def step(self, verb: str, do: Callable[[], Any]) -> Step:
        return Step(f"{verb} {self.word} {self.name}", do)

    def settle(self, found: Document | None) -> Document | None:
        """Wait for what takes its time after the last step; answers the object as it then is."""
        return found

    def stale(self, error: Exception) -> bool:
        """True for an error of a step which says that the object is no longer what find() answered."""
        return False

    def value(self, found: Document | None) -> dict[str, Any]:
        """The return keys of the module."""
        return {self.word: dict(found or {})}

    def converge(self, check_mode: bool) -> Outcome:
        return converge(self, check_mode)


def converge(resource: Resource, check_mode: bool) -> Outcome:
    """Bring the object to the state the task wants, or say what that would take.

    When a step meets an object that somebody else changed since it was found, everything begins again with finding it.
    """
    wanted, obstacles = deepcopy(resource.desired), list(resource.obstacles)
    changed, left, first = False, TRIES, Plan()
    while True:
        found = resource.find()
        plan = resource.plan(found)
        if check_mode:
            resource.engine.warnings.extend(f"this would fail: {obstacle}" for obstacle in resource.obstacles)
            return report(resource, plan, found, [step.text for step in plan.steps], bool(plan.steps))
        if resource.obstacles:
            raise Unfit("; ".join(resource.obstacles))
        first = first if changed else plan
        try:
            for step in plan.steps:
                changed = step.do() is not False or changed
                resource.done.append(step.text)
            break
        except Exception as error:
            left -= 1
            if not left or not resource.stale(error):
                raise
        # Of two that met, one shall be through before the other comes again.
        from random import uniform  # seldom needed

        time.sleep(uniform(0, 0.1 * 2 ** (TRIES - left)))  # noqa: S311
        resource.desired, resource.obstacles = deepcopy(wanted), list(obstacles)
    found = resource.settle(resource.find() if plan.steps or changed else found)
    return report(resource, first, found, resource.done, changed)


def report(resource: Resource, plan: Plan, found: Document | None, actions: list[str], changed: bool) -> Outcome:
    """What a task tells of its plan and of the object as it is now."""
    changes, after = (plan.changes, plan.after) if changed else ([], plan.before)
    return Outcome(changed, actions, {"before": plan.before, "after": after}, changes, resource.value(found))
