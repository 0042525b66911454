# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar archives as streams, both ways, in constant memory."""

from __future__ import annotations

import io
import os
import tarfile
from collections.abc import Iterable, Iterator
from typing import IO, NamedTuple, cast

from .errors import ConnectionLost, EngineError, StreamError

_PIECE = 65536


class Entry(NamedTuple):
    """A member to pack. `data`: its bytes, or the path of a file to read, or None when info.size is 0."""

    info: tarfile.TarInfo
    data: bytes | str | None = None


def pack(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive of the entries, in pieces. EngineError when a file cannot be read or changes its size meanwhile."""
    for info, data in entries:
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if isinstance(data, str):
            yield from _file(data, info.size)
        elif info.isreg() and len(data or b"") != info.size:
            raise EngineError(f"{info.name} is packed with {len(data or b'')} bytes where {info.size} are announced.")
        elif data:
            yield data
        yield b"\0" * (-info.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def _file(path: str, size: int) -> Iterator[bytes]:
    try:
        with open(path, "rb") as file:
            while size:
                piece = file.read(min(size, _PIECE))
                if not piece:
                    raise EngineError(f"{path} became shorter while it was read.")
                size -= len(piece)
                yield piece
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error


def tree(path: str, name: str) -> Iterator[Entry]:
    """The entries of a directory and of all in it, with owners, modes and times as they are; called `name` and below.

    Links are not followed, and hard links stay such; sockets are left out. EngineError when something cannot be read.
    """
    maker = tarfile.TarFile(fileobj=io.BytesIO(), mode="w")  # never written to: it turns files into members
    waiting = [(path, name)]
    while waiting:
        path, name = waiting.pop()
        try:
            info = cast("tarfile.TarInfo | None", maker.gettarinfo(path, name))
            if info and info.isdir():
                below = sorted(os.listdir(path), reverse=True)
                waiting += [(os.path.join(path, each), f"{name}/{each}") for each in below]
        except OSError as error:
            raise EngineError(f"{path} cannot be read: {error.strerror}") from error
        if info:
            info.uname = info.gname = ""  # the names of this machine mean nothing on another
            yield Entry(info, path if info.isreg() else None)


def members(chunks: Iterable[bytes]) -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """(info, reader or None) of each member, in order; read a member before asking for the next.

    Names are as they were sent: whoever writes files from them has to refuse absolute ones and "..".
    ConnectionLost when the archive is cut off, StreamError when it is none.
    """
    source = _Reader(chunks)
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|", bufsize=_PIECE) as archive:
            for info in archive:
                yield info, archive.extractfile(info) if info.isreg() else None
                archive.members = []  # type: ignore[attr-defined]  # tarfile would remember them all
    except tarfile.TarError as error:
        if source.ended and source.size:
            raise ConnectionLost("the other end", f"its archive is cut off: {error}") from error
        raise StreamError(f"The daemon sent no tar archive: {error}") from error
    while source.read(_PIECE):
        pass
    # tarfile takes an archive that is cut off between two members for a whole one.
    if source.tail.strip(b"\0") or len(source.tail) < tarfile.BLOCKSIZE:
        raise ConnectionLost("the other end", "its archive has no end")


class _Reader:
    """What tarfile needs of a file, over chunks."""

    def __init__(self, chunks: Iterable[bytes]) -> None:
        self._chunks, self._buffer = iter(chunks), bytearray()
        self.tail, self.size, self.ended = b"", 0, False

    def read(self, size: int) -> bytes:
        while len(self._buffer) < size and not self.ended:
            chunk = next(self._chunks, None)
            if chunk is None:
                self.ended = True
            else:
                self._buffer += chunk
        data = bytes(self._buffer[:size])
        del self._buffer[:size]
        self.size += len(data)
        self.tail = (self.tail + data)[-2 * tarfile.BLOCKSIZE :]
        return data
