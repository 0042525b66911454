# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSockets against a server that plays every part of RFC 6455, also those that the daemon does not."""

from __future__ import annotations

import base64
import hashlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import (
    BadRequest,
    ConnectionLost,
    EngineError,
    StreamError,
)
from ansible_collections.dockside.engine.plugins.module_utils._engine.websocket import WebSocket, frame

from tests.unit.engine.conftest import Connect
from tests.unit.fake_engine import FakeEngine

CLOSE = b"\x88\x02\x03\xe8"
Play = Callable[["Server"], None]


class Server:
    """The daemon's end of the connection."""

    def __init__(self, sock: socket.socket) -> None:
        self.sock = sock
        self.stream = sock.makefile("rb")
        self.request = b"".join(iter(self.stream.readline, b"\r\n"))

    def accept(self, more: bytes = b"") -> None:
        key = self.request.split(b"Sec-WebSocket-Key: ")[1].split(b"\r\n")[0]
        proof = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()  # noqa: S324
        self.send(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n")
        self.send(b"Sec-WebSocket-Accept: " + base64.b64encode(proof) + b"\r\n\r\n" + more)

    def send(self, data: bytes) -> None:
        self.sock.sendall(data)

    def receive(self) -> tuple[int, bytes]:
        """(opcode, data) of the next frame, which must be whole and masked."""
        first, second = self.stream.read(2)
        assert (first & 0xF0, second & 0x80) == (0x80, 0x80)
        size = second & 0x7F
        if size == 126:
            (size,) = struct.unpack(">H", self.stream.read(2))
            assert size > 125
        elif size == 127:
            (size,) = struct.unpack(">Q", self.stream.read(8))
            assert size > 65535
        mask, data = self.stream.read(4), self.stream.read(size)
        return first & 0x0F, bytes(byte ^ mask[at % 4] for at, byte in enumerate(data))


@contextmanager
def played(connect: Connect, fake: FakeEngine, play: Play) -> Iterator[WebSocket]:
    """A WebSocket to a server that does what `play` says and then hangs up; what it fails at fails the test."""
    mine, theirs = socket.socketpair()
    failures: list[BaseException] = []

    def serve() -> None:
        try:
            with theirs:
                server = Server(theirs)
                play(server)
                server.stream.close()
        except BaseException as error:
            failures.append(error)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        with mine:
            yield WebSocket(connect(fake), mine)
    finally:
        thread.join()
    assert failures == []


def exchange(wire: WebSocket, stdin: Iterable[bytes] | None = None) -> bytes:
    wire.open("/containers/box/attach/ws", None, {"stream": 1})
    return b"".join(wire.exchange(stdin, lambda: None))


def test_the_handshake(fake: FakeEngine, connect: Connect) -> None:
    requests: list[bytes] = []

    def play(server: Server) -> None:
        requests.append(server.request)
        server.accept(b"\x82\x03out" + CLOSE)

    for _again in range(2):
        with played(connect, fake, play) as wire:
            assert exchange(wire) == b"out"
            assert wire.upgraded
    first = requests[0].split(b"\r\n")
    assert first[0] == b"GET /v1.51/containers/box/attach/ws?stream=1 HTTP/1.1"
    assert {b"Connection: Upgrade", b"Upgrade: websocket", b"Sec-WebSocket-Version: 13"} <= set(first)
    assert requests[0] != requests[1]  # each has a key of its own


BYTES = bytes(range(256)) * 1200
# What the server sends after the handshake -> the bytes that come of it.
FRAMES = {
    "bytes and text": (b"\x82\x02ab\x81\x02cd" + CLOSE, b"abcd"),
    "a message in pieces": (b"\x02\x02ab\x00\x00\x00\x01c\x80\x01d" + CLOSE, b"abcd"),
    "a ping between the pieces": (b"\x02\x02ab\x89\x04ping\x80\x02cd" + CLOSE, b"abcd"),
    "a pong that nobody asked for": (b"\x8a\x00\x82\x02ab" + CLOSE, b"ab"),
    "the largest that needs no more than a byte": (b"\x82\x7d" + BYTES[:125] + CLOSE, BYTES[:125]),
    "two bytes of size": (b"\x82\x7e\x01\x00" + BYTES[:256] + CLOSE, BYTES[:256]),
    "eight bytes of size": (b"\x82\x7f" + struct.pack(">Q", len(BYTES)) + BYTES + CLOSE, BYTES),
    "a close without a reason": (b"\x82\x01a\x88\x00", b"a"),
    "nothing": (CLOSE, b""),
}


@pytest.mark.parametrize("name", FRAMES)
def test_frames(name: str, fake: FakeEngine, connect: Connect) -> None:
    data, expected = FRAMES[name]
    with played(connect, fake, lambda server: server.accept(data)) as wire:
        assert exchange(wire) == expected


@pytest.mark.parametrize("name", FRAMES)
def test_frames_cut_anywhere(name: str, fake: FakeEngine, connect: Connect) -> None:
    data, expected = FRAMES[name]
    wire = WebSocket(connect(fake), socket.socket(socket.AF_UNIX))
    for size in (1, 2, 3, 7):
        wire._closed = False
        cut = data[:2000] if len(data) > 2000 else data
        got = b"".join(piece for at in range(0, len(cut), size) for piece in wire.decode(cut[at : at + size]))
        assert got == expected[: len(got)]
        assert len(got) == len(expected) or cut != data
        wire._buffer.clear()
        wire._left = 0
    wire.sock.close()


def test_stdin_and_its_end(fake: FakeEngine, connect: Connect) -> None:
    sizes, received = [0, 1, 125, 126, 65535, 65536, 200_000], list[tuple[int, bytes]]()

    def play(server: Server) -> None:
        server.accept(b"\x89\x02hi")
        while not received or received[-1][0] != 8:
            received.append(server.receive())
        server.send(CLOSE)

    with played(connect, fake, play) as wire:
        assert exchange(wire, (BYTES[:size] for size in sizes)) == b""
    assert [data for opcode, data in received if opcode == 2] == [BYTES[:size] for size in sizes]
    assert [data for opcode, data in received if opcode == 10] == [b"hi"]
    assert received[-1] == (8, b"\x03\xe8")


def test_masks_differ() -> None:
    assert len({frame(2, b"\0" * 8)[2:6] for _again in range(8)}) > 1


def refuse(status: bytes, body: bytes = b"") -> Play:
    return lambda server: server.send(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


BROKEN: dict[str, tuple[Play, type[EngineError], str]] = {
    "no farewell": (lambda server: server.accept(b"\x82\x02ab"), ConnectionLost, "ended without being closed"),
    "cut off in a frame": (lambda server: server.accept(b"\x82\x09ab"), ConnectionLost, "ended without being closed"),
    "closed for a reason": (lambda server: server.accept(b"\x88\x02\x03\xe9"), ConnectionLost, "closed with code 1001"),
    "masked": (lambda server: server.accept(b"\x82\x81abcda"), StreamError, "breaks the rules of WebSocket"),
    "a long control frame": (lambda server: server.accept(b"\x89\x7e\x01\x00"), StreamError, "breaks the rules"),
    "no proof": (
        lambda server: server.send(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Accept: x\r\n\r\n"),
        StreamError,
        "does not speak WebSocket",
    ),
    "refused": (refuse(b"400 Bad Request", b'{"message": "not here"}'), BadRequest, "400 Bad Request: not here"),
    "an answer without an upgrade": (refuse(b"200 OK"), EngineError, "200 OK"),
    "no answer": (lambda server: None, ConnectionLost, "no answer came"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_what_breaks(name: str, fake: FakeEngine, connect: Connect) -> None:
    play, error, message = BROKEN[name]
    with played(connect, fake, play) as wire, pytest.raises(error, match=message):
        exchange(wire)
