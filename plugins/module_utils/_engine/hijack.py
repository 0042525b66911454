# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Hijacked connections: after its answer to exec or attach the daemon lends the socket for bytes both ways.

Not with http.client: its sockets can be written or read, not both at once, over TLS not closed in one direction, and
after a time limit not read on.
"""

from __future__ import annotations

import io
import json
import selectors
import socket
import ssl
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from email.message import Message
from http.client import parse_headers
from typing import Any, Callable
from urllib.parse import urlencode

from .client import Engine
from .errors import ConnectionLost, EngineTimeout
from .transport import FAULTS, dial, fault, reap, tls_context

_PIECE = 65536  # bytes read or written at once


class Deadline(Exception):
    """The time that exchange() was given is over."""


@contextmanager
def hijack(
    engine: Engine,
    path: str,
    body: Any = None,
    params: Mapping[str, Any] | None = None,
    *,
    kind: type[Hijack] | None = None,
    headers: Sequence[str] = (),
) -> Iterator[Hijack]:
    """POST `path` with a JSON body, and the connection after it; APIError when the daemon refuses.

    kind: another one than Hijack; headers: in place of those of the kind.
    """
    endpoint, children = engine.endpoint, list[Any]()
    try:
        try:
            sock = dial(endpoint, None, children)
        except FAULTS as error:
            raise fault(error, endpoint, opening=True) from error
        with sock:
            wire = (kind or Hijack)(engine, sock)
            wire.headers = tuple(headers) or wire.headers
            wire.open(path, body, params)
            yield wire
    except FAULTS as error:
        raise fault(error, endpoint) from error
    finally:
        for child in children:
            reap(child)


def ended(look: Callable[[], Any], deadline: float | None) -> Any:
    """What `look` answers (GET /exec/ID/json) of a command that has closed its outputs once it has ended, too."""
    found = look()
    while found["Running"]:
        if deadline is not None and time.monotonic() >= deadline:
            raise Deadline
        time.sleep(0.1)
        found = look()
    return found


class Hijack:
    """The connection. One thread reads and writes at once, so that neither side waits for the other for ever.

    upgraded: whether all in between know that it is no HTTP any more, so that stdin will get through.
    """

    method, protocol = "POST", "HTTP/1.1"
    headers: tuple[str, ...] = ("Connection: Upgrade", "Upgrade: tcp")
    welcome: tuple[int, ...] = (101, 200)  # what the daemon answers with the header Upgrade, and without it
    upgraded = False

    def __init__(self, engine: Engine, sock: socket.socket) -> None:
        self.engine, self.sock = engine, sock
        sock.setblocking(False)
        self._unsent = memoryview(b"")
        self._ended = False  # the daemon has sent all that it sends
        self._deaf = False  # it takes no more
        # TLS apart from the socket: only so its closing notice can be sent while the other side still talks.
        self._coming, self._going = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls: ssl.SSLObject | None = None
        endpoint = engine.endpoint
        context = tls_context(endpoint)
        if context and endpoint.tls:
            self._tls = context.wrap_bio(
                self._coming, self._going, server_hostname=endpoint.tls.hostname or endpoint.host
            )

    def open(self, path: str, body: Any, params: Mapping[str, Any] | None) -> None:
        deadline = time.monotonic() + self.engine.endpoint.timeout
        try:
            self._shake_hands(deadline)
            data = b"" if body is None else json.dumps(body).encode()
            url = self.engine.url(path) + (f"?{urlencode(params)}" if params else "")
            head = [
                f"{self.method} {url} {self.protocol}", "Host: localhost", "User-Agent: dockside.engine", *self.headers,
                "Content-Type: application/json", f"Content-Length: {len(data)}", "", "",
            ]  # fmt: skip
            self._send("\r\n".join(head).encode() + data)
            answer = bytearray()
            while b"\r\n\r\n" not in answer:
                if self._ended:
                    raise ConnectionLost(str(self.engine.endpoint), "no answer came")
                answer += self._step(deadline)
            start, _end, rest = answer.partition(b"\r\n\r\n")
            line, _end, fields = start.partition(b"\r\n")
            status, answered = int(line.split()[1]), parse_headers(io.BytesIO(fields + b"\r\n\r\n"))
            if status not in self.welcome:
                while len(rest) < int(answered.get("Content-Length") or 0) and not self._ended:
                    rest += self._step(deadline)
                raise self.engine.failure(self.method, path, status, rest)
            self.upgraded = status == 101
            self.greet(answered)
            if self.engine.endpoint.debug:
                self.engine.trace.append(f"{self.method} {url}: {status}")
        except Deadline:
            seconds = self.engine.endpoint.timeout
            raise EngineTimeout(
                str(self.engine.endpoint), f"no answer within {seconds:g} seconds (option timeout)"
            ) from None
        self._first = bytes(rest)

    def exchange(
        self,
        stdin: Iterable[bytes] | None,
        alive: Callable[[], Any],
        deadline: float | None = None,
        *,
        tty: bool = False,
    ) -> Iterator[bytes]:
        """Send stdin and its end (None: leave it open), and give out what comes until the daemon ends the stream.

        A piece of stdin that is empty means that there is no more before something came.

        alive: called whenever nothing came for the endpoint's timeout; it raises when the daemon is gone.
        deadline: of time.monotonic(); Deadline is raised when it is over.
        tty: stdin stays open, as the daemon lets go of a terminal with all its output when its stdin ends.
        """
        yield from self.decode(self._first)
        source = None if stdin is None else iter(stdin)
        while not self._ended:
            if source and not self._unsent and not self._deaf:
                piece = next(source, None)
                if piece is None:
                    source = None
                    if not tty:
                        self.finish()
                else:
                    self._send(self.encode(piece))
            yield from self.decode(self._step(deadline, alive))

    def hang_up(self) -> None:
        """End an exchange that goes on in another thread."""
        try:
            self.sock.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass  # it has ended

    # What a kind of its own may do otherwise.

    def greet(self, answered: Message) -> None:
        """Look at the headers of the answer."""

    def encode(self, data: bytes) -> bytes:
        return data

    def decode(self, data: bytes) -> Iterator[bytes]:
        if data:
            yield data

    def finish(self) -> None:
        """The end of what we send; what the daemon sends goes on coming."""
        if not self._tls:
            try:
                self.sock.shutdown(socket.SHUT_WR)
            except OSError:
                pass  # the daemon has closed it already
            return
        try:
            self._tls.unwrap()
        except ssl.SSLError:
            pass  # it wants the daemon's closing notice, which comes last
        self._queue(self._going.read())

    # The bytes themselves.

    def _send(self, data: bytes) -> None:
        if self._tls and data:
            self._tls.write(data)
            data = self._going.read()
        self._queue(data)

    def _queue(self, data: bytes) -> None:
        self._unsent = memoryview(bytes(self._unsent) + data)

    def _shake_hands(self, deadline: float) -> None:
        done = not self._tls
        while self._tls and not done:
            try:
                self._tls.do_handshake()
                done = True
            except ssl.SSLWantReadError:
                pass
            self._queue(self._going.read())
            if not done:
                self._step(deadline, handshake=True)

    def _step(self, deadline: float | None, alive: Callable[[], Any] | None = None, handshake: bool = False) -> bytes:
        """Write and read what can be written and read now, after waiting for either; answers what came."""
        events = selectors.EVENT_READ | (selectors.EVENT_WRITE if self._unsent else 0)
        patience = self.engine.endpoint.timeout
        with selectors.DefaultSelector() as selector:
            selector.register(self.sock, events)
            while True:
                left = patience if deadline is None else min(patience, deadline - time.monotonic())
                ready = selector.select(max(0, left))
                if ready:
                    break
                if deadline is not None and time.monotonic() >= deadline:
                    raise Deadline
                if alive:
                    alive()
        if ready[0][1] & selectors.EVENT_WRITE:
            try:
                self._unsent = self._unsent[self.sock.send(self._unsent[:_PIECE]) :]
            except BlockingIOError:
                pass
            except ConnectionError:
                # The process reads no more; what it said is still to be read.
                self._unsent, self._deaf = memoryview(b""), True
        if not ready[0][1] & selectors.EVENT_READ:
            return b""
        try:
            data = self.sock.recv(_PIECE)
        except BlockingIOError:
            return b""
        except ConnectionResetError:
            # Of our own machine: ssh, or a daemon, has ended without reading all of stdin, but what it said came whole.
            if self.sock.family != socket.AF_UNIX:
                raise
            data = b""
        if not self._tls:
            self._ended = not data
            return data
        if data:
            self._coming.write(data)
        else:
            self._coming.write_eof()
        return b"" if handshake else self._decrypt(self._tls)

    def _decrypt(self, tls: ssl.SSLObject) -> bytes:
        plain = bytearray()
        try:
            while True:
                piece = tls.read(_PIECE)
                if not piece:
                    self._ended = True
                    break
                plain += piece
        except ssl.SSLWantReadError:
            pass
        except ssl.SSLZeroReturnError:  # the same, after our own closing notice
            self._ended = True
        if self._going.pending:  # pylint: disable=using-constant-test  # a property that pylint takes for a method
            self._queue(self._going.read())
        return bytes(plain)


class Plain(Hijack):
    """An answer that comes bit by bit, until the daemon closes the connection; nothing is sent after the request."""

    protocol, headers, welcome = "HTTP/1.0", (), (200,)  # without the chunks of HTTP/1.1
