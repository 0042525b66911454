# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The inventory plugins without an engine: what their lists are made into, and what may be gone."""

from __future__ import annotations

import gc
import json
import pathlib
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ansible.plugins.inventory")
from ansible.inventory.data import InventoryData
from ansible.parsing.dataloader import DataLoader
from ansible.plugins.loader import inventory_loader
from ansible_collections.dockside.engine.plugins.inventory import containers, swarm
from ansible_collections.dockside.engine.plugins.plugin_utils._inventory import HARMLESS, kept_objects

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
    """Answers what it was given for a path."""

    def __init__(self, answers: dict[str, Any]) -> None:
        self.answers, self.asked = answers, list[Any]()
        self.options = list[Any]()
        self.warnings = self.trace = list[str]()
        self.endpoint = SimpleNamespace(host="admin@far.example", tls=None)

    def get(self, path: str, params: Any = None, missing: Any = ...) -> Any:
        self.asked.append((path, params))
        found = self.answers.get(path)
        assert found is not None or missing is None
        return found

    def close(self) -> None:
        pass


def holding(**there: Any) -> FakeEngine:
    """An engine with these containers; those that are None are gone when they are inspected."""
    listed = [{**LISTED, "Id": name, "Names": [f"/{name}"]} for name in there]
    return FakeEngine({"/containers/json": listed, **{f"/containers/{name}/json": there[name] for name in there}})


def hosts(
    engine: FakeEngine, place: pathlib.Path, monkeypatch: pytest.MonkeyPatch, kind: str = "containers", **options: Any
) -> dict[str, dict[str, Any]]:
    """Host -> variables of the inventory with these options."""
    source = place / f"a.{kind}.yml"
    source.write_text(json.dumps({"plugin": f"dockside.engine.{kind}", **options}))
    plugin, data = inventory_loader.get(f"dockside.engine.{kind}"), InventoryData()
    monkeypatch.setitem(plugin.asked.__globals__, "connect", lambda options: engine.options.append(options) or engine)
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
    engine = holding(a=None, b=None)
    found = hosts(engine, tmp_path, monkeypatch, list_filters={"label": "x=1", "is-task": False})
    assert set(found) == {"a", "b"}
    assert engine.asked == [
        ("/containers/json", {"all": True, "filters": {"label": ["x=1"], "is-task": ["false"]}}),
    ]


def test_the_way_to_an_engine_may_be_a_template(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CA_FILE", "/run/ca.pem")
    template = "{{ lookup('ansible.builtin.env', 'CA_FILE') }}"
    engine = holding(a=None)
    engines = [{"name": "one", "docker_host": "tcp://{{ 'far' }}"}, {"name": "two", "context": "far"}]
    found = hosts(engine, tmp_path, monkeypatch, ca_path=template, docker_host="tcp://near", engines=engines)
    assert [options["ca_path"] for options in engine.options] == ["/run/ca.pem"] * 2
    assert [options["docker_host"] for options in engine.options] == ["tcp://far", None]
    assert found["a.one"]["ansible_docker_ca_cert"] == "/run/ca.pem"
    assert found["a.two"]["ansible_docker_context"] == "far"


def test_a_container_that_vanishes_is_skipped(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"Id": "a", "Name": "/a", "Config": {"Image": "i"}, "State": {"Status": "exited", "Running": False}}
    found = hosts(holding(a=there, b=None), tmp_path, monkeypatch, verbose_output=True, group_by=["image"])
    assert list(found) == ["a"]


def test_a_published_port_of_a_far_engine_is_on_its_machine(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for private, expected in ((80, ("far.example", 8080)), (53, ("172.17.0.2", 53))):
        found = hosts(holding(a=None), tmp_path, monkeypatch, connection_type="ssh", private_ssh_port=private)
        assert (found["a"]["ansible_host"], found["a"]["ansible_port"]) == expected


def test_a_container_without_a_name(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    there = {"Id": "0123456789abcdef", "Name": "", "Config": {"Image": "i"}, "State": {"Status": "dead"}}
    assert list(hosts(holding(a=there), tmp_path, monkeypatch, verbose_output=True)) == ["0123456789abc"]


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
    assert bool(HARMLESS.fullmatch(text)) == harmless


def node(name: str, address: str, manager: Any = None, ident: str = "") -> dict[str, Any]:
    return {
        "ID": ident or f"id-{name}",
        "Description": {"Hostname": name},
        "Spec": {"Role": "manager" if manager else "worker", "Availability": "active"},
        "Status": {"State": "ready", "Addr": address},
        **({"ManagerStatus": manager} if manager else {}),
    }


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (node("a", "10.0.0.1"), "10.0.0.1"),
        (node("a", "10.0.0.1", {"Addr": "10.9.9.9:2377"}), "10.0.0.1"),
        (node("a", "0.0.0.0", {"Addr": "10.9.9.9:2377"}), "10.9.9.9"),
        (node("a", "127.0.0.1", {"Leader": True, "Addr": "10.9.9.9:2377"}), "10.9.9.9"),
        (node("a", "127.0.0.1", {"Leader": True, "Addr": "[fd00::1]:2377"}), "fd00::1"),
        (node("a", "10.0.0.1", {"Leader": True}), "10.0.0.1"),
    ],
)
def test_where_a_node_is(found: dict[str, Any], expected: str) -> None:
    assert swarm.address(found) == expected


def test_nodes_that_share_a_name_have_their_ids(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine({"/nodes": [node("a", "10.0.0.1"), node("b", "10.0.0.2"), node("a", "10.0.0.1", ident="new")]})
    found = hosts(engine, tmp_path, monkeypatch, "swarm", inventory_hostname="hostname")
    assert list(found) == ["id-a", "b", "new"]
    assert engine.asked == [("/nodes", None)]


def test_the_engines_of_the_nodes(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = FakeEngine({"/nodes": [node("a", "10.0.0.1"), node("b", "fd00::2")]})
    for tls, port in ((None, 2375), (object(), 2376)):
        engine.endpoint.tls = tls
        found = hosts(engine, tmp_path, monkeypatch, "swarm", include_host_uri=True)
        assert [each["ansible_host_uri"] for each in found.values()] == [
            f"tcp://10.0.0.1:{port}",
            f"tcp://[fd00::2]:{port}",
        ]


def test_tasks_without_a_service_and_secrets_of_tasks_are_left_out() -> None:
    spec = {"ContainerSpec": {"Image": "i", "Env": ["PASSWORD=x"], "Labels": {"a": "b"}}}
    tasks = [
        {"ID": "2", "ServiceID": "s", "Slot": 2, "Spec": spec},
        {"ID": "1", "ServiceID": "s", "Slot": 1, "Spec": {"PluginSpec": {}}},
        {"ID": "3", "ServiceID": "gone", "Spec": spec},
        {"ID": "4", "Spec": {"NetworkAttachmentSpec": {}}},
    ]
    engine: Any = FakeEngine({"/tasks": tasks, "/services": [{"ID": "s", "Spec": {"Name": "web"}}]})
    more = {"ServiceID": "s", "ServiceName": "web", "ServiceLabels": {}}
    assert swarm.running(engine) == [
        {"ID": "1", "Slot": 1, "Spec": {"ContainerSpec": {}}, **more},
        {"ID": "2", "Slot": 2, "Spec": {"ContainerSpec": {"Image": "i", "Labels": {"a": "b"}}}, **more},
    ]


def test_the_collection_of_garbage_goes_on_after_a_source() -> None:
    def read() -> None:
        with kept_objects():
            assert not gc.isenabled()
            raise RuntimeError

    try:
        for before in (gc.enable, gc.disable):  # a source may be part of another one
            before()
            was = gc.isenabled()
            with pytest.raises(RuntimeError):
                read()
            assert gc.isenabled() is was
    finally:
        gc.enable()
        gc.unfreeze()
