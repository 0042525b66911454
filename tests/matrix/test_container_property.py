# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Any combination of valid options converges, and the way to it leaves no trace.

The combinations are drawn with fixed seeds; set DOCKSIDE_SEED to another number for others.
"""

from __future__ import annotations

import os
import random
import re
from typing import Any

import pytest

from tests.matrix.conftest import TARGETS
from tests.matrix.containers import Containers, directories, neighbours, networks
from tests.matrix.harness import Options, Target

ANONYMOUS = re.compile("[0-9a-f]{64}:")
SEED = int(os.environ.get("DOCKSIDE_SEED", "1"))
DRAWN = 34  # on each engine
STARTED = 4  # of these run while they are changed

# Independent groups of options: a combination takes one value of some of them. Each value fits with all of the others.
GROUPS: dict[str, list[Options]] = {
    "command": [{"command": ["/bin/idle"]}, {"command": "/bin/idle a"}, {"entrypoint": ["/bin/idle"], "command": []}],
    "env": [{"env": {"A": "1"}}, {"env": {"A": "2", "B": ""}}, {"env": {"C": "x=y"}}],
    "labels": [{"labels": {"a": "1"}}, {"labels": {"a": "2", "b": ""}}],
    "user": [{"user": "app"}, {"user": "1000:1000", "groups": ["1234"]}],
    "place": [{"working_dir": "/tmp"}, {"hostname": "h", "domainname": "a.test"}, {"working_dir": "/www"}],
    "terminal": [{"tty": True}, {"interactive": True}, {"tty": False, "interactive": True}],
    "stop": [{"stop_signal": "INT"}, {"stop_signal": "SIGTERM"}],
    "health": [
        {"healthcheck": {"test": "true", "interval": "1m"}},
        {"healthcheck": {"test": ["CMD", "true"], "retries": 4}},
        {"healthcheck": {"test": "NONE"}},
    ],
    "ports": [
        {"published_ports": ["8098:80"]},
        {"published_ports": ["127.0.0.1:8098:80", "8099:81/udp"]},
        {"published_ports": ["80"], "exposed_ports": ["82"]},
        {"exposed_ports": ["83-84"], "publish_all_ports": True},
    ],
    "volumes": [
        {"volumes": ["data:/data"]},
        {"volumes": ["/own", "/srv/one:/one:ro"]},
        {"mounts": [{"target": "/data", "source": "data", "read_only": True}]},
        {"mounts": [{"target": "/two", "type": "bind", "source": "/srv/two"}, {"target": "/m", "type": "tmpfs"}]},
        {"volumes_from": ["left:ro"]},
    ],
    "tmpfs": [{"tmpfs": ["/run:size=1m"]}, {"tmpfs": ["/run:size=2m", "/tmp"]}],
    "networks": [
        {"networks": [{"name": "one", "aliases": ["a"]}]},
        {"networks": [{"name": "two", "ipv4_address": "10.97.2.9"}, {"name": "one"}], "network_mode": "two"},
        {"network_mode": "one"},
        {"networks": [{"name": "one", "driver_opts": {"a": "1"}}, {"name": "two", "aliases": ["b", "c"]}]},
    ],
    "dns": [{"dns_servers": ["10.0.0.1"]}, {"dns_opts": ["ndots:2"], "etc_hosts": {"a": "10.0.0.1"}}],
    "capabilities": [{"capabilities": ["net_admin"]}, {"cap_drop": ["CAP_MKNOD"], "capabilities": ["SYS_TIME"]}],
    "security": [{"security_opts": ["no-new-privileges"]}, {"security_opts": ["label=disable"]}],
    "namespaces": [{"ipc_mode": "shareable"}, {"pid_mode": "host"}, {"uts": ""}, {"ipc_mode": "private"}],
    "root": [{"read_only": True}, {"shm_size": "32M"}, {"init": True}, {"init": False}],
    "memory": [
        {"memory": "64M"},
        {"memory": "128M", "memory_swap": "256M"},
        {"memory": "96M", "memory_reservation": "32M", "memory_swap": -1},
    ],
    "cpu": [
        {"cpus": 1.5},
        {"cpus": 0.5},
        {"cpu_quota": 50000, "cpu_period": 100000},
        {"cpu_shares": 512},
        {"cpuset_cpus": "0"},
        {"cpuset_cpus": "0-1"},
    ],
    "limits": [
        {"pids_limit": 100},
        {"pids_limit": 200},
        {"ulimits": ["nofile:1024:2048"]},
        {"ulimits": ["nofile:512"]},
        {"oom_score_adj": 100},
    ],
    "restart": [
        {"restart_policy": "always"},
        {"restart_policy": "on-failure", "restart_retries": 2},
        {"restart_policy": "no"},
    ],
    "log": [
        {"log_driver": "json-file", "log_options": {"max-size": "1m"}},
        {"log_driver": "local"},
        {"log_options": {"labels": "a"}},
    ],
    "devices": [{"devices": ["/dev/null:/dev/one"]}, {"device_cgroup_rules": ["c 13:* rwm"]}],
    "sysctls": [{"sysctls": {"net.core.somaxconn": "512"}}, {"sysctls": {"net.core.somaxconn": 1024}}],
}


def draw(chance: random.Random) -> tuple[dict[str, Any], dict[str, Any]]:
    """A combination, and one that comes before it: it has some of the same options, with other values perhaps."""
    before: dict[str, Any] = {}
    wanted: dict[str, Any] = {}
    for name in chance.sample(sorted(GROUPS), chance.randint(2, 9)):
        chosen = chance.choice(GROUPS[name])
        wanted.update(chosen)
        if chance.random() < 0.7:
            before.update(chance.choice([value for value in GROUPS[name] if covers(chosen, value)]))
    return before, wanted


def covers(wanted: Options, before: Options) -> bool:
    """True when everything that was named before is named again: what a task does not name is left as it is."""
    if not set(before) <= set(wanted):
        return False
    for option, key in (("networks", "name"), ("mounts", "target")):
        named = {item[key]: set(item) for item in wanted.get(option, ())}
        if any(not set(item) <= named.get(item[key], set(item)) for item in before.get(option, ())):
            return False
    return True


def settings(found: Any) -> Any:
    """What inspect says of a container, less ids, times, names and what the moment brings."""
    config, host = dict(found["Config"]), dict(found["HostConfig"])
    # In place, the container leaves this network and keeps its name here; create names the first of the networks.
    del host["NetworkMode"]
    if config["Hostname"] == found["Id"][:12]:
        del config["Hostname"]
    for document in (config, host):
        for member in [member for member, value in document.items() if not value]:
            del document[member]  # null, empty and missing are one
    config["Env"] = sorted(config.get("Env") or [])
    config.pop("MacAddress", None)
    # Anonymous volumes of a replacement are bound by their names.
    binds = host.get("Binds") or []
    anonymous = [text.split(":")[1] for text in binds if ANONYMOUS.match(text)]
    host["Binds"] = [text for text in binds if not ANONYMOUS.match(text)]
    config["Volumes"] = sorted({*(config.get("Volumes") or {}), *anonymous})
    host["RestartPolicy"] = {**host["RestartPolicy"], "Name": host["RestartPolicy"]["Name"] or "no"}
    for member in ("Binds", "CapAdd", "CapDrop", "SecurityOpt", "GroupAdd"):
        host[member] = sorted(host.get(member) or [])
    ends = {
        name: (end["IPAMConfig"] or {}, sorted(set(end["Aliases"] or []) - {found["Id"][:12]}), end["DriverOpts"] or {})
        for name, end in found["NetworkSettings"]["Networks"].items()
    }
    return config, host, ends, found["State"]["Status"]


@pytest.mark.parametrize("number", range(DRAWN))
@pytest.mark.parametrize("session_target", TARGETS, indirect=True)
def test_combination(number: int, target: Target) -> None:
    before, wanted = draw(random.Random(f"{SEED} {target.name} {number}"))
    networks(target)
    directories(target)
    if "volumes_from" in wanted:
        neighbours(target)
    bench = Containers(target, state="started" if number < STARTED else "present", comparisons={"*": "strict"})
    bench.run({"name": "case", **before})
    bench.settled({"name": "case", **before})
    bench.run({"name": "case", **wanted})
    bench.settled({"name": "case", **wanted})
    by_steps = settings(bench.find())
    bench.run({"name": "case", "state": "absent"})
    bench.run({"name": "case", **wanted})
    assert settings(bench.find()) == by_steps
