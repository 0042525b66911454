# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images into an archive (/images/get, and /images/{name}/get for one)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._engine.reference import is_id, parse_reference
from .._resources.image_archive import read
from .._resources.images import failing, for_platform, inspect, oci, parts
from .local import replacing

Result = dict[str, Any]
SPEC: dict[str, dict[str, Any]] = {
    "names": {"type": "list", "elements": "str", "required": True, "aliases": ["name"]},
    "tag": {"type": "str", "default": "latest"},
    "path": {"type": "path", "required": True},
    "platform": {"type": "str"},
    "force": {"type": "bool", "default": False},
}


def save(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    path, platform = params["path"], params["platform"]
    if platform:
        parts(platform)
        engine.require([("platform", (1, 48))])
    names = [name if is_id(name) else _named(name, params["tag"]) for name in params["names"]]
    if not names:
        raise ValueError("names: must name an image")
    found = {name: inspect(engine, name, platform) for name in names}
    images = {name: image for name, image in found.items() if image}
    absent = [f"image {name} is not on the engine{for_platform(platform)}" for name in found if name not in images]
    why = "it is asked for" if params["force"] else difference(path, images)
    actions = [f"save {', '.join(found)} to {path}: {why}"] if why or absent else []
    result: Result = {"changed": bool(actions), "actions": actions, "images": list(images.values())}

    def say() -> Result:
        # An earlier task of the play may be going to make the image.
        engine.warnings.extend(f"this would fail: {each}" for each in absent)
        return result

    def act() -> Result:
        if absent:
            raise EngineError("; ".join(absent))
        if why:
            write(engine, list(found), path, platform)
        return result

    return say, act


def _named(name: str, tag: str) -> str:
    try:
        return str(parse_reference(name, tag))
    except ValueError as error:
        raise ValueError(f"names: {error}") from None


def difference(path: str, images: Mapping[str, Mapping[str, Any]]) -> str:
    """Why the archive at `path` is not one of these images; "" when it is."""
    if not os.path.lexists(path):
        return "it is not there"
    if not os.path.isfile(path):
        raise EngineError(f"path: {path} is there and no file")
    try:
        held = read(path)
    except EngineError as error:
        return error.message
    if held is None:
        return "it does not tell in Docker's way what it holds"
    by_name = {name: image for image in held for name in image.names}
    nameless = [image for image in held if not image.names]
    named = {name: image for name, image in images.items() if not is_id(name) and "@" not in name}
    # An image that is asked for by id or digest has no name in an archive.
    others = {image["Id"]: image for name, image in images.items() if name not in named}
    if set(by_name) != set(named) or len(nameless) != len(others):
        return f"it holds {', '.join(sorted(by_name)) or 'other images'}"
    for name, image in named.items():
        if not by_name[name].same(image):
            return f"it holds another {name}"
    for name, image in others.items():
        if not any(each.same(image) for each in nameless):
            return f"it holds no {name}"
    return ""


def write(engine: Engine, names: list[str], path: str, platform: str | None = None) -> None:
    """The whole archive or none: what is at `path` stays until the new one is complete."""
    # The one operation for many would do for one, too; engines have another for that.
    query: dict[str, Any] = {"platform": oci(platform) if platform else None}
    place = f"/images/{names[0]}/get"
    if len(names) > 1:
        place, query["names"] = "/images/get", tuple(names)
    with replacing(os.path.realpath(path)) as file, failing(f"{', '.join(names)} cannot be saved"):
        with engine.stream("GET", place, query) as stream:
            for chunk in stream.chunks():
                file.write(chunk)
