# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A new image of what a container has changed (/commit)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.reference import parse_reference
from .._resources.images import inspect

Result = dict[str, Any]
SPEC: dict[str, dict[str, Any]] = {
    "container": {"type": "str", "required": True},
    "name": {"type": "str"},
    "tag": {"type": "str", "default": "latest"},
    "author": {"type": "str"},
    "commit_message": {"type": "str"},
    "changes": {"type": "list", "elements": "str"},
    "pause": {"type": "bool", "default": True},
}


def commit(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    """Each run makes another image: its date is a part of it."""
    reference = None
    if params["name"]:
        try:
            reference = parse_reference(params["name"], params["tag"])
        except ValueError as error:
            raise ValueError(f"name: {error}") from None
        if reference.digest:
            raise ValueError("name: a new image gets its digest from the engine")
    name = f" as {reference}" if reference else ""
    actions = [f"commit container {params['container']}{name}"]
    query = {
        "container": params["container"],
        "repo": reference and reference.repository,
        "tag": reference and reference.tag,
        "author": params["author"],
        "comment": params["commit_message"],
        "changes": tuple(params["changes"] or ()),
        "pause": params["pause"],
    }

    def act() -> Result:
        # As long as it takes to copy what the container has written.
        made = engine.post("/commit", {}, query, patience=None)["Id"]
        return {"changed": True, "actions": actions, "image": inspect(engine, made)}

    def say() -> Result:
        if engine.get(f"/containers/{params['container']}/json", missing=None) is None:
            engine.warnings.append(f"this would fail: container {params['container']} does not exist")
        return {"changed": True, "actions": actions, "image": {}}

    return say, act
