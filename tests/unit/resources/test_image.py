# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images: registries that cannot be asked, streams that break, logins, platforms."""

from __future__ import annotations

import base64
import json
import os
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, StreamError
from ansible_collections.dockside.engine.plugins.module_utils._resources import images
from ansible_collections.dockside.engine.plugins.module_utils._resources.image import Image
from ansible_collections.dockside.engine.plugins.modules import image_info

from tests.unit.fake_engine import Chunks, FakeEngine, Reply
from tests.unit.resources.conftest import Task, changing

NAME = "reg.example.com/shop/web:1"
DIGEST, NEWER = "sha256:" + "1" * 64, "sha256:" + "2" * 64
FOUND = {
    "Id": "sha256:" + "a" * 64,
    "RepoTags": [NAME],
    "RepoDigests": [f"reg.example.com/shop/web@{DIGEST}"],
    "Os": "linux",
    "Architecture": "amd64",
}
OTHER = {**FOUND, "Id": "sha256:" + "b" * 64}
MISSING = Reply({"message": "no such image"}, 404)
PULLED = Chunks([b'{"status":"Pulling"}\r\n', b'{"status":"Done"}\r\n'])
ALWAYS: dict[str, Any] = {"name": NAME, "source": "pull", "force_source": True}


def there(fake: FakeEngine, *answers: dict[str, Any]) -> None:
    fake.on("GET", f"/images/{NAME}/json", *(Reply(answer) for answer in answers))


def registry(fake: FakeEngine, reply: Reply) -> None:
    fake.on("GET", f"/distribution/{NAME}/json", reply)


@pytest.mark.parametrize(
    "reply",
    [
        Reply({"message": "no basic auth credentials"}, 401),
        Reply({"message": "denied"}, 403),
        Reply({"message": "dial tcp: lookup reg.example.com: no such host"}, 500),
        Reply({"message": "page not found"}, 404),
    ],
    ids=lambda reply: str(reply.status),
)
def test_a_registry_that_cannot_be_asked(fake: FakeEngine, engine: Engine, task: Task, reply: Reply) -> None:
    there(fake, FOUND)
    registry(fake, reply)
    fake.on("POST", "/images/create", PULLED)
    said = task(Image, check=True, **ALWAYS)
    assert said.changed
    assert engine.warnings == [f"whether {NAME} is up to date shows only by pulling it: {reply.body['message']}"]
    done = task(Image, **ALWAYS)
    assert fake.asked("POST", "/images/create") == 1
    assert (done.changed, done.changes, done.diff["before"]) == (False, [], done.diff["after"])


def test_up_to_date_needs_no_pull(fake: FakeEngine, task: Task) -> None:
    there(fake, FOUND)
    registry(fake, Reply({"Descriptor": {"digest": DIGEST}}))
    assert not task(Image, **ALWAYS).changed
    assert changing(fake) == []


def test_a_newer_image_is_pulled(fake: FakeEngine, task: Task) -> None:
    there(fake, FOUND, FOUND, OTHER)
    registry(fake, Reply({"Descriptor": {"digest": NEWER}}))
    fake.on("POST", "/images/create", PULLED)
    assert task(Image, check=True, **ALWAYS).diff == {"before": {"id": FOUND["Id"]}, "after": {"id": NEWER}}
    done = task(Image, **ALWAYS)
    assert done.changed
    assert done.diff == {"before": {"id": FOUND["Id"]}, "after": {"id": OTHER["Id"]}}
    assert done.result()["changes"] == [
        {"option": "source", "before": FOUND["Id"], "after": OTHER["Id"], "action": "update"}
    ]


@pytest.mark.parametrize(
    ("name", "image", "tag"),
    [
        ("nginx", "nginx", "latest"),
        ("docker.io/library/nginx:1.27", "nginx", "1.27"),
        ("user/app:2", "user/app", "2"),
        (f"reg:5000/app@{DIGEST}", "reg:5000/app", DIGEST),
        (f"reg:5000/app:3@{DIGEST}", "reg:5000/app", DIGEST),
    ],
)
def test_what_a_pull_asks_for(fake: FakeEngine, engine: Engine, name: str, image: str, tag: str) -> None:
    fake.on("POST", "/images/create", PULLED)
    images.pull(engine, name, "linux/arm64")
    assert dict(fake.seen[-1].query) == {"fromImage": [image], "tag": [tag], "platform": ["linux/arm64"]}
    assert "x-registry-auth" not in fake.seen[-1].headers


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (
            Chunks(
                [b'{"status":"Pulling"}\n{"errorDetail":{"message":"manifest unknown"},"error":"manifest unknown"}']
            ),
            "manifest unknown",
        ),
        (Reply({"message": "pull access denied"}, 404), "pull access denied"),
        (Reply({"message": "server gave HTTP response"}, 500), "server gave HTTP response"),
    ],
)
def test_a_pull_that_fails_names_the_image(fake: FakeEngine, task: Task, answer: Any, message: str) -> None:
    fake.on("GET", f"/images/{NAME}/json", MISSING)
    fake.on("POST", "/images/create", answer)
    with pytest.raises(StreamError) as caught:
        task(Image, name=NAME, source="pull")
    assert str(caught.value) == f"image {NAME} cannot be pulled: {message}"


def test_a_stream_that_is_cut_off_is_no_success(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", f"/images/{NAME}/json", MISSING)
    fake.on("POST", "/images/create", Chunks([b'{"status":"Pulling"}\n'], cut=True))
    with pytest.raises(EngineError, match="Lost the connection"):
        task(Image, name=NAME, source="pull")
    assert fake.asked("POST", "/images/create") == 1


def test_the_login_is_shown_to_its_registry_only(fake: FakeEngine, engine: Engine) -> None:
    auth = base64.b64encode(b"ann:secret word").decode()
    Path(os.environ["DOCKER_CONFIG"], "config.json").write_text(
        json.dumps({"auths": {"reg.example.com": {"auth": auth}}})
    )
    fake.on("POST", "/images/create", PULLED)
    registry(fake, Reply({"Descriptor": {"digest": DIGEST}}))
    images.pull(engine, NAME)
    images.newest(engine, NAME)
    for seen in fake.seen[-2:]:
        shown = json.loads(base64.urlsafe_b64decode(seen.headers["x-registry-auth"]))
        assert shown == {"username": "ann", "password": "secret word", "serveraddress": "reg.example.com"}
    images.pull(engine, "other.example.com/app")
    assert "x-registry-auth" not in fake.seen[-1].headers


def test_outdated(fake: FakeEngine, engine: Engine) -> None:
    registry(fake, Reply({"Descriptor": {"digest": NEWER}}))
    assert images.outdated(engine, NAME, FOUND)
    assert not images.outdated(engine, NAME, {**FOUND, "RepoDigests": [f"reg.example.com/shop/web@{NEWER}"]})
    asked = len(fake.seen)
    assert not images.outdated(engine, f"reg.example.com/shop/web@{DIGEST}", FOUND)
    assert not images.outdated(engine, str(FOUND["Id"]), FOUND)
    assert len(fake.seen) == asked, "neither a digest nor an id is ever outdated"


@pytest.mark.parametrize(
    ("platform", "image", "fits"),
    [
        ("linux/amd64", {}, True),
        ("linux/x86_64", {}, True),
        ("amd64", {}, True),
        ("linux", {}, True),
        ("linux/amd64/v2", {}, False),
        ("linux/arm64", {}, False),
        ("linux/arm64", {"Architecture": "arm64", "Variant": "v8"}, True),
        ("linux/arm64/v8", {"Architecture": "arm64"}, True),
        ("linux/arm", {"Architecture": "arm", "Variant": "v7"}, True),
        ("linux/arm/v6", {"Architecture": "arm", "Variant": "v7"}, False),
        ("windows/amd64", {}, False),
        ("windows", {}, False),
    ],
)
def test_platforms(fake: FakeEngine, engine: Engine, platform: str, image: dict[str, str], fits: bool) -> None:
    fake.on("GET", f"/images/{NAME}/json", MISSING)
    assert images.serves(engine, NAME, {**FOUND, **image}, platform) is fits


def test_an_image_may_be_there_for_several_platforms(fake: FakeEngine, engine: Engine) -> None:
    there(fake, {**FOUND, "Architecture": "arm64"})
    assert images.serves(engine, NAME, FOUND, "linux/arm64")
    wanted = {"os": "linux", "architecture": "arm64", "variant": "v8"}
    assert json.loads(fake.seen[-1].query["platform"][0]) == wanted


@pytest.mark.parametrize("platform", ["", "/", "a/b/c/d", "linux//v8"])
def test_no_platform(task: Task, platform: str) -> None:
    if platform:
        with pytest.raises(ValueError, match="platform: must look like linux/arm64/v8"):
            task(Image, name="a", platform=platform)
    else:
        with pytest.raises(ValueError, match="must look like"):
            images.parts(platform)


def test_import_sends_the_file_as_it_is(fake: FakeEngine, task: Task, tmp_path: Path) -> None:
    path = tmp_path / "root.tar"
    path.write_bytes(b"x" * 200_000)
    fake.on("GET", "/images/made:1/json", MISSING, Reply(FOUND))
    fake.on("POST", "/images/create", Chunks([b'{"status":"sha256:00"}']))
    options = {"source": "import", "import_path": str(path), "changes": ["CMD a", "ENV b=c"], "import_message": "m"}
    assert task(Image, name="made:1", **options).actions == ["import image made:1"]
    sent = next(seen for seen in fake.seen if seen.method == "POST")
    assert sent.body == path.read_bytes()
    assert dict(sent.query) == {
        "fromSrc": ["-"],
        "repo": ["made"],
        "tag": ["1"],
        "message": ["m"],
        "changes": ["CMD a", "ENV b=c"],
    }


def test_an_import_that_fails_gives_the_name_back(fake: FakeEngine, task: Task, tmp_path: Path) -> None:
    """As the containerd image store needs it, which names an image before it has unpacked it."""
    path = tmp_path / "root.tar"
    path.write_bytes(b"x")
    fake.on("GET", "/images/made:1/json", Reply(FOUND), Reply(OTHER))
    fake.on("POST", "/images/create", Reply({"message": "invalid tar header"}, 500))
    fake.on("POST", f"/images/{FOUND['Id']}/tag", Reply(status=201))
    fake.on("DELETE", f"/images/{OTHER['Id']}", Reply([]))
    with pytest.raises(StreamError, match="cannot be imported as image made:1: invalid tar header"):
        task(Image, name="made:1", source="import", import_path=str(path), force_source=True)
    assert changing(fake)[1:] == [f"POST /images/{FOUND['Id']}/tag", f"DELETE /images/{OTHER['Id']}"]


def test_info(fake: FakeEngine, engine: Engine) -> None:
    fake.on("GET", "/images/json", Reply([{"Id": FOUND["Id"]}, {"Id": OTHER["Id"]}]))
    fake.on("GET", "/images/gone/json", MISSING)
    for image in (FOUND, OTHER):
        fake.on("GET", f"/images/{image['Id']}/json", Reply(image))
    there(fake, FOUND)
    assert image_info.query(engine, {"name": None, "history": False}) == {"images": [FOUND, OTHER]}
    assert image_info.query(engine, {"name": [], "history": False}) == {"images": [FOUND, OTHER]}
    assert image_info.query(engine, {"name": ["gone", NAME], "history": False}) == {"images": [FOUND]}
    fake.on("GET", f"/images/{FOUND['Id']}/history", Reply([{"CreatedBy": "import"}]))
    known = {**FOUND, "History": [{"CreatedBy": "import"}]}
    assert image_info.query(engine, {"name": ["gone", NAME], "history": True}) == {"images": [known]}
