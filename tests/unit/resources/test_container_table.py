# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of containers against the fields of the API (tests/data/options_container.csv)."""

from __future__ import annotations

import csv
import pathlib
import re
from collections.abc import Iterator, Mapping
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_table import FIELDS, RATES, SCHEMA
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import UPDATE

DATA = pathlib.Path(__file__).parents[2] / "data/options_container.csv"
CREATE, CHANGE = "POST /containers/create", "POST /containers/{id}/update"
WINDOWS = "of Windows only"
STREAMS = "what attaches a client's streams, which no task does"
# Fields that no option stands for, and why.
LEFT_OUT = {
    "name": "the option name",
    "Image": "the option image",
    "platform": "the option platform",
    "AttachStdin": STREAMS,
    "AttachStdout": STREAMS,
    "AttachStderr": STREAMS,
    "StdinOnce": STREAMS,
    "ArgsEscaped": WINDOWS,
    "OnBuild": "for builds of images; nothing runs it in a container",
    "HostConfig.Cgroup": "a name that the daemon keeps and never uses",
    "HostConfig.ContainerIDFile": "the file of a client, which the daemon only remembers",
    "HostConfig.CpuCount": WINDOWS,
    "HostConfig.CpuPercent": WINDOWS,
    "HostConfig.IOMaximumIOps": WINDOWS,
    "HostConfig.IOMaximumBandwidth": WINDOWS,
    "HostConfig.Mounts[].Consistency": "has no effect on Linux",
}
# One of everything.
HEALTHCHECK = {
    "test": "true", "interval": "1s", "timeout": "1s", "retries": 1, "start_period": "1s", "start_interval": "1s"
}  # fmt: skip
ENDPOINT = {
    "name": "one", "ipv4_address": "10.0.0.2", "ipv6_address": "fd00::2", "link_local_ips": ["169.254.1.1"],
    "aliases": ["a"], "links": ["other:o"], "driver_opts": {"a": "1"}, "mac_address": "02:42:0a:00:00:02",
    "gw_priority": 1,
}  # fmt: skip
MOUNTS = [
    {
        "target": "/volume", "type": "volume", "source": "data", "read_only": True, "no_copy": True,
        "labels": {"a": "1"}, "volume_driver": "local", "volume_options": {"o": "bind"}, "subpath": "sub",
    },
    {
        "target": "/bind", "type": "bind", "source": "/srv", "propagation": "rslave", "non_recursive": True,
        "create_mountpoint": True, "read_only_non_recursive": True, "read_only_force_recursive": True,
    },
    {
        "target": "/tmpfs", "type": "tmpfs", "tmpfs_size": "1M", "tmpfs_mode": "1777",
        "tmpfs_options": [{"noexec": None}],
    },
    {"target": "/image", "type": "image", "source": "web:1", "subpath": "www"},
]  # fmt: skip
SAMPLES: dict[str, Any] = {
    "published_ports": ["127.0.0.1:8080:80"],
    "exposed_ports": ["81"],
    "default_host_ip": "127.0.0.1",
    "volumes": ["/anonymous", "data:/data"],
    "mounts": MOUNTS,
    "networks": [ENDPOINT],
    "healthcheck": HEALTHCHECK,
    "console_size": [24, 80],
    "dns_servers": ["10.0.0.1"],
    "etc_hosts": {"a": "10.0.0.1"},
    "mac_address": "02:42:0a:00:00:02",
    "tmpfs": ["/tmp:size=1m"],
    "devices": ["/dev/null"],
    "device_requests": [
        {"driver": "nvidia", "count": 1, "device_ids": ["0"], "capabilities": [["gpu"]], "options": {"a": "1"}}
    ],
    "ulimits": ["nofile:1024"],
    "restart_policy": "on-failure",
    "cgroupns_mode": "private",
    "cpuset_cpus": "0",
    "cpuset_mems": "0",
    "blkio_weight_device": [{"path": "/dev/sda", "weight": 10}],
    **{option: [{"path": "/dev/sda", "rate": 1}] for option in RATES if option.startswith("device_")},
}
BY_TYPE = {"str": "1", "bool": True, "int": 1, "float": 1.0, "dict": {"a": "1"}, "list": ["a"], "raw": ["a"]}


def sample(option: str) -> Any:
    return SAMPLES.get(option, BY_TYPE[SCHEMA.argument_spec()[option]["type"]])


def rows(operation: str) -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["operation"] == operation]


def places(value: Any, path: str = "") -> Iterator[str]:
    """The places of a JSON document as the API's documents write them."""
    if isinstance(value, Mapping) and value:
        for key, member in value.items():
            step = "{}" if path.endswith(("EndpointsConfig", "PortBindings")) else f".{key}" if path else key
            yield from places(member, path + step)
    elif isinstance(value, list) and value:
        for member in value:
            yield from places(member, f"{path}[]")
    else:
        yield path


def body(options: Mapping[str, Any]) -> dict[str, Any]:
    return SCHEMA.body(SCHEMA.desired(options), {}, SCHEMA.modes())


WRITTEN = {
    place for option in SCHEMA.argument_spec() for place in places(body({option: sample(option)})) if place[-1] != "."
}
# Of what was removed, the MAC address is what users still have; new words for a status are looked at first.
GONE = {"read-only", "doc artefact", "doc variant", "removed 1.40", "removed 1.41", "removed 1.42", "removed 1.52"}
KNOWN = {row["field"]: row for row in rows(CREATE) if row["status"] not in GONE or row["field"] == "MacAddress"}


def within(place: str, field: str) -> bool:
    return re.match(re.escape(field) + r"($|[.\[{])", place) is not None


def test_every_field_of_the_api_has_an_option_or_a_reason() -> None:
    without = {field for field in KNOWN if not any(within(place, field) for place in WRITTEN)}
    assert without == set(LEFT_OUT)


def test_every_option_is_a_field_of_the_api() -> None:
    """The daemon ignores members that it does not know: a name that is spelt wrongly would never be noticed."""
    fields = {*KNOWN, "HostConfig", "NetworkingConfig", "HostConfig.PortBindings", "NetworkingConfig.EndpointsConfig"}
    assert {place for place in WRITTEN if not any(within(place, field) for field in fields)} == set()


def version(text: str) -> tuple[int, int]:
    major, minor = text.lstrip("<=").split(".")
    return max((int(major), int(minor)), (1, 33))


@pytest.mark.parametrize("option", sorted(SCHEMA.argument_spec()))
def test_every_option_needs_the_api_that_its_fields_came_with(option: str) -> None:
    options: dict[str, Any] = {option: sample(option)}
    since = {
        version(row["since_api"])
        for place in places(body(options))
        for field, row in KNOWN.items()
        if within(place, field)
    }
    needs = {needed for _path, needed in SCHEMA.requirements(SCHEMA.desired(options))}
    if option == "console_size":  # of Windows only before
        since.add((1, 42))
    if option == "mounts":
        needs.remove((1, 48))  # the type image, which is a value and no field
        since.discard((1, 48))
    assert needs == since - {(1, 33)}


def test_what_the_update_endpoint_applies_is_updated_and_nothing_else() -> None:
    applied, ignored = (
        {row["field"].partition("[")[0].partition(".")[0] for row in rows(CHANGE) if row["status"] == status}
        for status in ("current", "ignored")
    )
    updated = {field.path.split(".")[1] for field in FIELDS if field.on_change == UPDATE}
    late = {field.path.split(".")[1] for field in FIELDS if field.option in RATES}  # from API 1.55 on
    assert updated | late == applied
    assert not updated & ignored
