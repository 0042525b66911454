# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugin without an engine: what the list of containers is made into, and what may be gone."""

from __future__ import annotations

import json
import pathlib
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ansible.plugins.inventory")
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible_collections.dockside.engine.plugins.inventory import containers

pytestmark = pytest.mark.controller

LISTED = {
    "Id": "0123456789abcdef",
    "Names": ["/other/db", "/web"],
    "Image": "shop/web:1",
    "ImageID": "sha256:1",
    "State": "paused",
    "Labels": {"a": "b"},
    "Ports": [
        {"IP": "0.0.0.0", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"},
        {"PrivatePort": 53, "Type": "udp"},
    ],
    "HostConfig": {"NetworkMode": "bridge"},
    "NetworkSettings": {"Networks": {"bridge": {"IPAddress": "172.17.0.2"}}},
    "Mounts": [],
}


class FakeEngine:
    """Lists containers; those that are None are gone when they are inspected."""

    def __init__(self, **there: Any) -> None:
        self.there, self.asked = there, list[Any]()
        self.options = list[Any]()
        self.warnings = self.trace = list[str]()
        self.endpoint = SimpleNamespace(host="admin@far.example")

    def get(self, path: str, params: Any = None, missing: Any = ...) -> Any:
        self.asked.append((path, params))
        if path == "/containers/json":
            return [{**LISTED, "Id": name, "Names": [f"/{name}"]} for name in self.there]
        found = self.there[path.split("/")[2]]
        assert found or missing is None
        return found

    def close(self) -> None:
        pass


def hosts(
    engine: FakeEngine, place: pathlib.Path, monkeypatch: pytest.MonkeyPatch, **options: Any
) -> dict[str, dict[str, Any]]:
    """Host -> variables of the inventory with these options."""
    source = place / "a.containers.yml"
    source.write_text(json.dumps({"plugin": "dockside.engine.containers", **options}))
    plugin, data = inventory_loader.get("dockside.engine.containers"), InventoryData()
    monkeypatch.setitem(plugin.parse.__globals__, "connect", lambda options: engine.options.append(options) or engine)
    assert plugin.verify_file(str(source))
    plugin.parse(data, DataLoader(), str(source))
    return {name: host.vars for name, host in data.hosts.items()}


def test_an_entry_of_the_list_has_the_form_of_an_inspected_container() -> None:
    found = containers.inspected(LISTED)
    assert found["Name"] == "/web"
    assert found["Config"] == {"Image": "shop/web:1", "Labels": {"a": "b"}}
    assert found["State"] == {
        "Status": "paused",
        "Running": True,
        "Paused": True,
        "Restarting": False,
        "Dead": False,
    }
    assert found["NetworkSettings"]["Ports"] == {
        "80/tcp": [{"HostIp": "0.0.0.0", "HostPort": "8080"}, {"HostIp": "::", "HostPort": "8080"}],
        "53/udp": None,
    }


def test_one_request_for_all(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine(a=None, b=None)
    found = hosts(engine, tmp_path, monkeypatch, list_filters={"label": "x=1", "is-task": False})
    assert set(found) == {"a", "b"}
    assert engine.asked == [
        ("/containers/json", {"all": True, "filters": {"label": ["x=1"], "is-task": ["false"]}}),
    ]


def test_the_way_to_an_engine_may_be_a_template(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CA_FILE", "/run/ca.pem")
    template = "{{ lookup('ansible.builtin.env', 'CA_FILE') }}"
    engine = FakeEngine(a=None)
    engines = [{"name": "one", "docker_host": "tcp://{{ 'far' }}"}, {"name": "two", "context": "far"}]
    found = hosts(engine, tmp_path, monkeypatch, ca_path=template, docker_host="tcp://near", engines=engines)
    assert [options["ca_path"] for options in engine.options] == ["/run/ca.pem"] * 2
    assert [options["docker_host"] for options in engine.options] == ["tcp://far", None]
    assert found["a.one"]["ansible_docker_ca_cert"] == "/run/ca.pem"
    assert found["a.two"]["ansible_docker_context"] == "far"


def test_a_container_that_vanishes_is_skipped(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"Id": "a", "Name": "/a", "Config": {"Image": "i"}, "State": {"Status": "exited", "Running": False}}
    found = hosts(FakeEngine(a=there, b=None), tmp_path, monkeypatch, verbose_output=True, group_by=["image"])
    assert list(found) == ["a"]


def test_a_published_port_of_a_far_engine_is_on_its_machine(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for private, expected in ((80, ("far.example", 8080)), (53, ("172.17.0.2", 53))):
        found = hosts(FakeEngine(a=None), tmp_path, monkeypatch, connection_type="ssh", private_ssh_port=private)
        assert (found["a"]["ansible_host"], found["a"]["ansible_port"]) == expected


def test_a_container_without_a_name(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"Id": "0123456789abcdef", "Name": "", "Config": {"Image": "i"}, "State": {"Status": "dead"}}
    assert list(hosts(FakeEngine(a=there), tmp_path, monkeypatch, verbose_output=True)) == ["0123456789abc"]


@pytest.mark.parametrize(
    ("text", "harmless"),
    [
        ("sha256:ab/c+d=e,f.g~h-i@j 2026", True),
        ("{{ x }}", False),
        ("{% if x %}", False),
        ("lookup('pipe')", False),
        ("a | b", False),
        ("9**9", False),
    ],
)
def test_what_may_be_taken_for_a_template(text: str, harmless: bool) -> None:
    assert bool(containers.HARMLESS.fullmatch(text)) == harmless
