# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Build contexts of folders: what is in them, what the classic builder is sent, and what changes their digest."""

from __future__ import annotations

import io
import os
import socket
import tarfile
from pathlib import Path

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.archive import pack
from ansible_collections.dockside.engine.plugins.module_utils._engine.context import Context
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "context"
    for name in ("Dockerfile", "a-b", "a/x", "a/keep", "b/c/keep", "b/y"):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(0o640)
    (made / "link").symlink_to("a/x")
    return made


def context(folder: Path, ignore: str | None = None, classic: bool = True, dockerfile: str | None = None) -> Context:
    if ignore is not None:
        (folder / ".dockerignore").write_text(ignore)
    return Context(str(folder), dockerfile, None, classic)


def held(made: Context) -> list[str]:
    return [file.path for file in made.files()]


def sent(made: Context) -> dict[str, tuple[tarfile.TarInfo, bytes]]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(pack(made.archive())))) as archive:
        found = {}
        for info in archive:
            file = archive.extractfile(info) if info.isreg() else None
            found[info.name] = info, file.read() if file else b""
        return found


def test_files_come_in_order(folder: Path) -> None:
    assert held(context(folder)) == [
        "Dockerfile", "a", "a/keep", "a/x", "a-b", "b", "b/c", "b/c/keep", "b/y", "link",
    ]  # fmt: skip


def test_headers_do_not_depend_on_the_machine(folder: Path) -> None:
    os.utime(folder / "b/y", ns=(0, 1_700_000_000_900_000_000))
    found = sent(context(folder))
    info = found["b/y"][0]
    assert (info.uid, info.gid, info.uname, info.gname) == (0, 0, "", "")
    assert (info.mode, info.mtime, info.size) == (0o640, 1_700_000_000, 3)
    assert found["link"][0].linkname == "a/x"
    assert found["b/c/keep"][1] == b"b/c/keep"


@pytest.mark.parametrize(
    ("ignore", "classic", "buildkit"),
    [
        ("*\n!b", "b b/c b/c/keep b/y", "b b/c b/c/keep b/y"),
        ("*\n!b/c", "b/c b/c/keep", "b b/c b/c/keep"),  # folders on the way come along, but not to the classic builder
        ("*\n!**/keep", "", "a a/keep b b/c b/c/keep"),  # it does not look for them under excluded folders
        ("*\n!*/keep\na/keep", "", ""),
        ("a\nb\n!b/c/*", "Dockerfile a-b b/c/keep link", "Dockerfile a-b b b/c b/c/keep link"),
    ],
)
def test_exceptions(folder: Path, ignore: str, classic: str, buildkit: str) -> None:
    assert [path for path in held(context(folder, ignore)) if path != ".dockerignore"] == classic.split()
    assert [path for path in held(context(folder, ignore, False)) if path != ".dockerignore"] == buildkit.split()


def test_the_classic_builder_gets_dockerfile_and_dockerignore_all_the_same(folder: Path) -> None:
    (folder / "a/Dockerfile").write_text("FROM a")
    made = context(folder, "a\n.dockerignore\n", dockerfile="a/Dockerfile")
    assert "a" not in held(made)
    found = sent(made)
    assert made.sent_name == "a/Dockerfile"
    assert (found["a/Dockerfile"][1], found[".dockerignore"][1]) == (b"FROM a", b"a\n.dockerignore\n")
    assert not {"a", "a/x"} & set(found)


def test_dockerfiles_from_elsewhere_are_hidden(folder: Path) -> None:
    (folder.parent / "Other").write_text("FROM other")
    (folder / "linked").symlink_to("../Other")
    for name in (str(folder.parent / "Other"), "../Other", "linked"):
        made = context(folder, "b\n", dockerfile=name)
        found = sent(made)
        assert found[made.sent_name][1] == b"FROM other"
        assert found[".dockerignore"][1] == f"b\n\n{made.sent_name}\n".encode()
        assert list(found).count(".dockerignore") == 1
    inline = Context(str(folder), None, "FROM inline", True)
    assert sent(inline)[inline.sent_name][1] == b"FROM inline"
    alone = Context(None, None, "FROM inline", True)
    assert {name: data for name, (_info, data) in sent(alone).items()} == {
        alone.sent_name: b"FROM inline",
        ".dockerignore": f".dockerignore\n{alone.sent_name}\n".encode(),
    }


def test_the_name_of_the_dockerfile(folder: Path) -> None:
    (folder / "Dockerfile").rename(folder / "dockerfile")
    assert context(folder).sent_name == "dockerfile"
    (folder / "D").symlink_to("a/x")
    made = context(folder, dockerfile="D")
    assert (made.name, made.sent_name, made.text) == ("D", "a/x", b"a/x")


def test_an_ignore_file_of_the_dockerfile(folder: Path) -> None:
    (folder / "Dockerfile.dockerignore").write_text("a")
    assert "a" not in held(context(folder, "b", False))
    assert "b" in held(context(folder, "b", False))
    assert "b" not in held(context(folder, "b"))  # the classic builder's client does not know it


def test_what_cannot_be_archived_stays_out(folder: Path) -> None:
    os.mkfifo(folder / "pipe")
    with socket.socket(socket.AF_UNIX) as sock:
        here = os.getcwd()
        os.chdir(folder)  # a long path is no address
        try:
            sock.bind("socket")
        finally:
            os.chdir(here)
        names = held(context(folder))
    assert "pipe" in names
    assert "socket" not in names
    assert sent(context(folder))["pipe"][0].isfifo()


def test_what_is_not_there(folder: Path) -> None:
    for path, dockerfile, message in (
        ("/nosuch", None, "path: there is no folder /nosuch"),
        (str(folder / "a-b"), None, "path: there is no folder"),
        (str(folder), "Nosuch", f"dockerfile: there is no file {folder}/Nosuch"),
        (str(folder), "a", "a cannot be read: Is a directory"),
        (str(folder / "b"), None, f"dockerfile: there is no file {folder}/b/Dockerfile"),
    ):
        with pytest.raises(EngineError, match=message):
            Context(path, dockerfile, None, True)
    with pytest.raises(EngineError, match=r"\.dockerignore of .* cannot be used: '\[' is no pattern"):
        context(folder, "[")
    (folder / "Dockerfile.dockerignore").write_text("!")
    with pytest.raises(EngineError, match=r"Dockerfile\.dockerignore of .* cannot be used: an exclamation mark alone"):
        context(folder, "a", False)


def test_digest(folder: Path) -> None:
    def digest(more: str = "") -> str:
        return context(folder, classic=False).digest(more)

    first = digest()
    for path in ("a", "a/x"):
        os.utime(folder / path, (1, 1))
    assert digest() == first
    assert digest("more") != first
    seen = {first}

    def differs() -> None:
        found = digest()
        assert found not in seen
        seen.add(found)

    (folder / "a/x").write_text("a/y")
    differs()
    (folder / "a/x").chmod(0o600)
    differs()
    (folder / "a/x").rename(folder / "a/z")
    differs()
    (folder / "link").unlink()
    (folder / "link").symlink_to("a/y")
    differs()
    (folder / "Dockerfile").write_text("FROM b")
    differs()
    (folder / "empty").mkdir()
    differs()
    (folder / ".dockerignore").write_text("b\nDockerfile\n.dockerignore")
    differs()
    (folder / "b/y").write_text("changed")  # it is excluded
    assert digest() in seen
    (folder / "Dockerfile").write_text("FROM c")  # what is in it counts also when it is excluded
    differs()
