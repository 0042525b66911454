# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files into containers, on every engine."""

from __future__ import annotations

import base64
import os
import tarfile
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions import copy
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._engine.files import Files

from tests.matrix.actions import Act
from tests.matrix.containers import on_extremes, on_newest, on_plain_engines
from tests.matrix.files import TIME, alike, held, local, made, packed, sample
from tests.matrix.harness import Target, counted

COPY = Act(copy.copy, copy.SPEC, copy.RULES)


def agree(target: Target, place: str = "/www", **options: Any) -> dict[str, Any]:
    """A real run, which must do what check mode said, and that touches nothing."""
    options = {"container": "box", **options}
    before = held(target, place, options["container"])
    said = COPY(target.client(), check=True, **options)
    assert held(target, place, options["container"]) == before
    done = COPY(target.client(), **options)
    assert said == done
    return done


def changed(target: Target, place: str = "/www", **options: Any) -> list[dict[str, Any]]:
    """A run that must change something; answers what, and a second one must change nothing."""
    done = agree(target, place, **options)
    assert done["changed"], done
    settled(target, place, **options)
    return list(done["changes"])


def settled(target: Target, place: str = "/www", **options: Any) -> None:
    options = {"container": "box", **options}
    before = held(target, place, options["container"])
    done = COPY(target.client(), **options)
    assert (done["actions"], done["changes"], done["diff"], done["changed"]) == ([], [], [], False)
    assert held(target, place, options["container"]) == before


def refused(target: Target, message: str, place: str = "/www", **options: Any) -> None:
    """Both runs must fail with these words, and touch nothing."""
    options = {"container": "box", **options}
    before = held(target, place)
    for check in (True, False):
        with pytest.raises((ValueError, EngineError), match=message):
            COPY(target.client(), check=check, **options)
    assert held(target, place) == before


# ---- a text ----


def test_content(target: Target) -> None:
    target.container("box")
    text: dict[str, Any] = {"container_path": "/www/a.txt", "content": "one\nzwö\n"}
    assert changed(target, **text) == [{"path": "/www/a.txt", "action": "create", "why": ["state"]}]
    seen = held(target)["a.txt"]
    assert (seen.kind, seen.mode, seen.owner, seen.holds) == ("file", 0o644, (0, 0), "one\nzwö\n".encode())
    target.engine.docker("exec", "box", "sh", "-c", "chmod 600 /www/a.txt && chown 1000:7 /www/a.txt")
    settled(target, **text)  # what is not named is left alone
    settled(target, archive=True, **text)  # a text has no owner and no time

    text["content"] = "two"
    done = agree(target, **text)
    assert done["actions"] == ["change /www/a.txt: content"]
    assert done["diff"] == [
        {"before_header": "/www/a.txt", "after_header": "/www/a.txt", "before": "one\nzwö\n", "after": "two"}
    ]
    seen = held(target)["a.txt"]
    assert (seen.mode, seen.owner, seen.holds) == (0o600, (1000, 7), b"two")
    text.update(content=base64.b64encode(b"two").decode(), content_is_b64=True)
    settled(target, **text)
    text["content"] = base64.b64encode(b"\0\xff").decode()
    (shown,) = agree(target, **text)["diff"]
    assert (shown["before"], shown["after"]) == ("two", "2 bytes, which are no text\n")
    assert held(target)["a.txt"].holds == b"\0\xff"
    assert changed(target, container_path="/www/none", content="")[0]["action"] == "create"
    assert held(target)["none"].holds == b""


def test_permissions_and_owners(target: Target) -> None:
    target.container("box")
    text: dict[str, Any] = {"container_path": "/www/a.txt", "content": "text"}
    changed(target, **text, mode="0640", owner_id=1000, group_id=1000)
    seen = held(target)["a.txt"]
    assert (seen.mode, seen.owner) == (0o640, (1000, 1000))
    for options, why in (
        ({"mode": "600"}, "mode 0640 -> 0600"),
        ({"mode": 0o4755}, "mode 0600 -> 4755"),
        ({"mode": "420", "mode_parse": "legacy"}, "mode 4755 -> 0644"),
        ({"mode": "0600", "mode_parse": "octal_string_only"}, "mode 0644 -> 0600"),
        ({"owner_id": 5}, "owner_id 1000 -> 5"),
        ({"group_id": 3_000_000}, "group_id 1000 -> 3000000"),
    ):
        done = agree(target, **text, **options)
        assert done["actions"] == [f"change /www/a.txt: {why}"]
        assert len(done["diff"]) == 1
        settled(target, **text, **options)
    seen = held(target)["a.txt"]
    assert (seen.mode, seen.owner, seen.holds) == (0o600, (5, 3_000_000), b"text")


@on_extremes
@pytest.mark.parametrize(
    ("user", "owner"),
    [
        ("", (0, 0)),
        ("app", (1000, 1000)),
        ("app:root", (1000, 0)),
        ("1000", (1000, 1000)),
        ("77", (77, 0)),
        ("77:88", (77, 88)),
        ("app:88", (1000, 88)),
    ],
)
def test_what_is_new_belongs_to_the_user_of_the_container(target: Target, user: str, owner: tuple[int, int]) -> None:
    target.container("box", start=False, User=user)
    changed(target, container_path="/www/new/a", content="text", parents=True)
    assert {seen.owner for seen in held(target, "/www/new").values()} == {owner}
    assert changed(target, container_path="/www/b", content="text", group_id=9)
    assert held(target)["b"].owner == (owner[0], 9)


@on_extremes
def test_a_user_that_is_not_known(target: Target) -> None:
    target.container("box", start=False, User="nobody:staff")
    target.container("group", start=False, User="app:staff")
    text = {"container_path": "/www/a", "content": "text"}
    refused(target, "user is nobody:staff, and /etc/passwd in it knows no nobody", **text)
    refused(target, "/etc/group in it knows no staff", **text, container="group")
    changed(target, **text, owner_id=1, group_id=1)


# ---- files and directories ----


@pytest.mark.parametrize("start", [True, False], ids=["running", "stopped"])
def test_a_directory(target: Target, tmp_path: Path, start: bool) -> None:
    source = sample(tmp_path / "source")
    target.container("box", start=start)
    options: dict[str, Any] = {"container_path": "/www/copy", "path": str(source), "local_follow": False}
    names = {change["path"]: change for change in changed(target, **options)}
    assert len(names) == len(local(source))
    assert {change["action"] for change in names.values()} == {"create"}
    alike(held(target, "/www/copy"), local(source))
    found = held(target, "/www/copy")
    assert {seen.owner for seen in found.values()} == {(0, 0)}
    assert found["run.sh"].mtime == TIME

    # One file of many; what else is there stays.
    made(source / "sub/deep/file", b"new\n", 0o640)
    target_file = {"container_path": "/www/copy/sub/foreign", "content": "mine"}
    COPY(target.client(), container="box", **target_file)
    assert changed(target, **options) == [{"path": "/www/copy/sub/deep/file", "action": "change", "why": ["content"]}]
    assert held(target, "/www/copy")["sub/foreign"].holds == b"mine"
    assert held(target, "/www/copy")["sub/deep/file"].holds == b"new\n"
    # A link that leads elsewhere, and a file in the place of a link.
    (source / "link").unlink()
    (source / "link").symlink_to("run.sh")
    (source / "away").unlink()
    made(source / "away")
    whys = [(change["path"], change["why"]) for change in changed(target, **options)]
    assert whys == [("/www/copy/away", ["state"]), ("/www/copy/link", ["target"])]


def test_a_directory_with_owners_and_times(target: Target, tmp_path: Path) -> None:
    source = sample(tmp_path / "source")
    target.container("box")
    options: dict[str, Any] = {"container_path": "/www/copy", "path": str(source), "local_follow": False}
    changed(target, **options)
    whys = {change["path"]: change["why"] for change in changed(target, **options, archive=True)}
    assert "owner_id" in whys["/www/copy/run.sh"]
    alike(held(target, "/www/copy"), local(source), exact=True)
    # The time alone is a difference, and that of a directory is kept when something in it is replaced.
    os.utime(source / "sub/deep/file", (TIME + 5, TIME + 5))
    (change,) = changed(target, **options, archive=True)
    assert change["why"] == ["modified"]
    alike(held(target, "/www/copy"), local(source), exact=True)
    os.utime(source / "void", (TIME + 5, TIME + 5))
    (source / "void").chmod(0o700)
    settled(target, **options)
    (change,) = changed(target, **options, archive=True)
    assert change == {"path": "/www/copy/void", "action": "change", "why": ["mode", "modified"]}
    alike(held(target, "/www/copy"), local(source), exact=True)


def test_modes_of_a_directory(target: Target, tmp_path: Path) -> None:
    source = sample(tmp_path / "source")
    (source / "run.sh").chmod(0o6755)
    target.container("box")
    options: dict[str, Any] = {"container_path": "/www/copy", "path": str(source), "local_follow": False}
    changed(target, **options)
    assert held(target, "/www/copy")["run.sh"].mode == 0o755  # it belongs to another one now
    target.engine.docker("exec", "box", "sh", "-c", "chmod 700 /www/copy/void /www/copy && chmod 777 /www/copy/run.sh")
    (change,) = changed(target, **options)  # directories keep theirs, files have those of the source
    assert (change["path"], change["why"]) == ("/www/copy/run.sh", ["mode"])
    assert (held(target, "/www/copy")[""].mode, held(target, "/www/copy")["void"].mode) == (0o700, 0o700)
    changed(target, **options, mode="0600", directory_mode="0711")
    found = held(target, "/www/copy")
    assert {seen.mode for seen in found.values() if seen.kind == "file"} == {0o600}
    assert {seen.mode for name, seen in found.items() if seen.kind == "directory" and name} == {0o711}
    assert found[""].mode == 0o700  # the place of the copy stays as it is
    changed(target, **options, archive=True)
    assert held(target, "/www/copy")["run.sh"].mode == 0o6755


@on_extremes
def test_links_of_this_machine(target: Target, tmp_path: Path) -> None:
    source = tmp_path / "source"
    made(source / "in" / "file", b"in\n")
    made(tmp_path / "out" / "far", b"far\n")
    (source / "to-file").symlink_to("in/file")
    (source / "to-directory").symlink_to(tmp_path / "out")
    (tmp_path / "top").symlink_to(source)
    target.container("box")
    options: dict[str, Any] = {"container_path": "/www/copy", "path": str(tmp_path / "top")}
    changed(target, **options)
    found = held(target, "/www/copy")
    assert found["to-file"].holds == b"in\n"
    assert found["to-directory/far"].holds == b"far\n"
    assert {seen.kind for seen in found.values()} == {"file", "directory"}
    changed(target, container_path="/www/link", path=str(tmp_path / "top"), local_follow=False)
    assert held(target, "/www/link")[""].holds == str(source)
    refused(target, "/www/copy is a directory in the container, and no link", **options, local_follow=False)

    (source / "in" / "again").symlink_to(source)
    refused(target, "again is a link to a directory that it is in", **options)
    (source / "in" / "again").unlink()
    (source / "lost").symlink_to("nowhere")
    refused(target, "lost cannot be read: No such file", **options)
    options["container_path"] = "/www/links"
    changed(target, **{**options, "path": str(source)}, local_follow=False)
    assert held(target, "/www/links")["lost"].holds == "nowhere"


def test_links_of_the_container(target: Target, tmp_path: Path) -> None:
    target.container("box")
    target.engine.docker(
        "exec",
        "box",
        "sh",
        "-ec",
        "cd /www; echo real > real; ln -s ../www/real to-file; mkdir dir; ln -s /www/dir to-dir; ln -s nowhere lost",
    )
    text: dict[str, Any] = {"content": "text"}
    done = agree(target, container_path="/www/to-file", follow=True, **text)
    assert (done["container_path"], done["changes"][0]["path"]) == ("/www/real", "/www/real")
    assert held(target)["to-file"].kind == "link"
    assert held(target)["real"].holds == b"text"
    settled(target, container_path="/www/to-file", follow=True, **text)
    changed(target, container_path="/www/lost", follow=True, **text)
    assert held(target)["nowhere"].holds == b"text"
    changed(target, container_path="/www/to-dir/a", **text)  # on the way they are always followed
    assert held(target)["dir/a"].holds == b"text"
    refused(
        target,
        "/www/dir is a directory in the container, and no file",
        container_path="/www/to-dir",
        follow=True,
        **text,
    )
    (change,) = changed(target, container_path="/www/to-file", **text)
    assert change["why"] == ["state"]
    assert held(target)["to-file"].kind == "file"

    # The same inside of a directory.
    source = tmp_path / "source"
    made(source / "to-dir" / "b", b"b\n")
    made(source / "lost", b"found\n")
    made(source / "new" / "c", b"c\n")
    refused(target, "/www/to-dir is a link in the container, and no directory", container_path="/www", path=str(source))
    options = {"container_path": "/www", "path": str(source), "follow": True}
    paths = [change["path"] for change in changed(target, **options)]
    assert sorted(paths) == ["/www/dir/b", "/www/new", "/www/new/c", "/www/nowhere"]
    found = held(target)
    assert (found["to-dir"].kind, found["lost"].kind) == ("link", "link")
    assert (found["dir/b"].holds, found["nowhere"].holds, found["new/c"].holds) == (b"b\n", b"found\n", b"c\n")


def test_force(target: Target, tmp_path: Path) -> None:
    target.container("box")
    text: dict[str, Any] = {"container_path": "/www/a", "content": "one"}
    changed(target, **text, force=False)
    text["content"] = "two"
    settled(target, **text, force=False)
    settled(target, container_path="/www", content="x", force=False)  # whatever is there
    for _time in range(2):
        assert agree(target, **text, force=True)["changes"][0]["why"][0] == "force"
    assert held(target)["a"].holds == b"two"

    source = sample(tmp_path / "source")
    options: dict[str, Any] = {"container_path": "/www/copy", "path": str(source), "local_follow": False}
    changed(target, **options)
    (source / "plain.txt").write_text("other")
    made(source / "sub" / "new")
    assert [change["path"] for change in changed(target, **options, force=False)] == ["/www/copy/sub/new"]
    kinds = [seen.kind for name, seen in local(source).items()]
    assert len(agree(target, **options, force=True)["changes"]) == len(kinds) - kinds.count("directory")
    alike(held(target, "/www/copy"), local(source))


def test_parents(target: Target, tmp_path: Path) -> None:
    target.container("box")
    text: dict[str, Any] = {"container_path": "/www/one/two/a", "content": "text"}
    client = target.client()
    assert COPY(client, check=True, container="box", **text)["changed"]  # an earlier task may make it
    assert client.warnings == [
        "this would fail: container_path: there is no directory /www/one/two in the container (see parents)"
    ]
    with pytest.raises(EngineError, match="there is no directory /www/one/two in the container"):
        COPY(target.client(), container="box", **text)
    paths = [change["path"] for change in changed(target, **text, parents=True, directory_mode="0750", owner_id=4)]
    assert paths == ["/www/one", "/www/one/two", "/www/one/two/a"]
    found = held(target, "/www/one")
    assert {(seen.mode, seen.owner) for seen in found.values() if seen.kind == "directory"} == {(0o750, (4, 0))}
    made(tmp_path / "source" / "b")
    options: dict[str, Any] = {"path": str(tmp_path / "source"), "parents": True}
    changed(target, container_path="/www/three/four/", **options)
    assert held(target, "/www/three")["four/b"].kind == "file"
    refused(target, "/www/one/two/a is no directory in the container", container_path="/www/one/two/a/x/y", **options)


def test_volumes_and_mounts(target: Target, tmp_path: Path) -> None:
    target.engine.bind(tmp_path)
    made(tmp_path / "bound" / "single")
    binds = ["data:/data", "kept:/kept:ro", f"{tmp_path}/bound:/bound", f"{tmp_path}/bound/single:/single"]
    host = {"Binds": binds, "Tmpfs": {"/memory": ""}, "Mounts": [{"Type": "tmpfs", "Target": "/more"}]}
    target.container("box", HostConfig=host)
    target.container("sealed", HostConfig={**host, "ReadonlyRootfs": True})
    text: dict[str, Any] = {"content": "text"}
    changed(target, "/data", container_path="/data/a", **text)
    settled(target, "/data", container_path="/data/a", **text, container="sealed")
    changed(target, "/data", container_path="/data/b", **text, container="sealed")
    changed(target, "/bound", container_path="/bound/c", **text)
    assert (tmp_path / "bound" / "c").read_text() == "text"
    source = sample(tmp_path / "source")
    tree: dict[str, Any] = {"path": str(source), "local_follow": False}
    changed(target, "/data", container_path="/data", **tree, container="sealed")
    changed(target, "/data", container_path="/data/more", **tree, container="sealed")
    alike(held(target, "/data/more", "sealed"), local(source))

    refused(target, "/kept is on /kept, which is mounted read-only", container_path="/kept/a", **text)
    refused(target, "/memory is on a file system in memory", container_path="/memory/a", **text)
    refused(target, "/more is on a file system in memory", container_path="/more/a", **text)
    refused(target, "/dev is on a file system in memory", container_path="/dev/a", **text)
    refused(target, "/single is mounted by itself", container_path="/single", **text)
    refused(target, "/etc/hosts is mounted by itself", container_path="/etc/hosts", **text)
    refused(target, "/www is in the root file system.*read-only", container_path="/www/a", **text, container="sealed")
    settled(
        target,
        container_path="/www/index.html",
        path=str(made(tmp_path / "page", b"<h1>Hello from a container</h1>\n")),
        container="sealed",
    )
    # By way of a link, and below a directory that may be written.
    target.engine.docker("exec", "box", "sh", "-c", "ln -s /memory /www/quick; ln -s kept /constant")
    refused(target, "/memory is on a file system in memory", container_path="/www/quick/a", **text)
    refused(target, "/kept is on /kept", container_path="/constant/a", **text)
    made(tmp_path / "root" / "kept" / "a")
    refused(target, "/kept/a is on /kept", container_path="/", path=str(tmp_path / "root"))


def test_a_stopped_container_with_a_volume(target: Target, tmp_path: Path) -> None:
    target.container("box", start=False, HostConfig={"Binds": ["data:/data"]})
    source = sample(tmp_path / "source")
    changed(target, "/data", container_path="/data/copy", path=str(source), local_follow=False, archive=True)
    alike(held(target, "/data/copy"), local(source), exact=True)


def test_special_files(target: Target, tmp_path: Path) -> None:
    target.container("box")
    source = tmp_path / "source"
    made(source / "file")
    os.mkfifo(source / "fifo")
    os.mknod(source / "device", 0o600 | 0o20000, os.makedev(1, 3))
    client = target.client()
    assert COPY(client, container="box", container_path="/www/copy", path=str(source))["changed"]
    assert client.warnings == ["left out, as they are neither files, directories nor links: device, fifo"]
    assert sorted(held(target, "/www/copy")) == ["", "file"]
    refused(
        target, "fifo is neither a file, a directory nor a link", container_path="/www/x", path=str(source / "fifo")
    )
    target.engine.docker("exec", "box", "mkfifo", "/www/fifo")
    assert changed(target, container_path="/www/fifo", content="text")[0]["why"] == ["state"]
    assert held(target)["fifo"].kind == "file"


# ---- archives ----


@on_newest
@pytest.mark.parametrize("mode", ["w:gz", "w:bz2", "w:xz"])
def test_an_archive_that_is_compressed(target: Target, tmp_path: Path, mode: str) -> None:
    target.container("box")
    path = packed(tmp_path / "a.tar", [("a", b"one")], mode)
    changed(target, container_path="/www/copy", path=str(path), unpack=True)
    assert held(target, "/www/copy")["a"].holds == b"one"
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    refused(
        target,
        "cannot be read: Compressed (file|data) ended before",
        container_path="/www/copy",
        path=str(path),
        unpack=True,
    )


def test_an_archive(target: Target, tmp_path: Path) -> None:
    target.container("box")
    path = packed(tmp_path / "a.tar", [("./a", b"one"), ("dir", None), ("dir/b", b"two"), ("no/parents/c", b"3")])
    options: dict[str, Any] = {"container_path": "/www/copy", "path": str(path), "unpack": True}
    assert len(changed(target, **options)) == 7
    found = held(target, "/www/copy")
    assert {name: seen.holds for name, seen in found.items() if seen.kind == "file"} == {
        "a": b"one",
        "dir/b": b"two",
        "no/parents/c": b"3",
    }
    assert (found["a"].mode, found["dir"].mode, found["no/parents"].mode) == (0o640, 0o750, 0o755)
    settled(target, **options, archive=True)
    assert held(target, "/www/copy")["a"].mtime == TIME
    changed(target, **options, mode="0600", owner_id=3)
    packed(path, [("a", b"1"), ("a", b"new"), ("/dir/b", b"two")])
    (change,) = changed(target, **options, mode="0600", owner_id=3)
    assert change["path"] == "/www/copy/a"
    assert held(target, "/www/copy")["a"].holds == b"new"


def test_an_archive_with_links(target: Target, tmp_path: Path) -> None:
    source = sample(tmp_path / "source")
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", encoding="utf-8") as archive:
        archive.add(source, "")
    target.container("box")
    options: dict[str, Any] = {"container_path": "/www/copy", "path": str(path), "unpack": True, "archive": True}
    changed(target, **options)
    alike(held(target, "/www/copy"), local(source), exact=True)
    inodes = target.engine.docker("exec", "box", "stat", "-c", "%i", "/www/copy/plain.txt", "/www/copy/second").stdout
    assert len(set(inodes.split())) == 1
    made(source / "plain.txt", b"changed\n")
    with tarfile.open(path, "w", encoding="utf-8") as archive:
        archive.add(source, "")
    os.utime(source, (TIME, TIME))
    paths = {change["path"] for change in changed(target, **options)}
    assert paths == {"/www/copy/plain.txt", "/www/copy/second"}
    assert held(target, "/www/copy")["second"].holds == b"changed\n"


@on_plain_engines
def test_capabilities_of_programs(target: Target, tmp_path: Path) -> None:
    target.container("box")
    # Version 2, effective: cap_net_bind_service.
    capability = b"\x01\0\0\x02\0\x04\0\0" + b"\0" * 12
    key = "SCHILY.xattr.security.capability"
    info = tarfile.TarInfo("program")
    info.mode, info.pax_headers = 0o755, {key: capability.decode("utf-8", "surrogateescape")}
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        archive.addfile(info)
    changed(target, container_path="/www/copy", path=str(tmp_path / "a.tar"), unpack=True)
    with Files(target.client(), "box").read("/www/copy") as members:
        assert {name: member.pax_headers.get(key) for name, member, _reader in members}["program"]


@on_extremes
def test_archives_that_are_refused(target: Target, tmp_path: Path) -> None:
    target.container("box")
    options: dict[str, Any] = {"container_path": "/www/copy", "unpack": True}
    path = tmp_path / "a.tar"
    link = tarfile.TarInfo("x")
    link.type, link.linkname = tarfile.LNKTYPE, "later"
    for members, message in (
        ([("../a", b"1")], "holds '../a', which is outside"),
        ([("a/../../b", b"1")], "which is outside"),
        ([("a", b"1"), ("a", None)], "holds a both as a directory and as something else"),
        ([("a", b"1"), ("a/b", b"1")], "holds something in a, which is no directory"),
    ):
        refused(target, message, **options, path=str(packed(path, members)))
    with tarfile.open(path, "w") as archive:
        archive.addfile(link)
    refused(target, "x is a hard link to later, which does not come before it", **options, path=str(path))
    path.write_bytes(packed(path, [("a", b"1" * 100_000)]).read_bytes()[:50_000])
    refused(target, "is cut off, or no tar archive: ", **options, path=str(path))
    path.write_bytes(b"text")
    refused(target, f"path: {path} is cut off, or no tar archive", **options, path=str(path))
    refused(target, "cannot be read: Is a directory", **options, path=str(tmp_path))


# ---- what users see, and what goes wrong ----


@on_extremes
def test_requests(target: Target, tmp_path: Path) -> None:
    """One look at the whole, one request to send what differs, and none when nothing does."""
    source = sample(tmp_path / "source")
    target.container("box")
    options: dict[str, Any] = {"container": "box", "container_path": "/www/copy", "path": str(source)}
    (source / "away").unlink()
    for run, expected in enumerate((["GET", "HEAD", "HEAD", "PUT"], ["GET", "HEAD", "GET"])):
        with counted(target) as (host, requests):
            assert COPY(target.client(host), **options)["changed"] == (run == 0)
        assert [each.split()[0] for _label, each in requests if "/_ping" not in each] == expected


@on_extremes
def test_diff(target: Target, tmp_path: Path) -> None:
    target.container("box")
    source = tmp_path / "source"
    for number in range(200):
        made(source / f"{number:03}", b"x\n" * 5_000)
    done = agree(target, container_path="/www/copy", path=str(source))
    assert len(done["changes"]) == 201
    assert done["actions"][-1] == "and 181 more"
    assert len(done["diff"]) < 110
    assert sum(len(str(each)) for each in done["diff"]) < 2_000_000
    large = made(tmp_path / "large", b"x" * 200_000)
    COPY(target.client(), container="box", container_path="/www/large", path=str(large))
    made(large, b"y" * 200_000)
    (shown,) = agree(target, container_path="/www/large", path=str(large))["diff"]
    assert shown["before"] == "200000 bytes, which are too many to be shown\n"
    assert shown["after"] == "other 200000 bytes, which are too many to be shown\n"
    state = agree(target, container_path="/www/new", content="a\n")["diff"]
    assert [(each["before"], each["after"]) for each in state] == [
        ({"state": "absent"}, {"state": "file"}),
        ("", "a\n"),
    ]


@on_extremes
def test_a_place_with_much_else(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the container has there is not streamed to its end, but asked for one by one."""
    source = sample(tmp_path / "source")
    target.container("box")
    options: dict[str, Any] = {"container_path": "/", "path": str(source), "local_follow": False}
    if target.name == "20.10":
        (source / os.fsdecode(b"no\xfftext")).unlink()  # this one only sends it together with others
    monkeypatch.setattr(copy, "FOREIGN", 1000)
    monkeypatch.setattr(copy, "FOREIGN_EACH", 0)
    changed(target, "/www", **options)
    found = held(target, "/")
    alike({name: found[name] for name in local(source)}, local(source))
    made(source / "sub/deep/file", b"new\n", 0o640)
    (change,) = changed(target, **options)
    assert change["path"] == "/sub/deep/file"


@on_newest
def test_memory(target: Target, tmp_path: Path) -> None:
    """It does not grow with what is copied."""
    target.container("box", HostConfig={"Binds": ["data:/data"]})
    with (tmp_path / "large").open("wb") as file:
        for number in range(64):
            file.write(bytes([number]) * (1 << 20))
    for number in range(300):
        made(tmp_path / "many" / str(number % 7) / str(number), b"%d" % number * 1000)
    large = {"container_path": "/data/large", "path": str(tmp_path / "large")}
    many = {"container_path": "/data/many", "path": str(tmp_path / "many")}
    tracemalloc.start()
    assert [COPY(target.client(), container="box", **each)["changed"] for each in (large, many)] == [True, True]
    assert [COPY(target.client(), container="box", **each)["changed"] for each in (large, many)] == [False, False]
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 16 << 20


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "src, path, content"),
    ({"content": "a", "path": "/x"}, "mutually exclusive"),
    ({"content": "a", "unpack": True}, "unpack: needs src or path"),
    ({"content": "a", "container_path": "www/a"}, "container_path: must be an absolute path, not www/a"),
    ({"content": "a", "container_path": "/www/"}, "/www/ names a directory, and what is copied is none"),
    ({"content": "a", "container_path": "/www"}, "/www is a directory in the container, and no file"),
    (
        {"path": "/var", "container_path": "/www/index.html"},
        "/www/index.html is a file in the container, and no directory",
    ),
    ({"content": "a", "container_path": "/www/index.html/a"}, "/www/index.html is no directory in the container"),
    ({"content": "a", "container_path": "/www/loop", "follow": True}, "/www/loop|too many links"),
    ({"content": "a", "mode": "rw"}, "mode: must be 0644 or such, in octal, not 'rw'"),
    ({"content": "a", "mode": "0999"}, "mode: must be 0644 or such"),
    ({"content": "a", "mode": 0o10000}, "mode: must be"),
    ({"content": "a", "mode": True}, "mode: must be"),
    ({"content": "a", "directory_mode": "x"}, "directory_mode: must be"),
    ({"content": "a", "mode": 420, "mode_parse": "octal_string_only"}, 'mode: must be text such as "0644", not 420'),
    ({"content": "a", "mode": "u=rw", "mode_parse": "legacy"}, "mode: must be a number, not 'u=rw'"),
    ({"content": "%", "content_is_b64": True}, "content: is not base64"),
]


def test_what_is_refused(target: Target) -> None:
    target.container("box")
    target.engine.docker("exec", "box", "ln", "-s", "loop", "/www/loop")
    for options, message in REFUSED:
        refused(target, message, **{"container_path": "/www/x", **options})


@on_extremes
def test_what_is_not_there(target: Target) -> None:
    target.container("box")
    base = {"container": "box", "container_path": "/www/x"}
    for more, message in (
        ({"container": "nosuch", "content": "a"}, "container: there is no container nosuch"),
        ({"path": "/nosuch/file"}, "path: there is nothing at /nosuch/file"),
        ({"path": "/nosuch/file", "unpack": True}, "path: there is no file /nosuch/file"),
    ):
        client = target.client()
        options = {**base, **more}
        assert COPY(client, check=True, **options)["changed"]
        assert client.warnings == [f"this would fail: {message}"]
        with pytest.raises(EngineError, match=message):
            COPY(target.client(), **options)
    assert "x" not in held(target)
