# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One-shot containers, on every engine."""

from __future__ import annotations

import base64
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.process import Broken
from ansible_collections.dockside.engine.plugins.module_utils._actions.run import RULES, SPEC, run
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import APIError, EngineError
from engines.process import wait_for

from tests.matrix.actions import Act
from tests.matrix.containers import names, networks, on_extremes, on_plain_engines
from tests.matrix.harness import Target
from tests.matrix.proxy import relay

RUN = Act(run, SPEC, RULES)
WAYS = ("hijack", "websocket")


def left(target: Target, expected: list[str]) -> None:
    """What an engine lists is a moment behind what else it says of a container that it has removed."""
    wait_for(f"just the containers {expected}", lambda: names(target) == expected, timeout=10)


def sh(target: Target, script: str, host: str | None = None, check: bool = False, **options: Any) -> dict[str, Any]:
    """Run a script in a container of the session's image, which must be gone afterwards if nothing keeps it."""
    options = {"image": target.image(), "command": ["sh", "-c", script], **options}
    before = names(target)
    try:
        return RUN(target.client(host), check, **options)
    finally:
        if options.get("cleanup", True) and not options.get("keep_failed"):
            left(target, before)


@pytest.mark.parametrize("attach", WAYS)
def test_outputs_and_exit_codes(target: Target, attach: str) -> None:
    result = sh(target, "echo out; echo err >&2", attach=attach)
    assert len(result.pop("container_id")) == 64
    assert result == {"changed": True, "actions": ["run a container"], "rc": 0, "stdout": "out", "stderr": "err"}
    result = sh(target, "exit 3", name="once", attach=attach)
    assert (result["rc"], result["msg"]) == (3, "The command ended with exit code 3.")
    assert result["actions"] == ["run container once"]
    result = sh(target, "echo; echo out; echo; echo", strip_empty_ends=False, attach=attach)
    assert result["stdout"] == "\nout\n\n\n"
    assert sh(target, "exit 255", attach=attach)["rc"] == 255
    # Neither the last words of a fast process are missed nor those after one output was closed.
    script = "head -c 300000 /dev/zero; head -c 200000 /dev/zero >&2; exit 9"
    result = sh(target, script, attach=attach)
    assert (len(result["stdout"]), len(result["stderr"]), result["rc"]) == (300_000, 200_000, 9)
    result = sh(target, "exec >&-; sleep 0.3; echo err >&2; exit 4", attach=attach)
    assert (result["stderr"], result["rc"]) == ("err", 4)
    assert sh(target, "exec >&- 2>&-; sleep 0.3; exit 5", attach=attach)["rc"] == 5


@pytest.mark.parametrize("attach", WAYS)
def test_stdin(target: Target, tmp_path: Path, attach: str) -> None:
    assert sh(target, "wc -l; cat", stdin="a\nb", attach=attach)["stdout"] == "2"
    assert sh(target, "wc -c", stdin="a", stdin_add_newline=False, attach=attach)["stdout"].strip() == "1"
    assert sh(target, "cat", attach=attach)["stdout"] == ""  # no standard input at all
    data = bytes(range(256)) * 4000
    (tmp_path / "file").write_bytes(data)
    options = {"stdin_path": str(tmp_path / "file"), "encoding": "base64", "attach": attach}
    result = sh(target, "tee /dev/stderr", **options)
    assert base64.b64decode(result["stdout"]) == base64.b64decode(result["stderr"]) == data
    # Read when the outputs are closed already, and not read to its end.
    assert sh(target, "exec >&- 2>&-; sleep 0.3; [ $(wc -c) = 1024000 ] || exit 5", **options)["rc"] == 0
    result = sh(target, "head -c 3; exec <&-; echo; echo end", stdin="x" * 5_000_000, attach=attach)
    assert (result["stdout"], result["rc"]) == ("xxx\nend", 0)


@pytest.mark.parametrize("attach", WAYS)
def test_terminals(target: Target, attach: str) -> None:
    assert sh(target, "tty; echo err >&2", tty=True, attach=attach)["stdout"] == "/dev/pts/0\r\nerr"
    # What is said after the end of the input is not lost.
    script = "stty -echo; echo up; cat; sleep 0.3; stty size; exit 3"
    result = sh(target, script, tty=True, stdin="in", console_size=[40, 120], attach=attach)
    assert (result["stdout"].split()[-2:], result["rc"]) == (["40", "120"], 3)
    assert "in" in result["stdout"].split()
    assert sh(target, "true", tty=True, console_size=[40, 120], attach=attach)["rc"] == 0


def test_settings(target: Target, tmp_path: Path) -> None:
    networks(target)
    (tmp_path / "env").write_text("OF_FILE=f\nBOTH=f\n")
    script = "id -u; pwd; hostname; echo $OF_FILE $BOTH $A; cat /vol/file; ls /sys/class/net | grep -c eth; echo $0 $1"
    target.engine.docker("run", "--rm", "-v", "data:/vol", target.image(), "sh", "-c", "echo there > /vol/file")
    result = sh(
        target,
        "",
        entrypoint=["sh", "-c", script],
        command="'a b' c",
        user="app",
        working_dir="/www",
        hostname="box",
        env_file=str(tmp_path / "env"),
        env={"BOTH": "e", "A": "x y"},
        volumes=["data:/vol:ro"],
        networks=[{"name": "one", "ipv4_address": "10.97.1.77"}, {"name": "two"}],
    )
    assert result["stdout"].splitlines() == ["1000", "/www", "box", "f e x y", "there", "2", "a b c"]
    result = sh(target, "ip -4 addr; sleep 0", networks=[{"name": "one", "ipv4_address": "10.97.1.77"}])
    assert "10.97.1.77/24" in result["stdout"]
    # What stays has these settings, and lasts.
    result = sh(target, "exit 2", name="kept", cleanup=False, labels={"a": "1"}, memory="64M", read_only=True)
    found = target.ask("GET", "/containers/kept/json")
    assert (found["Id"], result["rc"], found["State"]["ExitCode"]) == (result["container_id"], 2, 2)
    assert (found["Config"]["Labels"]["a"], found["HostConfig"]["Memory"]) == ("1", 64 * 1024 * 1024)
    assert (found["HostConfig"]["ReadonlyRootfs"], found["HostConfig"]["AutoRemove"]) == (True, False)


def test_what_stays(target: Target) -> None:
    # The volume of the image's kind goes along with the container.
    before = target.ask("GET", "/volumes")["Volumes"] or []
    assert sh(target, "touch /anonymous/file", volumes=["/anonymous"])["rc"] == 0
    # The engine removes it after the container.
    wait_for("the volume to go", lambda: (target.ask("GET", "/volumes")["Volumes"] or []) == before, timeout=10)
    assert sh(target, "true", name="good", keep_failed=True)["rc"] == 0
    left(target, [])
    assert sh(target, "exit 1", name="bad", keep_failed=True)["rc"] == 1
    left(target, ["bad"])
    with pytest.raises(Broken, match=r"not end within 1 seconds \(option command_timeout\) and was killed") as caught:
        sh(target, "echo so far; sleep 60", name="late", keep_failed=True, command_timeout=1)
    assert caught.value.result["stdout"] == "so far"
    assert (names(target), "rc" in caught.value.result) == (["bad", "late"], False)
    state = target.ask("GET", f"/containers/{caught.value.result['container_id']}/json")["State"]
    assert (state["Status"], state["ExitCode"]) == ("exited", 137)
    # What could not be started is of no use.
    with pytest.raises(APIError, match="nosuch"):
        sh(target, "", name="never", command=["nosuch"], keep_failed=True)
    with pytest.raises(APIError, match="nosuch"):
        sh(target, "", name="never", command=["nosuch"], cleanup=False)
    left(target, ["bad", "late"])


@on_plain_engines
@pytest.mark.parametrize("attach", WAYS)
def test_too_late(target: Target, attach: str) -> None:
    for script in ("echo so far; exec sleep 60", "echo so far; trap '' TERM INT; exec >&- 2>&-; sleep 60"):
        with pytest.raises(Broken, match="and was killed") as caught:
            sh(target, script, stdin="x" * 3_000_000, command_timeout=1, attach=attach)
        assert caught.value.result["stdout"] == "so far"
        assert set(caught.value.result) == {"changed", "container_id", "actions", "stdout", "stderr"}


def test_creates_removes_and_check_mode(target: Target, tmp_path: Path) -> None:
    there, none = str(tmp_path), str(tmp_path / "none*")
    spared = {"changed": False, "rc": 0, "stdout": "", "stderr": "", "actions": []}
    for options in ({"creates": there}, {"removes": none}):
        for check in (False, True):
            result = sh(target, "exit 3", check=check, **options)
            assert options[next(iter(options))] in result.pop("msg")
            assert result == spared
    for options in ({"creates": none}, {"removes": there}):
        assert sh(target, "echo ran", **options)["stdout"] == "ran"
        result = sh(target, "echo ran", check=True, **options)
        assert (result["changed"], result.get("skipped"), result["stdout"]) == (True, None, "")
        assert result["actions"] == ["run a container"]
    result = sh(target, "echo ran", check=True, name="once")
    assert (result["changed"], result["skipped"]) == (False, True)
    assert result["actions"] == ["run container once"]
    # Check mode knows what would fail.
    client = target.client()
    target.container("taken", start=False)
    RUN(client, check=True, image="dockside/none:1", name="taken", pull="never", networks=[{"name": "nonet"}])
    assert client.warnings == [
        "this would fail: networks: network nonet does not exist",
        "this would fail: image dockside/none:1 is not there, and pull is never",
        "this would fail: name: there is a container taken already",
    ]
    result = sh(target, "", check=True, image="dockside/none:1")
    assert result["actions"] == ["pull image dockside/none:1", "run a container"]


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"image": None}, "image"),
    ({"image": "dockside/none:1", "pull": "never"}, "image dockside/none:1 is not there, and pull is never"),
    ({"image": "127.0.0.1:1/none:1"}, "image 127.0.0.1:1/none:1 cannot be pulled"),
    ({"name": "taken"}, "there is a container taken already"),
    ({"networks": [{"name": "nonet"}]}, "network nonet does not exist"),
    ({"stdin": "a", "stdin_path": "/b"}, "mutually exclusive"),
    ({"stdin": "%", "encoding": "base64"}, "stdin: is not base64"),
    ({"stdin_path": "/nosuch"}, "stdin_path: /nosuch cannot be read: No such file"),
    ({"console_size": [1, 2]}, "console_size: without tty there is no terminal"),
    ({"console_size": [1], "tty": True}, r"console_size: must be the height and the width, not \[1\]"),
    ({"console_size": [0, 9], "tty": True}, "console_size: must be the height and the width"),
    ({"command": ["nosuch"]}, "nosuch"),
    ({"user": "nosuch"}, "nosuch"),
    ({"memory": "much"}, "memory: must be a size"),
    ({"attach": "carrier pigeon"}, "attach"),
    ({"restart_policy": "always"}, "restart_policy"),
]


def test_what_is_refused(target: Target) -> None:
    target.container("taken", start=False)
    for options, message in REFUSED:
        with pytest.raises((ValueError, EngineError), match=message):
            sh(target, "true", **options)
    if target.api < (1, 43):
        with pytest.raises(EngineError, match=r"annotations needs API 1\.43"):
            sh(target, "true", annotations={"a": "b"})


@pytest.mark.parametrize("refuses", [False, True], ids=["strips", "refuses"])
def test_through_a_proxy_without_hijacking(target: Target, refuses: bool) -> None:
    with relay(target.engine.socket, refuses=refuses) as (host, seen):
        result = sh(target, "cat; echo err >&2; exit 3", host, stdin="in")
        assert (result["stdout"], result["stderr"], result["rc"]) == ("in", "err", 3)
        assert [request for request in seen if "/attach/ws" in request]
        assert sh(target, "echo out", host)["stdout"] == "out"
        assert sh(target, "cat", host, stdin="in", attach="websocket")["stdout"] == "in"
        with pytest.raises(EngineError, match="403" if refuses else "keeps the upgrade of the connection"):
            sh(target, "cat", host, stdin="in", attach="hijack")
        result = sh(target, "stty -echo; cat; echo end", host, stdin="in", tty=True)
        assert result["stdout"].splitlines()[-1] == "end"


@on_extremes
def test_through_a_proxy_without_anything(target: Target) -> None:
    with relay(target.engine.socket, refuses=True, websockets=False) as (host, _seen):
        with pytest.raises(EngineError, match=r"attach: 403 .*; and no WebSocket either: GET .*attach/ws: 403"):
            sh(target, "cat", host, stdin="in")
