# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Commands in a container, on every engine."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.exec import RULES, SPEC, execute
from ansible_collections.dockside.engine.plugins.module_utils._actions.process import Broken
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from engines.process import wait_for

from tests.matrix.actions import Act
from tests.matrix.harness import Target

EXEC = Act(execute, SPEC, RULES)


def sh(target: Target, script: str, **options: Any) -> dict[str, Any]:
    return EXEC(target.client(), container="box", argv=["sh", "-c", script], **options)


def test_outputs_words_and_exit_codes(target: Target) -> None:
    target.container("box", Env=["KEPT=1"])
    result = sh(target, "echo out; echo err >&2; exit 3")
    assert (result["changed"], result["rc"], result["stdout"], result["stderr"]) == (True, 3, "out", "err")
    result = sh(target, "echo; echo out; echo; echo", strip_empty_ends=False)
    assert (result["rc"], result["stdout"], result["stderr"]) == (0, "\nout\n\n\n", "")
    result = EXEC(target.client(), container="box", command="printf '%s|' \"a b\" $HOME 'c d'")
    assert result["stdout"] == "a b|$HOME|c d|"
    result = EXEC(target.client(), container="box", command="nosuch")
    assert result["rc"] in (126, 127)
    assert "nosuch" in result["stdout"] + result["stderr"]
    result = sh(target, "id -u; echo $KEPT $A", user="app", env={"A": "x y"})
    assert result["stdout"] == "1000\n1 x y"
    script = "grep CapEff /proc/self/status"
    assert sh(target, script)["stdout"] != sh(target, script, privileged=True)["stdout"]
    if target.api < (1, 35):
        with pytest.raises(EngineError, match=r"chdir needs API 1\.35"):
            sh(target, "pwd", chdir="/www")
    else:
        assert sh(target, "pwd", chdir="/www")["stdout"] == "/www"


def test_stdin(target: Target, tmp_path: Path) -> None:
    target.container("box")
    assert sh(target, "wc -l; cat", stdin="a\nb")["stdout"] == "2"
    assert sh(target, "od -c", stdin="a", stdin_add_newline=False)["stdout"].split()[:2] == ["0000000", "a"]
    assert sh(target, "cat")["stdout"] == ""  # no standard input at all
    (tmp_path / "file").write_bytes(bytes(range(256)) * 1000)
    result = sh(target, "tee /dev/stderr", stdin_path=str(tmp_path / "file"), encoding="base64")
    assert base64.b64decode(result["stdout"]) == base64.b64decode(result["stderr"]) == bytes(range(256)) * 1000
    result = sh(target, "cat", stdin=base64.b64encode(b"\0\xff\n").decode(), encoding="base64")
    assert base64.b64decode(result["stdout"]) == b"\0\xff\n"
    assert sh(target, "head -c 3; echo; echo end", stdin="x" * 5_000_000)["stdout"] == "xxx\nend"  # not all is read
    assert sh(target, "tty; echo err >&2", tty=True)["stdout"] == "/dev/pts/0\r\nerr"
    # What is said after the end of the input is not lost.
    script = "stty -echo; echo up; cat; sleep 0.3; echo; stty size; exit 3"
    result = sh(target, script, tty=True, stdin="a\nb", stdin_add_newline=False, console_size=[40, 120])
    assert (result["stdout"].split()[-2:], result["rc"]) == (["40", "120"], 3)
    assert "a" in result["stdout"].split()
    assert sh(target, "true", tty=True, console_size=[40, 120])["rc"] == 0


def test_in_the_background_and_check_mode(target: Target) -> None:
    target.container("box")
    result = sh(target, "echo there > /tmp/file", detach=True)
    assert set(result) == {"changed", "exec_id"}
    assert re.fullmatch("[0-9a-f]{64}", result["exec_id"])
    wait_for("the file", lambda: sh(target, "cat /tmp/file")["stdout"] == "there", 20)
    result = EXEC(target.client(), check=True, container="box", command="rm /tmp/file")
    assert (result["changed"], result["skipped"]) == (True, True)
    assert sh(target, "test -e /tmp/file")["rc"] == 0
    script = "sleep 0.3; stty -F /dev/pts/0 size > /tmp/size"
    sh(target, script, detach=True, tty=True, console_size=[40, 120])
    wait_for("the size", lambda: sh(target, "cat /tmp/size")["stdout"] == "40 120", 20)


def test_output_that_ends_before_the_command(target: Target) -> None:
    target.container("box")
    assert sh(target, "exec >&- 2>&-; sleep 0.5; exit 5")["rc"] == 5
    with pytest.raises(Broken, match=r"not end within 1 seconds.*command_timeout.*goes on in container box") as caught:
        sh(target, "echo so far; sleep 20", command_timeout=1)
    assert caught.value.result["stdout"] == "so far"
    with pytest.raises(Broken, match="not end within 1 seconds"):
        sh(target, "exec >&- 2>&-; sleep 20", command_timeout=1)


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "argv, command"),
    ({"argv": ["a"], "command": "a"}, "mutually exclusive"),
    ({"command": "a", "detach": True, "stdin": "x"}, "detach"),
    ({"command": "a", "env": {"A": 1}}, "env.A: must be text, not 1; put quotes around it"),
    ({"command": "a", "stdin": "%", "encoding": "base64"}, "stdin: is not base64"),
    ({"command": "a", "console_size": [40, 120]}, "console_size: without tty there is no terminal"),
    ({"command": "a", "console_size": [40], "tty": True}, "console_size: must be the height and the width"),
    ({"command": "a", "stdin_path": "/nosuch"}, "stdin_path: /nosuch cannot be read: No such file"),
    ({"command": "a", "container": "nosuch"}, "404 Not Found: .*nosuch"),
    ({"command": "a", "container": "stopped"}, "409 Conflict: .*not running"),
]


def test_what_is_refused(target: Target) -> None:
    target.container("stopped", start=False)
    for options, message in REFUSED:
        with pytest.raises((ValueError, EngineError), match=message):
            EXEC(target.client(), **{"container": "stopped", **options})
