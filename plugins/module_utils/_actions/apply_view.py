# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The engine as the objects of one task see it: what many of them ask is asked once, and check mode looks ahead."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from contextlib import contextmanager
from functools import partial
from typing import Any, Callable

from .._engine.client import RAISE, Engine, Params
from .._engine.reference import parse_reference
from .._engine.transport import Answer

Document = dict[str, Any]
Key = tuple[str, str, bool]


def image_name(text: str) -> str:
    """The one spelling of an image's name; an id stays as it is."""
    try:
        return str(parse_reference(text))
    except ValueError:
        return text


class Memory:
    """Answers of the engine that many ask for. Each holds until something of its kind is changed by this task."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.answers: dict[Key, Future[Any]] = {}

    def recall(self, key: Key, ask: Callable[[], Any]) -> Any:
        with self.lock:
            new = key not in self.answers
            answer: Future[Any] = self.answers.setdefault(key, Future())
        if new:
            try:
                answer.set_result(ask())
            except BaseException as error:
                answer.set_exception(error)
        return answer.result()

    def forget(self, path: str) -> None:
        """Whatever is at the same place of the API as a path, such as /images; of images, what registries have, too."""
        places = {path.split("/")[1], *(["distribution"] if path.startswith("/images/") else [])}
        with self.lock:
            self.answers = {key: each for key, each in self.answers.items() if key[0].split("/")[1] not in places}


class Current(list[str]):
    """The digests of an image that just came from a registry, or went there: whatever the registry says is in it."""

    def __contains__(self, digest: object) -> bool:
        return True


class Promises:
    """What the objects that came before would have made of the engine, if this were no check."""

    def __init__(self) -> None:
        self.documents: dict[str, Document | None] = {}  # path -> what would be found there
        self.images: dict[str, Document] = {}  # image_name() -> the image that would be there
        self.pushed: set[str] = set()  # image_name() of what a registry would get
        self.listed: dict[str, list[Document]] = {}  # path of a list -> what would be in it, too
        self.gone: set[str] = set()  # ids of what would not be there any more
        self.left: set[tuple[str, str]] = set()  # (id of a container, name of a network that it would have left)
        self.specs: dict[str, Document] = {}  # id of a service -> the spec that it would have

    def image(self, name: str, found: Mapping[str, Any], ident: str) -> None:
        """This name would mean an image of this id, as the registry has it; `found`: the image that it means now."""
        new = {"Id": ident, "RepoDigests": Current([name])}
        self.images[image_name(name)] = {"Config": {}, "Os": "", "Architecture": "", **found, **new}

    def instead(self, path: str, otherwise: Any) -> Any:
        """What a GET would find that finds something else now, or nothing."""
        place, _slash, rest = path[1:].partition("/")
        if place == "images":
            return self.images.get(image_name(rest.removesuffix("/json")), otherwise)
        if place == "distribution" and image_name(rest.removesuffix("/json")) in self.pushed:
            return {"Descriptor": {"digest": "new"}}
        return self.documents.get(path, otherwise)

    def amended(self, path: str, answer: Any) -> Any:
        """What a GET finds now, as it would find it."""
        if path.startswith("/networks/") and answer:
            return {**answer, "Containers": self.members(answer)}
        return self.kept(path, answer) if isinstance(answer, list) else answer

    def members(self, network: Document) -> Document:
        return {
            ident: end
            for ident, end in (network.get("Containers") or {}).items()
            if ident not in self.gone and (ident, network["Name"]) not in self.left
        }

    def kept(self, path: str, listed: list[Document]) -> list[Document]:
        kept = [each for each in listed if each.get("Id", each.get("ID")) not in self.gone]
        kept = [{**each, "Spec": self.specs.get(each["ID"], each["Spec"])} if "Spec" in each else each for each in kept]
        return [*kept, *self.listed.get(path, [])]


class View(Engine):
    """The engine as one object of a task sees it.

    `shares`: the beginnings of paths of which it may take what others were answered; such answers must not be changed.
    Its warnings are its own; session, version and trace are those of the engine.
    """

    def __init__(self, engine: Engine, memory: Memory, promises: Promises, shares: tuple[str, ...]) -> None:
        super().__init__(engine.endpoint)
        vars(self).update(vars(engine), warnings=[])
        self.memory = memory
        self.promises = promises
        self.shares = shares

    def _ask(self, method: str, path: str, body: Any, params: Params, missing: Any = RAISE, **how: Any) -> Any:
        ask = partial(super()._ask, method, path, body, params, missing, **how)
        if method != "GET":
            try:
                return ask()
            finally:
                self.memory.forget(path)
        if path.startswith(self.shares):
            return self.memory.recall((path, json.dumps(params, sort_keys=True), missing is RAISE), ask)
        return ask()

    def get(self, path: str, params: Params = None, **how: Any) -> Any:
        answer = self.promises.instead(path, RAISE)
        return self.promises.amended(path, super().get(path, params, **how)) if answer is RAISE else answer

    @contextmanager
    def stream(self, method: str, path: str, params: Params = None, body: Any = None, **how: Any) -> Iterator[Answer]:
        try:
            with super().stream(method, path, params, body, **how) as stream:
                yield stream
        finally:
            self.memory.forget(path)
