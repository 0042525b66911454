# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a build says while it is under way, from the messages of either builder, as lines."""

from __future__ import annotations

import base64
import re
from collections import deque
from collections.abc import Iterable, Mapping
from typing import Any

from .protobuf import Message, decode, text

_TAIL = 20  # lines of a failed step that its error shows
_LINE = 65536  # characters after which a line that does not end is broken
_SECRET = 4  # characters of a line of a secret that is looked for
_STEP = re.compile(r"Step \d+/\d+ : ")
# What the classic builder itself says.
_OWN = (" ---> ", "Removing intermediate container ", "Successfully built ", "Successfully tagged ")


class BuildLog:
    """Takes the messages of a build. What it says of `secrets` is hidden.

    image_id  of the new image, "" as long as there is none
    warnings  of BuildKit's checks
    failed    the last lines of the step that failed, [] when none did
    """

    def __init__(self, limit: int, secrets: Iterable[bytes] = ()) -> None:
        self._lines = Lines(limit)
        words = {line.strip() for secret in secrets for line in secret.decode(errors="replace").splitlines()}
        self._hidden = sorted((word for word in words if len(word) >= _SECRET), key=len, reverse=True)
        self.image_id = ""
        self.warnings: list[str] = []
        self._steps: dict[bytes, Step] = {}  # of BuildKit
        self._step = Step("")  # of the classic builder
        self._failed: Step | None = None

    @property
    def text(self) -> str:
        """The log, or its end if it is longer than the limit."""
        self._end(self._step)
        return self._lines.text

    @property
    def failed(self) -> list[str]:
        self._end(self._step)
        return list((self._failed or self._step).tail)

    def take(self, message: Mapping[str, Any]) -> None:
        """ValueError for a trace that cannot be read."""
        aux = message.get("aux")
        if message.get("id") == "moby.buildkit.trace":
            self._trace(decode(base64.b64decode(str(aux))))
        elif isinstance(aux, Mapping) and aux.get("ID"):
            self.image_id = str(aux["ID"])
        elif message.get("stream"):
            self._classic(str(message["stream"]))
        elif message.get("status") and "progressDetail" not in message:
            self._lines.add(str(message["status"]))  # of a pull

    def _classic(self, said: str) -> None:
        """A message holds a part of what a step writes, or a line of the builder itself."""
        if said.startswith(_OWN):
            self._end(self._step)
            self._lines.add(said.rstrip("\n"))
        elif _STEP.match(said):
            self._end(self._step)
            self._step = Step("")
            self._lines.add(said.rstrip("\n"))
        elif said != "\n" or self._step.partial:  # else the end of the line with the step's number
            self._wrote(self._step, said)

    def _wrote(self, step: Step, said: str) -> None:
        for line in map(self._without_secrets, step.take(said)):
            step.tail.append(line)
            self._lines.add(step.label + line)

    def _without_secrets(self, line: str) -> str:
        for word in self._hidden:
            line = line.replace(word, "********")
        return line

    def _end(self, step: Step) -> None:
        """Take what a step wrote last for a line."""
        if step.partial:
            self._wrote(step, "\n")

    def _trace(self, status: Message) -> None:
        """A StatusResponse: 1 vertexes, 3 logs, 4 warnings (2, numbers of bytes, is left out)."""
        for vertex in map(decode, status.get(1, [])):
            self._vertex(vertex)
        for log in map(decode, status.get(3, [])):
            step = self._steps.get(log.get(1, [b""])[-1])
            if step:
                self._wrote(step, text(log, 4))
        for warning in map(decode, status.get(4, [])):
            said = text(warning, 3)
            if said and said not in self.warnings:
                self.warnings.append(said)

    def _vertex(self, vertex: Message) -> None:
        """A Vertex: 1 digest, 3 name, 4 cached, 5 started, 6 completed, 7 error."""
        digest = vertex.get(1, [b""])[-1]
        if digest not in self._steps:
            if 5 not in vertex and 4 not in vertex:
                return  # it is not its turn yet
            self._steps[digest] = Step(f"#{len(self._steps) + 1} ")
            self._lines.add(self._steps[digest].label + text(vertex, 3))
        step, error = self._steps[digest], text(vertex, 7)
        if 6 not in vertex or (step.done and not error):
            return
        step.done = True
        self._end(step)
        if error and not error.endswith("context canceled"):  # else another step has failed
            self._failed = step
        ending = f"ERROR: {error}" if error else "CACHED" if any(vertex.get(4, [])) else "DONE"
        for line in ending.rstrip("\n").split("\n"):
            self._lines.add(step.label + line)


class Step:
    """A step of a build: `label` stands before its lines, `partial` is what it wrote of a line so far."""

    def __init__(self, label: str) -> None:
        self.label, self.partial, self.done = label, "", False
        self.tail: deque[str] = deque(maxlen=_TAIL)

    def take(self, said: str) -> list[str]:
        """The lines that are complete with this."""
        *whole, self.partial = (self.partial + said).split("\n")
        if len(self.partial) > _LINE:
            whole, self.partial = [*whole, self.partial], ""
        return [line.rstrip("\r").rpartition("\r")[2] for line in whole]  # of a progress bar its last state


class Lines:
    """The last lines of a text, of not much more than `limit` characters in all."""

    def __init__(self, limit: int) -> None:
        self._limit, self._size, self._cut = limit, 0, False
        self._kept: deque[str] = deque()

    def add(self, line: str) -> None:
        self._kept.append(line)
        self._size += len(line) + 1
        while self._size > self._limit and len(self._kept) > 1:
            self._size -= len(self._kept.popleft()) + 1
            self._cut = True

    @property
    def text(self) -> str:
        return "\n".join([*(["..."] if self._cut else []), *self._kept])
