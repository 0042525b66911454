# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logs of containers, and waiting for what they do, on every engine."""

from __future__ import annotations

import base64
import threading
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._actions import logs
from ansible_collections.dockside.engine.plugins.module_utils._actions.wait import RULES, SPEC, wait
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from engines.process import wait_for

from tests.matrix.actions import Act
from tests.matrix.harness import Target

WAIT = Act(wait, SPEC, RULES)


def read(target: Target, **options: Any) -> dict[str, Any]:
    found = ArgumentSpecValidator(logs.SPEC).validate({"container": "box", **options})
    assert not found.error_messages
    return logs.query(target.client(), found.validated_parameters)


def ended(target: Target, name: str = "box") -> None:
    wait_for("the end", lambda: target.ask("GET", f"/containers/{name}/json")["State"]["Status"] == "exited", 20)


def test_logs(target: Target) -> None:
    script = (
        "echo one; echo err >&2; sleep 1.2; printf 'two\\nthree\\n\\377'; echo; head -c 3000000 /dev/zero | tr '\\0' x"
    )
    target.container("box", Cmd=["sh", "-c", script])
    target.container("tty", Cmd=["sh", "-c", "echo out; echo err >&2"], Tty=True)
    ended(target)
    ended(target, "tty")
    found = read(target)
    assert (found["stdout"].splitlines()[:3], found["stderr"]) == (["one", "two", "three"], "err")
    assert (len(found["stdout"].splitlines()[-1]), found["truncated"]) == (3_000_000, False)
    assert read(target, stdout=False)["stdout"] == ""
    found = read(target, max_size="10", encoding="base64")
    assert (base64.b64decode(found["stdout"]), found["truncated"]) == (b"x" * 10, True)
    assert read(target, tail=0)["stdout"] == ""
    assert set(read(target, tail=1)["stdout"]) == {"x"}
    stamped = read(target, timestamps=True, stderr=False)["stdout"].splitlines()
    times = {line.split(" ")[1]: line.split(" ")[0] for line in stamped[:3]}
    assert read(target, since=times["two"])["stdout"].startswith("two\n")
    assert read(target, since="1h", stderr=False)["stdout"].startswith("one\n")
    if target.api < (1, 35):
        with pytest.raises(EngineError, match=r"until needs API 1\.35"):
            read(target, until="1m")
    else:
        assert read(target, until=times["one"], stderr=False)["stdout"] == "one"
        assert read(target, until="1h")["stdout"] == ""
    assert read(target, container="tty")["stdout"].splitlines() == ["out", "err"]
    for options, message in (
        ({"container": "nosuch"}, "404 Not Found"),
        ({"tail": -1}, "tail: must not be negative"),
        ({"max_size": "big"}, "max_size: must be a size"),
        ({"since": "soon"}, "neither a span"),
        ({"stdout": False, "stderr": False}, "at least one of them"),
    ):
        with pytest.raises((ValueError, EngineError), match=message):
            read(target, **options)


@pytest.mark.parametrize("session_target", ["20.10", "28.5"], indirect=True)
def test_wait_for_an_end(target: Target) -> None:
    target.container("box", Cmd=["sh", "-c", "trap 'exit 3' TERM; while :; do sleep 0.1; done"])
    with pytest.raises(EngineError, match="not-running was not met within 1 seconds"):
        WAIT(target.client(), container="box", wait_timeout=1)
    timer = threading.Timer(0.4, target.ask, ("POST", "/containers/box/stop?t=5"))
    timer.start()
    assert WAIT(target.client(), container="box") == {"changed": False, "status_code": 3}
    timer.join()
    target.ask("POST", "/containers/box/start")
    done = threading.Event()

    def restart() -> None:
        while not done.wait(0.3):  # again, for the first exit may come before anybody waits for the next one
            target.ask("POST", "/containers/box/restart?t=5")

    thread = threading.Thread(target=restart)
    thread.start()
    try:
        found = WAIT(target.client(), container="box", condition="next-exit")
    finally:
        done.set()
        thread.join()
    # Engines before 23.0 read the code when the container may be running anew already, and then answer 0.
    codes = (3,) if target.engine.api >= (1, 42) else (3, 0)
    assert found in [{"changed": False, "status_code": code} for code in codes]
    timer = threading.Timer(0.4, target.ask, ("DELETE", "/containers/box?force=1"))
    timer.start()
    found = WAIT(target.client(), container="box", condition="removed")
    timer.join()
    assert found.get("status_code", 137) in (3, 137)
    assert WAIT(target.client(), container="box", condition="removed") == {"changed": False}
    with pytest.raises(EngineError, match="404 Not Found"):
        WAIT(target.client(), container="box")
    assert WAIT(target.client(), check=True, container="box")["skipped"]


@pytest.mark.parametrize("session_target", ["20.10", "28.5"], indirect=True)
def test_wait_for_what_it_does(target: Target) -> None:
    script = "[ -e /ran ] || echo ready now; touch /ran; sleep 0.7; touch /good; serve; exec /bin/idle"
    health = {"Test": ["CMD", "test", "-e", "/good"], "Interval": 200_000_000, "Retries": 1}
    target.container("box", Cmd=["sh", "-c", script], Healthcheck=health)

    def until(**options: Any) -> dict[str, Any]:
        return WAIT(target.client(), container="box", **{"wait_timeout": 20, **options})

    assert until(condition="log", pattern="^ready")["line"] == "ready now"
    assert until(condition="healthy") == {"changed": False}
    assert until(condition="port", port=80) == {"changed": False}
    with pytest.raises(EngineError, match="port was not met within 1 seconds"):
        until(condition="port", port=81, wait_timeout=1)
    # What an earlier run has written does not count.
    target.ask("POST", "/containers/box/restart?t=1")
    with pytest.raises(EngineError, match="log was not met within 1 seconds"):
        until(condition="log", pattern="ready", wait_timeout=1)
    target.ask("POST", "/containers/box/kill")
    for options in (
        {"condition": "log", "pattern": "never"},
        {"condition": "healthy"},
        {"condition": "port", "port": 80},
    ):
        with pytest.raises(EngineError, match=r"does not run \(it is exited, exit code 137\)"):
            until(**options)
    target.container("plain")
    with pytest.raises(EngineError, match="has no health check"):
        WAIT(target.client(), container="plain", condition="healthy")
    for options, message in (
        ({"condition": "log"}, "pattern"),
        ({"condition": "log", "pattern": "("}, "pattern: is no regular expression"),
        ({"condition": "port", "port": 0}, "port: must be between 1 and 65535"),
    ):
        with pytest.raises(ValueError, match=message):
            until(**options)
