# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HTTP/2 (RFC 9113), the side that answers, as far as gRPC needs it: bytes in, bytes out, no input or output."""

from __future__ import annotations

import struct
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Protocol

from . import hpack
from .errors import StreamError

Headers = Mapping[str, list[str]]

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
DATA, HEADERS, PRIORITY, RESET, SETTINGS, _PUSH, PING, GOAWAY, WINDOW, CONTINUATION = range(10)
END, ACK, END_HEADERS, PADDED, PRIORITISED = 0x1, 0x1, 0x4, 0x8, 0x20
_INITIAL_WINDOW, _MAX_FRAME = 4, 5  # settings of the other side that count here
_WINDOW = 65535  # bytes that may be sent before the other side gives more room
_FRAME = 16384  # bytes of a frame that every side takes
_LIMIT = 1024 * 1024  # bytes of headers, or of a frame, that nobody sends


class Answer(Protocol):
    """What answers a request. Called again and again, for as long as it has something to say."""

    def take(self, data: bytes) -> None:
        """A piece of the request's body."""

    def end(self) -> None:
        """The request's body is over."""

    def next(self) -> bytes | None:
        """The next piece of the answer's body; b"": nothing until something comes; None: that was all."""

    def close(self) -> None:
        """Nobody asks any more."""

    @property
    def trailers(self) -> Iterable[hpack.Header]: ...


class Opener(Protocol):
    def __call__(self, headers: Headers) -> Answer: ...


class _Stream:
    """A request and its answer under way. `unsent`: of the body; `done`: the answer has no more."""

    def __init__(self, answer: Answer, window: int) -> None:
        self.answer, self.window = answer, window
        self.unsent: memoryview = memoryview(b"")
        self.done = False


class Server:
    """A connection. `opened` makes the answer to each request; `headers` stand before all of them."""

    def __init__(self, opened: Opener, headers: Iterable[hpack.Header]) -> None:
        self._opened = opened
        self._headers = hpack.encode(headers)
        self._decoder = hpack.Decoder()
        self._incoming = bytearray()
        self._outgoing = bytearray(_frame(SETTINGS, 0, 0))
        self._expected = PREFACE
        self._streams: dict[int, _Stream] = {}
        self._turns: deque[int] = deque()  # the streams, the one whose turn it is first
        self._window = self._initial = _WINDOW
        self._largest = _FRAME
        self._block: tuple[int, int, bytearray] | None = None  # stream, flags and headers so far

    def receive(self, data: bytes) -> None:
        """Take what came; StreamError when it is not HTTP/2."""
        self._incoming += data
        if self._expected:
            if len(self._incoming) < len(self._expected):
                return
            if not self._incoming.startswith(self._expected):
                raise StreamError(f"The daemon does not speak HTTP/2 in its session: {bytes(self._incoming[:40])!r}")
            del self._incoming[: len(self._expected)]
            self._expected = b""
        while len(self._incoming) >= 9:
            size = int.from_bytes(self._incoming[:3], "big")
            if size > _LIMIT:
                raise StreamError(f"The daemon sent a frame of {size} bytes in its session")
            if len(self._incoming) < 9 + size:
                break
            kind, flags, stream = struct.unpack(">BBL", self._incoming[3:9])
            body = bytes(self._incoming[9 : 9 + size])
            del self._incoming[: 9 + size]
            try:
                self._frame(kind, flags, stream & 0x7FFFFFFF, body)
            except (ValueError, struct.error) as error:
                raise StreamError(f"The daemon broke the rules of HTTP/2 in its session: {error}") from error

    def send(self, size: int) -> bytes:
        """What is to be sent now, not much more than `size` bytes; b"" when there is nothing until something comes."""
        waiting = 0  # streams in a row that had nothing
        while len(self._outgoing) < size and waiting < len(self._turns):
            self._turns.rotate(-1)
            waiting = 0 if self._turn(self._turns[-1]) else waiting + 1
        data = bytes(self._outgoing)
        self._outgoing.clear()
        return data

    def close(self) -> None:
        """End what is under way."""
        for number in list(self._streams):
            self._drop(number)

    def _turn(self, number: int) -> bool:
        """Let a stream send a frame; False when it cannot."""
        stream = self._streams[number]
        while not stream.unsent and not stream.done:
            piece = stream.answer.next()
            if piece is None:
                stream.done = True
            elif not piece:
                return False
            else:
                stream.unsent = memoryview(piece)
        if not stream.unsent:
            flags, trailers = END | END_HEADERS, hpack.encode(stream.answer.trailers)
            self._outgoing += _frame(HEADERS, flags, number, trailers)
            self._drop(number)
            return True
        size = min(len(stream.unsent), self._largest, self._window, stream.window)
        if size <= 0:
            return False
        self._outgoing += _frame(DATA, 0, number, stream.unsent[:size])
        stream.unsent = stream.unsent[size:]
        stream.window -= size
        self._window -= size
        return True

    def _drop(self, number: int) -> None:
        stream = self._streams.pop(number, None)
        if stream:
            self._turns.remove(number)
            stream.answer.close()

    def _frame(self, kind: int, flags: int, number: int, body: bytes) -> None:
        if self._block and kind != CONTINUATION:
            raise ValueError("headers that do not go on")
        if kind == DATA:
            # Whoever sends it gets the room back at once, which the padding takes, too.
            for each in {0, number} if body else ():
                self._outgoing += _frame(WINDOW, 0, each, struct.pack(">L", len(body)))
            body = _unpadded(body, flags)
            stream = self._streams.get(number)
            if stream:
                stream.answer.take(body)
                if flags & END:
                    stream.answer.end()
        elif kind == HEADERS:
            body = _unpadded(body, flags)
            self._block = (number, flags, bytearray(body[5 if flags & PRIORITISED else 0 :]))
            self._headers_so_far(flags)
        elif kind == CONTINUATION:
            if not self._block or self._block[0] != number:
                raise ValueError("headers that go on without a beginning")
            self._block[2].extend(body)
            self._headers_so_far(flags)
        elif kind == RESET:
            self._drop(number)
        elif kind == SETTINGS and not flags & ACK:
            self._settings(body)
            self._outgoing += _frame(SETTINGS, ACK, 0)
        elif kind == PING and not flags & ACK:
            self._outgoing += _frame(PING, ACK, 0, body)
        elif kind == WINDOW:
            (room,) = struct.unpack(">L", body)
            if not number:
                self._window += room
            elif number in self._streams:
                self._streams[number].window += room

    def _settings(self, body: bytes) -> None:
        for start in range(0, len(body), 6):
            setting, value = struct.unpack(">HL", body[start : start + 6])
            if setting == _INITIAL_WINDOW:
                for stream in self._streams.values():
                    stream.window += value - self._initial
                self._initial = value
            elif setting == _MAX_FRAME:
                self._largest = max(_FRAME, min(value, 4 * _FRAME))

    def _headers_so_far(self, flags: int) -> None:
        number, first, block = self._block or (0, 0, bytearray())
        if len(block) > _LIMIT:
            raise ValueError(f"headers of {len(block)} bytes")
        if not flags & END_HEADERS:
            return
        self._block = None
        headers: dict[str, list[str]] = {}
        for name, value in self._decoder.decode(bytes(block)):
            headers.setdefault(name, []).append(value)
        if number not in self._streams:  # else these are the trailers of the request
            self._streams[number] = _Stream(self._opened(headers), self._initial)
            self._turns.append(number)
            self._outgoing += _frame(HEADERS, END_HEADERS, number, self._headers)
        if first & END:
            self._streams[number].answer.end()


def _frame(kind: int, flags: int, stream: int, body: bytes | memoryview = b"") -> bytes:
    return b"".join([len(body).to_bytes(3, "big"), struct.pack(">BBL", kind, flags, stream), body])


def _unpadded(body: bytes, flags: int) -> bytes:
    if not flags & PADDED:
        return body
    if not body or body[0] >= len(body):
        raise ValueError("more padding than there is room")
    return body[1 : len(body) - body[0]]
