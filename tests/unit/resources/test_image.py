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
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import (
    EngineError,
    StreamError,
    VersionError,
)
from ansible_collections.dockside.engine.plugins.module_utils._engine.reference import parse_reference
from ansible_collections.dockside.engine.plugins.module_utils._resources import images
from ansible_collections.dockside.engine.plugins.module_utils._resources.image import Image
from ansible_collections.dockside.engine.plugins.module_utils._resources.image_info import RULES, SPEC, image_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.registries import Progress, Registries

from tests.matrix.actions import Query
from tests.unit.fake_engine import Chunks, FakeEngine, Raw, Reply
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
LIMITED = Reply({"message": "toomanyrequests: slow down"}, 429)
PULLED = Chunks([b'{"status":"Pulling"}\r\n', b'{"status":"Done"}\r\n'])
INFO = Query(image_info, SPEC, RULES)
ALWAYS: dict[str, Any] = {"name": NAME, "source": "pull", "force_source": True}


@pytest.fixture
def registries(engine: Engine) -> Registries:
    return Registries(engine, {"username": None, "password": None, "registry_retries": 2, "registry_retry_delay": 0})


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
def test_what_a_pull_asks_for(fake: FakeEngine, registries: Registries, name: str, image: str, tag: str) -> None:
    fake.on("POST", "/images/create", PULLED)
    registries.pull(name, "linux/arm64")
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
    text = rf"image {NAME} cannot be pulled: the connection broke \(tried 3 times\): Lost the connection"
    with pytest.raises(StreamError, match=text):
        task(Image, name=NAME, source="pull", registry_retries=2, registry_retry_delay=0)
    assert fake.asked("POST", "/images/create") == 3


@pytest.mark.parametrize(
    "answer",
    [
        Chunks([b'{"status":"Pulling"}\n'], cut=True),
        Raw(),
        Chunks([b'{"errorDetail":{"message":"Get \\"https://reg/v2/\\": EOF"}}']),
        Chunks([b'{"errorDetail":{"message":"read tcp 10.0.0.1:4->10.0.0.2:443: read: connection reset by peer"}}']),
        LIMITED,
        Reply({"message": "toomanyrequests: You have reached your pull rate limit."}, 500),
        Reply({"message": "unexpected status from HEAD request: 429 Too Many Requests"}, 500),
        Chunks([b'{"errorDetail":{"message":"toomanyrequests: slow down"},"error":"toomanyrequests: slow down"}']),
    ],
    ids=str,
)
def test_a_pull_that_may_succeed_later(fake: FakeEngine, task: Task, answer: Any) -> None:
    fake.on("GET", f"/images/{NAME}/json", MISSING, Reply(FOUND))
    fake.on("POST", "/images/create", answer, PULLED)
    assert task(Image, name=NAME, source="pull", registry_retry_delay=0).changed
    assert fake.asked("POST", "/images/create") == 2


def test_breaks_grow(fake: FakeEngine, registries: Registries, monkeypatch: pytest.MonkeyPatch) -> None:
    waited: list[float] = []
    told: list[str] = []
    monkeypatch.setattr("time.sleep", waited.append)
    registries.delay, registries.engine.tell = 1.5, told.append
    fake.on("POST", "/images/create", LIMITED)
    text = rf"image {NAME} cannot be pulled: the registry limits requests \(tried 3 times\): toomanyrequests: slow down"
    with pytest.raises(StreamError, match=text):
        registries.pull(NAME)
    assert waited == [1.5, 3.0]
    assert told[0] == "the registry limits requests, tried again in 1.5 seconds: toomanyrequests: slow down"


@pytest.mark.parametrize(
    ("answer", "times"),
    [
        (Chunks([b'{"status":"Pushing","id":"a","progressDetail":{}}\n'], cut=True), 1),
        (Chunks([b'{"errorDetail":{"message":"write tcp 1.2.3.4:5: write: broken pipe"}}']), 1),
        (Chunks([b'{"errorDetail":{"message":"toomanyrequests: slow down"}}']), 3),
    ],
    ids=str,
)
def test_a_push_is_repeated_only_when_it_was_refused(
    fake: FakeEngine, registries: Registries, answer: Any, times: int
) -> None:
    fake.on("POST", "/images/reg.example.com/shop/web/push", answer)
    with pytest.raises(EngineError, match=r"Lost the connection|cannot be pushed: .*(broken pipe|slow down)"):
        registries.push(parse_reference(NAME))
    assert fake.asked("POST", "/images/reg.example.com/shop/web/push") == times


def test_a_registry_that_limits_requests_is_asked_again(fake: FakeEngine, registries: Registries) -> None:
    registry(fake, LIMITED)
    assert registries.newest(parse_reference(NAME)) is None
    assert "the registry limits requests (tried 3 times): toomanyrequests" in registries.engine.warnings[0]
    fake.on("GET", f"/distribution/{NAME}/json", LIMITED, Reply({"Descriptor": {"digest": DIGEST}}))
    assert registries.newest(parse_reference(NAME)) == DIGEST


@pytest.mark.parametrize("option", ["registry_retries", "registry_retry_delay"])
def test_less_than_no_patience(task: Task, option: str) -> None:
    with pytest.raises(ValueError, match=f"{option}: must not be negative"):
        task(Image, name=NAME, **{option: -1})


# What engines with the classic store say; a layer that comes at once is told without its size by that of containerd.
PULL = [
    {"status": "Pulling from shop/web", "id": "1"},
    {"status": "Already exists", "progressDetail": {}, "id": "aa"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "bb"},
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "cc"},
    {"status": "Downloading", "progressDetail": {"current": 500_000, "total": 2_000_000}, "id": "bb"},
    {"status": "Download complete", "progressDetail": {"hidecounts": True}, "id": "bb"},
    {"status": "Extracting", "progressDetail": {"current": 1, "units": "s"}, "id": "bb"},
    {"status": "Pull complete", "progressDetail": {}, "id": "bb"},
    {"status": "Pull complete", "progressDetail": {}, "id": "cc"},
    {"status": f"Digest: {DIGEST}"},
    {"status": "Status: Downloaded newer image for reg.example.com/shop/web:1"},
]
PUSH = [
    {"status": "The push refers to repository [reg.example.com/shop/web]"},
    {"status": "Preparing", "progressDetail": {}, "id": "aa"},
    {"status": "Pushing", "progressDetail": {"current": 100, "total": 3_000_000}, "id": "aa"},
    {"status": "Pushed", "progressDetail": {}, "id": "aa"},
    {"status": "Mounted from shop/base", "progressDetail": {}, "id": "bb"},
    {"status": "Layer already exists", "progressDetail": {}, "id": "cc"},
    {"status": f"1: digest: {DIGEST} size: 527"},
    {"progressDetail": {}, "aux": {"Tag": "1", "Digest": DIGEST, "Size": 527}},
]


@pytest.mark.parametrize(
    ("messages", "summary", "lines"),
    [
        (
            PULL,
            {"layers": 3, "transferred": 2, "bytes": 2_000_000, "digest": DIGEST},
            [
                "web: aa already exists (1 of 1 layers, 0.0 of 0.0 MB)",
                "web: bb pull complete (2 of 3 layers, 2.0 of 2.0 MB)",
                "web: cc pull complete (3 of 3 layers, 2.0 of 2.0 MB)",
            ],
        ),
        (
            PUSH,
            {"layers": 3, "transferred": 1, "bytes": 3_000_000, "digest": DIGEST},
            [
                "web: aa pushed (1 of 1 layers, 3.0 of 3.0 MB)",
                "web: bb mounted from shop/base (2 of 2 layers, 3.0 of 3.0 MB)",
                "web: cc layer already exists (3 of 3 layers, 3.0 of 3.0 MB)",
            ],
        ),
    ],
    ids=["pull", "push"],
)
def test_progress(messages: list[dict[str, Any]], summary: dict[str, Any], lines: list[str]) -> None:
    told: list[str] = []
    progress = Progress("web", told.append)
    for message in messages:
        progress.take(message)
    assert progress.summary() == {"action": "web", **summary}
    assert told == lines


def test_long_transfers_are_told_of_in_between(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 1.0, 2.5, 2.5, 3.0, 5.0, 5.0])
    monkeypatch.setattr("time.monotonic", lambda: next(clock))
    told: list[str] = []
    progress = Progress("web", told.append)
    for current in (1, 2, 3, 4):
        detail = {"current": current * 1_000_000, "total": 5_000_000}
        progress.take({"status": "Downloading", "progressDetail": detail, "id": "aa"})
    assert told == [
        "web: aa downloading (0 of 1 layers, 2.0 of 5.0 MB)",
        "web: aa downloading (0 of 1 layers, 4.0 of 5.0 MB)",
    ]


def test_the_progress_is_in_the_result(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", f"/images/{NAME}/json", MISSING, Reply(FOUND))
    fake.on("POST", "/images/create", Chunks([json.dumps(message).encode() for message in PULL]))
    done = task(Image, name=NAME, source="pull")
    (progress,) = done.value["progress"]
    assert (progress["action"], progress["layers"]) == (f"pull image {NAME}", 3)
    assert "progress" not in task(Image, name=NAME, source="pull").value


def test_the_login_of_the_task_wins(fake: FakeEngine, task: Task) -> None:
    auth = base64.b64encode(b"ann:secret word").decode()
    Path(os.environ["DOCKER_CONFIG"], "config.json").write_text(
        json.dumps({"auths": {"reg.example.com": {"auth": auth}}})
    )
    there(fake, FOUND)
    registry(fake, Reply({"Descriptor": {"digest": NEWER}}))
    fake.on("POST", "/images/create", PULLED)
    fake.on("POST", "/images/reg.example.com/shop/web/push", PULLED)
    for login, shown in (
        ({"username": "bob", "password": "word"}, {"username": "bob", "password": "word"}),
        ({"username": "<token>", "password": "of identity"}, {"identitytoken": "of identity"}),
    ):
        task(Image, **ALWAYS, **login, push=True)
        headers = [seen.headers["x-registry-auth"] for seen in fake.seen if "x-registry-auth" in seen.headers]
        fake.seen.clear()
        assert len(headers) == 5, "three questions, a pull and a push"
        for header in headers:
            assert json.loads(base64.urlsafe_b64decode(header)) == {**shown, "serveraddress": "reg.example.com"}


def test_half_a_login(task: Task) -> None:
    with pytest.raises(ValueError, match="are required together: username"):
        task(Image, name=NAME, username="bob")


def test_the_login_is_shown_to_its_registry_only(fake: FakeEngine, registries: Registries) -> None:
    auth = base64.b64encode(b"ann:secret word").decode()
    Path(os.environ["DOCKER_CONFIG"], "config.json").write_text(
        json.dumps({"auths": {"reg.example.com": {"auth": auth}}})
    )
    fake.on("POST", "/images/create", PULLED)
    registry(fake, Reply({"Descriptor": {"digest": DIGEST}}))
    registries.pull(NAME)
    registries.newest(parse_reference(NAME))
    for seen in fake.seen[-2:]:
        shown = json.loads(base64.urlsafe_b64decode(seen.headers["x-registry-auth"]))
        assert shown == {"username": "ann", "password": "secret word", "serveraddress": "reg.example.com"}
    registries.pull("other.example.com/app")
    assert "x-registry-auth" not in fake.seen[-1].headers


def test_outdated(fake: FakeEngine, registries: Registries) -> None:
    registry(fake, Reply({"Descriptor": {"digest": NEWER}}))
    assert registries.outdated(NAME, FOUND)
    assert not registries.outdated(NAME, {**FOUND, "RepoDigests": [f"reg.example.com/shop/web@{NEWER}"]})
    asked = len(fake.seen)
    assert not registries.outdated(f"reg.example.com/shop/web@{DIGEST}", FOUND)
    assert not registries.outdated(str(FOUND["Id"]), FOUND)
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
    wanted = {"os": "linux", "architecture": "arm64"}
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
    assert INFO(engine) == {"images": [FOUND, OTHER]}
    assert INFO(engine, name=[]) == {"images": [FOUND, OTHER]}
    assert INFO(engine, name=["gone", NAME]) == {"images": [FOUND]}


def test_info_of_attestations() -> None:
    """No engine of the tests is new enough to have them."""
    with FakeEngine(api="1.55") as fake:
        engine = Engine(resolve({"docker_host": fake.address}, {}))
        there(fake, FOUND)
        said = [{"Descriptor": {}, "PredicateType": "https://slsa.dev/provenance/v0.2"}]
        missing = Reply({"message": "not supported by the graph drivers"}, 501)
        fake.on("GET", f"/images/{NAME}/attestations", Reply(said), missing)
        options = {"attestation_types": ["https://slsa.dev/provenance/v0.2"], "attestation_statements": True}
        found = INFO(engine, name=NAME, attestations=True, platform="linux/arm64", **options)
        assert found["images"][0]["Attestations"] == said
        assert dict(fake.seen[-1].query) == {
            "platform": ['{"os": "linux", "architecture": "arm64"}'],
            "type": ["https://slsa.dev/provenance/v0.2"],
            "statement": ["true"],
        }
        assert INFO(engine, name=NAME, attestations=True)["images"][0]["Attestations"] is None
        assert engine.warnings == [f"the attestations of {NAME} are not known: not supported by the graph drivers"]
        engine.close()


def test_info_of_what_the_engine_is_too_old_for() -> None:
    with FakeEngine(api="1.47") as fake:
        engine = Engine(resolve({"docker_host": fake.address}, {}))
        for options, text in (
            ({"manifests": True, "attestations": True}, "manifests needs API 1.48, attestations needs API 1.55"),
            ({"platform": "linux/arm64"}, "platform needs API 1.49"),
        ):
            with pytest.raises(VersionError, match=text):
                INFO(engine, **options)
        with pytest.raises(ValueError, match=r"mutually exclusive: manifests\|platform"):
            INFO(engine, manifests=True, platform="linux")
        engine.close()
