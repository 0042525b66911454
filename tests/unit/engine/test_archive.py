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
from ansible_collections.dockside.engine.plugins.module_utils._engine.archive import Entry, members, pack, tree
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


def test_a_directory_is_packed_as_it_is(tmp_path: pathlib.Path) -> None:
    top = tmp_path / "top"
    (top / "b/empty").mkdir(parents=True)
    (top / "b/file").write_bytes(b"f" * 70_000)
    (top / "b/file").chmod(0o4751)
    os.utime(top / "b/file", (1_700_000_000, 1_700_000_000))
    os.link(top / "b/file", top / "twin")
    (top / "a").symlink_to("/nowhere")
    os.mkfifo(top / "fifo")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(top / "socket"))
        packed = b"".join(pack(tree(str(top), "rootfs")))
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        found = {each.name: each for each in archive}
        assert list(found) == [
            "rootfs",
            *(f"rootfs/{name}" for name in ("a", "b", "b/empty", "b/file", "fifo", "twin")),
        ]
        file = found["rootfs/b/file"]
        assert (file.mode, file.mtime, file.uid, file.uname) == (0o4751, 1_700_000_000, os.getuid(), "")
        data = archive.extractfile(file)
        assert data and data.read() == b"f" * 70_000
        assert (found["rootfs/a"].linkname, found["rootfs/twin"].linkname) == ("/nowhere", "rootfs/b/file")
        assert found["rootfs/twin"].islnk() and found["rootfs/fifo"].isfifo()


def test_a_single_file_is_packed(tmp_path: pathlib.Path) -> None:
    (tmp_path / "file").write_bytes(b"abc")
    (entry,) = tree(str(tmp_path / "file"), "config.json")
    assert (entry.info.name, entry.info.size, entry.data) == ("config.json", 3, str(tmp_path / "file"))


def test_what_cannot_be_packed_is_named(tmp_path: pathlib.Path) -> None:
    with pytest.raises(EngineError, match=r"/none cannot be read: No such file or directory"):
        list(tree(str(tmp_path / "none"), "rootfs"))
