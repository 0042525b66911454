# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An archive of a container's files becomes files of this machine, or one archive."""

from __future__ import annotations

import itertools
import os
import secrets
import tarfile
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager
from functools import partial
from typing import IO, Any, Callable, NamedTuple

from .._engine.archive import header, members
from .._engine.errors import EngineError
from .._engine.files import named
from .local import hand_on, replacing
from .trees import (
    LIMIT,
    PIECE,
    Attributes,
    Content,
    Differences,
    Report,
    Unready,
    content,
    content_of,
    kind,
    permissions,
    shown,
    skipped,
)

Result = dict[str, Any]


class Opened(NamedTuple):
    """An archive that can be read again and again.

    open  gives its bytes in pieces
    root  the member that all others are in; None: the first one
    """

    open: Callable[[], AbstractContextManager[Iterator[bytes]]]
    root: str | None


class Partly(EngineError):
    """Some files were written and others not; `result` tells which."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


def land(
    opened: Opened, params: Mapping[str, Any], warnings: list[str]
) -> tuple[Callable[[], Result], Callable[[], Result]]:
    """Two calls that bring what is in the archive to the option `path`: one says what the other one does."""
    path = os.path.abspath(params["path"])
    path = os.path.join(os.path.realpath(os.path.dirname(path)), os.path.basename(path))
    missing = directories_above(path, params["parents"])
    directory_mode = permissions(params, "directory_mode")

    def run(write: bool) -> Result:
        report = Report()
        try:
            for each in missing:
                report.add(each, {"state": ("absent", "directory")})
                if write:
                    os.mkdir(each)
                    os.chmod(each, 0o755 if directory_mode is None else directory_mode)
            if params["pack"]:
                pack(opened, os.path.realpath(path), permissions(params, "mode"), report, write)
            else:
                landing = Landing(path, params, report, write)
                with opened.open() as chunks:
                    landing.take_all(named(members(chunks), opened.root), opened.root is not None)
                warnings.extend(skipped(landing.skipped))
        except (OSError, EngineError) as error:
            if isinstance(error, OSError):
                error = EngineError(f"path: {shown(str(error.filename or path))}: {error.strerror}")
            if write and report.changes:
                raise Partly(error.message, {"changed": True, "changes": report.changes}) from error
            raise error from None
        return {**report.result(), "path": shown(path)}

    return partial(run, False), partial(run, True)


def directories_above(path: str, make: bool) -> list[str]:
    """The directories above the path that are to be made, the uppermost first."""
    missing: list[str] = []
    above = os.path.dirname(path)
    while not os.path.lexists(above):
        missing.insert(0, above)
        above = os.path.dirname(above)
    if not os.path.isdir(above):
        raise EngineError(f"path: {shown(above)} is no directory")
    if missing and not make:
        raise Unready(f"path: there is no directory {shown(missing[-1])} (see parents)")
    return missing


def present_at(path: str) -> tarfile.TarInfo | None:
    return header(path, "") if os.path.lexists(path) else None


# ---- one archive ----


def pack(opened: Opened, path: str, mode: int | None, report: Report, write: bool) -> None:
    """The archive itself becomes the file."""
    present = present_at(path)
    if present and kind(present) != "file":
        raise EngineError(f"path: {shown(path)} is a {kind(present)}, and no file")

    def finish(path: str, temporary: str) -> None:
        hand_on(path, temporary)
        if mode is not None:
            os.chmod(temporary, mode)

    why: Differences = {}
    if present is None:
        why["state"] = ("absent", "file")
    elif not same(path, opened):
        why["content"] = (None, None)
    new = bool(why)
    if present and mode not in (None, present.mode):
        why["mode"] = (f"{present.mode:04o}", f"{mode:04o}")
    if write and new:
        with replacing(path, finish) as file:
            pour(opened, file)
    elif write and why:
        os.chmod(path, mode or 0)
    if why:
        report.add(path, why)


def pour(opened: Opened, file: IO[bytes]) -> None:
    """Write the archive down as it comes; EngineError when it is not complete."""

    def through(chunks: Iterable[bytes]) -> Iterator[bytes]:
        for chunk in chunks:
            file.write(chunk)
            yield chunk

    with opened.open() as chunks:
        for _member in members(through(chunks)):
            pass


def same(path: str, opened: Opened) -> bool:
    """Whether a file is an archive that holds the same, member by member."""

    def marks(info: tarfile.TarInfo, reader: IO[bytes] | None) -> tuple[Any, ...]:
        digest = content(reader, info.size, digest=True).digest if reader else None
        names = info.name, info.type, info.linkname, info.devmajor, info.devminor
        return (*names, info.mode & 0o7777, info.uid, info.gid, info.mtime, digest)

    def held() -> Iterator[tuple[Any, ...] | None]:
        with open(path, "rb") as file:
            try:
                for info, reader in members(iter(partial(file.read, PIECE), b""), path):
                    yield marks(info, reader)
            except EngineError:  # it is broken, or something else
                yield None

    with opened.open() as chunks:
        theirs = (marks(info, reader) for info, reader in members(chunks))
        return all(one == other for one, other in itertools.zip_longest(held(), theirs, fillvalue=()))


# ---- files ----


class Item(NamedTuple):
    """A member: its name, its place here, its header as it is wanted, that of what is there, how these differ."""

    name: str
    path: str
    wanted: tarfile.TarInfo
    present: tarfile.TarInfo | None
    why: Differences


class Landing:
    """Members of an archive become files below a path, one after the other.

    Nothing is written through a link, and nothing outside of the path: what holds a member must have come before it, as
    a directory. Each file appears when it is complete, and replaces what was there.
    """

    def __init__(self, path: str, params: Mapping[str, Any], report: Report, write: bool) -> None:
        self.path, self.slash, self.report, self.write = path, params["path"].endswith("/"), report, write
        self.attributes = Attributes(params, owners=os.geteuid() == 0)
        self.attributes.owner = lambda: (os.geteuid(), os.getegid())
        self.skipped: list[str] = []
        self.directories: dict[str, Item] = {}
        self.files: dict[str, bool] = {}  # name -> whether its content is another one than before

    def take_all(self, found: Iterable[tuple[str, tarfile.TarInfo, IO[bytes] | None]], whole: bool) -> None:
        """whole: the archive does not hold the directory that everything is in."""
        if whole:
            root = tarfile.TarInfo("")
            root.type, root.mode = tarfile.DIRTYPE, 0o755
            self.take("", root, None)
        try:
            for name, info, reader in found:
                self.take(name, info, reader)
        finally:
            for name, item in reversed(self.directories.items()):
                if self.write and (name or not item.present):
                    self._settle(item.path, item, new=not item.present)

    def take(self, name: str, info: tarfile.TarInfo, reader: IO[bytes] | None) -> None:
        if kind(info) == "special":
            self.skipped.append(name)
            return
        if not name and not info.issym():
            self.path = os.path.realpath(self.path)
        if not name and not info.isdir() and self.slash:
            raise EngineError(f"path: {shown(self.path)}/ names a directory, and what is fetched is none")
        if name and os.path.dirname(name) not in self.directories:
            raise EngineError(f"The archive holds {shown(name)}, and no directory for it")
        path = os.path.join(self.path, name) if name else self.path
        present = present_at(path)
        if present and present.isdir() != info.isdir():
            have = kind(present).replace("special", "special file")
            raise EngineError(f"path: {shown(path)} is a {have} on this machine, and no {kind(info)}")
        wanted = self.attributes.lay(info, present)
        item = Item(name, path, wanted, present, self.attributes.differences(present, wanted))
        if info.isdir():
            self._directory(item)
        elif info.issym():
            self._link(item)
        elif info.islnk():
            self._hard_link(item)
        elif reader:
            self._file(item, reader)

    def _directory(self, item: Item) -> None:
        self.directories[item.name] = item
        if item.present and not item.name:
            return  # the place of the copy stays as it is
        if item.why:
            self.report.add(item.path, item.why)
        if not item.present and self.write:
            os.mkdir(item.path)
            os.chmod(item.path, item.wanted.mode | 0o700)  # until everything is in it

    def _link(self, item: Item) -> None:
        if not item.why:
            return
        if self.write and {"state", "target"} & set(item.why):
            self._replace(item, lambda temporary: os.symlink(item.wanted.linkname, temporary))
        elif self.write:
            self._settle(item.path, item)
        self.report.add(item.path, item.why)

    def _hard_link(self, item: Item) -> None:
        """The same file as one before, unless it is one with the same content already."""
        first = os.path.join(self.path, item.wanted.linkname)
        other = self.files.get(item.wanted.linkname)
        if other is None:
            names = shown(item.name), shown(item.wanted.linkname)
            raise EngineError("The archive holds {} as a link to {}, which is no file of it".format(*names))
        why = item.why
        if item.present and kind(item.present) == "file":
            if not other and os.path.samefile(item.path, first):
                self.files[item.name] = False
                return
            if other or content_of(item.path, True).digest != content_of(first, True).digest:
                why = {"content": (None, None), **why}
        self.files[item.name] = new = bool({"content", "state"} & set(why))
        if not why:
            return
        if self.write and new:
            self._replace(item, lambda temporary: os.link(first, temporary))
        elif self.write:
            self._settle(item.path, item)
        self.report.add(item.path, why)

    def _file(self, item: Item, reader: IO[bytes]) -> None:
        size, head = item.wanted.size, bytearray()  # what a diff shows

        def read() -> Iterator[bytes]:
            for piece in iter(partial(reader.read, PIECE), b""):
                if size <= LIMIT:
                    head.extend(piece)
                yield piece

        why, before, rest, equal = item.why, None, read(), 0  # so many bytes at the beginning
        if item.present and kind(item.present) == "file":
            before = content_of(item.path, digest=False)
            equal, rest = common(item.path, rest)
            if not equal == size == item.present.size:
                why = {"content": (None, None), **why}
        self.files[item.name] = new = bool({"content", "state"} & set(why))
        if self.write and new:
            with replacing(item.path, lambda _path, temporary: self._settle(temporary, item, new=True)) as file:
                copy_part(item.path, file, equal)
                file.writelines(rest)
        elif self.write and why:
            self._settle(item.path, item)
        elif new and size <= LIMIT:
            for _piece in rest:
                pass
        if why:
            self.report.add(item.path, why, before, Content(size, bytes(head)) if new else None)

    def _replace(self, item: Item, make: Callable[[str], Any]) -> None:
        """What `make` makes takes the place of what is there, at once."""
        directory, name = os.path.split(item.path)
        temporary = os.path.join(directory, f".{name[:40]}-{secrets.token_hex(6)}")
        make(temporary)
        try:
            self._settle(temporary, item, new=True)
            os.replace(temporary, item.path)
        except OSError:
            os.unlink(temporary)
            raise

    def _settle(self, path: str, item: Item, new: bool = False) -> None:
        """Owner, permissions and time. What is new belongs to who made it, unless owners are kept."""
        wanted, there = item.wanted, os.lstat(path)
        owned = self.attributes.owners or (item.present and kind(item.present) == kind(wanted))
        if owned and (there.st_uid, there.st_gid) != (wanted.uid, wanted.gid):
            os.chown(path, wanted.uid, wanted.gid, follow_symlinks=False)
        if not wanted.issym():
            os.chmod(path, wanted.mode)
        if new or self.attributes.archive:
            os.utime(path, (wanted.mtime, wanted.mtime), follow_symlinks=False)


def common(path: str, pieces: Iterator[bytes]) -> tuple[int, Iterator[bytes]]:
    """How many bytes of a file, from its beginning on, are those of the pieces; and the pieces from there on."""
    equal = 0
    with open(path, "rb") as file:
        for piece in pieces:
            if file.read(len(piece)) != piece:
                return equal, itertools.chain([piece], pieces)
            equal += len(piece)
    return equal, iter(())


def copy_part(path: str, file: IO[bytes], size: int) -> None:
    """Write the first `size` bytes of a file."""
    if not size:
        return
    with open(path, "rb") as source:
        while size:
            piece = source.read(min(size, PIECE))
            if not piece:
                raise EngineError(f"path: {shown(path)} became shorter while it was read")
            file.write(piece)
            size -= len(piece)
