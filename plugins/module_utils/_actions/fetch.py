# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files out of a container (/containers/{id}/archive, /containers/{id}/export)."""

from __future__ import annotations

import os
import posixpath
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._engine.files import Files
from . import trees
from .landing import Opened, land, pour
from .trees import Unready, inspect, shown, unready

Result = dict[str, Any]
SPEC: dict[str, dict[str, Any]] = {
    **trees.SPEC,
    "container_path": {"type": "str"},
    "export": {"type": "bool", "default": False},
    "dest": {"type": "path"},
    "path": {"type": "path"},
    "pack": {"type": "bool", "default": False},
    "follow": {"type": "bool", "default": True},
}
PLACES = ("dest", "path")
RULES: dict[str, Any] = {"mutually_exclusive": [PLACES], "required_one_of": [PLACES]}


def fetch(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    path = params["container_path"]
    if params["export"] == (path is not None):
        raise ValueError("container_path: give either this or export")
    if path is not None and not path.startswith("/"):
        raise ValueError(f"container_path: must be an absolute path, not {shown(path)}")
    action = "fetch the file system" if params["export"] else f"fetch {shown(path)}"
    try:
        path, opened = find(engine, params)
        if params["dest"] is not None:  # of the controller, whose action plugin takes it from here
            return carry(opened, path, params["dest"])
        say, act = land(opened, params, engine.warnings)
    except Unready as error:
        return unready(engine.warnings, error, action)
    return lambda: {**say(), "container_path": shown(path)}, lambda: {**act(), "container_path": shown(path)}


def find(engine: Engine, params: Mapping[str, Any]) -> tuple[str, Opened]:
    """What is to be fetched: its path in the container, after links, and the archive of it."""
    container = inspect(engine, params["container"])["Id"]
    if params["export"]:
        return "/", Opened(lambda: exported(engine, container), "")
    files = Files(engine, container)
    path = "/" + posixpath.normpath(params["container_path"]).strip("/")
    found = files.find(path)
    if found and found.kind == "link" and params["follow"]:
        path, found = found.target, files.find(found.target)
    if not found:
        raise Unready(f"container_path: there is nothing at {shown(path)} in container {params['container']}")
    if found.kind == "special":
        raise EngineError(f"container_path: {shown(path)} is neither a file, a directory nor a link")
    if params["container_path"].endswith("/") and found.kind != "directory":
        raise EngineError(f"container_path: {shown(path)} is no directory in the container")
    return path, Opened(lambda: files.archive(path), None)


@contextmanager
def exported(engine: Engine, container: str) -> Iterator[Iterator[bytes]]:
    with engine.stream("GET", f"/containers/{container}/export") as answer:
        yield answer.chunks()


def carry(opened: Opened, path: str, place: str) -> tuple[Callable[[], Result], Callable[[], Result]]:
    """The archive for the controller, which lands it; in check mode, too, as that only reads the container."""

    def bring() -> Result:
        with open(place, "wb") as file:
            os.chmod(place, 0o644)  # who is logged in may not be who runs this; only they can enter the directory
            pour(opened, file)
        return {"changed": False, "container_path": shown(path), "_brought": True}

    return bring, bring
