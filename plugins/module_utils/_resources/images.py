# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What images, containers and services ask of images: is it here, is it the newest, fetch it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from .._engine.client import Engine
from .._engine.errors import APIError, StreamError
from .._engine.registry import Reference, auth_header, is_id, parse_reference
from .._engine.streams import messages, raise_for_error
from .._state.converge import Document
from .._state.kinds import Unfit


def inspect(engine: Engine, reference: str) -> dict[str, Any] | None:
    """The image of a name or an id (GET /images/{name}/json), None when it is not on the engine."""
    found: dict[str, Any] | None = engine.get(f"/images/{reference}/json", missing=None)
    return found


def pull(engine: Engine, reference: str, platform: str | None = None) -> None:
    """Fetch an image from its registry (POST /images/create), with the docker CLI's login if there is one.

    Raises StreamError that names the image, ValueError for what is no image name.
    """
    name = parse_reference(reference)
    # Without a tag the daemon would fetch every tag of the repository.
    query = {"fromImage": name.repository, "tag": name.digest or name.tag, "platform": platform}
    with failing(f"image {name} cannot be pulled"):
        create(engine, query, headers=credentials(name))


def create(engine: Engine, query: Mapping[str, Any], **how: Any) -> None:
    """POST /images/create."""
    follow(engine, "/images/create", query, **how)


def follow(engine: Engine, path: str, query: Mapping[str, Any], **how: Any) -> None:
    """A POST that answers with its progress: the stream has to be read to its end, and may report an error anywhere."""
    with engine.stream("POST", path, query, **how) as stream:
        for message in messages(stream.chunks()):
            raise_for_error(message)


@contextmanager
def failing(what: str) -> Iterator[None]:
    """Say what failed in front of the daemon's reason, which seldom names the image."""
    try:
        yield
    except (APIError, StreamError) as error:
        raise StreamError(f"{what}: {error.message}") from error


def checked(text: str, option: str, default_tag: str | None = None) -> Reference:
    """The reference, or the ValueError that names the option."""
    try:
        return parse_reference(text, default_tag)
    except ValueError as error:
        raise Unfit.at(option, error) from None


def credentials(name: Reference) -> dict[str, str]:
    """The header with the login for the image's registry."""
    header = auth_header(name.domain, os.environ)
    return {"X-Registry-Auth": header} if header else {}


def newest(engine: Engine, reference: str) -> str | None:
    """The digest that the registry has under this name (GET /distribution/{name}/json); None, with a warning, when the
    daemon cannot ask."""
    name = parse_reference(reference)
    try:
        answer = engine.get(f"/distribution/{name}/json", headers=credentials(name), patience=60)
    except APIError as error:
        engine.warnings.append(f"whether {name} is up to date shows only by pulling it: {error.message}")
        return None
    digest: str = answer["Descriptor"]["digest"]
    return digest


def published(engine: Engine, name: Reference) -> str | None:
    """The digest that the registry has of a tag; None also when it cannot be asked, for only a push can say why."""
    tagged = f"{name.repository}:{name.tag}"
    try:
        answer = engine.get(f"/distribution/{tagged}/json", headers=credentials(name), patience=60)
    except APIError:
        return None
    return str(answer["Descriptor"]["digest"])


def outdated(engine: Engine, reference: str, image: Document, platform: str | None = None) -> bool:
    """Whether a pull is needed to have what the registry has; True, with a warning, when the daemon cannot ask it."""
    if is_id(reference):
        return False
    name = parse_reference(reference)
    if platform and not serves(engine, reference, image, platform):
        return True
    return not name.digest and not holds(image, name, newest(engine, reference))


def holds(image: Document, name: Reference, digest: str | None) -> bool:
    return f"{name.repository}@{digest}" in (image.get("RepoDigests") or [])


# What else the architectures are called.
ARCHITECTURES = {
    "x86_64": "amd64",
    "x86-64": "amd64",
    "aarch64": "arm64",
    "armhf": "arm",
    "armel": "arm/v6",
    "i386": "386",
}
# The variant that is meant when none is named.
VARIANTS = {"arm": "v7", "arm64": "v8", "amd64": "v1"}


def parts(platform: str) -> tuple[str, str, str]:
    """(os, architecture, variant) of ``linux/arm64/v8``; ``arm64`` alone means Linux, ``linux`` any architecture."""
    words = platform.lower().split("/")
    if not 1 <= len(words) <= 3 or not all(words):
        raise Unfit(f"must look like linux/arm64/v8, not {platform!r}", "platform")
    if len(words) == 1:
        words = [words[0], ""] if words[0] in ("linux", "windows") else ["linux", words[0]]
    system, architecture = words[:2]
    architecture, _slash, variant = ARCHITECTURES.get(architecture, architecture).partition("/")
    variant = words[2] if len(words) == 3 else variant or VARIANTS.get(architecture, "")
    return system, architecture, variant


def serves(engine: Engine, reference: str, image: Document, platform: str) -> bool:
    """Whether the image is there for the platform."""
    system, architecture, variant = wanted = parts(platform)
    there = "/".join(filter(None, [image["Os"], image["Architecture"], image.get("Variant")])) or "unknown"
    if parts(there) == wanted or (not architecture and image["Os"] == system):
        return True
    if engine.api < (1, 49) or not architecture:
        return False
    # The containerd image store keeps one name for several platforms, and inspect shows the host's own.
    asked = {"os": system, "architecture": architecture, "variant": variant}
    found = engine.get(f"/images/{reference}/json", {"platform": asked}, missing=None)
    return found is not None
