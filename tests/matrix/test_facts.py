# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts about every engine."""

from __future__ import annotations

from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._actions.facts import query

from tests.matrix.harness import Target, counted

ALWAYS = {"reachable", "docker_host", "api_version"}
MIN = {*ALWAYS, "info", "version", "ping"}
LISTS = {"containers", "images", "networks", "volumes", "plugins"}


def facts(target: Target, *subsets: str, host: str | None = None) -> dict[str, Any]:
    engine = target.client(host)
    found = query(engine, {"gather_subset": list(subsets)})
    engine.close()
    assert engine.warnings == []
    return dict(found["ansible_facts"]["dockside_engine"])


def test_all_facts(target: Target) -> None:
    target.container("running", Labels={"a": "1"})
    target.container("stopped", start=False)
    target.ask("POST", "/volumes/create", {"Name": "own"})
    found = facts(target, "all")
    assert set(found) == MIN | LISTS | {"disk_usage"}
    assert found["reachable"]
    assert found["docker_host"] == target.engine.host
    assert found["api_version"] == "{}.{}".format(*target.api)
    assert found["version"]["Version"] == found["info"]["ServerVersion"]
    assert found["ping"]["api_version"] == found["version"]["ApiVersion"]
    states = {each["Names"][0]: each["State"] for each in found["containers"]}
    assert states == {"/running": "running", "/stopped": "created"}
    assert ["dockside/web:1"] in [each["RepoTags"] for each in found["images"]]
    assert "bridge" in {each["Name"] for each in found["networks"]}
    assert [each["Name"] for each in found["volumes"]] == ["own"]
    assert found["plugins"] == []
    assert (found["disk_usage"]["volumes"]["total_count"], "objects" in found["disk_usage"]["volumes"]) == (1, False)


def test_of_a_manager(target: Target) -> None:
    target.swarm()
    found = facts(target, "!min", "swarm")
    assert set(found) == {*ALWAYS, "nodes", "services"}
    assert [each["ManagerStatus"] for each in found["nodes"]] == ["Leader"]
    assert found["services"] == []


def test_only_what_is_wanted_is_asked(target: Target) -> None:
    with counted(target) as (host, requests):
        assert set(facts(target, "!all", "!min", "volumes", host=host)) == {
            *MIN - {"info", "version", "ping"},
            "volumes",
        }
    assert [request.rpartition("/")[2] for _label, request in requests] == ["_ping", "volumes?filters=%7B%7D"]


def test_no_engine(target: Target) -> None:
    found = facts(target, "all", host="unix:///nowhere/docker.sock")
    assert (found["reachable"], found["docker_host"]) == (False, "unix:///nowhere/docker.sock")
    assert found["reason"].startswith("Cannot reach the Docker daemon at unix:///nowhere/docker.sock")
    assert set(found) == {"reachable", "docker_host", "reason"}
