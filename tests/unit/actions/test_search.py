# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A search with a login, which real engines show to registries with TLS only, and one that is limited."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.search import RULES, SPEC, query
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import StreamError

from tests.matrix.actions import Query
from tests.unit.fake_engine import FakeEngine, Reply

SEARCH = Query(query, SPEC, RULES)
LIMITED = Reply({"message": "Unexpected status code 429"}, 500)
FOUND = Reply([{"name": "web", "star_count": 3}])


def search(fake: FakeEngine, **options: Any) -> list[str]:
    engine = Engine(resolve({"docker_host": fake.address}, {}))
    return [each["name"] for each in SEARCH(engine, registry_retry_delay=0, **options)["images"]]


def test_the_login_of_the_task() -> None:
    with FakeEngine() as fake:
        fake.on("GET", "/images/search", FOUND)
        for term, server in (("reg.example.com/web", "reg.example.com"), ("web", "https://index.docker.io/v1/")):
            assert search(fake, term=term, username="ann", password="secret word") == ["web"]
            shown = json.loads(base64.urlsafe_b64decode(fake.seen[-1].headers["x-registry-auth"]))
            assert shown == {"username": "ann", "password": "secret word", "serveraddress": server}
        with pytest.raises(ValueError, match="required together: username, password"):
            search(fake, term="web", username="ann")


def test_a_registry_that_limits_requests() -> None:
    with FakeEngine() as fake:
        fake.on("GET", "/images/search", LIMITED, LIMITED, FOUND)
        assert search(fake, term="web") == ["web"]
        fake.on("GET", "/images/search", LIMITED)
        text = r"the registry limits requests \(tried 2 times\): Unexpected status code 429"
        with pytest.raises(StreamError, match=text):
            search(fake, term="web", registry_retries=1)
