# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine tells about itself, what is on it and how much space that takes, on every engine."""

from __future__ import annotations

from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._actions.host import LISTS, SPEC, query
from ansible_collections.dockside.engine.plugins.module_utils._actions.usage import KINDS, shaped, usage
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from engines.process import wait_for

from tests.matrix.harness import Target


def ask(target: Target, **options: Any) -> dict[str, Any]:
    found = ArgumentSpecValidator(SPEC).validate(options)
    assert not found.error_messages
    return query(target.client(), found.validated_parameters)


def test_the_engine_itself(target: Target) -> None:
    found = ask(target)
    assert set(found) == {"can_talk_to_docker", "host_info", "version", "ping"}
    assert found["host_info"]["ServerVersion"].startswith(target.engine.version)
    assert found["version"]["Version"] == found["host_info"]["ServerVersion"]
    assert found["ping"]["api_version"] == found["version"]["ApiVersion"]
    assert (found["ping"]["os_type"], found["ping"]["experimental"]) == ("linux", False)


def test_lists_and_filters(target: Target) -> None:
    target.container("running", Labels={"a": "1"})
    target.container("stopped", start=False, Labels={"a": "2", "b": ""})
    target.ask("POST", "/networks/create", {"Name": "own", "Labels": {"a": "1"}})
    target.ask("POST", "/volumes/create", {"Name": "own", "Labels": {"a": "1"}})
    found = ask(target, containers=True, images=True, networks=True, volumes=True)
    assert [each["Names"] for each in found["containers"]] == [["/running"]]
    assert ["dockside/web:1"] in [each["RepoTags"] for each in found["images"]]
    assert {"own", "bridge", "host", "none"} <= {each["Name"] for each in found["networks"]}
    assert "own" in {each["Name"] for each in found["volumes"]}
    for kind, (_path, _filters, members) in LISTS.items():
        assert set(found[kind][0]) == set(members)
    found = ask(target, containers=True, containers_all=True, containers_filters={"label": ["a", "b"]})
    assert [each["Names"] for each in found["containers"]] == [["/stopped"]]
    one_of = {"name": ["running", "stopped"]}
    assert len(ask(target, containers=True, containers_all=True, containers_filters=one_of)["containers"]) == 2
    found = ask(target, images=True, images_filters={"dangling": True})
    assert not [each for each in found["images"] if "dockside/web:1" in (each["RepoTags"] or [])]
    chosen = {"networks_filters": {"type": "custom", "label": "a"}, "volumes_filters": {"label": "a=1"}}
    found = ask(target, networks=True, volumes=True, verbose_output=True, **chosen)
    assert [(each["Name"], each["Labels"]) for each in found["networks"]] == [("own", {"a": "1"})]
    assert [(each["Name"], each["Labels"]) for each in found["volumes"]] == [("own", {"a": "1"})]
    with pytest.raises(ValueError, match=r"volumes_filters\.status: there is no such filter"):
        ask(target, volumes=True, volumes_filters={"status": "x"})


def test_the_order_of_a_list_is_the_same_each_time(target: Target) -> None:
    names = [f"ten-{number}" for number in range(10)]
    for name in reversed(names):
        target.ask("POST", "/networks/create", {"Name": name})
        target.ask("POST", "/volumes/create", {"Name": name})
    found = ask(target, networks=True, volumes=True, disk_usage=True, verbose_output=True)
    for listed in (found["networks"], found["volumes"], found["disk_usage"]["Volumes"]):
        assert [each["Name"] for each in listed if each["Name"].startswith("ten-")] == names


def test_disk_usage(target: Target) -> None:
    target.ask("POST", "/volumes/create", {"Name": "free"})
    target.container(
        "wrote", Cmd=["sh", "-c", "head -c 100000 /dev/zero | tee /v/a > /a"], HostConfig={"Binds": ["used:/v"]}
    )
    wait_for("the end", lambda: target.ask("GET", "/containers/wrote/json")["State"]["Status"] == "exited", 20)
    target.container("running")
    found = usage(target.client(), KINDS)
    assert set(found) == set(KINDS)
    assert (found["containers"]["total_count"], found["containers"]["active_count"]) == (2, 1)
    assert found["containers"]["size"] >= found["containers"]["reclaimable"] >= 100_000
    assert (found["volumes"]["total_count"], found["volumes"]["active_count"]) == (2, 1)
    assert found["volumes"]["size"] >= 100_000
    assert found["volumes"]["reclaimable"] < 100_000
    assert found["images"]["total_count"] >= found["images"]["active_count"] == 1
    assert found["images"]["size"] > 1_000_000
    assert {each["Name"] for each in found["volumes"]["objects"]} == {"free", "used"}
    assert set(usage(target.client(), ["volumes"])) == {"volumes"}
    short = ask(target, disk_usage=True)["disk_usage"]
    assert short == {"LayersSize": found["images"]["size"]}
    full = ask(target, disk_usage=True, verbose_output=True)["disk_usage"]
    assert set(full) == {"LayersSize", "Images", "Containers", "Volumes", "BuildCache"}
    assert {each["Name"] for each in full["Volumes"]} == {"free", "used"}


def test_the_shape_since_api_1_52() -> None:
    """No engine of the tests is as new; this is what the API's own description says."""
    answer = {
        "VolumeUsage": {
            "ActiveCount": 1,
            "TotalCount": 4,
            "Reclaimable": 12,
            "TotalSize": 98,
            "Items": [{"Name": "b"}, {"Name": "a"}],
        }
    }
    expected = {
        "total_count": 4,
        "active_count": 1,
        "size": 98,
        "reclaimable": 12,
        "objects": [{"Name": "a"}, {"Name": "b"}],
    }
    assert shaped("volumes", answer) == expected


def test_an_engine_that_is_not_there(target: Target) -> None:
    with pytest.raises(EngineError, match="Cannot reach") as caught:
        query(target.client("unix:///nonexistent"), dict.fromkeys(SPEC))
    assert getattr(caught.value, "result", None) == {"can_talk_to_docker": False}
