# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files into a container (/containers/{id}/archive)."""

from __future__ import annotations

import posixpath
import tarfile
import time
from collections.abc import Iterator, Mapping
from typing import IO, Any, Callable, NamedTuple

from .._engine.archive import Entry
from .._engine.client import Engine
from .._engine.errors import EngineError, NotFound
from .._engine.files import Files, Found
from . import trees
from .owner import Owner
from .sources import Archive, Local, Source, Text
from .trees import Attributes, Content, Differences, Report, Unready, content, inspect, kind, shown, unready

Result = dict[str, Any]
SPEC: dict[str, dict[str, Any]] = {
    **trees.SPEC,
    "container_path": {"type": "str", "required": True},
    "src": {"type": "path"},
    "path": {"type": "path"},
    "content": {"type": "str"},
    "content_is_b64": {"type": "bool", "default": False},
    "template": {"type": "bool", "default": False},
    "unpack": {"type": "bool", "default": False},
    "follow": {"type": "bool", "default": False},
    "local_follow": {"type": "bool", "default": True},
    "owner_id": {"type": "int"},
    "group_id": {"type": "int"},
    "mode_parse": {"type": "str", "choices": ["legacy", "modern", "octal_string_only"], "default": "modern"},
    "force": {"type": "bool"},
}
SOURCES = ("src", "path", "content")
RULES: dict[str, Any] = {"mutually_exclusive": [SOURCES], "required_one_of": [SOURCES]}

# Of what the container has and is not to be copied, so much is streamed past before the rest is asked for one by one.
# The second is for each thing in the directory: an old engine takes for a request as long as for that many bytes.
FOREIGN, FOREIGN_EACH = 64 << 20, 8 << 20
# Mounted by the engine in every container that runs.
OWN_MOUNTS = ("/etc/hosts", "/etc/hostname", "/etc/resolv.conf")
OWN_FILE_SYSTEMS = ("/dev", "/proc", "/sys")
OUT_OF_REACH = "is on a file system in memory, which the engine does not reach"


def copy(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    path = params["container_path"]
    if not path.startswith("/"):
        raise ValueError(f"container_path: must be an absolute path, not {shown(path)}")
    attributes = Attributes(params, loose=params["content"] is not None)
    try:
        plan = Plan(engine, params, source(params), attributes)
    except Unready as error:
        return unready(engine.warnings, error, f"copy to {shown(path)}")
    result = {**plan.report.result(), "container_path": shown(plan.spots[0].path)}

    def act() -> Result:
        if plan.incomplete:
            return {**result, "_incomplete": True}
        plan.send()
        return result

    engine.warnings += trees.skipped(plan.source.skipped)
    return lambda: result, act


def source(params: Mapping[str, Any]) -> Source:
    if params["content"] is not None:
        if params["unpack"]:
            raise ValueError("unpack: needs src or path")
        return Text(params["content"], params["content_is_b64"])
    if params["src"] is not None:  # of the controller, whose action plugin has packed and brought it
        return Archive(params["src"], carried=True)
    if params["unpack"]:
        return Archive(params["path"], carried=False)
    return Local(params["path"], params["local_follow"])


class Spot(NamedTuple):
    """Where a part of the source goes.

    name     of that part
    path     in the container
    top      the directory that is there: what is sent is named from it on
    parents  directories between the two that are to be made
    """

    name: str
    path: str
    top: str
    parents: list[tarfile.TarInfo]


class Change(NamedTuple):
    """header: as it is to be; before: the content of a file that is there."""

    header: tarfile.TarInfo
    why: Differences
    before: Content | None = None


class Plan:
    """What differs between a source and a container. Nothing is changed before send()."""

    def __init__(self, engine: Engine, params: Mapping[str, Any], source: Source, attributes: Attributes) -> None:
        self.params, self.source, self.attributes = params, source, attributes
        self.force: bool | None = params["force"]
        self.container = inspect(engine, params["container"])
        self.files = Files(engine, self.container["Id"])
        attributes.owner = Owner(self.files, self.container["Config"]["User"] or "")
        self.spots: list[Spot] = []
        self.changes: dict[str, Change] = {}
        self.directories: dict[str, tarfile.TarInfo] = {}  # as they are wanted
        self.seen: set[str] = set()
        self.links: list[str] = []  # of the container, to be followed
        self.room = trees.ROOM
        self.inner: dict[str, list[str]] = {}  # directory -> what is in it
        for name in source.infos:
            self.inner.setdefault(posixpath.dirname(name), []).extend([name] if name else [])

        path = params["container_path"]
        if path.endswith("/") and not source.infos[""].isdir():
            raise EngineError(f"container_path: {shown(path)} names a directory, and what is copied is none")
        self._find("", "/" + posixpath.normpath(path).strip("/"))
        while self.links:
            name = self.links.pop(0)
            self._find(name, self._path(name))
        for name in source.infos:
            if name not in self.seen:
                self._judge(name, None)
        self.changes = {name: self.changes[name] for name in source.infos if name in self.changes}
        self._check_mounts()
        self.report = self._reported()
        self.incomplete = not source.absent.isdisjoint(self.changes)

    # ---- where ----

    def _find(self, name: str, path: str) -> None:
        """Look at what is at `path` in the container, where this part of the source goes."""
        path, found = self._followed(path) if self.params["follow"] else (path, self.files.find(path))
        if not found:
            self.spots.append(Spot(name, path, *self._above(path)))
            return
        inside = found.kind == "directory" and self.source.infos[name].isdir()
        self.spots.append(Spot(name, path, path if inside else posixpath.dirname(path), []))
        self._look(name)

    def _followed(self, path: str) -> tuple[str, Found | None]:
        """The path, or where a link leads that is there; and what is there."""
        found = self.files.find(path)
        if found and found.kind == "link":
            return found.target, self.files.find(found.target)
        return path, found

    def _above(self, path: str) -> tuple[str, list[tarfile.TarInfo]]:
        """The nearest directory above `path` that is there, and those below it that are to be made."""
        missing: list[str] = []
        above = posixpath.dirname(path)
        while True:
            _path, found = self._followed(above)
            if found:
                break
            missing.insert(0, above)
            above = posixpath.dirname(above)
        if found.kind != "directory":
            raise EngineError(f"container_path: {shown(above)} is no directory in the container")
        if missing and not self.params["parents"]:
            raise Unready(f"container_path: there is no directory {shown(missing[-1])} in the container (see parents)")
        return above, [self.attributes.lay(new_directory(each), None) for each in missing]

    def _spot(self, name: str) -> Spot:
        """The spot for a part of the source: that with the longest name."""
        spots = [spot for spot in self.spots if not spot.name or f"{name}/".startswith(f"{spot.name}/")]
        return max(spots, key=lambda spot: len(spot.name))

    def _path(self, name: str) -> str:
        """The place in the container of a part of the source."""
        spot = self._spot(name)
        return posixpath.join(spot.path, name[len(spot.name) :].lstrip("/")) if name != spot.name else spot.path

    # ---- what ----

    def _look(self, name: str) -> None:
        """Judge what the container has in the place of this part of the source, and of all that is in it."""
        inner = self.inner.get(name, [])
        left = FOREIGN + FOREIGN_EACH * len(inner)
        contents: dict[str, Content | None] = {}
        alone = []
        try:
            with self.files.read(self._path(name)) as found:
                for below, info, reader in found:
                    each = posixpath.join(name, below) if below else name
                    leader = contents.get(posixpath.join(name, info.linkname)) if info.islnk() else None
                    if each not in self.source.infos:
                        left -= info.size + trees.PIECE // 16
                    elif not info.islnk():
                        contents[each] = self._judge(each, info, reader)
                    elif leader and (leader.digest or leader.size != self.source.infos[each].size):
                        self._judge(each, info, None, leader)
                    else:
                        alone.append(each)
                    if left < 0:
                        alone = inner
                        break
        except NotFound:
            return  # it is not there, or not any more
        for each in alone:
            self._look(each)

    def _judge(
        self,
        name: str,
        present: tarfile.TarInfo | None,
        reader: IO[bytes] | None = None,
        known: Content | None = None,
    ) -> Content | None:
        """Compare a part of the source with what is in its place; answers the content that a file there has.

        known: that content, where it is a hard link to what was judged before.
        """
        info = self.source.infos[name]
        self.changes.pop(name, None)
        if present and present.issym() and not info.issym() and self.params["follow"]:
            self.links += [name] if name not in self.links else []
            return None
        self.seen.add(name)
        if present and present.isdir() and info.isdir():
            if not name or name in self.source.implied:
                return None  # the place of the copy stays as it is
        elif present and self.force is False and not info.isdir():
            return None
        elif present and present.isdir() != info.isdir():
            have, path = kind(present).replace("special", "special file"), shown(self._path(name))
            raise EngineError(f"container_path: {path} is a {have} in the container, and no {kind(info)}")
        header = self.attributes.lay(info, present)
        if info.isdir():
            self.directories[name] = header
        why = {} if present and self.force is False else self.attributes.differences(present, header)
        before = known
        if present and kind(present) == kind(info) == "file":
            if reader:
                before = content(reader, present.size, digest=present.size == info.size)
            if not before or before.size != info.size or before.digest != self.source.content(name, digest=True).digest:
                why = {"content": (None, None), **why}
        if self.force and not info.isdir():
            why = {"force": (None, None), **why}
        if why:
            self.changes[name] = Change(header, why, before and self._kept(before))
        return before and before._replace(head=b"")

    def _kept(self, before: Content) -> Content:
        """Without the text, when there is too much of it by now."""
        self.room -= len(before.head)
        return before if self.room >= 0 else before._replace(head=b"")

    def _check_mounts(self) -> None:
        """What the engine would refuse, or do without effect."""
        config = self.container["HostConfig"]
        limits = dict.fromkeys(OWN_FILE_SYSTEMS, OUT_OF_REACH)
        limits.update(dict.fromkeys(config.get("Tmpfs") or {}, OUT_OF_REACH))
        if config["ReadonlyRootfs"]:
            limits["/"] = "is in the root file system of the container, which is read-only"
        for mount in self.container["Mounts"]:
            place = mount["Destination"]
            limits[place] = "" if mount["RW"] else f"is on {place}, which is mounted read-only"
            if mount["Type"] == "tmpfs":
                limits[place] = OUT_OF_REACH
        single = {*OWN_MOUNTS, *limits}
        follow = any(limits[place] for place in limits if place not in OWN_FILE_SYSTEMS)
        for spot in self.spots:
            top = self._real(spot.top) if follow else spot.top
            names = [name for name in self.changes if self._spot(name) is spot]
            paths = [posixpath.join(top, posixpath.relpath(self._path(name), spot.top)) for name in names]
            for path in [top, *map(posixpath.normpath, paths)] if paths else []:
                around = [place for place in limits if f"{path}/".startswith(place.rstrip("/") + "/")]
                problem = limits[max(around, key=len)] if around else ""
                if problem:
                    raise EngineError(f"container_path: {shown(path)} {problem}")
            for name, path in zip(names, paths):
                if path in single and not self.source.infos[name].isdir():
                    raise EngineError(f"container_path: {shown(path)} is mounted by itself: engines cannot replace it")

    def _real(self, path: str) -> str:
        """The path without links."""
        real = "/"
        for part in path.strip("/").split("/"):
            real, _found = self._followed(posixpath.join(real, part))
        return real

    def _reported(self) -> Report:
        report = Report()
        for spot in self.spots:
            for header in spot.parents:
                report.add(header.name, self.attributes.differences(None, header))
        for name, change in self.changes.items():
            after = None
            if kind(change.header) == "file" and not report.full and {"content", "state"} & set(change.why):
                after = self.source.content(name, digest=False)
            report.add(self._path(name), change.why, change.before, after)
        return report

    # ---- how ----

    def send(self) -> None:
        headers = {name: change.header for name, change in self.changes.items()}
        if self.attributes.archive:  # what is put into a directory changes its time
            above = {each for name in headers for each in ancestors(name) if each in self.directories}
            headers = {**{name: self.directories[name] for name in sorted(above)}, **headers}
        parts = [(spot, {name: headers[name] for name in headers if self._spot(name) is spot}) for spot in self.spots]
        for spot, part in parts:
            for name, header in part.items():
                header.name = posixpath.relpath(self._path(name), spot.top)
                if header.islnk():
                    if self._spot(header.linkname) is not spot:
                        pair = f"{shown(name)} and {shown(header.linkname)}"
                        raise EngineError(f"path: {pair} are one file, and go to different places in the container")
                    header.linkname, header.size = posixpath.relpath(self._path(header.linkname), spot.top), 0
            for header in spot.parents:
                header.name = posixpath.relpath(header.name, spot.top)
        for spot, part in parts:
            if part or spot.parents:
                self.files.write(spot.top, self._entries(spot, part))

    def _entries(self, spot: Spot, part: Mapping[str, tarfile.TarInfo]) -> Iterator[Entry]:
        yield from map(Entry, spot.parents)
        yield from self.source.entries(part)


def new_directory(name: str) -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, int(time.time())
    return info


def ancestors(name: str) -> Iterator[str]:
    while name:
        name = posixpath.dirname(name)
        yield name
