# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there is exported as options of which it would be made.

Applied at once, an export changes nothing; applied where the objects are missing, it makes the same again.
"""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.volume import Volume

from tests.matrix.applying import WEB, Applying
from tests.matrix.cluster import ENGINES
from tests.matrix.clusters import Manager
from tests.matrix.containers import directories, neighbours, networks, on_extremes, on_plain_engines
from tests.matrix.harness import Bench, Case, Target
from tests.matrix.test_apply import swarm
from tests.matrix.test_config import CASES as CONFIGS
from tests.matrix.test_container import CASES as CONTAINERS
from tests.matrix.test_container_adoption import rich
from tests.matrix.test_network import CASES as NETWORKS
from tests.matrix.test_network import config_networks
from tests.matrix.test_secret import CASES as SECRETS
from tests.matrix.test_service import CASES as SERVICES
from tests.matrix.test_volume import CASES as VOLUMES

__all__ = ["swarm"]  # a fixture

Options = dict[str, Any]


@pytest.fixture
def bench(target: Target) -> Applying:
    return Applying(target)


def fitting(cases: list[Case], target: Target) -> list[Case]:
    """The cases that can be tried on an engine."""
    here = {target.name, target.engine.flavour}
    return [case for case in cases if target.api >= case.min_api and not here & {*case.without, *case.refused}]


def lasting(found: Options) -> Any:
    """What inspect says of a container, less ids and what the moment brings."""
    config, host = dict(found["Config"]), dict(found["HostConfig"])
    if config["Hostname"] == found["Id"][:12]:
        del config["Hostname"]
    host["Links"] = sorted(host["Links"] or [])  # these come in any order
    ends = {}
    for name, end in found["NetworkSettings"]["Networks"].items():
        aliases = sorted(set(end["Aliases"] or []) - {found["Id"][:12]})
        named = (end["IPAMConfig"] or {}, end["Links"] or [], end["DriverOpts"] or {}, end.get("GwPriority"))
        ends[name] = aliases, *named
    return plain(config), plain(host), ends, found["State"]["Status"]


def plain(value: Any) -> Any:
    """A value without what says nothing: null, empty, zero, and two words that mean the same as none."""
    if isinstance(value, dict):
        members = {name: plain(member) for name, member in value.items()}
        return {name: member for name, member in members.items() if member}
    return [plain(entry) for entry in value] if isinstance(value, list) else "" if value in ("no", "TERM") else value


def prove(bench: Applying, items: list[Options]) -> dict[str, Options]:
    """These containers, exported, applied, removed and made of the export, are the same; answers the export."""

    def look() -> dict[str, Any]:
        return {item["name"]: lasting(bench.target.ask("GET", f"/containers/{item['name']}/json")) for item in items}

    bench.run(containers=items)
    before = look()
    gathered = bench.run(state="gathered", names=list(before))["gathered"]
    bench.settled(**gathered)
    bench.run(containers=[{"name": name, "state": "absent", "force_kill": True} for name in before])
    bench.run(**gathered)
    after = look()
    assert {name for name in before if after[name] != before[name]} == set()
    return {item["name"]: item for item in gathered["containers"]}


def prepare(target: Target) -> None:
    networks(target)
    directories(target)
    neighbours(target)


def test_containers(bench: Applying, target: Target) -> None:
    prepare(target)
    cases = fitting(CONTAINERS, target)
    prove(
        bench, [{"image": WEB, **case.options, "name": f"case{n}", "state": "present"} for n, case in enumerate(cases)]
    )


@on_extremes
def test_changed_containers(bench: Applying, target: Target) -> None:
    prepare(target)
    target.engine.exec(["mkdir", "-p", "/srv/new"])
    cases = [{**case.options, **case.changed} for case in fitting(CONTAINERS, target) if case.changed]
    prove(bench, [{"image": WEB, **options, "name": f"case{n}", "state": "present"} for n, options in enumerate(cases)])


RUNNING: list[Options] = [
    {},
    {"published_ports": ["8098:80", "127.0.0.1:8099:81/udp"]},
    {"networks": [{"name": "one", "ipv4_address": "10.97.1.9", "aliases": ["a"]}, {"name": "two"}]},
    {"networks": [{"name": "two", "links": ["left:l"]}, {"name": "bridge"}]},
    {"network_mode": "host", "uts": "host"},
    {"network_mode": "none"},
    {"network_mode": "container:left", "ipc_mode": "container:left", "pid_mode": "container:right"},
    {"mac_address": "02:42:0a:00:00:0b"},
    {"paused": True, "tty": True, "interactive": True},
    {"restart_policy": "always", "memory": "64M", "memory_swap": "128M", "cpus": 0.5},
    {"healthcheck": {"test": "true", "interval": "1s"}, "state": "healthy"},
    {"volumes": ["/own", "data:/data:ro", "/srv/one:/one:ro"], "mounts": [{"target": "/m", "type": "tmpfs"}]},
]


@on_plain_engines
def test_running_containers(bench: Applying, target: Target) -> None:
    prepare(target)
    made = prove(bench, [{"image": WEB, "name": f"case{number}", **each} for number, each in enumerate(RUNNING)])
    assert made["case0"] == {"name": "case0", "image": WEB}
    assert made["case4"] == {"name": "case4", "image": WEB, "network_mode": "host", "uts": "host"}
    shared = {"network_mode": "container:left", "ipc_mode": "container:left", "pid_mode": "container:right"}
    assert made["case6"] == {"name": "case6", "image": WEB, **shared}
    assert made["case8"]["paused"]


@on_plain_engines
def test_containers_that_do_not_run(bench: Applying, target: Target) -> None:
    target.container("ended")
    target.ask("POST", "/containers/ended/stop?t=0")
    target.container("fresh", start=False)
    found = bench.run(state="gathered")["gathered"]["containers"]
    assert {each["name"]: each["state"] for each in found} == {"ended": "stopped", "fresh": "present"}
    bench.settled(containers=found)


OF_RICH: list[Options] = [
    {},
    {"command": ["other"]},
    {"entrypoint": ["/bin/sh", "-c"]},
    {"entrypoint": ["/bin/sh"], "command": ["argument"]},
    {"entrypoint": [], "command": ["/bin/idle"]},
    {"env": {"A": "9", "C": "3"}, "labels": {"a": "c", "z": ""}},
    {"user": "root", "working_dir": "/", "stop_signal": "TERM"},
    {"healthcheck": {"retries": 7}},
    {"healthcheck": {"test": "NONE"}},
    {"exposed_ports": ["81"], "published_ports": ["8098:80"]},
    {"volumes": ["data:/image"]},
]


@on_plain_engines
def test_what_the_image_gives_is_left_out(bench: Applying, target: Target) -> None:
    rich(target)
    items = [{"image": "dockside/rich:1", "state": "present", **each} for each in OF_RICH]
    made = prove(bench, [{"name": f"case{number}", **item} for number, item in enumerate(items)])
    assert made["case0"] == {"name": "case0", "image": "dockside/rich:1", "state": "present"}
    assert made["case5"]["env"] == {"A": "9", "C": "3"}


@on_extremes
def test_an_image_whose_name_means_another_one(bench: Applying, target: Target) -> None:
    target.engine.docker("tag", WEB, "dockside/moved:1")
    first = target.ask("GET", f"/images/{WEB}/json")["Id"]
    target.container("old", Image="dockside/moved:1")
    rich(target)
    target.engine.docker("tag", "dockside/rich:1", "dockside/moved:1")
    found = bench.run(state="gathered")["gathered"]
    assert found["containers"][0]["image"] == first
    assert found["images"] == []
    bench.settled(**found)


# ---- networks and volumes ----


@on_plain_engines
def test_networks(bench: Applying, target: Target) -> None:
    config_networks(target)
    cases = [case for case in fitting(NETWORKS, target) if not case.prepare or case.prepare is config_networks]
    for case in cases:  # one by one: most have the same subnets
        bench.run(networks=[{"name": "case", **case.options}])
        before = network(target)
        found = bench.run(state="gathered", names=["case"])["gathered"]
        bench.settled(**found)
        bench.run(networks=[{"name": "case", "state": "absent"}])
        bench.run(**found)
        assert network(target) == before
        bench.run(networks=[{"name": "case", "state": "absent"}])


def network(target: Target) -> Any:
    found = target.ask("GET", "/networks/case")
    (found["IPAM"]["Config"] or []).sort(key=str)
    return {name: value for name, value in found.items() if name not in ("Id", "Created", "Status")}


def test_volumes(target: Target) -> None:
    bench = Applying(target)
    cases = fitting(VOLUMES, target)
    for number, case in enumerate(cases):
        Bench(Volume, target).run({"name": f"case{number}", **case.options})
    target.container("user", start=False, HostConfig={"Binds": ["/anonymous"]}, Volumes={"/anonymous": {}})
    found = bench.run(state="gathered")["gathered"]
    assert found["volumes"] == [
        {"name": f"case{number}", **{key: value for key, value in case.options.items() if value and key != "driver"}}
        for number, case in enumerate(cases)
    ]
    bench.settled(**found)


# ---- what is in a swarm ----


def test_secrets_and_configs(manager: Manager) -> None:
    bench = Applying(manager)
    secrets = [{**case.options, "name": f"s{number}"} for number, case in enumerate(fitting(SECRETS, manager))]
    configs = [{**case.options, "name": f"c{number}"} for number, case in enumerate(fitting(CONFIGS, manager))]
    configs.append({"name": "binary", "data": base64.b64encode(b"\xff\x00").decode(), "data_is_b64": True})
    bench.run(secrets=secrets, configs=configs)
    done = bench.run(state="gathered")
    found = done["gathered"]
    assert done["warnings"] == [
        f"engines do not give back the data of secrets: it is missing in {', '.join(each['name'] for each in secrets)}"
    ]
    unsaid = ("data", "data_is_b64")
    told = [{name: value for name, value in each.items() if name not in unsaid} for each in secrets]
    assert found["secrets"] == told
    bench.settled(**found)
    specs = stored(manager, "configs")
    bench.run(configs=[{"name": each["name"], "state": "absent"} for each in configs])
    bench.run(configs=found["configs"])
    assert stored(manager, "configs") == specs
    assert "binary" in specs
    # Elsewhere, what is missing is asked for.
    bench.run(secrets=[{"name": each["name"], "state": "absent"} for each in secrets])
    said = bench.check(secrets=found["secrets"][:1])
    assert said["warnings"] == ["secret s0: this would fail: secret s0 does not exist, and data is needed to create it"]


def stored(manager: Manager, kind: str) -> Any:
    return {each["Spec"]["Name"]: each["Spec"] for each in manager.ask("GET", f"/{kind}") or []}


@pytest.mark.parametrize("session_manager", ENGINES, indirect=True)
def test_services(swarm: Applying, manager: Manager) -> None:
    bench = swarm
    data = base64.b64encode(b"data").decode()
    bench.run(
        networks=[{"name": name, "driver": "overlay", "attachable": True} for name in ("blue", "green")],
        secrets=[{"name": name, "data": data} for name in ("one", "two")],
        configs=[{"name": name, "data": data} for name in ("one", "two", "runtime")],
    )
    kept = [case for case in fitting(SERVICES, manager) if not {"publish"} & set(case.options)]
    items = [{**case.options, "name": f"case{number}"} for number, case in enumerate(kept)]
    bench.run(services=items)
    before = manager.snapshot()["services"]
    found = bench.run(state="gathered", names=[item["name"] for item in items])["gathered"]
    bench.settled(**found)
    bench.run(services=[{"name": item["name"], "state": "absent"} for item in items])
    bench.run(**found)
    bench.settled(**found)
    again = bench.run(state="gathered", names=[item["name"] for item in items])["gathered"]
    assert again == found
    assert len(manager.snapshot()["services"]) == len(before)
