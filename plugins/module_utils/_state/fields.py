# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields and schemas: where a value lives in the API, and what a change of it costs.

A Schema is the table of a resource: its Parts. A Field is the Part of one option at one place of the API; a Part of
its own serves options that spread over several places (ports, mounts, networks). One table gives the argument_spec,
the create body, the reading of inspect, the comparison, the diff and the version check.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from .kinds import IGNORE, MORE, STRICT, Kind, Need, Unfit, Version

# What a difference costs.
UPDATE = "update"  # the update endpoint changes it in place
RECONNECT = "reconnect"  # the container leaves a network and joins it again
RECREATE = "recreate"  # only a new object has it
CREATE_ONLY = "create_only"  # only a new object has it, and making one loses data: an error unless asked for

HIDDEN = "********"
FIRST: Version = (1, 33)

Values = dict[str, Any]
Modes = Mapping[str, str]


class Change(NamedTuple):
    """One difference: the option, what is and what will be (as a user writes it), and what it costs."""

    option: str
    before: Any
    after: Any
    action: str

    def result(self) -> dict[str, Any]:
        return {"option": self.option, "before": self.before, "after": self.after, "action": self.action}


def pick(document: Mapping[str, Any] | None, path: str) -> Any:
    """The value at a dotted path of a JSON document, None where the path ends early."""
    value: Any = document
    for step in path.split("."):
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def place(document: MutableMapping[str, Any], path: str, value: Any) -> None:
    """Put a value at a dotted path, making the objects on the way."""
    *steps, last = path.split(".")
    for step in steps:
        if document.get(step) is None:
            document[step] = {}
        document = document[step]
    document[last] = value


class Part:
    """Some options of a resource and how they stand in the API. All values are canonical (see kinds)."""

    def spec(self) -> dict[str, dict[str, Any]]:
        """The argument_spec of the options."""
        raise NotImplementedError

    def parse(self, params: Mapping[str, Any]) -> Values:
        """The named options only; raises ValueError."""
        raise NotImplementedError

    def load(self, found: Mapping[str, Any]) -> Values:
        """The same options, read from what inspect answered."""
        raise NotImplementedError

    def modes(self) -> dict[str, tuple[str, ...]]:
        """For each option the modes of comparison it knows, the default first."""
        raise NotImplementedError

    def needs(self, desired: Values) -> Iterator[Need]:
        """What of the named options asks for an API newer than the first."""
        return iter(())

    def compare(self, desired: Values, actual: Values, modes: Modes) -> Iterator[Change]:
        """The differences of the named options."""
        raise NotImplementedError

    def write(self, desired: Values, actual: Values, modes: Modes, body: dict[str, Any]) -> None:
        """Lay the named options over the body of a create or update request."""
        raise NotImplementedError

    def show(self, desired: Values) -> Values:
        """The named options as a user writes them, secrets hidden."""
        raise NotImplementedError


@dataclass(frozen=True, eq=False, repr=False)  # making the other two would take each task half a millisecond
class Field(Part):
    """One option at one place.

    `path` is its place in the create body (empty: not part of it), `read` its place in inspect where that differs;
    `unset` is the canonical value that stands for a missing one; `mode` the default comparison where it is not the
    kind's; `kernel` the flag of GET /info without which the daemon drops the value with no more than a warning;
    `extra` goes into the argument_spec (required, aliases, default).
    """

    option: str
    kind: Kind
    path: str
    read: str = ""
    min_api: Version = FIRST
    on_change: str = RECREATE
    unset: Any = None
    secret: bool = False
    mode: str = ""
    kernel: str = ""
    extra: Mapping[str, Any] = field(default_factory=dict)

    def spec(self) -> dict[str, dict[str, Any]]:
        secret = {"no_log": True} if self.secret else {}
        return {self.option: {**self.kind.spec(), **secret, **self.extra}}

    def parse(self, params: Mapping[str, Any]) -> Values:
        option = params.get(self.option)
        if option is None:
            return {}
        try:
            return {self.option: self.kind.parse(option)}
        except ValueError as error:
            raise Unfit.at(self.option, error) from None

    def load(self, found: Mapping[str, Any]) -> Values:
        api = pick(found, self.read or self.path)
        return {self.option: self.unset if api is None else self.kind.load(api)}

    def modes(self) -> dict[str, tuple[str, ...]]:
        first = self.mode or self.kind.mode
        return {self.option: (first, *(mode for mode in self.kind.modes if mode != first))}

    def needs(self, desired: Values) -> Iterator[Need]:
        if self.option in desired:
            if self.min_api > FIRST:
                yield self.option, self.min_api
            yield from self.kind.needs(desired[self.option], self.option)

    def compare(self, desired: Values, actual: Values, modes: Modes) -> Iterator[Change]:
        if self.option in desired:
            wanted, present, mode = desired[self.option], actual.get(self.option), modes[self.option]
            if mode != IGNORE and not self.kind.same(wanted, present, mode):
                after = self.kind.merge(wanted, present, mode)
                yield Change(self.option, self.seen(present), self.seen(after), self.on_change)

    def write(self, desired: Values, actual: Values, modes: Modes, body: dict[str, Any]) -> None:
        if self.option in desired and self.path:
            mode = modes[self.option]
            value = self.kind.merge(
                desired[self.option], actual.get(self.option), self.kind.mode if mode == IGNORE else mode
            )
            place(body, self.path, self.kind.dump(value))

    def seen(self, value: Any) -> Any:
        return value if value is None else HIDDEN if self.secret else self.kind.show(value)

    def show(self, desired: Values) -> Values:
        return {self.option: self.seen(desired[self.option])} if self.option in desired else {}


class Struct(Kind):
    """An object with fields of its own. Laid over the present one level by level: what is not named stays."""

    type = "dict"
    modes = (STRICT, MORE, IGNORE)
    mode = MORE

    def __init__(self, *fields: Field) -> None:
        self.fields = fields

    def spec(self) -> dict[str, Any]:
        return {"type": "dict", "options": {name: entry for each in self.fields for name, entry in each.spec().items()}}

    def parse(self, option: Any) -> Any:
        return {name: value for each in self.fields for name, value in each.parse(option).items()}

    def dump(self, value: Any) -> Any:
        api: dict[str, Any] = {}
        for each in self.fields:
            if each.option in value:
                place(api, each.path, each.kind.dump(value[each.option]))
        return api

    def load(self, api: Any) -> Any:
        return {
            each.option: each.kind.load(pick(api, each.path))
            for each in self.fields
            if pick(api, each.path) is not None
        }

    def pairs(self, desired: Any, actual: Any) -> Iterator[tuple[Field, Any, Any]]:
        """The named fields with their desired and their present value."""
        for each in self.fields:
            if each.option in desired:
                yield each, desired[each.option], (actual or {}).get(each.option, each.unset)

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        laid = {
            each.option: each.kind.merge(wanted, present, mode) for each, wanted, present in self.pairs(desired, actual)
        }
        return laid if mode == STRICT else {**(actual or {}), **laid}

    def same(self, desired: Any, actual: Any, mode: str) -> bool:
        if mode == STRICT:
            known = {each.option: each.unset for each in self.fields}
            if any(value != known[name] for name, value in (actual or {}).items() if name not in desired):
                return False
        return all(each.kind.same(wanted, present, mode) for each, wanted, present in self.pairs(desired, actual))

    def show(self, value: Any) -> Any:
        return {each.option: each.seen(value[each.option]) for each in self.fields if each.option in value}

    def needs(self, value: Any, path: str) -> Iterator[Need]:
        for each in self.fields:
            for name, version in each.needs(value):
                yield f"{path}.{name}", version


class Schema:
    """The table of a resource."""

    def __init__(self, *parts: Part) -> None:
        self.parts = parts
        self.known = {option: modes for part in parts for option, modes in part.modes().items()}

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        return {option: dict(entry) for part in self.parts for option, entry in part.spec().items()}

    def desired(self, params: Mapping[str, Any]) -> Values:
        """What the task names, in canonical form; raises ValueError that names the option."""
        return {option: value for part in self.parts for option, value in part.parse(params).items()}

    def actual(self, found: Mapping[str, Any]) -> Values:
        """What inspect answered, in the same words as desired."""
        return {option: value for part in self.parts for option, value in part.load(found).items()}

    def requirements(self, desired: Values) -> list[Need]:
        return [need for part in self.parts for need in part.needs(desired)]

    def modes(self, comparisons: Mapping[str, str] | None = None) -> dict[str, str]:
        """The mode of every option; `comparisons` names some, ``*`` all that can do it. Raises ValueError."""
        modes = {option: known[0] for option, known in self.known.items()}
        given = dict(comparisons or {})
        everywhere = given.pop("*", None)
        if everywhere not in (None, STRICT, IGNORE):
            raise Unfit(f"can be {STRICT} or {IGNORE}, not {everywhere!r}", "comparisons.*")
        if everywhere:
            modes = dict.fromkeys(modes, everywhere)
        for option, mode in given.items():
            if option not in self.known:
                raise Unfit("is no option that is compared", f"comparisons.{option}")
            if mode not in self.known[option]:
                raise Unfit(f"can be {', '.join(sorted(self.known[option]))}, not {mode!r}", f"comparisons.{option}")
            modes[option] = mode
        return modes

    def changes(self, desired: Values, actual: Values, modes: Modes) -> list[Change]:
        return [change for part in self.parts for change in part.compare(desired, actual, modes)]

    def body(self, desired: Values, actual: Values, modes: Modes, into: dict[str, Any] | None = None) -> dict[str, Any]:
        """A create or update body: the named options laid over `into`, which is changed and returned."""
        body: dict[str, Any] = {} if into is None else into
        for part in self.parts:
            part.write(desired, actual, modes, body)
        return body

    def show(self, desired: Values) -> Values:
        return {option: value for part in self.parts for option, value in part.show(desired).items()}
