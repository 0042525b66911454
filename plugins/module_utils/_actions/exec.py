# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A command in a running container (/containers/{id}/exec, /exec/{id})."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._engine.hijack import Deadline, ended, hijack
from . import process

Result = dict[str, Any]

SPEC: dict[str, dict[str, Any]] = {
    "container": {"type": "str", "required": True},
    **process.SPEC,
    "chdir": {"type": "str"},
    "user": {"type": "str"},
    "env": {"type": "dict"},
    "privileged": {"type": "bool", "default": False},
    "tty": {"type": "bool", "default": False},
    "detach": {"type": "bool", "default": False},
}
RULES: dict[str, Any] = {"required_one_of": [("argv", "command")], "mutually_exclusive": process.EXCLUSIVE}


def execute(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    """Nobody knows what a command would do, so check mode only looks at the options."""
    source, tty, console = process.stdin(params), params["tty"], process.Console(engine, params)
    if params["detach"] and (source is not None or params["command_timeout"] is not None):
        raise ValueError("detach: a command in the background gets no stdin and no command_timeout")
    if params["chdir"] is not None:
        engine.require([("chdir", (1, 35))])
    body = {
        "Cmd": process.words(params),
        "Env": process.environment(params["env"]),
        "WorkingDir": params["chdir"] or "",
        "User": params["user"] or "",
        "Privileged": params["privileged"],
        "Tty": tty,
        "AttachStdin": source is not None,
        "AttachStdout": not params["detach"],
        "AttachStderr": not params["detach"],
        **console.body(),
    }

    def say() -> Result:
        unknown = {"changed": True, "skipped": True, "stdout": "", "stderr": ""}
        return {**unknown, "msg": "The command would be run; what it does is not known before."}

    def act() -> Result:
        until, output = process.deadline(params), process.Output(params)
        made = engine.post(f"/containers/{params['container']}/exec", body)["Id"]
        if params["detach"]:
            engine.post(f"/exec/{made}/start", {"Detach": True, "Tty": tty})
            console.fit(f"/exec/{made}")
            return {"changed": True, "exec_id": made}

        def look() -> Any:
            return engine.get(f"/exec/{made}/json")

        try:
            with hijack(engine, f"/exec/{made}/start", {"Detach": False, "Tty": tty}) as wire:
                console.fit(f"/exec/{made}")
                output.take(wire.exchange(source, look, until, tty=tty), 1 if tty else 0)
            found = ended(look, until)
        except Deadline:
            text = f"The command did not end within {params['command_timeout']} seconds (option command_timeout)"
            known = {"changed": True, "exec_id": made, **output.result()}
            raise process.Broken(f"{text}; it goes on in container {params['container']}", known) from None
        except EngineError as error:
            raise process.Broken(error.message, {"changed": True, "exec_id": made, **output.result()}) from error
        code = found["ExitCode"]
        # Ansible fails a task for its rc, but finds no words for it.
        words = {"msg": f"The command ended with exit code {code}."} if code else {}
        return {"changed": True, "exec_id": made, "rc": code, **words, **output.result()}

    return say, act
