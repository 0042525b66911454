# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters, points in time and names of images, as tasks write them."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.filters import (
    Filters,
    filters,
    instant,
    labelled,
    moment,
    truth,
)
from ansible_collections.dockside.engine.plugins.module_utils._actions.prune import repository_of, single

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


def test_values_become_lists_of_words() -> None:
    found = filters({"label": ["a", "b=1"], "dangling": False, "exited": 137}, "f", ("label", "dangling", "exited"))
    assert found == {"label": ["a", "b=1"], "dangling": ["false"], "exited": ["137"]}
    assert filters(None, "f", ()) == {}
    assert (truth(found, "dangling", True), truth(found, "all", True)) == (False, True)


@pytest.mark.parametrize(
    ("option", "message"),
    [({"color": "blue"}, r"f\.color: there is no such filter, only label"), ({"label": None}, r"f\.label: must be")],
)
def test_filters_that_are_refused(option: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        filters(option, "f", ("label",))


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({}, True),
        ({"label": ["a"]}, True),
        ({"label": ["a=1", "b"]}, True),
        ({"label": ["a=2"]}, False),
        ({"label": ["a", "c"]}, False),
        ({"label!": ["a"]}, False),
        ({"label!": ["a=2"]}, True),
        ({"label!": ["a", "c"]}, True),
    ],
)
def test_labels(wanted: Filters, expected: bool) -> None:
    assert labelled(wanted, {"a": "1", "b": ""}) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1m", "1767322985.000000000"),
        ("12.5", "12.500000000"),
        ("1795487274.346282874", "1795487274.346282874"),
        ("2026-01-02T03:04:05.123456789Z", "1767323045.123456789"),
        ("2026-01-02T03:04:05.1+02:00", "1767315845.100000000"),
        ("2026-01-02", "1767312000.000000000"),
    ],
)
def test_points_in_time(text: str, expected: str) -> None:
    assert instant(text, NOW) == expected
    assert moment(text, NOW) == pytest.approx(float(expected), abs=1e-5)


@pytest.mark.parametrize("text", ["soon", "", "2026-13-01", "12.x"])
def test_what_is_no_point_in_time(text: str) -> None:
    for parse in (instant, moment):
        with pytest.raises(ValueError, match="neither a span"):
            parse(text, NOW)


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ([], True),
        (["a:1"], True),
        (["a:1", "a:2"], False),
        (["a:1", "a@sha256:1"], True),
        (["a:1", "b@sha256:1"], False),
        (["a@sha256:1", "a@sha256:2"], True),
    ],
)
def test_names_that_count_as_one(names: list[str], expected: bool) -> None:
    assert single(names) == expected


def test_repositories() -> None:
    names = ["a:1", "host:5000/a", "host:5000/a:1", "a@sha256:1", "a:1@sha256:1"]
    assert [repository_of(name) for name in names] == ["a", "host:5000/a", "host:5000/a", "a", "a"]
