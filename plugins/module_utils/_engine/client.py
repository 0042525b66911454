# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One daemon, asked over HTTP. Threads may share an Engine."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable, Optional, TypeVar
from urllib.parse import quote, urlencode

from .endpoint import Endpoint, Version, parse_version
from .errors import ConnectionLost, EngineError, NotFound, UnreachableError, VersionError, api_error
from .transport import CONNECTIONS, FAULTS, Answer, Session, fault

MIN_API: Version = (1, 33)
MAX_API: Version = (1, 55)
RAISE: Any = object()
_PIECE = 65536  # bytes read at once
Params = Optional[Mapping[str, Any]]
Item = TypeVar("Item")
Found = TypeVar("Found")


class Engine:
    """A daemon; nothing is opened before the first request.

    path: "/networks/foo", without version, quoted here. params: None is left out, a list or dict becomes JSON, a tuple
    repeats its key. body: a list or dict becomes JSON, bytes or an iterator of bytes go as they are.
    missing: the answer for 404. patience: seconds on top of the timeout, None for ever.
    Answers: decoded JSON, else str, None for nothing or 304; headers for head(). Raises EngineError, ValueError.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.warnings: list[str] = []  # of the daemon, each once
        self.trace: list[str] = []  # with option debug: requests and their status
        self.tell: Callable[[str], None] = _unheard  # takes a line about what is under way, for who watches
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._api: Version | None = None
        self._podman = False

    @property
    def api(self) -> Version:
        """The API version agreed with the daemon."""
        with self._lock:
            if self._api is None:
                self._api = self._negotiate()
            return self._api

    @property
    def podman(self) -> bool:
        """Whether the daemon is Podman, which does a part of what Docker does."""
        return bool(self.api) and self._podman

    def get(self, path: str, params: Params = None, **how: Any) -> Any:
        return self._ask("GET", path, None, params, **how)

    def head(self, path: str, params: Params = None, **how: Any) -> Any:
        return self._ask("HEAD", path, None, params, **how)

    def post(self, path: str, body: Any = None, params: Params = None, **how: Any) -> Any:
        return self._ask("POST", path, body, params, **how)

    def put(self, path: str, body: Any = None, params: Params = None, **how: Any) -> Any:
        return self._ask("PUT", path, body, params, **how)

    def delete(self, path: str, body: Any = None, params: Params = None, **how: Any) -> Any:
        return self._ask("DELETE", path, body, params, **how)

    @contextmanager
    def stream(self, method: str, path: str, params: Params = None, body: Any = None, **how: Any) -> Iterator[Answer]:
        """An answer in pieces, however long it takes unless there is a patience."""
        how = {"patience": None, **how, "whole": False}
        answer, _data, error = self._send(method, path, body, params, **how)
        if error:
            raise error
        with answer:
            yield answer

    def require(self, needs: Iterable[tuple[str, Version]]) -> None:
        """VersionError with every (option, API version it came with) that is too new."""
        late = [f"{option} needs API {_text(since)}" for option, since in needs if since > self.api]
        if late:
            spoken = "is asked with api_version" if self.endpoint.api_version else "has API"
            raise VersionError(f"The daemon at {self.endpoint} {spoken} {_text(self.api)}, but {', '.join(late)}")

    def close(self) -> None:
        """A later request opens new connections."""
        with self._lock:
            if self._session:
                self._session.close()
            self._session = None

    def _negotiate(self) -> Version:
        pinned = self.endpoint.api_version
        answer, _data, error = self._send("GET", "/_ping", prefix=f"/v{_text(pinned)}" if pinned else "")
        try:
            newest = parse_version(answer.headers.get("Api-Version", ""))
        except ValueError:
            raise error or UnreachableError(str(self.endpoint), "what answers there is not Docker") from None
        if not MIN_API <= (pinned or newest) <= newest:
            raise VersionError(
                f"No API fits: the daemon at {self.endpoint} speaks up to {_text(newest)}, this collection from "
                f"{_text(MIN_API)} on{f', and api_version is {_text(pinned)}' if pinned else ''}"
            )
        if error:
            raise error
        self._podman = "Libpod-Api-Version" in answer.headers
        return pinned or min(newest, MAX_API)

    def _ask(self, method: str, path: str, body: Any, params: Params, missing: Any = RAISE, **how: Any) -> Any:
        answer, data, error = self._send(method, path, body, params, **how)
        if isinstance(error, NotFound) and missing is not RAISE and "page not found" not in error.message:
            return missing  # an object, not a part of the API
        if error:
            raise error
        if method == "HEAD":
            return answer.headers
        if not data:
            return None
        if "json" not in answer.headers.get("Content-Type", ""):
            return data.decode(errors="replace")
        try:
            found = json.loads(data)
        except ValueError as reason:
            raise api_error(answer.status, f"the answer is not JSON: {reason}", method, path) from reason
        if isinstance(found, dict):
            warnings = found.get("Warnings") or [found.get("Warning")]
            self.warnings += [text for text in warnings if text and text not in self.warnings]
        return found

    def _send(
        self,
        method: str,
        path: str,
        body: Any = None,
        params: Params = None,
        *,
        headers: Any = None,
        patience: float | None = 0,
        prefix: str | None = None,
        whole: bool = True,
    ) -> tuple[Answer, bytearray, EngineError | None]:
        url = self.url(path, prefix)
        headers = {"User-Agent": "dockside.engine", **(headers or {})}
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        query = {key: _parameter(value) for key, value in (params or {}).items() if value is not None}
        target = f"{url}?{urlencode(query, doseq=True)}" if query else url
        wait = None if patience is None else self.endpoint.timeout + patience
        left = 3 if method in ("GET", "HEAD") else 1
        while True:
            left -= 1
            try:
                with self._lock:
                    session = self._session = self._session or Session(self.endpoint)
                answer = session.request(method, target, body, headers, wait)
                if self.endpoint.debug:
                    self.trace.append(f"{method} {url}: {answer.status}")
                failed, data = answer.status >= 400, bytearray()
                if whole or failed:
                    with answer:
                        for piece in answer.chunks():
                            data += piece
                            if failed and len(data) > _PIECE:
                                break
                return answer, data, self.failure(method, path, answer.status, data) if failed else None
            except FAULTS as error:
                lost = fault(error, self.endpoint, wait)
                if not left or not isinstance(lost, ConnectionLost):
                    raise lost from error
            from random import uniform  # seldom needed

            time.sleep(uniform(0.1, 0.4) / (left + 1))  # noqa: S311

    def url(self, path: str, prefix: str | None = None) -> str:
        """The path as it is requested; `prefix` in place of the API version."""
        first, *segments = path.split("/")
        # these name another object
        if first or not segments or {"", ".", ".."} & set(segments):
            raise ValueError(f"{path!r} cannot be asked: a part is empty, '.' or '..'")
        return (f"/v{_text(self.api)}" if prefix is None else prefix) + quote(path, safe="/:@+,~=")

    def failure(self, method: str, path: str, status: int, data: bytearray) -> EngineError:
        """The error that an answer of 400 and more is."""
        text = data.decode(errors="replace").strip()
        try:
            text = str(json.loads(text)["message"])
        except (ValueError, KeyError, TypeError):
            if text.startswith("<"):
                text = "an HTML page: " + " ".join(re.sub("<[^>]*>", " ", text).split())
        if "HTTPS server" in text:
            return UnreachableError(str(self.endpoint), "it wants TLS, see validate_certs and tls")
        if re.search(r"client version \S+ is too old", text):
            return VersionError(f"The daemon at {self.endpoint} says: {text} (see api_version)")
        return api_error(status, text[:2000] or "the daemon gives no reason", method, path)


def together(work: Callable[[Item], Found], items: Iterable[Item]) -> list[Found]:
    """What `work` answers for each item, in their order, several at once; raises the first error."""
    items = list(items)
    if len(items) < 2:
        return [work(item) for item in items]
    from concurrent.futures import ThreadPoolExecutor  # few tasks need it

    with ThreadPoolExecutor(CONNECTIONS) as pool:
        return list(pool.map(work, items))


def _unheard(line: str) -> None:
    """Nobody watches."""


def _text(version: Version) -> str:
    return "{}.{}".format(*version)


def _parameter(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, (dict, list)) else value
