# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A proxy in front of an engine, of the kind that understands HTTP and WebSockets, and nothing that is neither."""

from __future__ import annotations

import re
import socket
import tempfile
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

UPGRADE = re.compile(rb"^(Connection|Upgrade):.*\r\n", re.MULTILINE)
FORBIDDEN = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 7\r\nConnection: close\r\n\r\nnot me!"


@contextmanager
def relay(engine: str, *, refuses: bool = False, websockets: bool = True) -> Iterator[tuple[str, list[str]]]:
    """(docker_host, requests): a socket in front of the engine's, and the requests that it has seen so far.

    refuses: an upgrade is answered with 403; else it is taken out of the request.
    websockets: whether those are let through.
    """
    seen: list[str] = []
    threads: list[threading.Thread] = []

    def serve(client: socket.socket) -> None:
        with client, client.makefile("rb") as stream, socket.socket(socket.AF_UNIX) as behind:
            head = b"".join(iter(stream.readline, b"\r\n"))
            if not head:
                return
            seen.append(head.partition(b" HTTP/")[0].decode())
            behind.connect(engine)
            if websockets and b"Upgrade: websocket" in head:
                behind.sendall(head + b"\r\n")
                both(client, behind, behind.sendall)
            elif refuses and b"Upgrade:" in head:
                client.sendall(FORBIDDEN)
            else:
                size = re.search(rb"Content-Length: (\d+)", head)
                body = stream.read(int(size[1])) if size else b""
                behind.sendall(UPGRADE.sub(b"", head) + b"Connection: close\r\n\r\n" + body)
                both(client, behind, lambda data: None)  # what else would come is no HTTP

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                client, _address = listener.accept()
            except OSError:
                return
            threads.append(threading.Thread(target=serve, args=(client,)))
            threads[-1].start()

    with tempfile.TemporaryDirectory(prefix="dockside-") as directory, socket.socket(socket.AF_UNIX) as listener:
        path = str(Path(directory, "docker.sock"))
        listener.bind(path)
        listener.listen()
        accepting = threading.Thread(target=accept, args=(listener,))
        accepting.start()
        try:
            yield f"unix://{path}", seen
        finally:
            listener.shutdown(socket.SHUT_RDWR)
            accepting.join()
            for thread in threads:
                thread.join()


def both(client: socket.socket, engine: socket.socket, forward: Callable[[bytes], None]) -> None:
    """All that the engine says to the client, and what the client says to `forward`, until one of them hangs up."""

    def copy(source: socket.socket, take: Callable[[bytes], None]) -> None:
        try:
            while data := source.recv(65536):
                take(data)
        except OSError:
            pass  # one side is gone
        for end in (client, engine):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass

    back = threading.Thread(target=copy, args=(client, forward))
    back.start()
    copy(engine, client.sendall)
    back.join()
