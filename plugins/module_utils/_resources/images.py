# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What images and containers ask of an engine's images: is it here, for which platform, and under which digest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import APIError, StreamError
from .._engine.reference import Reference, parse_reference
from .._state.converge import Document
from .._state.kinds import Unfit


def inspect(engine: Engine, reference: str, platform: str | None = None) -> dict[str, Any] | None:
    """The image of a name or an id (GET /images/{name}/json), None when it is not on the engine.

    `platform`: as it is there for this platform, where the daemon can tell (API 1.49).
    """
    query = {"platform": oci(platform)} if platform and engine.api >= (1, 49) else {}
    found: dict[str, Any] | None = engine.get(f"/images/{reference}/json", query, missing=None)
    return found


def follow(
    engine: Engine, path: str, query: Mapping[str, Any], take: Callable[[dict[str, Any]], Any] | None = None, **how: Any
) -> None:
    """POST what answers with a stream of messages: it is read to the end, and may report an error anywhere.

    `take` gets each message. StreamError for an error in the stream.
    """
    from .._engine.streams import messages, raise_for_error  # what is up to date streams nothing

    with engine.stream("POST", path, query, **how) as stream:
        for message in messages(stream.chunks()):
            raise_for_error(message)
            if take:
                take(message)


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


def holds(image: Document, name: Reference, digest: str | None) -> bool:
    """Whether the image has, as far as the engine knows, this digest in the registry."""
    return f"{name.repository}@{digest}" in (image.get("RepoDigests") or [])


def shipped(engine: Engine, reference: str, image: Document, platform: str | None) -> list[str]:
    """The digests of the image's parts of which a push may bring just one: that of the platform, or the only one that
    is there. Only the containerd image store has such parts (GET /images/{name}/json with manifests, API 1.48)."""
    if "Descriptor" not in image:
        return []
    found = engine.get(f"/images/{reference}/json", {"manifests": True})
    there = [each for each in found.get("Manifests") or [] if each["Available"] and each["Kind"] == "image"]
    if platform:
        there = [each for each in there if words(each["ImageData"]["Platform"]) == parts(platform)]
    return [each["ID"] for each in there] if len(there) == 1 else []


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


def oci(platform: str) -> dict[str, str]:
    """The platform as the API takes it; the variant that is meant anyway goes without saying."""
    system, architecture, variant = parts(platform)
    asked = {"os": system, "architecture": architecture, "variant": variant}
    if variant == VARIANTS.get(architecture):
        del asked["variant"]
    return {key: text for key, text in asked.items() if text}


def for_platform(platform: str | None) -> str:
    """What a message says of it."""
    return f" for {platform}" if platform else ""


def words(found: Mapping[str, Any]) -> tuple[str, str, str]:
    """parts() of what the API says of a platform."""
    return parts("/".join(found[key] for key in ("os", "architecture", "variant") if found.get(key)) or "unknown")


def meant(there: tuple[str, str, str], platform: str) -> bool:
    """Whether these parts() are of the platform, whose text may leave some out."""
    system, architecture, _variant = wanted = parts(platform)
    return there == wanted or (not architecture and there[0] == system)


def serves(engine: Engine, reference: str, image: Document, platform: str) -> bool:
    """Whether the image is there for the platform."""
    there = {"os": image["Os"], "architecture": image["Architecture"], "variant": image.get("Variant")}
    if meant(words(there), platform):
        return True
    if engine.api < (1, 49) or not parts(platform)[1]:
        return False
    # The containerd image store keeps one name for several platforms, and inspect shows the host's own.
    return inspect(engine, reference, platform) is not None
