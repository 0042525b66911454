# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of BuildKit (/session): while it builds, the daemon calls back over a connection that we have opened.

The daemon is the client then, of gRPC over HTTP/2. A Method answers its calls:

    def method(headers, inbox):     # of the request; messages that came and are not yet looked at
        while not inbox:
            yield None              # nothing to say until something comes
        yield answer                # a message, as many as there are to be
"""

from __future__ import annotations

import socket
import struct
import threading
import uuid
from collections import deque
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager
from typing import Callable, NamedTuple, Optional
from urllib.parse import quote

from .build_config import login
from .client import Engine
from .errors import EngineError
from .hijack import Hijack, hijack
from .http2 import Headers, Server
from .protobuf import decode, encode, text

_PIECE = 65536  # bytes sent at once
_UNKNOWN, _NOT_FOUND, _UNIMPLEMENTED = 2, 5, 12  # codes of gRPC


class Inbox(deque[bytes]):
    """Messages of the daemon; `ended`: there will be no more."""

    ended = False


Talk = Generator[Optional[bytes], None, None]
Method = Callable[[Headers, Inbox], Talk]


class Refusal(Exception):
    """An answer that is an error, of gRPC's code."""

    def __init__(self, code: int, reason: str) -> None:
        super().__init__(reason)
        self.code = code


class Call:
    """A call under way, as HTTP/2 sees it: the messages of both sides have five bytes in front that tell their size."""

    def __init__(self, method: Method, headers: Headers, errors: list[str]) -> None:
        self._inbox, self._coming, self._errors = Inbox(), bytearray(), errors
        self._said = method(headers, self._inbox)
        self.trailers = [("grpc-status", "0")]

    def take(self, data: bytes) -> None:
        self._coming += data
        while len(self._coming) >= 5:
            end = 5 + int.from_bytes(self._coming[1:5], "big")
            if len(self._coming) < end:
                break
            self._inbox.append(bytes(self._coming[5:end]))
            del self._coming[:end]

    def end(self) -> None:
        self._inbox.ended = True

    def next(self) -> bytes | None:
        try:
            message = next(self._said)
        except StopIteration:
            return None
        except Refusal as error:
            self._fail(error.code, error)
            return None
        except (EngineError, OSError, ValueError) as error:
            self._errors.append(str(error))
            self._fail(_UNKNOWN, error)
            return None
        if message is None:
            return None if self._inbox.ended else b""
        return struct.pack(">BL", 0, len(message)) + message

    def close(self) -> None:
        self._said.close()

    def _fail(self, code: int, error: Exception) -> None:
        self.trailers = [("grpc-status", str(code)), ("grpc-message", quote(str(error), safe=" /:'\"=,()[]"))]


class Session(NamedTuple):
    """`id`: what a build is given; `errors`: why calls failed, which the daemon does not always tell."""

    id: str
    errors: list[str]


@contextmanager
def session(engine: Engine, methods: Mapping[str, Method], key: str) -> Iterator[Session]:
    """Lend the daemon these methods, by their paths.

    key: what is the same for all sessions that show the same folders, so that only what changed is sent again.
    """
    made = Session(uuid.uuid4().hex, [])
    methods = {**methods, "/grpc.health.v1.Health/Check": _health}

    def opened(headers: Headers) -> Call:
        return Call(methods.get(headers.get(":path", [""])[0], _unknown), headers, made.errors)

    about = {"Uuid": made.id, "Name": "dockside.engine", "Sharedkey": key}
    headers = [
        "Connection: Upgrade",
        "Upgrade: h2c",
        *(f"X-Docker-Expose-Session-{name}: {value}" for name, value in about.items()),
        *(f"X-Docker-Expose-Session-Grpc-Method: {path}" for path in methods),
    ]
    http = Server(opened, [(":status", "200"), ("content-type", "application/grpc")])
    with hijack(engine, "/session", headers=headers) as wire:
        thread = threading.Thread(target=_serve, args=(wire, http), daemon=True)
        thread.start()
        try:
            yield made
        finally:
            wire.hang_up()
            thread.join()
            http.close()


def _serve(wire: Hijack, http: Server) -> None:
    """Answer until the connection ends, for whatever reason: the build that needs it tells of its own failure."""

    def going() -> Iterator[bytes]:
        while True:
            yield http.send(_PIECE)

    try:
        for data in wire.exchange(going(), lambda: None):
            http.receive(data)
    except (EngineError, OSError):
        pass
    finally:
        wire.sock.close()


def _unknown(headers: Headers, inbox: Inbox) -> Talk:
    def refuse() -> bytes:
        raise Refusal(_UNIMPLEMENTED, f"unknown method {headers.get(':path', [''])[0]}")

    yield refuse()


def _health(headers: Headers, inbox: Inbox) -> Talk:
    yield encode({1: 1})  # SERVING


def _unary(answer: Callable[[bytes], bytes]) -> Method:
    """A method that takes one message and answers one."""

    def method(headers: Headers, inbox: Inbox) -> Talk:
        while not inbox:
            yield None
        yield answer(inbox.popleft())

    return method


def secrets(values: Mapping[str, bytes]) -> dict[str, Method]:
    """What RUN --mount=type=secret asks for, by id."""

    def answer(message: bytes) -> bytes:
        wanted = text(decode(message), 1)
        if wanted not in values:
            raise Refusal(_NOT_FOUND, f"the task has no secret {wanted}")
        return encode({1: values[wanted]})

    return {"/moby.buildkit.secrets.v1.Secrets/GetSecret": _unary(answer)}


def logins(environ: Mapping[str, str]) -> dict[str, Method]:
    """The logins of the docker CLI's config.json, for the registries that a build pulls from.

    Newer daemons would rather have tokens that are fetched here; they do that by themselves for a client that cannot.
    """

    def answer(message: bytes) -> bytes:
        found = login(text(decode(message), 1), environ)
        if "identitytoken" in found:
            return encode({2: found["identitytoken"]})
        return encode({1: found.get("username", ""), 2: found.get("password", "")})

    return {"/moby.filesync.v1.Auth/Credentials": _unary(answer)}


def agents(sockets: Mapping[str, str]) -> dict[str, Method]:
    """The ssh agents that RUN --mount=type=ssh asks for: id -> the path of the agent's socket."""

    def wanted(named: str) -> str:
        path = sockets.get(named or "default")
        if path is None:
            raise Refusal(_NOT_FOUND, f"the task has no ssh agent {named or 'default'}")
        return path

    def check(message: bytes) -> bytes:
        wanted(text(decode(message), 1))
        return b""

    def forward(headers: Headers, inbox: Inbox) -> Talk:
        """An agent answers each request with one message; both have their size in four bytes in front."""
        asked = bytearray()
        with socket.socket(socket.AF_UNIX) as agent:
            agent.connect(wanted(headers.get("buildkit.ssh.id", [""])[0]))
            while inbox or not inbox.ended:
                while inbox:
                    asked += decode(inbox.popleft()).get(1, [b""])[-1]
                end = 4 + int.from_bytes(asked[:4], "big")
                if len(asked) < 4 or len(asked) < end:
                    yield None
                    continue
                agent.sendall(asked[:end])
                del asked[:end]
                size = _exactly(agent, 4)
                yield encode({1: size + _exactly(agent, int.from_bytes(size, "big"))})

    return {"/moby.sshforward.v1.SSH/CheckAgent": _unary(check), "/moby.sshforward.v1.SSH/ForwardAgent": forward}


def _exactly(sock: socket.socket, size: int) -> bytes:
    found = bytearray()
    while len(found) < size:
        piece = sock.recv(size - len(found))
        if not piece:
            raise OSError("the ssh agent has hung up")
        found += piece
    return bytes(found)
