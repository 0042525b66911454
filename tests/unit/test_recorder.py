# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The socket in front of an engine: nothing of what goes through it is changed, and requests are noted."""

from __future__ import annotations

import os
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from engines.recorder import Recorder

from tests.unit.fake_engine import Chunks, FakeEngine, Raw, Reply

pytestmark = pytest.mark.controller

AGENT = b"User-Agent: dockside.engine\r\n"


@pytest.fixture
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory(prefix="dockside-") as name:
        yield Path(name)


def whole(sock: socket.socket) -> bytes:
    data = b""
    while piece := sock.recv(65536):
        data += piece
    return data


@contextmanager
def recorded(folder: Path, serve: Callable[[socket.socket], None]) -> Iterator[tuple[socket.socket, Recorder]]:
    """A connection through a recorder to `serve`, which has the other end of it."""
    with socket.socket(socket.AF_UNIX) as listener, socket.socket(socket.AF_UNIX) as client:
        listener.bind(str(folder / "engine"))
        listener.listen()
        listener.settimeout(20)
        client.settimeout(20)

        def accept() -> None:
            peer, _address = listener.accept()
            with peer:
                peer.settimeout(20)
                serve(peer)

        thread = threading.Thread(target=accept)
        thread.start()
        with Recorder(folder / "recorder", str(folder / "engine")) as recorder:
            client.connect(str(folder / "recorder"))
            yield client, recorder
            thread.join()


def test_requests_are_noted_with_their_label(folder: Path) -> None:
    with FakeEngine(str(folder / "engine")) as fake, Recorder(folder / "recorder", str(folder / "engine")) as recorder:
        fake.on("GET", "/info", Reply({"ID": "1"}))
        fake.on("POST", "/images/load", Chunks([b'{"stream":"Loaded"}'] * 3))
        engine = Engine(resolve({"docker_host": recorder.host}, {}))
        recorder.label = "first"
        assert engine.get("/info") == {"ID": "1"}
        recorder.label = "second"
        # A body that is sent in pieces, and looks like requests.
        pieces = [b"GET /in/a/body HTTP/1.1\r\n" + AGENT + b"\r\n" + os.urandom(70_000) for _number in range(5)]
        with engine.stream("POST", "/images/load", body=iter(pieces)) as stream:
            assert b"".join(stream.chunks()).count(b"Loaded") == 3
        assert fake.seen[-1].body == b"".join(pieces)
        engine.close()
    assert recorder.requests == [
        ("first", "GET /_ping"),
        ("first", "GET /v1.51/info"),
        ("second", "POST /v1.51/images/load"),
    ]


def test_requests_of_others_are_not(folder: Path) -> None:
    def serve(peer: socket.socket) -> None:
        peer.recv(65536)
        peer.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with recorded(folder, serve) as (client, recorder):
        client.sendall(b"GET /info HTTP/1.1\r\nHost: a\r\nUser-Agent: curl\r\n\r\n")
        assert client.recv(4096).startswith(b"HTTP/1.1 200")
    assert recorder.requests == []


def test_a_hijacked_connection_is_closed_in_one_direction_only(folder: Path) -> None:
    head = b"POST /exec/1/start HTTP/1.1\r\nHost: a\r\n" + AGENT + b"Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n"
    sent, back = os.urandom(3_000_000), os.urandom(3_000_000)
    got: list[bytes] = []

    def serve(peer: socket.socket) -> None:
        assert peer.recv(len(head), socket.MSG_WAITALL) == head
        peer.sendall(b"HTTP/1.1 101 UPGRADED\r\n\r\n")
        got.append(whole(peer))  # until the client closes its side
        peer.sendall(back)  # which goes to a client that has closed it

    with recorded(folder, serve) as (client, recorder):
        client.sendall(head)
        assert client.recv(25, socket.MSG_WAITALL) == b"HTTP/1.1 101 UPGRADED\r\n\r\n"
        client.sendall(sent)
        client.shutdown(socket.SHUT_WR)
        assert whole(client) == back
    assert got == [sent]
    assert recorder.requests == [("", "POST /exec/1/start")]


def test_an_engine_that_goes_is_seen(folder: Path) -> None:
    with FakeEngine(str(folder / "engine")) as fake, Recorder(folder / "recorder", str(folder / "engine")) as recorder:
        fake.on("POST", "/containers/prune", Raw())
        engine = Engine(resolve({"docker_host": recorder.host}, {}))
        with pytest.raises(Exception, match="Lost the connection"):
            engine.post("/containers/prune")
        engine.close()


def test_a_client_that_goes_is_seen(folder: Path) -> None:
    ended = threading.Event()

    def serve(peer: socket.socket) -> None:
        try:
            while True:
                peer.sendall(b"x" * 65536)
        except OSError:
            ended.set()

    with recorded(folder, serve) as (client, _recorder):
        assert client.recv(10)
        client.close()
    assert ended.is_set()
