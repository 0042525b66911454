# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Copies into containers and out of them, when the engine breaks off or sends what no real one would send."""

from __future__ import annotations

import base64
import json
import shutil
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions import copy, fetch
from ansible_collections.dockside.engine.plugins.module_utils._actions.landing import Partly
from ansible_collections.dockside.engine.plugins.module_utils._engine.archive import Entry, pack
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import (
    ConnectionLost,
    EngineError,
    ServerError,
    StreamError,
)

from tests.unit.fake_engine import Chunks, FakeEngine, Raw, Reply

ARCHIVE = "/containers/1/archive"
DIRECTORY, FILE = 1 << 31 | 0o755, 0o644
CONTAINER = {"Id": "1", "Config": {"User": ""}, "HostConfig": {"ReadonlyRootfs": False}, "Mounts": []}


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    folder = tempfile.mkdtemp(prefix="dockside-")  # a socket's path must be short
    with FakeEngine(f"{folder}/s") as engine:
        engine.on("GET", "/containers/box/json", Reply(CONTAINER))
        yield engine
    shutil.rmtree(folder)


def run(fake: FakeEngine, action: Any, check: bool = False, **options: Any) -> dict[str, Any]:
    module = {copy.copy: copy, fetch.fetch: fetch}[action]
    defaults = {name: entry.get("default") for name, entry in module.SPEC.items()}
    engine = Engine(resolve({"docker_host": fake.address}, {}))
    try:
        say, act = action(engine, {**defaults, "container": "box", **options})
        return dict(say() if check else act())
    finally:
        engine.close()


def found(mode: int, target: str = "") -> Reply:
    """An answer to HEAD."""
    stat = {"name": "x", "size": 1, "mode": mode, "mtime": "2026-01-01T00:00:00Z", "linkTarget": target}
    return Reply(headers={"X-Docker-Container-Path-Stat": base64.b64encode(json.dumps(stat).encode()).decode()})


def member(name: str, data: bytes | None = b"", kind: bytes = tarfile.REGTYPE, link: str = "") -> Entry:
    info = tarfile.TarInfo(name)
    info.type, info.linkname, info.mtime = kind, link, 1_600_000_000
    info.size, info.mode = len(data or b""), 0o755 if kind == tarfile.DIRTYPE else 0o644
    return Entry(info, data or None)


def folder(name: str) -> Entry:
    return member(name, None, tarfile.DIRTYPE)


def archive(*entries: Entry) -> bytes:
    return b"".join(pack(entries))


# ---- into a container ----


@pytest.mark.parametrize("cut", [700, 40_000])
def test_a_look_that_breaks_off_sends_nothing(fake: FakeEngine, cut: int) -> None:
    data = archive(member("x", b"a" * 50_000))
    fake.on("HEAD", ARCHIVE, found(FILE))
    for answer in (Chunks([data[:cut]], cut=True), Chunks([data[:cut]])):
        fake.on("GET", ARCHIVE, answer)
        with pytest.raises(ConnectionLost):
            run(fake, copy.copy, container_path="/x", content="b" * 50_000)
    assert not fake.asked("PUT", ARCHIVE)


def test_a_copy_that_breaks_off_is_an_error(fake: FakeEngine) -> None:
    fake.on("HEAD", ARCHIVE, Reply({"message": "no"}, 404), found(DIRECTORY))
    fake.on("PUT", ARCHIVE, Raw(b""))
    with pytest.raises(ConnectionLost):
        run(fake, copy.copy, container_path="/x", content="text")
    assert fake.asked("PUT", ARCHIVE) == 1  # nobody knows what it did, so it is not sent again


def test_a_source_that_shrinks_meanwhile(fake: FakeEngine, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * 100_000)

    def shrink(seen: Any) -> Reply:
        path.write_bytes(b"x")
        return found(DIRECTORY)

    fake.on("HEAD", ARCHIVE, Reply({"message": "no"}, 404), shrink)
    with pytest.raises(EngineError, match=f"{path} became shorter while it was read"):
        run(fake, copy.copy, container_path="/x", path=str(path))


def test_the_reason_of_the_engine(fake: FakeEngine) -> None:
    """An answer to HEAD has no place for it."""
    fake.on("HEAD", ARCHIVE, Reply(status=500))
    fake.on("GET", ARCHIVE, Reply({"message": "too many links"}, 500))
    with pytest.raises(ServerError, match="too many links"):
        run(fake, copy.copy, container_path="/x", content="text")


def test_an_archive_without_anything(fake: FakeEngine, tmp_path: Path) -> None:
    """20.10 sends that for a file whose name is no text."""
    fake.on("HEAD", ARCHIVE, found(FILE))
    fake.on("GET", ARCHIVE, Reply(archive()))
    with pytest.raises(StreamError, match="an empty archive"):
        run(fake, copy.copy, container_path="/x", content="text")
    with pytest.raises(StreamError, match="an empty archive"):
        run(fake, fetch.fetch, container_path="/x", path=str(tmp_path / "x"))


# ---- out of a container ----


def fetched(fake: FakeEngine, tmp_path: Path, *entries: Entry, **options: Any) -> dict[str, Any]:
    fake.on("HEAD", ARCHIVE, found(DIRECTORY))
    fake.on("GET", ARCHIVE, Reply(archive(*entries)))
    return run(fake, fetch.fetch, container_path="/x", path=str(tmp_path / "place"), **options)


@pytest.mark.parametrize("pack_it", [True, False])
@pytest.mark.parametrize("cut", [700, 40_000, 51_000])
def test_a_fetch_that_breaks_off(fake: FakeEngine, tmp_path: Path, cut: int, pack_it: bool) -> None:
    """What was there stays, and nothing is left beside it."""
    data = archive(member("x", b"new" * 20_000))
    place = tmp_path / "place"
    fake.on("HEAD", ARCHIVE, found(FILE))
    for answer in (Chunks([data[:cut]], cut=True), Chunks([data[:cut]])):
        for before in (None, b"old"):
            if before:
                place.write_bytes(before)
            fake.on("GET", ARCHIVE, answer)
            with pytest.raises((ConnectionLost, StreamError)):
                run(fake, fetch.fetch, container_path="/x", path=str(place), pack=pack_it)
            assert [each.read_bytes() for each in tmp_path.iterdir()] == ([before] if before else [])
        place.unlink()


def test_a_directory_that_breaks_off(fake: FakeEngine, tmp_path: Path) -> None:
    """What is complete stays, and the error tells what it is."""
    data = archive(folder("x"), folder("x/dir"), member("x/dir/a", b"a"), member("x/dir/b", b"b" * 300_000))
    fake.on("HEAD", ARCHIVE, found(DIRECTORY))
    fake.on("GET", ARCHIVE, Chunks([data[:200_000]], cut=True))
    place = tmp_path / "place"
    with pytest.raises(Partly, match="Lost the connection") as caught:
        run(fake, fetch.fetch, container_path="/x", path=str(place))
    paths = [change["path"] for change in caught.value.result["changes"]]
    assert paths == [str(place), f"{place}/dir", f"{place}/dir/a"]
    assert [each.name for each in (place / "dir").iterdir()] == ["a"]
    assert ((place / "dir").stat().st_mode & 0o777, (place / "dir").stat().st_mtime) == (0o755, 1_600_000_000)
    with pytest.raises(ConnectionLost):
        run(fake, fetch.fetch, check=True, container_path="/x", path=str(tmp_path / "other"))


UNSAFE: list[tuple[list[Entry], str]] = [
    ([folder("x"), member("x/../../out", b"1")], "which is outside of"),
    ([folder("x"), member("/out", b"1")], "which is outside of"),
    ([folder("x"), member("y/out", b"1")], "which is outside of"),
    ([folder("x"), member("x/no/out", b"1")], "holds no/out, and no directory for it"),
    ([folder("x"), member("x/l", None, tarfile.SYMTYPE, "/{}"), member("x/l/out", b"1")], "and no directory for it"),
    (
        [folder("x"), member("x/l", None, tarfile.SYMTYPE, "../"), folder("x/l"), member("x/l/out", b"1")],
        "is a link on",
    ),
    ([folder("x"), member("x/h", None, tarfile.LNKTYPE, "x/../../secret")], "which is outside of"),
    ([folder("x"), member("x/h", None, tarfile.LNKTYPE, "/secret")], "which is outside of"),
    ([folder("x"), member("x/h", None, tarfile.LNKTYPE, "x/later")], "h as a link to later, which is no file of it"),
]


@pytest.mark.parametrize(("entries", "message"), UNSAFE)
def test_nothing_lands_elsewhere(fake: FakeEngine, tmp_path: Path, entries: list[Entry], message: str) -> None:
    (tmp_path / "secret").write_text("secret")
    with pytest.raises(EngineError, match=message):
        fetched(fake, tmp_path, *entries)
    assert {each.name for each in tmp_path.iterdir()} <= {"place", "secret"}
    assert (tmp_path / "secret").read_text() == "secret"
    assert {each.name for each in (tmp_path / "place").rglob("*")} <= {"l"}


def test_nothing_is_written_through_a_link(fake: FakeEngine, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "target").write_text("target")
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "dir").symlink_to("../elsewhere")
    (tmp_path / "place" / "file").symlink_to("../target")
    with pytest.raises(EngineError, match="place/dir is a link on this machine, and no directory"):
        fetched(fake, tmp_path, folder("x"), folder("x/dir"), member("x/dir/out", b"1"))
    fetched(fake, tmp_path, folder("x"), member("x/file", b"new"))
    assert (tmp_path / "target").read_text() == "target"
    assert (tmp_path / "place" / "file").read_text() == "new"
    assert not (tmp_path / "place" / "file").is_symlink()
    assert list((tmp_path / "elsewhere").iterdir()) == []
