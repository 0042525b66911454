# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images into archives and out of them, images of containers, and a search, on every engine."""

from __future__ import annotations

import gzip
import json
import os
import shutil
import signal
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions import commit, load, save, search
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, VersionError
from engines import Registry

from tests.matrix.actions import Act, Query
from tests.matrix.conftest import TARGETS
from tests.matrix.harness import Target
from tests.matrix.images import AMD, ARM, push_platforms

on_the_classic_store = pytest.mark.parametrize(
    "session_target", [name for name in TARGETS if "containerd" not in name], indirect=True
)
LOAD = Act(load.load, load.SPEC, {})
SAVE = Act(save.save, save.SPEC, {})
COMMIT = Act(commit.commit, commit.SPEC, {})
SEARCH = Query(search.query, search.SPEC, search.RULES)


@pytest.fixture(scope="module")
def archives() -> dict[str, Path]:
    """An archive of each engine that was asked for one so far."""
    return {}


def agree(act: Act, target: Target, **options: Any) -> dict[str, Any]:
    """A real run, which must do what check mode said, and that touches nothing."""
    before = target.snapshot()
    said = act(target.client(), check=True, **options)
    assert target.snapshot() == before
    done = act(target.client(), **options)
    assert (said["changed"], said["actions"]) == (done["changed"], done["actions"])
    return done


def settled(act: Act, target: Target, **options: Any) -> dict[str, Any]:
    done = agree(act, target, **options)
    assert (done["changed"], done["actions"]) == (False, [])
    return done


def image(target: Target, name: str, contents: str) -> str:
    target.engine.image(name, files={"/www/index.html": contents.encode()})
    return str(target.ask("GET", f"/images/{name}/json")["Id"])


def held(path: Path) -> list[list[str] | None]:
    """The names of the images in an archive."""
    with tarfile.open(path) as archive:
        file = archive.extractfile("manifest.json")
        assert file
        return sorted((each["RepoTags"] for each in json.load(file)), key=str)


def test_save(target: Target, tmp_path: Path) -> None:
    path = tmp_path / "images.tar"
    one, two = image(target, "saved/one:1", "1"), image(target, "saved/two:latest", "2")
    options: dict[str, Any] = {"path": str(path), "names": ["saved/one:1", "saved/two"]}
    done = agree(SAVE, target, **options)
    assert done["actions"] == [f"save saved/one:1, saved/two:latest to {path}: it is not there"]
    assert [each["Id"] for each in done["images"]] == [one, two]
    assert held(path) == [["saved/one:1"], ["saved/two:latest"]]
    assert path.stat().st_mode & 0o777 == 0o600
    settled(SAVE, target, **options)
    settled(SAVE, target, **{**options, "names": ["saved/two:latest", "saved/one", "saved/one:1"], "tag": "1"})
    path.chmod(0o640)
    assert agree(SAVE, target, force=True, **options)["actions"][0].endswith("it is asked for")
    assert path.stat().st_mode & 0o777 == 0o640

    image(target, "saved/one:1", "new")
    assert agree(SAVE, target, **options)["actions"][0].endswith("it holds another saved/one:1")
    fewer = {**options, "names": ["saved/one:1"]}
    assert agree(SAVE, target, **fewer)["actions"][0].endswith("it holds saved/one:1, saved/two:latest")
    settled(SAVE, target, **fewer)
    by_id = {**options, "names": [two]}
    assert agree(SAVE, target, **by_id)["changed"]
    assert held(path) == [None]
    settled(SAVE, target, **by_id)
    path.write_text("no archive")
    assert "is no archive of images" in agree(SAVE, target, **options)["actions"][0]
    settled(SAVE, target, **options)
    assert [each.name for each in tmp_path.iterdir()] == ["images.tar"]


def test_what_cannot_be_saved(target: Target, tmp_path: Path) -> None:
    for options, message in (
        ({"names": ["nosuch:1"]}, "image nosuch:1 is not on the engine"),
        ({"names": ["No"]}, "names: 'No' is not an image name"),
        ({"names": []}, "names: must name an image"),
        ({"names": [target.image()], "path": str(tmp_path)}, "is there and no file"),
        ({"names": [target.image()], "path": str(tmp_path / "no" / "x.tar")}, "cannot be written: No such file"),
    ):
        with pytest.raises((ValueError, EngineError), match=message):
            SAVE(target.client(), **{"path": str(tmp_path / "x.tar"), **options})
    client = target.client()
    assert SAVE(client, check=True, path=str(tmp_path / "x.tar"), names=["nosuch:1"])["changed"]
    assert client.warnings == ["this would fail: image nosuch:1 is not on the engine"]
    assert list(tmp_path.iterdir()) == []


def test_load(target: Target, tmp_path: Path) -> None:
    path, packed = tmp_path / "images.tar", tmp_path / "images.tar.gz"
    names = ["held/one:1", "held/two:2"]
    ids = [image(target, name, name) for name in names]
    SAVE(target.client(), path=str(path), names=names)
    with path.open("rb") as source, gzip.open(packed, "wb", 1) as file:
        shutil.copyfileobj(source, file)
    assert sorted(settled(LOAD, target, path=str(path))["image_names"]) == names  # in the order of the archive
    assert agree_forced(target, path)["image_names"]

    target.ask("DELETE", f"/images/{names[0]}?force=1")
    done = agree(LOAD, target, path=str(packed))
    assert done["actions"] == [f"load held/one:1 from {packed}"]
    assert sorted(done["image_names"]) == names
    assert sorted(each["Id"] for each in done["images"]) == sorted(ids)
    settled(LOAD, target, path=str(packed))
    # Another image has taken the name.
    image(target, names[1], "other")
    done = agree(LOAD, target, path=str(path))
    assert done["actions"] == [f"load held/two:2 from {path}"]
    assert target.ask("GET", f"/images/{names[1]}/json")["Id"] == ids[1]
    settled(LOAD, target, path=str(path))


def agree_forced(target: Target, path: Path) -> dict[str, Any]:
    """A load that is forced and brings nothing new: only the real run can tell."""
    assert LOAD(target.client(), check=True, path=str(path), force=True)["changed"]
    done = LOAD(target.client(), path=str(path), force=True)
    assert not done["changed"]
    return done


def test_platforms(target: Target, registry: Registry, tmp_path: Path) -> None:
    """What is saved and loaded for one platform is there for it, and nothing else is asked of it the second time."""
    path = tmp_path / "images.tar"
    save, load = {"path": str(path), "platform": ARM}, {"path": str(path), "platform": ARM}
    if target.api < (1, 48):
        with pytest.raises(VersionError, match=r"platform needs API 1\.48"):
            SAVE(target.client(), names=["a"], **save)
        with pytest.raises(VersionError, match=r"platform needs API 1\.48"):
            LOAD(target.client(), **load)
        return
    name, _digest = push_platforms(target, registry, "archived")
    other, _digest = push_platforms(target, registry, "archived-too")
    # The classic store has one platform of a name.
    there = (AMD, ARM) if target.containerd else (ARM,)
    for each in (name, other):
        for platform in there:
            target.engine.docker("pull", "--platform", platform, each)
    assert agree(SAVE, target, names=[name, other], **save)["changed"]
    settled(SAVE, target, names=[name, other], **save)
    assert held(path) == sorted([[name], [other]])
    settled(LOAD, target, **load)
    for each in (name, other):
        target.ask("DELETE", f"/images/{each}?force=1")
    done = agree(LOAD, target, **load)
    assert sorted(done["image_names"]) == sorted([name, other])
    assert {each["Architecture"] for each in done["images"]} == {"arm64"}
    settled(LOAD, target, **load)
    settled(LOAD, target, path=str(path))
    # What is not there for the platform.
    said = f"path: {path} holds {', '.join(sorted((name, other)))}, but not for linux/amd64"
    with pytest.raises(EngineError, match=said):
        LOAD(target.client(), path=str(path), platform=AMD)
    client = target.client()
    LOAD(client, check=True, path=str(path), platform=AMD)
    assert client.warnings == [f"this would fail: {said}"]
    with pytest.raises(EngineError, match=f"image {name} is not on the engine for linux/amd64"):
        SAVE(target.client(), names=[name], path=str(path), platform=AMD)
    with pytest.raises(ValueError, match="platform: must look like"):
        SAVE(target.client(), names=[name], path=str(path), platform="a/b/c/d")


@pytest.mark.parametrize("session_target", ["28.5-containerd"], indirect=True)
def test_one_of_the_platforms_of_an_archive(target: Target, registry: Registry, tmp_path: Path) -> None:
    """Only the containerd image store saves several."""
    path = tmp_path / "image.tar"
    name, digest = push_platforms(target, registry, "archived-both")
    for platform in (AMD, ARM):
        target.engine.docker("pull", "--platform", platform, name)
    assert agree(SAVE, target, names=[name], path=str(path))["changed"]
    settled(SAVE, target, names=[name], path=str(path))
    target.ask("DELETE", f"/images/{name}?force=1")
    assert agree(LOAD, target, path=str(path), platform=ARM)["changed"]
    target.settle()
    settled(LOAD, target, path=str(path), platform=ARM)
    assert target.ask("GET", f"/images/{name}/json")["Id"] == digest
    assert agree(LOAD, target, path=str(path), platform=AMD)["changed"]
    target.settle()
    settled(LOAD, target, path=str(path), platform=AMD)
    settled(LOAD, target, path=str(path))


def test_load_without_a_name(target: Target, tmp_path: Path) -> None:
    made = image(target, "held/one:1", "nameless")
    path = tmp_path / "image.tar"
    SAVE(target.client(), path=str(path), names=[made])
    target.ask("DELETE", "/images/held/one:1?force=1")
    done = agree(LOAD, target, path=str(path))
    assert done["changed"]
    assert [each["Id"] for each in done["images"]] == done["image_names"] == [made]
    assert settled(LOAD, target, path=str(path))["image_names"] == [made]


def test_archives_of_other_engines(target: Target, archives: dict[str, Path], tmp_path_factory: Any) -> None:
    path = tmp_path_factory.mktemp("archive") / "image.tar"
    name = f"from/{target.name}:1"
    image(target, name, target.name)
    SAVE(target.client(), path=str(path), names=[name])
    archives[target.name] = path
    target.ask("DELETE", f"/images/{name}?force=1")
    for origin, archive in archives.items():
        assert agree(LOAD, target, path=str(archive))["changed"], origin
        settled(LOAD, target, path=str(archive))


def test_what_cannot_be_loaded(target: Target, tmp_path: Path) -> None:
    root = tmp_path / "root.tar"
    root.write_bytes(target.engine.root_tar())
    text = tmp_path / "text"
    text.write_text("text")
    for path, message in (
        (root, "is no archive of images: it holds neither manifest.json nor index.json"),
        (text, "is no archive of images"),
        (tmp_path / "nosuch", "path: there is no file"),
        (tmp_path, "cannot be read: Is a directory"),
    ):
        with pytest.raises(EngineError, match=message):
            LOAD(target.client(), path=str(path))
    client = target.client()
    assert LOAD(client, check=True, path="/nosuch/x.tar")["changed"]
    assert client.warnings == ["this would fail: path: there is no file /nosuch/x.tar"]


@on_the_classic_store
def test_a_broken_archive(target: Target, tmp_path: Path) -> None:
    """Its description is whole, and a layer is missing, which the containerd image store may not have cleaned away."""
    image(target, "held/one:1", "broken")
    whole, broken = tmp_path / "whole.tar", tmp_path / "broken.tar"
    SAVE(target.client(), path=str(whole), names=["held/one:1"])
    target.ask("DELETE", "/images/held/one:1?force=1")
    with tarfile.open(whole) as source, tarfile.open(broken, "w") as copy:
        largest = max(source, key=lambda info: info.size).name
        for info in source:
            if info.name != largest:
                copy.addfile(info, source.extractfile(info) if info.isreg() else None)
    with pytest.raises(EngineError, match=f"{broken} cannot be loaded: "):
        LOAD(target.client(), path=str(broken))


# ---- images of containers ----


def test_commit(target: Target) -> None:
    target.container("box")
    target.engine.docker("exec", "box", "sh", "-c", "echo kept > /kept")
    options = {
        "container": "box",
        "name": "made/of-box",
        "author": "a tester",
        "commit_message": "as it is",
        "changes": ['CMD ["/bin/idle"]', "LABEL a=b c=d"],
    }
    done = agree(COMMIT, target, **options)
    assert done["actions"] == ["commit container box as made/of-box:latest"]
    found = done["image"]
    assert (found["Author"], found["Comment"], found["Config"]["Labels"]) == (
        "a tester",
        "as it is",
        {"a": "b", "c": "d"},
    )
    assert target.engine.docker("run", "--rm", "made/of-box:latest", "cat", "/kept").stdout == "kept\n"
    done = agree(COMMIT, target, container="box", pause=False)
    assert done["image"]["Id"] != found["Id"]
    assert not done["image"]["RepoTags"]
    assert agree(COMMIT, target, container="box", name="made/x", tag="2")["image"]["RepoTags"] == ["made/x:2"]


def test_what_cannot_be_committed(target: Target) -> None:
    target.container("box", start=False)
    for options, message in (
        ({"container": "nosuch"}, "404 Not Found: .*nosuch"),
        ({"name": "No"}, "name: 'No' is not an image name"),
        ({"name": "a@sha256:" + "0" * 64}, "name: a new image gets its digest from the engine"),
        ({"changes": ["RUN true"]}, "(?i)run is not a valid change command"),
    ):
        with pytest.raises((ValueError, EngineError), match=message):
            COMMIT(target.client(), **{"container": "box", **options})
    client = target.client()
    assert COMMIT(client, check=True, container="nosuch")["changed"]
    assert client.warnings == ["this would fail: container nosuch does not exist"]


# ---- search ----


def test_search(target: Target, tmp_path: Path) -> None:
    """A registry that has Docker Hub's search and always answers the same; the engine filters by itself."""
    (tmp_path / "v1").mkdir()
    (tmp_path / "v1" / "_ping").write_text("true")
    results = [
        {"name": "web", "description": "a web", "star_count": 9, "is_official": True, "is_automated": False},
        {"name": "ann/web", "description": "my web", "star_count": 2, "is_official": False, "is_automated": False},
    ]
    (tmp_path / "v1" / "search").write_text(json.dumps({"num_results": 2, "query": "web", "results": results}))
    target.engine.bind(tmp_path)
    port = f"127.0.0.1:{5100 + os.getpid() % 100}"
    server = target.engine.sandbox.spawn(["busybox", "httpd", "-f", "-p", port, "-h", str(tmp_path)], "search.log")
    target.engine.sandbox.wait_listening(int(port.partition(":")[2]), server, "search.log")

    def ask(**options: Any) -> list[str]:
        return [each["name"] for each in SEARCH(target.client(), **options)["images"]]

    try:
        assert ask(term=f"{port}/web") == ["web", "ann/web"]
        assert ask(term=f"{port}/web", official=True) == ["web"]
        assert ask(term=f"{port}/web", official=False) == ["ann/web"]
        assert ask(term=f"{port}/web", stars=5) == ["web"]
    finally:
        server.signal(signal.SIGKILL)
    with pytest.raises(ValueError, match="limit: must be 1 to 100, not 0"):
        ask(term="web", limit=0)
    with pytest.raises(EngineError, match="/images/search"):
        ask(term="127.0.0.1:1/web")
