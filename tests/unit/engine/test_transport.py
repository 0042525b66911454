# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Ways to a daemon: tcp, tls and ssh against fakes, and every reason why nobody answers."""

from __future__ import annotations

import datetime
import ipaddress
import os
import pathlib
import socket
import ssl
import stat
import sys
import threading
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine import errors
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from tests.unit.fake_engine import Chunks, FakeEngine, Raw, Reply

Connect = Callable[..., Engine]


def unreachable(engine: Engine, match: str, kind: type[errors.EngineError] = errors.UnreachableError) -> None:
    with pytest.raises(errors.EngineError, match=match) as caught:
        engine.get("/info")
    assert caught.value.__class__ is kind


# -- nobody there


def test_no_socket(sockets: str, connect: Connect) -> None:
    unreachable(
        connect(f"unix://{sockets}/none"),
        rf"Docker daemon at unix://{sockets}/none \(from option docker_host\): No such file or directory: is Docker",
    )


def test_a_socket_that_nobody_listens_on(sockets: str, connect: Connect) -> None:
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind(f"{sockets}/s")
        unreachable(connect(f"unix://{sockets}/s"), "refused: does the daemon run")


def test_a_file_that_is_no_socket(sockets: str, connect: Connect) -> None:
    pathlib.Path(f"{sockets}/s").write_text("")
    unreachable(connect(f"unix://{sockets}/s"), "refused")


def test_a_path_too_long_for_a_socket(sockets: str, connect: Connect) -> None:
    unreachable(connect(f"unix://{sockets}/{'s' * 200}"), "path too long")


def test_a_socket_without_permission(monkeypatch: pytest.MonkeyPatch, sockets: str, connect: Connect) -> None:
    def refuse(*args: Any) -> None:
        raise PermissionError(13, "Permission denied")  # root may everything, so it has to be played

    monkeypatch.setattr(socket.socket, "connect", refuse)
    unreachable(
        connect(f"unix://{sockets}/s"), r"Permission denied: use become: true, or let user id \d+ join the group docker"
    )


def test_a_port_that_nobody_listens_on(connect: Connect) -> None:
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        unreachable(connect(f"tcp://127.0.0.1:{sock.getsockname()[1]}"), "refused: does the daemon run")


def test_a_host_that_does_not_exist(connect: Connect) -> None:
    unreachable(connect("tcp://no-such-host.invalid:1"), "the host name 'no-such-host.invalid' is not known")


def test_a_host_that_does_not_answer(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    def hang(*args: Any) -> None:
        raise socket.timeout("timed out")

    monkeypatch.setattr(socket, "create_connection", hang)
    unreachable(connect("tcp://192.0.2.1:1", timeout=3), "no answer within 3 seconds", errors.EngineTimeout)


def test_the_users_environment_stays_out(monkeypatch: pytest.MonkeyPatch, connect: Connect) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with FakeEngine() as fake:
        assert connect(fake).api == (1, 51)


def test_the_host_header_names_the_daemon(connect: Connect) -> None:
    with FakeEngine() as fake:
        assert connect(fake).api
        assert f"tcp://{fake.seen[0].headers['host']}" == fake.address
        assert fake.seen[0].headers["user-agent"] == "dockside.engine"


# -- TLS


class Certificates:
    """An authority with a server's and a client's certificate, as PEM files."""

    def __init__(self, folder: pathlib.Path) -> None:
        self.folder, self._key = folder, ec.generate_private_key(ec.SECP256R1())
        folder.mkdir()
        self._issuer = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, folder.name)])
        self.ca = str(folder / "ca.pem")
        pathlib.Path(self.ca).write_bytes(
            self._sign(self._issuer, self._key, None).public_bytes(serialization.Encoding.PEM)
        )

    def _sign(self, name: x509.Name, key: ec.EllipticCurvePrivateKey, host: str | None) -> x509.Certificate:
        now = datetime.datetime.now(datetime.timezone.utc)
        builder = (
            x509.CertificateBuilder()
            .subject_name(name)
            .issuer_name(self._issuer)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - datetime.timedelta(days=1))
            .not_valid_after(now + datetime.timedelta(days=1))
            .add_extension(x509.BasicConstraints(ca=host is None, path_length=None), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
        )
        if host is None:
            usage = x509.KeyUsage(True, False, False, False, False, True, True, False, False)
            builder = builder.add_extension(usage, critical=True)
        else:
            names: list[x509.GeneralName] = [x509.DNSName(host)]
            if host[0].isdigit():
                names = [x509.IPAddress(ipaddress.ip_address(host))]
            builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        return builder.sign(self._key, hashes.SHA256())

    def issue(self, host: str, password: bytes | None = None) -> tuple[str, str]:
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, host)])
        cert_path, key_path = self.folder / f"{host}.pem", self.folder / f"{host}-key.pem"
        cert_path.write_bytes(self._sign(name, key, host).public_bytes(serialization.Encoding.PEM))
        hidden: Any = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
        key_path.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, hidden))
        return str(cert_path), str(key_path)

    def server(self, host: str, clients: str | None = None) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*self.issue(host))
        if clients:
            context.verify_mode = ssl.CERT_REQUIRED
            context.load_verify_locations(clients)
        return context


@pytest.fixture
def certificates(tmp_path: pathlib.Path) -> Certificates:
    return Certificates(tmp_path / "authority")


def test_tls_with_a_client_certificate(certificates: Certificates, connect: Connect) -> None:
    cert, key = certificates.issue("client")
    with FakeEngine(tls=certificates.server("127.0.0.1", certificates.ca)) as fake:
        fake.on("GET", "/info", Reply({"a": 1}))
        fake.on("GET", "/log", Chunks([b"one", b"two"]))
        options = {"ca_path": certificates.ca, "client_cert": cert, "client_key": key}
        engine = connect(fake, validate_certs=True, **options)
        assert engine.get("/info") == {"a": 1}
        with engine.stream("GET", "/log") as answer:
            assert b"".join(answer.chunks()) == b"onetwo"
        assert fake.connections == 1
        unreachable(connect(fake, validate_certs=True, ca_path=certificates.ca), "client_cert and client_key")


def test_a_certificate_for_another_name(certificates: Certificates, connect: Connect) -> None:
    with FakeEngine(tls=certificates.server("docker.example")) as fake:
        options = {"validate_certs": True, "ca_path": certificates.ca}
        unreachable(connect(fake, **options), "certificate verify failed.*tls_hostname")
        assert connect(fake, tls_hostname="docker.example", **options).api == (1, 51)
        unreachable(connect(fake, tls_hostname="other.example", **options), "certificate verify failed.*tls_hostname")
        assert connect(fake, tls=True).api == (1, 51)


def test_a_certificate_of_another_authority(
    certificates: Certificates, tmp_path: pathlib.Path, connect: Connect
) -> None:
    other = Certificates(tmp_path / "other")
    with FakeEngine(tls=certificates.server("127.0.0.1")) as fake:
        unreachable(connect(fake, validate_certs=True, ca_path=other.ca), "certificate verify failed.*ca_path")
        unreachable(connect(fake, validate_certs=True), "certificate verify failed.*ca_path")


def test_tls_to_a_daemon_without_tls(connect: Connect) -> None:
    with FakeEngine() as fake:
        unreachable(connect(fake, tls=True), "does the daemon speak TLS")


def test_a_get_over_tls_is_repeated_after_a_drop(certificates: Certificates, connect: Connect) -> None:
    with FakeEngine(tls=certificates.server("127.0.0.1")) as fake:
        fake.on("GET", "/x", Raw(), Reply({"a": 1}))
        fake.on("POST", "/x", Raw())
        engine = connect(fake, tls=True)
        assert engine.get("/x") == {"a": 1}
        with pytest.raises(errors.ConnectionLost):
            engine.post("/x")


@pytest.mark.parametrize("broken", ["ca", "cert", "key", "other key", "password"])
def test_certificates_that_cannot_be_used(certificates: Certificates, connect: Connect, broken: str) -> None:
    cert, key = certificates.issue("client", b"hunter2" if broken == "password" else None)
    paths = {"ca": certificates.ca, "cert": cert, "key": key}
    if broken == "other key":
        paths["key"] = certificates.issue("other")[1]
    elif broken in paths:
        pathlib.Path(paths[broken]).write_text("-----BEGIN CERTIFICATE-----\nx\n")
    options = {"ca_path": paths["ca"], "client_cert": paths["cert"], "client_key": paths["key"]}
    named = "ca_path" if broken == "ca" else f"client_cert {paths['cert']} with client_key {paths['key']}"
    with pytest.raises(errors.EndpointError, match=f"is not possible with {named}"):
        connect("tcp://127.0.0.1:1", validate_certs=True, **options).get("/info")


def test_certificates_that_are_missing(connect: Connect) -> None:
    with pytest.raises(errors.EndpointError, match=r"ca_path /none/ca\.pem: .*No such file"):
        connect("tcp://127.0.0.1:1", validate_certs=True, ca_path="/none/ca.pem").get("/info")


# -- ssh


@pytest.fixture
def ssh(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], pathlib.Path]:
    """ssh(code): a program `ssh` that runs the Python code, and the file that its arguments go to."""

    def make(code: str) -> pathlib.Path:
        program, arguments = tmp_path / "ssh", tmp_path / "arguments"
        head = f"#!{sys.executable}\nimport os, socket, sys, threading, time\n"
        head += f"open({str(arguments)!r}, 'a').write(repr(sys.argv[1:]) + '\\n')\n"
        program.write_text(head + code)
        program.chmod(program.stat().st_mode | stat.S_IXUSR)
        monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
        return arguments

    return make


def relay(path: str) -> str:
    """What `docker system dial-stdio` does."""
    return f"""
sock = socket.socket(socket.AF_UNIX)
sock.connect({path!r})
def down():
    while True:
        data = sock.recv(65536)
        if not data:
            os._exit(0)
        os.write(1, data)
threading.Thread(target=down, daemon=True).start()
while True:
    data = os.read(0, 65536)
    if not data:
        break
    sock.sendall(data)
sock.shutdown(socket.SHUT_WR)
time.sleep(20)
"""


def test_ssh(ssh: Callable[[str], pathlib.Path], fake: FakeEngine, connect: Connect) -> None:
    arguments = ssh(relay(str(fake.unix)))
    fake.on("GET", "/info", Reply({"a": 1}))
    fake.on("GET", "/log", Chunks([b"one", b"two"]))
    engine = connect("ssh://me@far:2222/run/user/1/docker.sock", timeout=7)
    assert engine.get("/info") == {"a": 1}
    with engine.stream("GET", "/log") as answer:
        assert b"".join(answer.chunks()) == b"onetwo"
    words = eval(arguments.read_text())  # noqa: S307
    assert words[words.index("--") :] == [
        *("--", "me@far", "docker", "--host", "unix:///run/user/1/docker.sock", "system", "dial-stdio")
    ]
    assert {"-oBatchMode=yes", "-oConnectTimeout=7", "-p2222"} < set(words)


def test_ssh_ends_with_the_engine(ssh: Callable[[str], pathlib.Path], fake: FakeEngine, connect: Connect) -> None:
    ssh("open(sys.argv[0] + '.pid', 'w').write(str(os.getpid()))\n" + relay(str(fake.unix)))
    engine = connect("ssh://far")
    assert engine.api == (1, 51)
    pid = int(pathlib.Path(os.environ["PATH"].split(":")[0], "ssh.pid").read_text())
    os.kill(pid, 0)
    engine.close()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (
            "sys.stderr.write('@@@@@@@\\r\\n@ WARNING @\\r\\nHost key verification failed.\\r\\n'); sys.exit(255)",
            "Docker daemon at ssh://far .*: WARNING Host key verification failed.",
        ),
        (
            "sys.stderr.write('me@far: Permission denied (publickey).\\n'); sys.exit(255)",
            r"Permission denied \(publickey\)",
        ),
        ("sys.exit(3)", "ssh ended with status 3"),
        ("os.read(0, 999); print('Welcome!')", "Docker daemon at ssh://far .*: Welcome!"),
    ],
)
def test_ssh_says_why(ssh: Callable[[str], pathlib.Path], connect: Connect, code: str, text: str) -> None:
    arguments = ssh(code)
    unreachable(connect("ssh://far"), text)
    assert len(arguments.read_text().splitlines()) == 1


def test_ssh_that_hangs(ssh: Callable[[str], pathlib.Path], connect: Connect) -> None:
    ssh("sys.stderr.write('debug: waiting\\n'); sys.stderr.flush(); os.read(0, 999); os.read(0, 999)")
    unreachable(connect("ssh://far", timeout=1), "no answer in time .* debug: waiting", errors.EngineTimeout)


def test_ssh_that_is_not_installed(monkeypatch: pytest.MonkeyPatch, connect: Connect, tmp_path: pathlib.Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    unreachable(connect("ssh://far"), r"no program ssh \(Debian: openssh-client\)")


def test_ssh_that_dies_later(ssh: Callable[[str], pathlib.Path], fake: FakeEngine, connect: Connect) -> None:
    arguments = ssh(relay(str(fake.unix)))
    fake.on("GET", "/x", Raw(), Reply({"a": 1}))
    assert connect("ssh://far").get("/x") == {"a": 1}
    assert len(arguments.read_text().splitlines()) == 2


# -- a daemon that answers before the end of what is sent


def test_an_answer_before_the_end_of_an_upload(sockets: str, connect: Connect) -> None:
    refused = threading.Event()

    def serve(listener: socket.socket) -> None:
        for _turn in range(2):
            peer, _address = listener.accept()
            with peer:
                while True:
                    head = peer.recv(65536)
                    if not head:
                        break
                    if b"_ping" in head:
                        peer.sendall(
                            b"HTTP/1.1 200 OK\r\nApi-Version: 1.51\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
                        )
                    else:
                        peer.sendall(
                            b"HTTP/1.1 400 Bad Request\r\nContent-Length: 7\r\nConnection: close\r\n\r\nno room"
                        )
                        peer.shutdown(socket.SHUT_RD)
                        refused.set()
                    break

    def body() -> Iterator[bytes]:
        yield b"first"
        assert refused.wait(10)
        for _turn in range(50):
            yield b"x" * 65536

    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{sockets}/s")
        listener.listen(4)
        thread = threading.Thread(target=serve, args=(listener,), daemon=True)
        thread.start()
        engine = connect(f"unix://{sockets}/s")
        assert engine.api
        with pytest.raises(errors.BadRequest, match="no room"), engine.stream("POST", "/images/create", body=body()):
            raise AssertionError("opened")
        thread.join(10)
