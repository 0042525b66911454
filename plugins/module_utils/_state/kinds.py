# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds: how a single value behaves, from the option a user writes to the JSON the daemon keeps.

A kind is an immutable description with these methods; none does I/O and none changes global state:

``spec()``                       the argument_spec entry (type, choices, elements, options)
``parse(option)``                option -> canonical value; raises ValueError and nothing else
``dump(value)``                  canonical value -> JSON of the API
``load(api)``                    JSON of the API -> canonical value (never called with None)
``merge(desired, actual, mode)`` the value that holds once desired is laid over actual
``same(desired, actual, mode)``  True when laying desired over actual would change nothing

Canonical values are plain JSON values (str, bool, int, dict, list). Contracts, tested for every field of every table:
``load(dump(parse(x))) == parse(x)`` and ``same(parse(x), parse(x))``.

Modes: ``strict`` (desired is all there is), ``allow_more_present`` (desired is there, more may be),
``ignore`` (never different; handled by the schema, kinds do not see it).
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterator, Mapping
from typing import Any, Callable

Version = tuple[int, int]
Need = tuple[str, Version]

STRICT = "strict"
MORE = "allow_more_present"
IGNORE = "ignore"


class Unfit(ValueError):
    """A value that does not fit: the reason, and the path to it below the option, such as ``[0].subnet``."""

    def __init__(self, reason: str, path: str = "") -> None:
        super().__init__(f"{path}: {reason}" if path else reason)
        self.reason = reason
        self.path = path

    @classmethod
    def at(cls, step: str, error: ValueError) -> Unfit:
        """The same error seen from one level further out."""
        path = getattr(error, "path", "")
        return cls(getattr(error, "reason", str(error)), step + ("." if path and path[0] != "[" else "") + path)


class Kind:
    """The base: a value that is compared as a whole."""

    type = "str"
    modes: tuple[str, ...] = (STRICT, IGNORE)
    mode = STRICT

    def spec(self) -> dict[str, Any]:
        return {"type": self.type}

    def parse(self, option: Any) -> Any:
        return option

    def dump(self, value: Any) -> Any:
        return value

    def load(self, api: Any) -> Any:
        return api

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        return desired

    def same(self, desired: Any, actual: Any, mode: str) -> bool:
        return bool(self.merge(desired, actual, mode) == actual)

    def show(self, value: Any) -> Any:
        """The value as a user would write it, for diffs."""
        return value

    def needs(self, value: Any, path: str) -> Iterator[Need]:
        """What of the value asks for a newer API than its field does, as (option path, version)."""
        return iter(())


class Text(Kind):
    """A string. `canon` folds spellings of one value; it may raise ValueError. `since` gives choices their version."""

    def __init__(
        self,
        choices: tuple[str, ...] = (),
        canon: Callable[[str], str] | None = None,
        since: Mapping[str, Version] | None = None,
    ) -> None:
        self.choices = choices
        self.canon = canon
        self.since = since or {}

    def spec(self) -> dict[str, Any]:
        return {"type": "str", "choices": list(self.choices)} if self.choices else {"type": "str"}

    def parse(self, option: Any) -> Any:
        if not isinstance(option, str):
            raise ValueError(f"must be text, not {option!r}; put quotes around it")
        if self.choices and option not in self.choices:
            raise ValueError(f"must be one of {', '.join(self.choices)}, not {option!r}")
        return self.canon(option) if self.canon else option

    def load(self, api: Any) -> Any:
        try:
            return self.canon(str(api)) if self.canon else str(api)
        except ValueError:  # the daemon keeps what an older version let in
            return str(api)

    def needs(self, value: Any, path: str) -> Iterator[Need]:
        if value in self.since:
            yield f"{path}={value}", self.since[value]


class Flag(Kind):
    """True or false."""

    type = "bool"

    def load(self, api: Any) -> Any:
        return bool(api)


class Number(Kind):
    """An integer, checked against its bounds (both included)."""

    type = "int"

    def __init__(self, minimum: int | None = None, maximum: int | None = None) -> None:
        self.minimum = minimum
        self.maximum = maximum

    def parse(self, option: Any) -> Any:
        if isinstance(option, bool) or not isinstance(option, int):
            raise ValueError(f"must be an integer, not {option!r}")
        if self.minimum is not None and option < self.minimum:
            raise ValueError(f"must be at least {self.minimum}, not {option}")
        if self.maximum is not None and option > self.maximum:
            raise ValueError(f"must be at most {self.maximum}, not {option}")
        return option

    def load(self, api: Any) -> Any:
        return int(api)


def address(text: str) -> str:
    """The canonical text of an IP address; a prefix after it, which some daemons append to gateways, is dropped."""
    return str(ipaddress.ip_address(text.strip().strip("[]").partition("/")[0])) if text else text


def subnet(text: str) -> str:
    """The canonical text of a network in CIDR form; host bits must be zero, as engines from 25.0 on want it."""
    if text and "/" not in text:
        raise ValueError(f"{text!r} has no prefix length; write it as ADDRESS/LENGTH, for example 10.1.0.0/16")
    return str(ipaddress.ip_network(text)) if text else text


def Address() -> Text:
    """An IP address, version 4 or 6, in any spelling."""
    return Text(canon=address)


def Subnet() -> Text:
    """A network in CIDR form."""
    return Text(canon=subnet)


class Map(Kind):
    """Names to strings. With `loose`, numbers and booleans become text (``true``), as drivers expect them.

    With `null`, null is a value of its own. `canon` folds the spellings of a value.
    """

    type = "dict"
    modes = (STRICT, MORE, IGNORE)
    mode = MORE

    def __init__(self, loose: bool = False, canon: Callable[[str], str] | None = None, null: bool = False) -> None:
        self.loose = loose
        self.canon = canon
        self.null = null

    def parse(self, option: Any) -> Any:
        return {str(name): self.value(str(name), value) for name, value in option.items()}

    def value(self, name: str, value: Any) -> Any:
        if self.null and value is None:
            return None
        if self.loose and isinstance(value, (bool, int, float)):
            return str(value).lower() if isinstance(value, bool) else str(value)
        if not isinstance(value, str):  # YAML turns yes, 0755 and 1.10 into other values than the ones written
            raise Unfit(f"must be text, not {value!r}; put quotes around it", name)
        try:
            return self.canon(value) if self.canon else value
        except ValueError as error:
            raise Unfit.at(name, error) from None

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        return {**(actual or {}), **desired} if mode == MORE else desired

    def same(self, desired: Any, actual: Any, mode: str) -> bool:
        return bool(self.merge(desired, actual, mode) == (actual or {}))

    def load(self, api: Any) -> Any:
        return {str(name): self.canon(value) if self.canon else value for name, value in api.items()}


class Many(Kind):
    """A list of one kind of item.

    `ordered`: the order counts and the list is replaced (mode strict); otherwise it is a set.
    `key`: the member of a struct that tells items of a set apart; items of one key are laid over each other, and strict
    only means that there are no other items.
    """

    type = "list"
    modes: tuple[str, ...] = (STRICT, MORE, IGNORE)

    def __init__(self, item: Kind, ordered: bool = False, key: str = "") -> None:
        self.item = item
        self.key = key
        self.ordered = ordered
        self.mode = STRICT if ordered else MORE

    def spec(self) -> dict[str, Any]:
        inner = self.item.spec()
        return {"type": "list", "elements": inner.pop("type"), **inner}

    def parse(self, option: Any) -> Any:
        items = []
        for index, entry in enumerate(option):
            try:
                items.append(self.item.parse(entry))
            except ValueError as error:
                raise Unfit.at(f"[{index}]", error) from None
        if self.key:
            names = [item.get(self.key) for item in items]
            twice = sorted({str(name) for name in names if names.count(name) > 1})
            if twice:
                raise ValueError(f"{self.key} {', '.join(twice)} is there more than once")
        return self.sort(items)

    def dump(self, value: Any) -> Any:
        return [self.item.dump(entry) for entry in value]

    def load(self, api: Any) -> Any:
        return self.sort([self.item.load(entry) for entry in api])

    def sort(self, items: list[Any]) -> list[Any]:
        if self.ordered:
            return items
        if self.key:
            return sorted(items, key=lambda item: str(item.get(self.key)))
        return sorted({repr(item): item for item in items}.values(), key=repr)

    def partners(self, desired: Any, actual: Any) -> list[tuple[Any, Any]]:
        """Each desired item with the actual item that has its key, or None."""
        present = {entry.get(self.key): entry for entry in actual or []}
        return [(entry, present.get(entry.get(self.key))) for entry in desired]

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        actual = actual or []
        if self.ordered:
            return actual if mode == MORE and self.within(desired, actual) else desired
        if not self.key:
            return self.sort(actual + desired) if mode == MORE else desired
        named = [
            entry if other is None else self.item.merge(entry, other, self.item.mode)
            for entry, other in self.partners(desired, actual)
        ]
        keys = {entry.get(self.key) for entry in desired}
        return self.sort(named + [entry for entry in actual if mode == MORE and entry.get(self.key) not in keys])

    def same(self, desired: Any, actual: Any, mode: str) -> bool:
        if not self.key:
            return bool(self.merge(desired, actual, mode) == (actual or []))
        found = all(
            other is not None and self.item.same(entry, other, self.item.mode)
            for entry, other in self.partners(desired, actual)
        )
        return found and (mode == MORE or len(desired) == len(actual or []))

    @staticmethod
    def within(desired: list[Any], actual: list[Any]) -> bool:
        """True when desired is a subsequence of actual."""
        rest = iter(actual)
        return all(any(entry == other for other in rest) for entry in desired)

    def show(self, value: Any) -> Any:
        return [self.item.show(entry) for entry in value]

    def needs(self, value: Any, path: str) -> Iterator[Need]:
        for index, entry in enumerate(value):
            yield from self.item.needs(entry, f"{path}[{index}]")
