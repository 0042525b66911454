# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of images, on every engine, with a registry of the engine's own."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import (
    EngineError,
    StreamError,
    VersionError,
)
from ansible_collections.dockside.engine.plugins.module_utils._resources.image import Image
from engines import Lab, Registry

from tests.matrix.harness import Bench, Options, Target, counted

AUTH = {"username": "ann", "password": "secret word"}


@pytest.fixture(scope="session")
def locked(lab: Lab) -> Registry:
    """A registry that wants a login."""
    return lab.registry(users={AUTH["username"]: AUTH["password"]})


@pytest.fixture
def bench(target: Target) -> Bench:
    return Bench(Image, target)


@pytest.fixture
def root_tar(target: Target, tmp_path: Path) -> Path:
    path = tmp_path / "root.tar"
    path.write_bytes(target.engine.root_tar())
    return path


def push(target: Target, registry: Registry, repository: str, contents: str) -> tuple[str, str]:
    """Put an image with these contents into the registry as REPOSITORY:1, and none of it stays on the engine.

    Answers its name and its digest there.
    """
    name = f"{registry.name}/{repository}:1"
    target.engine.image(name, files={"/www/index.html": contents.encode()})
    header = base64.urlsafe_b64encode(json.dumps(AUTH).encode()).decode()
    path = f"/images/{quote(name.removesuffix(':1'))}/push?tag=1"
    for message in target.engine.ask("POST", path, headers={"X-Registry-Auth": header}):
        assert "error" not in message, message
    digests = target.ask("GET", f"/images/{name}/json")["RepoDigests"]
    drop(target, name)
    return name, digests[0].partition("@")[2]


def drop(target: Target, name: str) -> None:
    target.ask("DELETE", f"/images/{quote(name)}?force=1")


def image_id(target: Target, name: str) -> str | None:
    status, found = target.engine.get(f"/images/{name}/json")
    return found["Id"] if status == 200 else None


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


def test_login(bench: Bench, target: Target, locked: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, _digest = push(target, locked, "shut", target.name)
    options = {"name": name, "source": "pull", "force_source": True}
    with pytest.raises(StreamError, match=f"image {name} cannot be pulled: "):
        bench.run(options)
    login = base64.b64encode(f"{AUTH['username']}:{AUTH['password']}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {locked.name: {"auth": login}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert bench.agree(options, foreseen=False).changed
    bench.settled(options)
    # Without the login nobody can tell whether the image is still the newest: said, and in the end it fails.
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "none"))
    said = bench.check(options)
    assert said.changed
    assert f"whether {name} is up to date shows only by pulling it" in said.value["warnings"][0]


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


def registry_digest(target: Target, name: str) -> str:
    return str(target.ask("GET", f"/distribution/{name}/json")["Descriptor"]["digest"])


def test_push_with_a_login(
    bench: Bench, target: Target, locked: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = f"{locked.name}/pushed/{target.name}:1"
    options = {"name": target.image(), "source": "local", "repository": name, "push": True}
    with pytest.raises(StreamError, match=f"image {name} cannot be pushed: "):
        bench.run(options)
    login = base64.b64encode(f"{AUTH['username']}:{AUTH['password']}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {locked.name: {"auth": login}}}))
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert bench.agree(options).actions == [f"push image {name}"]
    assert locked.tags(f"pushed/{target.name}") == ["1"]
    bench.settled(options)
    target.ask("DELETE", f"/images/{name}")


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
    """The tests above name them all; a new option needs one."""
    source = Path(__file__).read_text()
    assert [option for option in Image.argument_spec() if f'"{option}"' not in source] == []
