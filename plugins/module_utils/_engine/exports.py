# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build exports: over its session the daemon sends a tar archive, or files one by one."""

from __future__ import annotations

import filecmp
import os
import posixpath
import stat
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from typing import IO, Any

from .errors import EngineError
from .filesync import CONTENTS, ERROR, FINISH, REQUEST
from .http2 import Headers
from .protobuf import Message, decode, encode, text
from .session import Inbox, Method, Talk

_METHOD = "/moby.filesync.v1.FileSend/DiffCopy"
_FOLDER, _LINK = 1 << 31, 1 << 27  # as Go writes modes


class Taken:
    """Something that was exported; `changed`: it was not there, or not like that."""

    def __init__(self, path: str) -> None:
        self.path, self.changed = path, False

    def archive(self) -> dict[str, Method]:
        """Take a tar archive as the file `path`, all of it or nothing."""

        def method(headers: Headers, inbox: Inbox) -> Talk:
            with self._writing(self.path) as file:
                while inbox or not inbox.ended:
                    if inbox:
                        file.write(decode(inbox.popleft()).get(1, [b""])[-1])
                    else:
                        yield None

        return {_METHOD: method}

    def tree(self) -> dict[str, Method]:
        """Take files into the folder `path`, where others stay."""

        def method(headers: Headers, inbox: Inbox) -> Talk:
            wanted = []
            os.makedirs(self.path, exist_ok=True)
            for number in range(1 << 32):
                packet = yield from _next(inbox)
                about = decode(packet[2][-1]) if 2 in packet else None
                if not about:
                    break
                place, mode = self._inside(text(about, 1)), about.get(2, [0])[-1]
                if mode & _FOLDER:
                    self._folder(place, mode)
                elif mode & _LINK:
                    self._link(place, text(about, 7))
                else:
                    wanted.append((number, place, mode, about.get(6, [0])[-1]))
            for number, place, mode, time in wanted:
                yield encode({1: REQUEST, 3: number})
                with self._writing(place, mode & 0o777) as file:
                    while True:
                        packet = yield from _next(inbox)
                        if packet.get(1) == [CONTENTS] and 4 not in packet:
                            break
                        file.write(packet.get(4, [b""])[-1])
                os.utime(place, ns=(time, time))
            yield encode({1: FINISH})
            yield from _next(inbox)

        return {_METHOD: method}

    def _inside(self, path: str) -> str:
        """Where a file belongs; EngineError for what leads elsewhere, be it through a link that was exported, too."""
        folder, place = os.path.realpath(self.path), os.path.join(self.path, path)
        odd = path != posixpath.normpath(path) or path.partition("/")[0] in ("", ".", "..")
        if odd or os.path.realpath(os.path.dirname(place)) != os.path.normpath(f"{folder}/{posixpath.dirname(path)}"):
            raise EngineError(f"the engine exports {path!r}, which is no path in a folder")
        return place

    def _folder(self, place: str, mode: int) -> None:
        if os.path.islink(place) or not os.path.isdir(place):
            self._clear(place)
            os.mkdir(place)
        if stat.S_IMODE(os.stat(place).st_mode) != mode & 0o777:
            self.changed = True
            os.chmod(place, mode & 0o777)

    def _link(self, place: str, target: str) -> None:
        if not os.path.islink(place) or os.readlink(place) != target:
            self._clear(place)
            os.symlink(target, place)

    def _clear(self, place: str) -> None:
        self.changed = True
        if os.path.isdir(place) and not os.path.islink(place):
            raise EngineError(f"{place} is a folder, and something else is exported there")
        if os.path.lexists(place):
            os.unlink(place)

    @contextmanager
    def _writing(self, place: str, mode: int | None = None) -> Iterator[IO[bytes]]:
        """A file that takes its place when all is written, unless one like it is there. `mode`: None as it is there."""
        if os.path.isdir(place):
            raise EngineError(f"{place} is a folder, and a file is exported there")
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(place), prefix=".export-")
        try:
            with open(handle, "wb") as file:
                yield file
            there = os.stat(place) if os.path.isfile(place) and not os.path.islink(place) else None
            if mode is None:
                mode = stat.S_IMODE(there.st_mode) if there else 0o600
            os.chmod(temporary, mode)
            if not there or stat.S_IMODE(there.st_mode) != mode or not filecmp.cmp(temporary, place, shallow=False):
                os.replace(temporary, place)
                self.changed, temporary = True, ""
        finally:
            if temporary:
                os.unlink(temporary)


def _next(inbox: Inbox) -> Generator[bytes | None, Any, Message]:
    while not inbox:
        yield None
    packet = decode(inbox.popleft())
    if packet.get(1) == [ERROR]:
        raise EngineError(f"the engine cannot export the files: {text(packet, 4)}")
    return packet
