# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image references, as the docker CLI reads them."""

from __future__ import annotations

import re
from typing import NamedTuple

HUB = "docker.io"
# Texts, for compiling all of them would cost each task more than those it needs.
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
DOMAIN = rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?"
_WORD = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = rf"{_WORD}(?:/{_WORD})*"
_TAG = r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}"
_DIGEST = r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}"
_ID = r"(?:sha256:)?[0-9a-f]{64}"


class Reference(NamedTuple):
    """An image's name, whole: Docker Hub's `nginx` has domain docker.io and path library/nginx."""

    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @property
    def repository(self) -> str:
        """Domain and path as `docker images` shows them: Docker Hub's domain and library/ left out."""
        if self.domain != HUB:
            return f"{self.domain}/{self.path}"
        head, _slash, rest = self.path.partition("/")
        return rest if head == "library" and "/" not in rest else self.path

    @property
    def name(self) -> str:
        """The repository with tag and digest, as the daemon's RepoTags and RepoDigests show it."""
        return self.repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name


def is_id(text: str, image: str = "") -> bool:
    """Whether the text is a whole image id, or 12 characters and more of the id `image`.

    Shortened ones look like names: only the daemon can tell, by the image that it finds.
    """
    bare = text.removeprefix("sha256:")
    return bool(re.fullmatch(_ID, text)) or (len(bare) >= 12 and image.partition(":")[2].startswith(bare))


def parse_reference(text: str, default_tag: str | None = "latest") -> Reference:
    """The reference that the docker CLI would see. `default_tag` is taken when neither tag nor digest is given.

    ValueError for what is no reference, also for a whole id: see is_id().
    """

    def refuse(reason: str) -> ValueError:
        return ValueError(f"{text!r} is not an image name: {reason}")

    if is_id(text):
        raise refuse("it is an image id")
    name, at, digest = text.partition("@")
    if at and not re.fullmatch(_DIGEST, digest):
        raise refuse(f"{digest!r} is not a digest such as sha256:...")
    last = name.rpartition("/")[2]
    tag: str | None = None
    if ":" in last:
        name, _colon, tag = name.rpartition(":")
        if not re.fullmatch(_TAG, tag):
            raise refuse(f"{tag!r} is not a tag")
    domain, slash, path = name.partition("/")
    # Only these look like a host; `user/app` is a path on Docker Hub.
    if not slash or not (set(domain) & set(".:[") or domain == "localhost" or domain.lower() != domain):
        domain, path = HUB, name
    elif not re.fullmatch(DOMAIN, domain):
        raise refuse(f"{domain!r} is not a registry's host and port")
    if domain == "index.docker.io":
        domain = HUB
    if domain == HUB and path and "/" not in path:
        path = f"library/{path}"
    if not re.fullmatch(_PATH, path):
        raise refuse("a repository is made of lower-case letters and digits, separated by one of . _ __ - and /")
    if len(f"{domain}/{path}") > 255:
        raise refuse("it is longer than 255 characters")
    if not tag and not digest:
        tag = default_tag
    return Reference(domain, path, tag, digest or None)
