# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of images, on every engine, with a registry of the engine's own."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.access import SPEC
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import (
    EngineError,
    StreamError,
    VersionError,
)
from ansible_collections.dockside.engine.plugins.module_utils._resources.image import Image
from engines import Registry

from tests.matrix.harness import Bench, Options, Target, counted
from tests.matrix.images import AMD, ARM, AUTH, image_id, push, push_platforms, registry_digest


@pytest.fixture
def bench(image_bench: Bench) -> Bench:
    return image_bench


@pytest.fixture
def root_tar(target: Target, tmp_path: Path) -> Path:
    path = tmp_path / "root.tar"
    path.write_bytes(target.engine.root_tar())
    return path


# ---- pull ----


def test_pull_by_tag(bench: Bench, target: Target, registry: Registry) -> None:
    name, _digest = push(target, registry, "tagged", "1")
    options = {"name": name, "source": "pull"}
    done = bench.agree(options, foreseen=False)
    assert done.actions == [f"pull image {name}"]
    assert name in done.value["image"]["RepoTags"]
    bench.settled(options)
    bench.settled({"name": name.removesuffix(":1"), "tag": "1", "source": "pull"})
    bench.settled({"name": name})
    absent = {"name": name, "state": "absent"}
    assert bench.agree(absent).actions == [f"remove image {name}"]
    assert image_id(target, name) is None
    bench.settled(absent)


@pytest.mark.parametrize("apart", [False, True], ids=["in name", "in tag"])
def test_pull_by_digest(bench: Bench, target: Target, registry: Registry, apart: bool) -> None:
    name, digest = push(target, registry, "digested", "1")
    repository = name.removesuffix(":1")
    options: dict[str, Any] = {"source": "pull", "force_source": True}
    options.update({"name": repository, "tag": digest} if apart else {"name": f"{repository}@{digest}"})
    done = bench.agree(options, foreseen=False)
    assert f"{repository}@{digest}" in done.value["image"]["RepoDigests"]
    bench.settled(options)
    assert bench.agree({"name": f"{repository}@{digest}", "state": "absent"}).changed
    assert image_id(target, f"{repository}@{digest}") is None


def test_pull_by_tag_and_digest(bench: Bench, target: Target, registry: Registry) -> None:
    name, digest = push(target, registry, "both", "1")
    options = {"name": f"{name}@{digest}", "source": "pull"}
    assert bench.agree(options, foreseen=False).changed
    bench.settled(options)


def test_force_source_pulls_what_is_new_only(bench: Bench, target: Target, registry: Registry) -> None:
    name, _digest = push(target, registry, "moving", "1")
    options = {"name": name, "source": "pull", "force_source": True}
    assert bench.agree(options, foreseen=False).changed
    old = image_id(target, name)
    bench.settled(options)
    # Another image under the name in the registry; the engine still has the old one.
    target.ask("POST", f"/images/{name}/tag?repo=kept&tag=1")
    _name, digest = push(target, registry, "moving", "2")
    target.ask("POST", f"/images/kept:1/tag?repo={quote(name.removesuffix(':1'))}&tag=1")
    bench.settled({"name": name, "source": "pull"})
    said = bench.check(options)
    assert (said.diff["before"], said.diff["after"]) == ({"id": old}, {"id": digest})
    done = bench.agree(options, foreseen=False)
    new = image_id(target, name)
    assert new != old
    assert (done.diff["before"], done.diff["after"]) == ({"id": old}, {"id": new})
    bench.settled(options)


@pytest.mark.parametrize("rule", ["missing", "not_present", "always"])
def test_pull_says_it_shorter(bench: Bench, target: Target, registry: Registry, rule: str) -> None:
    name, _digest = push(target, registry, "shorter", "1")
    options = {"name": name, "pull": rule}
    assert bench.agree(options, foreseen=False).actions == [f"pull image {name}"]
    bench.settled(options)
    bench.settled({"name": name, "pull": "never"})


def test_pull_never(bench: Bench, target: Target, registry: Registry) -> None:
    name, _digest = push(target, registry, "never", "1")
    bench.refused({"name": name, "pull": "never"}, f"image {name} is not on the engine")
    assert bench.check({"name": name, "pull": "never"}).value["warnings"]


@pytest.mark.parametrize("always", [{"pull": "always"}, {"source": "pull", "force_source": True}], ids=str)
def test_a_tag_that_moved_upstream(bench: Bench, target: Target, registry: Registry, always: Options) -> None:
    """Foreseen in check mode, which pulls nothing; a tag that did not move is no change; the run agrees."""
    name, _digest = push(target, registry, "moved", "old")
    options = {"name": name, **always}
    assert bench.agree(options, foreseen=False).changed
    old = image_id(target, name)
    bench.settled(options)
    root = target.engine.root_tar({"/www/index.html": f"new {always}".encode()})
    digest = registry.upload("moved", "1", {AMD: root})
    said = bench.check(options)
    assert (said.changed, said.actions) == (True, [f"pull image {name}"])
    assert said.diff == {"before": {"id": old}, "after": {"id": digest}}
    assert image_id(target, name) == old
    assert bench.agree(options, foreseen=False).changed
    assert image_id(target, name) != old
    bench.settled(options)


def test_platforms(bench: Bench, target: Target, registry: Registry) -> None:
    """One name for several platforms: the classic store has it for one at a time, that of containerd for all."""
    name, _digest = push_platforms(target, registry, "platforms")
    arm = {"name": name, "source": "pull", "platform": ARM}
    assert bench.agree(arm, foreseen=False).value["image"]["Architecture"] == "arm64"
    bench.settled(arm)
    bench.settled({"name": name, "pull": {"platform": "linux/arm64/v8"}, "source": "pull"})
    amd = {"name": name, "source": "pull", "platform": AMD}
    done = bench.agree(amd, foreseen=False)
    assert done.value["image"]["Architecture"] == "amd64"
    assert [change.result() for change in done.changes] == [
        {"option": "platform", "before": ARM, "after": AMD, "action": "update"}
    ]
    bench.settled(amd)
    assert bench.check(arm).changed is not target.containerd
    if target.api >= (1, 48):
        found = target.ask("GET", f"/images/{name}/json?manifests=1")
        there = [each["Available"] for each in found.get("Manifests") or []]
        assert there == ([True, True] if target.containerd else [])


def test_absent_for_a_platform(bench: Bench, target: Target, registry: Registry) -> None:
    name, _digest = push_platforms(target, registry, "thinned")
    absent = {"name": name, "state": "absent", "platform": ARM}
    for platform in (AMD, ARM) if target.containerd else (ARM,):
        assert bench.agree({"name": name, "source": "pull", "platform": platform}, foreseen=False).changed
    if target.api < (1, 50):
        bench.refused(absent, r"platform \(with state=absent\) needs API 1.50", VersionError)
        return
    if target.containerd:
        bench.refused(absent, f"image {name} would lose linux/arm64 under all its names; see force_absent")
    done = bench.agree({**absent, "force_absent": True})
    assert done.changed
    bench.settled(absent)
    if target.containerd:
        assert done.diff == {"before": {"platform": ARM}, "after": {"platform": None}}
        bench.settled({"name": name, "source": "local", "platform": AMD})
    else:
        assert image_id(target, name) is None
        bench.settled({**absent, "platform": AMD})


def test_platform(bench: Bench, target: Target, registry: Registry) -> None:
    name, _digest = push(target, registry, "platform", "1")
    options = {"name": name, "source": "pull", "platform": "linux/amd64"}
    assert bench.agree(options, foreseen=False).changed
    for same in ("linux/amd64", "linux/x86_64", "linux", "amd64"):
        bench.settled({**options, "platform": same})
    bench.refused(
        {"name": name, "source": "local", "platform": "linux/arm64"},
        rf"image {name} is not on the engine for linux/arm64 \(only for linux/amd64\)",
    )
    said = bench.check({**options, "platform": "linux/arm64"})
    assert said.actions == [f"pull image {name}"]
    bench.refused({**options, "platform": "a/b/c/d"}, "platform: must look like linux/arm64/v8, not 'a/b/c/d'")


def test_what_no_registry_has(bench: Bench, target: Target, registry: Registry) -> None:
    name = f"{registry.name}/nobody/has:1"
    bench.refused(
        {"name": name, "source": "pull"}, f"image {name} cannot be pulled: .*(unknown|not found)", EngineError
    )
    bench.refused({"name": name}, f"image {name} is not on the engine, and the task does not say where to take it from")
    bench.refused({"name": name, "source": "local"}, f"image {name} is not on the engine")
    said = bench.check({"name": name, "source": "local"})
    assert said.value["warnings"] == [f"this would fail: image {name} is not on the engine"]


# ---- import ----


def test_import(bench: Bench, target: Target, root_tar: Path) -> None:
    options = {
        "name": "made/here:1",
        "source": "import",
        "import_path": str(root_tar),
        "changes": ["ENV A=1", 'CMD ["/bin/serve"]', "LABEL a=b"],
        "import_message": "made by a test",
    }
    done = bench.agree(options, foreseen=False)
    image = done.value["image"]
    assert image["Config"]["Env"] == ["A=1"]
    assert image["Config"]["Cmd"] == ["/bin/serve"]
    assert image["Config"]["Labels"] == {"a": "b"}
    assert image["Comment"] == "made by a test"
    bench.settled(options)
    bench.settled({**options, "import_path": "/nosuch/file"})
    assert bench.agree({**options, "force_source": True}, foreseen=False).changed
    assert image_id(target, "made/here:1") != image["Id"]


def test_import_for_a_platform(bench: Bench, target: Target, root_tar: Path) -> None:
    options = {"name": "made/arm", "source": "import", "import_path": str(root_tar), "platform": "linux/arm64"}
    if target.api < (1, 42):
        bench.refused(options, r"platform \(with source=import\) needs API 1.42", VersionError)
        return
    done = bench.agree(options, foreseen=False)
    assert done.value["image"]["Architecture"] == "arm64"
    bench.settled(options)
    assert bench.agree({**options, "platform": "linux/amd64"}, foreseen=False).changed


def test_import_of_what_cannot_be(bench: Bench, target: Target, root_tar: Path) -> None:
    options = {"name": "made/here:1", "source": "import", "import_path": "/nosuch/file"}
    bench.refused(options, "import_path: there is no file /nosuch/file")
    assert bench.check(options).value["warnings"] == ["this would fail: import_path: there is no file /nosuch/file"]
    garbage = root_tar.with_name("garbage")
    garbage.write_bytes(b"no tar" * 100_000)
    text = f"{garbage} cannot be imported as image made/here:1: "
    bench.refused({**options, "import_path": str(garbage)}, text, StreamError)
    target.engine.image("made/here:1", files={"/a": b"1"})
    bench.refused({**options, "import_path": str(garbage), "force_source": True}, text, StreamError)
    assert bench.agree({"name": "made/here:1", "state": "absent"}).changed
    wrong = {**options, "import_path": str(root_tar), "changes": ["NOSUCH a"]}
    bench.refused(wrong, f"{root_tar} cannot be imported as image made/here:1: (?i:.*nosuch)", StreamError)
    bench.refused({"name": "made/here:1", "source": "import"}, "import_path")


def test_import_from_a_url(bench: Bench, target: Target, tmp_path: Path) -> None:
    (tmp_path / "root.tar").write_bytes(target.engine.root_tar())
    target.engine.bind(tmp_path)
    port = f"127.0.0.1:{5200 + os.getpid() % 100}"
    server = target.engine.sandbox.spawn(["busybox", "httpd", "-f", "-p", port, "-h", str(tmp_path)], "files.log")
    target.engine.sandbox.wait_listening(int(port.partition(":")[2]), server, "files.log")
    options = {
        "name": "made/far:1",
        "source": "import",
        "import_url": f"http://{port}/root.tar",
        "changes": ["ENV A=1"],
    }
    try:
        assert bench.agree(options, foreseen=False).value["image"]["Config"]["Env"] == ["A=1"]
        bench.settled(options)
        wrong = f"http://{port}/nosuch"
        text = f"{wrong} cannot be imported as image made/none:1: .*404"
        bench.refused({**options, "name": "made/none:1", "import_url": wrong}, text, StreamError)
    finally:
        server.signal(signal.SIGKILL)
    both = {**options, "import_path": "/root.tar"}
    bench.refused(both, r"mutually exclusive: import_path\|import_url")


def test_a_password_in_a_url_is_a_secret() -> None:
    assert Image.secrets({"import_url": "https://ann:secret@files.example.com/root.tar"}) == {"secret"}
    assert Image.secrets({"import_url": "https://files.example.com:8080/a@b:c"}) == Image.secrets({}) == set()


# ---- load ----


def test_load(bench: Bench, target: Target, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    options = {"name": "held/one:1", "source": "load", "load_path": str(path)}
    bench.refused(options, f"load_path: there is no file {path}")
    assert bench.check(options).value["warnings"] == [f"this would fail: load_path: there is no file {path}"]
    made = target.engine.image("held/one:1", files={"/a": b"1"})
    path.write_bytes(target.ask("GET", "/images/held/one:1/get"))
    target.ask("DELETE", "/images/held/one:1?force=1")
    done = bench.agree(options, foreseen=False)
    assert done.actions == ["load image held/one:1"]
    assert done.value["image"]["Id"] == made
    bench.settled(options)
    bench.settled({**options, "force_source": True})
    bench.settled({**options, "name": made})
    # Another image has taken the name.
    target.engine.image("held/one:1", files={"/a": b"2"})
    bench.settled(options)
    assert bench.agree({**options, "force_source": True}, foreseen=False).changed
    assert image_id(target, "held/one:1") == made
    bench.refused({**options, "name": "other"}, f"load_path: {path} holds no image other:latest, but held/one:1")


def test_load_for_a_platform(bench: Bench, target: Target, tmp_path: Path) -> None:
    path = tmp_path / "image.tar"
    options = {"name": "held/one:1", "source": "load", "load_path": str(path), "platform": AMD}
    target.engine.image("held/one:1", files={"/a": b"1"})
    path.write_bytes(target.ask("GET", "/images/held/one:1/get"))
    target.ask("DELETE", "/images/held/one:1?force=1")
    if target.api < (1, 48):
        bench.refused(options, r"platform \(with source=load\) needs API 1.48", VersionError)
        return
    assert bench.agree(options, foreseen=False).changed
    bench.settled(options)
    bench.refused({**options, "platform": ARM}, f"load_path: {path} holds held/one:1, but not for linux/arm64")


# ---- tags ----


def test_repository(bench: Bench, target: Target) -> None:
    target.engine.image("made/one:1", files={"/a": b"1"})
    target.engine.image("made/two:1", files={"/a": b"2"})
    options = {"name": "made/one:1", "source": "local", "repository": "made/further"}
    done = bench.agree(options)
    assert done.actions == ["tag image made/one:1 as made/further:1"]
    assert image_id(target, "made/further:1") == image_id(target, "made/one:1")
    bench.settled(options)
    other = {**options, "name": "made/two:1"}
    kept = bench.settled(other)
    assert kept.value["warnings"] == ["repository: made/further:1 is there already and is left as it is, see force_tag"]
    assert bench.agree({**other, "force_tag": True}).changed
    assert image_id(target, "made/further:1") == image_id(target, "made/two:1")
    bench.settled({**other, "force_tag": True})
    by_id = {"name": image_id(target, "made/one:1"), "source": "local", "repository": "made/by:id"}
    assert bench.agree(by_id).changed
    bench.settled(by_id)


def test_several_names(bench: Bench, target: Target) -> None:
    target.engine.image("made/one:1", files={"/a": b"1"})
    target.engine.image("made/two:2", files={"/a": b"2"})
    options = {"name": "made/one:1", "source": "local", "repository": ["made/further", "made/two:2", "made/last:9"]}
    done = bench.agree(options)
    assert done.actions == [f"tag image made/one:1 as {name}" for name in ("made/further:1", "made/last:9")]
    assert done.value["warnings"] == ["repository: made/two:2 is there already and is left as it is, see force_tag"]
    bench.settled(options)
    forced = {**options, "force_tag": True}
    assert bench.agree(forced).actions == ["tag image made/one:1 as made/two:2"]
    bench.settled(forced)
    assert {image_id(target, name) for name in ("made/one:1", "made/further:1", "made/two:2", "made/last:9")} == {
        image_id(target, "made/one:1")
    }


def test_pull_and_tag(bench: Bench, target: Target, registry: Registry) -> None:
    name, _digest = push(target, registry, "both-steps", "1")
    options = {"name": name, "source": "pull", "repository": "made/alias:x"}
    done = bench.agree(options, foreseen=False)
    assert done.actions == [f"pull image {name}", f"tag image {name} as made/alias:x"]
    assert image_id(target, name) == image_id(target, "made/alias:x")
    bench.settled(options)


# ---- push ----


def test_push(bench: Bench, target: Target, registry: Registry) -> None:
    repository = f"{registry.name}/pushed/{target.name}"
    target.engine.image("made/here:1", files={"/www/index.html": b"1"})
    options = {"name": "made/here:1", "source": "local", "repository": repository, "force_tag": True, "push": True}
    done = bench.agree(options)
    assert done.actions == [f"tag image made/here:1 as {repository}:1", f"push image {repository}:1"]
    assert registry.tags(f"pushed/{target.name}") == ["1"]
    bench.settled(options)
    by_name = {"name": f"{repository}:1", "push": True}
    bench.settled(by_name)
    # Another image has taken the name; the registry has the old one.
    target.engine.image("made/here:1", files={"/www/index.html": b"2"})
    digest = registry_digest(target, f"{repository}:1")
    done = bench.agree(options)
    assert done.actions == [f"tag image made/here:1 as {repository}:1", f"push image {repository}:1"]
    assert registry_digest(target, f"{repository}:1") != digest
    bench.settled(options)
    # Both need the registry: what was pushed by somebody else in between is pushed over.
    target.ask("POST", f"/images/{target.image()}/tag?repo={repository}&tag=1")
    done = bench.agree(by_name)
    assert done.actions == [f"push image {repository}:1"]
    bench.settled(by_name)


def test_push_under_several_names(bench: Bench, target: Target, registry: Registry) -> None:
    names = [f"{registry.name}/several/{target.name}:{tag}" for tag in ("1", "2")]
    options = {"name": target.image(), "source": "local", "repository": names, "push": True}
    done = bench.agree(options)
    assert [text for text in done.actions if text.startswith("push")] == [f"push image {name}" for name in names]
    assert registry.tags(f"several/{target.name}") == ["1", "2"]
    assert [each["action"] for each in done.value["progress"]] == [f"push image {name}" for name in names]
    assert done.value["progress"][0]["digest"] == registry_digest(target, names[0])
    bench.settled(options)


def test_push_for_a_platform(bench: Bench, target: Target, registry: Registry) -> None:
    name, _digest = push_platforms(target, registry, "for-platform")
    for platform in (AMD, ARM) if target.containerd else (ARM,):
        bench.run({"name": name, "source": "pull", "platform": platform})
    copy = f"{registry.name}/for-platform/{target.name}:1"
    options = {"name": name, "source": "local", "platform": ARM, "repository": copy, "push": True}
    if target.api < (1, 46):
        bench.refused(options, r"platform \(with push=true\) needs API 1.46", VersionError)
        return
    assert bench.agree(options).changed
    (platform,) = target.ask("GET", f"/distribution/{copy}/json")["Platforms"]
    assert platform["architecture"] == "arm64"
    bench.settled(options)
    if target.containerd:  # and then the image as a whole
        whole = {"name": name, "source": "local", "repository": copy, "push": True}
        assert bench.agree(whole).changed
        assert len(target.ask("GET", f"/distribution/{copy}/json")["Platforms"]) == 2
        bench.settled(whole)


def test_push_of_what_is_not_all_there(bench: Bench, target: Target, registry: Registry) -> None:
    """The containerd image store then pushes the one part that is there."""
    name, _digest = push_platforms(target, registry, "partly")
    bench.run({"name": name, "source": "pull", "platform": ARM})
    copy = f"{registry.name}/partly/{target.name}:1"
    options = {"name": name, "source": "local", "repository": copy, "push": True}
    assert bench.agree(options).changed
    bench.settled(options)


def test_what_cannot_be_pushed(bench: Bench, target: Target) -> None:
    made = target.ask("GET", f"/images/{target.image()}/json")["Id"]
    bench.refused({"name": made, "push": True}, "push: what is pushed needs a name with a tag, see repository")
    with pytest.raises(EngineError, match=r"image 127.0.0.1:1/x:1 cannot be pushed: .*refused"):
        bench.run({"name": target.image(), "repository": "127.0.0.1:1/x:1", "push": True})


# ---- removal ----


def test_absent_takes_one_name_only(bench: Bench, target: Target) -> None:
    target.engine.image("made/one:1", files={"/a": b"1"})
    target.ask("POST", "/images/made/one:1/tag?repo=made/two&tag=1")
    assert bench.agree({"name": "made/one:1", "state": "absent"}).changed
    assert image_id(target, "made/one:1") is None
    assert image_id(target, "made/two:1")


def test_absent_takes_several(bench: Bench, target: Target) -> None:
    one = target.engine.image("made/one:1", files={"/a": b"1"})
    target.engine.image("made/two:1", files={"/a": b"2"})
    target.ask("POST", "/images/made/one:1/tag?repo=made/further&tag=1")
    absent = {"name": ["made/one:1", "made/nosuch:1", "made/two", "made/further:1"], "tag": "1", "state": "absent"}
    said, done = bench.check(absent), bench.agree(absent)
    assert done.actions == ["remove image made/one:1", "remove image made/two:1", "remove image made/further:1"]
    assert done.value["image"] == {}
    assert said.value["untagged"] == ["made/one:1", "made/two:1", "made/further:1"]
    assert one in said.value["deleted"]
    assert set(said.value["untagged"]) <= set(done.value["untagged"])
    assert set(said.value["deleted"]) <= set(done.value["deleted"])
    assert done.diff["before"]["made/one:1"] == {"exists": True, "id": one}
    assert done.diff["before"]["made/nosuch:1"] == {}
    bench.settled(absent)


def test_absent_takes_the_last_names_of_what_is_used(bench: Bench, target: Target) -> None:
    target.engine.image("made/one:1", files={"/a": b"1"})
    target.ask("POST", "/images/made/one:1/tag?repo=made/two&tag=1")
    target.container("user", start=False, Image="made/one:1")
    absent = {"name": ["made/one:1", "made/two:1"], "state": "absent"}
    bench.refused(absent, "image made/two:1 is used by container user; see force_absent")
    assert bench.agree({**absent, "force": True}).changed
    bench.settled(absent)


@pytest.mark.parametrize("prune", [True, False])
def test_absent_and_the_parents(bench: Bench, target: Target, prune: bool) -> None:
    parent = target.engine.image("made/parent:1", files={"/a": b"1"})
    target.container("child", start=False, Image="made/parent:1")
    target.ask("POST", "/commit?container=child&repo=made/child&tag=1", {})
    target.ask("DELETE", "/containers/child")
    target.ask("DELETE", "/images/made/parent:1?noprune=1")
    done = bench.agree({"name": "made/child:1", "state": "absent", "prune": prune})
    assert (parent in done.value["deleted"]) is prune
    assert bool(image_id(target, parent)) is not prune


def test_absent_by_id(bench: Bench, target: Target) -> None:
    made = target.engine.image("made/one:1", files={"/a": b"1"})
    target.ask("POST", "/images/made/one:1/tag?repo=made/two&tag=1")
    absent = {"name": made, "state": "absent"}
    bench.refused(absent, "has the names made/one:1, made/two:1; see force_absent")
    assert bench.agree({**absent, "force_absent": True}).changed
    assert image_id(target, made) is None
    made = target.engine.image("made/one:1", files={"/a": b"1"})
    assert bench.agree({"name": made.removeprefix("sha256:"), "state": "absent"}).changed


def test_the_beginning_of_an_id_is_a_name(bench: Bench, target: Target) -> None:
    made = target.engine.image("made/one:1", files={"/a": b"1"})
    bench.settled({"name": made.removeprefix("sha256:")[:12], "state": "absent"})
    assert image_id(target, made)


def test_absent_while_a_container_uses_it(bench: Bench, target: Target) -> None:
    target.engine.image("made/one:1", files={"/a": b"1"})
    target.container("user", start=False, Image="made/one:1")
    absent = {"name": "made/one:1", "state": "absent"}
    bench.refused(absent, "image made/one:1 is used by container user; see force_absent")
    assert bench.agree({**absent, "force_absent": True}).changed
    assert image_id(target, "made/one:1") is None


# ---- what no engine is asked for ----


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "upper/CASE"}, "name: 'upper/CASE' is not an image name"),
        ({"name": "a:b:c"}, "name: "),
        ({"name": ""}, "name: "),
        ({"name": "a", "tag": "sp ace"}, "tag: "),
        ({"name": "a", "tag": "sha256:12"}, "tag: "),
        ({"name": "a", "repository": "B"}, "repository: "),
        ({"name": "a", "repository": "b@sha256:" + "0" * 64}, "repository: must be a name with a tag"),
        ({"name": "sha256:" + "0" * 64, "source": "pull"}, "name: an image has no name to pull it by"),
        ({"name": "a@sha256:" + "0" * 64, "source": "import", "import_path": "/x"}, "name: an imported image"),
        ({"name": "a", "source": "build"}, "source"),
        ({"name": []}, "name: must name an image"),
        ({"name": ["a", "b"]}, "name: can be several only with state=absent"),
        ({"name": ["a", "B"], "state": "absent"}, "name: 'B' is not an image name"),
        ({"name": "a", "pull": "sometimes"}, "pull: must be missing, always or never, not 'sometimes'"),
        ({"name": "a", "pull": {"when": "now"}}, "pull: as a dictionary it has just a platform"),
        ({"name": "a", "pull": {"platform": "linux"}, "platform": "windows"}, "pull: as a dictionary it has just"),
        ({"name": "a", "pull": "always", "source": "local"}, "pull: does not go with source=local"),
        ({"name": "a", "source": "load"}, "source is load but all of the following are missing: load_path"),
        ({"name": "a", "username": "ann"}, "parameters are required together: username, password"),
        (
            {"name": "a", "pull": "missing", "push": True, "repository": "r.example/a", **AUTH},
            "username: a login is for one registry, and this is about docker.io and r.example",
        ),
    ],
    ids=str,
)
def test_bad_input(bench: Bench, options: Options, message: str) -> None:
    bench.refused(options, message)


def test_unchanged_takes_two_requests(bench: Bench, target: Target) -> None:
    with counted(target) as (host, requests):
        assert not bench.run({"name": target.image(), "source": "pull"}, host=host).changed
    assert len(requests) <= 2, requests


def test_every_option_is_tried() -> None:
    """The tests above name them all; a new option needs one. Those of registries have a file of their own."""
    source = Path(__file__).read_text()
    assert [option for option in set(Image.argument_spec()) - set(SPEC) if f'"{option}"' not in source] == []
