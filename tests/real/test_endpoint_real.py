# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against real engines: every way there, agreeing on a version, every reason to fail, streams."""

from __future__ import annotations

import io
import os
import pathlib
import tarfile
import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine import errors
from ansible_collections.dockside.engine.plugins.module_utils._engine.archive import Entry, members, pack
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import MAX_API, Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.streams import frames, messages, raise_for_error
from engines import Lab

pytestmark = pytest.mark.engines
FLAVOURS = ("20.10", "26.1", "28.5")
Connect = Callable[..., Engine]


@pytest.fixture(scope="module", params=FLAVOURS)
def there(lab: Lab, request: pytest.FixtureRequest) -> Any:
    """A real engine that listens in every way."""
    return lab.engine(request.param, listen=("unix", "tcp", "tls", "ssh"))


@pytest.fixture
def connect() -> Iterator[Connect]:
    engines: list[Engine] = []

    def make(host: Any, **options: Any) -> Engine:
        engines.append(Engine(resolve({"docker_host": host, "timeout": 20, **options}, {"HOME": "/nonexistent"})))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()


def material(folder: pathlib.Path, ca: pathlib.Path) -> dict[str, Any]:
    return {
        "validate_certs": True,
        "ca_path": str(ca / "ca.pem"),
        "client_cert": str(folder / "cert.pem"),
        "client_key": str(folder / "key.pem"),
    }


def fails(engine: Engine, match: str, kind: type[errors.EngineError] = errors.UnreachableError) -> None:
    with pytest.raises(errors.EngineError, match=match) as caught:
        engine.get("/info")
    assert caught.value.__class__ is kind


def test_every_way_there(there: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", "/nonexistent.pem")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    ids = set()
    ways: list[tuple[str, dict[str, Any]]] = [
        (there.host, {}),
        (there.tcp, {}),
        (there.ssh, {}),
        (f"{there.ssh}{there.socket}", {}),
        (there.tls, material(there.certs, there.certs)),
    ]
    for host, options in ways:
        engine = connect(host, **options)
        assert engine.api == min(there.api, MAX_API)
        ids.add(engine.get("/info")["ID"])
        assert engine.get("/networks/none-such", missing=None) is None
        with pytest.raises(errors.NotFound, match=r"GET /containers/none-such/json: 404 Not Found: .*none-such"):
            engine.get("/containers/none-such/json")
    assert len(ids) == 1


def test_tls_that_fails(there: Any, connect: Connect) -> None:
    good, stranger = there.certs, there.certs_stranger
    fails(connect(there.tls, **material(good, stranger)), "certificate verify failed.*see ca_path")
    fails(connect(there.tls, **material(stranger, good)), "see client_cert and client_key")
    fails(connect(there.tls, validate_certs=True, ca_path=str(good / "ca.pem")), "see client_cert and client_key")
    fails(connect(there.tls), "wants TLS, see validate_certs and tls")
    fails(connect(there.tls, tls_hostname="wrong.example", **material(good, good)), "certificate verify failed")
    fails(connect(there.tcp, tls=True), "does the daemon speak TLS")
    unverified = material(good, stranger)
    assert connect(there.tls, **{**unverified, "validate_certs": False, "tls": True}).api == there.api


@pytest.mark.parametrize(
    ("client", "text"),
    [
        ("unknown-host", "Host key verification failed"),
        ("changed-host", "Host key verification failed|REMOTE HOST IDENTIFICATION HAS CHANGED"),
        ("refused", "Permission denied"),
    ],
)
def test_ssh_that_fails(there: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch, client: str, text: str) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients[client]}:{os.environ['PATH']}")
    fails(connect(there.ssh), text)


def test_ssh_to_another_user(there: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    fails(connect(there.ssh.replace("root@", "nobody@")), "Permission denied")


def test_ssh_where_no_daemon_listens(there: Any, connect: Connect, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    fails(connect(f"{there.ssh}/run/none.sock"), "Docker daemon at .*/run/none.sock")


def test_pinned_versions(there: Any, connect: Connect) -> None:
    assert connect(there.host, api_version="1.41").get("/version")["ApiVersion"]
    above = f"1.{there.api[1] + 1}"
    fails(
        connect(there.host, api_version=above),
        f"speaks up to 1.{there.api[1]}, .* api_version is {above}",
        errors.VersionError,
    )


def test_a_raised_minimum(lab: Lab, connect: Connect) -> None:
    there = lab.engine("28.5-min")
    fails(
        connect(there.host, api_version="1.41"),
        r"1\.41 is too old. Minimum supported API version is 1\.44.*see api_version",
        errors.VersionError,
    )
    assert connect(there.host).api == there.api
    assert connect(there.host, api_version="1.44").get("/info")["ID"]


def test_what_a_life_brings(there: Any, connect: Connect) -> None:
    """Import, create, logs, archives both ways, events and removal, with names that need quoting and quiet streams."""
    engine = connect(there.host, timeout=5)
    image = there.image()
    body = {
        "Image": image,
        "Cmd": ["sh", "-c", "echo out; echo err >&2; sleep 0.2; echo end"],
        "HostConfig": {"PortBindings": {}},
    }
    made = engine.post("/containers/create", body, {"name": "client-life"})["Id"]
    try:
        info = tarfile.TarInfo("sub/file")
        info.size = 200_000
        archive = pack([Entry(info, b"x" * 200_000)])
        assert (
            engine.put(
                f"/containers/{made}/archive", archive, {"path": "/"}, headers={"Content-Type": "application/x-tar"}
            )
            is None
        )
        assert engine.head(f"/containers/{made}/archive", {"path": "/sub/file"})["X-Docker-Container-Path-Stat"]
        with engine.stream("GET", f"/containers/{made}/archive", {"path": "/sub"}) as answer:
            found = {member.name: len(file.read()) if file else 0 for member, file in members(answer.chunks())}
        assert found == {"sub": 0, "sub/file": 200_000}
        assert engine.post(f"/containers/{made}/start") is None
        assert engine.post(f"/containers/{made}/wait", patience=None)["StatusCode"] == 0
        assert engine.post(f"/containers/{made}/stop", patience=10) is None  # 304
        with engine.stream("GET", f"/containers/{made}/logs", {"stdout": True, "stderr": True}) as answer:
            output = sorted(frames(answer.chunks()))
        assert output == [(1, b"end\n"), (1, b"out\n"), (2, b"err\n")]
        with pytest.raises(errors.Conflict, match=r"POST /containers/create: 409 Conflict: .*client-life.* in use"):
            engine.post("/containers/create", body, {"name": "client-life"})
        filters = {"name": ["^/?client-life$"]}
        assert [row["Id"] for row in engine.get("/containers/json", {"all": True, "filters": filters})] == [made]
    finally:
        engine.delete(f"/containers/{made}", params={"force": True}, missing=None)


def test_an_import_and_its_errors(there: Any, connect: Connect) -> None:
    engine = connect(there.host)
    buffer = io.BytesIO(there.root_tar())
    query = {"fromSrc": "-", "repo": "client-import", "tag": "1"}
    pieces = iter(lambda: buffer.read(50_000), b"")
    with engine.stream("POST", "/images/create", query, body=pieces) as answer:
        for message in messages(answer.chunks()):
            raise_for_error(message)
    assert engine.delete("/images/client-import:1")
    with (
        pytest.raises(errors.EngineError),
        engine.stream("POST", "/images/create", query, body=iter([b"junk" * 9])) as answer,
    ):
        for message in messages(answer.chunks()):
            raise_for_error(message)
    with (
        pytest.raises(errors.EngineError, match=r"127\.0\.0\.1:9|refused|not found"),
        engine.stream("POST", "/images/create", {"fromImage": "127.0.0.1:9/none", "tag": "1"}) as answer,
    ):
        for message in messages(answer.chunks()):
            raise_for_error(message)


def test_quiet_events_are_not_dead(there: Any, connect: Connect) -> None:
    engine = connect(there.host, timeout=1)
    assert engine.api
    with engine.stream("GET", "/events", {"filters": {"type": ["volume"]}}) as answer:
        timer = threading.Timer(2, lambda: engine.post("/volumes/create", {"Name": "client-events"}))
        timer.start()
        event = next(messages(answer.chunks()))
        timer.join()
    assert (event["Type"], event["Action"], event["Actor"]["ID"]) == ("volume", "create", "client-events")
    engine.delete("/volumes/client-events")


def test_a_daemon_that_stands_still_dies_and_comes_back(there: Any, connect: Connect) -> None:
    engine = connect(there.host, timeout=1)
    assert engine.api
    there.freeze()
    try:
        with pytest.raises(errors.EngineTimeout, match="no answer within 1 seconds"):
            engine.get("/info")
    finally:
        there.thaw()
    engine = connect(there.host)
    with pytest.raises(errors.ConnectionLost), engine.stream("GET", "/events") as answer:
        there.kill()
        list(answer.chunks())
    try:
        with pytest.raises(errors.UnreachableError, match=r"refused: does the daemon run|No such file"):
            engine.get("/info")
    finally:
        there.start()
    assert engine.get("/info")["ID"]


def test_the_socket_of_somebody_else(there: Any) -> None:
    """Without root there is no permission; a child process gives its own away to see that."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.setgroups([])
            os.setgid(65534)
            os.setuid(65534)
            Engine(resolve({"docker_host": there.host}, {})).get("/info")
            said = "no error"
        except Exception as error:
            said = f"{type(error).__name__}: {error}"
        os.write(writing, said.encode())
        os._exit(0)
    os.close(writing)
    os.waitpid(child, 0)
    with os.fdopen(reading) as pipe:
        said = pipe.read()
    assert said.startswith("UnreachableError: Cannot reach the Docker daemon at unix://"), said
    assert "Permission denied: use become: true, or let user id 65534 join the group docker" in said


def test_threads_share_one_engine(there: Any, connect: Connect) -> None:
    engine = connect(there.host)
    answers: list[Any] = []
    threads = [threading.Thread(target=lambda: answers.append(engine.get("/info")["ID"])) for _turn in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(answers) == 16
    assert len(set(answers)) == 1
