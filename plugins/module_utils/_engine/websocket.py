# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""WebSockets (RFC 6455) of the daemon: bytes both ways through what lets no other connection be hijacked."""

from __future__ import annotations

import base64
import hashlib
import os
from collections.abc import Iterator
from email.message import Message
from typing import Any

from .errors import ConnectionLost, StreamError
from .hijack import Hijack

# Opcodes of frames; below _CLOSE: text, bytes, and what continues a message of either.
_BINARY, _CLOSE, _PING, _PONG = 2, 8, 9, 10
_NORMAL = (1000).to_bytes(2, "big")  # the reason to close that is none


class WebSocket(Hijack):
    """GET and the frames after it, given out as the bytes they carry; ConnectionLost when they end without a farewell.

    The end of stdin is the end of the whole connection: what the daemon says has to come over another one.
    """

    method, welcome = "GET", (101,)

    def __init__(self, *args: Any) -> None:
        super().__init__(*args)
        self._key = base64.b64encode(os.urandom(16)).decode()
        self.headers = (
            "Connection: Upgrade",
            "Upgrade: websocket",
            "Sec-WebSocket-Version: 13",
            f"Sec-WebSocket-Key: {self._key}",
        )
        self._buffer, self._left = bytearray(), 0  # of the present frame's data so much is still to come
        self._closed = False

    def greet(self, answered: Message) -> None:
        text = f"{self._key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        proof = base64.b64encode(hashlib.sha1(text.encode(), usedforsecurity=False).digest()).decode()
        if answered.get("Sec-WebSocket-Accept") != proof:
            raise StreamError(f"What answers at {self.engine.endpoint} does not speak WebSocket")

    def encode(self, data: bytes) -> bytes:
        return frame(_BINARY, data)

    def finish(self) -> None:
        self._send(frame(_CLOSE, _NORMAL))

    def exchange(self, *args: Any, **how: Any) -> Iterator[bytes]:
        yield from super().exchange(*args, **how)
        if not self._closed:
            raise ConnectionLost(str(self.engine.endpoint), "the WebSocket ended without being closed")

    def decode(self, data: bytes) -> Iterator[bytes]:
        buffer = self._buffer
        buffer += data
        while buffer and not self._closed:
            if not self._left:
                opcode, short = buffer[0] & 15, buffer[1] if len(buffer) > 1 else 0
                head = {126: 4, 127: 10}.get(short, 2)
                size = int.from_bytes(buffer[2:head], "big") if head > 2 else short
                if short > 127 or (opcode >= _CLOSE and size > 125):
                    raise StreamError(f"What answers at {self.engine.endpoint} breaks the rules of WebSocket")
                if len(buffer) < head + (size if opcode >= _CLOSE else 0):
                    return
                del buffer[:head]
                if opcode >= _CLOSE:
                    self._control(opcode, bytes(buffer[:size]))
                    del buffer[:size]
                    continue
                self._left = size
            piece = bytes(buffer[: self._left])
            del buffer[: self._left]
            self._left -= len(piece)
            if piece:
                yield piece

    def _control(self, opcode: int, data: bytes) -> None:
        if opcode == _PING:
            self._send(frame(_PONG, data))
        elif opcode == _CLOSE:
            reason = data[:2] or _NORMAL
            if reason != _NORMAL:
                code = int.from_bytes(reason, "big")
                raise ConnectionLost(str(self.engine.endpoint), f"the WebSocket was closed with code {code}")
            self._closed = self._ended = True  # the daemon hangs up behind it and waits for no answer


def frame(opcode: int, data: bytes) -> bytes:
    """A whole message, masked, as all has to be that a client sends."""
    size = len(data)
    short, more = (size, 0) if size < 126 else (126, 2) if size < 65536 else (127, 8)
    mask = os.urandom(4)
    key = int.from_bytes((mask * (size // 4 + 1))[:size], "big")
    masked = (int.from_bytes(data, "big") ^ key).to_bytes(size, "big")
    return bytes([128 | opcode, 128 | short]) + (size.to_bytes(more, "big") if more else b"") + mask + masked
