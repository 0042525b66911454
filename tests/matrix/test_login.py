# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins that a real registry has to accept, on every engine."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.login import RULES, SPEC, login
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from engines import Lab, Registry

from tests.matrix.actions import Act
from tests.matrix.harness import Target

LOGIN = Act(login, SPEC, RULES)
USERS = {"ann": "secret word", "bob": "other word"}


@pytest.fixture(scope="module")
def locked(lab: Lab) -> Registry:
    return lab.registry(users=USERS)


def test_login(target: Target, locked: Registry, tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text('{"auths": {"other.example": {"auth": "eDp5"}}, "currentContext": "default"}')
    untouched = path.read_bytes()
    options = {"registry_url": f"https://{locked.name}/v2/", "config_path": str(path)}
    ann = {**options, "username": "ann", "password": USERS["ann"]}

    for wrong in ({"password": "guessed"}, {"username": "eve"}):
        for check in (True, False):
            with pytest.raises(EngineError, match=f"{locked.name} does not accept the login of ") as caught:
                LOGIN(target.client(), check, **{**ann, **wrong})
            assert "guessed" not in str(caught.value)
    said = LOGIN(target.client(), check=True, **ann)
    assert path.read_bytes() == untouched
    done = LOGIN(target.client(), **ann)
    assert said == done
    assert (done["changed"], done["actions"]) == (True, [f"log in to {locked.name} as ann, kept by {path}"])
    assert done["login_result"] == {"serveraddress": locked.name, "username": "ann"}
    written = path.read_bytes()
    config = json.loads(written)
    assert config["auths"].pop(locked.name).keys() == {"auth"}
    assert config == json.loads(untouched)

    for same in ({}, {"reauthorize": True}, {"registry_url": locked.name}):
        for check in (True, False):
            assert not LOGIN(target.client(), check, **{**ann, **same})["changed"]
    with pytest.raises(EngineError, match="does not accept"):
        LOGIN(target.client(), **{**ann, "password": "guessed"})
    assert path.read_bytes() == written

    done = LOGIN(target.client(), **{**ann, "username": "bob", "password": USERS["bob"]})
    assert done["diff"] == {
        "before": {"registry": locked.name, "username": "ann"},
        "after": {"registry": locked.name, "username": "bob"},
    }
    # The CLI of the engine reads the same login.
    target.engine.bind(tmp_path)
    name = f"{locked.name}/login/{target.name}:1"
    target.ask("POST", f"/images/{target.image()}/tag?repo={name.removesuffix(':1')}&tag=1")
    target.engine.docker("--config", str(tmp_path), "push", name)
    assert locked.tags(f"login/{target.name}") == ["1"]

    absent = {**options, "state": "absent"}
    said = LOGIN(target.client(), check=True, **absent)
    assert path.read_bytes() != untouched
    assert said == LOGIN(target.client(), **absent)
    assert said["changed"]
    assert json.loads(path.read_bytes()) == json.loads(untouched)
    assert not LOGIN(target.client(), **absent)["changed"]


def test_a_registry_that_does_not_answer(target: Target, tmp_path: Path) -> None:
    options = {"username": "u", "password": "p", "config_path": str(tmp_path / "config.json")}
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:1 does not accept the login of u: .*refused"):
        LOGIN(target.client(), registry_url="127.0.0.1:1", **options)
    assert not (tmp_path / "config.json").exists()
