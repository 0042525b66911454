# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What prunes make of labels and of the names of images."""

from __future__ import annotations

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.filters import labelled, truth
from ansible_collections.dockside.engine.plugins.module_utils._actions.prune import repository_of, single
from ansible_collections.dockside.engine.plugins.module_utils._state.filters import Filters


def test_truth() -> None:
    found: Filters = {"dangling": ["false"]}
    assert (truth(found, "dangling", True), truth(found, "all", True)) == (False, True)


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
