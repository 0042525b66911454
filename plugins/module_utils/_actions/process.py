# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into a process in a container and comes out of it; the doc fragment `process` is the twin of SPEC."""

from __future__ import annotations

import base64
import binascii
import shlex
import time
from collections.abc import Iterable, Iterator, Mapping
from typing import IO, Any

from .._engine.client import Engine
from .._engine.errors import APIError, Conflict, EngineError, NotFound
from .._engine.streams import frames

_PIECE = 65536
_BORN_WITH_SIZE = (1, 42)  # from this API on, a terminal has its size from the beginning
# How output is written; a part of SPEC.
TEXT: dict[str, dict[str, Any]] = {
    "strip_empty_ends": {"type": "bool", "default": True},
    "encoding": {"type": "str", "choices": ["utf-8", "base64"], "default": "utf-8"},
}
# What of it is not about the command line.
STREAMS: dict[str, dict[str, Any]] = {
    "stdin": {"type": "str"},
    "stdin_path": {"type": "path"},
    "stdin_add_newline": {"type": "bool", "default": True},
    **TEXT,
    "console_size": {"type": "list", "elements": "int"},
    "command_timeout": {"type": "int"},
}
SPEC: dict[str, dict[str, Any]] = {
    "argv": {"type": "list", "elements": "str"},
    "command": {"type": "str"},
    **STREAMS,
}
EXCLUSIVE = [("argv", "command"), ("stdin", "stdin_path")]


class Broken(EngineError):
    """A process that nobody could follow to its end; `result` holds the return keys as far as they are known."""

    def __init__(self, message: str, result: dict[str, Any]) -> None:
        super().__init__(message)
        self.result = result


def words(params: Mapping[str, Any]) -> list[str] | None:
    """The command line; None when the task names none."""
    if params["command"] is not None:
        return shlex.split(params["command"])
    return params["argv"]  # type: ignore[no-any-return]


def environment(env: Mapping[str, Any] | None) -> list[str]:
    """The variables as the API has them. YAML makes numbers and booleans of words, so only text is taken."""
    for name, value in (env or {}).items():
        if not isinstance(value, str):
            raise ValueError(f"env.{name}: must be text, not {value!r}; put quotes around it")
    return [f"{name}={value}" for name, value in (env or {}).items()]


def stdin(params: Mapping[str, Any]) -> Iterable[bytes] | None:
    """What the process reads, in pieces; None: it gets no standard input. ValueError when it cannot be read."""
    text = params["stdin"]
    if params["stdin_path"] is not None:
        try:
            return _pieces(open(params["stdin_path"], "rb"))
        except OSError as error:
            raise ValueError(f"stdin_path: {params['stdin_path']} cannot be read: {error.strerror}") from error
    if text is None:
        return None
    if params["encoding"] == "base64":
        try:
            data = base64.b64decode(text, validate=True)
        except binascii.Error as error:
            raise ValueError(f"stdin: is not base64: {error}") from error
    else:
        data = (text + ("\n" if params["stdin_add_newline"] else "")).encode("utf-8", "surrogateescape")
        if params.get("tty"):
            # A terminal has no end; Ctrl-D says that there is no more, twice when it is not at the start of a line.
            data += b"\4" if data.endswith(b"\n") else b"\4\4"
    return (data[start : start + _PIECE] for start in range(0, len(data), _PIECE))


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        yield from iter(lambda: file.read(_PIECE), b"")


class Console:
    """The size of the terminal that a process has, if the task names one; ValueError when it cannot be."""

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        self.engine, self.size = engine, params["console_size"]
        if self.size is not None and (len(self.size) != 2 or min(self.size) < 1):
            raise ValueError(f"console_size: must be the height and the width, not {self.size}")
        if self.size and not params["tty"]:
            raise ValueError("console_size: without tty there is no terminal")

    def body(self) -> dict[str, Any]:
        """What makes of it a part of the create body; older daemons know no such thing."""
        return {"ConsoleSize": self.size} if self.size and self.engine.api >= _BORN_WITH_SIZE else {}

    def fit(self, path: str) -> None:
        """Where create could not, resize the terminal of what has just been started (POST {path}/resize)."""
        if self.size and self.engine.api < _BORN_WITH_SIZE:
            try:
                self.engine.post(f"{path}/resize", params=dict(zip(("h", "w"), self.size)))
            except APIError as error:
                # a process that has ended already
                if not isinstance(error, (NotFound, Conflict)) and "stopped container" not in error.message:
                    raise


def deadline(params: Mapping[str, Any]) -> float | None:
    """When, by time.monotonic(), the process has had its time; None: never."""
    seconds = params["command_timeout"]
    return None if seconds is None else time.monotonic() + seconds


class Output:
    """What a process wrote so far. A terminal has one stream only: all of it counts as stdout.

    params: encoding and strip_empty_ends of the task. limit: of each stream only so many bytes are kept, the last ones.
    """

    def __init__(self, params: Mapping[str, Any], limit: int | None = None) -> None:
        self.params, self.limit = params, limit
        self.data = {1: bytearray(), 2: bytearray()}
        self.truncated = False

    def take(self, chunks: Iterable[bytes], all_of: int = 0) -> None:
        """all_of: the stream that all of it belongs to; 0: the chunks say it, being multiplexed."""
        for stream, data in ((all_of, chunk) for chunk in chunks) if all_of else frames(chunks):
            kept = self.data[2 if stream == 2 else 1]
            kept += data
            if self.limit is not None and len(kept) > self.limit:
                del kept[: -self.limit]
                self.truncated = True

    def result(self) -> dict[str, str]:
        return {"stdout": self._text(self.data[1]), "stderr": self._text(self.data[2])}

    def _text(self, data: bytearray) -> str:
        if self.params["encoding"] == "base64":
            return base64.b64encode(data).decode()
        text = data.decode("utf-8", "replace")
        return text.rstrip("\r\n") if self.params["strip_empty_ends"] else text
