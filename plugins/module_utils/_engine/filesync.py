# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build contexts for BuildKit: over its session the daemon asks for folders, and then for the files that changed."""

from __future__ import annotations

import hashlib
import os
import posixpath
import re
import stat
from collections.abc import Iterable, Iterator
from typing import NamedTuple
from urllib.parse import unquote_plus

from .context import IGNORE, Context, File, Walk, pieces
from .dockerignore import Pattern, Patterns
from .errors import EngineError
from .http2 import Headers
from .protobuf import Value, decode, encode, text
from .session import Inbox, Method, Refusal, Talk

_WILD = re.compile(r"[*?\[\\]")
_NOT_FOUND = 5  # of gRPC
STAT, REQUEST, CONTENTS, FINISH, ERROR = range(5)  # kinds of packets
# How Go writes modes, which is not as the system does.
_KINDS = {
    stat.S_IFDIR: 1 << 31,
    stat.S_IFLNK: 1 << 27,
    stat.S_IFBLK: 1 << 26,
    stat.S_IFCHR: 1 << 26 | 1 << 21,
    stat.S_IFIFO: 1 << 25,
}
_BITS = {stat.S_ISUID: 1 << 23, stat.S_ISGID: 1 << 22, stat.S_ISVTX: 1 << 20}


class Sent(NamedTuple):
    """What the daemon is told of a file, and where its contents are: a path, or the contents; None when it has none."""

    about: bytes
    source: str | bytes | None


def folders(context: Context) -> dict[str, Method]:
    """The folder of the context, and one that holds the Dockerfile."""
    texts = {context.name: context.text}
    if context.own_ignore is not None:
        texts[context.name + IGNORE] = context.own_ignore

    def method(headers: Headers, inbox: Inbox) -> Talk:
        name = headers.get("dir-name", [""])[0]
        if name == "dockerfile":
            yield from _talk(map(_text, sorted(texts.items())), inbox)
        elif name == "context":
            yield from _talk(map(_file, _wanted(context, headers)), inbox)
        else:
            raise Refusal(_NOT_FOUND, f"there is no folder {name}")

    return {"/moby.filesync.v1.FileSync/DiffCopy": method}


def key(context: Context) -> str:
    """What the folder is known by to a daemon that has seen it before: by machine, user and path."""
    machine = ""
    for path in ("/etc/machine-id", "/proc/sys/kernel/hostname"):
        try:
            with open(path, encoding="utf-8") as file:
                machine += file.read()
        except OSError:
            pass
    return hashlib.sha256(f"{machine}:{os.getuid()}:{context.root}".encode("utf-8", "surrogateescape")).hexdigest()


def _talk(files: Iterable[Sent], inbox: Inbox) -> Talk:
    """Packets: first all files, then the contents of those that the daemon wants, until it has finished."""
    sources = {}
    for number, file in enumerate(files):
        if file.source is not None:
            sources[number] = file.source
        yield encode({1: STAT, 2: file.about})
    yield encode({1: STAT})
    while True:
        while not inbox:
            yield None
        packet = decode(inbox.popleft())
        kind, number = packet.get(1, [0])[-1], packet.get(3, [0])[-1]
        if kind == FINISH:
            yield encode({1: FINISH})
            return
        if kind == ERROR:
            raise EngineError(f"the daemon cannot take the context: {text(packet, 4)}")
        if kind == REQUEST and number in sources:
            source = sources.pop(number)
            for piece in [source] if isinstance(source, bytes) else pieces(source):
                yield encode({1: CONTENTS, 3: number, 4: piece}) if piece else None
            yield encode({1: CONTENTS, 3: number})


def _file(file: File) -> Sent:
    status = file.status
    mode = stat.S_IMODE(status.st_mode) & 0o777 | _KINDS.get(stat.S_IFMT(status.st_mode), 0)
    mode |= sum(bit for flag, bit in _BITS.items() if status.st_mode & flag)
    about: dict[int, Value] = {
        1: file.path,
        2: mode,
        5: 0 if file.is_folder else status.st_size,
        6: status.st_mtime_ns,
        7: file.link,
        8: os.major(status.st_rdev),
        9: os.minor(status.st_rdev),
    }
    return Sent(encode(about), file.place if stat.S_ISREG(status.st_mode) else None)


def _text(named: tuple[str, bytes]) -> Sent:
    """A file that is on no disk. Its time is made of its contents, for a daemon goes by size and time."""
    name, data = named
    time = int.from_bytes(hashlib.sha256(data).digest()[:7], "big")
    return Sent(encode({1: name, 2: 0o644, 5: len(data), 6: time}), data)


def _wanted(context: Context, headers: Headers) -> Iterator[File]:
    """The files that the daemon asks for: only some, when it knows what the Dockerfile copies."""
    if context.root is None:
        return iter(())
    excluded, included, paths = (
        [
            unquote_plus(value, errors="surrogateescape") if f"{name}-encoded" in headers else value
            for value in headers.get(name, [])
        ]
        for name in ("exclude-patterns", "include-patterns", "followpaths")
    )
    included += followed(context.root, paths) or []
    return Walk(context.root, Patterns(excluded), Patterns(included) if included else None).files()


def followed(root: str, paths: Iterable[str]) -> list[str]:
    """The paths, which may be patterns, and those that links on their way lead to; [] when it is all of them."""
    found: set[str] = set()

    def targets(path: str) -> list[str]:
        """What the links at this path, or of this pattern, hold, seen from the root."""
        folder, name = posixpath.split(path)
        names = [name]
        if _WILD.search(name):
            match = Pattern(name).match
            try:
                names = [each for each in os.listdir(os.path.join(root, folder)) if match(each)]
            except OSError:
                return []
        links = []
        for each in names:
            try:
                link = os.readlink(os.path.join(root, folder, each))
            except OSError:
                continue
            links.append(posixpath.normpath(posixpath.join("/", folder, link)).lstrip("/"))
        return links

    def follow(path: str) -> None:
        current = ""
        while True:
            first, _slash, path = path.lstrip("/").partition("/")
            current = posixpath.normpath(posixpath.join(current, first))
            links = targets(current)
            if (links or not path) and current in found:
                return
            if links or not path:
                found.add(current)
                for link in links:
                    follow(posixpath.join(link, path))
                return

    for path in paths:
        follow(path)
    return [] if "." in found else sorted(found)
