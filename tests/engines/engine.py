"""A real engine in a sandbox: dockerd or Podman's service, and what tests do with and to it."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from engines import api, images
from engines.flavours import Flavour
from engines.listeners import Listeners
from engines.process import LabError, Process, wait_for
from engines.registry import Registry
from engines.sandbox import Sandbox

_LOG = "daemon.log"
PODMAN_CGROUP = "libpod_parent"
"""Podman's service puts containers nowhere else, so all Podman engines of a machine share it."""

# crun refuses a cgroup v1 machine that has the v2 tree mounted beside it.
_PREPARE_PODMAN = "if grep -q ' /sys/fs/cgroup/unified ' /proc/mounts; then busybox umount /sys/fs/cgroup/unified; fi"
_PODMAN = ("podman", "--root=/var/lib/docker", "--storage-driver=overlay", "--cgroup-manager=cgroupfs")

_OWN_NETWORKS = ("bridge", "host", "none", "podman", "docker_gwbridge", "ingress")


class Engine:
    """One engine. Made by Lab.engine(); started, stopped and broken by tests; removed with the lab.

    host      "unix:///run/dockside-lab/N/OCTET/docker.sock", reachable from the host
    socket    that path
    address   "10.210.N.OCTET": published ports are here, and so are the tcp, tls and ssh listeners
    version   "28.5.2" as GET /version says, without Debian's suffix
    api       its highest API version as numbers, e.g. (1, 51)
    tcp, tls  "tcp://ADDRESS:2375" (plain), "tcp://ADDRESS:2376" (client certificate demanded) when asked for, else None
    ssh       "ssh://root@ADDRESS" when asked for, else None
    certs, certs_stranger, ssh_config, ssh_clients    the client's files for these, see listeners.Listeners
    """

    def __init__(
        self,
        flavour: Flavour,
        sandbox: Sandbox,
        *,
        cgroup: str,
        daemon: Mapping[str, Any],
        env: Mapping[str, str],
        listeners: Listeners,
    ) -> None:
        self.flavour = flavour.name
        self.root = flavour.root
        self.sandbox = sandbox
        self.address = sandbox.address
        self.socket = str(sandbox.shared / "docker.sock")
        self.host = f"unix://{self.socket}"
        self._registry: Registry | None = None
        self.tcp, self.tls, self.ssh = listeners.tcp, listeners.tls, listeners.ssh
        self.certs, self.certs_stranger = listeners.certs, listeners.certs_stranger
        self.ssh_config, self.ssh_clients = listeners.ssh_config, listeners.ssh_clients
        self.version = ""
        self.api: tuple[int, ...] = ()
        self._env = {**flavour.env, **env}
        self._process: Process | None = None
        self._frozen = False
        if flavour.program == "podman":
            sandbox.exec(["busybox", "sh", "-c", _PREPARE_PODMAN])
            self._command = _podman_command(self.socket)
        else:
            sandbox.write("/etc/docker/daemon.json", json.dumps({**flavour.daemon, **daemon}, indent=1))
            self._command = _dockerd_command(self.socket, cgroup, listeners.options)

    def summary(self) -> dict[str, Any]:
        """What the command shows of it, and what another process needs to reach it."""
        ways = {"tcp": self.tcp, "tls": self.tls, "ssh": self.ssh, "certs": self.certs, "ssh_config": self.ssh_config}
        return {
            "flavour": self.flavour,
            "version": self.version,
            "api": ".".join(str(part) for part in self.api),
            "host": self.host,
            "socket": self.socket,
            "address": self.address,
            **{name: str(way) for name, way in ways.items() if way},
        }

    # ---- the daemon ----

    def start(self, timeout: float = 60) -> None:
        """Starts the daemon and waits until it answers."""
        if self._process and self._process.alive:
            raise LabError(f"{self.flavour} runs already")
        self._process = process = self.sandbox.spawn(self._command, _LOG, self._env)
        self._frozen = False

        def answers() -> dict[str, Any] | None:
            if not process.alive:
                raise LabError(f"{self.flavour} ended at its start: {self.log()}")
            try:
                status, version = self.get("/version", timeout=10)
            except OSError:
                return None
            return version if status == 200 else None

        try:
            found = wait_for(f"an answer of {self.flavour}", answers, timeout)
        except LabError as error:
            raise LabError(f"{error}\n{self.log()}") from error
        self.version = re.split(r"[^0-9.]", found["Version"])[0]
        self.api = tuple(int(part) for part in found["ApiVersion"].split("."))

    def stop(self, timeout: float = 60) -> None:
        """Ends the daemon as a service manager does (SIGTERM); it stops its containers unless live-restore is on."""
        self._end(signal.SIGTERM, timeout)

    def kill(self) -> None:
        """Ends the daemon as a crash does (SIGKILL); its containers go on running until it starts again."""
        self._end(signal.SIGKILL, 20)

    def restart(self) -> None:
        self.stop()
        self.start()

    def freeze(self) -> None:
        """The daemon accepts connections and answers nothing, until thaw()."""
        process = self._running()
        process.signal(signal.SIGSTOP)
        self._frozen = True
        wait_for(f"{self.flavour} to stand still", lambda: process.stopped, 20)

    def thaw(self) -> None:
        self._running().signal(signal.SIGCONT)
        self._frozen = False

    def unplug(self) -> None:
        """The network cable is out, as in a partition; the engine runs on and answers on its socket."""
        self.sandbox.unplug()

    def plug(self) -> None:
        self.sandbox.plug()

    def log(self, length: int = 3000) -> str:
        """The end of the daemon's log."""
        return self.sandbox.tail(_LOG, length)

    def _running(self) -> Process:
        if not self._process or not self._process.alive:
            raise LabError(f"{self.flavour} does not run")
        return self._process

    def _end(self, number: signal.Signals, timeout: float) -> None:
        process = self._running()
        process.signal(number)
        if self._frozen:
            process.signal(signal.SIGCONT)
            self._frozen = False
        process.wait(timeout)

    # ---- talking to it ----

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: Mapping[str, str] | None = None,
        timeout: float = 60,
    ) -> tuple[int, Any]:
        """(status, decoded body); see api.request()."""
        return api.request(self.socket, method, path, body, headers, timeout=timeout)

    def get(self, path: str, timeout: float = 60) -> tuple[int, Any]:
        return self.request("GET", path, timeout=timeout)

    def ask(self, method: str, path: str, body: Any = None, headers: Mapping[str, str] | None = None) -> Any:
        """The decoded body of an answer below 400; LabError with the engine's message otherwise."""
        status, answer = self.request(method, path, body, headers)
        if status >= 400:
            raise LabError(f"{method} {path}: {status} {answer}")
        return answer

    def fetch(self, port: int, path: str = "/", timeout: float = 10) -> tuple[int, str]:
        """(status, text) of what is published on the port, fetched over HTTP; waits until something answers."""
        return api.fetch(self.address, port, path, timeout)

    def docker(
        self, *arguments: str, check: bool = True, stdin: str | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Runs the engine's own docker (or podman) program in the sandbox; LabError when it fails and `check` is on."""
        program = _PODMAN if self.flavour == "podman" else ["docker"]
        return self.exec([*program, *arguments], check=check, stdin=stdin, timeout=timeout)

    def exec(
        self, command: Sequence[str], *, check: bool = True, stdin: str | None = None, timeout: float = 120
    ) -> subprocess.CompletedProcess[str]:
        """Runs a program in the sandbox."""
        return self.sandbox.exec(command, check=check, stdin=stdin, timeout=timeout)

    def bind(self, path: str | Path) -> None:
        """Shows a directory of the host in the sandbox at the same path: sources of bind mounts are paths of there."""
        self.sandbox.bind(Path(path).resolve())

    # ---- what is on it ----

    def image(
        self,
        tag: str = images.WEB,
        *,
        files: Mapping[str, bytes] | None = None,
        changes: Sequence[str] = images.CHANGES,
    ) -> str:
        """Makes an image and returns its id.

        `files` {"/www/index.html": b"..."} lie over the root of images.root_tar(); `changes` are instructions of a
        Dockerfile (CMD, ENTRYPOINT, ENV, EXPOSE, HEALTHCHECK, LABEL, ONBUILD, STOPSIGNAL, USER, VOLUME, WORKDIR).
        """
        repository, _colon, version = tag.rpartition(":")
        if not repository or "/" in version:
            repository, version = tag, "latest"
        query = [("fromSrc", "-"), ("repo", repository), ("tag", version), *(("changes", line) for line in changes)]
        answer = self.ask("POST", f"/images/create?{urlencode(query)}", self.root_tar(files))
        for message in answer if isinstance(answer, list) else [answer]:
            if isinstance(message, dict) and "error" in message:
                raise LabError(f"image {tag}: {message['error']}")
        image_id: str = self.ask("GET", f"/images/{tag}/json")["Id"]
        return image_id

    def root_tar(self, files: Mapping[str, bytes] | None = None) -> bytes:
        """The root file system that image() imports, as a tar."""
        return images.root_tar(self.sandbox.root, files)

    def registry(self) -> Registry:
        """The plain-http registry that this engine reaches at 127.0.0.1:5000 (such addresses need no TLS)."""
        self._registry = self._registry or Registry(self.sandbox, "127.0.0.1:5000", 5000)
        return self._registry

    def containers(self) -> list[str]:
        """The names of all containers, stopped ones too."""
        return sorted(entry["Names"][0].lstrip("/") for entry in self.ask("GET", "/containers/json?all=1"))

    def reset(self) -> None:
        """Leaves the swarm and removes every container, volume and user network; images stay."""
        info = self.ask("GET", "/info")
        if info.get("Swarm", {}).get("LocalNodeState", "inactive") != "inactive":
            self.ask("POST", "/swarm/leave?force=1")
        # Podman refuses to remove what others depend on, unless its own API asks for these as well.
        own, depend = ("/v4.0.0/libpod", "&depend=1") if self.flavour == "podman" else ("", "")
        for container in self.ask("GET", "/containers/json?all=1"):
            self._remove(f"{own}/containers/{container['Id']}?force=1&v=1{depend}")
        for network in self.ask("GET", "/networks"):
            if network["Name"] not in _OWN_NETWORKS:
                self._remove(f"/networks/{network['Id']}")
        for volume in self.ask("GET", "/volumes")["Volumes"] or ():
            self._remove(f"/volumes/{quote(volume['Name'], safe='')}?force=1")

    def _remove(self, path: str) -> None:
        def removed() -> bool:
            status, answer = self.request("DELETE", path)
            if status == 409 and "already in progress" in str(answer):
                return False  # a container with --rm that just ends
            if status >= 400 and status != 404:
                raise LabError(f"DELETE {path}: {status} {answer}")
            return True

        wait_for(f"removal of {path}", removed, 30)


def _dockerd_command(socket: str, cgroup: str, options: Sequence[str]) -> list[str]:
    return [
        "dockerd",
        "--host=unix:///run/docker.sock",
        f"--host=unix://{socket}",
        f"--cgroup-parent=/{cgroup}",
        # Said, because with cgroup v2 the choice depends on what the host runs.
        "--exec-opt=native.cgroupdriver=cgroupfs",
        *options,
    ]


def _podman_command(socket: str) -> list[str]:
    return [*_PODMAN, "system", "service", "--time=0", f"unix://{socket}"]
