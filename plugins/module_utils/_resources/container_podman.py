# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the compatible API of Podman makes of containers, put into Docker's words. Only imported for Podman.

Podman shows what it made of a request (all capabilities that ALL stands for, the port that it chose), adds settings of
its own, and leaves some out: then what the task asks for is taken for what is there, where nothing speaks against it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from copy import deepcopy
from typing import Any

from .._state.converge import Document
from .._state.kinds import Unfit
from .._state.measures import Size
from .container_mounts import entry, short
from .container_table import SCHEMA
from .shared import capability, clean

# Options that Podman takes and shows nothing of.
UNSEEN = ("cgroupns_mode", "device_cgroup_rules", "device_requests", "log_options", "sysctls")
# Options, and members of mounts and networks, that it takes without a word and does nothing with.
UNKNOWN = ("gpus", "masked_paths", "readonly_paths")
UNKNOWN_MEMBERS = {
    "mounts": ("labels", "no_copy", "volume_driver", "volume_options"),
    "networks": ("driver_opts", "link_local_ips", "links"),
}

# What it adds.
VARIABLES = ("HOME", "HOSTNAME", "PATH", "TERM", "container")
ANNOTATIONS = ("io.container.manager", "io.podman.annotations.", "org.opencontainers.image.", "org.systemd.property.")
TMPFS = ("nodev", "nosuid", "rprivate", "rw", "tmpcopyup")
LIMITS = ("nofile", "nproc")
CHECK = {"Interval": 30 * 10**9, "Timeout": 30 * 10**9, "Retries": 3}
# option -> its member of HostConfig, and what that says when nobody asked for anything
UNSET = {
    "memory_swappiness": ("MemorySwappiness", 0),
    "pid_mode": ("PidMode", "private"),
    "runtime": ("Runtime", "oci"),
    "shm_size": ("ShmSize", 65536000),
    "uts": ("UTSMode", "private"),
}
# The capabilities of its containers; Docker's have some more.
CAPABILITIES = {
    "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID", "CAP_KILL", "CAP_NET_BIND_SERVICE", "CAP_SETFCAP",
    "CAP_SETGID", "CAP_SETPCAP", "CAP_SETUID", "CAP_SYS_CHROOT",
}  # fmt: skip


def refuse(desired: Mapping[str, Any]) -> None:
    """Unfit for options which Podman would drop without a word, so that nothing would show it afterwards."""
    lost = sorted({option for option in UNKNOWN if option in desired} | set(lost_members(desired)))
    if lost:
        raise Unfit(f"Podman does not know {', '.join(lost)}")
    for key, bindings in desired.get("published_ports", {}).items():
        for _address, port in bindings:
            if "-" in port:
                raise Unfit(f"Podman takes no range of ports for one port: {port} for {key}", "published_ports")


def lost_members(desired: Mapping[str, Any]) -> Iterator[str]:
    for option, members in UNKNOWN_MEMBERS.items():
        for item in desired.get(option, {}).values():
            yield from (f"{option}[].{member}" for member in members if item.get(member))
    for request in desired.get("device_requests", ()):
        if request["driver"] != "cdi":
            yield "device_requests[] without driver=cdi"


def unseen(desired: Mapping[str, Any]) -> list[str]:
    """What the task names and Podman does not show."""
    members = {
        "devices[].permissions": any(device["access"] != "rwm" for device in desired.get("devices", ())),
        "volumes with z or Z": any("relabel" in mount for mount in desired.get("volumes", {}).values()),
    }
    return [option for option in UNSEEN if option in desired] + [text for text, named in members.items() if named]


def translated(found: Document, desired: Mapping[str, Any]) -> dict[str, Any]:
    """A container as Docker would show it."""
    result = deepcopy(dict(found))
    config, host = result["Config"], result["HostConfig"]
    named = desired.get("env") or {}
    env = [(text.partition("=")[0], text) for text in config.get("Env") or []]
    config["Env"] = [text for name, text in env if name in named or name not in VARIABLES]
    if config.get("Healthcheck"):
        wanted = SCHEMA.body({"healthcheck": desired.get("healthcheck", {})}, {}, SCHEMA.modes())["Healthcheck"]
        check = config["Healthcheck"].items()
        config["Healthcheck"] = {name: value for name, value in check if name in wanted or value != CHECK.get(name)}
    annotations = host.get("Annotations") or {}
    host["UsernsMode"] = annotations.get("io.podman.annotations.userns", "")
    host["Annotations"] = {name: text for name, text in annotations.items() if not name.startswith(ANNOTATIONS)}
    for option, (member, value) in UNSET.items():
        if host.get(member) == value and (option not in desired or isinstance(value, str)):
            host[member] = None
    SCHEMA.body({option: desired[option] for option in UNSEEN if option in desired}, {}, SCHEMA.modes(), into=result)
    limits(host, desired)
    capabilities(host, desired)
    mounts(host, desired)
    ports(host, desired)
    networks(result, desired)
    return result


def limits(host: dict[str, Any], desired: Mapping[str, Any]) -> None:
    if host.get("NanoCpus"):  # shown both ways, whichever was asked for
        ours = ("NanoCpus",) if "cpu_quota" in desired or "cpu_period" in desired else ("CpuQuota", "CpuPeriod")
        host.update(dict.fromkeys(ours, 0))
    own = set(LIMITS) - {limit["name"] for limit in desired["ulimits"]} if "ulimits" in desired else ()
    found = [{**limit, "Name": limit["Name"].removeprefix("RLIMIT_").lower()} for limit in host.get("Ulimits") or []]
    host["Ulimits"] = [limit for limit in found if limit["Name"] not in own]
    access = {device["inside"]: device["access"] for device in desired.get("devices", ())}
    for device in host.get("Devices") or []:
        device["CgroupPermissions"] = device["CgroupPermissions"] or access.get(device["PathInContainer"], "")


def capabilities(host: dict[str, Any], desired: Mapping[str, Any]) -> None:
    added, dropped = ({capability(name) for name in host.get(member) or []} for member in ("CapAdd", "CapDrop"))
    more, less = set(desired.get("capabilities", ())), set(desired.get("cap_drop", ()))
    if host.get("Privileged"):  # which stands for more than any of these
        host["CapAdd"], host["CapDrop"] = sorted(more), sorted(less)
        host["SecurityOpt"] = [text for text in host.get("SecurityOpt") or [] if text != "unmask=all"]
        return
    there = CAPABILITIES - dropped | added
    if "ALL" in more and len(there) > 25:  # the kernel knows some forty
        added = {"ALL"}
    if "ALL" in less and there <= more:
        dropped = {"ALL"}
    host["CapAdd"] = sorted(added | (more & there))
    host["CapDrop"] = sorted(dropped | (less - there - {"ALL"}))


def mounts(host: dict[str, Any], desired: Mapping[str, Any]) -> None:
    relabel = {target: mount.get("relabel") for target, mount in desired.get("volumes", {}).items()}
    binds, host["Binds"] = host.get("Binds") or [], []  # every mount is shown in the short form
    for text in binds:
        mount = short(text, asked=False)
        word = relabel.get(mount["target"])
        if (
            "mounts" not in desired
            or "volumes" in desired
            or (mount.get("propagation") and "non_recursive" not in mount)
        ):
            host["Binds"].append(f"{text},{word}" if word else text)
        else:
            api = entry({name: value for name, value in mount.items() if value})
            host["Mounts"] = [*(host.get("Mounts") or []), api]
    in_memory, host["Tmpfs"] = host.get("Tmpfs") or {}, {}
    for path, options in in_memory.items():
        target, words = clean(path), options.split(",")
        if target in desired.get("mounts", {}):
            values = dict(word.split("=") for word in words if "=" in word)
            api = {"SizeBytes": Size().parse(values.get("size", "0")), "Mode": int(values.get("mode", "0"), 8)}
            mount = {"Type": "tmpfs", "Target": target, "ReadOnly": "ro" in words, "TmpfsOptions": api}
            host["Mounts"] = [*(host.get("Mounts") or []), mount]
        else:
            named = desired.get("tmpfs", {}).get(target, "").split(",")
            host["Tmpfs"][path] = ",".join(word for word in words if word in named or word not in TMPFS)


def ports(host: dict[str, Any], desired: Mapping[str, Any]) -> None:
    wanted, bindings = desired.get("published_ports", {}), host.get("PortBindings") or {}
    if host.get("PublishAllPorts"):  # they are shown as if they had been asked for one by one
        bindings = {key: entries for key, entries in bindings.items() if key in wanted}
    for key, entries in bindings.items():
        fixed = {port for _address, port in wanted.get(key, ())}
        for bound in entries if "" in fixed else ():
            if bound["HostPort"] not in fixed:
                bound["HostPort"] = ""  # any port was asked for, and this is the one
    host["PortBindings"] = bindings


def networks(found: dict[str, Any], desired: Mapping[str, Any]) -> None:
    host, running, wanted = found["HostConfig"], found["State"]["Running"], desired.get("networks", {})
    ends, mac = found["NetworkSettings"].get("Networks") or {}, desired.get("mac_address")
    if mac and (not running or mac in [end["MacAddress"] for end in ends.values()]):
        found["Config"]["MacAddress"] = mac
    if host["NetworkMode"] == "bridge":  # the word for any of them
        if "podman" not in wanted and desired.get("network_mode") != "podman":
            ends.pop("podman", None)  # the default network, Docker's bridge
        if ends:
            main = desired.get("network_mode")
            host["NetworkMode"] = main if main in ends else next(iter(ends))
    for name, end in ends.items():
        asked = wanted.get(name) or wanted.get(end["NetworkID"]) or {}
        for option, member, shown in (
            ("ipv4_address", "IPv4Address", end["IPAddress"]),
            ("ipv6_address", "IPv6Address", end["GlobalIPv6Address"]),
        ):
            if option in asked and (not running or asked[option] == shown):
                end["IPAMConfig"] = {**(end["IPAMConfig"] or {}), member: asked[option]}
