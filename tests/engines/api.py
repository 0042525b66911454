"""A small HTTP client over a unix socket, independent of the product: enough to prepare and to look at an engine."""

from __future__ import annotations

import http.client
import json
import socket
from collections.abc import Mapping
from typing import Any

from engines.process import wait_for


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str, timeout: float) -> None:
        super().__init__("localhost", timeout=timeout)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self._path)


def request(
    socket_path: str,
    method: str,
    path: str,
    body: Any = None,
    headers: Mapping[str, str] | None = None,
    *,
    timeout: float = 60,
) -> tuple[int, Any]:
    """One request: (status, decoded body). OSError when nobody answers.

    `body`: bytes are sent as they are (a tar, unless a header says otherwise), anything else but None as JSON.
    Answers: JSON decoded; a stream of JSON lines as a list; other text as str, other bytes as bytes; nothing as None.
    """
    sent = dict(headers or {})
    if isinstance(body, bytes):
        sent.setdefault("Content-Type", "application/x-tar")
    elif body is not None:
        body = json.dumps(body).encode()
        sent.setdefault("Content-Type", "application/json")
    connection = UnixConnection(socket_path, timeout)
    try:
        connection.request(method, path, body, sent)
        answer = connection.getresponse()
        return answer.status, _decoded(answer.read(), answer.headers.get_content_type())
    finally:
        connection.close()


def fetch(address: str, port: int, path: str = "/", timeout: float = 10) -> tuple[int, str]:
    """(status, text) of a plain HTTP GET over TCP. A server that does not answer yet is waited for."""

    def answered() -> tuple[int, str] | None:
        connection = http.client.HTTPConnection(address, port, timeout=timeout)
        try:
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        except (OSError, http.client.HTTPException):
            return None
        finally:
            connection.close()

    return wait_for(f"an answer of http://{address}:{port}{path}", answered, timeout)


def _decoded(data: bytes, content_type: str) -> Any:
    if not data:
        return None
    try:
        text = data.decode()
    except UnicodeDecodeError:
        return data
    if content_type not in ("application/json", "application/x-ndjson"):
        return text
    try:
        return json.loads(text)
    except ValueError:
        return [json.loads(line) for line in text.splitlines() if line.strip()]
