# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Looks at the files of a container and of this machine, past the code that is tested."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from tests.matrix.harness import Target

TIME = 1_600_000_000  # what made() gives to files


class Seen(NamedTuple):
    kind: str
    mode: int
    owner: tuple[int, int]
    mtime: int
    holds: Any  # the content of a file, the target of a link


def held(target: Target, path: str = "/www", name: str = "box") -> dict[str, Seen]:
    """What the container has at a path and below it, by names as from there on; hard links as files."""
    status, data = target.engine.request(
        "GET", f"/containers/{name}/archive?path={quote(path, errors='surrogateescape')}"
    )
    if status == 404:
        return {}
    assert status == 200, data
    found: dict[str, Seen] = {}
    raw = data if isinstance(data, bytes) else data.encode()
    with tarfile.open(fileobj=io.BytesIO(raw), encoding="utf-8") as archive:
        root = archive.getmembers()[0].name.rstrip("/")
        for info in archive:
            file = archive.extractfile(info) if info.isreg() or info.islnk() else None
            kind = "directory" if info.isdir() else "link" if info.issym() else "file" if file else "special"
            holds = file.read() if file else info.linkname
            seen = Seen(kind, info.mode & 0o7777, (info.uid, info.gid), int(info.mtime), holds)
            found[info.name[len(root) :].strip("/")] = seen
    return found


def local(path: Path) -> dict[str, Seen]:
    """The same of this machine."""
    found = {}
    for each in [path, *sorted(path.rglob("*"))]:
        status = each.lstat()
        kinds = {stat.S_IFREG: "file", stat.S_IFDIR: "directory", stat.S_IFLNK: "link"}
        kind = kinds.get(stat.S_IFMT(status.st_mode), "special")
        holds = each.read_bytes() if kind == "file" else os.readlink(each) if kind == "link" else ""
        owner = status.st_uid, status.st_gid
        name = "" if each == path else str(each.relative_to(path))
        found[name] = Seen(kind, stat.S_IMODE(status.st_mode), owner, int(status.st_mtime), holds)
    return found


def alike(one: dict[str, Seen], other: dict[str, Seen], *, exact: bool = False) -> None:
    """Both hold the same with the same permissions, but for the place itself; `exact`: owners and times, too."""

    def marks(seen: Seen) -> Any:
        mode = 0 if seen.kind == "link" else seen.mode
        return (seen.kind, mode, seen.holds, *((seen.owner, seen.mtime) if exact else ()))

    first, second = ({name: marks(seen) for name, seen in each.items() if name} for each in (one, other))
    assert first == second


def made(path: Path, data: bytes = b"text\n", mode: int = 0o644) -> Path:
    """A file, older than the run."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    path.chmod(mode)
    os.utime(path, (TIME, TIME))
    return path


def sample(root: Path) -> Path:
    """A directory with what directories hold: odd and long names, links, owners, permissions."""
    made(root / "plain.txt", b"plain\n")
    made(root / "run.sh", b"#!/bin/sh\n", 0o755)
    made(root / "empty", b"")
    made(root / "binary", bytes(range(256)) * 300, 0o600)
    made(root / "long" / "/".join(["n" * 200] * 4) / ("ü" * 120), b"long\n")
    made(root / 'sp ace"\n\t\\', b"odd\n")
    made(root / os.fsdecode(b"no\xfftext"), b"bytes\n")
    made(root / "sub" / "deep" / "file", b"deep\n", 0o640)
    (root / "void").mkdir()
    (root / "void").chmod(0o2775)
    (root / "link").symlink_to("plain.txt")
    (root / "away").symlink_to("/nowhere/../else")
    os.link(root / "plain.txt", root / "second")
    with (root / "sparse").open("wb") as file:
        file.seek(300_000)
        file.write(b"end")
    os.chown(root / "run.sh", 1234, 56)
    os.chown(root / "link", 7, 8, follow_symlinks=False)
    for each in [*root.rglob("*"), root]:
        os.utime(each, (TIME, TIME), follow_symlinks=False)
    return root


def packed(path: Path, members: Iterable[tuple[str, bytes | None]], mode: str = "w") -> Path:
    """An archive of files and, where there is no content, directories."""
    with tarfile.open(str(path), mode) as archive:  # type: ignore[call-overload]
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.mtime = TIME
            if data is None:
                info.type, info.mode = tarfile.DIRTYPE, 0o750
                archive.addfile(info)
            else:
                info.size, info.mode = len(data), 0o640
                archive.addfile(info, io.BytesIO(data))
    return path
