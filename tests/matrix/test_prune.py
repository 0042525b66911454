# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prunes on every engine: check mode names exactly what goes, and only what should go goes."""

from __future__ import annotations

import io
import tarfile
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.prune import RULES, SPEC, prune
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from engines.process import wait_for

from tests.matrix.actions import Act
from tests.matrix.harness import Target

PRUNE = Act(prune, SPEC, RULES)
LISTS = ("containers", "images", "images_untagged", "networks", "volumes", "builder_cache_caches_deleted")


def agree(target: Target, **options: Any) -> dict[str, Any]:
    """Check mode, which removes nothing, then the real run, which removes the same."""
    before = target.snapshot()
    said = PRUNE(target.client(), check=True, **options)
    assert target.snapshot() == before
    done = PRUNE(target.client(), **options)
    assert {name: said.get(name) for name in LISTS} == {name: done.get(name) for name in LISTS}
    assert (said["changed"], said["diff"]) == (done["changed"], done["diff"])
    for name in ("containers_space_reclaimed", "volumes_space_reclaimed"):
        assert said.get(name) == done.get(name)
    again = PRUNE(target.client(), **options)
    assert [again[name] for name in LISTS if again.get(name)] == []
    assert not again["changed"]
    return done


def names(target: Target) -> set[str]:
    return {each["Names"][0].lstrip("/") for each in target.ask("GET", "/containers/json?all=1")}


def image_id(target: Target, name: str) -> str:
    return str(target.ask("GET", f"/images/{name}/json")["Id"])


def test_containers(target: Target) -> None:
    target.container("running")
    target.container("paused")
    target.ask("POST", "/containers/paused/pause")
    target.container("created", start=False, Labels={"a": "1", "b": "2"})
    target.container("old", start=False, Labels={"a": "1"})
    target.container("wrote", Cmd=["sh", "-c", "head -c 100000 /dev/zero > /file"])
    wait_for("the end", lambda: target.ask("GET", "/containers/wrote/json")["State"]["Status"] == "exited", 20)
    assert not agree(target, containers=True, containers_filters={"label": "c"})["changed"]
    assert agree(target, containers=True, containers_filters={"label": ["a=1", "b"]})["changed"]
    assert names(target) == {"running", "paused", "old", "wrote"}
    assert not agree(target, containers=True, containers_filters={"until": "1h"})["changed"]
    old = target.ask("GET", "/containers/old/json")["Created"]
    agree(target, containers=True, containers_filters={"until": old, "label!": ["a", "b"]})
    assert names(target) == {"running", "paused", "wrote"}
    agree(target, containers=True, containers_filters={"until": old})
    agree(target, containers=True, containers_filters={"label!": "a"})
    assert names(target) == {"running", "paused"}
    target.ask("POST", "/containers/paused/unpause")


def test_networks_and_volumes(target: Target) -> None:
    for name, body in {
        "free": {}, "labelled": {"Labels": {"keep": "1"}}, "busy": {}, "idle": {}, "settings": {"ConfigOnly": True}
    }.items():  # fmt: skip
        target.ask("POST", "/networks/create", {"Name": name, **body})
    tmpfs = {"type": "tmpfs", "device": "tmpfs"}
    for name, body in {
        "named": {}, "options": {"DriverOpts": tmpfs}, "kept": {"Labels": {"keep": "1"}}, "mounted": {}, "waiting": {}
    }.items():  # fmt: skip
        target.ask("POST", "/volumes/create", {"Name": name, **body})
    target.container("one", HostConfig={"NetworkMode": "busy", "Binds": ["mounted:/a"]})
    target.container("two", start=False, HostConfig={"NetworkMode": "idle", "Binds": ["waiting:/a"]})
    target.container("three", start=False, Volumes={"/anonymous": {}})
    target.ask("DELETE", "/containers/three")
    done = agree(target, networks=True, networks_filters={"label!": "keep"})
    assert {"free", "idle"} <= set(done["networks"])
    assert not {"labelled", "busy"} & set(done["networks"])
    assert agree(target, networks=True, networks_filters={"until": "1h"})["networks"] == []
    assert agree(target, networks=True)["networks"] == ["labelled"]
    done = agree(target, volumes=True, volumes_filters={"label!": "keep"})
    assert bool([name for name in done["volumes"] if len(name) == 64])  # the anonymous one
    everything = target.api < (1, 42)
    assert ("named" in done["volumes"]) == everything
    if everything:
        with pytest.raises(EngineError, match=r"volumes_filters.all needs API 1\.42"):
            PRUNE(target.client(), volumes=True, volumes_filters={"all": True})
    else:
        done = agree(target, volumes=True, volumes_filters={"all": True, "label!": "keep"})
        assert done["volumes"] == ["named"]
    # The container that goes first frees its volume.
    all_volumes = {} if everything else {"volumes_filters": {"all": True}}
    done = agree(target, containers=True, volumes=True, **all_volumes)
    assert done["volumes"] == ["kept", "waiting"]
    assert {each["Name"] for each in target.ask("GET", "/volumes")["Volumes"]} == {"mounted", "options"}


@pytest.mark.parametrize("session_target", ["20.10", "28.5"], indirect=True)
def test_networks_of_a_swarm(target: Target) -> None:
    target.swarm()
    for name in ("free", "busy", "joined"):
        target.ask("POST", "/networks/create", {"Name": name, "Driver": "overlay", "Attachable": True})
    spec = {"ContainerSpec": {"Image": target.image()}, "Networks": [{"Target": "busy"}]}
    target.ask("POST", "/services/create", {"Name": "s", "TaskTemplate": spec, "Mode": {"Replicated": {"Replicas": 0}}})
    target.container("one", HostConfig={"NetworkMode": "joined"})
    target.settle()
    assert agree(target, networks=True)["networks"] == ["free"]


def test_images(target: Target) -> None:
    make = target.engine.image
    make("prune/dangling:1", files={"/n": b"1"})
    make("prune/dangling:1", files={"/n": b"2"})  # takes the name of the one before
    make("prune/label:1", files={"/n": b"3"}, changes=["LABEL a=1"])
    make("prune/label:1", files={"/n": b"4"}, changes=["LABEL a=1"])
    make("prune/used:1", files={"/n": b"5"})
    make("prune/both:1", files={"/n": b"6"})
    target.ask("POST", "/images/prune/both:1/tag?repo=prune/both&tag=2")
    target.ask("POST", "/images/prune/both:1/tag?repo=prune/other&tag=1")
    target.ask("POST", "/images/prune/used:1/tag?repo=prune/used&tag=2")
    target.container("user", start=False, Image="prune/used:1", Cmd=["/bin/idle"])
    target.container("by-id", Image=image_id(target, make_it(target, "prune/id:1", b"7")), Cmd=["/bin/idle"])
    # A child of an image without a name, and a child of one with a name.
    target.ask("POST", "/commit?container=user&repo=prune/child&tag=1", {"Labels": {"child": "1"}})
    target.ask("POST", "/commit?container=user&repo=prune/child&tag=1", {"Labels": {"child": "2"}})
    kept = {"dockside/web:1"}

    done = agree(target, images=True, images_filters={"label": "a=1"})
    assert (len(done["images"]), done["images_untagged"]) == (1, [])
    done = agree(target, images=True)
    assert len(done["images"]) >= 1
    assert not [name for name in done["images_untagged"] if "@" not in name]
    agree(target, images=True, images_filters={"dangling": False, "until": "1h"})
    done = agree(target, images=True, images_filters={"dangling": False, "label!": "child"})
    assert {"prune/both:1", "prune/both:2", "prune/other:1"} <= set(done["images_untagged"])
    assert done["images_space_reclaimed"] >= 0
    done = agree(target, containers=True, images=True, images_filters={"dangling": "false"})
    left = {tag for image in target.ask("GET", "/images/json") for tag in image["RepoTags"] or []}
    assert left <= kept | {"prune/id:1"}
    assert "prune/child:1" in done["images_untagged"]


def make_it(target: Target, name: str, data: bytes) -> str:
    target.engine.image(name, files={"/n": data})
    return name


def test_build_cache(target: Target) -> None:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        data = b"FROM dockside/web:1\nRUN head -c 50000 /dev/zero > /a\nRUN echo b > /b\nCOPY Dockerfile /c\n"
        info = tarfile.TarInfo("Dockerfile")
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))
    target.ask("POST", "/build?version=2&t=prune/built:1", buffer.getvalue())
    target.settle()
    if target.api < (1, 39):
        with pytest.raises(EngineError, match=r"builder_cache_all needs API 1\.39"):
            PRUNE(target.client(), builder_cache=True, builder_cache_all=True)
        assert PRUNE(target.client(), builder_cache=True)["builder_cache_space_reclaimed"] >= 0
        return
    assert not agree(target, builder_cache=True, builder_cache_filters={"until": "1h"})["changed"]
    agree(target, builder_cache=True)
    target.engine.request("DELETE", "/images/prune/built:1?force=1")
    done = agree(target, builder_cache=True, builder_cache_all=True)
    assert [each for each in target.ask("GET", "/system/df")["BuildCache"] or [] if not each["InUse"]] == []
    assert done["changed"]
    limit = {"builder_cache_max_used_space": "1G"}
    if target.api < (1, 48):
        with pytest.raises(EngineError, match=r"builder_cache_max_used_space needs API 1\.48"):
            PRUNE(target.client(), builder_cache=True, **limit)
    else:
        assert not PRUNE(target.client(), builder_cache=True, **limit)["changed"]
    assert not PRUNE(target.client(), builder_cache=True, builder_cache_keep_storage="1G")["changed"]


def test_what_is_refused(target: Target) -> None:
    for options, message in (
        ({"containers": True, "containers_filters": {"nosuch": "1"}}, "containers_filters.nosuch: there is no such"),
        ({"images": True, "images_filters": {"label": {}}}, "images_filters.label: must be text"),
        ({"builder_cache": True, "builder_cache_keep_storage": "x"}, "builder_cache_keep_storage: must be a size"),
    ):
        with pytest.raises(ValueError, match=message):
            PRUNE(target.client(), **options)
    with pytest.raises(ValueError, match="neither a span"):
        PRUNE(target.client(), check=True, networks=True, networks_filters={"until": "soon"})
