# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the verbs of services send beside the spec: the login for the registry, and the version of an update."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._resources.service import Service

IMAGE = "registry.example/web:1"
DIGEST = "sha256:" + "a" * 64


class FakeManager:
    """Answers as a manager with one service, or none, and keeps what it is sent."""

    api = (1, 45)

    def __init__(self, spec: dict[str, Any] | None) -> None:
        self.warnings: list[str] = []
        self.found = {"ID": "id", "Version": {"Index": 7}, "Spec": spec} if spec else None
        self.sent: list[tuple[str, Any, Any, dict[str, str]]] = []
        self.logins: list[dict[str, str]] = []

    def require(self, needs: Any) -> None:
        pass

    def get(self, path: str, params: Any = None, headers: Any = None, **how: Any) -> Any:
        if path.startswith("/services/"):
            return self.found
        assert path == f"/distribution/{IMAGE}/json"
        self.logins.append(headers)
        return {"Descriptor": {"digest": DIGEST}, "Platforms": [{"architecture": "amd64", "os": "linux"}]}

    def post(self, path: str, body: Any, params: Any = None, headers: Any = None) -> Any:
        self.sent.append((path, body, params, headers))
        return {"ID": "id"}


@pytest.fixture
def login(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    auth = base64.b64encode(b"user:pass").decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {"registry.example": {"auth": auth}}}), encoding="utf-8")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return {"username": "user", "password": "pass", "serveraddress": "registry.example"}


def run(engine: FakeManager, **options: Any) -> None:
    checked = ArgumentSpecValidator(Service.argument_spec()).validate({"name": "web", **options})
    assert checked.error_messages == []
    Service(engine, checked.validated_parameters).converge(False)


def decoded(headers: dict[str, str]) -> Any:
    return json.loads(base64.urlsafe_b64decode(headers["X-Registry-Auth"]))


def test_the_login_of_the_task_wins(login: dict[str, str]) -> None:
    engine = FakeManager(None)
    run(engine, image=IMAGE, with_registry_auth=True, username="bob", password="word")
    expected = {"username": "bob", "password": "word", "serveraddress": "registry.example"}
    assert decoded(engine.logins[0]) == expected
    assert decoded(engine.sent[0][3]) == expected


def test_the_registry_is_asked_with_the_login_and_the_nodes_get_it_when_wanted(login: dict[str, str]) -> None:
    for wanted in (True, False):
        engine = FakeManager(None)
        run(engine, image=IMAGE, with_registry_auth=wanted)
        assert decoded(engine.logins[0]) == login
        ((path, body, _params, headers),) = engine.sent
        assert path == "/services/create"
        assert body["TaskTemplate"]["ContainerSpec"]["Image"] == f"{IMAGE}@{DIGEST}"
        assert body["TaskTemplate"]["Placement"]["Platforms"] == [{"Architecture": "amd64", "OS": "linux"}]
        assert (decoded(headers) if headers else None) == (login if wanted else None)


def test_an_update_names_the_version_and_keeps_the_login_of_the_nodes(login: dict[str, str]) -> None:
    spec = {"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": f"{IMAGE}@{DIGEST}"}, "Future": {"a": 1}}}
    engine = FakeManager(spec)
    run(engine, image=IMAGE, labels={"a": "1"})
    assert engine.logins == []
    assert engine.sent == [
        ("/services/id/update", {**spec, "Labels": {"a": "1"}}, {"version": 7, "registryAuthFrom": "spec"}, {})
    ]


def test_an_unchanged_service_is_sent_nothing() -> None:
    engine = FakeManager({"Name": "web", "TaskTemplate": {"ContainerSpec": {"Image": IMAGE}}, "Labels": {"a": "1"}})
    run(engine, image=IMAGE, labels={"a": "1"}, mode="replicated", replicas=1, update_config={"parallelism": 1})
    assert engine.sent == []
