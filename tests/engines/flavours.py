"""Which engines there are, and which Debian packages each is made of."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

_BASE = ("base-files", "bash", "busybox-static", "coreutils", "dash", "iproute2", "iptables", "procps")
_DOCKER = (*_BASE, "docker.io", "docker-registry", "git", "openssh-server", "sed")
_PODMAN = (
    *_BASE,
    "aardvark-dns",
    "catatonit",
    "conmon",
    "crun",
    "fuse-overlayfs",
    "netavark",
    "nftables",
    "passt",
    "podman",
    "tini",
)
_TARGET = (*_BASE, "openssh-client", "python3")


@dataclass(frozen=True)
class Root:
    """A root file system: a Debian suite and the packages unpacked into it."""

    name: str
    suite: str
    packages: tuple[str, ...]


# Debian 12 has the docker program inside docker.io; later suites ship it as docker-cli.
ROOTS = {
    root.name: root
    for root in (
        Root("bookworm", "bookworm", _DOCKER),
        Root("trixie", "trixie", (*_DOCKER, "docker-buildx", "docker-cli")),
        Root("forky", "forky", (*_DOCKER, "docker-buildx", "docker-cli")),
        Root("trixie-podman", "trixie", _PODMAN),
        Root("target-debian12", "bookworm", _TARGET),
        Root("target-debian13", "trixie", _TARGET),
    )
}


@dataclass(frozen=True)
class Flavour:
    """An engine as a test asks for it: a root, the program in it, and how the daemon is set."""

    name: str
    root: str
    program: str = "dockerd"
    daemon: dict[str, Any] = field(default_factory=dict)
    env: dict[str, str] = field(default_factory=dict)


FLAVOURS = {
    flavour.name: flavour
    for flavour in (
        Flavour("20.10", "bookworm"),
        Flavour("26.1", "trixie"),
        Flavour("28.5", "forky"),
        Flavour("28.5-containerd", "forky", daemon={"features": {"containerd-snapshotter": True}}),
        # Refuses older clients the way Engine 29 does.
        Flavour("28.5-min", "forky", env={"DOCKER_MIN_API_VERSION": "1.44"}),
        Flavour("podman", "trixie-podman", program="podman"),
    )
}
