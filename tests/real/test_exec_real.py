# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in a container over every way to an engine, and engines that break in the middle of one."""

from __future__ import annotations

import base64
import os
import pathlib
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.exec import RULES, SPEC, execute
from ansible_collections.dockside.engine.plugins.module_utils._actions.process import Broken
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from engines import Lab

from tests.matrix.actions import Act
from tests.real.ways import SIZE, WAYS, client, once_it_has_spoken

pytestmark = pytest.mark.engines
EXEC = Act(execute, SPEC, RULES)


@pytest.fixture(scope="module", params=["20.10", "28.5"])
def there(lab: Lab, request: pytest.FixtureRequest) -> Any:
    engine = lab.engine(request.param, listen=WAYS)
    image = engine.image()
    engine.ask("POST", "/containers/create?name=box", {"Image": image, "Cmd": ["/bin/idle"]})
    engine.ask("POST", "/containers/box/start")
    return engine


def sh(engine: Engine, script: str, **options: Any) -> dict[str, Any]:
    return EXEC(engine, container="box", argv=["sh", "-c", script], **options)


@pytest.mark.parametrize("way", WAYS)
def test_ten_megabytes_both_ways(there: Any, way: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    data = os.urandom(SIZE)
    (tmp_path / "data").write_bytes(data)
    options = {"stdin_path": str(tmp_path / "data"), "encoding": "base64"}
    result = sh(client(there, way), "cat; echo err >&2; exit 7", **options)
    assert base64.b64decode(result["stdout"]) == data
    assert (base64.b64decode(result["stderr"]), result["rc"]) == (b"err\n", 7)
    # All is read before anything is written, so the end of stdin has to arrive while the output still is to come.
    result = sh(client(there, way), "wc -c > /tmp/n; cat /tmp/n; head -c 10485760 /dev/zero >&2; echo tail", **options)
    assert base64.b64decode(result["stdout"]) == b"%d\ntail\n" % SIZE
    assert len(base64.b64decode(result["stderr"])) == SIZE
    # What the command does not read is no reason to lose what it says.
    result = sh(client(there, way), "head -c 9 >/dev/null; echo said", **options)
    assert (base64.b64decode(result["stdout"]), result["rc"]) == (b"said\n", 0)


@pytest.mark.parametrize("way", WAYS)
def test_an_engine_that_is_killed(there: Any, way: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    try:
        with (
            once_it_has_spoken(monkeypatch, there.kill),
            pytest.raises(Broken, match=r"Cannot reach|Lost the connection") as caught,
        ):
            sh(client(there, way), "echo so far; sleep 60")
        assert caught.value.result["stdout"] == "so far"
    finally:
        there.start()
        there.ask("POST", "/containers/box/start")


def test_an_engine_that_stands_still(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with (
            once_it_has_spoken(monkeypatch, there.freeze),
            pytest.raises(Broken, match="no answer within 2 seconds") as caught,
        ):
            sh(client(there, "unix", timeout=2), "echo so far; sleep 60")
        assert caught.value.result["stdout"] == "so far"
    finally:
        there.thaw()


def test_a_silent_command_is_not_dead(there: Any) -> None:
    assert sh(client(there, "unix", timeout=1), "sleep 2.5; echo end")["stdout"] == "end"


def test_a_refusal_over_every_way(there: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    for way in WAYS:
        with pytest.raises(EngineError, match="404 Not Found"):
            EXEC(client(there, way), container="nosuch", command="true")
