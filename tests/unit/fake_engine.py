# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A small Docker Engine without Docker: its manners on the wire, scripted answers, and faults.

with FakeEngine(unix="/some/short/path.sock") as engine:          # or FakeEngine() for TCP on 127.0.0.1
    engine.on("GET", "/networks/web", Reply({"Name": "web"}))
    engine.on("POST", "/networks/create", Raw(b""), Reply({"Id": "1"}, 201))     # first dropped, then answered
    ...
    assert engine.asked("POST", "/networks/create") == 1
"""

from __future__ import annotations

import json
import re
import socketserver
import ssl
import threading
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any, Callable, Union
from urllib.parse import parse_qs, unquote, urlsplit


@dataclass(frozen=True)
class Reply:
    """A whole answer. A dict or list goes as JSON, str as text, bytes as they are."""

    body: Any = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Raw:
    """These bytes instead of an answer, then the connection is closed: b"" is a dropped connection."""

    data: bytes = b""


@dataclass(frozen=True)
class Chunks:
    """A chunked answer; `cut` closes the connection instead of ending it."""

    pieces: Iterable[bytes]
    cut: bool = False
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Slow:
    """`then`, but only after that many seconds (or when the engine stops)."""

    seconds: float
    then: Reply | Raw | Chunks = field(default_factory=Reply)


Answer = Union[Reply, Raw, Chunks, Slow]


@dataclass(frozen=True)
class Seen:
    """A request as it came; `path` is unquoted and without the version, which is in `version`."""

    method: str
    path: str
    version: str
    query: Mapping[str, list[str]]
    headers: Mapping[str, str]
    body: bytes
    connection: int

    @property
    def json(self) -> Any:
        return json.loads(self.body)


class FakeEngine:
    """Listens from `with` on. `address` is what a user would write as docker_host."""

    def __init__(
        self,
        unix: str | None = None,
        *,
        api: str = "1.51",
        min_api: str = "1.24",
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.unix, self.api, self.min_api, self.tls = unix, api, min_api, tls
        self.seen: list[Seen] = []
        self.connections = 0
        self.stopping = threading.Event()
        self._script: dict[tuple[str, str], list[Answer | Callable[[Seen], Answer]]] = {}
        self._lock = threading.Lock()

    def on(self, method: str, path: str, *answers: Answer | Callable[[Seen], Answer]) -> None:
        """Answer these in turn, the last one for ever."""
        self._script[method, path] = list(answers)

    def asked(self, method: str, path: str) -> int:
        """How many such requests came."""
        return sum((seen.method, seen.path) == (method, path) for seen in self.seen)

    def __enter__(self) -> FakeEngine:
        engine = self

        class Handler(_Handler):
            fake = engine

        if self.unix:
            server: Any = _UnixServer(self.unix, Handler)
            self.address = f"unix://{self.unix}"
        else:
            server = _TCPServer(("127.0.0.1", 0), Handler)
            self.address = f"tcp://127.0.0.1:{server.server_address[1]}"
        self._server = server
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.stopping.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def connected(self) -> int:
        with self._lock:
            self.connections += 1
            return self.connections

    def answer(self, seen: Seen) -> Answer:
        with self._lock:
            self.seen.append(seen)
            script = self._script.get((seen.method, seen.path))
            found = (script.pop(0) if len(script) > 1 else script[0]) if script else None
        if found is None or seen.path == "/_ping":
            refusal = self._refusal(seen.version)
            if refusal:
                return refusal
        if found is not None:
            return found(seen) if callable(found) else found
        if seen.path == "/_ping":
            return Reply("OK")
        return Reply({"message": "page not found"}, 404)

    def _refusal(self, version: str) -> Reply | None:
        def numbers(text: str) -> list[int]:
            return [int(part) for part in text.split(".")]

        if not version:
            return None
        if numbers(version) < numbers(self.min_api):
            text = f"client version {version} is too old. Minimum supported API version is {self.min_api}, "
            return Reply({"message": text + "please upgrade your client to a newer version"}, 400)
        if numbers(version) > numbers(self.api):
            text = f"client version {version} is too new. Maximum supported API version is {self.api}"
            return Reply({"message": text}, 400)
        return None


class _TCPServer(socketserver.ThreadingTCPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128
    allow_reuse_address = True


class _UnixServer(socketserver.ThreadingUnixStreamServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 128


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    fake: FakeEngine

    def setup(self) -> None:
        self.number = self.fake.connected()
        if self.fake.tls:
            self.request = self.fake.tls.wrap_socket(self.request, server_side=True)
        super().setup()

    def handle(self) -> None:
        try:
            super().handle()
        except OSError:
            pass  # the client went away

    def log_message(self, *args: Any) -> None:
        pass

    def _serve(self) -> None:
        if not re.fullmatch(r"[\w.:\[\]-]+", self.headers.get("Host", "")):  # as Go's server does
            self.wfile.write(
                b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n400 Bad Request: malformed Host header"
            )
            self.close_connection = True
            return
        parts = urlsplit(self.path)
        versioned = re.fullmatch(r"/v(\d+\.\d+)(/.*)", parts.path)
        version, path = versioned.groups() if versioned else ("", parts.path)
        seen = Seen(
            self.command,
            unquote(path),
            version,
            parse_qs(parts.query, keep_blank_values=True),
            {key.lower(): value for key, value in self.headers.items()},
            self._body(),
            self.number,
        )
        answer = self.fake.answer(seen)
        if isinstance(answer, Slow):
            self.fake.stopping.wait(answer.seconds)
            answer = answer.then
        if isinstance(answer, Raw):
            self.wfile.write(answer.data)
            self.close_connection = True
        elif isinstance(answer, Chunks):
            self._chunks(answer)
        else:
            self._reply(answer)

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = _serve  # noqa: N815

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length", "0")))
        body = b""
        while True:
            size = int(self.rfile.readline(), 16)
            body += self.rfile.read(size)
            self.rfile.readline()
            if not size:
                return body

    def _begin(self, status: int, headers: Mapping[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Api-Version": self.fake.api, "Docker-Experimental": "false", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _reply(self, reply: Reply) -> None:
        kind, body = "application/json", reply.body
        if isinstance(body, bytes):
            kind = "application/octet-stream"
        elif isinstance(body, str):
            kind, body = "text/plain; charset=utf-8", body.encode()
        else:
            body = b"" if body is None else json.dumps(body).encode()
        headers = {"Content-Type": kind, "Content-Length": str(len(body)), **reply.headers}
        if reply.status in (204, 304):
            headers, body = dict(reply.headers), b""
        self._begin(reply.status, headers)
        if self.command != "HEAD":
            self.wfile.write(body)

    def _chunks(self, answer: Chunks) -> None:
        self._begin(200, {"Content-Type": "application/json", "Transfer-Encoding": "chunked", **answer.headers})
        for piece in answer.pieces:
            if piece:
                self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
                self.wfile.flush()
        if answer.cut:
            self.close_connection = True
        else:
            self.wfile.write(b"0\r\n\r\n")
