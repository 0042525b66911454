# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives of images, as `docker save` and the API make them, in the layout of Docker, of OCI, or both: what one holds,
and how an engine gets it."""

from __future__ import annotations

import json
import re
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._engine.reference import parse_reference
from .images import failing, follow, for_platform, oci, parts, words

_LIMIT = 16 * 1024 * 1024  # bytes; no description of an image comes near it
_PIECE = 65536
_LOADED = re.compile(r"Loaded image(?: ID)?: (\S+)")


@dataclass
class Archived:
    """An image in an archive.

    names     as RepoTags of the engine shows them, sorted; none for an image that was saved by its id
    ids       what the engine may call it: the digest of its config, or of its manifest in the containerd image store
    manifest  whether the latter is known
    config    the image's config
    others    the platforms of its other images, if it is one name for several
    """

    names: list[str]
    ids: set[str]
    manifest: bool
    config: Mapping[str, Any] = field(default_factory=dict)
    others: list[Mapping[str, Any]] = field(default_factory=list)

    def fits(self, platform: str) -> bool:
        """Whether it is there for the platform."""
        system, architecture, variant = parts(platform)
        found = [words(each) for each in (self.config, *self.others)]
        return any(each == (system, architecture or each[1], variant or each[2]) for each in found)

    def same(self, image: Mapping[str, Any]) -> bool:
        """Whether this is the image that an inspect shows."""
        if image["Id"] in self.ids:
            return True
        if self.manifest or "Descriptor" not in image:
            return False
        # The containerd image store makes a manifest of its own for an archive without one. Its digest is not known.
        layers = (self.config.get("rootfs") or {}).get("diff_ids")
        return bool(layers == image["RootFS"].get("Layers") and self.config.get("created") == image["Created"])


def read(path: str) -> list[Archived] | None:
    """The images in an archive, also in a compressed one; None when it does not say in Docker's way what it holds.

    EngineError when it cannot be read or is no archive of images.
    """
    found: dict[str, Any] = {}
    try:
        with tarfile.open(path, "r:*") as archive:
            for name in ("manifest.json", "index.json"):
                found[name] = _member(archive, name)
            images = found["manifest.json"]
            if images is None and found["index.json"] is None:
                raise EngineError(f"{path} is no archive of images: it holds neither manifest.json nor index.json")
            if images is None:
                return None
            manifests = (found["index.json"] or {}).get("manifests") or []
            return [_archived(archive, image, manifests) for image in images]
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror or error}") from error
    except (tarfile.TarError, zlib.error, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise EngineError(f"{path} is no archive of images: {error}") from error


def _member(archive: tarfile.TarFile, name: str) -> Any:
    try:
        info = archive.getmember(name)
    except KeyError:
        return None
    file = archive.extractfile(info)
    if file is None or info.size > _LIMIT:
        raise ValueError(f"{name} is no description")
    return json.loads(file.read())


def _archived(archive: tarfile.TarFile, image: Mapping[str, Any], manifests: list[Mapping[str, Any]]) -> Archived:
    names = sorted(image.get("RepoTags") or [])
    # <digest>.json or blobs/sha256/<digest>
    ids = {"sha256:" + image["Config"].rpartition("/")[2].partition(".")[0]}
    own = [each for each in manifests if not names or _named(each) in names or len(manifests) == 1]
    made = Archived(names, ids | {each["digest"] for each in own}, bool(own), _member(archive, image["Config"]) or {})
    for each in own:
        if each.get("mediaType", "").endswith((".index.v1+json", ".list.v2+json")):
            index = _member(archive, "blobs/" + each["digest"].replace(":", "/")) or {}
            made.others += [entry["platform"] for entry in index.get("manifests", []) if "platform" in entry]
    return made


def _named(manifest: Mapping[str, Any]) -> str:
    name = (manifest.get("annotations") or {}).get("io.containerd.image.name")
    return str(parse_reference(name)) if name else ""


def load(engine: Engine, path: str, platform: str | None = None) -> list[str]:
    """Send an archive (POST /images/load); answers the names and ids that the engine says it loaded.

    `platform`: only what is there for it is loaded (API 1.48). EngineError that names the archive.
    """
    loaded: list[str] = []
    query = {"quiet": True, "platform": oci(platform) if platform else None}
    try:
        with open(path, "rb") as file, failing(f"{path} cannot be loaded"):
            follow(
                engine,
                "/images/load",
                query,
                lambda message: loaded.extend(_LOADED.findall(message.get("stream") or "")),
                body=iter(partial(file.read, _PIECE), b""),
                headers={"Content-Type": "application/x-tar"},
            )
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error
    if not loaded:  # of other platforms the daemon says nothing
        raise EngineError(f"{path} cannot be loaded: the engine finds no image{for_platform(platform)} in it")
    return loaded
