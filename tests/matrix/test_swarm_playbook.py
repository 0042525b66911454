# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The life of a swarm of five nodes with playbooks/swarm_from_nothing.yml: each run of it is done twice."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml
from engines import Lab, LabError

from tests.matrix.clusters import Manager

ROOT = Path(__file__).absolute().parents[2]
HOSTS = {"manager1": "28.5", "manager2": "26.1", "manager3": "20.10", "worker1": "28.5", "worker2": "26.1"}
CONNECTION = {"ansible_connection": "local", "ansible_python_interpreter": "{{ ansible_playbook_python }}"}
SHOP = {"shop_image": "dockside/web:1", "shop_page_file": "/www/index.html", "shop_monitor": "1s"}


class Life:
    """Five engines that are in no swarm, and the playbook for them."""

    def __init__(self, lab: Lab, place: Path) -> None:
        engines = lab.engines(*HOSTS.values())
        self.hosts = {name: Manager(name, engine) for name, engine in zip(HOSTS, engines)}
        with ThreadPoolExecutor() as pool:
            list(pool.map(self.images, self.hosts.values()))
        self.first = self.hosts["manager1"]
        self.place = place
        known = {
            name: {"docker_host": host.engine.host, "node_address": host.engine.address}
            for name, host in self.hosts.items()
        }
        groups = {
            f"{role}s": {"hosts": {name: known[name] for name in known if name.startswith(role)}}
            for role in ("manager", "worker")
        }
        self.inventory = place / "hosts.yml"
        self.inventory.write_text(yaml.safe_dump({"all": {"children": groups, "vars": CONNECTION}}), encoding="utf-8")

    @staticmethod
    def images(host: Manager) -> None:
        host.image()
        host.engine.docker("tag", "dockside/web:1", "dockside/web:2")
        broken = ['CMD ["/bin/sh", "-c", "echo the license has expired >&2; exit 3"]']
        host.engine.image("dockside/web:broken", changes=broken)

    def ansible(self, program: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        environment = {
            **os.environ,
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"),
            "ANSIBLE_HOME": str(self.place),
            "ANSIBLE_DISPLAY_SKIPPED_HOSTS": "false",
            "ANSIBLE_NOCOLOR": "1",
        }
        environment.pop("ANSIBLE_FORCE_COLOR", None)
        command = [program, "--inventory", str(self.inventory), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True, timeout=300, check=False)

    def play(self, **variables: Any) -> tuple[bool, str]:
        """Whether the playbook ran without failure, and what it printed."""
        extra = ["--extra-vars", json.dumps({**SHOP, **variables}), "--diff"]
        run = self.ansible("ansible-playbook", "dockside.engine.swarm_from_nothing", *extra)
        return run.returncode == 0, run.stdout + run.stderr

    def twice(self, **variables: Any) -> str:
        """What a run printed that the next one, of the same variables, found nothing to add to."""
        done, first = self.play(**variables)
        assert done, first
        self.unchanged(**variables)
        return first

    def unchanged(self, **variables: Any) -> None:
        done, said = self.play(**variables)
        assert done, said
        assert set(re.findall(r" changed=(\d+) ", said)) == {"0"}, said

    def nodes(self, **wanted: str) -> list[str]:
        """The names of the nodes of a role or availability."""
        found = self.first.ask("GET", "/nodes")
        fitting = [each["Spec"] for each in found if wanted.items() <= each["Spec"].items()]
        return sorted(str(each["Labels"]["inventory_name"]) for each in fitting)

    def running(self) -> list[tuple[str, str]]:
        """The node and the image of each task that runs."""
        return sorted((name, each["Spec"]["ContainerSpec"]["Image"]) for name, each in self.tasks())

    def inside(self, command: str) -> set[str]:
        """What a command prints in the container of each task that runs."""
        said = set()
        for name, each in self.tasks():
            container = each["Status"]["ContainerStatus"]["ContainerID"]
            said.add(self.hosts[name].engine.docker("exec", container, "sh", "-c", command).stdout)
        return said

    def tasks(self) -> list[tuple[str, Any]]:
        """The tasks that run, and are to, each with its node."""
        names = {each["ID"]: each["Spec"]["Labels"]["inventory_name"] for each in self.first.ask("GET", "/nodes")}
        tasks = self.first.ask("GET", "/tasks")
        now = [each for each in tasks if each["DesiredState"] == each["Status"]["State"] == "running"]
        return [(names[each["NodeID"]], each) for each in now]

    def names(self, path: str) -> list[str]:
        return [each["Spec"]["Name"] for each in self.first.ask("GET", path)]


@pytest.fixture
def life(lab: Lab, tmp_path: Path) -> Iterator[Life]:
    life = Life(lab, tmp_path)
    yield life
    for host in life.hosts.values():
        with suppress(LabError):
            host.engine.kill()


def test_the_life_of_a_swarm(life: Life) -> None:
    # From nothing.
    life.twice()
    assert life.nodes(Role="manager") == ["manager1", "manager2", "manager3"]
    assert life.nodes(Role="worker") == ["worker1", "worker2"]
    assert [image for _node, image in life.running()] == ["dockside/web:1"] * 4
    assert life.inside("cat /www/index.html /run/secrets/password") == {"<h1>Hello from a swarm</h1>not a secret"}

    # A node is drained, and comes back.
    drained = {"shop_drained": ["worker1"]}
    life.twice(**drained)
    assert life.nodes(Availability="drain") == ["worker1"]
    assert len(life.running()) == 4
    assert "worker1" not in {node for node, _image in life.running()}

    # It comes back, and gets tasks of an update. The next one fails: the old tasks run again, and the reason is told.
    new = {"shop_image": "dockside/web:2"}
    life.twice(**new)
    assert life.nodes(Availability="active") == sorted(HOSTS)
    assert "worker1" in {node for node, _image in life.running()}
    assert [image for _node, image in life.running()] == ["dockside/web:2"] * 4
    done, said = life.play(shop_image="dockside/web:broken")
    assert not done
    assert "service shop_web: its update failed and was rolled back" in said
    assert "its last output: the license has expired" in said
    assert [image for _node, image in life.running()] == ["dockside/web:2"] * 4
    life.unchanged(**new)

    # A password that is in use gets another one, and a page a new text.
    old = life.names("/secrets") + life.names("/configs")
    said = life.twice(**new, shop_password="better", shop_page="Welcome")
    assert "better" not in said
    assert life.inside("cat /www/index.html /run/secrets/password") == {"Welcomebetter"}
    assert len(life.running()) == 4
    now = life.names("/secrets") + life.names("/configs")
    assert [len(old), len(now), len({*old, *now})] == [2, 2, 4]

    two_at_once(life)

    # All of it goes.
    life.twice(shop_state="absent")
    for host in life.hosts.values():
        assert host.ask("GET", "/info")["Swarm"]["LocalNodeState"] == "inactive"
        assert host.ask("GET", "/containers/json?all=1") == []
        assert "shop" not in {each["Name"] for each in host.ask("GET", "/networks")}


def two_at_once(life: Life) -> None:
    """Two that change the same service at the same time, at two managers: neither loses what the other wrote."""

    def change(task: tuple[str, str]) -> subprocess.CompletedProcess[str]:
        host, label = task
        options = {"name": "shop_web", "labels": {label: "1"}, "docker_host": life.hosts[host].engine.host}
        return life.ansible("ansible", host, "-m", "dockside.engine.service", "-a", json.dumps(options))

    tasks = [("manager1", "one"), ("manager2", "two")]
    with ThreadPoolExecutor() as pool:
        for run in pool.map(change, tasks):
            assert run.returncode == 0, run.stdout + run.stderr
    (service,) = life.first.ask("GET", "/services")
    assert service["Spec"]["Labels"] == {"one": "1", "two": "1"}
