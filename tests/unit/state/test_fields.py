# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fields and schemas: what a table makes of options and of what inspect answers."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.network import Network
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import (
    HIDDEN,
    RECREATE,
    UPDATE,
    Change,
    Field,
    Schema,
    Struct,
    pick,
    place,
)
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import (
    IGNORE,
    MORE,
    STRICT,
    Flag,
    Many,
    Map,
    Number,
    Text,
)

INNER = Struct(Field("order", Text(), "Order", unset=""), Field("delay", Number(), "Delay", unset=0))
OUTER = Struct(Field("inner", INNER, "Inner"), Field("count", Number(), "Deep.Count", unset=0))
SCHEMA = Schema(
    Field("text", Text(), "Text", read="Config.Text", on_change=UPDATE, unset=""),
    Field("labels", Map(), "Spec.Labels", unset={}),
    Field("words", Many(Text(), ordered=True), "Words", unset=[]),
    Field("fresh", Flag(), "Fresh", min_api=(1, 44)),
    Field("secret", Text(), "Secret", secret=True),
    Field("outer", OUTER, "Outer", min_api=(1, 40)),
    Field("silent", Number(), "Silent", mode=IGNORE),
    Field("apart", Many(Text()), "", read="apart", unset=[]),
)
FOUND = {
    "Config": {"Text": "old"},
    "Spec": {"Labels": {"a": "1", "b": "2"}},
    "Words": None,
    "Outer": {"Inner": {"Order": "first", "Delay": 5}, "Deep": {"Count": 3}},
    "Secret": "before",
}


def changes(options: dict[str, Any], comparisons: dict[str, str] | None = None) -> list[Change]:
    return SCHEMA.changes(SCHEMA.desired(options), SCHEMA.actual(FOUND), SCHEMA.modes(comparisons))


def body(options: dict[str, Any], into: dict[str, Any] | None = None, found: dict[str, Any] | None = None) -> Any:
    actual = SCHEMA.actual(found) if found else {}
    return SCHEMA.body(SCHEMA.desired(options), actual, SCHEMA.modes(), into)


def test_paths() -> None:
    document: dict[str, Any] = {"a": {"b": 1}, "n": None}
    assert pick(document, "a.b") == 1
    assert [pick(document, path) for path in ("a.x", "a.b.c", "n.x", "x")] == [None] * 4
    assert pick(None, "a") is None
    place(document, "n.x.y", 2)
    place(document, "a.c", 3)
    assert document == {"a": {"b": 1, "c": 3}, "n": {"x": {"y": 2}}}


def test_only_what_is_named_is_desired() -> None:
    assert SCHEMA.desired({"text": "a", "labels": None}) == {"text": "a"}
    assert SCHEMA.desired({}) == {}


def test_actual_has_every_option_and_what_stands_for_a_missing_one() -> None:
    assert SCHEMA.actual({}) == {
        "text": "",
        "labels": {},
        "words": [],
        "fresh": None,
        "secret": None,
        "outer": None,
        "silent": None,
        "apart": [],
    }
    assert SCHEMA.actual(FOUND)["outer"] == {"inner": {"order": "first", "delay": 5}, "count": 3}


def test_changes_say_what_is_and_what_will_be() -> None:
    assert changes({"text": "new", "labels": {"a": "3"}}) == [
        Change("text", "old", "new", UPDATE),
        Change("labels", {"a": "1", "b": "2"}, {"a": "3", "b": "2"}, RECREATE),
    ]
    assert changes({"text": "old", "labels": {"a": "1"}, "words": [], "silent": 9}) == []


def test_structures_are_laid_level_by_level() -> None:
    (change,) = changes({"outer": {"inner": {"order": "last"}}})
    assert change.after == {"inner": {"order": "last", "delay": 5}, "count": 3}
    assert body({"outer": {"inner": {"order": "last"}}}, found=FOUND) == {
        "Outer": {"Inner": {"Order": "last", "Delay": 5}, "Deep": {"Count": 3}}
    }


def test_comparisons() -> None:
    assert changes({"labels": {"a": "1"}}, {"labels": STRICT})[0].after == {"a": "1"}
    assert changes({"labels": {"x": "y"}, "text": "new"}, {"*": IGNORE}) == []
    assert [each.option for each in changes({"labels": {"x": "y"}, "text": "n"}, {"*": IGNORE, "text": STRICT})] == [
        "text"
    ]
    assert changes({"silent": 9}, {"silent": STRICT})[0].option == "silent"


@pytest.mark.parametrize(
    ("comparisons", "message"),
    [
        ({"nosuch": STRICT}, "comparisons.nosuch: is no option that is compared"),
        ({"text": MORE}, "comparisons.text: can be ignore, strict, not 'allow_more_present'"),
        ({"*": MORE}, "comparisons.*: can be strict or ignore, not 'allow_more_present'"),
        ({"text": "exact"}, "comparisons.text: can be ignore, strict, not 'exact'"),
    ],
)
def test_wrong_comparisons(comparisons: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        SCHEMA.modes(comparisons)
    assert str(caught.value) == message


def test_every_option_that_is_too_new_is_named() -> None:
    desired = SCHEMA.desired({"fresh": False, "outer": {"count": 1}, "text": "a"})
    assert SCHEMA.requirements(desired) == [("fresh", (1, 44)), ("outer", (1, 40))]


def test_body_keeps_what_is_not_named() -> None:
    assert body({"text": "a", "apart": ["x"]}, into={"Other": 1, "Text": "b"}) == {"Other": 1, "Text": "a"}
    assert body({"labels": {"c": "3"}}, found=FOUND) == {"Spec": {"Labels": {"a": "1", "b": "2", "c": "3"}}}
    assert body({"silent": 9}) == {"Silent": 9}, "what is not compared is sent all the same"


def test_secrets_are_hidden() -> None:
    (change,) = changes({"secret": "after"})
    assert (change.before, change.after) == (HIDDEN, HIDDEN)
    assert SCHEMA.show(SCHEMA.desired({"secret": "after"})) == {"secret": HIDDEN}
    assert SCHEMA.argument_spec()["secret"]["no_log"] is True


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ipam_config": [{"subnet": "10.1.0.0"}]}, "ipam_config[0].subnet: '10.1.0.0' has no prefix length"),
        (
            {"ipam_config": [{"subnet": "10.1.0.0/16"}, {"aux_addresses": {"a": "b"}}]},
            "ipam_config[1].aux_addresses.a: 'b' does not appear to be",
        ),
        ({"labels": {"a": 1}}, "labels.a: must be text, not 1; put quotes around it"),
    ],
)
def test_errors_name_the_option_by_its_path(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError) as caught:
        Network.schema.desired(options)
    assert str(caught.value).startswith(message)
