# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds on an engine that fails as a real one does not on demand; the rest is tried in tests/matrix and tests/real."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.build import RULES, SPEC, BuildError, build
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve

from tests.matrix.actions import Act
from tests.unit.fake_engine import Chunks, FakeEngine, Raw, Reply

BUILD = Act(build, SPEC, RULES)
IMAGE = {"Id": "sha256:new", "Config": {"Labels": None}, "Os": "linux", "Architecture": "amd64"}


@pytest.fixture(autouse=True)
def no_logins(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    with FakeEngine() as engine:
        engine.on("GET", "/_ping", Reply("OK"))
        for name in ("made/image:latest", "sha256:new"):
            engine.on("GET", f"/images/{name}/json", Reply({"message": "No such image"}, 404))
        yield engine


def run(fake: FakeEngine, **options: Any) -> dict[str, Any]:
    engine = Engine(resolve({"docker_host": fake.address}, {}))
    return BUILD(engine, **{"name": "made/image", "dockerfile_inline": "FROM scratch", **options})


def said(*messages: dict[str, Any], cut: bool = False) -> Chunks:
    return Chunks([json.dumps(message).encode() + b"\n" for message in messages], cut=cut)


def test_the_id_comes_from_the_build(fake: FakeEngine) -> None:
    """Somebody else may have taken the name in between."""
    fake.on("POST", "/build", said({"aux": {"ID": "sha256:new"}}))
    fake.on("GET", "/images/sha256:new/json", Reply(IMAGE))
    done = run(fake)
    assert (done["changed"], done["image"]["Id"]) == (True, "sha256:new")
    assert fake.asked("GET", "/images/made/image:latest/json") == 1  # before the build
    assert b".dockerfile." in fake.seen[-2].body
    query = fake.seen[-2].query
    assert (query["t"], query["rm"], query["forcerm"]) == (["made/image:latest"], ["true"], ["false"])
    assert "version" not in query


def test_the_builder_that_is_recommended(fake: FakeEngine) -> None:
    fake.on("GET", "/_ping", Reply("OK", headers={"Builder-Version": "2"}))
    with pytest.raises(BuildError, match=r"^image made/image:latest cannot be built: page not found"):
        run(fake)  # an engine without sessions
    assert fake.asked("POST", "/session") == 1
    assert fake.asked("POST", "/build") == 0


def test_a_connection_that_breaks(fake: FakeEngine) -> None:
    for answer in (Raw(b""), said({"stream": "so far\n"}, cut=True)):
        fake.on("POST", "/build", answer)
        before = fake.asked("POST", "/build")
        with pytest.raises(
            BuildError, match=r"^image made/image:latest: Lost the connection .*is not known$"
        ) as caught:
            run(fake)
        assert fake.asked("POST", "/build") == before + 1  # it is not begun again
    assert caught.value.result == {"stdout": "so far"}


@pytest.mark.parametrize("trace", ["A", base64.b64encode(b"\x0a\x05abc").decode()])
def test_a_log_that_cannot_be_read(fake: FakeEngine, trace: str) -> None:
    fake.on("POST", "/build", said({"id": "moby.buildkit.trace", "aux": trace}))
    with pytest.raises(BuildError, match="cannot be built: the engine's log of it cannot be read"):
        run(fake)


def test_an_image_that_is_gone_at_once(fake: FakeEngine) -> None:
    fake.on("POST", "/build", said({"aux": {"ID": "sha256:new"}}))
    with pytest.raises(BuildError, match="image made/image:latest was built, and is not there any more"):
        run(fake)


def test_a_refusal(fake: FakeEngine) -> None:
    fake.on("POST", "/build", Reply({"message": "dockerfile parse error"}, 400))
    with pytest.raises(BuildError, match=r"^image made/image:latest cannot be built: dockerfile parse error$"):
        run(fake)
