# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an archive of images holds, as `docker save` and the API make it: the layout of Docker, of OCI, or both."""

from __future__ import annotations

import json
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from .._engine.errors import EngineError
from .._engine.registry import parse_reference

_LIMIT = 16 * 1024 * 1024  # bytes; no description of an image comes near it


@dataclass
class Archived:
    """An image in an archive.

    names     as RepoTags of the engine shows them, sorted; none for an image that was saved by its id
    ids       what the engine may call it: the digest of its config, or of its manifest in the containerd image store
    manifest  whether the latter is known
    config    the image's config
    """

    names: list[str]
    ids: set[str]
    manifest: bool
    config: Mapping[str, Any] = field(default_factory=dict)

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
            return [_archived(image, manifests, _member(archive, image["Config"]) or {}) for image in images]
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


def _archived(image: Mapping[str, Any], manifests: list[Mapping[str, Any]], config: Mapping[str, Any]) -> Archived:
    names = sorted(image.get("RepoTags") or [])
    # <digest>.json or blobs/sha256/<digest>
    ids = {"sha256:" + image["Config"].rpartition("/")[2].partition(".")[0]}
    digests = {each["digest"] for each in manifests if not names or _named(each) in names or len(manifests) == 1}
    return Archived(names, ids | digests, bool(digests), config)


def _named(manifest: Mapping[str, Any]) -> str:
    name = (manifest.get("annotations") or {}).get("io.containerd.image.name")
    return str(parse_reference(name)) if name else ""
