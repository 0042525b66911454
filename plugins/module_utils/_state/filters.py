# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters of list and prune requests: an option that is a dictionary, as the API has it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

Filters = dict[str, list[str]]
# What GET /containers/json accepts.
CONTAINERS = (
    "ancestor", "before", "exited", "expose", "health", "id", "is-task", "isolation", "label", "name", "network",
    "publish", "since", "status", "volume",
)  # fmt: skip


def filters(option: Mapping[str, Any] | None, name: str, known: tuple[str, ...] = ()) -> Filters:
    """A name -> words; tasks write a word, a list of words, or a dictionary, which stands for words ``name=value``.

    `name` is that of the option, `known` the filters that there are, where the daemon does not tell by itself. Raises
    ValueError.
    """
    result: Filters = {}
    for key, value in (option or {}).items():
        if known and key not in known:
            raise ValueError(f"{name}.{key}: there is no such filter, only {', '.join(known)}")
        if isinstance(value, Mapping) and value:
            result[key] = [f"{label}={_word(text, f'{name}.{key}.{label}')}" for label, text in value.items()]
        else:
            result[key] = [_word(each, f"{name}.{key}") for each in (value if isinstance(value, list) else [value])]
    return result


def _word(value: Any, path: str) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, (str, int, float)):
        return str(value)
    raise ValueError(f"{path}: must be text or a list of texts, not {value!r}")
