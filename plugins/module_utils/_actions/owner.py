# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who owns what is new in a container."""

from __future__ import annotations

from .._engine.errors import EngineError
from .._engine.files import Files

_LIMIT = 1 << 20  # bytes; no list of users comes near it


class Owner:
    """Called, answers the numbers of the user and group of a container, as the engine finds them when it starts it.

    Names are looked up in files of the container, which are only read when that is needed. EngineError when they are
    not known there.
    """

    def __init__(self, files: Files, user: str) -> None:
        self.files, self.user = files, user
        self.ids: tuple[int, int] | None = None

    def __call__(self) -> tuple[int, int]:
        self.ids = self.ids or self._find()
        return self.ids

    def _find(self) -> tuple[int, int]:
        user, _colon, group = self.user.partition(":")
        if not user or (user.isdecimal() and group.isdecimal()):
            return int(user or 0), int(group or 0)
        known = [line for line in self._lines("/etc/passwd", 2, 3) if user in (line[0], line[2])]
        if not known and not user.isdecimal():
            raise self._unknown(user, "/etc/passwd")
        uid, gid = (int(known[0][2]), int(known[0][3])) if known else (int(user), 0)
        if group.isdecimal():
            gid = int(group)
        elif group:
            groups = [int(line[2]) for line in self._lines("/etc/group", 2) if line[0] == group]
            if not groups:
                raise self._unknown(group, "/etc/group")
            gid = groups[0]
        return uid, gid

    def _lines(self, path: str, *numbers: int) -> list[list[str]]:
        """The lines of the file, as columns, some of which must be numbers."""
        found = self.files.find(path)
        if not found:
            return []
        with self.files.read(found.target or path) as members:
            text = next((reader.read(_LIMIT) for _name, _info, reader in members if reader), b"")
        lines = [line.split(":") for line in text.decode("utf-8", "replace").splitlines()]
        return [line for line in lines if len(line) > 3 and all(line[column].isdecimal() for column in numbers)]

    def _unknown(self, name: str, path: str) -> EngineError:
        return EngineError(
            f"The container's user is {self.user}, and {path} in it knows no {name}: whose is a new file? "
            "(see owner_id and group_id)"
        )
