"""The ways to an engine besides its unix socket: plain TCP, TLS with client certificates, ssh."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from engines.credentials import Authority, ssh_client, ssh_key
from engines.process import LabError
from engines.sandbox import Sandbox

KINDS = ("unix", "tcp", "tls", "ssh")

_SSHD = """\
AuthorizedKeysFile /root/.ssh/authorized_keys
HostKey /etc/ssh/host_key
KbdInteractiveAuthentication no
MaxStartups 100
PasswordAuthentication no
PermitRootLogin prohibit-password
PidFile /run/sshd.pid
Subsystem sftp /usr/lib/openssh/sftp-server
UseDNS no
UsePAM no
"""


@dataclass
class Listeners:
    """Addresses and client-side files of an engine; None for what was not asked for.

    certs            directory with ca.pem, cert.pem, key.pem
    certs_stranger   the same names from another authority: its ca.pem does not verify the engine, and the engine
                     refuses its cert.pem
    ssh_clients      "good", "unknown-host" (no host key known), "changed-host" (another one known), "refused" (the
                     client's key is not authorised) -> a directory with `config` for `ssh -F`, and a program `ssh`
                     that uses it, for the front of PATH
    """

    tcp: str | None = None
    tls: str | None = None
    ssh: str | None = None
    certs: Path | None = None
    certs_stranger: Path | None = None
    ssh_clients: dict[str, Path] = field(default_factory=dict)
    options: list[str] = field(default_factory=list)

    @property
    def ssh_config(self) -> Path | None:
        return self.ssh_clients["good"] / "config" if self.ssh_clients else None


def prepare(listen: Sequence[str], sandbox: Sandbox, authority: Authority, stranger: Authority) -> Listeners:
    """Makes the files, starts sshd; `options` of the result are for dockerd."""
    unknown = set(listen) - set(KINDS)
    if unknown:
        raise LabError(f"no such listener: {', '.join(sorted(unknown))}; there are {', '.join(KINDS)}")
    found = Listeners()
    if "tls" in listen:
        _prepare_tls(found, sandbox, authority, stranger)
    if "tcp" in listen:
        found.tcp = f"tcp://{sandbox.address}:2375"
        if "tls" not in listen:
            # --tls=false: without the word, dockerd sleeps 15 s to warn.
            found.options += [f"--host={found.tcp}", "--tls=false"]
    if "ssh" in listen:
        _start_ssh(found, sandbox)
    return found


def complete(found: Listeners, sandbox: Sandbox) -> None:
    """What needs the running daemon. One dockerd serves TCP plain or with TLS: with both, the plain port is a relay."""
    if found.tcp and found.tls:
        relay = ["busybox", "nc", "-ll", "-p", "2375", "-e", "docker", "system", "dial-stdio"]
        process = sandbox.spawn(relay, "relay.log")
        sandbox.wait_listening(2375, process, "relay.log")


def _prepare_tls(found: Listeners, sandbox: Sandbox, authority: Authority, stranger: Authority) -> None:
    found.tls = f"tcp://{sandbox.address}:2376"
    found.certs, found.certs_stranger = sandbox.shared / "certs", sandbox.shared / "certs-stranger"
    for place, signer in ((found.certs, authority), (found.certs_stranger, stranger)):
        place.mkdir()
        (place / "ca.pem").write_bytes(signer.certificate.read_bytes())
        signer.issue("clientAuth", "client", place / "cert.pem", place / "key.pem")
    server, key = sandbox.shared / "server.pem", sandbox.shared / "server-key.pem"
    authority.issue("serverAuth", sandbox.name, server, key, (sandbox.address, "127.0.0.1"))
    found.options += [
        f"--host={found.tls}",
        "--tlsverify",
        f"--tlscacert={found.certs / 'ca.pem'}",
        f"--tlscert={server}",
        f"--tlskey={key}",
    ]


def _start_ssh(found: Listeners, sandbox: Sandbox) -> None:
    found.ssh = f"ssh://root@{sandbox.address}"
    place = sandbox.shared / "ssh"
    place.mkdir(mode=0o700)
    public = {name: ssh_key(place / name) for name in ("host", "client", "other")}
    sandbox.write("/etc/ssh/host_key", (place / "host").read_bytes(), 0o600)
    sandbox.write("/root/.ssh/authorized_keys", public["client"] + "\n", 0o600)
    sandbox.write("/etc/ssh/sshd_config", f"ListenAddress {sandbox.address}\n{_SSHD}")
    (sandbox.root / "run/sshd").mkdir(mode=0o755)
    known, changed = f"{sandbox.address} {public['host']}\n", f"{sandbox.address} {public['other']}\n"
    clients = {
        "good": ("client", known),
        "unknown-host": ("client", ""),
        "changed-host": ("client", changed),
        "refused": ("other", known),
    }
    for name, (key, hosts) in clients.items():
        found.ssh_clients[name] = place / "clients" / name
        ssh_client(found.ssh_clients[name], place / key, hosts)
    process = sandbox.spawn(["/usr/sbin/sshd", "-D", "-e"], "sshd.log")
    sandbox.wait_listening(22, process, "sshd.log")
