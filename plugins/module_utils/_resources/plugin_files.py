# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a plugin is made of: a directory or a tar with config.json and rootfs."""

from __future__ import annotations

import json
import os
import posixpath
import tarfile
from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any

from .._engine.archive import pack, tree
from .._engine.errors import EngineError
from .._state.kinds import Unfit

CONFIG, ROOT = "config.json", "rootfs"
PIECE = 65536


def described(path: str) -> dict[str, Any]:
    """The configuration in the files; FileNotFoundError when there are none, Unfit when they make no plugin."""
    try:
        if os.path.isdir(path):
            os.stat(os.path.join(path, ROOT))
            with open(os.path.join(path, CONFIG), "rb") as file:
                config = json.load(file)
        else:
            config = packed(path)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise Unfit(f"{error.filename or path} cannot be read: {error.strerror}", "source_path") from error
    except (tarfile.TarError, ValueError) as error:
        raise Unfit(f"no plugin can be made of {path}: {error}", "source_path") from error
    if not isinstance(config, dict):
        raise Unfit(f"{CONFIG} of {path} holds no object", "source_path")
    return config


def packed(path: str) -> Any:
    found, root = None, False
    with tarfile.open(path, "r:") as archive:  # not compressed: engines do not take that
        for info in archive:
            name = posixpath.normpath(info.name).lstrip("/")
            root = root or name.partition("/")[0] == ROOT
            file = archive.extractfile(info) if name == CONFIG else None
            found = json.loads(file.read()) if file else found
    if found is None or not root:
        raise ValueError(f"it holds no {CONFIG if root else ROOT}")
    return found


def contents(path: str) -> Iterator[bytes]:
    """The tar, in pieces. EngineError when something cannot be read."""
    if os.path.isdir(path):
        yield from pack(entry for name in (CONFIG, ROOT) for entry in tree(os.path.join(path, name), name))
        return
    try:
        with open(path, "rb") as file:
            yield from iter(partial(file.read, PIECE), b"")
    except OSError as error:
        raise EngineError(f"source_path: {path} cannot be read: {error.strerror}") from error


def differences(present: Mapping[str, Any], wanted: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What differs between the configuration of a plugin and that of the files: before, after."""
    before, after = folded(present), folded(wanted)
    known = {name.lower() for name in present} - {"rootfs", "dockerversion"}  # these are the engine's
    differing = sorted(name for name in known if before.get(name) != after.get(name))
    return tuple({name: side[name] for name in differing if name in side} for side in (before, after))  # type: ignore[return-value]


def folded(value: Any) -> Any:
    """A configuration in one spelling: engines take names in any case, and do not tell nothing from zero.

    What was set in place of the source of a mount or the path of a device shows up here as if it belonged here.
    """
    if isinstance(value, list):
        return [folded(each) for each in value]
    if not isinstance(value, Mapping):
        return value
    result = {name.lower(): folded(each) for name, each in value.items()}
    for name in ("source", "path"):
        if name in (result.get("settable") or []):
            result.pop(name, None)
    return {name: each for name, each in result.items() if each not in (None, "", 0, False, [], {})}
