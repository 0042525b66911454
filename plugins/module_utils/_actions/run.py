# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container for a single command: created, attached to, started, waited for and removed (/containers).

All that listens is there before the container is started, so nothing of a fast process is missed: attach for the
streams, and wait for the exit code, which the daemon gives also for a container that it removes by itself.
"""

from __future__ import annotations

import glob
import json
from collections.abc import Iterable, Mapping
from contextlib import ExitStack, suppress
from typing import Any, Callable

from .._engine.client import Engine, together
from .._engine.errors import APIError, Conflict, ConnectionLost, EngineError
from .._engine.hijack import Deadline, Hijack, Plain, hijack
from .._engine.transport import FAULTS
from .._engine.websocket import WebSocket
from .._resources.container_new import NewContainer
from .._state.kinds import Unfit
from . import process

Result = dict[str, Any]

# What has no meaning for a container that runs once, or is decided here.
_NOT_TAKEN = ("auto_remove", "interactive", "restart_policy", "restart_retries", "console_size")
SPEC: dict[str, dict[str, Any]] = {
    **{option: entry for option, entry in NewContainer.argument_spec().items() if option not in _NOT_TAKEN},
    "name": {"type": "str"},
    "image": {"type": "str", "required": True},
    **process.STREAMS,
    "attach": {"type": "str", "choices": ["auto", "hijack", "websocket"], "default": "auto"},
    "cleanup": {"type": "bool", "default": True},
    "keep_failed": {"type": "bool", "default": False},
    "creates": {"type": "path"},
    "removes": {"type": "path"},
}
RULES: dict[str, Any] = {
    "mutually_exclusive": [("stdin", "stdin_path"), *NewContainer.rules["mutually_exclusive"]],
}


class Refused(EngineError):
    """What is between here and the daemon does not let a connection be hijacked."""


Line = tuple[type[Hijack], tuple[str, ...]]  # a kind of connection, and which of stdin, stdout, stderr it carries
Wire = tuple[Hijack, tuple[str, ...]]  # the same when it is open


def lines(websocket: bool, tty: bool, stdin: bool, separable: bool) -> list[Line]:
    """The connections that a run needs, the one for stdin alone last.

    websocket: instead of one that is hijacked. A WebSocket does not say which stream its frames are of, so each stream
    has one of its own. separable: the daemon can do that (API 1.42); others send all streams over each, and with them
    the outputs come as a plain answer.
    """
    source = ("stdin",) if stdin else ()
    if not websocket:
        return [(Hijack, (*source, "stdout", "stderr"))]
    if tty:
        return [(WebSocket, (*source, "stdout"))]
    output: list[Line] = [(WebSocket, ("stdout",)), (WebSocket, ("stderr",))]
    if not separable:
        output = [(Plain, ("stdout", "stderr"))]
    return [*output, (WebSocket, source)] if stdin else output


def spared(params: Mapping[str, Any]) -> str:
    """Why there is nothing to do, empty when there is something."""
    creates, removes = params["creates"], params["removes"]
    if creates and glob.glob(creates):
        return f"{creates} exists (option creates)"
    if removes and not glob.glob(removes):
        return f"{removes} does not exist (option removes)"
    return ""


def run(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    nothing = {"rc": 0, "stdout": "", "stderr": "", "actions": []}
    why = spared(params)
    if why:
        result = {"changed": False, **nothing, "msg": f"The container is not run: {why}"}
        return result.copy, result.copy
    once = Once(engine, params)

    def say() -> Result:
        engine.warnings.extend(f"this would fail: {obstacle}" for obstacle in once.box.obstacles)
        # As with ansible.builtin.command: with one of these, it is known that something would be changed.
        known = bool(params["creates"] or params["removes"])
        outcome = {"changed": True} if known else {"changed": False, "skipped": True}
        return {**outcome, **nothing, "actions": once.actions, "msg": "The container would be run."}

    return say, once.act


class Once:
    """The one run of a container."""

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        self.engine, self.params = engine, params
        self.source, self.tty = process.stdin(params), bool(params["tty"])
        self.console = process.Console(engine, params)
        self.box = NewContainer(engine, {**params, "state": "present", "console_size": None})
        engine.require(self.box.schema.requirements(self.box.desired))
        self.box.complete(None)
        name = params["name"]
        other = engine.get(f"/containers/{name}/json", missing=None) if name else None
        if other and other["Name"] == f"/{name}":
            self.box.obstacles.append(f"name: there is a container {name} already")
        self.actions = [step.text for step in self.box.pulling()]
        self.actions.append(f"run container {name}" if name else "run a container")

    def act(self) -> Result:
        if self.box.obstacles:
            raise Unfit("; ".join(self.box.obstacles))
        for step in self.box.pulling():
            step.do()
        if self.params["attach"] == "websocket":
            return self.attempt(websocket=True)
        try:
            return self.attempt(websocket=False)
        except Refused as error:
            if self.params["attach"] == "hijack":
                raise
            refused = str(error)
        try:
            # With a container of its own: who came in vain may have closed the stdin of the first one.
            return self.attempt(websocket=True)
        except Refused as error:
            raise EngineError(f"{refused}; and no WebSocket either: {error}") from None

    def attempt(self, websocket: bool) -> Result:
        """Run a new container, and leave none behind but what the task wants to keep.

        Refused when nothing was started.
        """
        made = self.box.post(self.params["name"], self.body(), self.params["platform"])
        try:
            result = self.follow(made, websocket)
        except BaseException as error:
            try:
                # Asked first, an engine that stands still is found out sooner.
                there = self.engine.get(f"/containers/{made}/json", missing=None)
                if there and isinstance(error, process.Broken) and self.keeps(failed=True):
                    with suppress(Conflict):  # it has ended
                        self.engine.post(f"/containers/{made}/kill")
                elif there:
                    self.box.drop(made, volumes=True)
            except EngineError as reason:
                text = f"{error}. Container {made[:12]} may still be there: {reason}"
                raise process.Broken(text, getattr(error, "result", {})) from error
            raise
        if not self.keeps(failed=result["rc"] != 0):
            try:
                self.box.drop(made, volumes=True)
            except EngineError as error:
                raise process.Broken(str(error), result) from error
        return result

    def keeps(self, failed: bool) -> bool:
        """Whether the task wants to see the container afterwards."""
        return not self.params["cleanup"] or (failed and bool(self.params["keep_failed"]))

    def body(self) -> dict[str, Any]:
        body, stdin = self.box.body(), self.source is not None
        body.update(AttachStdin=stdin, AttachStdout=True, AttachStderr=True, OpenStdin=stdin, StdinOnce=stdin)
        # The daemon removes it then, even if we are not there any more.
        body["HostConfig"].update(self.console.body(), AutoRemove=not self.keeps(failed=True))
        return body

    def follow(self, made: str, websocket: bool) -> Result:
        path, output = f"/containers/{made}", process.Output(self.params)
        known: Result = {}  # once it was started

        def look() -> Any:
            return self.engine.get(f"{path}/json", missing=None)

        try:
            with ExitStack() as wires:
                wait = hijack(self.engine, f"{path}/wait", params={"condition": "next-exit"}, kind=Plain)
                ending = wires.enter_context(wait)
                streams = self.attach(wires, path, websocket)
                self.box.start(made)
                until = process.deadline(self.params)
                known = {"changed": True, "container_id": made, "actions": self.actions}
                self.console.fit(path)
                self.collect(streams, output, look, until)
                code = status(self.engine, ending.exchange(None, look, until))
        except Deadline:
            text = f"The command did not end within {self.params['command_timeout']} seconds (option command_timeout)"
            raise process.Broken(f"{text} and was killed", {**known, **output.result()}) from None
        except EngineError as error:
            if not known:
                raise
            raise process.Broken(str(error), {**known, **output.result()}) from error
        # Ansible fails a task for its rc, but finds no words for it.
        words = {"msg": f"The command ended with exit code {code}."} if code else {}
        return {**known, "rc": code, **words, **output.result()}

    def attach(self, wires: ExitStack, path: str, websocket: bool) -> list[Wire]:
        """The open connections, each with what it carries."""
        opened = []
        for kind, carries in lines(websocket, self.tty, self.source is not None, self.engine.api >= (1, 42)):
            where = f"{path}/attach/ws" if kind is WebSocket else f"{path}/attach"
            query = dict.fromkeys(("stream", *carries), 1)
            try:
                wire = wires.enter_context(hijack(self.engine, where, params=query, kind=kind))
            except (APIError, ConnectionLost) as error:
                raise Refused(str(error)) from error
            if not wire.upgraded and kind is not Plain:
                raise Refused(
                    f"POST {where}: something between here and the daemon keeps the upgrade of the connection"
                )
            opened.append((wire, carries))
        return opened

    def collect(
        self,
        streams: list[Wire],
        output: process.Output,
        look: Callable[[], Any],
        until: float | None,
    ) -> None:
        """Send stdin and take what comes until the outputs have ended."""

        def take(stream: Wire) -> None:
            wire, carries = stream
            source = self.source if "stdin" in carries else None
            chunks = wire.exchange(source, look, until, tty=self.tty)
            mixed = "stdout" in carries and "stderr" in carries
            output.take(chunks, 0 if mixed and not self.tty else 1 if "stdout" in carries else 2)

        def feed(wire: Hijack) -> None:
            try:
                for _echo in wire.exchange(self.source, look, until):
                    pass
            except FAULTS:
                # A container that has ended may cut it off. One that runs has missed something.
                if (look() or {"State": {"Running": False}})["State"]["Running"]:
                    raise

        last, carries = streams[-1]
        if carries != ("stdin",):
            together(take, streams)
            return
        from concurrent.futures import ThreadPoolExecutor  # only WebSockets need it

        with ThreadPoolExecutor(1) as pool:
            feeding = pool.submit(feed, last)
            try:
                together(take, streams[:-1])
            finally:
                last.hang_up()
            feeding.result()


def status(engine: Engine, chunks: Iterable[bytes]) -> int:
    """The exit code that wait answers."""
    data = b"".join(chunks)
    try:
        found = json.loads(data)
    except ValueError:
        raise ConnectionLost(str(engine.endpoint), "how the container ended was not told") from None
    failure = (found.get("Error") or {}).get("Message")
    if failure:
        raise EngineError(f"The daemon could not wait for the container: {failure}")
    return int(found["StatusCode"])
