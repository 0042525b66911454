# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The contracts of kinds, held against every field of every table with whatever a user may write."""

from __future__ import annotations

import importlib
import itertools
import json
import pkgutil
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils import _resources
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import Resource
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import Field, Schema, Struct
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import IGNORE, Kind, Many

MODULES = [
    importlib.import_module(f"{_resources.__name__}.{info.name}") for info in pkgutil.iter_modules(_resources.__path__)
]

TEXTS = [
    *("", " ", "a", "b", "a b", "a=b", "a:b", "a:b:c", "é", "0", "1", "-1", "0777", "1777", "8", "1.5", "true", "no"),
    *("512M", "1.5g", "1 GiB", "unlimited", "10s", "1m30s", "0.5h", "500ms", "1s1", "NONE", "none", "CMD", "host"),
    *("10.0.0.1", "10.0.0.1/24", "10.0.0.0/24", "10.0.0.0/33", "fd00:0::1", "fd00::/64", "[fd00::1]", "300.0.0.1"),
    *("02:42:AC:11:00:02", "02-42-ac-11-00-02", "SIGTERM", "term", "15", "/", "/a//b/", "./a", "a/../b", "container:x"),
    *("on-failure", "always", "rprivate", "shared", "volume", "bind", "cluster", "sha256:00", "80/tcp", "80-81:90-91"),
    *("replicated", "global", "2026-01-01T00:00:00Z", "node.role==manager", "unconfined", "label=disable", "'a", '"'),
    *("config://a", "file://a"),
]
NUMBERS = [0, 1, -1, -2, 5, 80, 1000, 65536, 2**31, 2**63]
FLOATS = [0.0, 0.5, 1.0, 1.5, -1.0, 1e300, float("inf"), float("nan")]
MAPS: list[dict[Any, Any]] = [
    {},
    {"a": "b"},
    {"a": "b", "c": "d"},
    {"a": ""},
    {"a": None},
    {"a": 1},
    {"a": 1.5},
    {"a": True},
    {"a": ["b"]},
    {"a": {"b": "c"}},
    {1: "b"},
    {"a": "10.0.0.1"},
    {"a": "1:2"},
    {"a=b": "c"},
    {"spread": "node.labels.zone"},
    {"name": "network", "value": ["host"]},
    {"a": ["10.0.0.1", "fd00:0::1"]},
]
RAW: list[Any] = [
    *TEXTS,
    *NUMBERS,
    1.5,
    True,
    False,
    [],
    ["a"],
    ["a", "b c"],
    ["CMD", "a"],
    ["NONE"],
    [1, "a"],
    [None],
    {},
]
RAW += [{"a": "b"}, [["a"]], [{"a": 1}], [True]]


def options_of(spec: dict[str, Any]) -> list[Any]:
    """What AnsibleModule would let through for an option of this spec."""
    kind = spec.get("type", "str")
    if kind == "bool":
        return [True, False]
    if kind == "list":
        elements = options_of({**spec, "type": spec.get("elements", "raw"), "elements": "raw"})[:60]
        pairs = [list(pair) for pair in zip(elements, elements[1:])]
        return [[], *([element] for element in elements), *pairs, *([element, element] for element in elements[:3])]
    if kind == "dict" and spec.get("options"):
        return dicts_of(spec["options"])
    pools: dict[str, list[Any]] = {
        "str": TEXTS,
        "path": TEXTS,
        "int": NUMBERS,
        "float": FLOATS,
        "dict": MAPS,
        "raw": RAW,
    }
    return list(spec.get("choices") or pools[kind])


def dicts_of(options: dict[str, Any]) -> list[dict[str, Any]]:
    """Dicts with each of the options, one at a time and a few together; what is required is always there."""
    values = {name: options_of(spec) for name, spec in options.items()}
    base = {name: "/a" if name == "target" else "a" for name in values if options[name].get("required")}
    base.update({name: spec["default"] for name, spec in options.items() if spec.get("default") is not None})
    single = [{**base, name: value} for name in values for value in values[name]]
    together = [{**base, **first, **second} for first, second in itertools.islice(zip(single, reversed(single)), 60)]
    return [base, *single, *together]


Entry = tuple[str, Kind, dict[str, Any], Any]


def kinds() -> Iterator[Entry]:
    """(where it stands, kind, spec, value of a missing one) of every field, also of those inside structures."""
    seen: set[int] = set()

    def walk(
        where: str, kind: Kind, spec: dict[str, Any], unset: Any
    ) -> Iterator[tuple[str, Kind, dict[str, Any], Any]]:
        if id(kind) in seen:
            return
        seen.add(id(kind))
        yield where, kind, spec, unset
        if isinstance(kind, Many):
            yield from walk(f"{where}[]", kind.item, kind.item.spec(), None)
        if isinstance(kind, Struct):
            for field in kind.fields:
                yield from walk(f"{where}.{field.option}", field.kind, field.spec()[field.option], field.unset)

    for module in MODULES:
        name = module.__name__.rpartition(".")[2]
        for label, thing in vars(module).items():
            if isinstance(thing, type) and issubclass(thing, Resource) and thing.__module__ == module.__name__:
                schema = getattr(thing, "schema", None)
                for part in schema.parts if isinstance(schema, Schema) else ():
                    if isinstance(part, Field):
                        spec = part.spec()[part.option]
                        yield from walk(f"{name}.{part.option}", part.kind, spec, part.unset)
            if isinstance(thing, Kind):
                yield from walk(f"{name}.{label}", thing, thing.spec(), None)


KINDS = {where: (kind, spec, unset) for where, kind, spec, unset in kinds()}


def accepted(kind: Kind, spec: dict[str, Any]) -> list[Any]:
    """The canonical values of the options that fit; anything but a ValueError for the others is a failure."""
    values = []
    for option in options_of(spec):
        given = deepcopy(option)
        try:
            values.append(kind.parse(given))
        except ValueError as error:
            assert str(error), f"{option!r} is refused without a reason"
        assert repr(given) == repr(option), "parse changed what it was given"
    return values


def test_every_table_is_found() -> None:
    found = {where.partition(".")[2] for where in KINDS}
    assert {"labels", "driver", "memory", "env", "POOL.subnet", "healthcheck.test", "MOUNT.target"} <= found


@pytest.mark.parametrize("where", KINDS)
def test_contracts(where: str) -> None:
    kind, spec, _unset = KINDS[where]
    values = accepted(kind, spec)
    assert values, "nothing that a user may write fits"
    for value in values:
        before = deepcopy(value)
        sent = json.loads(json.dumps(kind.dump(value)))
        assert kind.load(sent) == value
        for mode in set(kind.modes) - {IGNORE}:
            assert kind.same(value, value, mode)
            assert kind.same(value, kind.merge(value, value, mode), mode)
        json.dumps(kind.show(value))
        list(kind.needs(value, "option"))
        assert value == before, "a method changed the value"


@pytest.mark.parametrize("where", KINDS)
def test_what_was_laid_over_is_found_the_same(where: str) -> None:
    """The heart of idempotence: after a change the next run finds nothing to change, whatever was there before."""
    kind, spec, unset = KINDS[where]
    values = accepted(kind, spec)[:40]
    if unset is not None:
        json.dumps(kind.show(unset))
    for desired in values:
        for present in [None, unset, *values[::3]]:
            for mode in set(kind.modes) - {IGNORE}:
                if kind.same(desired, present, mode):
                    continue
                merged = kind.merge(desired, present, mode)
                assert kind.same(desired, merged, mode), f"{desired!r} over {present!r}, {mode}"
                assert kind.same(desired, kind.load(json.loads(json.dumps(kind.dump(merged)))), mode)
