"""Certificates, ssh keys and password files, made for one lab and gone with it."""

from __future__ import annotations

import ctypes
import secrets
import string
from collections.abc import Mapping
from pathlib import Path

from engines.process import LabError, run

_OPENSSL_CONFIG = "[req]\ndistinguished_name = name\n[name]\n"
_NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "3650"]


class Authority:
    """A certificate authority. `certificate` is the file that those who trust it need."""

    def __init__(self, directory: Path, name: str) -> None:
        directory.mkdir(mode=0o700)
        self.certificate = directory / "ca.pem"
        self._key = directory / "ca-key.pem"
        self._config = directory / "openssl.cnf"
        self._config.write_text(_OPENSSL_CONFIG)
        extensions = [
            "basicConstraints=critical,CA:TRUE",
            "keyUsage=critical,keyCertSign,cRLSign",
            "subjectKeyIdentifier=hash",
        ]
        self._request(name, self.certificate, self._key, extensions)

    def issue(self, usage: str, name: str, certificate: Path, key: Path, addresses: tuple[str, ...] = ()) -> None:
        """Writes a certificate and its key. `usage`: serverAuth or clientAuth; `addresses`: IP addresses it is for."""
        extensions = [
            "basicConstraints=critical,CA:FALSE",
            "keyUsage=critical,digitalSignature",
            f"extendedKeyUsage={usage}",
            "subjectKeyIdentifier=hash",
            "authorityKeyIdentifier=keyid",
        ]
        if addresses:
            extensions.append("subjectAltName=" + ",".join(f"IP:{address}" for address in addresses))
        self._request(name, certificate, key, extensions, ["-CA", str(self.certificate), "-CAkey", str(self._key)])

    def _request(
        self, name: str, certificate: Path, key: Path, extensions: list[str], signer: list[str] | None = None
    ) -> None:
        added = [word for extension in extensions for word in ("-addext", extension)]
        files = ["-config", str(self._config), "-keyout", str(key), "-out", str(certificate)]
        run(["openssl", "req", "-x509", *_NEW_KEY, "-subj", f"/CN={name}", *files, *added, *(signer or [])])
        key.chmod(0o600)


def signing_key(certificate: Path, key: Path) -> None:
    """Writes an RSA key and a certificate of its own, for signing tokens."""
    key_options = ["-newkey", "rsa:2048", "-nodes", "-days", "3650", "-subj", "/CN=tokens"]
    run(["openssl", "req", "-x509", *key_options, "-keyout", str(key), "-out", str(certificate)])
    key.chmod(0o600)


def ssh_key(path: Path) -> str:
    """Makes the key pair PATH and PATH.pub; returns the public line."""
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "dockside", "-f", str(path)])
    return path.with_suffix(".pub").read_text().strip()


def ssh_client(directory: Path, key: Path, known_hosts: str) -> None:
    """A directory to put in front of PATH: its `ssh` uses its `config`, which knows this key and these hosts only."""
    directory.mkdir(parents=True)
    (directory / "known_hosts").write_text(known_hosts)
    settings = {
        "BatchMode": "yes",
        "GlobalKnownHostsFile": "/dev/null",
        "IdentitiesOnly": "yes",
        "IdentityAgent": "none",
        "IdentityFile": str(key),
        "PasswordAuthentication": "no",
        "StrictHostKeyChecking": "yes",
        "UserKnownHostsFile": str(directory / "known_hosts"),
    }
    config = directory / "config"
    config.write_text("Host *\n" + "".join(f"  {name} {value}\n" for name, value in settings.items()))
    program = directory / "ssh"
    program.write_text(f'#!/bin/sh\nexec /usr/bin/ssh -F {config} "$@"\n')
    program.chmod(0o755)


def htpasswd(users: Mapping[str, str]) -> str:
    """A password file as docker-registry reads it: bcrypt only. By libcrypt, for Python 3.13 lacks crypt."""
    libcrypt = ctypes.CDLL("libcrypt.so.1")
    libcrypt.crypt.restype = ctypes.c_char_p
    lines = []
    for user, password in users.items():
        salt = "".join(secrets.choice("./" + string.ascii_letters + string.digits) for _turn in range(21)) + "."
        hashed = libcrypt.crypt(password.encode(), f"$2b$05${salt}".encode())
        if not hashed or not hashed.startswith(b"$2b$"):
            raise LabError("this machine's libcrypt knows no bcrypt")
        lines.append(f"{user}:{hashed.decode()}\n")
    return "".join(lines)
