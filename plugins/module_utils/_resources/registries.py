# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images on their way between an engine and the registries: which one does a registry have, fetch it, bring it."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any, Callable

from .._engine.access import Access
from .._engine.client import Engine
from .._engine.errors import APIError, StreamError
from .._engine.reference import Reference, is_id, parse_reference
from .._state.converge import Document
from .images import failing, follow, holds, oci

# What daemons say of a layer that has come or gone, and of one that need not.
MOVED = ("Pull complete", "Pushed")
THERE = ("Already exists", "Layer already exists", "Mounted from")
_DIGEST = re.compile(r"digest: (sha256:[0-9a-f]{64})", re.IGNORECASE)
_PAUSE = 2  # seconds between lines about bytes


class Registries(Access):
    """Access of a resource to registries. `progress`: what each pull and push has moved."""

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, params)
        self.progress: list[dict[str, Any]] = []

    def newest(self, name: Reference) -> str | None:
        """The digest that the registry has under this name; None, with a warning, when the daemon cannot ask."""
        try:
            return self.digest(name)
        except (APIError, StreamError) as error:
            text = f"whether {name} is up to date shows only by pulling it: {error.message}"
            self.engine.warnings.append(text)
            return None

    def published(self, name: Reference) -> str | None:
        """The digest that a push of this name would replace; None also when nobody knows, for the push may say why."""
        try:
            return self.digest(Reference(name.domain, name.path, name.tag))
        except (APIError, StreamError) as error:
            if "/distribution/" in error.message or error.message in ("Not Found", "page not found"):  # as of Podman
                self.engine.warnings.append(f"the engine cannot tell whether the registry has {name} already")
            return None

    def outdated(self, reference: str, image: Document) -> bool:
        """Whether a pull is needed to have what the registry has; True, with a warning, when nobody can tell."""
        if is_id(reference, image["Id"]):
            return False
        name = parse_reference(reference)
        # A digest means the same image for ever; a tag means what the registry says today.
        return not name.digest and not holds(image, name, self.newest(name))

    def pull(self, reference: str, platform: str | None = None) -> None:
        """Fetch an image (POST /images/create), again when a connection broke on the way.

        Raises StreamError that names the image, ValueError for what is no image name.
        """
        name = parse_reference(reference)
        # Without a tag the daemon would fetch every tag of the repository.
        query = {"fromImage": name.repository, "tag": name.digest or name.tag, "platform": platform}
        progress, headers = Progress(f"pull image {name}", self.engine.tell), self.headers(name.domain)
        with failing(f"image {name} cannot be pulled"):
            self.patiently(lambda: follow(self.engine, "/images/create", query, progress.take, headers=headers), True)
        self.progress.append(progress.summary())

    def push(self, name: Reference, platform: str | None = None) -> None:
        """Bring an image to its registry (POST /images/{name}/push). Raises StreamError that names the image."""
        query = {"tag": name.tag, "platform": oci(platform) if platform else None}
        path = f"/images/{name.repository}/push"
        from .._engine.registry import encode_auth  # as in Access.headers()

        # The API wants a login from everybody.
        headers = self.headers(name.domain) or {"X-Registry-Auth": encode_auth({})}
        progress = Progress(f"push image {name}", self.engine.tell)
        with failing(f"image {name} cannot be pushed"):
            self.patiently(lambda: follow(self.engine, path, query, progress.take, headers=headers))
        self.progress.append(progress.summary())


class Progress:
    """The layers of an image on their way, as far as the daemon tells of them: small ones come without their size."""

    def __init__(self, action: str, tell: Callable[[str], None]) -> None:
        self.action, self.tell = action, tell
        self.sizes: dict[str, int] = {}  # of every layer so far, in bytes
        self.done: dict[str, int] = {}  # bytes of it that are through
        self.moved: set[str] = set()
        self.there: set[str] = set()
        self.digest = ""
        self.told = time.monotonic()

    def take(self, message: Mapping[str, Any]) -> None:
        text, layer, detail = message.get("status") or "", message.get("id"), message.get("progressDetail") or {}
        found = _DIGEST.search(text)
        if found:
            self.digest = found[1]
        if not layer or text.startswith("Pulling from"):
            return
        self.sizes.setdefault(layer, 0)
        if text in ("Downloading", "Pushing"):
            self.sizes[layer] = detail.get("total") or 0
            self.done[layer] = detail.get("current") or 0
        if text in MOVED:
            self.moved.add(layer)
            self.done[layer] = self.sizes[layer]
        elif text.startswith(THERE):
            self.there.add(layer)
        elif time.monotonic() - self.told < _PAUSE:
            return
        self.told = time.monotonic()
        through, known = (sum(sizes.values()) / 1e6 for sizes in (self.done, self.sizes))
        layers = f"{len(self.moved | self.there)} of {len(self.sizes)} layers, {through:.1f} of {known:.1f} MB"
        self.tell(f"{self.action}: {layer} {text[:1].lower()}{text[1:]} ({layers})")

    def summary(self) -> dict[str, Any]:
        moved = self.moved - self.there
        return {
            "action": self.action,
            "layers": len(self.sizes),
            "transferred": len(moved),
            "bytes": sum(self.sizes[layer] for layer in moved),
            "digest": self.digest,
        }
