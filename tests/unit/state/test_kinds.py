# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What each kind makes of what a user writes, and when two values are the same."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import Field, Struct
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import (
    MORE,
    STRICT,
    Address,
    Flag,
    Kind,
    Many,
    Map,
    Number,
    Subnet,
    Text,
    Unfit,
)
from ansible_collections.dockside.engine.plugins.module_utils._state.measures import Cpus, Duration, Pairs, Size

CHOICE = Text(("a", "b"), since={"b": (1, 48)})
ITEM = Struct(
    Field("name", Text(), "Name"),
    Field("size", Number(), "Size", unset=0),
    Field("on", Flag(), "On", min_api=(1, 44), unset=False),
)
SET, LIST, KEYED = Many(Text()), Many(Text(), ordered=True), Many(ITEM, key="name")


@pytest.mark.parametrize(
    ("kind", "option", "value"),
    [
        (Text(), "a", "a"),
        (CHOICE, "b", "b"),
        (Address(), "FD00:0::0:1", "fd00::1"),
        (Address(), "", ""),
        (Subnet(), "fd00:0:0::/64", "fd00::/64"),
        (Number(0, 9), 9, 9),
        (Size(), "512M", 512 << 20),
        (Size(), "1.5g", 3 << 29),
        (Size(), "4096", 4096),
        (Size(), 4096, 4096),
        (Size(), "1 KiB", 1024),
        (Size(), "2b", 2),
        (Size(unlimited=-1), "unlimited", -1),
        (Size(unlimited=-1), "-1", -1),
        (Cpus(), 1.5, 1_500_000_000),
        (Cpus(), 0.1, 100_000_000),
        (Duration(), "1m30s", 90 * 10**9),
        (Duration(), "1m 30s", 90 * 10**9),
        (Duration(), "500ms", 5 * 10**8),
        (Duration(), "0.5h", 1800 * 10**9),
        (Duration(), "0", 0),
        (Map(), {"a": "b"}, {"a": "b"}),
        (Map(), {1: "b"}, {"1": "b"}),
        (Map(loose=True), {"a": 1, "b": True, "c": 1.5}, {"a": "1", "b": "true", "c": "1.5"}),
        (Pairs(null=True), {"A": None, "B": ""}, {"A": None, "B": ""}),
        (SET, ["b", "a", "b"], ["a", "b"]),
        (LIST, ["b", "a", "b"], ["b", "a", "b"]),
        (ITEM, {"name": "a", "size": None, "on": True}, {"name": "a", "on": True}),
    ],
)
def test_parse(kind: Kind, option: Any, value: Any) -> None:
    assert kind.parse(option) == value


@pytest.mark.parametrize(
    ("kind", "option", "message"),
    [
        (Text(), 1, "must be text, not 1; put quotes around it"),
        (CHOICE, "c", "must be one of a, b, not 'c'"),
        (Address(), "10.0.0.256", "10.0.0.256"),
        (Subnet(), "10.0.0.0", "'10.0.0.0' has no prefix length; write it as ADDRESS/LENGTH, for example 10.1.0.0/16"),
        (Subnet(), "10.0.0.1/8", "has host bits set"),
        (Number(0), -1, "must be at least 0, not -1"),
        (Number(0, 5), 6, "must be at most 5, not 6"),
        (Number(), True, "must be an integer, not True"),
        (Size(), "12x", "must be a size such as 512M or 1G, not '12x'"),
        (Size(), "-1", "must be a size"),
        (Size(), "unlimited", "must be a size"),
        (Cpus(), -1.0, "must be a number of CPUs, not -1.0"),
        (Cpus(), float("inf"), "must be a number of CPUs, not inf"),
        (Cpus(), float("nan"), "must be a number of CPUs, not nan"),
        (Duration(), "12", "must be a duration such as 1m30s, 5s or 500ms, not '12'"),
        (Duration(), "1s1", "must be a duration"),
        (Map(), {"a": True}, "a: must be text, not True; put quotes around it"),
        (Map(), {"a": None}, "a: must be text, not None"),
        (Map(loose=True), {"a": [1]}, "a: must be text"),
        (Map(canon=Address().canon), {"a": "x"}, "a: 'x'"),
        (Pairs(), {"a=b": "c"}, "a=b: a name must not be empty or hold a '='"),
        (SET, ["a", 1], "[1]: must be text"),
        (KEYED, [{"name": "a"}, {"name": "b", "size": "x"}], "[1].size: must be an integer, not 'x'"),
        (KEYED, [{"name": "a"}, {"name": "b"}, {"name": "a"}], "name a is there more than once"),
    ],
)
def test_refused(kind: Kind, option: Any, message: str) -> None:
    with pytest.raises(ValueError) as caught:
        kind.parse(option)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("kind", "value", "shown"),
    [
        (Size(), 512 << 20, "512M"),
        (Size(), 1000, 1000),
        (Size(), 0, 0),
        (Size(unlimited=-1), -1, "unlimited"),
        (Cpus(), 1_500_000_000, 1.5),
        (Duration(), 90 * 10**9, "1m30s"),
        (Duration(), 0, "0s"),
        (ITEM, {"name": "a", "size": 1}, {"name": "a", "size": 1}),
    ],
)
def test_shown_as_a_user_would_write_it(kind: Kind, value: Any, shown: Any) -> None:
    assert kind.show(value) == shown
    if value != 0:
        assert kind.parse(shown) == value


A, B = {"name": "a", "size": 1}, {"name": "b"}


@pytest.mark.parametrize(
    ("kind", "desired", "actual", "mode", "merged"),
    [
        (Map(), {"a": "1"}, {"a": "2", "b": "3"}, MORE, {"a": "1", "b": "3"}),
        (Map(), {"a": "1"}, {"a": "2", "b": "3"}, STRICT, {"a": "1"}),
        (Map(), {"a": "1"}, None, MORE, {"a": "1"}),
        (SET, ["a"], ["b"], MORE, ["a", "b"]),
        (SET, ["a"], ["b"], STRICT, ["a"]),
        (LIST, ["b", "c"], ["a"], STRICT, ["b", "c"]),
        (LIST, ["b", "c"], ["c", "b"], MORE, ["b", "c"]),
        (ITEM, {"size": 1}, {"name": "a", "size": 2}, MORE, {"name": "a", "size": 1}),
        (ITEM, {"size": 1}, {"name": "a", "size": 2}, STRICT, {"size": 1}),
        (KEYED, [{"name": "a", "on": True}], [A, B], MORE, [{**A, "on": True}, B]),
    ],
)
def test_different(kind: Kind, desired: Any, actual: Any, mode: str, merged: Any) -> None:
    assert not kind.same(desired, actual, mode)
    assert kind.merge(desired, actual, mode) == merged


@pytest.mark.parametrize(
    ("kind", "desired", "actual", "mode"),
    [
        (Map(), {"a": "1"}, {"a": "1", "b": "2"}, MORE),
        (Map(), {}, None, STRICT),
        (SET, ["a"], ["a", "b"], MORE),
        (SET, [], None, STRICT),
        (LIST, ["a", "c"], ["a", "b", "c"], MORE),
        (ITEM, {"size": 1}, {"name": "a", "size": 1}, MORE),
        (ITEM, {"size": 0}, {}, MORE),
        (ITEM, {"name": "a"}, {"name": "a", "size": 0, "on": False}, STRICT),
        (KEYED, [{"name": "a"}], [A, B], MORE),
        (KEYED, [A, B], [A, B], STRICT),
    ],
)
def test_same(kind: Kind, desired: Any, actual: Any, mode: str) -> None:
    assert kind.same(desired, actual, mode)


def test_strict_sets_and_lists_see_what_is_too_much() -> None:
    assert not Map().same({"a": "1"}, {"a": "1", "b": "2"}, STRICT)
    assert not SET.same(["a"], ["a", "b"], STRICT)
    assert not LIST.same(["a", "c"], ["a", "b", "c"], STRICT)
    assert not KEYED.same([A], [A, B], STRICT)
    assert not ITEM.same({"name": "a"}, {"name": "a", "size": 1}, STRICT)


def test_the_api_side() -> None:
    assert Pairs(null=True).dump({"A": "1", "B": None, "C": ""}) == ["A=1", "B", "C="]
    assert Pairs(null=True).load(["A=x=y", "B", "C="]) == {"A": "x=y", "B": None, "C": ""}
    assert Address().load("fd00:0::1/64") == "fd00::1"
    assert Subnet().load("10.0.0.1/24") == "10.0.0.1/24", "what an older daemon let in is shown as it is"
    assert ITEM.dump({"name": "a", "size": 0}) == {"Name": "a", "Size": 0}
    assert ITEM.load({"Name": "a", "Other": 1, "On": None}) == {"name": "a"}


def test_specs() -> None:
    assert CHOICE.spec() == {"type": "str", "choices": ["a", "b"]}
    assert SET.spec() == {"type": "list", "elements": "str"}
    assert KEYED.spec()["elements"] == "dict"
    assert set(KEYED.spec()["options"]) == {"name", "size", "on"}


def test_what_needs_a_newer_api() -> None:
    assert list(CHOICE.needs("a", "x")) == []
    assert list(CHOICE.needs("b", "x")) == [("x=b", (1, 48))]
    assert list(KEYED.needs([A, {"name": "b", "on": False}], "x")) == [("x[1].on", (1, 44))]


def test_the_path_of_an_error() -> None:
    error = Unfit.at("options", Unfit.at("[0]", Unfit.at("name", ValueError("is wrong"))))
    assert str(error) == "options[0].name: is wrong"
    assert (error.path, error.reason) == ("options[0].name", "is wrong")
