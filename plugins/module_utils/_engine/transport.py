# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Endpoint -> requests session, with one pool. The only file that imports requests, urllib3, requests-unixsocket."""

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

CONNECTIONS = 8  # that a session keeps open
# what the libraries raise; see fault()
FAULTS: tuple[type[BaseException], ...] = (ConnectionLost, OSError, http.client.HTTPException)
_MISSING: dict[str, Exception] = {}
try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool
    from urllib3.exceptions import HTTPError

    FAULTS += (HTTPError,)
except (ImportError, OSError) as error:  # it opens its CA bundle as it is imported
    _MISSING["requests"] = error
try:
    from requests_unixsocket.adapters import UnixAdapter
except (ImportError, OSError) as error:
    _MISSING["requests-unixsocket"] = error


def session(endpoint: Endpoint) -> requests.Session:
    """All that is asked of http://localhost/ goes to the endpoint."""
    unix = endpoint.scheme == "unix"
    for library in ("requests", "requests-unixsocket")[: 1 + unix]:
        if library in _MISSING:
            raise LibraryError(library, _MISSING[library])
    children: list[subprocess.Popen[bytes]] = []
    context = tls_context(endpoint)

    class Connection(HTTPConnection):
        def connect(self) -> None:
            try:
                self.sock = dial(endpoint, context, children)
            except OSError as error:
                raise fault(error, endpoint) from error
            self.sock.settimeout(self.timeout)

        def putheader(self, header: Any, *values: Any) -> None:
            # requests before 2.32 streams bodies past urllib3, with the last request's read timeout
            if header == "Transfer-Encoding" and self.sock:
                self.sock.settimeout(None)
            super().putheader(header, *values)

        def send(self, data: Any) -> None:
            try:
                super().send(data)
            except (ConnectionError, ssl.SSLEOFError):
                pass  # the daemon has refused something already: read what it says

    pool = HTTPConnectionPool(
        endpoint.host.rpartition("@")[2] or "localhost", endpoint.port, timeout=None, maxsize=CONNECTIONS
    )
    pool.ConnectionCls = Connection

    class Adapter(UnixAdapter if unix else HTTPAdapter):  # type: ignore[misc]
        def get_connection(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
            return pool

        get_connection_with_tls_context = get_connection  # its name from requests 2.32 on

        def close(self) -> None:
            pool.close()
            while children:
                end(children.pop())

    made = requests.Session()
    made.trust_env = False  # no proxies, no REQUESTS_CA_BUNDLE
    made.mount("http://", Adapter())
    made.headers["User-Agent"] = "dockside.engine"
    return made


def fault(error: BaseException, endpoint: Endpoint, seconds: float | None = None) -> EngineError:
    """The EngineError for one of FAULTS; `seconds`: the read timeout."""
    chain = [error]  # not by __context__: a caller may be handling an error of its own
    for cause in chain:
        chain += [arg for arg in (*cause.args, getattr(cause, "reason", 0)) if isinstance(arg, BaseException)]
    first, where = chain[-1], str(endpoint)
    if isinstance(first, EngineError):
        return first
    if any("timeout" in type(cause).__name__.lower() for cause in chain):
        return EngineTimeout(where, f"no answer within {seconds or endpoint.timeout:g} seconds (option timeout)")
    text = (isinstance(first, OSError) and first.strerror) or repr(first)[:200]
    # wrapped: it broke after opening
    lost = (ConnectionError, http.client.IncompleteRead, ssl.SSLEOFError, ssl.SSLZeroReturnError)
    if first is not error and isinstance(first, lost):
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
    hint = next((hint for kind, hint in hints.items() if isinstance(first, kind)), "")
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
    """A socket to the daemon, with TLS if there is a context; `children` get the ssh programs, to be end()ed."""
    if endpoint.scheme == "ssh":
        return _open_ssh(endpoint, children)
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


def _open_ssh(endpoint: Endpoint, children: list[subprocess.Popen[bytes]]) -> socket.socket:
    """A socket to `docker system dial-stdio`. Only an answer shows that the login worked."""
    command = ["ssh", "-T", "-oBatchMode=yes", "-oServerAliveInterval=30", f"-oConnectTimeout={endpoint.timeout:.0f}"]
    command += [f"-p{endpoint.port}"] if endpoint.port else []
    command += ["--", endpoint.host, "docker", *(["--host", f"unix://{endpoint.path}"] if endpoint.path else [])]
    sock, theirs = socket.socketpair()
    with theirs, tempfile.TemporaryFile() as stderr:
        pipe = theirs.fileno()
        try:
            # run_command belongs to modules, and cannot leave a program running
            child = subprocess.Popen(  # pylint: disable=ansible-bad-function
                [*command, "system", "dial-stdio"], stdin=pipe, stdout=pipe, stderr=stderr
            )
        except OSError as error:
            sock.close()
            raise UnreachableError(str(endpoint), f"no program ssh (Debian: openssh-client): {error}") from error
        theirs.close()
        kind, answer, words = UnreachableError, b"", ""
        try:
            sock.settimeout(endpoint.timeout + 2)  # ssh's own limit comes first, and with a reason
            sock.sendall(b"HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")
            while b"\r\n\r\n" not in answer:
                answer += sock.recv(4096) or b"\r\n\r\n"
        except socket.timeout:
            kind, words = EngineTimeout, "no answer in time (option timeout) "
        except OSError:
            pass  # ssh is gone and has said why
        if answer.startswith(b"HTTP/"):
            children[:] = [child for child in children if child.poll() is None] + [child]
            return sock
        sock.close()
        end(child)
        stderr.seek(0)
        said = (stderr.read(8192) + answer[:200]).decode(errors="replace").split()
        words += " ".join(word for word in said if word.strip("@"))
        raise kind(str(endpoint), words or f"ssh ended with status {child.returncode}")


def end(child: subprocess.Popen[bytes]) -> None:
    try:
        child.wait(2)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
