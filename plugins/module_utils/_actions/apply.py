# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects in one task: each waits for what it needs, and those that need nothing of each other come together."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from functools import partial
from graphlib import CycleError, TopologicalSorter
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._engine.transport import CONNECTIONS
from .._resources import images
from .._resources.container import Container, Namespaces
from .._resources.image import Image
from .._state.converge import Outcome, Resource
from .._state.fields import pick
from .._state.kinds import Unfit
from .apply_kinds import KINDS, USERS, VERSIONED, Key, Kind, hosts
from .apply_listing import LISTS, OF_SWARM, PROJECT, controls, names
from .apply_view import Memory, Promises, View
from .gather import gather

Result = dict[str, Any]
# Reads the items of a list option: with defaults and types, or a ValueError.
Read = Callable[[str, list[dict[str, Any]]], list[dict[str, Any]]]

SPEC: dict[str, dict[str, Any]] = {
    **{option: {"type": "list", "elements": "dict"} for option in KINDS},
    "secrets": {"type": "list", "elements": "dict", "no_log": False},  # each item's data is hidden by itself
    "state": {"type": "str", "choices": ["present", "absent", "gathered"], "default": "present"},
    "project": {"type": "str"},
    "project_label": {"type": "str", "default": PROJECT},
    "remove_orphans": {"type": "bool", "default": False},
    "remove_volumes": {"type": "bool", "default": False},
    "parallel": {"type": "int", "default": CONNECTIONS},
    "return_objects": {"type": "bool", "default": False},
    "names": {"type": "list", "elements": "str"},
}
RULES: dict[str, Any] = {"required_if": [("remove_orphans", True, ["project"])]}
KEPT = ("images",)  # what the whole task being absent does not remove: other projects may use it


class Unfinished(EngineError):
    """Objects that did not come to their state; `result` tells of all of them."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


@dataclass(eq=False)
class Item:
    """One object of the task, and where it stands: ``containers[2]``.

    needs    what has to be in its state before; when one of them fails, this one is left out
    after    what comes before, whether it fails or not
    trouble  why it failed, or was left out
    """

    key: Key
    where: str
    resource: Resource
    needs: list[Item] = field(default_factory=list)
    after: list[Item] = field(default_factory=list)
    outcome: Outcome | None = None
    trouble: str = ""
    skipped: bool = False

    @property
    def kind(self) -> Kind:
        return KINDS[self.key[0]]

    @property
    def title(self) -> str:
        return f"{self.resource.word} {self.resource.name}"

    @property
    def absent(self) -> bool:
        return self.resource.state == "absent"

    def result(self, whole: bool) -> Result:
        shown: Result = {"kind": self.resource.word, "name": self.resource.name}
        if self.outcome:
            result = self.outcome.result()
            return {**shown, **(result if whole else {key: result[key] for key in ("changed", "actions", "changes")})}
        done = self.resource.done
        how = "skipped" if self.skipped else "failed"
        return {**shown, "changed": bool(done), "actions": done, "changes": [], how: True, "msg": self.trouble}


def apply(read: Read, engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    if params["parallel"] < 1:
        raise Unfit(f"must be at least 1, not {params['parallel']}", "parallel")
    if params["state"] == "gathered":
        given = [option for option in KINDS if params[option]]
        if given:
            raise Unfit(f"state gathered reads what is there, and takes no {', '.join(given)}", "state")
        query = partial(gather, engine, params)
        return query, query
    task = Task(read, engine, params)

    def say() -> Result:
        return task.run(task.foresee)

    def act() -> Result:
        return task.run(lambda item: item.resource.converge(False))

    return say, act


class Task:
    """The objects of a task, and the way through them. Raises ValueError and EngineError for what cannot be done."""

    def __init__(self, read: Read, engine: Engine, params: Mapping[str, Any]) -> None:
        self.engine = engine
        self.params = params
        self.memory = Memory()
        self.promises = Promises()
        self.items: dict[Key, Item] = {}
        self.engine.api  # noqa: B018 - the views take over what it opens and finds out
        self.label: str = params["project_label"]
        self.project: str | None = params["project"]
        for option in KINDS:
            self.add(option, read(option, [self.overruled(item) for item in params[option] or ()]))
        self.check()
        self.add_orphans()
        self.link()

    # ---- which objects ----

    def overruled(self, item: dict[str, Any]) -> dict[str, Any]:
        return {**item, "state": "absent"} if self.params["state"] == "absent" else item

    def add(self, option: str, items: list[dict[str, Any]]) -> None:
        if self.params["state"] == "absent" and (
            option in KEPT or (option == "volumes" and not self.params["remove_volumes"])
        ):
            return
        for index, item in enumerate(items):
            self.add_item(option, f"{option}[{index}]", item)

    def add_item(self, option: str, where: str, params: dict[str, Any]) -> None:
        kind = KINDS[option]
        # What a network takes from another one are also its labels, and none of its own.
        if self.project and kind.labelled and params["state"] != "absent" and not params.get("config_from"):
            labels = {**(params.get("labels") or {}), self.label: self.project}
            params = {**params, "labels": labels, "project_label": self.label}
        if option == "services" and params["state"] == "absent":
            params = {**params, "wait": True}  # networks are in use until the tasks have ended
        view = View(self.engine, self.memory, self.promises, kind.shares)
        try:
            resource = kind.resource(view, params)
        except ValueError as error:
            raise Unfit.at(where, error) from None
        key = option, resource.name
        if key in self.items:
            raise Unfit(f"{resource.name} is there already, as {self.items[key].where}", f"{where}.name")
        self.items[key] = Item(key, where, resource)

    def check(self) -> None:
        """Refuse what the engine is too old for, before anything is touched."""
        self.engine.require(
            (f"{item.where}.{option}", since)
            for item in self.items.values()
            if not item.absent
            for option, since in item.resource.schema.requirements(item.resource.desired)
        )

    def add_orphans(self) -> None:
        """What has the label of the project, and is not in the lists."""
        if not self.params["remove_orphans"]:
            return
        manager = controls(self.engine)
        for option in LISTS:
            if (option in OF_SWARM and not manager) or (option == "volumes" and not self.params["remove_volumes"]):
                continue
            spec = KINDS[option].argument_spec()
            for name in names(self.engine, option, f"{self.label}={self.project}"):
                if not self.speaks_of(option, name):
                    params = {each: entry.get("default") for each, entry in spec.items()}
                    params.update(name=name, state="absent")
                    if option == "containers":
                        params["keep_volumes"] = not self.params["remove_volumes"]
                    if option == "networks":  # which tells what goes first
                        found = self.engine.get(f"/networks/{name}", missing=None)
                        params["config_from"] = pick(found, "ConfigFrom.Network")
                    self.add_item(option, "remove_orphans", params)

    def speaks_of(self, option: str, name: str) -> bool:
        """Whether an item of the lists is about this object."""
        if (option, name) in self.items:
            return True
        for key, item in self.items.items():
            params = item.resource.params
            versions = params.get("rolling_versions") or params.get("hashed_versions")
            version = versions and VERSIONED.search(name) and VERSIONED.sub("", name) == params["name"]
            if key[0] == option and (version or params.get("rename_from") == name):
                return True
        return False

    # ---- what comes before what ----

    def link(self) -> None:
        places: dict[Key, list[Item]] = {}
        for item in self.items.values():
            places.setdefault(item.key, []).append(item)
            if isinstance(item.resource, Image) and not item.absent:
                for name in item.resource.further:
                    places.setdefault(("images", str(name)), []).append(item)
        for item in self.items.values():
            for key in dict.fromkeys([*item.kind.needs(item.resource), *self.told(item)]):
                for other in places.get(key, ()):
                    if other is not item:
                        self.order(item, other)
        self.order_removals()
        self.order_pulls(self.ordered())
        self.share_namespaces()
        self.way = self.ordered()

    @property
    def graph(self) -> dict[Item, list[Item]]:
        return {item: [*item.needs, *item.after] for item in self.items.values()}

    def ordered(self) -> list[Item]:
        """The objects, each one after those that come before it."""
        try:
            return list(TopologicalSorter(self.graph).static_order())
        except CycleError as error:
            circle = " needs ".join(item.title for item in reversed(error.args[1]))
            raise Unfit(f"no object of a circle can be the first: {circle}") from None

    def told(self, item: Item) -> Iterator[Key]:
        """What an item names as coming before it."""
        option = item.key[0]
        for index, name in enumerate(item.resource.params.get("depends_on") or ()):
            if (option, name) not in self.items:
                raise Unfit(f"{name} is not among the {option} of the task", f"{item.where}.depends_on[{index}]")
            yield option, name

    def order(self, item: Item, other: Item) -> None:
        """The item needs the other one, and is gone before that one is."""
        if item.absent and other.absent:
            other.needs.append(item)
        elif not item.absent and other.absent:
            raise Unfit(f"{item.title} needs {other.title}, which the task removes", item.where)
        elif not item.absent:
            item.needs.append(other)

    def order_removals(self) -> None:
        everything = list(self.items.values())
        images = [item for item in everything if item.key[0] == "images" and not item.absent]
        for item in everything:
            option = item.key[0]
            if item.absent and option in USERS:
                item.needs += [other for other in everything if other.key[0] in USERS[option]]
            elif item.absent:
                item.needs += images  # as long as these are missing, what is there is better than nothing
            elif option in ("containers", "services"):  # whose ports may be those of one that goes
                item.after += [other for other in everything if other.absent and other.key[0] not in USERS]

    def order_pulls(self, way: list[Item]) -> None:
        """Of containers that have to pull the same image, the first one on the way pulls it for all."""
        first: dict[str, Item] = {}
        for item in way:
            container = item.resource
            if not isinstance(container, Container) or not container.reference or item.absent:
                continue
            one = first.setdefault(container.reference, item)
            listed = any(other.key[0] == "images" for other in item.needs)
            if one is not item and not listed and self.pulls(container):
                item.after.append(one)

    @staticmethod
    def pulls(container: Container) -> bool:
        if container.params["pull"] in ("always", True):
            return True
        return images.inspect(container.engine, container.reference or "") is None

    def share_namespaces(self) -> None:
        """Let containers know of one another: what lives in a namespace of one that is recreated comes after it."""
        known = Namespaces()
        for item in self.items.values():
            if isinstance(item.resource, Container):
                item.resource.namespaces = known
                for other in [self.items.get(("containers", name)) for name in hosts(item.resource)]:
                    if other and isinstance(other.resource, Container) and not item.absent:
                        other.resource.followers.add(item.resource.name)

    # ---- the way ----

    def foresee(self, item: Item) -> Outcome:
        outcome = item.resource.converge(True)
        if outcome.changed:
            item.kind.promise(item.resource, outcome, self.promises)
        return outcome

    def run(self, bring: Callable[[Item], Outcome]) -> Result:
        sorter = TopologicalSorter(self.graph)
        sorter.prepare()
        running: dict[Future[None], Item] = {}
        with ThreadPoolExecutor(self.params["parallel"]) as pool:
            while sorter.is_active():
                for item in sorter.get_ready():
                    running[pool.submit(self.attempt, bring, item)] = item
                for future in wait(running, return_when=FIRST_COMPLETED).done:
                    future.result()
                    sorter.done(running.pop(future))
        return self.result()

    @staticmethod
    def attempt(bring: Callable[[Item], Outcome], item: Item) -> None:
        unmet = [other.title for other in item.needs if other.trouble]
        if unmet:
            item.skipped, item.trouble = True, f"needs {', '.join(unmet)}"
            return
        try:
            item.outcome = bring(item)
        except (EngineError, ValueError) as error:
            item.trouble = str(error)

    def result(self) -> Result:
        results = [item.result(self.params["return_objects"]) for item in self.way]
        result: Result = {
            "changed": any(each["changed"] for each in results),
            "actions": [text for each in results for text in each["actions"]],
            "results": results,
        }
        for item in self.way:
            self.engine.warnings += [f"{item.title}: {text}" for text in item.resource.engine.warnings]
        failed = [f"{item.title}: {item.trouble}" for item in self.way if item.trouble and not item.skipped]
        if failed:
            skipped = [f"{item.title} ({item.trouble})" for item in self.way if item.skipped]
            left_out = [f"left out: {', '.join(skipped)}"] if skipped else []
            raise Unfinished("; ".join(failed + left_out), {**result, "warnings": self.engine.warnings})
        diffs = {item.title: item.outcome.diff for item in self.way if item.outcome and item.outcome.changed}
        result["diff"] = {when: {title: diff[when] for title, diff in diffs.items()} for when in ("before", "after")}
        return result
