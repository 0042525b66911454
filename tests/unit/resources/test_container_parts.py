# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The parts of a container by themselves: ports, mounts, networks, what the image gave, what a change costs."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.access import SPEC
from ansible_collections.dockside.engine.plugins.module_utils._resources.container import Container
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_image import alike, own, present
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_mounts import (
    Mounts,
    bind,
    carry,
    short,
)
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_networks import Networks
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_ports import Ports
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_table import SCHEMA
from ansible_collections.dockside.engine.plugins.module_utils._resources.shared import signal
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import RECONNECT, RECREATE, UPDATE
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import MORE, STRICT

ID = "0123456789ab" + "c" * 52
ANONYMOUS = "d" * 64
# What every task says, with the defaults of what it says of registries.
OPTIONS = {"name": "case", "state": "started", **{option: entry.get("default") for option, entry in SPEC.items()}}


def bindings(*texts: str, default: str | None = None) -> Any:
    """What these ports are in HostConfig.PortBindings, as container port -> [address:port]."""
    body: dict[str, Any] = {}
    desired = Ports().parse({"published_ports": list(texts), "default_host_ip": default})
    Ports().write(desired, {}, {"published_ports": MORE, "exposed_ports": MORE}, body)
    assert set(body["ExposedPorts"]) == set(body["HostConfig"]["PortBindings"])
    return {
        key: [f"{entry['HostIp']}:{entry['HostPort']}" for entry in entries]
        for key, entries in body["HostConfig"]["PortBindings"].items()
    }


@pytest.mark.parametrize(
    ("texts", "expected"),
    [
        (["80"], {"80/tcp": [":"]}),
        (["80/udp"], {"80/udp": [":"]}),
        (["80/SCTP"], {"80/sctp": [":"]}),
        (["8080:80"], {"80/tcp": [":8080"]}),
        (["8080:80/udp", "8080:80"], {"80/tcp": [":8080"], "80/udp": [":8080"]}),
        (["127.0.0.1:8080:80"], {"80/tcp": ["127.0.0.1:8080"]}),
        (["127.0.0.1::80"], {"80/tcp": ["127.0.0.1:"]}),
        (["[::1]:8080:80"], {"80/tcp": ["::1:8080"]}),
        (["[0:0:0::1]::80"], {"80/tcp": ["::1:"]}),
        (["8000-8002:80-82"], {"80/tcp": [":8000"], "81/tcp": [":8001"], "82/tcp": [":8002"]}),
        (["8000-8010:80"], {"80/tcp": [":8000-8010"]}),
        (["80-81/udp"], {"80/udp": [":"], "81/udp": [":"]}),
        (["127.0.0.1:8000-8001:80-81/udp"], {"80/udp": ["127.0.0.1:8000"], "81/udp": ["127.0.0.1:8001"]}),
        (["127.0.0.2:1:80", "127.0.0.1:1:80"], {"80/tcp": ["127.0.0.1:1", "127.0.0.2:1"]}),
        (["8080:80", "8080:80"], {"80/tcp": [":8080"]}),
        (["0.0.0.0:8080:80"], {"80/tcp": ["0.0.0.0:8080"]}),
        ([], {}),
    ],
)
def test_published_ports(texts: list[str], expected: Any) -> None:
    assert bindings(*texts) == expected


def test_default_host_ip() -> None:
    assert bindings("8080:80", "127.0.0.2:81:81", default="[::1]") == {
        "80/tcp": ["::1:8080"],
        "81/tcp": ["127.0.0.2:81"],
    }


@pytest.mark.parametrize(
    ("option", "text", "message"),
    [
        ("published_ports", "0", "port 0 is out of range, ports go from 1 to 65535"),
        ("published_ports", "65536:80", "port 65536 is out of range"),
        ("published_ports", "80:70000", "port 70000 is out of range"),
        ("published_ports", "90-80", "port 90-80 is out of range"),
        ("published_ports", "8000-8002:80-81", "has 3 host ports for 2 container ports"),
        ("published_ports", "80/icmp", "has the protocol 'icmp'"),
        ("published_ports", "web:80", "is no port to publish"),
        ("published_ports", "::1:80:80", "is no port to publish; .* IPv6 in brackets"),
        ("published_ports", "300.0.0.1:80:80", "300.0.0.1"),
        ("published_ports", "80:80:80:80", "is no port to publish"),
        ("published_ports", "", "is no port to publish"),
        ("published_ports", "all", "'all' is no port and no range"),
        ("exposed_ports", "a", "'a' is no port and no range"),
        ("exposed_ports", "80-", "80-"),
        ("default_host_ip", "localhost", "localhost"),
    ],
)
def test_ports_that_do_not_fit(option: str, text: str, message: str) -> None:
    value = text if option == "default_host_ip" else [text]
    with pytest.raises(ValueError, match=f"^{option}.*{message}"):
        Ports().parse({option: value})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/data", {"type": "volume", "no_copy": False}),
        ("data:/data/", {"type": "volume", "source": "data", "no_copy": False}),
        ("data:/data:ro,nocopy", {"type": "volume", "source": "data", "no_copy": True, "read_only": True}),
        ("/srv//one/:/data", {"type": "bind", "source": "/srv/one", "propagation": ""}),
        ("/srv:/data:Z,rshared", {"type": "bind", "source": "/srv", "propagation": "rshared", "relabel": "Z"}),
        ("/srv:/data:rw,rprivate", {"type": "bind", "source": "/srv", "propagation": ""}),
        ("/srv:/data:cached", {"type": "bind", "source": "/srv", "propagation": ""}),
    ],
)
def test_short_form_of_a_mount(text: str, expected: dict[str, Any]) -> None:
    mount = {"target": "/data", "read_only": False, **expected}
    assert short(text) == mount
    assert short(bind(mount)) == mount


@pytest.mark.parametrize("text", ["data", "data:data", "a:/b:ro:rw", "a:/b:sometimes", "", ":"])
def test_short_form_that_does_not_fit(text: str) -> None:
    with pytest.raises(ValueError, match=r"no volume|unknown option"):
        short(text)


@pytest.mark.parametrize(
    ("mounts", "message"),
    [
        ([{"target": "data"}], r"mounts\[0\].target: must start with /"),
        ([{"target": "/a", "type": "bind"}], r"mounts\[0\].source: a mount of type bind needs a source"),
        ([{"target": "/a", "type": "tmpfs", "source": "a"}], "has no source"),
        ([{"target": "/a", "type": "bind", "source": "/a", "no_copy": True}], "no_copy: does not go with .* bind"),
        ([{"target": "/a"}, {"target": "/a/"}], r"mounts\[1\]: /a is the target of mounts\[0\] already"),
    ],
)
def test_mounts_that_do_not_fit(mounts: list[dict[str, Any]], message: str) -> None:
    filled = [{"type": "volume", **mount} for mount in mounts]
    with pytest.raises(ValueError, match=message):
        SCHEMA.desired({"mounts": filled})


def test_anonymous_volumes_are_carried_to_where_new_ones_would_be() -> None:
    def volume(target: str, name: str = ANONYMOUS) -> dict[str, Any]:
        return {"Type": "volume", "Name": name, "Destination": target, "RW": True}

    body: dict[str, Any] = {
        "Volumes": {"/asked": {}},
        "HostConfig": {"Binds": ["other:/bound"], "Mounts": [{"Type": "volume", "Target": "/mount"}]},
    }
    mounts = [volume(f"/{name}") for name in ("asked", "image", "mount", "bound", "gone")]
    carry(body, {"Mounts": [*mounts, volume("/named", "data")]}, {"/image/": {}})
    assert sorted(body["HostConfig"]["Binds"]) == sorted(["other:/bound", f"{ANONYMOUS}:/asked", f"{ANONYMOUS}:/image"])
    assert body["HostConfig"]["Mounts"] == [{"Type": "volume", "Target": "/mount", "Source": ANONYMOUS}]


def found(config: dict[str, Any] | None = None, host: dict[str, Any] | None = None, **more: Any) -> dict[str, Any]:
    return {
        "Id": ID,
        "Name": "/case",
        "Image": "sha256:1",
        "Config": {"Hostname": ID[:12], "Image": "web:1", **(config or {})},
        "HostConfig": {"NetworkMode": "default", **(host or {})},
        "NetworkSettings": {"Networks": {}},
        "State": {"Running": True, "Paused": False},
        **more,
    }


def test_networks_without_what_the_daemon_added() -> None:
    ends = {"one": {"Aliases": ["a", ID[:12]], "IPAMConfig": {"IPv4Address": "10.0.0.2"}, "MacAddress": ""}}
    loaded = Networks().load(found(NetworkSettings={"Networks": ends}))["networks"]["one"]
    expected = {"name": "one", "ipv4_address": "10.0.0.2", "aliases": ["a"]}
    assert {name: value for name, value in loaded.items() if value} == expected


@pytest.mark.parametrize(
    ("networks", "message"),
    [
        ([{"name": "one"}, {"name": "one"}], "network one is there more than once"),
        ([{"name": "one", "ipv4_address": "10.0.0"}], r"networks\[0\].ipv4_address: .*10.0.0"),
        ([{"name": "one", "driver_opts": {"a": None}}], r"networks\[0\].driver_opts.a: must be text"),
    ],
)
def test_networks_that_do_not_fit(networks: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        SCHEMA.desired({"networks": networks})


IMAGE = {
    "Config": {
        "User": "app",
        "WorkingDir": "/tmp",
        "StopSignal": "SIGINT",
        "Entrypoint": ["/bin/idle"],
        "Cmd": ["more"],
        "Env": ["A=1", "B=2"],
        "Labels": {"a": "1", "b": "2"},
        "ExposedPorts": {"80/tcp": {}},
        "Volumes": {"/image": {}},
        "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5, "Retries": 2},
    }
}
MERGED = {**IMAGE["Config"]}


@pytest.mark.parametrize(
    ("config", "desired", "left"),
    [
        (MERGED, {}, {}),
        # what the task names too is compared, even where the image says the same
        (MERGED, {"user": "app", "stop_signal": "INT"}, {"User": "app", "StopSignal": "SIGINT"}),
        (MERGED, {"labels": {"a": "1"}}, {"Labels": {"a": "1"}}),
        (MERGED, {"env": {"B": "2"}}, {"Env": ["B=2"]}),
        (MERGED, {"healthcheck": {"retries": 2}}, {"Healthcheck": {"Retries": 2}}),
        (MERGED, {"command": ["more"]}, {"Cmd": ["more"]}),
        # what differs from the image is the container's own
        ({**MERGED, "User": "root", "Env": ["A=2", "B=2", "C=3"]}, {}, {"User": "root", "Env": ["A=2", "C=3"]}),
        ({**MERGED, "Labels": {"a": "2", "b": "2", "c": "3"}}, {}, {"Labels": {"a": "2", "c": "3"}}),
        ({**MERGED, "Cmd": ["other"]}, {}, {"Cmd": ["other"]}),
        ({**MERGED, "Entrypoint": ["x"]}, {}, {"Entrypoint": ["x"], "Cmd": ["more"]}),
        ({**MERGED, "ExposedPorts": {"80/tcp": {}, "81/tcp": {}}}, {}, {"ExposedPorts": {"81/tcp": {}}}),
        ({**MERGED, "Volumes": {"/image": {}, "/own": {}}}, {}, {"Volumes": {"/own": {}}}),
        (
            {**MERGED, "Healthcheck": {"Test": ["CMD", "true"], "Interval": 7, "Retries": 2}},
            {},
            {"Healthcheck": {"Interval": 7}},
        ),
    ],
)
def test_own(config: dict[str, Any], desired: dict[str, Any], left: dict[str, Any]) -> None:
    before = found(config)
    kept = own(before, IMAGE, desired)["Config"]
    assert {name: value for name, value in kept.items() if value and name not in ("Hostname", "Image")} == left
    assert before == found(config)  # nothing of it was changed


def test_own_and_a_variable_that_is_to_be_away() -> None:
    """Where it is away, there is nothing to take away; where the image gives it, there is."""
    for env, of_image, left in (
        (["B=1"], [], ["B=1", "A"]),
        (["A", "B=1"], ["A=1"], ["A", "B=1"]),
        (["A=1"], ["A=1"], ["A=1"]),
    ):
        image = {"Config": {"Env": of_image}}
        assert own({"Config": {"Env": env}, "HostConfig": {}}, image, {"env": {"A": None}})["Config"]["Env"] == left


@pytest.mark.parametrize(
    ("text", "name"),
    [("sigint", "INT"), ("2", "INT"), ("TERM", "TERM"), ("34", "RTMIN"), ("37", "RTMIN+3"), ("SIGRTMIN+3", "RTMIN+3"),
     ("63", "RTMAX-1"), ("64", "RTMAX"), ("31", "SYS"), ("0", "0"), ("99", "99")],
)  # fmt: skip
def test_signals_by_name_and_by_number(text: str, name: str) -> None:
    assert signal(text) == name
    assert signal(name) == name


def test_own_without_the_volumes_of_the_image_that_were_carried() -> None:
    binds = [f"{ANONYMOUS}:/image", f"{ANONYMOUS}:/own", "data:/data"]
    assert own(found(MERGED, {"Binds": binds}), IMAGE, {})["HostConfig"]["Binds"] == binds[1:]
    named = own(found(MERGED, {"Binds": binds}), IMAGE, {"volumes": {"/image": {}}})
    assert named["HostConfig"]["Binds"] == binds


def test_present_asks_for_nothing_that_the_daemon_chose() -> None:
    ends = {
        "bridge": {"IPAddress": "172.17.0.2", "MacAddress": "02:42:ac:11:00:02", "Aliases": None, "IPAMConfig": None},
        "one": {"IPAddress": "10.0.0.2", "MacAddress": "02:42:0a:00:00:09", "IPAMConfig": {"IPv4Address": "10.0.0.2"}},
    }
    links = ["/other:/case/o"]
    body = present(found({"Cmd": None}, {"Links": links}, NetworkSettings={"Networks": ends}), (1, 44))
    assert "Hostname" not in body
    assert "Cmd" not in body
    assert body["HostConfig"]["Links"] == ["other:o"]
    sent = body["NetworkingConfig"]["EndpointsConfig"]
    assert "MacAddress" not in sent["bridge"]
    assert sent["one"]["MacAddress"] == "02:42:0a:00:00:09"
    assert sent["one"]["IPAMConfig"] == {"IPv4Address": "10.0.0.2"}


def test_alike() -> None:
    assert alike("web", "docker.io/library/web:latest")
    assert alike("sha256:" + "0" * 64, "web:1")
    assert not alike("web:1", "web:2")


LIMITS = {
    "Memory": 64 << 20,
    "NanoCpus": 10**9,
    "CpuShares": 512,
    "PidsLimit": 100,
    "RestartPolicy": {"Name": "always", "MaximumRetryCount": 0},
    "BlkioDeviceReadBps": [{"Path": "/dev/sda", "Rate": 1}],
}


@pytest.mark.parametrize(
    ("options", "api", "cost"),
    [
        ({"memory": "128M"}, (1, 33), UPDATE),
        ({"memory": "0"}, (1, 51), RECREATE),  # zero means "unchanged" to the update endpoint
        ({"cpu_shares": 0}, (1, 51), RECREATE),
        ({"cpus": 2.0}, (1, 33), UPDATE),
        ({"cpus": 0.0}, (1, 51), RECREATE),
        ({"cpu_quota": 50000}, (1, 51), RECREATE),  # the daemon refuses one beside the other
        ({"pids_limit": 200}, (1, 40), UPDATE),
        ({"pids_limit": -1}, (1, 40), UPDATE),
        ({"pids_limit": 200}, (1, 39), RECREATE),
        ({"restart_policy": "no"}, (1, 33), UPDATE),
        ({"device_read_bps": [{"path": "/dev/sda", "rate": "2"}]}, (1, 54), RECREATE),
        ({"device_read_bps": [{"path": "/dev/sda", "rate": "2"}]}, (1, 55), UPDATE),
        ({"labels": {"a": "1"}}, (1, 55), RECREATE),
        ({"networks": [{"name": "one"}]}, (1, 44), RECONNECT),
        ({"networks": [{"name": "one", "mac_address": "02:42:0a:00:00:09"}]}, (1, 53), RECREATE),
        ({"networks": [{"name": "one", "mac_address": "02:42:0a:00:00:09"}]}, (1, 54), RECONNECT),
    ],
)
def test_cost(options: dict[str, Any], api: tuple[int, int], cost: str) -> None:
    engine: Any = SimpleNamespace(api=api, warnings=[], get=lambda path: {})
    container = Container(engine, {**OPTIONS, **options})
    before = found(host=LIMITS)
    container.own = container.compared = before
    assert {change.option: change.action for change in container.changes(before)} == dict.fromkeys(options, cost)


@pytest.mark.parametrize(
    ("comparisons", "message"),
    [
        ({"image": "some"}, "comparisons.image: can be ignore or strict, not 'some'"),
        ({"ports": "strict"}, "comparisons.ports"),
        ({"user": "allow_more_present"}, "comparisons.user: can be ignore, strict"),
        ({"*": "allow_more_present"}, r"comparisons.\*"),
    ],
)
def test_comparisons_that_do_not_fit(comparisons: dict[str, str], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Container(SimpleNamespace(), {**OPTIONS, "comparisons": comparisons})  # type: ignore[arg-type]


def test_purge_networks_is_a_strict_comparison() -> None:
    engine: Any = SimpleNamespace()
    assert Container(engine, {**OPTIONS, "purge_networks": True}).modes["networks"] == STRICT


def test_words_that_only_engines_show_are_passed_over() -> None:
    read = Mounts().load({"HostConfig": {"Binds": ["data:/data:ro,rprivate,nosuid,rbind"]}})["volumes"]["/data"][1]
    assert (read["source"], read["read_only"]) == ("data", True)
