# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-shot containers over every way to an engine, and what is left of them when something breaks in the middle."""

from __future__ import annotations

import base64
import os
import pathlib
import signal
import socket
import subprocess
import sys
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.process import Broken
from ansible_collections.dockside.engine.plugins.module_utils._actions.run import RULES, SPEC, run
from ansible_collections.dockside.engine.plugins.module_utils._engine import hijack
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from engines import Lab
from engines.process import wait_for

from tests.matrix.actions import Act
from tests.real.ways import SIZE, WAYS, client, once_it_has_spoken

pytestmark = pytest.mark.engines
RUN = Act(run, SPEC, RULES)
ATTACH = ("hijack", "websocket")
IMAGE = "dockside/web:1"


@pytest.fixture(scope="module", params=["20.10", "28.5"])
def there(lab: Lab, request: pytest.FixtureRequest) -> Any:
    engine = lab.engine(request.param, listen=WAYS)
    engine.image(IMAGE)
    return engine


def sh(engine: Engine, script: str, **options: Any) -> dict[str, Any]:
    return RUN(engine, image=IMAGE, command=["sh", "-c", script], **options)


@pytest.mark.parametrize("attach", ATTACH)
@pytest.mark.parametrize("way", WAYS)
def test_ten_megabytes_both_ways(
    there: Any, way: str, attach: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    data = os.urandom(SIZE)
    (tmp_path / "data").write_bytes(data)
    options = {"stdin_path": str(tmp_path / "data"), "encoding": "base64", "attach": attach}
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
    assert there.containers() == []


@pytest.mark.parametrize("attach", ATTACH)
@pytest.mark.parametrize("way", WAYS)
def test_an_engine_that_is_killed(there: Any, way: str, attach: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", f"{there.ssh_clients['good']}:{os.environ['PATH']}")
    try:
        with (
            once_it_has_spoken(monkeypatch, there.kill),
            pytest.raises(Broken, match=r"(Cannot reach|Lost the connection).* may still be there: ") as caught,
        ):
            sh(client(there, way), "echo so far; exec /bin/idle", stdin="in", attach=attach)
        assert caught.value.result["stdout"] == "so far"
    finally:
        there.start()
    # What the engine has to remove by itself, it does as it comes back.
    wait_for("no container", lambda: there.containers() == [], 20)


@pytest.mark.parametrize("attach", ATTACH)
def test_an_engine_that_stands_still(there: Any, attach: str, monkeypatch: pytest.MonkeyPatch) -> None:
    try:
        with (
            once_it_has_spoken(monkeypatch, there.freeze),
            pytest.raises(Broken, match="no answer within 2 seconds") as caught,
        ):
            sh(client(there, "unix", timeout=2), "echo so far; sleep 60", attach=attach)
        assert caught.value.result["stdout"] == "so far"
    finally:
        there.thaw()
        there.reset()


@pytest.mark.parametrize("attach", ATTACH)
def test_connections_that_are_cut(there: Any, attach: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The engine is there, but what was said between cannot be known: an error, and no container."""
    sockets: list[socket.socket] = []

    def dial(*arguments: Any) -> socket.socket:
        sockets.append(real(*arguments))
        return sockets[-1]

    def cut() -> None:
        for sock in sockets:
            sock.shutdown(socket.SHUT_RDWR)

    real = hijack.dial
    monkeypatch.setattr(hijack, "dial", dial)
    with once_it_has_spoken(monkeypatch, cut), pytest.raises(Broken, match="Lost the connection") as caught:
        sh(client(there, "unix"), "echo so far; sleep 60", attach=attach)
    assert caught.value.result["stdout"] == "so far"
    assert there.containers() == []


@pytest.mark.parametrize("attach", ATTACH)
def test_a_silent_command_is_not_dead(there: Any, attach: str) -> None:
    engine = client(there, "unix", timeout=1)
    assert sh(engine, "sleep 2.5; echo end; exec >&- 2>&-; sleep 1.5", attach=attach)["stdout"] == "end"


CLIENT = """
import sys
import tests.conftest
from tests.real.test_run_real import client, sh
from types import SimpleNamespace
sh(client(SimpleNamespace(host=sys.argv[1]), "unix"), "echo ready; sleep 2", name="orphan")
"""


def test_nobody_has_to_be_there_to_remove_it(there: Any) -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen([sys.executable, "-c", CLIENT, there.host], env=environment) as child:
        wait_for("the container", lambda: there.containers() == ["orphan"], 60)
        wait_for("its start", lambda: there.ask("GET", "/containers/orphan/json")["State"]["Running"], 20)
        child.send_signal(signal.SIGKILL)
    wait_for("no container", lambda: there.containers() == [], 20)
