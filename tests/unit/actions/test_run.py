# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-shot containers: which connections they need, when there is nothing to run, and answers that no engine gives."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.run import SPEC, lines, spared, status
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import ConnectionLost, EngineError
from ansible_collections.dockside.engine.plugins.module_utils._engine.hijack import Hijack, Plain
from ansible_collections.dockside.engine.plugins.module_utils._engine.websocket import WebSocket
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_table import SCHEMA


def test_the_connections() -> None:
    assert lines(False, False, True, True) == [(Hijack, ("stdin", "stdout", "stderr"))]
    assert lines(False, True, False, False) == [(Hijack, ("stdout", "stderr"))]
    assert lines(True, True, True, False) == [(WebSocket, ("stdin", "stdout"))]
    apart = [(WebSocket, ("stdout",)), (WebSocket, ("stderr",))]
    assert lines(True, False, False, True) == apart
    assert lines(True, False, True, True) == [*apart, (WebSocket, ("stdin",))]
    assert lines(True, False, False, False) == [(Plain, ("stdout", "stderr"))]
    assert lines(True, False, True, False) == [(Plain, ("stdout", "stderr")), (WebSocket, ("stdin",))]


def test_each_stream_has_one_connection() -> None:
    for websocket, tty, stdin, separable in itertools.product((False, True), repeat=4):
        carried = [name for _kind, carries in lines(websocket, tty, stdin, separable) for name in carries]
        assert len(carried) == len(set(carried))
        assert ("stdin" in carried) == stdin
        assert "stdout" in carried
        assert "stderr" in carried or tty


def test_the_settings_are_those_of_containers() -> None:
    left_out = {"auto_remove", "interactive", "restart_policy", "restart_retries"}
    settings = SCHEMA.argument_spec()
    assert {name for name in settings if name not in SPEC} == left_out
    assert [name for name in settings if name in SPEC and name != "console_size" and SPEC[name] != settings[name]] == []


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        ({}, ""),
        ({"creates": "there"}, "there exists (option creates)"),
        ({"creates": "th*e"}, "th*e exists (option creates)"),
        ({"creates": "none"}, ""),
        ({"removes": "there"}, ""),
        ({"removes": "none*"}, "none* does not exist (option removes)"),
        ({"creates": "none", "removes": "none"}, "none does not exist (option removes)"),
        ({"creates": "none", "removes": "there"}, ""),
    ],
)
def test_nothing_to_run(options: dict[str, str], reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("there").touch()
    assert spared({"creates": None, "removes": None, **options}) == reason


def test_how_it_ended() -> None:
    engine = Engine(resolve({"docker_host": "unix:///nosuch.sock"}, {}))
    assert status(engine, [b'{"StatusCode"', b":7}\n"]) == 7
    assert status(engine, [b'{"Error":null,"StatusCode":0}']) == 0
    for cut in ([], [b'{"Status']):
        with pytest.raises(ConnectionLost, match="how the container ended was not told"):
            status(engine, cut)
    with pytest.raises(EngineError, match="could not wait for the container: gone"):
        status(engine, [b'{"Error":{"Message":"gone"},"StatusCode":-1}'])
