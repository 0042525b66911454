# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images out of an archive (/images/load)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._resources.image_archive import Archived, read
from .._resources.image_archive import load as send
from .._resources.images import inspect, parts

Result = dict[str, Any]
SPEC: dict[str, dict[str, Any]] = {
    "path": {"type": "path", "required": True},
    "platform": {"type": "str"},
    "force": {"type": "bool", "default": False},
}


def load(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    path, platform = params["path"], params["platform"]
    if platform:
        parts(platform)
        engine.require([("platform", (1, 48))])
    if not os.path.lexists(path):
        return missing_file(engine, path)
    held = read(path)
    if held is None:
        engine.warnings.append(f"{path} does not tell in Docker's way what it holds: it is loaded to find out")
    unfit = sorted(min(image.names or image.ids) for image in held or () if platform and not image.fits(platform))
    obstacle = f"path: {path} holds {', '.join(unfit)}, but not for {platform}" if unfit else ""
    missing = [name for image in held or () for name in _missing(engine, image, platform)]
    needed = held is None or bool(missing) or params["force"]
    actions = [f"load {', '.join(missing) or 'images'} from {path}"] if needed else []

    def result(names: list[str], changed: bool) -> Result:
        images = [image for image in (inspect(engine, name) for name in names) if image]
        return {"changed": changed, "actions": actions, "image_names": names, "images": images}

    names = [name for image in held or () for name in image.names or _known(engine, image)]

    def say() -> Result:
        # An earlier task of the play may be going to write the file anew.
        engine.warnings.extend([f"this would fail: {obstacle}"] if obstacle else [])
        return result(names, needed)

    def act() -> Result:
        if obstacle:
            raise EngineError(obstacle)
        if not needed:
            return result(names, False)
        before = _listed(engine)
        loaded = send(engine, path, platform)
        # Forced, or of unknown contents: only now it shows whether anything is new.
        return result(loaded, bool(missing) or _listed(engine) != before)

    return say, act


def missing_file(engine: Engine, path: str) -> tuple[Callable[[], Result], Callable[[], Result]]:
    """An earlier task of the play may be going to make the file: in check mode this is no error."""

    def say() -> Result:
        engine.warnings.append(f"this would fail: path: there is no file {path}")
        return {"changed": True, "actions": [f"load images from {path}"], "image_names": [], "images": []}

    def act() -> Result:
        raise EngineError(f"path: there is no file {path}")

    return say, act


def _missing(engine: Engine, image: Archived, platform: str | None) -> list[str]:
    """The names, or the id, under which this image is not on the engine."""
    if not image.names and not _known(engine, image, platform):
        return [min(image.ids)]
    return [name for name in image.names if not _there(engine, image, name, platform)]


def _there(engine: Engine, image: Archived, name: str, platform: str | None) -> bool:
    found = inspect(engine, name)
    part = inspect(engine, name, platform) if platform else found
    return bool(found and part and (image.same(found) or image.same(part)))


def _known(engine: Engine, image: Archived, platform: str | None = None) -> list[str]:
    """The id that an image without a name has on the engine."""
    return [found["Id"] for found in (inspect(engine, each, platform) for each in sorted(image.ids)) if found][:1]


def _listed(engine: Engine) -> list[tuple[str, list[str]]]:
    return sorted((image["Id"], sorted(image["RepoTags"] or [])) for image in engine.get("/images/json"))
