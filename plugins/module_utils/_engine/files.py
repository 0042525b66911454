# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The files of a container, running or not (/containers/{id}/archive)."""

from __future__ import annotations

import base64
import json
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import IO, Any, NamedTuple

from .archive import Entry, inside, members, pack
from .client import Engine
from .errors import APIError, StreamError

# Of a mode as Go writes it.
_DIRECTORY, _LINK, _SPECIAL = 1 << 31, 1 << 27, 1 << 26 | 1 << 25 | 1 << 24 | 1 << 21 | 1 << 19

Member = tuple[str, tarfile.TarInfo, "IO[bytes] | None"]


class Found(NamedTuple):
    """What is at a path. kind: file, directory, link or special; target: where a link leads, all links on the way
    followed, whether there is something or not."""

    kind: str
    target: str = ""


class Files:
    """Paths are absolute. Links on the way are followed, within the container; a link at the end of a path is not.

    What is on a tmpfs of the container cannot be reached: the engine looks below it.
    """

    def __init__(self, engine: Engine, container: str) -> None:
        self.engine = engine
        self.url = f"/containers/{container}/archive"

    def find(self, path: str) -> Found | None:
        """None when nothing is there, or there is no such container."""
        query = {"path": encoded(path)}
        try:
            headers = self.engine.head(self.url, query, missing=None)
        except APIError as error:
            if self._is_below_a_file(query):
                return None
            raise error from None
        if headers is None:
            return None
        stat = json.loads(base64.b64decode(headers["X-Docker-Container-Path-Stat"]))
        mode, target = stat["mode"], stat["linkTarget"]
        if mode & _LINK:
            return Found("link", target)
        return Found("directory" if mode & _DIRECTORY else "special" if mode & _SPECIAL else "file")

    def _is_below_a_file(self, query: Mapping[str, Any]) -> bool:
        """Raises the error of the engine when that has another reason. It has no place in an answer to HEAD."""
        try:
            with self.engine.stream("GET", self.url, query):
                return False
        except APIError as error:
            if "not a directory" in error.message:
                return True
            raise

    @contextmanager
    def archive(self, path: str) -> Iterator[Iterator[bytes]]:
        """What is there as a tar archive, in pieces."""
        plain = {"Accept-Encoding": "identity"}  # else old engines compress it, which takes ten times as long
        with self.engine.stream("GET", self.url, {"path": encoded(path)}, headers=plain) as answer:
            yield answer.chunks()

    @contextmanager
    def read(self, path: str) -> Iterator[Iterator[Member]]:
        """(name, info, reader or None) of what is there, called "", and of all that is in it; see archive.members()."""
        with self.archive(path) as chunks:
            yield named(members(chunks))

    def write(self, directory: str, entries: Iterable[Entry]) -> None:
        """Put entries into a directory that is there. A directory never takes the place of a file, nor a file that of a
        directory; else what is there is replaced."""
        query = {"path": encoded(directory), "noOverwriteDirNonDir": True}
        self.engine.put(self.url, pack(entries), query, patience=None)


def named(found: Iterable[tuple[tarfile.TarInfo, IO[bytes] | None]], root: str | None = None) -> Iterator[Member]:
    """The members with their names, and the targets of hard links, as seen from the member called `root`, or from the
    first one. StreamError when there is none."""
    for info, reader in found:
        root = info.name if root is None else root
        info.name = inside(info.name, root)
        info.mode &= 0o7777  # 20.10 adds the kind of the file
        if info.islnk():
            info.linkname = inside(info.linkname, root)
        yield info.name, info, reader
    if root is None:
        raise StreamError("The daemon sent an empty archive. Old ones do so for a file whose name is no text in UTF-8")


def encoded(path: str) -> bytes:
    """Names are bytes; those that are no text in UTF-8 are written with surrogates."""
    return path.encode("utf-8", "surrogateescape")
