# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What copies into containers and out of them share: permissions and owners, comparing, and the words for what differs.

The doc fragment `files` is the twin of SPEC.
"""

from __future__ import annotations

import copy
import hashlib
import os
import tarfile
import time
from collections.abc import Iterable, Mapping
from typing import IO, Any, Callable, NamedTuple

from .._engine.client import Engine
from .._engine.errors import EngineError

SPEC: dict[str, dict[str, Any]] = {
    "container": {"type": "str", "required": True},
    "mode": {"type": "raw"},
    "directory_mode": {"type": "raw"},
    "archive": {"type": "bool", "default": False},
    "parents": {"type": "bool", "default": False},
}
PIECE = 65536
LIMIT = 104448  # bytes of a file that a diff shows; what ansible-core's modules have, too
ROOM = 1 << 20  # bytes of files that a diff shows altogether
NAMED = 20  # things that are named one by one where nobody would read all
LAST = (1 << 63) // 10**9  # seconds; engines take times behind it, and before 1970, for the beginning of 1970

Result = dict[str, Any]
Differences = dict[str, tuple[Any, Any]]  # what -> before, after; "content" has none to show


class Unready(EngineError):
    """Something is not there that an earlier task of the play may be going to make: in check mode no error."""


def unready(warnings: list[str], error: Unready, action: str) -> tuple[Callable[[], Result], Callable[[], Result]]:
    """An earlier task of the play may be going to make what is not there."""

    def say() -> Result:
        warnings.append(f"this would fail: {error}")
        return {"changed": True, "actions": [action], "changes": [], "diff": []}

    def act() -> Result:
        raise error

    return say, act


def inspect(engine: Engine, name: str) -> Any:
    found = engine.get(f"/containers/{name}/json", missing=None)
    if found is None:
        raise Unready(f"container: there is no container {name}")
    return found


def permissions(params: Mapping[str, Any], option: str) -> int | None:
    """The bits, as `mode_parse` says: by default a number is taken as it is (YAML reads 0644 as octal), text as octal.

    None when the task names none.
    """
    value, how = params[option], params.get("mode_parse", "modern")
    if value is None:
        return None
    try:
        if how == "octal_string_only" and not isinstance(value, str):
            raise TypeError
        bits = int(value, 8) if isinstance(value, str) and how != "legacy" else int(value)
        if isinstance(value, (bool, float)) or not 0 <= bits <= 0o7777:
            raise ValueError
    except (ValueError, TypeError):
        kinds = {"legacy": "a number", "octal_string_only": 'text such as "0644"', "modern": "0644 or such, in octal"}
        raise ValueError(f"{option}: must be {kinds[how]}, not {value!r} (mode_parse is {how})") from None
    return bits


class Attributes:
    """Permissions and owners, as a task wants them.

    loose   whether the source has no permissions, owner and time of its own
    owners  whether owners can be kept where `archive` asks for it
    owner   answers who owns what is new
    """

    def __init__(self, params: Mapping[str, Any], *, loose: bool = False, owners: bool = True) -> None:
        self.mode, self.directory_mode = permissions(params, "mode"), permissions(params, "directory_mode")
        self.uid, self.gid = params.get("owner_id"), params.get("group_id")
        self.loose, self.archive = loose, params["archive"] and not loose
        self.owners = self.archive and owners
        self.owner: Callable[[], tuple[int, int]] = lambda: (0, 0)

    def lay(self, info: tarfile.TarInfo, present: tarfile.TarInfo | None) -> tarfile.TarInfo:
        """The header of the source as it is wanted; `present`: that of what is there, for what the task leaves."""
        made = copy.copy(info)
        same = present if kind(present) == kind(info) else None
        chosen = self.directory_mode if info.isdir() else self.mode
        if chosen is not None:
            made.mode = chosen
        elif same and (self.loose or (info.isdir() and not self.archive)):
            made.mode = same.mode
        elif not info.isdir() and not self.owners:
            made.mode &= 0o1777  # to run as its owner or group was meant for another one
        if not self.owners and None in (self.uid, self.gid):
            made.uid, made.gid = (same.uid, same.gid) if same else self.owner()
        made.uid = made.uid if self.uid is None else self.uid
        made.gid = made.gid if self.gid is None else self.gid
        # The names in it would go before the name. Capabilities of programs stay.
        made.pax_headers = {key: value for key, value in info.pax_headers.items() if key.startswith("SCHILY.xattr.")}
        made.mtime = int(made.mtime) if 0 <= made.mtime < LAST else 0
        return made

    def differences(self, before: tarfile.TarInfo | None, after: tarfile.TarInfo) -> Differences:
        """In what two headers differ. The content is not looked at."""
        if before is None or kind(before) != kind(after):
            return {"state": (kind(before), kind(after))}
        seen = [shown_attributes(info) for info in (before, after)]
        if after.issym():
            names = ["target", "owner_id", "group_id"]
        else:
            names = ["mode", "owner_id", "group_id"]
        names += ["modified"] if self.archive else []
        return {name: (seen[0][name], seen[1][name]) for name in names if seen[0][name] != seen[1][name]}


def kind(info: tarfile.TarInfo | None) -> str:
    """absent, directory, link, file, or special: what is neither, such as a device. A hard link is a file."""
    if info is None:
        return "absent"
    if info.isdir():
        return "directory"
    if info.issym():
        return "link"
    return "file" if info.isreg() or info.islnk() else "special"


def shown_attributes(info: tarfile.TarInfo) -> dict[str, Any]:
    return {
        "target": shown(info.linkname),
        "mode": f"{info.mode:04o}",
        "owner_id": info.uid,
        "group_id": info.gid,
        "modified": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(info.mtime))),
    }


def shown(name: str) -> str:
    """A name for people: its bytes that are no text are replaced."""
    return name.encode("utf-8", "surrogateescape").decode("utf-8", "replace")


def listed(names: Iterable[str]) -> str:
    """Names in a sentence, the first ones."""
    every = [shown(name) for name in names]
    more = f" and {len(every) - NAMED} more" if len(every) > NAMED else ""
    return ", ".join(every[:NAMED]) + more


def skipped(names: list[str]) -> list[str]:
    """The warning about what is neither file, directory nor link."""
    return [f"left out, as they are neither files, directories nor links: {listed(names)}"] if names else []


class Content(NamedTuple):
    """The content of a file. head: all of it, or nothing when that is too long to be shown; digest: its SHA-256."""

    size: int
    head: bytes = b""
    digest: bytes | None = None


def content(reader: IO[bytes], size: int, digest: bool) -> Content:
    """Read a file to its end; without `digest` only as far as it is shown."""
    head, found = b"", hashlib.sha256()
    if size <= LIMIT:
        head = reader.read()
        found.update(head)
    elif digest:
        while True:
            piece = reader.read(PIECE)
            if not piece:
                break
            found.update(piece)
    return Content(size, head, found.digest() if digest else None)


def content_of(path: str, digest: bool) -> Content:
    """content() of a file of this machine."""
    try:
        with open(path, "rb") as file:
            return content(file, os.fstat(file.fileno()).st_size, digest)
    except OSError as error:
        raise EngineError(f"{shown(path)} cannot be read: {error.strerror}") from error


class Report:
    """What was done, or would be: the return keys `changes`, `actions` and `diff`."""

    def __init__(self) -> None:
        self.changes: list[dict[str, Any]] = []
        self._actions: list[str] = []
        self._diff: list[dict[str, Any]] = []
        self._room, self._omitted = ROOM, 0

    def add(self, path: str, why: Differences, before: Content | None = None, after: Content | None = None) -> None:
        """before, after: where the content of a file differs; None: it is not there."""
        path = shown(path)
        verb = "create" if why.get("state", ("",))[0] == "absent" else "change"
        self.changes.append({"path": path, "action": verb, "why": [*why]})
        if len(self._actions) < NAMED:
            reasons = [f"{name} {old} -> {new}" if old is not None else name for name, (old, new) in why.items()]
            self._actions.append(f"{verb} {path}" + (f": {', '.join(reasons)}" if verb == "change" else ""))
        if self.full:
            self._omitted += 1
            return
        values = [{name: each[side] for name, each in why.items() if each[0] is not None} for side in (0, 1)]
        if values[0]:
            self._diff.append(self._sides(path, values[0], values[1]))
        if after:
            old, new = self._text(before), self._text(after)
            self._diff.append(self._sides(path, old, new if new != old else f"other {new}"))

    @property
    def full(self) -> bool:
        """Whether the diff shows no more."""
        return len(self._diff) >= 5 * NAMED

    def result(self) -> dict[str, Any]:
        more = len(self.changes) - len(self._actions)
        actions = self._actions + ([f"and {more} more"] if more else [])
        diff = self._diff + ([{"prepared": f"and {self._omitted} more\n"}] if self._omitted else [])
        return {"changed": bool(self.changes), "changes": self.changes, "actions": actions, "diff": diff}

    def _text(self, content: Content | None) -> str:
        if not content or not content.size:
            return ""
        if len(content.head) < content.size or content.size > self._room:
            return f"{content.size} bytes, which are too many to be shown\n"
        try:
            text = content.head.decode()
        except UnicodeDecodeError:
            text = "\0"
        if "\0" in text:
            return f"{content.size} bytes, which are no text\n"
        self._room -= content.size
        return text

    @staticmethod
    def _sides(path: str, before: Any, after: Any) -> dict[str, Any]:
        return {"before_header": path, "after_header": path, "before": before, "after": after}
