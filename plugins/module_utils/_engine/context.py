# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build contexts: the files of a folder that a build may copy, and its Dockerfile."""

from __future__ import annotations

import hashlib
import json
import os
import stat
import tarfile
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from .archive import Entry
from .dockerignore import Pattern, Patterns, parse
from .errors import EngineError

IGNORE = ".dockerignore"
_PIECE = 65536
_KINDS = {
    stat.S_IFREG: tarfile.REGTYPE,
    stat.S_IFDIR: tarfile.DIRTYPE,
    stat.S_IFLNK: tarfile.SYMTYPE,
    stat.S_IFIFO: tarfile.FIFOTYPE,
    stat.S_IFCHR: tarfile.CHRTYPE,
    stat.S_IFBLK: tarfile.BLKTYPE,
}


class File(NamedTuple):
    """Something in the folder. `path`: in the context; `place`: on this machine; `link`: what a symbolic link holds."""

    path: str
    place: str
    status: os.stat_result
    link: str = ""

    @property
    def is_folder(self) -> bool:
        return stat.S_ISDIR(self.status.st_mode)

    @property
    def size(self) -> int:
        return self.status.st_size if stat.S_ISREG(self.status.st_mode) else 0

    def entry(self) -> Entry:
        """The file as a member of an archive: whoever owns it here, it is root's there."""
        info = tarfile.TarInfo(self.path)
        info.type = _KINDS[stat.S_IFMT(self.status.st_mode)]
        info.mode, info.mtime, info.size = stat.S_IMODE(self.status.st_mode), int(self.status.st_mtime), self.size
        info.linkname = self.link
        if info.type in (tarfile.CHRTYPE, tarfile.BLKTYPE):
            info.devmajor, info.devminor = os.major(self.status.st_rdev), os.minor(self.status.st_rdev)
        return Entry(info, self.place if info.isreg() else None)


class Context:
    """The context of a build.

    path        a folder; None: nothing but a Dockerfile
    dockerfile  path of the Dockerfile, from the folder on if relative; None: Dockerfile, or dockerfile, in the folder
    inline      the text of the Dockerfile, in place of a file
    classic     read .dockerignore as the classic builder's client does; else as BuildKit does, which also looks for a
                file of the Dockerfile's own, and under excluded folders

    EngineError, which names the option, when something is not there or cannot be read.
    """

    def __init__(self, path: str | None, dockerfile: str | None, inline: str | None, classic: bool) -> None:
        self.classic = classic
        self.root = os.path.realpath(path) if path else None
        if path and not os.path.isdir(path):
            raise EngineError(f"path: there is no folder {path}")
        self.inside: str | None = None  # the Dockerfile's place in the context, when it is in there
        self.own_ignore: bytes | None = None  # what DOCKERFILE.dockerignore holds, which is for this Dockerfile alone
        if inline is not None:
            self.name, self.text = "Dockerfile", inline.encode()
        else:
            self._find_dockerfile(dockerfile)
        self.ignore = _read(os.path.join(self.root, IGNORE)) if self.root else None
        chosen = self.ignore if self.own_ignore is None else self.own_ignore
        try:
            self.patterns = Patterns(parse(chosen or b""))
        except ValueError as error:
            which = IGNORE if self.own_ignore is None else f"{self.name}{IGNORE}"
            raise EngineError(f"{which} of {path} cannot be used: {error}") from None

    def _find_dockerfile(self, dockerfile: str | None) -> None:
        folder = self.root or ""
        if dockerfile is None:
            dockerfile = "Dockerfile"
            if not os.path.lexists(os.path.join(folder, dockerfile)) and os.path.lexists(f"{folder}/dockerfile"):
                dockerfile = "dockerfile"
        place = os.path.join(folder, dockerfile)
        text = _read(place)
        if text is None:
            raise EngineError(f"dockerfile: there is no file {place}")
        self.name, self.text = os.path.basename(place), text
        if not self.classic:
            self.own_ignore = _read(place + IGNORE)
        real = os.path.realpath(place)
        if self.root and os.path.commonpath([self.root, real]) == self.root:
            self.inside = os.path.relpath(real, self.root)

    def files(self) -> Iterator[File]:
        """What the context holds, in the order of names, each folder before what is in it."""
        return Walk(self.root, self.patterns, classic=self.classic).files() if self.root else iter(())

    def archive(self) -> Iterator[Entry]:
        """What the classic builder is sent; it takes the Dockerfile and .dockerignore out if they are excluded."""
        # From elsewhere, the Dockerfile is sent under a name that .dockerignore excludes.
        hidden = None if self.inside else self.sent_name
        always = {IGNORE, *([self.inside] if self.inside else [])}
        for file in self.files():
            if not (hidden and file.path == IGNORE):
                always.discard(file.path)
                yield file.entry()
        if hidden:
            yield _text(hidden, self.text)
            yield _text(IGNORE, (IGNORE.encode() if self.ignore is None else self.ignore) + f"\n{hidden}\n".encode())
            return
        for path in sorted(always):
            left = look(self.root or "", path)
            if left:
                yield left.entry()

    @property
    def sent_name(self) -> str:
        """The Dockerfile's path in the archive."""
        return self.inside or f".dockerfile.{hashlib.sha256(self.text).hexdigest()[:20]}"

    def digest(self, more: str) -> str:
        """What stands for the Dockerfile, the names, modes, contents and link targets of the files, and for `more`."""
        found = hashlib.sha256(json.dumps([more, self.text.decode(errors="surrogateescape")]).encode())
        for file in self.files():
            mode, device = file.status.st_mode, file.status.st_rdev
            found.update(json.dumps([file.path, mode, file.size, file.link, device]).encode())
            if file.size:
                for piece in pieces(file.place):
                    found.update(piece)
        return found.hexdigest()


class Walk:
    """The way through a folder. `out`: what stays out of it; `only`: what does not stay out, None for the rest."""

    def __init__(self, root: str, out: Patterns, only: Patterns | None = None, classic: bool = False) -> None:
        self.root, self.out, self.only, self.classic = root, out, only, classic

    def files(self) -> Iterator[File]:
        """In the order of names, each folder before what is in it."""
        return self._visit("", (), (), [])

    def _visit(
        self, folder: str, out_above: Sequence[bool], only_above: Sequence[bool], waiting: list[File]
    ) -> Iterator[File]:
        """`waiting`: folders on the way here that are left out unless something in them is not."""
        place = os.path.join(self.root, folder)
        try:
            names = sorted(os.listdir(place), key=os.fsencode)
        except OSError as error:
            raise EngineError(f"{place} cannot be read: {error.strerror}") from error
        for name in names:
            file = look(self.root, f"{folder}/{name}" if folder else name)
            if file is None:
                continue
            out, out_each = self.out.match(file.path, out_above)
            wanted, only_each = self.only.match(file.path, only_above) if self.only else (True, [])
            if wanted and not out:
                yield from waiting
                waiting.clear()
                yield file
            if file.is_folder and (not out or self._may_keep(file.path)) and (wanted or self._may_want(file.path)):
                if (out or not wanted) and not self.classic:
                    waiting.append(file)
                yield from self._visit(file.path, out_each, only_each, waiting)
                if waiting and waiting[-1] is file:
                    waiting.pop()

    def _may_keep(self, folder: str) -> bool:
        """Whether something in a folder that stays out may be an exception."""
        if self.classic:
            return any(_is_above(folder, pattern.text) for pattern in self.out.exceptions)
        return _may_begin(self.out.exceptions, folder)

    def _may_want(self, folder: str) -> bool:
        return not self.only or _may_begin(self.only.all, folder)


def _may_begin(patterns: Iterable[Pattern], folder: str) -> bool:
    """Whether one of the patterns may match something in the folder, as BuildKit's client judges it."""
    patterns = list(patterns)
    return any(pattern.wild for pattern in patterns) or any(_is_above(folder, pattern.start) for pattern in patterns)


def _is_above(folder: str, path: str) -> bool:
    return f"{path}/".startswith(f"{folder}/")


def look(root: str, path: str) -> File | None:
    """What is there; None for what is gone, and for sockets, which no archive can hold."""
    place = os.path.join(root, path)
    try:
        status = os.lstat(place)
        link = os.readlink(place) if stat.S_ISLNK(status.st_mode) else ""
    except FileNotFoundError:
        return None
    except OSError as error:
        raise EngineError(f"{place} cannot be read: {error.strerror}") from error
    return File(path, place, status, link) if stat.S_IFMT(status.st_mode) in _KINDS else None


def pieces(place: str) -> Iterator[bytes]:
    """The contents of a file."""
    try:
        with open(place, "rb") as source:
            yield from iter(lambda: source.read(_PIECE), b"")
    except OSError as error:
        raise EngineError(f"{place} cannot be read: {error.strerror}") from error


def _read(place: str) -> bytes | None:
    """What a file holds; None when there is none."""
    try:
        with open(place, "rb") as file:
            return file.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise EngineError(f"{place} cannot be read: {error.strerror}") from error


def _text(path: str, data: bytes) -> Entry:
    info = tarfile.TarInfo(path)
    info.size, info.mode = len(data), 0o644
    return Entry(info, data)
