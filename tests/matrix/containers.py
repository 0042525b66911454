# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of containers share."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.container import Container
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import Outcome

from tests.matrix.conftest import PODMAN, TARGETS
from tests.matrix.harness import Bench, Options, Target

WEB = "dockside/web:1"
PORT = 8098  # on the engine's own address; no two tests run on one engine at once


class Containers(Bench):
    """Containers of the session's image, unless a task says more."""

    def __init__(self, target: Target, **base: Any) -> None:
        super().__init__(Container, target)
        # Podman's may be asked to end before they listen to signals.
        self.base = {"image": WEB, **({"stop_timeout": 1} if target.podman else {}), **base}

    def run(self, options: Options, check: bool = False, host: str | None = None) -> Outcome:
        return super().run({**self.base, **options}, check, host)

    def find(self, name: str = "case") -> Any:
        return self.target.ask("GET", f"/containers/{name}/json")


def names(target: Target) -> list[str]:
    """The containers of an engine."""
    return target.engine.containers()


def network(target: Target, name: str, number: int) -> None:
    """A network with a subnet of its own, so that addresses can be asked for."""
    pools = [{"Subnet": f"10.97.{number}.0/24"}, {"Subnet": f"fd00:97:{number}::/64"}]
    target.ask("POST", "/networks/create", {"Name": name, "EnableIPv6": True, "IPAM": {"Config": pools}})


def networks(target: Target) -> None:
    for number, name in enumerate(("one", "two"), 1):
        network(target, name, number)


def directories(target: Target) -> None:
    """Sources of bind mounts: /srv/one, /srv/two, and /srv/shared, whose mounts are seen elsewhere."""
    script = """
        mkdir -p /srv/one /srv/two /srv/shared
        busybox grep -q ' /srv/shared ' /proc/mounts && exit
        busybox mount --bind /srv/shared /srv/shared
        busybox mount --make-rshared /srv/shared
    """
    target.engine.exec(["sh", "-ec", script])


def neighbours(target: Target) -> None:
    """Two containers that others may share something with."""
    shareable = {"IpcMode": "shareable", "Binds": ["data:/data"]}
    for name in ("left", "right"):
        target.container(name, HostConfig=shareable)


# The engines without the other ways to speak to them.
PLAIN = ("20.10", "26.1", "28.5")
on_plain_engines = pytest.mark.parametrize("session_target", PLAIN, indirect=True)
# For what depends on no option: the oldest and the newest.
on_extremes = pytest.mark.parametrize("session_target", ["20.10", "28.5"], indirect=True)
on_newest = pytest.mark.parametrize("session_target", ["28.5"], indirect=True)
EXTREMES = ("20.10", "28.5", *PODMAN)
on_extremes_and_podman = pytest.mark.parametrize("session_target", EXTREMES, indirect=True)
everywhere = pytest.mark.parametrize("session_target", [*TARGETS, *PODMAN], indirect=True)
on_podman = pytest.mark.parametrize("session_target", PODMAN, indirect=True)


def write(target: Target, path: str, text: str, name: str = "case") -> None:
    target.engine.docker("exec", name, "sh", "-c", f"echo {text} > {path}")


def read(target: Target, path: str, name: str = "case") -> str:
    return target.engine.docker("exec", name, "cat", path).stdout.strip()


def volumes(target: Target) -> list[str]:
    return sorted(volume["Name"] for volume in target.ask("GET", "/volumes")["Volumes"] or [])
