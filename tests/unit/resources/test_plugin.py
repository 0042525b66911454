# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Plugins: engines and registries that fail in between, and what is told then."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, StreamError
from ansible_collections.dockside.engine.plugins.module_utils._resources import plugin
from ansible_collections.dockside.engine.plugins.module_utils._resources.plugin import Plugin
from ansible_collections.dockside.engine.plugins.module_utils._resources.plugin_files import differences
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Unfit

from tests.unit.fake_engine import Chunks, FakeEngine, Raw, Reply
from tests.unit.resources.conftest import Task, changing

NAME = "shop/volumes:latest"
PATH = f"/plugins/{NAME}"
DIGEST = "sha256:" + "1" * 64
CONFIG: dict[str, Any] = {
    "Args": {"Name": "", "Settable": None, "Value": None},
    "Description": "Volumes",
    "Env": [{"Name": "DEBUG", "Settable": ["value"], "Value": "0"}],
    "rootfs": {"type": "layers", "diff_ids": [DIGEST]},
}
SETTINGS: dict[str, Any] = {"Args": None, "Devices": None, "Env": ["DEBUG=0"], "Mounts": None}
FOUND: dict[str, Any] = {
    "Id": "5",
    "Name": NAME,
    "Enabled": True,
    "PluginReference": f"docker.io/{NAME}",
    "Config": CONFIG,
    "Settings": SETTINGS,
}
DISABLED = {**FOUND, "Enabled": False}
SET = {**DISABLED, "Settings": {**SETTINGS, "Env": ["DEBUG=1"]}}
MISSING = Reply({"message": f'plugin "{NAME}" not found'}, 404)
ASKED = [{"Name": "network", "Description": "", "Value": ["host"]}, {"Name": "mount", "Description": "", "Value": None}]
GRANT: dict[str, Any] = {"plugin_name": "shop/volumes", "grant_all_permissions": True}
OPTIONS = {"plugin_name": "shop/volumes", "plugin_options": {"DEBUG": "1"}}


@pytest.fixture(autouse=True)
def _nobody_uses_it(fake: FakeEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plugin, "PAUSE", 0)
    fake.on("GET", "/volumes", Reply({"Volumes": None}))
    fake.on("GET", "/networks", Reply([]))
    fake.on("GET", "/plugins/privileges", Reply(ASKED))


@pytest.fixture
def source(tmp_path: Path) -> str:
    (tmp_path / "rootfs").mkdir()
    (tmp_path / "config.json").write_text(json.dumps({"description": "Other volumes"}))
    return str(tmp_path)


def test_what_is_granted_is_what_was_asked_for(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", f"{PATH}/json", MISSING, Reply(FOUND))
    fake.on("POST", "/plugins/pull", Chunks([b'{"status":"Done"}']))
    done = task(Plugin, **GRANT)
    assert done.diff["after"]["privileges"] == [{"name": "network", "value": ["host"]}, {"name": "mount", "value": []}]
    (sent,) = [seen for seen in fake.seen if seen.path == "/plugins/pull"]
    assert (sent.json, sent.query) == (ASKED, {"remote": [NAME], "name": [NAME]})


def test_a_pull_that_breaks(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", f"{PATH}/json", MISSING)
    fake.on("POST", "/plugins/pull", Chunks([b'{"status":"Pulling"}', b'{"errorDetail":{"message":"no space left"}}']))
    with pytest.raises(StreamError, match=f"plugin {NAME} cannot be installed: no space left"):
        task(Plugin, **GRANT)
    fake.on("POST", "/plugins/pull", Chunks([b'{"status":"Pulling"}'], cut=True))
    with pytest.raises(EngineError, match="Lost the connection"):
        task(Plugin, **GRANT)


def test_an_engine_that_goes_while_a_plugin_is_set_up(fake: FakeEngine, task: Task) -> None:
    """Both reasons are told: the first, and why it could not be undone."""
    fake.on("GET", f"{PATH}/json", Reply(FOUND), Reply(DISABLED), Reply(SET))
    fake.on("POST", f"{PATH}/disable", Reply())
    fake.on("POST", f"{PATH}/set", Reply(None, 204))
    fake.on("POST", f"{PATH}/enable", Raw())
    with pytest.raises(EngineError, match=r"^Lost the .*\. It is not as it was, because: Lost the connection"):
        task(Plugin, **OPTIONS)
    assert changing(fake) == [f"POST {PATH}/{verb}" for verb in ("disable", "set", "enable", "set", "enable")]
    assert [seen.json for seen in fake.seen if seen.path == f"{PATH}/set"] == [["DEBUG.value=1"], ["DEBUG.value=0"]]


def test_what_cannot_be_disabled_is_not_touched(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", f"{PATH}/json", Reply(FOUND))
    fake.on("POST", f"{PATH}/disable", Reply({"message": f"plugin {NAME} is in use"}, 409))
    with pytest.raises(
        EngineError, match=f"plugin {NAME} cannot be disabled: plugin {NAME} is in use; see force_disable"
    ):
        task(Plugin, **OPTIONS)
    assert changing(fake) == [f"POST {PATH}/disable"]


def test_a_plugin_that_goes_before_it_is_set(fake: FakeEngine, task: Task) -> None:
    fake.on("GET", f"{PATH}/json", Reply(FOUND), MISSING)
    fake.on("POST", f"{PATH}/disable", Reply())
    with pytest.raises(
        EngineError, match=f"plugin {NAME} is gone. It is not as it was, because: plugin {NAME} is gone"
    ):
        task(Plugin, **OPTIONS)


def test_files_of_a_removed_plugin_are_waited_for(fake: FakeEngine, task: Task, source: str) -> None:
    fake.on("GET", f"{PATH}/json", MISSING)
    fake.on("GET", "/plugins", Reply([]))
    there = Reply({"message": f"content {DIGEST}: already exists"}, 409)
    options = {"plugin_name": NAME, "source_path": source}
    fake.on("POST", "/plugins/create", there, there, Reply(None, 204))
    assert task(Plugin, **options).changed
    assert fake.asked("POST", "/plugins/create") == 3
    fake.on("POST", "/plugins/create", there)
    with pytest.raises(EngineError, match=f"plugin {NAME} cannot be made of {source}: content .* already exists"):
        task(Plugin, **options)
    assert fake.asked("POST", "/plugins/create") == 3 + 1 + plugin.TRIES
    fake.on("GET", "/plugins", Reply([{**FOUND, "Name": "shop/other:1"}]))
    with pytest.raises(EngineError, match="plugin shop/other:1 has the same files"):
        task(Plugin, **options)


def test_a_recreate_that_fails_half_way_says_that_the_plugin_is_gone(fake: FakeEngine, task: Task, source: str) -> None:
    fake.on("GET", f"{PATH}/json", Reply(DISABLED), MISSING)
    fake.on("POST", "/plugins/create", Reply(None, 204), Reply({"message": "no space left"}, 500))
    fake.on("DELETE", PATH, Reply())
    trial: list[str] = []

    def remember(seen: Any) -> Reply:
        trial.append(seen.query["name"][0])
        fake.on("DELETE", f"/plugins/{trial[0]}", Reply())
        return Reply(None, 204)

    fake.on("POST", "/plugins/create", remember, Reply({"message": "no space left"}, 500))
    options = {"plugin_name": NAME, "source_path": source, "recreate": "options-changed"}
    with pytest.raises(EngineError, match=f"no space left.* It is not as it was, because: plugin {NAME} is gone"):
        task(Plugin, **options)
    order = ["POST /plugins/create", f"DELETE /plugins/{trial[0]}", f"DELETE {PATH}", "POST /plugins/create"]
    assert changing(fake) == order


def test_configurations_that_say_the_same() -> None:
    present = {
        "Description": "a",
        "Env": [{"Name": "A", "Value": None}],
        "IpcHost": False,
        "User": {},
        "DockerVersion": "1",
    }
    assert differences(present, {"description": "a", "env": [{"name": "A"}], "X": 1}) == ({}, {})
    assert differences(present, {"description": "a", "env": [], "ipchost": True}) == (
        {"env": [{"name": "A"}]},
        {"ipchost": True},
    )
    mount = {"Name": "m", "Settable": ["source"], "Source": "/set", "Type": "bind"}
    wanted = {"name": "m", "settable": ["source"], "source": "/made", "type": "bind"}
    assert differences({"Mounts": [mount]}, {"mounts": [wanted]}) == ({}, {})
    fixed = {"Mounts": [{**mount, "Settable": None}]}, {"mounts": [{**wanted, "settable": []}]}
    assert differences(*fixed)[1] == {"mounts": [{"name": "m", "source": "/made", "type": "bind"}]}


def test_a_setting_is_text(task: Task) -> None:
    with pytest.raises(Unfit, match=r"plugin_options\.DEBUG: must be text"):
        task(Plugin, plugin_name=NAME, plugin_options={"DEBUG": None})
