# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Podman shows of a container, in Docker's words; all of it is also tried on Podman, in tests/matrix."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_podman import (
    refuse,
    translated,
    unseen,
)
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_table import SCHEMA

ID = "0123456789ab" + "c" * 52
PLAIN: dict[str, Any] = {
    "Id": ID,
    "State": {"Running": True},
    "Config": {"Env": ["PATH=/bin", "container=podman", "A=1", "HOME=/root", "HOSTNAME=0123456789ab"]},
    "HostConfig": {
        "Annotations": {"io.podman.annotations.autoremove": "TRUE", "own": "1"},
        "NetworkMode": "bridge",
        "PidMode": "private",
        "ShmSize": 65536000,
        "UTSMode": "private",
    },
    "NetworkSettings": {"Networks": {"podman": {"NetworkID": "d" * 64, "MacAddress": ""}}},
}


def found(**host: Any) -> dict[str, Any]:
    return {**PLAIN, "HostConfig": {**PLAIN["HostConfig"], **host}}


def differing(shown: dict[str, Any], strict: bool = False, **options: Any) -> list[str]:
    """The options in which a container that Podman shows like that differs from a task."""
    desired = SCHEMA.desired(options)
    modes = SCHEMA.modes({"*": "strict"} if strict else {})
    return [change.option for change in SCHEMA.changes(desired, SCHEMA.actual(translated(shown, desired)), modes)]


def test_what_podman_adds_was_not_asked_for() -> None:
    assert differing(PLAIN, strict=True, env={"A": "1"}, annotations={"own": "1"}, pid_mode="", uts="") == []
    assert differing(PLAIN, env={"HOME": "/other"}) == ["env"]
    assert differing(PLAIN, env={"HOME": "/root"}) == []
    limits = [{"Name": "RLIMIT_NOFILE", "Soft": 9, "Hard": 9}, {"Name": "RLIMIT_CORE", "Soft": 0, "Hard": 0}]
    assert differing(found(Ulimits=limits), strict=True, ulimits=["core:0"]) == []
    assert differing(found(Ulimits=limits), ulimits=["nofile:8"]) == ["ulimits"]


@pytest.mark.parametrize(
    ("added", "dropped", "options", "expected"),
    [
        ([], [], {"capabilities": ["chown"], "cap_drop": ["mknod"]}, []),
        ([], [], {"capabilities": ["mknod"], "cap_drop": ["chown"]}, ["capabilities", "cap_drop"]),
        (["MKNOD"], ["CHOWN"], {"capabilities": ["mknod"], "cap_drop": ["chown"]}, []),
        ([], ["CHOWN"], {"cap_drop": ["all"]}, ["cap_drop"]),
        (["NET_ADMIN"], [], {"capabilities": ["all"]}, ["capabilities"]),
    ],
)
def test_capabilities(added: list[str], dropped: list[str], options: Any, expected: list[str]) -> None:
    assert differing(found(CapAdd=added, CapDrop=dropped), **options) == expected


def test_all_capabilities() -> None:
    but_one = "CHOWN DAC_OVERRIDE FOWNER FSETID KILL SETFCAP SETGID SETPCAP SETUID SYS_CHROOT".split()  # noqa: SIM905
    shown = found(CapAdd=[], CapDrop=but_one)
    assert differing(shown, cap_drop=["ALL"], capabilities=["NET_BIND_SERVICE"]) == []
    assert differing(shown, cap_drop=["ALL"]) == ["cap_drop"]
    assert differing(found(CapAdd=[f"C{number}" for number in range(20)]), capabilities=["ALL"]) == []


def test_ports_that_podman_chose() -> None:
    shown = found(PortBindings={"80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "40001"}]})
    assert differing(shown, published_ports=["80"]) == []
    assert differing(shown, published_ports=["40002:80"]) == ["published_ports"]
    assert differing({**shown, "HostConfig": {**shown["HostConfig"], "PublishAllPorts": True}}, strict=True,
                     published_ports=[]) == []  # fmt: skip


def test_mounts_in_memory() -> None:
    shown = found(Tmpfs={"/m": "size=1m,mode=1770,rw,rprivate,nosuid,nodev,tmpcopyup", "/t": "rw,nosuid,size=2m"})
    mount = {"target": "/m", "type": "tmpfs", "tmpfs_size": "1M", "tmpfs_mode": "1770"}
    assert differing(shown, strict=True, mounts=[mount], tmpfs=["/t:size=2m"]) == []
    assert differing(shown, mounts=[{**mount, "tmpfs_size": "2M"}]) == ["mounts"]
    assert differing(shown, tmpfs=["/t:size=2m,nodev"]) == ["tmpfs"]


def test_addresses_are_known_while_it_runs() -> None:
    end = {
        "NetworkID": "e" * 64,
        "IPAddress": "10.0.0.9",
        "GlobalIPv6Address": "",
        "MacAddress": "",
        "IPAMConfig": None,
    }
    shown = {**PLAIN, "NetworkSettings": {"Networks": {"one": end}}}
    wanted = [{"name": "one", "ipv4_address": "10.0.0.9"}]
    assert differing(shown, networks=wanted, network_mode="one") == []
    wanted[0]["ipv4_address"] = "10.0.0.10"
    assert differing(shown, networks=wanted) == ["networks"]
    assert differing({**shown, "State": {"Running": False}}, networks=wanted) == []


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gpus": "all", "masked_paths": []}, "Podman does not know gpus, masked_paths"),
        ({"mounts": [{"target": "/m", "type": "volume", "labels": {"a": "1"}}]}, r"know mounts\[\].labels"),
        ({"networks": [{"name": "one", "driver_opts": {"a": "1"}}]}, r"know networks\[\].driver_opts"),
        ({"device_requests": [{"driver": "nvidia", "count": 1}]}, r"device_requests\[\] without driver=cdi"),
        ({"published_ports": ["8000-8010:80"]}, "published_ports: Podman takes no range"),
    ],
)
def test_refused(options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        refuse(SCHEMA.desired(options))


def test_unseen() -> None:
    options: dict[str, Any] = {
        "sysctls": {"a": "1"},
        "devices": ["/dev/null:/dev/null:r"],
        "volumes": ["/a:/b:z"],
        "labels": {"a": "1"},
    }
    desired = SCHEMA.desired(options)
    refuse(desired)
    assert unseen(desired) == ["sysctls", "devices[].permissions", "volumes with z or Z"]
    device = {"PathOnHost": "/dev/null", "PathInContainer": "/dev/null", "CgroupPermissions": ""}
    assert differing(found(Devices=[device], Binds=["/a:/b:rw,rprivate,rbind"]), **options) == ["labels"]
