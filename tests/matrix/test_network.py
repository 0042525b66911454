# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of networks, on every engine."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.network import Network
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import UPDATE

from tests.matrix.containers import everywhere
from tests.matrix.harness import Bench, Case, Options, Target, counted

ICC = "com.docker.network.bridge.enable_icc"
V6 = [{"subnet": "fd00:77::/64"}]
DROPPED = "Podman does not do what is asked for by"
NO_SWARM = {"podman": "it has no swarms"}


def swarm(target: Target) -> None:
    target.swarm()


def swarm_without_ingress(target: Target) -> None:
    target.swarm(ingress=False)


def config_networks(target: Target) -> None:
    for number in (1, 2):
        pool = {"Config": [{"Subnet": f"10.92.{number}.0/24"}]}
        target.ask("POST", "/networks/create", {"Name": f"conf{number}", "ConfigOnly": True, "IPAM": pool})


def two_containers(target: Target) -> None:
    target.container("one")
    target.container("two", start=False)


CASES = [
    Case("name alone", {}, shows={"Driver": "bridge"}),
    Case("driver", {"driver": "bridge"}),
    Case(
        "driver_options",
        {"driver_options": {ICC: False}},
        {"driver_options": {ICC: True}},
        shows={"Options": {ICC: "false"}},
        refused={"podman": f"{DROPPED} driver_options"},
    ),
    Case("ipam_driver", {"ipam_driver": "default"}, shows={"IPAM.Driver": "default"}),
    Case(
        "ipam_driver_options",
        {"ipam_driver_options": {"a": "1"}},
        {"ipam_driver_options": {"a": 2}},
        refused={"podman": f"{DROPPED} ipam_driver_options"},
    ),
    Case(
        "ipam_config subnet",
        {"ipam_config": [{"subnet": "10.91.0.0/24"}]},
        {"ipam_config": [{"subnet": "10.91.1.0/24"}]},
    ),
    Case(
        "ipam_config gateway",
        {"ipam_config": [{"subnet": "10.91.0.0/24", "gateway": "10.91.0.1"}]},
        {"ipam_config": [{"subnet": "10.91.0.0/24", "gateway": "10.91.0.2"}]},
    ),
    Case(
        "ipam_config iprange",
        {"ipam_config": [{"subnet": "10.91.0.0/24", "iprange": "10.91.0.128/25"}]},
        {"ipam_config": [{"subnet": "10.91.0.0/24", "iprange": "10.91.0.0/25"}]},
        refused={"podman": f"{DROPPED} ipam_config"},
    ),
    Case(
        "ipam_config aux_addresses",
        {"ipam_config": [{"subnet": "10.91.0.0/24", "aux_addresses": {"a": "10.91.0.5"}}]},
        {"ipam_config": [{"subnet": "10.91.0.0/24", "aux_addresses": {"a": "10.91.0.6"}}]},
        refused={"podman": f"{DROPPED} ipam_config"},
    ),
    Case(
        "ipam_config both families",
        {"enable_ipv6": True, "ipam_config": [{"subnet": "10.91.0.0/24"}, {"subnet": "fd00:77:0:0::/64"}]},
        {"ipam_config": [{"subnet": "fd00:78::/64"}]},
    ),
    Case(
        "enable_ipv6",
        {"enable_ipv6": True, "ipam_config": V6},
        {"enable_ipv6": False, "ipam_config": None},
        why=("enable_ipv6",),
    ),
    Case(
        "enable_ipv4",
        {"enable_ipv4": False, "enable_ipv6": True, "ipam_config": V6},
        {"enable_ipv4": True},
        min_api=(1, 48),
        needs=("enable_ipv4",),
        shows={"EnableIPv4": False},
    ),
    Case("internal", {"internal": True}, {"internal": False}, shows={"Internal": True}),
    Case(
        "attachable",
        {"attachable": True},
        {"attachable": False},
        shows={"Attachable": True},
        refused={"podman": f"{DROPPED} attachable"},
    ),
    Case(
        "ingress",
        {"driver": "overlay", "ingress": True},
        {"ingress": False},
        prepare=swarm_without_ingress,
        shows={"Ingress": True},
        without=NO_SWARM,
    ),
    Case("scope local", {"scope": "local"}, shows={"Scope": "local"}),
    Case(
        "driver and scope",
        {"driver": "overlay", "scope": "swarm"},
        {"driver": "bridge", "scope": "local"},
        prepare=swarm,
        shows={"Scope": "swarm"},
        without=NO_SWARM,
    ),
    Case(
        "config_only",
        {"config_only": True, "ipam_config": [{"subnet": "10.91.0.0/24"}]},
        {"config_only": False},
        shows={"ConfigOnly": True},
        refused={"podman": f"{DROPPED} config_only"},
    ),
    Case("config_only later", {"internal": False}, {"config_only": True}, without={"podman": "it does not know them"}),
    Case(
        "config_from",
        {"config_from": "conf1"},
        {"config_from": "conf2"},
        prepare=config_networks,
        shows={"ConfigFrom.Network": "conf1"},
        refused={"podman": f"{DROPPED} config_from"},
    ),
    Case("labels", {"labels": {"a": "1", "b": "2"}}, {"labels": {"a": "3"}}, shows={"Labels": {"a": "1", "b": "2"}}),
    Case("connected", {"connected": ["one", "two"]}, {"connected": ["two"]}, UPDATE, prepare=two_containers),
    Case(
        "connected appends",
        {"connected": ["one"]},
        {"connected": ["two"], "appends": True},
        UPDATE,
        why=("connected",),
        force={"force": True},
        prepare=two_containers,
    ),
    Case("connected none", {"connected": ["one"]}, {"connected": []}, UPDATE, prepare=two_containers),
]


@everywhere
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, target: Target) -> None:
    Bench(Network, target).prove(case)


def test_every_option_has_a_case() -> None:
    assert {option for case in CASES for option in case.options} == set(Network.schema.argument_spec())


def test_what_a_task_does_not_name_is_left_alone(target: Target) -> None:
    bench = Bench(Network, target)
    bench.run(
        {
            "name": "case",
            "labels": {"a": "1", "b": "2"},
            "internal": True,
            "driver_options": {ICC: "false"},
            "enable_ipv6": True,
            "ipam_config": [{"subnet": "10.91.0.0/24", "gateway": "10.91.0.9"}, *V6],
        }
    )
    bench.settled({"name": "case"})
    bench.settled({"name": "case", "labels": {"a": "1"}, "ipam_config": [{"subnet": "10.91.0.0/24"}]})
    found = bench.agree({"name": "case", "labels": {"a": "3"}}).value["network"]
    assert found["Labels"] == {"a": "3", "b": "2"}
    assert found["Internal"] is True
    assert found["EnableIPv6"] is True
    assert found["Options"][ICC] == "false"
    pools = {pool["Subnet"]: pool.get("Gateway", "") for pool in found["IPAM"]["Config"]}
    assert pools["10.91.0.0/24"] == "10.91.0.9"
    assert "fd00:77::/64" in pools


ADDRESS = {"ipam_config": [{"subnet": "10.91.0.0/24"}]}


def endpoint(target: Target, container: str, network: str = "case") -> dict[str, Any]:
    """What a container shows of its endpoint that somebody asked for."""
    found = target.ask("GET", f"/containers/{container}/json")
    shown: dict[str, Any] = found["NetworkSettings"]["Networks"][network]
    kept = {name: shown.get(name) for name in ("IPAMConfig", "Links", "Aliases", "DriverOpts", "GwPriority")}
    added = (found["Id"][:12], found["Config"]["Hostname"])
    kept["Aliases"] = [alias for alias in kept["Aliases"] or [] if alias not in added]
    return kept


def connected(target: Target) -> dict[str, dict[str, Any]]:
    """Containers of the network `case` that run, are stopped and never ran, with all that an endpoint can have."""
    target.container("friend")
    for number, name in enumerate(("running", "stopped", "fresh")):
        config: dict[str, Any] = {
            "IPAMConfig": {"IPv4Address": f"10.91.0.{10 + number}"},
            "Aliases": [f"{name}-alias"],
            "Links": ["friend:pal"],
            "DriverOpts": {"com.example.option": name},
        }
        if target.api >= (1, 48):
            config["GwPriority"] = 7
        target.container(name, start=False)
        target.ask("POST", "/networks/case/connect", {"Container": name, "EndpointConfig": config})
        if name != "fresh":
            target.ask("POST", f"/containers/{name}/start")
    target.ask("POST", "/containers/stopped/stop?t=0")
    return {name: endpoint(target, name) for name in ("running", "stopped", "fresh")}


def test_recreate_brings_the_containers_back(target: Target) -> None:
    bench = Bench(Network, target)
    old = bench.run({"name": "case", **ADDRESS}).value["network"]["Id"]
    before = connected(target)
    done = bench.agree({"name": "case", "labels": {"a": "1"}})
    assert done.actions == ["recreate network case"]
    assert done.value["network"]["Id"] != old
    assert {name: endpoint(target, name) for name in before} == before
    assert before["running"]["IPAMConfig"] == {"IPv4Address": "10.91.0.10"}
    running = target.ask("GET", "/containers/running/json")
    assert running["State"]["Running"]
    assert running["NetworkSettings"]["Networks"]["case"]["IPAddress"] == "10.91.0.10"
    for name in ("stopped", "fresh"):
        target.ask("POST", f"/containers/{name}/start")
        assert target.ask("GET", f"/containers/{name}/json")["NetworkSettings"]["Networks"]["case"]["IPAddress"]


def test_a_recreate_that_fails_leaves_the_old_network(target: Target) -> None:
    bench = Bench(Network, target)
    bench.run({"name": "case", **ADDRESS, "labels": {"a": "1"}})
    before = connected(target)
    # The new gateway takes the address of a container, which only shows when that container is connected again.
    clash = {"name": "case", "ipam_config": [{"subnet": "10.91.0.0/24", "gateway": "10.91.0.10"}], "labels": {"a": "2"}}
    with pytest.raises(EngineError, match=r"(?i)address"):
        bench.run(clash)
    assert {name: endpoint(target, name) for name in before} == before
    assert bench.settled({"name": "case", **ADDRESS, "labels": {"a": "1"}})


def test_addresses_that_the_new_subnets_lack(target: Target) -> None:
    bench = Bench(Network, target)
    bench.run({"name": "case", **ADDRESS})
    connected(target)
    bench.refused(
        {"name": "case", "ipam_config": [{"subnet": "10.93.0.0/24"}]},
        "ipam_config: container .* has the address 10.91.0.1., which the new subnets lack",
    )


def test_a_network_in_use_is_removed_by_force_only(target: Target) -> None:
    bench = Bench(Network, target)
    bench.run({"name": "case"})
    target.container("one", HostConfig={"NetworkMode": "case"})
    bench.refused({"name": "case", "state": "absent"}, "network case is in use by one")
    assert bench.agree({"name": "case", "state": "absent", "force": True}).changed
    assert target.ask("GET", "/containers/one/json")["NetworkSettings"]["Networks"] == {}


def test_labels_of_a_configuration_are_not_sent_again(target: Target) -> None:
    bench = Bench(Network, target)
    bench.run({"name": "base", "config_only": True, "labels": {"a": "1"}, **ADDRESS})
    bench.run({"name": "case", "config_from": "base"})
    done = bench.agree({"name": "case", "config_from": "base", "force": True})
    assert done.value["network"]["Labels"] == {"a": "1"}
    bench.run({"name": "case", "state": "absent"})


def test_force_recreates(target: Target) -> None:
    bench = Bench(Network, target)
    bench.run({"name": "case"})
    assert bench.agree({"name": "case", "force": True}).actions == ["recreate network case"]


def test_names_are_matched_exactly(target: Target) -> None:
    bench = Bench(Network, target)
    for name in ("case-2", "a.case"):
        bench.run({"name": name})
    assert bench.agree({"name": "case"}).actions == ["create network case"]
    found = bench.run({"name": "case-2"}).value["network"]["Id"]
    assert bench.agree({"name": found[:12]}).actions == [f"create network {found[:12]}"]


def test_containers_may_be_named_by_id(target: Target) -> None:
    bench = Bench(Network, target)
    one = target.container("one")
    bench.agree({"name": "case", "connected": [one]})
    bench.settled({"name": "case", "connected": ["one"]})
    bench.settled({"name": "case", "connected": [one[:12]]})


def test_a_container_that_is_missing(target: Target) -> None:
    bench = Bench(Network, target)
    bench.refused({"name": "case", "connected": ["nobody"]}, "connected: container nobody does not exist")
    said = bench.check({"name": "case", "connected": ["nobody"]})
    assert said.value["warnings"] == ["this would fail: connected: container nobody does not exist"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"ipam_config": [{"subnet": "10.91.0.0/33"}]}, r"ipam_config\[0\]\.subnet: .*10.91.0.0/33"),
        ({"ipam_config": [{"subnet": "10.91.0.0/24"}, {"subnet": "10.91.1.0"}]}, r"ipam_config\[1\]\.subnet: .*prefix"),
        ({"ipam_config": [{"subnet": "10.91.0.1/24"}]}, r"ipam_config\[0\]\.subnet: .*host bits"),
        ({"ipam_config": [{"subnet": "10.91.0.0/24", "gateway": "x"}]}, r"ipam_config\[0\]\.gateway"),
        ({"scope": "world"}, "scope"),
        ({"labels": {"a": True}}, r"labels\.a: must be text"),
        ({"config_from": "nobody"}, "nobody"),
        ({"nosuch": 1}, "nosuch"),
    ],
    ids=str,
)
def test_bad_input(target: Target, options: Options, message: str) -> None:
    Bench(Network, target).refused({"name": "case", **options}, message, (ValueError, EngineError))


def test_unchanged_takes_two_requests(target: Target) -> None:
    bench = Bench(Network, target)
    options = {"name": "case", "labels": {"a": "1"}, "internal": True, **ADDRESS}
    bench.run(options)
    with counted(target) as (host, requests):
        assert not bench.run(options, host=host).changed
    assert len(requests) <= 2, requests
