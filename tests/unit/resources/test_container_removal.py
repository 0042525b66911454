# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers whose removal the engine has begun already, and does not end at once."""

from __future__ import annotations

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.container import Container

from tests.unit.fake_engine import FakeEngine, Reply
from tests.unit.resources.conftest import Task

FOUND = {
    "Id": "c" * 64,
    "Name": "/web",
    "Image": "sha256:" + "a" * 64,
    "State": {"Status": "exited", "Running": False, "Paused": False},
    "Config": {"Image": "web", "Labels": {}, "Env": []},
    "HostConfig": {"NetworkMode": "default", "RestartPolicy": {"Name": "no", "MaximumRetryCount": 0}},
    "NetworkSettings": {"Networks": {}},
    "Mounts": [],
}
BUSY = Reply({"message": f"removal of container {FOUND['Id']} is already in progress"}, 409)
AWAY = Reply({"message": "No such container"}, 404)


@pytest.fixture
def leaving(fake: FakeEngine) -> FakeEngine:
    fake.on("GET", "/containers/web/json", Reply(FOUND))
    fake.on("GET", "/containers/json", Reply([]))
    fake.on("DELETE", f"/containers/{FOUND['Id']}", BUSY)
    return fake


def test_its_end_is_waited_for(leaving: FakeEngine, task: Task) -> None:
    leaving.on("GET", f"/containers/{FOUND['Id']}/json", Reply(FOUND), AWAY)
    assert task(Container, name="web", state="absent").changed
    assert leaving.asked("GET", f"/containers/{FOUND['Id']}/json") == 2


def test_but_not_for_ever(leaving: FakeEngine, task: Task) -> None:
    leaving.on("GET", f"/containers/{FOUND['Id']}/json", Reply(FOUND))
    with pytest.raises(EngineError, match=r"container c{12} is still being removed after 0\.1 seconds"):
        task(Container, name="web", state="absent", removal_wait_timeout=0.1)
