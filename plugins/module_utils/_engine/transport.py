# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Endpoint -> requests session. The only file that imports requests, urllib3 and requests-unixsocket.

However the daemon is reached, a session has one adapter with one pool, and only opening a socket differs: so connections are
kept per daemon, and nothing depends on how a release of requests looks up its pools.
"""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import tempfile
from typing import Any, List, Optional, Tuple, Type

from .endpoint import Endpoint
from .errors import ConnectionLost, EndpointError, EngineError, EngineTimeout, LibraryError, UnreachableError

# What the libraries raise when a connection cannot be had or breaks; fault() makes an EngineError of it.
FAULTS: Tuple[Type[BaseException], ...] = (OSError, http.client.HTTPException)
_MISSING: Optional[ImportError] = None
_MISSING_UNIX: Optional[ImportError] = None
try:
    import requests
    from requests.adapters import HTTPAdapter
    from urllib3.connection import HTTPConnection
    from urllib3.connectionpool import HTTPConnectionPool
    from urllib3.exceptions import HTTPError
except ImportError as error:
    _MISSING = error
else:
    FAULTS += (HTTPError,)
try:
    from requests_unixsocket.adapters import UnixAdapter
except ImportError as error:
    _MISSING_UNIX = error

_CONNECTIONS = 8  # kept open at most; more threads than this open more, which are closed after use
_QUIET = 30  # seconds without traffic after which the kernel, or ssh, asks whether the other end is alive


def session(endpoint: Endpoint) -> requests.Session:
    """A session whose requests to http://<anything>/ all go to the endpoint. No I/O but reading certificates."""
    if _MISSING:
        raise LibraryError("requests", _MISSING)
    if _MISSING_UNIX and endpoint.scheme == "unix":
        raise LibraryError("requests-unixsocket", _MISSING_UNIX)
    children: List[subprocess.Popen[bytes]] = []
    context = _tls_context(endpoint)

    def connect() -> socket.socket:
        if endpoint.scheme == "unix":
            return _open_unix(endpoint)
        return _open_ssh(endpoint, children) if endpoint.scheme == "ssh" else _open_tcp(endpoint, context)

    class Connection(HTTPConnection):
        def connect(self) -> None:
            try:
                self.sock = connect()
            except OSError as error:
                raise fault(error, endpoint) from error
            self.sock.settimeout(self.timeout)

        def putheader(self, header: Any, *values: Any) -> None:
            # requests before 2.32 sends streamed bodies past urllib3, which would leave the previous request's read
            # timeout on a connection used again.
            if header == "Transfer-Encoding" and self.sock:
                self.sock.settimeout(None)
            super().putheader(header, *values)

        def send(self, data: Any) -> None:
            try:
                super().send(data)
            except BrokenPipeError:
                pass  # the daemon has answered before the end of the body: what it says is worth reading

    pool = HTTPConnectionPool(endpoint.host or "localhost", endpoint.port, timeout=None, maxsize=_CONNECTIONS)
    pool.ConnectionCls = Connection

    class Adapter(UnixAdapter if endpoint.scheme == "unix" else HTTPAdapter):  # type: ignore[misc]
        # Called by requests up to 2.31 and from 2.32 on.
        def get_connection(self, url: Any, proxies: Any = None) -> HTTPConnectionPool:
            return pool

        def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> HTTPConnectionPool:
            return pool

        def close(self) -> None:
            pool.close()
            while children:
                _end(children.pop(), 2)

    made = requests.Session()
    made.trust_env = False  # neither proxies nor .netrc nor somebody's REQUESTS_CA_BUNDLE
    made.adapters.clear()
    made.mount("http://", Adapter())
    made.headers["User-Agent"] = "dockside.engine"
    return made


def fault(error: BaseException, endpoint: Endpoint, seconds: Optional[float] = None) -> EngineError:
    """The EngineError for one of FAULTS. `seconds` is the read timeout that was in force."""
    where, chain, cause = str(endpoint), [], error
    while cause and cause not in chain:
        chain.append(cause)
        cause = cause.__cause__ or cause.__context__  # type: ignore[assignment]

    def found(*kinds: Type[BaseException]) -> Any:
        return next((cause for cause in reversed(chain) if isinstance(cause, kinds)), None)

    known, tls = found(EngineError), found(ssl.SSLError)
    if known:
        return known  # type: ignore[no-any-return]
    if found(socket.timeout, TimeoutError) or "Timeout" in type(error).__name__:
        return EngineTimeout(where, f"no answer within {seconds or endpoint.timeout:g} seconds (option timeout)")
    if isinstance(tls, ssl.SSLCertVerificationError):
        hint = "ca_path names the authority to trust, tls_hostname the name in the certificate"
        return UnreachableError(where, f"its certificate is not accepted: {tls.verify_message} ({hint})")
    if tls:
        text = tls.reason or str(tls)
        if "ALERT" in text.upper() and "CERT" in text.upper():
            text += " (the daemon does not accept the client's certificate: see client_cert and client_key)"
        elif "WRONG_VERSION" in text or "RECORD_LAYER" in text:
            text += " (the daemon does not seem to speak TLS)"
        return UnreachableError(where, f"TLS failed: {text}")
    if found(socket.gaierror):
        return UnreachableError(where, f"the host name {endpoint.host} is unknown: {found(socket.gaierror).strerror}")
    if found(FileNotFoundError, NotADirectoryError):
        return UnreachableError(where, "there is no such socket; is Docker installed, and does the daemon run?")
    if found(PermissionError):
        hint = "become root (become: true) or put the user into the group that owns the socket (usually docker)"
        return UnreachableError(where, f"permission denied for the user with id {os.geteuid()}; {hint}")
    if found(ConnectionRefusedError):
        return UnreachableError(where, "connection refused; does the daemon run and listen there?")
    odd = found(http.client.BadStatusLine, http.client.LineTooLong, http.client.UnknownProtocol)
    if odd and not isinstance(odd, ConnectionError):
        return UnreachableError(where, f"what answers there does not speak HTTP: {str(odd)[:200]!r}")
    if isinstance(error, OSError) and len(chain) == 1 and error.errno:
        return UnreachableError(where, error.strerror or str(error))
    return ConnectionLost(where, f"{type(chain[-1]).__name__}: {str(chain[-1])[:200]}")


def _tls_context(endpoint: Endpoint) -> Optional[ssl.SSLContext]:
    tls = endpoint.tls
    if not tls:
        return None
    name, path = "ca_path", tls.ca
    try:
        # With an authority given, the system's own ones are not loaded.
        context = ssl.create_default_context(cafile=tls.ca if tls.verify else None)
        if tls.cert:
            name, path = "client_cert / client_key", f"{tls.cert}, {tls.key}"
            context.load_cert_chain(tls.cert, tls.key, password=b"")  # else OpenSSL asks for one on the terminal
    except (OSError, ValueError) as error:
        raise EndpointError(f"The TLS material of {endpoint} cannot be used: {name} ({path}): {error}") from error
    if not tls.verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def _open_unix(endpoint: Endpoint) -> socket.socket:
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        sock.settimeout(endpoint.timeout)
        sock.connect(endpoint.path)
    except BaseException:
        sock.close()
        raise
    return sock


def _open_tcp(endpoint: Endpoint, context: Optional[ssl.SSLContext]) -> socket.socket:
    sock = socket.create_connection((endpoint.host, endpoint.port or 0), endpoint.timeout)
    try:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        # A stream may be quiet for hours; a dead host is noticed by these.
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for name, value in (("TCP_KEEPIDLE", _QUIET), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3)):
            if hasattr(socket, name):
                sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, name), value)
        if not context or not endpoint.tls:
            return sock
        return context.wrap_socket(sock, server_hostname=endpoint.tls.hostname or endpoint.host)
    except BaseException:
        sock.close()
        raise


def _open_ssh(endpoint: Endpoint, children: List[subprocess.Popen[bytes]]) -> socket.socket:
    """A socket whose other end is `ssh … docker system dial-stdio`, proven to reach a daemon.

    Only a first answer tells a login that worked from one that did not, so one HEAD /_ping is asked here; ssh's own
    words then come as the reason.
    """
    command = ["ssh", "-T", "-o", "BatchMode=yes", "-o", f"ConnectTimeout={max(1, int(endpoint.timeout))}"]
    command += ["-o", f"ServerAliveInterval={_QUIET}"]
    command += ["-l", endpoint.user] if endpoint.user else []
    command += ["-p", str(endpoint.port)] if endpoint.port else []
    command += ["--", endpoint.host, "docker"]
    command += ["--host", f"unix://{endpoint.path}"] if endpoint.path else []
    sock, theirs = socket.socketpair()
    with theirs, tempfile.TemporaryFile() as stderr:
        try:
            child = subprocess.Popen([*command, "system", "dial-stdio"], stdin=theirs, stdout=theirs, stderr=stderr)
        except OSError as error:
            sock.close()
            reason = f"the program ssh cannot be run: {error.strerror} (Debian package openssh-client)"
            raise UnreachableError(str(endpoint), reason) from error
        theirs.close()
        answer, reason = b"", ""
        try:
            sock.settimeout(endpoint.timeout)
            sock.sendall(b"HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")
            while b"\r\n\r\n" not in answer and len(answer) < 65536:
                part = sock.recv(4096)
                if not part:
                    break
                answer += part
        except socket.timeout:
            reason = f"no answer within {endpoint.timeout:g} seconds (option timeout)"
        except OSError:
            pass  # ssh is gone; what it wrote says why
        if answer.startswith(b"HTTP/") and answer.endswith(b"\r\n\r\n"):
            children[:] = [child for child in children if child.poll() is None] + [child]
            return sock
        sock.close()
        _end(child, 0 if reason else 2)
        stderr.seek(0)
        lines = stderr.read(8192).decode(errors="replace").splitlines()
        words = " ".join(line.strip() for line in lines if line.strip("@ \t\r"))
        if answer:
            words = f"what answers there does not speak HTTP: {answer[:200]!r} {words}"
        if reason:
            raise EngineTimeout(str(endpoint), f"{reason} {words}".strip())
        raise UnreachableError(str(endpoint), words or f"ssh ended with status {child.returncode}")


def _end(child: subprocess.Popen[bytes], grace: float) -> None:
    """Reap a child: it gets `grace` seconds to end by itself."""
    for stop in (child.terminate, child.kill):
        try:
            child.wait(grace)
            return
        except subprocess.TimeoutExpired:
            stop()
        grace = 2
    child.wait()
