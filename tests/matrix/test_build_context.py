# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What of a folder gets into a build: the same as with the engine's own docker program, for any .dockerignore."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.archive import pack
from ansible_collections.dockside.engine.plugins.module_utils._engine.context import Context

from tests.matrix.builds import BOTH, Builds, everywhere
from tests.matrix.harness import Target
from tests.unit.fake_engine import Chunks, FakeEngine

# Those with a docker program of their own.
ENGINES = ("20.10", "26.1", "28.5")
FILES = [
    "README.md",
    "readme.md",
    "main.go",
    "main_test.go",
    "a.txt",
    "ab.txt",
    "abc.txt",
    "b.txt",
    "A.TXT",
    "a^b.txt",
    "foo",
    "foobar",
    "xfoo",
    "with~space.txt",
    "ünïcode.txt",
    "#hash",
    "!bang",
    "[x].txt",
    "x.txt",
    "*star",
    "a+b(c)",
    ".hidden",
    ".env",
    ".git/config",
    ".git/HEAD",
    "dir/foo",
    "dir/xfoo",
    "dir/keep.txt",
    "dir/a.md",
    "dir/sub/foo",
    "dir/sub/keep.txt",
    "dir/sub/deep/er/file.log",
    "dirt/foo",
    "node_modules/pkg/index.js",
    "src/node_modules/pkg/x.js",
    "src/main.c",
    "src/main.h",
    "src/lib/a.go",
    "src/lib/a_test.go",
    "src/lib/sub/b.go",
    "logs/1.log",
    "logs/2.log",
    "docs/a.md",
    "docs/sub/README.md",
    "docs/keep.txt",
]
# Only a .dockerignore with such a text is told from the others by its name.
IGNORES = {
    "nothing": "",
    "blank lines": "\n   \n\t\n",
    "one file": "a.txt",
    "two files": "a.txt\nfoo\n",
    "a suffix": "*.md",
    "a suffix below": "*/*.md",
    "a suffix anywhere": "**/*.md",
    "comments": "# b.txt\n#\n#foo",
    "a comment that is indented": "  #hash\n",
    "an escaped hash": "\\#hash",
    "an escaped bang": "\\!bang",
    "a folder": "dir",
    "a folder with a slash": "dir/",
    "a folder from the root": "/dir",
    "a folder with dot": "./dir/./sub",
    "all of a folder": "dir/*",
    "all below a folder": "dir/**",
    "a folder anywhere": "**/node_modules",
    "what is in a folder anywhere": "**/node_modules/**",
    "the start of names": "dir*",
    "everything": "*",
    "everything at any depth": "**",
    "everything below a folder": "*/**",
    "everything but a file": "*\n!a.txt",
    "everything but a folder": "*\n!src",
    "everything but a folder with a slash": "*\n!src/\n",
    "everything but a file below": "*\n!dir/sub/keep.txt",
    "everything but what is in folders": "**\n!src/**",
    "everything but a suffix": "*\n!*.md",
    "everything but a suffix anywhere": "*\n!**/*.go",
    "everything but a suffix below a folder": "**\n!src/**/*.go",
    "a folder but a file": "dir\n!dir/keep.txt",
    "all of a folder but a file": "dir/*\n!dir/keep.txt",
    "a file that is brought back and excluded again": "*.md\n!R*.md\nREADME.md",
    "the last one counts": "!README.md\n*.md",
    "exceptions alone": "!dir\n!*.md",
    "an exception with blanks": "*.txt\n!  a.txt  ",
    "an exception from the root": "*.txt\n!/a.txt",
    "one character": "a?.txt",
    "one of some characters": "[ab]*.txt",
    "one of a range": "[a-b].txt\n[!a]b.txt",
    "none of some characters": "[^a]*.txt",
    "escaped brackets": "\\[x\\].txt",
    "an escaped asterisk": "\\*star",
    "plus and parentheses": "a+b(c)",
    "a circumflex": "a^b.txt",
    "a circumflex in an expression": "a^*.txt",
    "a blank inside": "with space.txt",
    "letters beyond ASCII": "?n?code.txt",
    "letters of another case": "*.TXT",
    "hidden files": ".*",
    "hidden files but one": ".*\n!.env",
    "two asterisks in the middle": "dir/**/foo",
    "two asterisks with a suffix below": "**/sub/**/*.log",
    "two asterisks before a prefix": "**/foo*",
    "two asterisks behind a prefix": "foo**",
    "a single asterisk in the middle": "*/foo\ns*c/m*",
    "a name in any folder": "**/keep.txt",
    "dots that lead up": "src/../dir/sub/../keep.txt\n../foo",
    "slashes in a row": "dir//sub///foo",
    "only a slash": "/",
    "only a dot": ".",
    "the end of lines of Windows": "*.md\r\n!README.md\r\n",
    "a byte order mark": "\ufeff*.md\n",
    "the Dockerfile": "Dockerfile",
    "the file itself": ".dockerignore",
    "both": "Dockerfile\n.dockerignore",
    "a link": "link",
    "what is behind a link": "link/*",
    "an empty folder": "empty",
}
# What the docker program of Engine 20.10 had wrong, and later ones mended.
MENDED = {"plus and parentheses", "a circumflex"}
# Those that show what the daemon makes of what it gets.
FEW = (
    "nothing", "everything but a file below", "exceptions alone", "a folder but a file", "hidden files but one",
    "the Dockerfile", "the file itself", "both", "a link", "a byte order mark",
)  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("contexts")
    for name in FILES:
        path = made / name.replace("~", " ")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    (made / "main.go").chmod(0o755)
    (made / "empty").mkdir()
    (made / "link").symlink_to("dir")
    (made / "broken").symlink_to("nowhere")
    (made / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    return made


def contents(target: Target, image: str) -> Mapping[str, Any]:
    """Path -> kind, mode and link target of what is in an image."""
    made = target.ask("POST", "/containers/create", {"Image": image, "Cmd": ["none"]})["Id"]
    client = target.client()
    with client.stream("GET", f"/containers/{made}/archive", {"path": "/"}) as stream:
        data = b"".join(stream.chunks())
    client.close()
    target.ask("DELETE", f"/containers/{made}")
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        return {info.name: (info.type, info.mode, info.linkname, info.size) for info in archive}


def members(data: bytes) -> dict[str, Any]:
    with tarfile.open(fileobj=io.BytesIO(data)) as archive:
        found = {}
        for info in archive:
            file = archive.extractfile(info) if info.isreg() else None
            mode = info.mode & 0o7777  # older programs have the kind of the file in there, too
            found[info.name] = (info.type, mode, info.linkname, info.uid, info.mtime, file and file.read())
        return found


@pytest.mark.parametrize("session_target", ENGINES, indirect=True)
def test_what_the_classic_builder_is_sent(target: Target, folder: Path, tmp_path_factory: Any) -> None:
    """By the docker program to something that only takes note of it, and by the module."""
    shared = tmp_path_factory.mktemp("s")
    target.engine.bind(folder)
    target.engine.bind(shared)
    different = {}
    with FakeEngine(f"{shared}/s", api=".".join(map(str, target.engine.api))) as fake:
        fake.on("POST", "/build", Chunks([b'{"stream":"Successfully built 0123456789ab\\n"}']))
        for name, text in IGNORES.items():
            (folder / ".dockerignore").write_text(text)
            target.engine.exec(["env", "DOCKER_BUILDKIT=0", "docker", "--host", fake.address, "build", str(folder)])
            own = b"".join(pack(Context(str(folder), None, None, classic=True).archive()))
            if members(own) != members(fake.seen[-1].body):
                different[name] = members(own).keys() ^ members(fake.seen[-1].body).keys()
    assert set(different) == (MENDED if target.engine.flavour == "20.10" else set()), different


@everywhere([(engine, builder) for engine in ENGINES for builder in BOTH])
def test_what_is_built(target: Target, folder: Path, builder: str) -> None:
    target.engine.bind(folder)
    different = {}
    for name in IGNORES if (target.engine.flavour, builder) == ("26.1", "buildkit") else FEW:
        (folder / ".dockerignore").write_text(IGNORES[name])
        own = Builds(target, builder).run(path=str(folder), rebuild="always")["image"]
        command = ["env", f"DOCKER_BUILDKIT={int(builder == 'buildkit')}", "docker", "build", "-q", str(folder)]
        other = target.engine.exec(command).stdout.strip()
        # What is the same comes from the build cache, and that makes the images the same to the last byte.
        if own["Id"] != other:
            mine, theirs = contents(target, own["Id"]), contents(target, other)
            if mine != theirs:
                different[name] = sorted(mine.items() ^ theirs.items())
    assert different == {}
