# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of containers: every option with its place in POST /containers/create and in inspect."""

from __future__ import annotations

import json
import re
from typing import Any

from .._state.fields import UPDATE, Field, Schema, Struct
from .._state.kinds import IGNORE, STRICT, Address, Flag, Kind, Many, Map, Number, Text
from .._state.measures import Cpus, Pairs, Size
from .container_mounts import Mounts
from .container_networks import Link, Networks, mac, mode
from .container_ports import Ports
from .shared import (
    DEVICE_REQUEST,
    HEALTHCHECK,
    Command,
    Device,
    Gpus,
    Tmpfs,
    Ulimit,
    capability,
    clean,
    host_address,
    signal,
)


def cpuset(text: str) -> str:
    """A set of CPUs with its ranges written out: ``0-2`` is ``0,1,2``, as the daemon keeps whatever text it gets."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _dash, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return ",".join(str(number) for number in sorted(numbers))


class Pids(Number):
    """A number of processes; 0 and -1 are both unlimited."""

    def parse(self, option: Any) -> Any:
        return max(super().parse(option), 0)

    def load(self, api: Any) -> Any:
        return max(int(api), 0)


def readable(text: str) -> str:
    return text if text.rpartition(":")[2] in ("ro", "rw") else f"{text}:rw"  # what a missing mode means


def security(text: str) -> str:
    """A security option in one spelling: ``=`` behind the name, its value spelled out, profiles as compact JSON."""
    name, value = re.fullmatch(r"([^=:]*)[=:]?(.*)", text, re.DOTALL).groups()  # type: ignore[union-attr]
    if name == "no-new-privileges":
        return f"{name}={value or 'true'}"
    if name == "seccomp" and value.lstrip().startswith("{"):
        value = json.dumps(json.loads(value), sort_keys=True, separators=(",", ":"))
    return f"{name}={value}"


def policy(text: str) -> str:
    return text or "no"  # engines before 25.0 keep the empty text


def config(option: str, kind: Kind, key: str, **more: Any) -> Field:
    """A member of Config: at the top of the create body, under Config in inspect."""
    return Field(option, kind, key, read=f"Config.{key}", **more)


def host(option: str, kind: Kind, key: str, **more: Any) -> Field:
    """A member of HostConfig."""
    return Field(option, kind, f"HostConfig.{key}", **more)


def limit(option: str, kind: Kind, key: str, unset: Any = 0, kernel: str = "") -> Field:
    """A member of HostConfig that POST /containers/{id}/update applies to a container as it runs."""
    return host(option, kind, key, unset=unset, kernel=kernel, on_change=UPDATE)


def rates(option: str, key: str, kind: Kind) -> Field:
    """A list of device paths and rates (or weights)."""
    name = "weight" if key.endswith("WeightDevice") else "rate"
    item = Struct(
        Field("path", Text(), "Path", extra={"required": True}),
        Field(name, kind, name.capitalize(), extra={"required": True}),
    )
    return host(option, Many(item, key="path"), key, unset=[])


def private(text: str) -> str:
    return "" if text == "default" else text


RESTART = ("no", "on-failure", "always", "unless-stopped")
FIELDS = (
    # What runs, and as whom.
    config("command", Command(), "Cmd", unset=[]),
    config("entrypoint", Command(), "Entrypoint", unset=[]),
    config("env", Pairs(null=True), "Env", unset={}),
    config("labels", Map(), "Labels", unset={}),
    config("user", Text(), "User", unset=""),
    config("working_dir", Text(canon=clean), "WorkingDir", unset=""),
    config("shell", Many(Text(), ordered=True), "Shell", unset=[]),
    config("tty", Flag(), "Tty", unset=False),
    config("interactive", Flag(), "OpenStdin", unset=False),
    config("stop_signal", Text(canon=signal), "StopSignal", unset="TERM"),
    config("stop_timeout", Number(0), "StopTimeout", mode=IGNORE),
    config("healthcheck", HEALTHCHECK, "Healthcheck", unset={}),
    host("groups", Many(Text()), "GroupAdd", unset=[]),
    host("init", Flag(), "Init", unset=False),
    host("runtime", Text(), "Runtime"),
    host("auto_remove", Flag(), "AutoRemove", unset=False),
    host("annotations", Map(loose=True), "Annotations", min_api=(1, 43), unset={}),
    host("console_size", Many(Number(0), ordered=True), "ConsoleSize", min_api=(1, 42), unset=[0, 0]),
    host("log_driver", Text(), "LogConfig.Type"),
    host("log_options", Map(loose=True), "LogConfig.Config", unset={}, extra={"aliases": ["log_opt"]}),
    # Network.
    config("hostname", Text(), "Hostname", unset=""),
    config("domainname", Text(), "Domainname", unset=""),
    config("mac_address", Text(canon=mac), "MacAddress", unset=""),
    config("network_disabled", Flag(), "NetworkDisabled", unset=False),
    host("network_mode", Text(canon=mode), "NetworkMode", unset="bridge"),
    host("publish_all_ports", Flag(), "PublishAllPorts", unset=False),
    host("dns_servers", Many(Address(), ordered=True), "Dns", unset=[]),
    host("dns_opts", Many(Text(), ordered=True), "DnsOptions", unset=[]),
    host("dns_search_domains", Many(Text(), ordered=True), "DnsSearch", unset=[]),
    host("etc_hosts", Pairs(":", canon=host_address), "ExtraHosts", unset={}),
    host("links", Many(Link()), "Links", unset=[]),
    # Storage beside volumes and mounts.
    host("read_only", Flag(), "ReadonlyRootfs", unset=False),
    host("shm_size", Size(), "ShmSize"),
    host("storage_opts", Map(loose=True), "StorageOpt", unset={}),
    host("tmpfs", Tmpfs(), "Tmpfs", unset={}),
    host("volume_driver", Text(), "VolumeDriver", unset=""),
    host("volumes_from", Many(Text(canon=readable)), "VolumesFrom", unset=[]),
    # Namespaces and security.
    host("capabilities", Many(Text(canon=capability)), "CapAdd", unset=[]),
    host("cap_drop", Many(Text(canon=capability)), "CapDrop", unset=[]),
    host("cgroup_parent", Text(), "CgroupParent", unset=""),
    host("cgroupns_mode", Text(("private", "host")), "CgroupnsMode", min_api=(1, 41)),
    host("device_cgroup_rules", Many(Text()), "DeviceCgroupRules", unset=[]),
    host("device_requests", Many(DEVICE_REQUEST, ordered=True), "DeviceRequests", min_api=(1, 40), unset=[]),
    host("gpus", Gpus(), "DeviceRequests", min_api=(1, 40), unset=[]),
    host("devices", Many(Device(), key="inside"), "Devices", unset=[]),
    host("ipc_mode", Text(), "IpcMode"),
    host("isolation", Text(canon=private), "Isolation", unset=""),
    host("masked_paths", Many(Text()), "MaskedPaths", min_api=(1, 38), mode=STRICT),
    host("readonly_paths", Many(Text()), "ReadonlyPaths", min_api=(1, 38), mode=STRICT),
    host("pid_mode", Text(), "PidMode", unset=""),
    host("privileged", Flag(), "Privileged", unset=False),
    host("security_opts", Many(Text(canon=security)), "SecurityOpt", unset=[]),
    host("sysctls", Map(loose=True), "Sysctls", unset={}),
    host("userns_mode", Text(), "UsernsMode", unset=""),
    host("uts", Text(), "UTSMode", unset=""),
    # Limits.
    limit("restart_policy", Text(RESTART, canon=policy), "RestartPolicy.Name", unset="no"),
    limit("restart_retries", Number(0), "RestartPolicy.MaximumRetryCount"),
    limit("blkio_weight", Number(0, 1000), "BlkioWeight"),
    limit("cpu_period", Number(0), "CpuPeriod", kernel="CpuCfsPeriod"),
    limit("cpu_quota", Number(-1), "CpuQuota", kernel="CpuCfsQuota"),
    limit("cpu_rt_period", Number(0), "CpuRealtimePeriod"),
    limit("cpu_rt_runtime", Number(0), "CpuRealtimeRuntime"),
    limit("cpu_shares", Number(0), "CpuShares", kernel="CPUShares"),
    limit("cpus", Cpus(), "NanoCpus", kernel="CpuCfsQuota"),
    limit("cpuset_cpus", Text(canon=cpuset), "CpusetCpus", unset="", kernel="CPUSet"),
    limit("cpuset_mems", Text(canon=cpuset), "CpusetMems", unset="", kernel="CPUSet"),
    limit("memory", Size(), "Memory", kernel="MemoryLimit"),
    limit("memory_reservation", Size(), "MemoryReservation", kernel="MemoryLimit"),
    limit("memory_swap", Size(unlimited=-1), "MemorySwap", kernel="SwapLimit"),
    limit("pids_limit", Pids(-1), "PidsLimit", kernel="PidsLimit"),
    host("memory_swappiness", Number(0, 100), "MemorySwappiness"),
    host("oom_killer", Flag(), "OomKillDisable", unset=False, kernel="OomKillDisable"),
    host("oom_score_adj", Number(-1000, 1000), "OomScoreAdj", unset=0),
    host("ulimits", Many(Ulimit(), key="name"), "Ulimits", unset=[]),
    rates("blkio_weight_device", "BlkioWeightDevice", Number(10, 1000)),
    rates("device_read_bps", "BlkioDeviceReadBps", Size()),
    rates("device_write_bps", "BlkioDeviceWriteBps", Size()),
    rates("device_read_iops", "BlkioDeviceReadIOps", Number(0)),
    rates("device_write_iops", "BlkioDeviceWriteIOps", Number(0)),
)
KERNEL = {field.option: field.kernel for field in FIELDS if field.kernel}
# What the update endpoint can set back to nothing; for the other limits its zero means "unchanged".
CLEARABLE = ("restart_policy", "restart_retries", "pids_limit")
# What it applies from API 1.55 on and silently ignores before.
RATES = ("blkio_weight_device", "device_read_bps", "device_write_bps", "device_read_iops", "device_write_iops")
UNNETWORKED = ("host", "none")
# Options that may name another container, as container:NAME.
SHARED = ("network_mode", "ipc_mode", "pid_mode")

SCHEMA = Schema(Ports(), Mounts(), Networks(), *FIELDS)
