# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Waiting for a container (/containers/{id}/wait, and looking again and again for what that does not know)."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError, EngineTimeout, NotFound
from .._engine.hijack import hijack
from .._engine.streams import frames
from .._state.times import local

Result = dict[str, Any]
EXITS = ("not-running", "next-exit", "removed")
SPEC: dict[str, dict[str, Any]] = {
    "container": {"type": "str", "required": True},
    "condition": {"type": "str", "choices": [*EXITS, "healthy", "log", "port"], "default": "not-running"},
    "pattern": {"type": "str"},
    "port": {"type": "int"},
    "wait_timeout": {"type": "int", "default": 300},
}
RULES: dict[str, Any] = {"required_if": [("condition", "log", ["pattern"]), ("condition", "port", ["port"])]}
_PAUSE = 0.25  # seconds between two looks


class NotMet(EngineError):
    """The condition is not met in time, or cannot be met any more."""


def wait(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    condition, limit = params["condition"], params["wait_timeout"]
    try:
        pattern = re.compile(params["pattern"] or "")
    except re.error as error:
        raise ValueError(f"pattern: is no regular expression: {error}") from error
    if params["port"] is not None and not 0 < params["port"] < 65536:
        raise ValueError(f"port: must be between 1 and 65535, and is {params['port']}")

    def say() -> Result:
        # What would have started or stopped the container may not have been done.
        return {"changed": False, "skipped": True, "msg": f"The task would wait for {condition}."}

    def act() -> Result:
        late = NotMet(f"Container {params['container']}: {condition} was not met within {limit} seconds (wait_timeout)")
        if condition in EXITS:
            return exited(engine, params, late)
        looks = {
            "healthy": lambda: healthy(engine, params),
            "log": lambda: logged(engine, params, pattern),
            "port": lambda: listening(engine, params),
        }
        until = time.monotonic() + limit
        for found in looks[condition]():
            if found is not None:
                return {"changed": False, **found}
            if time.monotonic() >= until:
                raise late
            time.sleep(_PAUSE)
        raise late

    return say, act


def exited(engine: Engine, params: Mapping[str, Any], late: NotMet) -> Result:
    path, condition = f"/containers/{params['container']}/wait", params["condition"]
    try:
        # patience comes on top of the endpoint's timeout, here it is all there is
        found = engine.post(
            path, params={"condition": condition}, patience=params["wait_timeout"] - engine.endpoint.timeout
        )
    except EngineTimeout:
        raise late from None
    except NotFound:
        if condition == "removed":
            return {"changed": False}
        raise
    failure = (found.get("Error") or {}).get("Message")
    if failure:
        raise NotMet(f"Container {params['container']}: the engine could not wait: {failure}")
    return {"changed": False, "status_code": found["StatusCode"]}


def running(engine: Engine, params: Mapping[str, Any]) -> Any:
    """The container's inspect; NotMet when it does not run, as then nothing will come of it."""
    found = engine.get(f"/containers/{params['container']}/json")
    state = found["State"]
    if not state["Running"]:
        raise NotMet(
            f"Container {params['container']} does not run (it is {state['Status']}, exit code {state['ExitCode']}), "
            f"so {params['condition']} cannot be met"
        )
    return found


def healthy(engine: Engine, params: Mapping[str, Any]) -> Iterator[Result | None]:
    while True:
        health = running(engine, params)["State"].get("Health")
        if not health or health["Status"] == "none":
            raise NotMet(f"Container {params['container']} has no health check, so it will never be healthy")
        yield {} if health["Status"] == "healthy" else None


def logged(engine: Engine, params: Mapping[str, Any], pattern: re.Pattern[str]) -> Iterator[Result | None]:
    """Lines of the container's present run, or of its last one."""
    path, since = f"/containers/{params['container']}", ""
    while True:
        found = engine.get(f"{path}/json")
        asked = {"stdout": True, "stderr": True, "timestamps": True, "since": since or beginning(found["State"])}
        text, last = bytearray(), ""
        with engine.stream("GET", f"{path}/logs", asked) as answer:
            pieces = answer.chunks()
            for data in pieces if found["Config"]["Tty"] else (data for _stream, data in frames(pieces)):
                text += data
        for entry in text.decode(errors="replace").splitlines():
            stamp, _space, line = entry.partition(" ")
            if pattern.search(line):
                yield {"line": line}
            last = max(last, stamp)
        # The two outputs may come in another order than their times, so what is just behind is looked at again.
        since = seconds(last, -1) if last else since
        running(engine, params)
        yield None


def beginning(state: Mapping[str, Any]) -> str:
    """When the run began, for a log: not StartedAt, before which a process may have written something already."""
    before = state["FinishedAt"] < state["StartedAt"]
    return seconds(state["FinishedAt"]) if before else seconds(state["StartedAt"], -1)


def seconds(stamp: str, more: int = 0) -> str:
    """A time as the API writes it in UNIX seconds; the API's year 1 stands for never."""
    if stamp.startswith("0001"):
        return "0"
    return f"{local(stamp, datetime.now(timezone.utc)).timestamp() + more:.6f}"


def listening(engine: Engine, params: Mapping[str, Any]) -> Iterator[Result | None]:
    """Whether a TCP socket of the container listens on the port, by its own kernel's word."""
    body = {"Cmd": ["cat", "/proc/net/tcp", "/proc/net/tcp6"], "AttachStdout": True, "AttachStderr": True}
    while True:
        container = running(engine, params)["Id"]
        made, text = engine.post(f"/containers/{container}/exec", body)["Id"], bytearray()
        look = partial(engine.get, f"/exec/{made}/json")
        with hijack(engine, f"/exec/{made}/start", {"Detach": False, "Tty": False}) as wire:
            for _stream, data in frames(wire.exchange(None, look)):
                text += data
        if look()["ExitCode"] in (126, 127):
            raise NotMet(
                f"Container {params['container']} has no program cat to look at its sockets with; "
                "try ansible.builtin.wait_for"
            )
        # Lines of: number, local address and port in hexadecimal, remote ones, state; 0A is LISTEN.
        ports = [line.split()[1].rpartition(":")[2] for line in text.decode().splitlines() if " 0A " in line]
        yield {} if params["port"] in [int(port, 16) for port in ports] else None
