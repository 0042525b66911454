# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files out of containers, on every engine."""

from __future__ import annotations

import os
import tarfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions import copy, fetch
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError

from tests.matrix.actions import Act
from tests.matrix.containers import on_extremes, on_newest, on_plain_engines
from tests.matrix.files import TIME, alike, held, local, made, sample
from tests.matrix.harness import Target

COPY = Act(copy.copy, copy.SPEC, copy.RULES)
FETCH = Act(fetch.fetch, fetch.SPEC, fetch.RULES)


def place(path: Path) -> Any:
    return local(path) if path.is_symlink() or path.exists() else None


def agree(target: Target, path: Path, **options: Any) -> dict[str, Any]:
    """A real run, which must do what check mode said, and that touches nothing."""
    options = {"container": "box", "path": str(path), **options}
    before = place(path)
    said = FETCH(target.client(), check=True, **options)
    assert place(path) == before
    done = FETCH(target.client(), **options)
    assert said == done
    assert not list(path.parent.rglob(".*-*"))  # no temporary files
    return done


def changed(target: Target, path: Path, **options: Any) -> list[dict[str, Any]]:
    """A run that must change something; answers what, and a second one must change nothing."""
    done = agree(target, path, **options)
    assert done["changed"], done
    settled(target, path, **options)
    return list(done["changes"])


def settled(target: Target, path: Path, **options: Any) -> None:
    before, inode = place(path), path.lstat().st_ino
    done = FETCH(target.client(), container="box", path=str(path), **options)
    assert (done["actions"], done["changes"], done["diff"], done["changed"]) == ([], [], [], False)
    assert (place(path), path.lstat().st_ino) == (before, inode)


def refused(target: Target, message: str, path: Path, /, **options: Any) -> None:
    """Both runs must fail with these words, and touch nothing."""
    before = place(path)
    for check in (True, False):
        with pytest.raises((ValueError, EngineError), match=message):
            FETCH(target.client(), check=check, **{"container": "box", "path": str(path), **options})
    assert place(path) == before


def sh(target: Target, script: str) -> str:
    return target.engine.docker("exec", "box", "sh", "-ec", script).stdout


def test_a_file(target: Target, tmp_path: Path) -> None:
    target.container("box")
    sh(target, "cd /www; echo one > a; chmod 640 a; chown app:root a; touch -d @1500000000 a")
    path = tmp_path / "a"
    options: dict[str, Any] = {"container_path": "/www/a"}
    assert changed(target, path, **options) == [{"path": str(path), "action": "create", "why": ["state"]}]
    seen = local(path)[""]
    assert (seen.mode, seen.owner, seen.mtime, seen.holds) == (0o640, (0, 0), 1_500_000_000, b"one\n")
    os.utime(path, (TIME, TIME))
    os.chown(path, 5, 6)
    settled(target, path, **options)  # owner and time are nobody's business here
    sh(target, "echo two > /www/a; chmod 604 /www/a")
    done = agree(target, path, **options)
    assert done["actions"] == [f"change {path}: content, mode 0640 -> 0604"]
    assert (done["diff"][1]["before"], done["diff"][1]["after"]) == ("one\n", "two\n")
    seen = local(path)[""]
    assert (seen.mode, seen.owner, seen.holds) == (0o604, (5, 6), b"two\n")
    assert agree(target, path, **options, mode="0600")["actions"] == [f"change {path}: mode 0604 -> 0600"]
    settled(target, path, **options, mode="0600")
    os.utime(path, (TIME, TIME))
    whys = changed(target, path, **options, archive=True)[0]["why"]
    assert whys == ["mode", "owner_id", "group_id", "modified"]
    assert local(path)[""].owner == (1000, 0)
    sh(target, "chmod 6755 /www/a")
    changed(target, path, **options)
    assert local(path)[""].mode == 0o755  # who owns it here is another one
    changed(target, path, **options, archive=True)
    assert local(path)[""].mode == 0o6755


@pytest.mark.parametrize("start", [True, False], ids=["running", "stopped"])
def test_a_directory(target: Target, tmp_path: Path, start: bool) -> None:
    source = sample(tmp_path / "source")
    target.container("box", start=start)
    there: dict[str, Any] = {"container": "box", "container_path": "/www/copy", "local_follow": False, "archive": True}
    COPY(target.client(), path=str(source), **there)
    path = tmp_path / "fetched"
    options: dict[str, Any] = {"container_path": "/www/copy"}
    assert len(changed(target, path, **options)) == len(local(source))
    alike(local(path), local(source))
    assert (path / "plain.txt").stat().st_ino == (path / "second").stat().st_ino
    assert local(path)["run.sh"].mtime == TIME
    assert {seen.owner for seen in local(path).values()} == {(0, 0)}

    # One file of many; what else is there stays. Files that need no change are not replaced.
    (path / "foreign").write_text("mine")
    inode = (path / "binary").stat().st_ino
    made(source / "sub/deep/file", b"new\n", 0o640)
    made(source / "sub/more", b"more\n")
    (source / "link").unlink()
    (source / "link").symlink_to("run.sh")
    COPY(target.client(), path=str(source), **there)
    whys = {change["path"]: change["why"] for change in changed(target, path, **options)}
    assert whys == {
        f"{path}/link": ["target"],
        f"{path}/sub/deep/file": ["content"],
        f"{path}/sub/more": ["state"],
    }
    (path / "foreign").unlink()
    alike(local(path), local(source))
    assert (path / "binary").stat().st_ino == inode
    # Both names of a file.
    made(source / "plain.txt", b"changed\n")
    COPY(target.client(), path=str(source), **there)
    assert {change["path"] for change in changed(target, path, **options)} == {f"{path}/plain.txt", f"{path}/second"}
    assert (path / "second").read_bytes() == b"changed\n"


def test_a_directory_with_owners_and_times(target: Target, tmp_path: Path) -> None:
    source, path = sample(tmp_path / "source"), tmp_path / "fetched"
    target.container("box")
    there: dict[str, Any] = {"container": "box", "container_path": "/www/copy", "local_follow": False, "archive": True}
    COPY(target.client(), path=str(source), **there)
    options: dict[str, Any] = {"container_path": "/www/copy"}
    changed(target, path, **options)
    changed(target, path, **options, archive=True)
    alike(local(path), local(source), exact=True)
    made(path / "sub" / "deep" / "file", b"other\n")
    os.chown(path / "link", 1, 1, follow_symlinks=False)
    os.utime(path / "void", (TIME + 5, TIME + 5))
    whys = {change["path"]: change["why"] for change in changed(target, path, **options, archive=True)}
    assert whys[f"{path}/sub/deep/file"] == ["content", "mode"]
    assert whys[f"{path}/link"] == ["owner_id", "group_id"]
    assert whys[f"{path}/void"] == ["modified"]
    alike(local(path), local(source), exact=True)
    # The modes of this machine.
    (path / "void").chmod(0o700)
    settled(target, path, **options)
    changed(target, path, **options, mode=0o600, directory_mode="0711")
    assert {seen.mode for seen in local(path).values() if seen.kind == "file"} == {0o600}
    assert {seen.mode for name, seen in local(path).items() if seen.kind == "directory" and name} == {0o711}


def test_links(target: Target, tmp_path: Path) -> None:
    target.container("box")
    sh(target, "cd /www; mkdir dir; echo a > dir/a; ln -s dir to-dir; ln -s dir/a to-file; ln -s /etc/passwd away")
    done = agree(target, tmp_path / "file", container_path="/www/to-file")
    assert (done["container_path"], (tmp_path / "file").read_text()) == ("/www/dir/a", "a\n")
    changed(target, tmp_path / "dir", container_path="/www/to-dir")
    assert local(tmp_path / "dir")["a"].holds == b"a\n"
    changed(target, tmp_path / "link", container_path="/www/to-file", follow=False)
    assert local(tmp_path / "link")[""].holds == "dir/a"
    changed(target, tmp_path / "all", container_path="/www")
    assert local(tmp_path / "all")["away"].holds == "/etc/passwd"
    # A link of this machine is followed as the place of the copy, and is in the way inside of it.
    (tmp_path / "real").mkdir()
    (tmp_path / "alias").symlink_to("real")
    changed(target, tmp_path / "alias", container_path="/www")
    assert (tmp_path / "alias").is_symlink()
    assert (tmp_path / "real" / "dir" / "a").exists()
    (tmp_path / "real" / "dir" / "a").unlink()
    (tmp_path / "real" / "dir").rmdir()
    (tmp_path / "real" / "dir").symlink_to(tmp_path)
    refused(target, "real/dir is a link on this machine, and no directory", tmp_path / "real", container_path="/www")
    (tmp_path / "one").write_text("old")
    (tmp_path / "two").symlink_to("one")
    changed(target, tmp_path / "two", container_path="/www/dir/a")
    assert ((tmp_path / "one").read_text(), (tmp_path / "two").is_symlink()) == ("a\n", True)


def test_parents(target: Target, tmp_path: Path) -> None:
    target.container("box")
    path = tmp_path / "one" / "two" / "page"
    options: dict[str, Any] = {"container_path": "/www/index.html"}
    client = target.client()
    assert FETCH(client, check=True, container="box", path=str(path), **options)["changed"]
    assert client.warnings == [f"this would fail: path: there is no directory {path.parent} (see parents)"]
    with pytest.raises(EngineError, match="there is no directory"):
        FETCH(target.client(), container="box", path=str(path), **options)
    paths = [change["path"] for change in changed(target, path, **options, parents=True, directory_mode="0750")]
    assert paths == [str(tmp_path / "one"), str(tmp_path / "one" / "two"), str(path)]
    assert local(tmp_path / "one")["two"].mode == 0o750
    refused(target, "page is no directory", path / "below" / "it", **options, parents=True)


def test_volumes(target: Target, tmp_path: Path) -> None:
    source = sample(tmp_path / "source")
    target.container("box", HostConfig={"Binds": ["data:/data"], "ReadonlyRootfs": True})
    there: dict[str, Any] = {"container": "box", "container_path": "/data/copy", "local_follow": False}
    COPY(target.client(), path=str(source), **there)
    changed(target, tmp_path / "fetched", container_path="/data")
    alike(local(tmp_path / "fetched" / "copy"), local(source))


def test_special_files(target: Target, tmp_path: Path) -> None:
    target.container("box")
    sh(target, "mkdir /www/dir; cd /www/dir; mkfifo fifo; echo a > a")
    client = target.client()
    FETCH(client, container="box", container_path="/www/dir", path=str(tmp_path / "dir"))
    assert client.warnings == ["left out, as they are neither files, directories nor links: fifo"]
    assert sorted(local(tmp_path / "dir")) == ["", "a"]
    refused(target, "/www/dir/fifo is neither a file", tmp_path / "x", container_path="/www/dir/fifo")


# ---- archives ----


def names(path: Path) -> list[str]:
    with tarfile.open(path) as archive:
        return archive.getnames()


def test_an_archive(target: Target, tmp_path: Path) -> None:
    source = sample(tmp_path / "source")
    target.container("box")
    there: dict[str, Any] = {"container": "box", "container_path": "/www/copy", "local_follow": False, "archive": True}
    COPY(target.client(), path=str(source), **there)
    path = tmp_path / "copy.tar"
    options: dict[str, Any] = {"container_path": "/www/copy", "pack": True}
    changed(target, path, **options)
    assert {"copy", "copy/plain.txt"} <= set(names(path))
    assert path.stat().st_mode & 0o777 == 0o600
    assert agree(target, path, **options, mode="0640")["actions"] == [f"change {path}: mode 0600 -> 0640"]
    settled(target, path, **options)
    for script in ("echo x > sub/new", "chmod 700 sub/new", "touch -d @1 sub/new", "ln -sf b link", "rm second"):
        sh(target, f"cd /www/copy; {script}")
        assert changed(target, path, **options)[0]["why"] == ["content"]
        assert path.stat().st_mode & 0o777 == 0o640
    for broken in (b"", b"text", path.read_bytes()[:5000], path.read_bytes()[:-1024]):
        path.write_bytes(broken)
        changed(target, path, **options)
    # And back into another place.
    there = {"container": "box", "container_path": "/www/back", "path": str(path), "unpack": True, "archive": True}
    assert [COPY(target.client(), **there)["changed"] for _time in range(2)] == [True, False]
    alike(held(target, "/www/back/copy"), held(target, "/www/copy"), exact=True)
    refused(target, "is a directory, and no file", source, **options)


@on_plain_engines
def test_export(target: Target, tmp_path: Path) -> None:
    target.container("box", HostConfig={"Binds": ["data:/data"]})
    sh(target, "echo in a volume > /data/a")
    path = tmp_path / "root.tar"
    changed(target, path, export=True, pack=True)
    assert {"bin/busybox", "www/index.html", "data"} <= set(names(path))
    assert "data/a" not in names(path)
    files = tmp_path / "root"
    changed(target, files, export=True)
    assert (files / "www" / "index.html").read_text() == "<h1>Hello from a container</h1>\n"
    assert (files / "bin" / "sh").stat().st_ino == (files / "bin" / "busybox").stat().st_ino
    assert (files / "tmp").stat().st_mode & 0o7777 == 0o1777
    COPY(target.client(), container="box", container_path="/www/index.html", content="new")
    assert changed(target, path, export=True, pack=True)[0]["why"] == ["content"]
    (change,) = changed(target, files, export=True)
    assert change["path"] == f"{files}/www/index.html"


# ---- what users see, and what goes wrong ----


def test_diff(target: Target, tmp_path: Path) -> None:
    target.container("box")
    sh(target, "cd /www; mkdir dir; head -c 200000 /dev/zero > dir/large; printf 'a\\000' > dir/binary")
    made(tmp_path / "dir" / "binary", b"text\n")
    made(tmp_path / "dir" / "large", b"x")
    done = agree(target, tmp_path / "dir", container_path="/www/dir")
    shown = [(each["before"], each["after"]) for each in done["diff"]]
    assert shown == [
        ("text\n", "2 bytes, which are no text\n"),
        ("x", "200000 bytes, which are too many to be shown\n"),
    ]


@on_newest
def test_memory(target: Target, tmp_path: Path) -> None:
    """It does not grow with what is fetched."""
    target.container("box", HostConfig={"Binds": ["data:/data"]})
    sh(target, "mkdir /data/many; cd /data/many; for i in $(seq 300); do echo $i > $i; done")
    sh(target, "head -c 67108864 /dev/urandom > /data/large")
    large, many = ({"container_path": f"/data/{name}", "path": str(tmp_path / name)} for name in ("large", "many"))
    packed = {**large, "path": str(tmp_path / "packed"), "pack": True}
    tracemalloc.start()
    for expected in (True, False):
        done = [FETCH(target.client(), container="box", **each)["changed"] for each in (large, many, packed)]
        assert done == [expected] * 3
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"dest": "/x"}, "mutually exclusive"),
    ({"container_path": None}, "container_path: give either this or export"),
    ({"export": True}, "container_path: give either this or export"),
    ({"container_path": "www"}, "container_path: must be an absolute path, not www"),
    ({"container_path": "/www/index.html/"}, "/www/index.html is no directory in the container"),
    ({"container_path": "/www"}, "is a file on this machine, and no directory"),
    ({"container_path": "/www/loop"}, "loop|too many links"),
    ({"mode": "x"}, "mode: must be 0644"),
    ({"directory_mode": "x"}, "directory_mode: must be"),
]


def test_what_is_refused(target: Target, tmp_path: Path) -> None:
    target.container("box")
    sh(target, "ln -s loop /www/loop")
    path = made(tmp_path / "there")
    for options, message in REFUSED:
        refused(target, message, path, **{"container_path": "/www/index.html", **options})
    options = {"container_path": "/www/index.html"}
    with pytest.raises(ValueError, match="dest, path"):
        FETCH(target.client(), container="box", **options)
    refused(target, "is a directory on this machine, and no file", tmp_path, **options)
    slash: Any = f"{path}/"  # which a Path would lose
    with pytest.raises(EngineError, match="there/ names a directory"):
        FETCH(target.client(), container="box", path=slash, **options)


@on_extremes
def test_what_is_not_there(target: Target, tmp_path: Path) -> None:
    target.container("box")
    sh(target, "ln -s nowhere /www/lost")
    base = {"container": "box", "path": str(tmp_path / "x")}
    for more, message in (
        ({"container": "nosuch", "container_path": "/www"}, "container: there is no container nosuch"),
        ({"container": "nosuch", "export": True}, "container: there is no container nosuch"),
        ({"container_path": "/nosuch"}, "container_path: there is nothing at /nosuch in container box"),
        ({"container_path": "/www/lost"}, "container_path: there is nothing at /www/nowhere in container box"),
    ):
        client = target.client()
        options = {**base, **more}
        assert FETCH(client, check=True, **options)["changed"]
        assert client.warnings == [f"this would fail: {message}"]
        with pytest.raises(EngineError, match=message):
            FETCH(target.client(), **options)
    assert not (tmp_path / "x").exists()
