# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds over every way to an engine, and what breaks in the middle of one: the engine, or reading the context."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions import build as module
from ansible_collections.dockside.engine.plugins.module_utils._actions.build import RULES, SPEC, BuildError, build
from ansible_collections.dockside.engine.plugins.module_utils._engine import archive, filesync
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from engines import Lab
from engines.process import wait_for

from tests.matrix.actions import Act

pytestmark = pytest.mark.engines
BUILD = Act(build, SPEC, RULES)
SIZE = 10 * 1024 * 1024
WAYS = ("unix", "tcp", "tls", "ssh")
BUILDERS = ("classic", "buildkit")


@pytest.fixture(scope="module", params=["20.10", "28.5"])
def there(lab: Lab, request: pytest.FixtureRequest) -> Any:
    engine = lab.engine(request.param, listen=WAYS)
    engine.image("dockside/web:1")
    return engine


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "Dockerfile").write_text("FROM dockside/web:1\nCOPY . /ctx/\nRUN sha256sum /ctx/data\n")
    return tmp_path


def client(there: Any, way: str = "unix") -> Engine:
    options: dict[str, Any] = {"docker_host": there.host if way == "unix" else getattr(there, way), "debug": True}
    if way == "tls":
        files = {"ca_path": "ca.pem", "client_cert": "cert.pem", "client_key": "key.pem"}
        options.update({option: str(there.certs / name) for option, name in files.items()}, validate_certs=True)
    return Engine(resolve(options, {"HOME": "/nonexistent"}))


def absent(there: Any, name: str) -> bool:
    return bool(there.get(f"/images/{name}/json")[0] == 404)


@pytest.mark.parametrize("builder", BUILDERS)
@pytest.mark.parametrize("way", WAYS)
def test_ten_megabytes(there: Any, way: str, builder: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    data = os.urandom(SIZE)
    (folder / "data").write_bytes(data)
    for number in range(300):
        (folder / f"small-{number}").write_text("small")
    done = BUILD(client(there, way), name="made/it", path=str(folder), builder=builder, rebuild="always")
    assert hashlib.sha256(data).hexdigest() in done["stdout"]
    assert threading.active_count() == 1


@pytest.mark.parametrize("builder", BUILDERS)
def test_an_engine_that_is_killed(there: Any, builder: str, monkeypatch: pytest.MonkeyPatch) -> None:
    logs: list[Any] = []

    class Seen(module.BuildLog):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            logs.append(self)

    def watch() -> None:
        wait_for("the first words", lambda: [log for log in logs if "so far" in log.failed], 60)
        there.kill()

    # What is written is in no step that failed; it becomes known as if the step under way had.
    monkeypatch.setattr(Seen, "failed", property(lambda log: [line for step in steps(log) for line in step.tail]))
    monkeypatch.setattr(module, "BuildLog", Seen)
    thread = threading.Thread(target=watch)
    thread.start()
    engine = client(there)
    try:
        with pytest.raises(
            BuildError, match=r"^image made/other:latest: Lost the connection .*is not known$"
        ) as caught:
            BUILD(
                engine,
                name="made/other",
                builder=builder,
                dockerfile_inline="FROM dockside/web:1\nRUN echo so far; sleep 60",
            )
        assert "so far" in caught.value.result["stdout"]
        assert [line.split("?")[0] for line in engine.trace if "/build" in line] == [
            f"POST /v{there_api(there)}/build: 200"
        ]
    finally:
        thread.join()
        there.start()
    assert absent(there, "made/other")


def steps(log: Any) -> Iterator[Any]:
    yield log._step
    yield from log._steps.values()


def there_api(there: Any) -> str:
    return ".".join(map(str, there.api))


@pytest.mark.parametrize("builder", BUILDERS)
def test_a_file_that_cannot_be_read(there: Any, builder: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It could when the build began: the engine has to hear of it, and nothing may be made of the rest."""

    def broken(place: str, *_size: int) -> Iterator[bytes]:
        yield b"some"
        raise EngineError(f"{place} cannot be read: Input/output error")

    monkeypatch.setattr(archive, "_file", broken)
    monkeypatch.setattr(filesync, "pieces", broken)
    (folder / "data").write_bytes(b"x" * 100_000)
    with pytest.raises(EngineError, match="cannot be read: Input/output error"):
        BUILD(client(there), name="made/other", path=str(folder), builder=builder)
    assert absent(there, "made/other")


def test_an_ssh_agent(there: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A step of the build lists the key that an agent of this machine has, with this machine's own program."""
    root, socket, key = tmp_path / "root", tmp_path / "agent", tmp_path / "key"
    program = shutil.which("ssh-add") or ""
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    for path in (program, *re.findall(r"(/\S+) \(", linked)):
        place = root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, place)
    runs = [f"RUN --mount=type=ssh{which} {program} -l" for which in ("", ",id=other")]
    (root / "Dockerfile").write_text("\n".join(["FROM dockside/web:1", "COPY . /", *runs]))
    monkeypatch.setenv("SSH_AUTH_SOCK", str(socket))
    agent = subprocess.Popen(["ssh-agent", "-D", "-a", str(socket)], stdout=subprocess.DEVNULL)
    try:
        wait_for("an ssh agent", socket.exists, 20)
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a key", "-f", str(key)], check=True)
        subprocess.run(["ssh-add", "-q", str(key)], check=True)
        task = {"name": "made/ssh", "path": str(root), "builder": "buildkit", "rebuild": "always"}
        done = BUILD(client(there), **task, ssh=[{}, {"id": "other", "socket": str(socket)}])
        assert done["stdout"].count("a key (ED25519)") == 2
        with pytest.raises(EngineError, match="The step wrote:\nError connecting to agent"):
            BUILD(client(there), **task, nocache=True, ssh=[{}])
    finally:
        agent.kill()
        agent.wait()
