# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of list requests, as tasks write them."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._state.filters import filters


def test_values_become_lists_of_words() -> None:
    found = filters({"label": ["a", "b=1"], "dangling": False, "exited": 137}, "f", ("label", "dangling", "exited"))
    assert found == {"label": ["a", "b=1"], "dangling": ["false"], "exited": ["137"]}
    assert filters(None, "f") == {}


def test_a_dictionary_stands_for_words() -> None:
    given = {"label": {"a": "1", "b": 2, "c": True}, "id": ["x", 1]}
    assert filters(given, "f") == {"label": ["a=1", "b=2", "c=true"], "id": ["x", "1"]}


@pytest.mark.parametrize(
    ("option", "message"),
    [
        ({"color": "blue"}, r"f\.color: there is no such filter, only label"),
        ({"label": None}, r"f\.label: must be"),
        ({"label": {}}, r"f\.label: must be"),
        ({"label": {"a": []}}, r"f\.label\.a: must be"),
    ],
)
def test_filters_that_are_refused(option: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        filters(option, "f", ("label",))
