# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What builds export, taken from messages as a daemon would send them; tests/matrix has real ones."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._engine.exports import Taken
from ansible_collections.dockside.engine.plugins.module_utils._engine.filesync import CONTENTS, ERROR, FINISH, REQUEST
from ansible_collections.dockside.engine.plugins.module_utils._engine.protobuf import Value, decode, encode
from ansible_collections.dockside.engine.plugins.module_utils._engine.session import Inbox, Method


def begin(methods: dict[str, Method], *messages: bytes) -> tuple[Iterator[bytes | None], Inbox]:
    (method,) = methods.values()
    inbox = Inbox(messages)
    return method({}, inbox), inbox


def told(path: str, mode: int = 0o640, **more: Value) -> bytes:
    numbers = {"time": 6, "link": 7}
    return encode({2: encode({1: path, 2: mode, **{numbers[name]: value for name, value in more.items()}})})


def test_an_archive(tmp_path: Path) -> None:
    path = tmp_path / "out.tar"
    for contents, changed in ((b"first", True), (b"first", False), (b"second", True)):
        taken = Taken(str(path))
        said, inbox = begin(taken.archive(), encode({1: contents[:2]}))
        assert next(said) is None
        inbox.append(encode({1: contents[2:]}))
        inbox.ended = True
        assert list(said) == []
        assert (path.read_bytes(), taken.changed) == (contents, changed)
    path.chmod(0o644)
    said, inbox = begin(Taken(str(path)).archive(), encode({1: b"third"}))
    inbox.ended = True
    list(said)
    assert path.stat().st_mode & 0o777 == 0o644


def test_an_archive_that_is_cut_off(tmp_path: Path) -> None:
    path = tmp_path / "out.tar"
    path.write_bytes(b"as it was")
    said, _inbox = begin(Taken(str(path)).archive(), encode({1: b"half"}))
    next(said)
    said.close()  # type: ignore[attr-defined]
    assert [(each.name, each.read_bytes()) for each in tmp_path.iterdir()] == [("out.tar", b"as it was")]


def test_files(tmp_path: Path) -> None:
    taken = Taken(str(tmp_path / "tree"))
    said, inbox = begin(
        taken.tree(),
        told("d", 1 << 31 | 0o755),
        told("d/f", 0o4640, time=5_000_000_000),
        told("d/l", 1 << 27 | 0o777, link="f"),
        told("g"),
        encode({}),
    )
    for number, contents in ((1, b"in d"), (3, b"")):
        assert decode(next(said) or b"") == {1: [REQUEST], 3: [number]}
        assert next(said) is None
        inbox.extend([encode({1: CONTENTS, 3: number, 4: piece}) for piece in (contents[:1], contents[1:]) if piece])
        inbox.append(encode({1: CONTENTS, 3: number}))
    assert decode(next(said) or b"") == {1: [FINISH]}
    inbox.append(encode({1: FINISH}))
    assert list(said) == []
    tree = tmp_path / "tree"
    assert ((tree / "d/f").read_bytes(), (tree / "g").read_bytes()) == (b"in d", b"")
    assert (tree / "d/f").stat().st_mtime == 5
    assert (tree / "d/f").stat().st_mode & 0o7777 == 0o640
    assert (tree / "d/l").readlink() == Path("f")
    assert taken.changed


@pytest.mark.parametrize("path", ["../x", "/x", "a/../../x", "a//b", ".", ""])
def test_nothing_is_written_elsewhere(path: str, tmp_path: Path) -> None:
    said, _inbox = begin(Taken(str(tmp_path / "tree")).tree(), told(path, 1 << 31 | 0o755))
    with pytest.raises(EngineError, match="is no path in a folder"):
        next(said)
    assert [each.name for each in tmp_path.rglob("*")] == ["tree"]


def test_through_a_link_nothing_is_written(tmp_path: Path) -> None:
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/d").symlink_to(tmp_path)
    said, inbox = begin(Taken(str(tmp_path / "tree")).tree(), told("d", 1 << 31 | 0o755), told("d/f"), encode({}))
    next(said)
    inbox.extend([encode({1: CONTENTS, 3: 1, 4: b"f"}), encode({1: CONTENTS, 3: 1})])
    next(said)
    assert not (tmp_path / "tree/d").is_symlink()
    assert (tmp_path / "tree/d/f").read_bytes() == b"f"


def test_links_that_were_exported_lead_nowhere(tmp_path: Path) -> None:
    said, _inbox = begin(
        Taken(str(tmp_path / "tree")).tree(), told("l", 1 << 27 | 0o777, link=str(tmp_path)), told("l/f"), encode({})
    )
    with pytest.raises(EngineError, match="'l/f', which is no path in a folder"):
        next(said)


def test_an_engine_that_cannot(tmp_path: Path) -> None:
    said, _inbox = begin(Taken(str(tmp_path / "tree")).tree(), encode({1: ERROR, 4: "no such layer"}))
    with pytest.raises(EngineError, match="the engine cannot export the files: no such layer"):
        next(said)
