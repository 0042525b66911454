# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoint -> HTTP over connections that are used again.

With Python's own http.client: to import requests would take longer than most tasks do.
"""

from __future__ import annotations

import http.client
import os
import select
import socket
import ssl
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress

from .endpoint import Endpoint
from .errors import ConnectionLost, EndpointError, EngineError, EngineTimeout, UnreachableError

CONNECTIONS = 8  # that a session keeps open
# what may be raised between a request and the end of its answer; see fault()
FAULTS: tuple[type[BaseException], ...] = (ConnectionLost, OSError, http.client.HTTPException)
_PIECE = 65536  # bytes read at once


class Session:
    """What is open to a daemon: a connection for each request under way, and those that wait for the next one.

    Threads may share it.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._context = tls_context(endpoint)
        self._children: list[subprocess.Popen[bytes]] = []
        self._idle: list[http.client.HTTPConnection] = []
        self._room = CONNECTIONS

    def request(
        self,
        method: str,
        url: str,
        body: bytes | Iterable[bytes] | None,
        headers: Mapping[str, str],
        wait: float | None,
    ) -> Answer:
        """The beginning of the answer; `wait`: seconds for each part of it. Raises what is in FAULTS, and EngineError.

        A body in pieces is sent without a time limit: an engine takes it as fast as it works on it.
        """
        connection = self._connection()
        try:
            connection.sock.settimeout(self.endpoint.timeout if isinstance(body, (bytes, type(None))) else None)
            # A daemon that takes no more has refused something already: read what it says.
            with suppress(ConnectionError, ssl.SSLEOFError):
                connection.request(method, url, body, headers)
            connection.sock.settimeout(wait)
            return Answer(self, connection, connection.getresponse(), wait)
        except BaseException:
            connection.close()
            raise

    def _connection(self) -> http.client.HTTPConnection:
        while self._idle:
            try:
                connection = self._idle.pop()
            except IndexError:  # another thread was faster
                break
            poll = select.poll()
            poll.register(connection.sock, select.POLLIN)
            if not poll.poll(0):
                return connection
            connection.close()  # the daemon has, too
        endpoint = self.endpoint
        host = endpoint.host.rpartition("@")[2] if endpoint.port else "localhost"
        connection = http.client.HTTPConnection(host, endpoint.port)
        try:
            connection.sock = dial(endpoint, self._context, self._children)
        except OSError as error:
            raise fault(error, endpoint, opening=True) from error
        return connection

    def release(self, connection: http.client.HTTPConnection) -> None:
        """Keep a connection whose answer was read to its end."""
        if len(self._idle) < self._room:
            self._idle.append(connection)
        else:
            connection.close()

    def close(self) -> None:
        self._room = 0
        while self._idle:
            self._idle.pop().close()
        while self._children:
            reap(self._children.pop())


class Answer:
    """An answer under way, to be used in a with statement, which frees its connection."""

    def __init__(
        self,
        session: Session,
        connection: http.client.HTTPConnection,
        response: http.client.HTTPResponse,
        wait: float | None,
    ) -> None:
        self._session, self._connection, self._response, self._wait = session, connection, response, wait
        self.status: int = response.status
        self.headers: http.client.HTTPMessage = response.headers

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes; ConnectionLost when it ends too early."""
        response, endpoint = self._response, self._session.endpoint
        # Of a known length read1() would wait for more after the end, before Python 3.13.
        read = response.read1 if response.length is None else response.read
        try:
            while True:
                piece = read(_PIECE)
                if not piece:
                    break
                yield piece
        except FAULTS as error:
            raise fault(error, endpoint, self._wait) from error
        if response.length:
            raise ConnectionLost(str(endpoint), f"{response.length} bytes are missing")

    def __enter__(self) -> Answer:
        return self

    def __exit__(self, *error: object) -> None:
        if self._response.isclosed() and self._connection.sock:
            self._session.release(self._connection)
        else:
            self._response.close()
            self._connection.close()


def fault(
    error: BaseException, endpoint: Endpoint, seconds: float | None = None, *, opening: bool = False
) -> EngineError:
    """The EngineError for one of FAULTS; `seconds`: the read timeout; `opening`: while a connection was opened."""
    where = str(endpoint)
    if isinstance(error, EngineError):
        return error
    if isinstance(error, (socket.timeout, TimeoutError)):
        return EngineTimeout(where, f"no answer within {seconds or endpoint.timeout:g} seconds (option timeout)")
    text = (isinstance(error, OSError) and error.strerror) or repr(error)[:200]
    lost = (ConnectionError, http.client.IncompleteRead, ssl.SSLEOFError, ssl.SSLZeroReturnError)
    if not opening and isinstance(error, lost):
        return ConnectionLost(where, text)
    hints: dict[type[BaseException], str] = {
        ssl.SSLCertVerificationError: "see ca_path and tls_hostname",
        ssl.SSLError: "does the daemon speak TLS? see client_cert and client_key",
        socket.gaierror: f"the host name {endpoint.host!r} is not known",
        FileNotFoundError: "is Docker installed, and does the daemon run?",
        PermissionError: f"use become: true, or let user id {os.geteuid()} join the group docker",
        ConnectionRefusedError: "does the daemon run and listen there?",
        http.client.HTTPException: "what answers is not HTTP",
        OSError: "is the address right?",
    }
    hint = next((hint for kind, hint in hints.items() if isinstance(error, kind)), "")
    return UnreachableError(where, f"{text}: {hint}") if hint else ConnectionLost(where, text)


def tls_context(endpoint: Endpoint) -> ssl.SSLContext | None:
    tls = endpoint.tls
    if not tls:
        return None
    what = f"ca_path {tls.ca}"
    try:
        context = ssl.create_default_context(cafile=tls.ca if tls.verify else None)
        if tls.cert:
            what = f"client_cert {tls.cert} with client_key {tls.key}"
            context.load_cert_chain(tls.cert, tls.key, password="")  # else OpenSSL asks for one
    except (OSError, ValueError) as error:
        raise EndpointError(f"TLS to {endpoint} is not possible with {what}: {error}") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def dial(endpoint: Endpoint, context: ssl.SSLContext | None, children: list[subprocess.Popen[bytes]]) -> socket.socket:
    """A socket to the daemon, with TLS if there is a context; `children` get the ssh programs, to be reap()ed."""
    if endpoint.scheme == "ssh":
        from .ssh import connect  # few need it

        return connect(endpoint, children)
    if endpoint.scheme == "unix":
        sock = socket.socket(socket.AF_UNIX)
    else:
        sock = socket.create_connection((endpoint.host, endpoint.port or 0), endpoint.timeout)
    try:
        sock.settimeout(endpoint.timeout)
        if endpoint.scheme == "unix":
            sock.connect(endpoint.path)
            return sock
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 30)
        if not context or not endpoint.tls:
            return sock
        return context.wrap_socket(sock, server_hostname=endpoint.tls.hostname or endpoint.host)
    except BaseException:
        sock.close()
        raise


def reap(child: subprocess.Popen[bytes]) -> None:
    """See to the end of an ssh program whose connection was closed."""
    try:
        child.wait(2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
