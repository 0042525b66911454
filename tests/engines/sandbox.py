"""A sandbox: network, mount, pid, host name and IPC namespaces of its own over a root, like a small machine.

A switch is the same with less: a network namespace that holds only a bridge, kept by one sleeping process.
Both end, with everything in them, when their first process is killed; the host sees no mount and no named namespace.
"""

from __future__ import annotations

import ctypes
import os
import shlex
import socket
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engines.process import LabError, Process, host_env, run, wait_for

_BIND = Path(__file__).with_name("bind_mount.py")
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

# The maker reads the pid, writes it into the lab's record and only then says go: should the maker be killed in between,
# `read` meets the end of the pipe and nothing is left. (/proc is still the host's here, so this is the host's pid.)
_HANDSHAKE = """
set -eu
read -r pid _ </proc/self/stat
echo "$pid"
read -r go
"""

_SWITCH = """
ip link set lo up
ip link add switch type bridge
ip link set switch up
echo ready
exec sleep infinity </dev/null >/dev/null 2>&1
"""

# Arguments: root, shared directory, host name.
_MACHINE = """
root=$1 shared=$2 name=$3 base=$2/os
mkdir -p "$base"
mount -t tmpfs -o mode=755 dockside "$base"
mkdir "$base/lower" "$base/upper" "$base/work" "$base/root"
mount --bind "$root" "$base/lower"
mount -t overlay -o "lowerdir=$base/lower,upperdir=$base/upper,workdir=$base/work" dockside "$base/root"
cd "$base/root"
mount -t proc proc proc
# The sysfs of the new network namespace, with the host's control groups over it.
mount -t sysfs sysfs sys
mount --rbind /sys/fs/cgroup sys/fs/cgroup
mount -t tmpfs -o mode=755 dev dev
mkdir dev/pts dev/shm dev/net
for node in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0 fuse:10:229 net/tun:10:200; do
    numbers=${node#*:}
    mknod -m 666 "dev/${node%%:*}" c "${numbers%:*}" "${numbers#*:}"
done
mount -t devpts -o newinstance,ptmxmode=0666,mode=620,gid=5 devpts dev/pts
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s /proc/self/fd/0 dev/stdin
ln -s /proc/self/fd/1 dev/stdout
ln -s /proc/self/fd/2 dev/stderr
mount -t tmpfs -o mode=1777 shm dev/shm
# Sockets, pid files and the state of containerd: a directory that a restarted daemon finds as it was, a new one empty.
mount -t tmpfs -o mode=755 run run
mount -t tmpfs -o mode=1777 tmp tmp
# An overlay cannot lie on an overlay: the layers of images and containers need a file system of their own.
mount -t tmpfs -o mode=711 data var/lib/docker
mkdir -p "./$shared"
mount --bind "$shared" "./$shared"
echo "$name" >proc/sys/kernel/hostname
ip link set lo up
mkdir .host
pivot_root . .host
cd /
busybox umount -l /.host
rmdir /.host
command -v tini-static >/dev/null
echo ready
exec env -i PATH="$PATH" tini-static -g -- sleep infinity </dev/null >/dev/null 2>&1
"""


Known = Callable[[Process, "subprocess.Popen[str]"], None]
"""Takes note of a new first process, and of the starter that this process has to wait for at the end."""


def _start(kind: str, namespaces: Sequence[str], script: str, arguments: Sequence[str], known: Known) -> Process:
    """The first process of new namespaces. `known` writes it into the lab's record before it makes anything."""
    starter = subprocess.Popen(
        ["unshare", *namespaces, "/bin/sh", "-c", _HANDSHAKE + script, kind, *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**host_env(), "PATH": _PATH},
        start_new_session=True,  # Ctrl-C at a terminal reaches the owner only, which then cleans up in order
    )
    assert starter.stdin and starter.stdout and starter.stderr
    with starter.stdin, starter.stdout, starter.stderr:
        first = starter.stdout.readline().strip()
        if not first:
            raise LabError(f"{kind}: {starter.stderr.read().strip()}")
        process = Process.of(int(first))
        known(process, starter)
        starter.stdin.write("go\n")
        starter.stdin.flush()
        if starter.stdout.readline().strip() != "ready":
            raise LabError(f"{kind}: {starter.stderr.read().strip()}")
    return process


class Switch:
    """The lab's network: a bridge in a namespace of its own, with one cable to the host, which has address .1."""

    def __init__(self, number: int, link: str, known: Known) -> None:
        self.number = number
        self.process = _start("switch", ["--net"], _SWITCH, [], known)
        pid = self.process.pid
        _ip(
            f"link add {link} type veth peer name uplink netns {pid}",
            f"address add 10.210.{number}.1/24 dev {link}",
            f"link set {link} up",
        )
        _ip("link set uplink master switch up", inside=pid)

    def plug(self, sandbox: Process, octet: int) -> None:
        """A cable from the switch to the sandbox, whose end is eth0 with address 10.210.NUMBER.OCTET."""
        pid = self.process.pid
        # A MAC of its own choice each time would leave neighbours talking to the old one for seconds.
        mac = f"02:d2:00:{self.number:02x}:00:{octet:02x}"
        _ip(f"link add port{octet} netns {pid} type veth peer name eth0 address {mac} netns {sandbox.pid}")
        _ip(f"link set port{octet} master switch up", inside=pid)
        _ip(f"address add 10.210.{self.number}.{octet}/24 dev eth0", "link set eth0 up", inside=sandbox.pid)

    def set_port(self, octet: int, state: str) -> None:
        """Puts the switch's end of a cable "down" or "up"."""
        _ip(f"link set port{octet} {state}", inside=self.process.pid)


def _ip(*lines: str, inside: int | None = None) -> None:
    """Commands of the host's ip program, in the host's network namespace or in that of process `inside`."""
    enter = ["nsenter", "--target", str(inside), "--net"] if inside else []
    run([*enter, "ip", "-batch", "-"], stdin="".join(f"{line}\n" for line in lines))


class Sandbox:
    """A small machine: a root, an address on the switch, processes. `shared` is a directory it has with the host."""

    def __init__(self, switch: Switch, octet: int, root: Path, shared: Path, known: Known) -> None:
        self.octet = octet
        self.address = f"10.210.{switch.number}.{octet}"
        self.name = f"node{octet}"
        self.shared = shared
        self._switch = switch
        shared.mkdir(mode=0o755)
        namespaces = ["--mount", "--net", "--pid", "--uts", "--ipc", "--fork"]
        self.process = _start("sandbox", namespaces, _MACHINE, [str(root), str(shared), self.name], known)
        switch.plug(self.process, octet)

    def unplug(self) -> None:
        """Pulls the network cable: nothing from outside reaches the machine any more, and the other way round."""
        self._switch.set_port(self.octet, "down")

    def plug(self) -> None:
        self._switch.set_port(self.octet, "up")

    @property
    def root(self) -> Path:
        """The sandbox's / as the host can reach it. Do not follow absolute links in it: they would lead to the host."""
        return Path(f"/proc/{self.process.pid}/root")

    def write(self, path: str, data: bytes | str, mode: int = 0o644) -> None:
        """A file in the sandbox, with the directories above it."""
        place = self.root / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(data.encode() if isinstance(data, str) else data)
        place.chmod(mode)

    def _enter(self) -> list[str]:
        # --root and --wd without values: those of the target, not those of the host.
        return ["nsenter", "--target", str(self.process.pid), "--all", "--root", "--wd"]

    def exec(
        self,
        command: Sequence[str],
        *,
        stdin: str | None = None,
        check: bool = True,
        timeout: float | None = 120,
        env: Mapping[str, str] | None = None,
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program in the sandbox; LabError with its words when it fails and `check` is on."""
        return run([*self._enter(), *_clean_env(env or {}), *command], stdin=stdin, check=check, timeout=timeout)

    def spawn(self, command: Sequence[str], log: str, env: Mapping[str, str] | None = None) -> Process:
        """Starts a service, output appended to the file `log` of the shared directory.

        Its parent is a shell that ends at once, so that the sandbox's first process inherits and reaps it.
        """
        line = shlex.join(["busybox", "setsid", *_clean_env(env or {}), *command])
        path = self.shared / log
        shell = f"{line} </dev/null >>{shlex.quote(str(path))} 2>&1 & echo $!"
        inner = int(run([*self._enter(), "sh", "-c", shell]).stdout)
        try:
            return self._on_host(inner)
        except LabError as error:
            raise LabError(f"{command[0]} ended at once: {self.tail(log)}") from error

    def tail(self, log: str, length: int = 3000) -> str:
        """The end of a service's log, for error messages."""
        try:
            return (self.shared / log).read_text(errors="replace")[-length:]
        except FileNotFoundError:
            return "(no log)"

    def _on_host(self, inner: int) -> Process:
        """The host's view of a process that the sandbox knows as `inner`."""
        namespace = os.readlink(f"/proc/{self.process.pid}/ns/pid")
        for entry in os.scandir("/proc"):
            if not entry.name.isdigit():
                continue
            try:
                status = Path(entry.path, "status").read_text()
                same = os.readlink(f"{entry.path}/ns/pid") == namespace
            except OSError:
                continue
            numbers = status.partition("NSpid:")[2].partition("\n")[0].split()
            if same and numbers and int(numbers[-1]) == inner:
                return Process.of(int(entry.name))
        raise LabError(f"no process {inner} in the sandbox")

    def bind(self, path: Path) -> None:
        """Shows a directory (or file) of the host in the sandbox, at the same path."""
        # Beyond mount(8), which sees one namespace; and only a process with one thread may change its own.
        run([sys.executable, "-I", str(_BIND), str(self.process.pid), str(path)])

    def listen(self, port: int = 0, address: str = "127.0.0.1") -> socket.socket:
        """A listening TCP socket of this process in the network of the sandbox; port 0: any free one."""

        def made() -> socket.socket:
            # A thread may have a network of its own, and a socket stays in the one in which it was made.
            libc = ctypes.CDLL(None, use_errno=True)
            with open(f"/proc/{self.process.pid}/ns/net", encoding="utf-8") as network:
                if libc.setns(network.fileno(), 0):
                    raise LabError(f"the sandbox's network: {os.strerror(ctypes.get_errno())}")
            return socket.create_server((address, port))

        with ThreadPoolExecutor(1) as thread:
            return thread.submit(made).result()

    def wait_listening(self, port: int, service: Process, log: str, timeout: float = 15) -> None:
        """Until something listens on the TCP port, on whatever address of the sandbox."""

        def listening() -> bool:
            if not service.alive:
                raise LabError(f"{log}: ended: {self.tail(log)}")
            rows = "".join(Path(f"/proc/{self.process.pid}/net/{name}").read_text() for name in ("tcp", "tcp6"))
            return any(row.split()[1].endswith(f":{port:04X}") and row.split()[3] == "0A" for row in rows.splitlines())

        wait_for(f"a listener on port {port}", listening, timeout)


def _clean_env(extra: Mapping[str, str]) -> list[str]:
    """Nothing of the caller's environment (proxies, DOCKER_HOST, CA bundles) gets into a sandbox."""
    values = {"PATH": _PATH, "HOME": "/root", "LC_ALL": "C", **extra}
    return ["env", "-i", *(f"{key}={value}" for key, value in values.items())]
