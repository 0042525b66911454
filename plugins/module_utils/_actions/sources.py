# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can be copied into a container: a text, files of this machine, the members of an archive."""

from __future__ import annotations

import base64
import binascii
import importlib
import io
import os
import posixpath
import tarfile
import time
from collections.abc import Iterator, Mapping
from functools import partial
from typing import IO

from .._engine.archive import Entry, inside, members, tree
from .._engine.errors import EngineError
from .trees import PIECE, ROOM, Content, Unready, content, content_of, kind, shown

COMPRESSIONS = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "lzma"}  # by what such a file begins with
# Headers of a large file that an archive tells about and does not hold: its size and SHA-256.
SIZE, DIGEST = "DOCKSIDE.size", "DOCKSIDE.sha256"


class Source:
    """What is to be copied.

    infos    name -> header, each directory before what is in it; "" is the whole: a directory, or all there is.
             Hard links have the size of what they are linked to.
    skipped  names of what is neither file, directory nor link
    implied  names of directories that the source does not hold, but something in them
    absent   names of large files of which only size and digest are known
    loose    whether it has no permissions of its own
    """

    loose = False

    def __init__(self) -> None:
        self.infos: dict[str, tarfile.TarInfo] = {}
        self.skipped: list[str] = []
        self.implied: set[str] = set()
        self.absent: set[str] = set()

    def add(self, name: str, info: tarfile.TarInfo) -> bool:
        """Whether it can be copied."""
        if kind(info) == "special":
            self.skipped.append(name)
            return False
        info.name = name
        info.mode &= 0o7777  # archives of 20.10 have the kind of the file in it
        if info.islnk():
            info.linkname = inside(info.linkname)
            if info.linkname not in self.infos:
                first = shown(info.linkname)
                raise EngineError(f"path: {shown(name)} is a hard link to {first}, which does not come before it")
            info.size = self.infos[info.linkname].size
        self.infos[name] = info
        return True

    def content(self, name: str, digest: bool) -> Content:
        """Of a file, or of the one that a hard link leads to."""
        info = self.infos[name]
        return self.content(info.linkname, digest) if info.islnk() else self._content(name, digest)

    def _content(self, name: str, digest: bool) -> Content:
        raise NotImplementedError

    def entries(self, names: Mapping[str, tarfile.TarInfo]) -> Iterator[Entry]:
        """What has these names, with these headers."""
        raise NotImplementedError


class Text(Source):
    """The content of a file."""

    loose = True

    def __init__(self, text: str, is_b64: bool) -> None:
        super().__init__()
        try:
            self.data = base64.b64decode(text, validate=True) if is_b64 else text.encode("utf-8", "surrogateescape")
        except (binascii.Error, ValueError) as error:
            raise ValueError(f"content: is not base64: {error}") from error
        info = tarfile.TarInfo("")
        info.size, info.mode, info.mtime = len(self.data), 0o644, int(time.time())
        self.add("", info)

    def _content(self, name: str, digest: bool) -> Content:
        return content(io.BytesIO(self.data), len(self.data), digest)

    def entries(self, names: Mapping[str, tarfile.TarInfo]) -> Iterator[Entry]:
        return (Entry(info, self.data) for info in names.values())


class Local(Source):
    """A file, directory or link of this machine."""

    def __init__(self, path: str, follow: bool) -> None:
        super().__init__()
        self.paths: dict[str, str] = {}
        if not os.path.lexists(path):
            raise Unready(f"path: there is nothing at {shown(path)}")
        for info, place in tree(path, "", follow):
            name = inside(info.name)
            if self.add(name, info) and isinstance(place, str):
                self.paths[name] = place
        if "" not in self.infos:
            raise EngineError(f"path: {shown(path)} is neither a file, a directory nor a link")

    def _content(self, name: str, digest: bool) -> Content:
        return content_of(self.paths[name], digest)

    def entries(self, names: Mapping[str, tarfile.TarInfo]) -> Iterator[Entry]:
        return (Entry(info, self.paths.get(name)) for name, info in names.items())


class Archive(Source):
    """The members of a tar archive, also of a compressed one, as what is in a directory.

    carried  the archive is one of the controller's: its member "." is the whole, whatever that is
    """

    def __init__(self, path: str, carried: bool) -> None:
        super().__init__()
        self.path, self.option = path, "src" if carried else "path"
        self.contents: dict[str, Content] = {}
        self.places: dict[str, int] = {}  # a name may come twice: then the last one counts
        self._read(carried)
        if "" not in self.infos:
            if carried:
                raise EngineError("src: is neither a file, a directory nor a link")
            self._parents("of nothing")

    def _read(self, carried: bool) -> None:
        room = ROOM
        for name, info, reader in self._members():
            if not name and not carried and not info.isdir():
                continue
            self._parents(name)
            if name in self.infos and self.infos[name].isdir() != info.isdir():
                raise EngineError(
                    f"{self.option}: {self.path} holds {shown(name)} both as a directory and as something else"
                )
            place = info.offset
            if not self.add(name, info):
                continue
            self.places[name] = place
            self.implied.discard(name)
            if carried and DIGEST in info.pax_headers:
                info.size = int(info.pax_headers[SIZE])
                self.contents[name] = Content(info.size, b"", bytes.fromhex(info.pax_headers[DIGEST]))
                self.absent.add(name)
            elif reader:
                found = content(reader, info.size, True)
                room -= len(found.head)
                self.contents[name] = found if room >= 0 else found._replace(head=b"")

    def _parents(self, name: str) -> None:
        """An archive need not hold the directories of its members."""
        missing = []
        while name:
            name = posixpath.dirname(name)
            if name in self.infos:
                if not self.infos[name].isdir():
                    raise EngineError(
                        f"{self.option}: {self.path} holds something in {shown(name)}, which is no directory"
                    )
                break
            missing.append(name)
        for each in reversed(missing):
            info = tarfile.TarInfo(each)
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, int(time.time())
            self.infos[each] = info
            self.implied.add(each)

    def _content(self, name: str, digest: bool) -> Content:
        return self.contents[name]

    def entries(self, names: Mapping[str, tarfile.TarInfo]) -> Iterator[Entry]:
        yield from (Entry(info) for name, info in names.items() if name not in self.places)
        for name, info, reader in self._members():
            if name in names and info.offset == self.places.get(name):
                yield Entry(names[name], reader)

    def _members(self) -> Iterator[tuple[str, tarfile.TarInfo, IO[bytes] | None]]:
        for info, reader in members(pieces(self.path, self.option), f"{self.option}: {shown(self.path)}"):
            yield inside(info.name), info, reader


def pieces(path: str, option: str) -> Iterator[bytes]:
    """What a file holds, without its compression."""
    try:
        with open(path, "rb") as file:
            start = file.read(6)
        module = next((name for magic, name in COMPRESSIONS.items() if start.startswith(magic)), "builtins")
        with importlib.import_module(module).open(path, "rb") as file:
            yield from iter(partial(file.read, PIECE), b"")
    except FileNotFoundError:
        raise Unready(f"{option}: there is no file {shown(path)}") from None
    except Exception as error:  # each compression has errors of its own
        raise EngineError(
            f"{option}: {shown(path)} cannot be read: {getattr(error, 'strerror', None) or error}"
        ) from error
