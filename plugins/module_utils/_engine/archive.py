# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tar archives as streams, both ways, in constant memory."""

from __future__ import annotations

import os
import posixpath
import stat
import tarfile
from collections.abc import Iterable, Iterator
from contextlib import nullcontext
from typing import IO, NamedTuple, cast

from .errors import ConnectionLost, EngineError, StreamError

_PIECE = 65536
_KINDS = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}


class Entry(NamedTuple):
    """A member to pack. `data`: its bytes, or the path of a file to read, or a reader; None when info.size is 0."""

    info: tarfile.TarInfo
    data: bytes | str | IO[bytes] | None = None


def pack(entries: Iterable[Entry]) -> Iterator[bytes]:
    """The archive of the entries, in pieces. EngineError when a file cannot be read or changes its size meanwhile."""
    for info, data in entries:
        yield info.tobuf(tarfile.PAX_FORMAT, "utf-8", "surrogateescape")
        if data is not None and not isinstance(data, bytes):
            yield from _file(data, info)
        elif info.isreg() and len(data or b"") != info.size:
            raise EngineError(f"{info.name} is packed with {len(data or b'')} bytes where {info.size} are announced.")
        elif data:
            yield data
        yield b"\0" * (-info.size % tarfile.BLOCKSIZE)
    yield b"\0" * (2 * tarfile.BLOCKSIZE)


def _file(source: str | IO[bytes], info: tarfile.TarInfo) -> Iterator[bytes]:
    path, size = source if isinstance(source, str) else info.name, info.size
    try:
        with open(source, "rb") if isinstance(source, str) else nullcontext(source) as file:
            while size:
                piece = file.read(min(size, _PIECE))
                if not piece:
                    raise EngineError(f"{path} became shorter while it was read.")
                size -= len(piece)
                yield piece
    except OSError as error:
        raise EngineError(f"{path} cannot be read: {error.strerror}") from error


def header(path: str, name: str, follow: bool = False) -> tarfile.TarInfo:
    """What is at a path of this machine, as a member `name`; its size is 0 unless it is a file.

    follow: a symbolic link is what it points to. OSError when it cannot be looked at.
    """
    status = os.stat(path) if follow else os.lstat(path)
    info = tarfile.TarInfo(name)
    info.type = _KINDS.get(stat.S_IFMT(status.st_mode), tarfile.FIFOTYPE)  # sockets have no type of their own
    info.mode, info.uid, info.gid = stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid
    info.mtime = int(status.st_mtime)  # as engines do
    info.size = status.st_size if info.isreg() else 0
    info.linkname = os.readlink(path) if info.issym() else ""
    info.devmajor, info.devminor = os.major(status.st_rdev), os.minor(status.st_rdev)
    return info


def tree(path: str, name: str, follow: bool = False) -> Iterator[Entry]:
    """The entries of a file or directory and of all that is in it, by owner, mode and time as they are; called `name`
    and below, each directory before what is in it.

    follow: symbolic links are what they point to; else they are links, and hard links stay such.
    EngineError when something cannot be read, or a directory is, by a link, inside itself.
    """
    first: dict[tuple[int, int], str] = {}  # of the names of a file
    waiting: list[tuple[str, str, tuple[str, ...]]] = [(path, name, ())]
    while waiting:
        path, name, above = waiting.pop()
        try:
            info = header(path, name, follow)
            if info.isdir():
                real = os.path.realpath(path)
                if real in above:
                    raise EngineError(f"{path} is a link to a directory that it is in")
                names = sorted(os.listdir(path), reverse=True)
                waiting += [(os.path.join(path, each), f"{name}/{each}", (*above, real)) for each in names]
            elif info.isreg() and not follow:
                status = os.lstat(path)
                known = first.setdefault((status.st_dev, status.st_ino), name) if status.st_nlink > 1 else name
                if known != name:
                    info.type, info.linkname, info.size = tarfile.LNKTYPE, known, 0
        except OSError as error:
            raise EngineError(f"{path} cannot be read: {error.strerror}") from error
        yield Entry(info, path if info.isreg() else None)


def members(chunks: Iterable[bytes], path: str = "") -> Iterator[tuple[tarfile.TarInfo, IO[bytes] | None]]:
    """(info, reader or None) of each member, in order; read a member before asking for the next.

    Names are as they were sent: whoever writes files from them has to refuse absolute ones and "..".
    path: of an archive of this machine, for the words of an EngineError when it is cut off or none. For one that a
    daemon sends, that is a ConnectionLost or StreamError.
    """
    source = _Reader(chunks)
    try:
        with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|", bufsize=_PIECE, encoding="utf-8") as archive:
            for info in archive:
                yield info, cast("IO[bytes]", _Data(archive.extractfile(info), path)) if info.isreg() else None
                archive.members = []  # type: ignore[attr-defined]  # tarfile would remember them all
    except tarfile.TarError as error:
        if source.ended and source.size:
            raise _cut_off(path, str(error)) from error
        if path:
            raise EngineError(f"{path} is no tar archive: {error}") from error
        raise StreamError(f"The daemon sent no tar archive: {error}") from error
    while source.read(_PIECE):
        pass
    # tarfile takes an archive that is cut off between two members for a whole one.
    if source.tail.strip(b"\0") or len(source.tail) < tarfile.BLOCKSIZE:
        raise _cut_off(path, "it has no end")


def _cut_off(path: str, text: str) -> EngineError:
    if path:
        return EngineError(f"{path} is cut off, or no tar archive: {text}")
    return ConnectionLost("the other end", f"its archive is cut off: {text}")


def inside(name: str, root: str = "") -> str:
    """The name of a member as seen from the member called `root`: "" for that one itself, no "." and no "/" in front.

    StreamError when it is not in there.
    """
    parts = [part for part in name.split("/") if part not in ("", ".")]
    above = [part for part in root.split("/") if part not in ("", ".")]
    if ".." in parts or parts[: len(above)] != above:
        raise StreamError(f"The archive holds {name!r}, which is outside of {root or '/'!r}")
    return posixpath.join("", *parts[len(above) :])


class _Data:
    """The data of a member, for reading."""

    def __init__(self, file: IO[bytes] | None, path: str) -> None:
        self._file, self._path = cast("IO[bytes]", file), path

    def read(self, size: int = -1) -> bytes:
        try:
            return self._file.read(size)
        except tarfile.TarError as error:
            raise _cut_off(self._path, str(error)) from error


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
