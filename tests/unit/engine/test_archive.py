# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Archives as streams: what is packed is what Python's tarfile reads, and the other way round."""

from __future__ import annotations

import io
import os
import pathlib
import socket
import tarfile
import tracemalloc
from collections.abc import Iterator

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.archive import (
    Entry,
    header,
    inside,
    members,
    pack,
    tree,
)
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import (
    ConnectionLost,
    EngineError,
    StreamError,
)

LONG = "d" * 150 + "/" + "ü" * 120


def info(name: str, size: int = 0, kind: bytes = tarfile.REGTYPE) -> tarfile.TarInfo:
    made = tarfile.TarInfo(name)
    made.size, made.type, made.mode, made.mtime = size, kind, 0o640, 1_700_000_000
    return made


def sample(tmp_path: pathlib.Path) -> list[Entry]:
    (tmp_path / "file").write_bytes(b"f" * 70_000)
    link = info("link", kind=tarfile.SYMTYPE)
    link.linkname = "../target"
    return [
        Entry(info("dir", kind=tarfile.DIRTYPE)),
        Entry(info("empty")),
        Entry(info("bytes", 512), b"b" * 512),
        Entry(info(LONG, 3), b"abc"),
        Entry(info("file", 70_000), str(tmp_path / "file")),
        Entry(link),
    ]


EXPECTED = [
    ("dir", None),
    ("empty", b""),
    ("bytes", b"b" * 512),
    (LONG, b"abc"),
    ("file", b"f" * 70_000),
    ("link", None),
]


def test_packed_is_what_tarfile_reads(tmp_path: pathlib.Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(b"".join(pack(sample(tmp_path))))) as archive:
        found = []
        for member in archive:
            reader = archive.extractfile(member) if member.isreg() else None
            found.append((member.name, reader.read() if reader else None))
        assert found == EXPECTED
        assert archive.getmember("link").linkname == "../target"
        assert archive.getmember("file").mode == 0o640


@pytest.mark.parametrize("size", [1, 511, 512, 10_000, 1_000_000])
def test_members_of_chunks_of_any_size(tmp_path: pathlib.Path, size: int) -> None:
    data = b"".join(pack(sample(tmp_path)))
    chunks = (data[i : i + size] for i in range(0, len(data), size))
    assert [(member.name, reader.read() if reader else None) for member, reader in members(chunks)] == EXPECTED


def test_members_may_be_skipped(tmp_path: pathlib.Path) -> None:
    assert [member.name for member, _reader in members(pack(sample(tmp_path)))] == [name for name, _data in EXPECTED]


def test_an_empty_archive() -> None:
    assert list(members(pack([]))) == []


def test_an_archive_that_is_cut_off(tmp_path: pathlib.Path) -> None:
    data = b"".join(pack(sample(tmp_path)))
    for cut in range(1, len(data) - 1024, 509):
        with pytest.raises(ConnectionLost):
            list(members([data[:cut]]))


@pytest.mark.parametrize("data", [b"", b"x" * 2000, b'{"message": "no"}'])
def test_what_is_no_archive(data: bytes) -> None:
    with pytest.raises((StreamError, ConnectionLost)):
        list(members([data]))


def test_a_file_that_changes_its_size(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"12345")
    with pytest.raises(EngineError, match="became shorter"):
        list(pack([Entry(info("file", 6), str(path))]))
    with tarfile.open(fileobj=io.BytesIO(b"".join(pack([Entry(info("file", 3), str(path))])))) as archive:
        reader = archive.extractfile("file")
        assert reader
        assert reader.read() == b"123"


def test_a_file_that_cannot_be_read(tmp_path: pathlib.Path) -> None:
    with pytest.raises(EngineError, match=f"{tmp_path}/none cannot be read: No such file"):
        list(pack([Entry(info("file", 6), f"{tmp_path}/none")]))


def test_bytes_of_another_size_than_announced() -> None:
    with pytest.raises(EngineError, match="packed with 2 bytes where 3 are announced"):
        list(pack([Entry(info("file", 3), b"ab")]))


def test_data_that_is_cut_off_while_it_is_read(tmp_path: pathlib.Path) -> None:
    data = b"".join(pack([Entry(info("large", 300_000), b"x" * 300_000)]))
    for _member, reader in members([data[:200_000]]):
        assert reader
        with pytest.raises(ConnectionLost, match="its archive is cut off"):
            reader.read()
        break


def test_data_of_a_reader() -> None:
    entry = Entry(info("file", 100_000), io.BytesIO(b"x" * 100_000))
    (found,) = [reader.read() for _member, reader in members(pack([entry])) if reader]
    assert found == b"x" * 100_000
    with pytest.raises(EngineError, match="file became shorter"):
        list(pack([Entry(info("file", 6), io.BytesIO(b"12345"))]))


def test_names_that_are_no_text() -> None:
    name = "no\udcfftext"
    (found,) = [member.name for member, _reader in members(pack([Entry(info(name))]))]
    assert found == name


def test_a_tree(tmp_path: pathlib.Path) -> None:
    root = tmp_path / "root"
    (root / "sub").mkdir(parents=True)
    (root / "a").write_text("one")
    (root / "a").chmod(0o4751)
    os.link(root / "a", root / "sub" / "b")
    (root / "c").symlink_to("sub")
    os.mkfifo(root / "fifo")
    os.utime(root / "a", (5, 5.9))
    found = {entry.info.name: entry for entry in tree(str(root), "x")}
    assert list(found) == ["x", "x/a", "x/c", "x/fifo", "x/sub", "x/sub/b"]
    one = found["x/a"]
    assert (one.data, one.info.size, one.info.mode, one.info.mtime) == (str(root / "a"), 3, 0o4751, 5)
    assert (found["x/c"].info.linkname, found["x/sub/b"].info.linkname) == ("sub", "x/a")
    assert [found[name].info.type for name in ("x", "x/fifo", "x/sub/b")] == [
        tarfile.DIRTYPE,
        tarfile.FIFOTYPE,
        tarfile.LNKTYPE,
    ]
    followed = {entry.info.name: entry for entry in tree(str(root), "x", follow=True)}
    assert list(followed) == ["x", "x/a", "x/c", "x/c/b", "x/fifo", "x/sub", "x/sub/b"]
    assert (followed["x/c/b"].data, followed["x/c/b"].info.size) == (str(root / "c" / "b"), 3)
    assert [entry.data for entry in tree(str(root / "a"), ".")] == [str(root / "a")]
    with tarfile.open(fileobj=io.BytesIO(b"".join(pack(tree(str(root), "x"))))) as archive:
        assert archive.getnames() == list(found)
        reader = archive.extractfile("x/sub/b")
        assert reader
        assert reader.read() == b"one"


def test_trees_without_an_end(tmp_path: pathlib.Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "up").symlink_to("..")
    assert len(list(tree(str(tmp_path), "x"))) == 3
    with pytest.raises(EngineError, match="sub/up is a link to a directory that it is in"):
        list(tree(str(tmp_path), "x", follow=True))
    with pytest.raises(EngineError, match="nosuch cannot be read: No such file"):
        list(tree(str(tmp_path / "nosuch"), "x"))


def test_a_socket_has_no_type_of_its_own(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # its path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("s")
        assert header("s", "x").type == tarfile.FIFOTYPE


@pytest.mark.parametrize(
    ("name", "root", "expected"),
    [
        ("d", "d", ""),
        ("d/a/b", "d", "a/b"),
        ("./a", ".", "a"),
        (".", ".", ""),
        ("/bin/sh", "", "bin/sh"),
        ("", "", ""),
        ("d/a/", "d/", "a"),
        ("d/./a//b", "./d", "a/b"),
    ],
)
def test_names_seen_from_a_member(name: str, root: str, expected: str) -> None:
    assert inside(name, root) == expected


@pytest.mark.parametrize(("name", "root"), [("e/a", "d"), ("d/../e", "d"), ("..", ""), ("da", "d"), ("a/..", "")])
def test_names_outside(name: str, root: str) -> None:
    with pytest.raises(StreamError, match="which is outside of"):
        inside(name, root)


def test_memory_does_not_grow_with_the_archive(tmp_path: pathlib.Path) -> None:
    path = tmp_path / "file"
    with path.open("wb") as file:
        file.truncate(32 * 1024 * 1024)

    def entries() -> Iterator[Entry]:
        for number in range(2000):
            yield Entry(info(f"small/{number}", 5), b"small")
        yield Entry(info("large", 32 * 1024 * 1024), str(path))

    tracemalloc.start()
    total = 0
    for _member, reader in members(pack(entries())):
        while reader:
            piece = reader.read(65536)
            total += len(piece)
            if not piece:
                break
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == 2000 * 5 + 32 * 1024 * 1024
    assert peak < 4 * 1024 * 1024
