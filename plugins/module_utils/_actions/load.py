# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images out of an archive (/images/load)."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import partial
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._engine.streams import messages, raise_for_error
from .._resources.images import failing, inspect
from .image_archive import Archived, read

Result = dict[str, Any]
SPEC: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "force": {"type": "bool", "default": False},
}
_PIECE = 65536
_LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")


def load(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    path = params["path"]
    if not os.path.lexists(path):
        return missing_file(engine, path)
    held = read(path)
    if held is None:
        engine.warnings.append(f"{path} does not tell in Docker's way what it holds: it is loaded to find out")
    missing = [name for image in held or () for name in _missing(engine, image)]
    needed = held is None or bool(missing) or params["force"]
    actions = [f"load {', '.join(missing) or 'images'} from {path}"] if needed else []

    def result(names: list[str], changed: bool) -> Result:
        images = [image for image in (inspect(engine, name) for name in names) if image]
        return {"changed": changed, "actions": actions, "image_names": names, "images": images}

    names = [name for image in held or () for name in image.names or _known(engine, image)]

    def act() -> Result:
        if not needed:
            return result(names, False)
        before = _listed(engine)
        loaded = _load(engine, path)
        # Forced, or of unknown contents: only now it shows whether anything is new.
        return result(loaded, bool(missing) or _listed(engine) != before)

    return lambda: result(names, needed), act


def missing_file(engine: Engine, path: str) -> tuple[Callable[[], Result], Callable[[], Result]]:
    """An earlier task of the play may be going to make the file: in check mode this is no error."""

    def say() -> Result:
        engine.warnings.append(f"this would fail: path: there is no file {path}")
        return {"changed": True, "actions": [f"load images from {path}"], "image_names": [], "images": []}

    def act() -> Result:
        raise EngineError(f"path: there is no file {path}")

    return say, act


def _missing(engine: Engine, image: Archived) -> list[str]:
    """The names, or the id, under which this image is not on the engine."""
    found = {name: inspect(engine, name) for name in image.names}
    if not image.names and not _known(engine, image):
        return [min(image.ids)]
    return [name for name, there in found.items() if not there or not image.same(there)]


def _known(engine: Engine, image: Archived) -> list[str]:
    """The id that an image without a name has on the engine."""
    return [found["Id"] for found in (inspect(engine, each) for each in sorted(image.ids)) if found][:1]


def _listed(engine: Engine) -> list[tuple[str, list[str]]]:
    return sorted((image["Id"], sorted(image["RepoTags"] or [])) for image in engine.get("/images/json"))


def _load(engine: Engine, path: str) -> list[str]:
    """Send the archive; answers the names and ids that the engine says it loaded."""
    loaded = []
    headers = {"Content-Type": "application/x-tar"}
    try:
        with open(path, "rb") as file, failing(f"{path} cannot be loaded"):
            body = iter(partial(file.read, _PIECE), b"")
            with engine.stream("POST", "/images/load", {"quiet": True}, body=body, headers=headers) as stream:
                for message in messages(stream.chunks()):
                    raise_for_error(message)
                    loaded += _LOADED.findall(message.get("stream") or "")
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error
    return loaded
