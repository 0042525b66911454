# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""When a container's image is pulled: by its platform, when its tag has moved, and with which login."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import StreamError
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import RECREATE
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Unfit
from engines import Registry

from tests.matrix.containers import Containers
from tests.matrix.harness import Target, counted
from tests.matrix.images import AMD, ARM, AUTH, drop, image_id, push, push_platforms


def test_an_image_for_another_platform_is_not_there(target: Target, registry: Registry) -> None:
    name, _digest = push_platforms(target, registry, "container-platforms")
    target.engine.docker("pull", "--platform", AMD, name)
    bench = Containers(target, image=name, state="present")
    options = {"name": "case", "platform": ARM}
    bench.refused({**options, "pull": "never"}, f"image {name} is not there for linux/arm64, and pull is never", Unfit)
    done = bench.agree(options, foreseen=False)
    assert done.actions == [f"pull image {name}", "create container case"]
    assert done.value["progress"][0]["action"] == f"pull image {name}"
    bench.settled(options)
    there = bench.find()
    if target.containerd:  # the name now means both, and the containers of both have its id
        assert there["ImageManifestDescriptor"]["platform"]["architecture"] == "arm64"
        # It stays what it is when something else is changed.
        assert [change.option for change in bench.agree({"name": "case", "labels": {"a": "1"}}).changes] == ["labels"]
        bench.settled({**options, "labels": {"a": "1"}})
        done = bench.agree({"name": "case", "platform": AMD})
        assert [tuple(change) for change in done.changes] == [("platform", "linux/arm64", AMD, RECREATE)]
        assert bench.find()["ImageManifestDescriptor"]["platform"]["architecture"] == "amd64"
        bench.run({**options, "name": "net", "network_mode": "container:case"})
        bench.run({"name": "case", "labels": {"a": "2"}, "recreate_dependents": True})
        assert bench.find("net")["HostConfig"]["NetworkMode"] == f"container:{bench.find()['Id']}"
        assert bench.find("net")["ImageManifestDescriptor"]["platform"]["architecture"] == "arm64"
    else:  # one that is there for this platform is not pulled, and the container is made anew of it
        assert bench.agree({"name": "case", "platform": AMD}, foreseen=False).changed
        assert bench.find()["Image"] != there["Image"]
    bench.settled({"name": "case", "platform": AMD})


def test_a_tag_that_moved_upstream(target: Target, registry: Registry) -> None:
    name, _digest = push(target, registry, "container-moved", "old")
    bench = Containers(target, image=name, pull="always", command=["/bin/idle"])
    options = {"name": "case"}
    assert bench.agree(options, foreseen=False).changed
    made, old = bench.find()["Id"], image_id(target, name)
    bench.settled(options)
    with counted(target) as (host, requests):
        assert not bench.run(options, host=host).changed
    asked = [request for _label, request in requests if "/distribution/" in request or "/images/create" in request]
    assert [request.partition("/distribution/")[2] for request in asked] == [f"{name}/json"]
    registry.upload("container-moved", "1", {AMD: target.engine.root_tar({"/www/index.html": b"new"})})
    said = bench.check(options)
    assert said.actions == [f"pull image {name}", "recreate container case"]
    assert (image_id(target, name), bench.find()["Id"]) == (old, made)
    assert bench.agree(options, foreseen=False).changed
    assert bench.find()["Image"] != old
    bench.settled(options)


def test_the_login_of_the_task(target: Target, locked: Registry) -> None:
    name, _digest = push(target, locked, "container-shut", target.name)
    bench = Containers(target, image=name, command=["/bin/idle"])
    login: dict[str, Any] = {"name": "case", **AUTH}
    with pytest.raises(StreamError, match=f"image {name} cannot be pulled: "):
        bench.run({"name": "case"})
    assert bench.agree(login, foreseen=False).changed
    bench.settled({**login, "pull": "always"})
    bench.refused({**login, "registry_retries": -1}, "registry_retries: must not be negative")
    target.ask("DELETE", "/containers/case?force=1")
    drop(target, name)
