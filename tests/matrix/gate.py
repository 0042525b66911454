# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A relay in front of a registry or a daemon that limits requests and cuts connections."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Callable
from types import TracebackType
from typing import Any

_REQUEST = re.compile(rb"(GET|HEAD|POST|PUT|PATCH) /v2/(\S+) HTTP/1.1\r\n")
_LIMIT = json.dumps({"errors": [{"code": "TOOMANYREQUESTS", "message": "slow down"}]}).encode()


class Gate:
    """`with Gate(listener, dial) as gate:` relays what comes to the listener to what `dial` connects to.

    name     how image names begin
    refuse   how many of the next requests to a registry, beside the one that only looks for it, get status 429
    cut      bytes; a connection whose answer begins to show them is cut, so often as `cuts` says
    refused, broken   how often that has happened
    """

    def __init__(self, listener: socket.socket, dial: Callable[[], socket.socket]) -> None:
        self.refuse = self.cuts = self.refused = self.broken = 0
        self.cut = b""
        self._listener, self._dial = listener, dial
        address = listener.getsockname()
        self.name = f"{address[0]}:{address[1]}" if isinstance(address, tuple) else address
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []

    def __enter__(self) -> Gate:
        self._start(self._accept)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        for each in (self._listener, *self._open):
            _end(each)
        for thread in self._threads:
            thread.join()
        for each in (self._listener, *self._open):
            each.close()

    def _start(self, work: Callable[..., None], *args: Any) -> None:
        thread = threading.Thread(target=work, args=args)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while True:
            try:
                client, _address = self._listener.accept()
            except OSError:
                return
            server = self._dial()
            self._open += [client, server]
            self._start(self._ask, client, server)
            self._start(self._answer, server, client)

    def _ask(self, client: socket.socket, server: socket.socket) -> None:
        try:
            while data := client.recv(65536):
                found = _REQUEST.match(data)
                if found and self.refuse > 0:
                    self.refuse -= 1
                    self.refused += 1
                    head = "HTTP/1.1 429 Too Many Requests\r\nContent-Type: application/json\r\n"
                    head += f"Docker-Distribution-Api-Version: registry/2.0\r\nContent-Length: {len(_LIMIT)}\r\n\r\n"
                    client.sendall(head.encode() + (b"" if found[1] == b"HEAD" else _LIMIT))
                    continue
                server.sendall(data)
        except OSError:
            pass  # the other side is gone
        _end(server)

    def _answer(self, server: socket.socket, client: socket.socket) -> None:
        try:
            while data := server.recv(65536):
                if self.cuts > 0 and self.cut in data:
                    self.cuts -= 1
                    self.broken += 1
                    client.sendall(data[: data.find(self.cut)])
                    break
                client.sendall(data)
        except OSError:
            pass
        _end(client)
        _end(server)


def _end(connection: socket.socket) -> None:
    try:
        connection.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
