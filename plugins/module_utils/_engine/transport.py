# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoint -> requests session. The only file that imports requests, urllib3 and requests-unixsocket.

A session has one adapter with one pool; only opening a socket differs. So connections are kept per daemon, and nothing
depends on how a release of requests finds its pools.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import tempfile
from typing import Any

from .endpoint import Endpoint
from .errors import ConnectionLost, EndpointError, EngineError, EngineTimeout, LibraryError, UnreachableError

# What the libraries raise when a connection fails; fault() makes an EngineError of it.
FAULTS: tuple[type[BaseException], ...] = (ConnectionLost, OSError, http.client.HTTPException)
_MISSING: dict[str, ImportError] = {}
try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool
    from urllib3.exceptions import HTTPError

    FAULTS += (HTTPError,)
except ImportError as error:
    _MISSING["requests"] = error
try:
    from requests_unixsocket.adapters import UnixAdapter
except ImportError as error:
    _MISSING["requests-unixsocket"] = error

_QUIET = 30  # seconds of silence after which the kernel, or ssh, asks whether the other end is alive


def session(endpoint: Endpoint) -> requests.Session:
    """A session whose requests to http://localhost/ go to the endpoint. Opens nothing yet."""
    unix = endpoint.scheme == "unix"
    for library in ("requests", "requests-unixsocket") if unix else ("requests",):
        if library in _MISSING:
            raise LibraryError(library, _MISSING[library])
    children: list[subprocess.Popen[bytes]] = []
    context = _tls_context(endpoint)

    class Connection(HTTPConnection):
        def connect(self) -> None:
            try:
                if endpoint.scheme == "ssh":
                    self.sock = _open_ssh(endpoint, children)
                else:
                    self.sock = _open(endpoint, context)
            except OSError as error:
                raise fault(error, endpoint) from error
            self.sock.settimeout(self.timeout)

        def putheader(self, header: Any, *values: Any) -> None:
            # requests before 2.32 streams bodies past urllib3: the last request's read timeout would stay in force.
            if header == "Transfer-Encoding" and self.sock:
                self.sock.settimeout(None)
            super().putheader(header, *values)

        def send(self, data: Any) -> None:
            try:
                super().send(data)
            except (ConnectionError, ssl.SSLEOFError):
                pass  # the daemon answered before it read all, or refused the certificate: read what it says

    pool = HTTPConnectionPool(endpoint.host or "localhost", endpoint.port, timeout=None, maxsize=8)
    pool.ConnectionCls = Connection

    class Adapter(UnixAdapter if unix else HTTPAdapter):  # type: ignore[misc]
        def get_connection(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
            return pool

        get_connection_with_tls_context = get_connection  # its name from requests 2.32 on

        def close(self) -> None:
            pool.close()
            while children:
                _end(children.pop())

    made = requests.Session()
    made.trust_env = False  # neither proxies nor .netrc nor somebody's REQUESTS_CA_BUNDLE
    made.mount("http://", Adapter())
    made.headers["User-Agent"] = "dockside.engine"
    return made


def fault(error: BaseException, endpoint: Endpoint, seconds: float | None = None) -> EngineError:
    """The EngineError for one of FAULTS. `seconds`: the read timeout that was in force."""
    # Not by __context__: a caller may be handling an error of its own.
    first, inner, late = error, [error], False
    while inner:
        first = inner[0]
        late = late or isinstance(first, (socket.timeout, TimeoutError)) or "Timeout" in type(first).__name__
        inner = [arg for arg in (*first.args, getattr(first, "reason", None)) if isinstance(arg, BaseException)]
    if isinstance(first, EngineError):
        return first
    where, text = str(endpoint), (isinstance(first, OSError) and first.strerror) or repr(first)[:200]
    if late:
        return EngineTimeout(where, f"no answer within {seconds or endpoint.timeout:g} seconds (option timeout)")
    # A bare error comes from opening a socket; what breaks later is wrapped by the libraries.
    lost = (ConnectionError, http.client.IncompleteRead, ssl.SSLEOFError, ssl.SSLZeroReturnError)
    if first is not error and isinstance(first, lost):
        return ConnectionLost(where, text)
    hints: dict[type[BaseException], str] = {
        ssl.SSLCertVerificationError: "see ca_path, tls_hostname and validate_certs",
        ssl.SSLError: "see client_cert and client_key; does the daemon speak TLS at all?",
        socket.gaierror: f"the host name {endpoint.host!r} is not known",
        FileNotFoundError: "there is no such socket; is Docker installed, and does the daemon run?",
        PermissionError: f"user id {os.geteuid()} may not; use become: true, or join the group of the socket (docker)",
        ConnectionRefusedError: "does the daemon run and listen there?",
        http.client.HTTPException: "what answers there does not speak HTTP",
        OSError: "is the address right?",
    }
    hint = next((hint for kind, hint in hints.items() if isinstance(first, kind)), "")
    return UnreachableError(where, f"{text}: {hint}") if hint else ConnectionLost(where, text)


def _tls_context(endpoint: Endpoint) -> ssl.SSLContext | None:
    tls = endpoint.tls
    if not tls:
        return None
    what = f"ca_path {tls.ca}"
    try:
        # With an authority given, the system's own are not loaded.
        context = ssl.create_default_context(cafile=tls.ca if tls.verify else None)
        if tls.cert:
            what = f"client_cert {tls.cert} with client_key {tls.key}"
            context.load_cert_chain(tls.cert, tls.key, password="")  # without, OpenSSL asks on the terminal
    except (OSError, ValueError) as error:
        raise EndpointError(f"The TLS material for {endpoint} cannot be used: {what}: {error}") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _open(endpoint: Endpoint, context: ssl.SSLContext | None) -> socket.socket:
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
        # A stream may be quiet for hours; these notice a dead host.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        if hasattr(socket, "TCP_KEEPIDLE"):
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, _QUIET)
        if not context or not endpoint.tls:
            return sock
        return context.wrap_socket(sock, server_hostname=endpoint.tls.hostname or endpoint.host)
    except BaseException:
        sock.close()
        raise


def _open_ssh(endpoint: Endpoint, children: list[subprocess.Popen[bytes]]) -> socket.socket:
    """A socket whose other end is `ssh ... docker system dial-stdio`.

    Only an answer tells that the login worked, so HEAD /_ping is asked first; else ssh's own words are the reason.
    """
    command = ["ssh", "-T", "-o", "BatchMode=yes", "-o", f"ServerAliveInterval={_QUIET}"]
    command += ["-o", f"ConnectTimeout={max(1, int(endpoint.timeout))}"]
    command += ["-l", endpoint.user] if endpoint.user else []
    command += ["-p", str(endpoint.port)] if endpoint.port else []
    command += ["--", endpoint.host, "docker"]
    command += ["--host", f"unix://{endpoint.path}"] if endpoint.path else []
    sock, theirs = socket.socketpair()
    with theirs, tempfile.TemporaryFile() as stderr:
        pipe = theirs.fileno()
        try:
            child = subprocess.Popen([*command, "system", "dial-stdio"], stdin=pipe, stdout=pipe, stderr=stderr)
        except OSError as error:
            sock.close()
            raise UnreachableError(str(endpoint), f"ssh (Debian: openssh-client) cannot be run: {error}") from error
        theirs.close()
        kind, answer = UnreachableError, b""
        try:
            sock.settimeout(endpoint.timeout)
            sock.sendall(b"HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")
            while b"\r\n\r\n" not in answer:
                answer += sock.recv(4096) or b"\r\n\r\n"
        except socket.timeout:
            kind = EngineTimeout
        except OSError:
            pass  # ssh is gone and has said why
        if answer.startswith(b"HTTP/"):
            children[:] = [child for child in children if child.poll() is None] + [child]
            return sock
        sock.close()
        _end(child)
        stderr.seek(0)
        lines = [line.strip(" @\t\r") for line in stderr.read(8192).decode(errors="replace").splitlines()]
        reason = " ".join(filter(None, lines)) or f"ssh ended with status {child.returncode}"
        if answer.strip():
            reason = f"what answers there does not speak HTTP: {answer[:200]!r} {reason}"
        if kind is EngineTimeout:
            reason = f"no answer within {endpoint.timeout:g} seconds (option timeout) {reason}"
        raise kind(str(endpoint), reason)


def _end(child: subprocess.Popen[bytes]) -> None:
    """Reap a child, whose socket is closed: it has two seconds to end by itself."""
    try:
        child.wait(2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
