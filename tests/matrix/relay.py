# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A socket in front of an engine's, at which one request is held until the engine is struck down.

with Strike(engine.kill) as strike:
    hosts = [strike.relay(engine.socket, Place(at=1, when=when)) for when in WHENS]
    # a task on each of these hosts, each in a thread of its own; all of them fail
"""

from __future__ import annotations

import http.client
import socketserver
import tempfile
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any

from engines.api import UnixConnection

# What has happened to the request that is held when the engine dies.
BEFORE = "before it is sent"
SENT = "sent"
ANSWERED = "answered, and nobody hears it"
WHENS = (BEFORE, SENT, ANSWERED)
PATIENCE = 120  # seconds


@dataclass(frozen=True)
class Place:
    """The request that is held: the `at`-th of those that change something, or with `waiting` the next that looks."""

    at: int
    when: str
    waiting: bool = False

    def __str__(self) -> str:
        return f"request {self.at} {self.when}"


class Strike:
    """Strikes once, as soon as every relay holds its request."""

    def __init__(self, strike: Callable[[], Any]) -> None:
        self.strike = strike
        self.struck = False
        self.directory = tempfile.TemporaryDirectory(prefix="dockside-")  # a socket's path must be short
        self.relays: list[Relay] = []
        self.held = 0
        self.changed = threading.Condition()

    def __enter__(self) -> Strike:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for relay in self.relays:
            relay.shutdown()
            relay.server_close()
        self.directory.cleanup()

    def relay(self, socket: str, place: Place) -> str:
        """The docker_host of a new relay in front of an engine's socket."""
        path = str(Path(self.directory.name, str(len(self.relays))))
        self.relays.append(Relay(path, socket, place, self))
        threading.Thread(target=self.relays[-1].serve_forever, args=(0.05,)).start()
        return f"unix://{path}"

    def hold(self) -> None:
        with self.changed:
            self.held += 1
            if self.held == len(self.relays):
                self.strike()
                self.struck = True
                self.changed.notify_all()
            self.changed.wait_for(lambda: self.struck, PATIENCE)


class Relay(socketserver.ThreadingUnixStreamServer):
    request_queue_size = 16
    daemon_threads = True

    def __init__(self, path: str, socket: str, place: Place, strike: Strike) -> None:
        super().__init__(path, Handler)
        self.socket_of_engine = socket
        self.place = place
        self.strike = strike
        self.count = 0

    def handle_error(self, request: Any, client_address: Any) -> None:
        """The engine is gone: the connection ends."""

    def holds(self, method: str) -> bool:
        looks = method in ("GET", "HEAD")
        self.count += not looks
        return self.count == self.place.at and looks == self.place.waiting and not self.strike.struck


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Relay

    def pass_on(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        held, when, strike = self.server.holds(self.command), self.server.place.when, self.server.strike
        if held and when == BEFORE:
            strike.hold()
        engine = UnixConnection(self.server.socket_of_engine, PATIENCE)
        try:
            engine.request(self.command, self.path, body, dict(self.headers))
            if held and when == SENT:
                strike.hold()
            answer = engine.getresponse()
            data = answer.read()
        finally:
            engine.close()
        if held:  # ANSWERED
            strike.hold()
            raise http.client.HTTPException("nobody hears it")
        self.send_response(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("do_"):
            return self.pass_on
        raise AttributeError(name)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def address_string(self) -> str:
        return "task"
