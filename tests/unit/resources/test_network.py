# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Networks where the engine fails in the middle, or answers what the engines at hand do not."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.network import Network

from tests.unit.fake_engine import FakeEngine, Raw, Reply
from tests.unit.resources.conftest import Task, changing

IPAM = {"Driver": "default", "Options": None, "Config": [{"Subnet": "10.1.0.0/24", "Gateway": "10.1.0.1"}]}
OLD = {
    "Id": "old",
    "Name": "web",
    "Driver": "bridge",
    "Scope": "local",
    "Internal": True,
    "IPAM": IPAM,
    "Labels": {"a": "1"},
    "Options": {},
    "ConfigFrom": {"Network": ""},
}
FAILURE = Reply({"message": "no space left"}, 500)
MADE = Reply({"Id": "new"}, 201)


def container(name: str, **endpoint: Any) -> dict[str, Any]:
    return {
        "Id": f"{name}-id-0123456789",
        "Name": f"/{name}",
        "Config": {"Hostname": f"{name}-id-0123"[:12]},
        "NetworkSettings": {"Networks": {"web": {"IPAddress": "10.1.0.9", **endpoint}}},
    }


ONE = container("one", Aliases=["first", "one-id-01234"], IPAMConfig={"IPv4Address": "10.1.0.9"})
TWO = container("two", DriverOpts={"x": "y"}, MacAddress="")


@pytest.fixture
def used(fake: FakeEngine) -> FakeEngine:
    """An engine whose network `web` has two containers, and which does what it is told."""
    fake.on("GET", "/networks/web", Reply(OLD))
    listed = [{"Id": each["Id"], "Names": [each["Name"]]} for each in (ONE, TWO)]
    fake.on("GET", "/containers/json", Reply(listed))
    for each in (ONE, TWO):
        fake.on("GET", f"/containers/{each['Id']}/json", Reply(each))
    fake.on("POST", "/networks/web/disconnect", Reply())
    fake.on("POST", "/networks/web/connect", Reply())
    fake.on("DELETE", "/networks/old", Reply(status=204))
    fake.on("POST", "/networks/create", MADE)
    return fake


def created(fake: FakeEngine) -> list[dict[str, Any]]:
    return [seen.json for seen in fake.seen if seen.path == "/networks/create"]


def joined(fake: FakeEngine) -> list[dict[str, Any]]:
    return [seen.json for seen in fake.seen if seen.path == "/networks/web/connect"]


ENDS = [
    {
        "Container": ONE["Id"],
        "EndpointConfig": {"Aliases": ["first"], "IPAMConfig": {"IPv4Address": "10.1.0.9"}},
    },
    {"Container": TWO["Id"], "EndpointConfig": {"DriverOpts": {"x": "y"}}},
]


def test_recreate(used: FakeEngine, task: Task) -> None:
    assert task(Network, name="web", labels={"b": "2"}).changed
    assert changing(used) == [
        "POST /networks/web/disconnect",
        "POST /networks/web/disconnect",
        "DELETE /networks/old",
        "POST /networks/create",
        "POST /networks/web/connect",
        "POST /networks/web/connect",
    ]
    (body,) = created(used)
    assert body["Labels"] == {"a": "1", "b": "2"}
    assert (body["Name"], body["Internal"], body["IPAM"]["Config"]) == ("web", True, IPAM["Config"])
    assert joined(used) == ENDS


def test_a_new_network_that_is_refused_brings_the_old_one_back(used: FakeEngine, task: Task) -> None:
    used.on("GET", "/networks/web", Reply(OLD), Reply(OLD), Reply({"message": "network web not found"}, 404))
    used.on("POST", "/networks/create", FAILURE, MADE)
    with pytest.raises(EngineError, match="no space left"):
        task(Network, name="web", labels={"b": "2"}, internal=False)
    refused, restored = created(used)
    assert (refused["Labels"], refused["Internal"]) == ({"a": "1", "b": "2"}, False)
    assert (restored["Labels"], restored["Internal"], restored["IPAM"]) == (OLD["Labels"], True, IPAM)
    assert joined(used) == ENDS
    assert changing(used)[-3:] == ["POST /networks/create"] + ["POST /networks/web/connect"] * 2


def test_a_container_that_cannot_join_brings_the_old_network_back(used: FakeEngine, task: Task) -> None:
    new = {**OLD, "Id": "new"}
    used.on("GET", "/networks/web", Reply(OLD), Reply(OLD), Reply(new))
    used.on("POST", "/networks/web/connect", Reply(), FAILURE, Reply())
    used.on("DELETE", "/networks/new", Reply(status=204))
    both = [{"Id": each["Id"], "Names": [each["Name"]]} for each in (ONE, TWO)]
    used.on("GET", "/containers/json", Reply(both), Reply(both), Reply(both[:1]))
    with pytest.raises(EngineError, match="no space left"):
        task(Network, name="web", labels={"b": "2"})
    gone = [seen.json["Container"] for seen in used.seen if seen.path == "/networks/web/disconnect"]
    assert gone == [ONE["Id"], TWO["Id"], ONE["Id"]], "only who joined the new network leaves it"
    assert used.asked("DELETE", "/networks/new") == 1
    assert created(used)[-1]["Labels"] == OLD["Labels"]
    assert joined(used)[-2:] == ENDS


def test_when_nothing_comes_back_both_reasons_are_given(used: FakeEngine, task: Task) -> None:
    used.on("POST", "/networks/create", FAILURE, Reply({"message": "pool overlaps"}, 403))
    with pytest.raises(EngineError, match=r"no space left.*the old network did not come back: .*pool overlaps"):
        task(Network, name="web", labels={"b": "2"})


def test_a_create_whose_answer_is_lost_is_not_sent_again(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", "/networks/web", Reply({"message": "network web not found"}, 404))
    fake.on("POST", "/networks/create", Raw())
    with pytest.raises(EngineError, match="Lost the connection"):
        task(Network, name="web")
    assert fake.asked("POST", "/networks/create") == 1


def test_the_beginning_of_an_id_is_no_name(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", "/networks/web", Reply({**OLD, "Name": "other", "Id": "web123"}))
    fake.on("POST", "/networks/create", MADE)
    assert task(Network, name="web").actions == ["create network web"]


def test_what_a_swarm_and_newer_engines_add_is_no_difference(fake: FakeEngine, task: Task) -> None:
    swarm = {
        **OLD,
        "Driver": "overlay",
        "Scope": "swarm",
        "Labels": None,
        "Options": {"encrypted": "", "com.docker.network.driver.overlay.vxlanid_list": "4097"},
        "IPAM": {**IPAM, "Options": {"x": "y"}},
        "Status": {"IPAM": {}},
    }
    fake.on("GET", "/networks/web", Reply(swarm))
    options: dict[str, Any] = {"driver": "overlay", "driver_options": {"encrypted": ""}, "labels": {}}
    assert not task(Network, name="web", ipam_config=[{"subnet": "10.1.0.0/24"}], **options).changed


def test_the_numbers_of_the_swarm_are_not_sent_back(used: FakeEngine, task: Task) -> None:
    options = {"a": "b", "com.docker.network.driver.overlay.vxlanid_list": "4097"}
    used.on("GET", "/networks/web", Reply({**OLD, "Options": options}))
    task(Network, name="web", labels={"b": "2"})
    assert created(used)[0]["Options"] == {"a": "b"}


def test_another_driver_has_other_options_and_another_scope(used: FakeEngine, task: Task) -> None:
    used.on("GET", "/networks/web", Reply({**OLD, "Options": {"com.docker.network.bridge.name": "br9"}}))
    task(Network, name="web", driver="overlay", driver_options={"encrypted": ""})
    (body,) = created(used)
    assert body["Options"] == {"encrypted": ""}
    assert "Scope" not in body


def test_links_are_no_further_names(used: FakeEngine, task: Task) -> None:
    listed = [{"Id": ONE["Id"], "Names": ["/two/alias", "/one"]}]
    used.on("GET", "/containers/json", Reply(listed))
    used.on("GET", "/containers/one/json", Reply(ONE))
    assert not task(Network, name="web", connected=["one"]).changed
