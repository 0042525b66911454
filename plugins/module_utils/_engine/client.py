# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Engine: one daemon, asked over HTTP in one API version. Threads may share it."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Optional
from urllib.parse import quote

from .endpoint import Endpoint, Version, parse_version
from .errors import ConnectionLost, EngineError, UnreachableError, VersionError, api_error
from .transport import FAULTS, fault, session

if TYPE_CHECKING:
    from requests import Response, Session

MIN_API: Version = (1, 33)
MAX_API: Version = (1, 55)
RAISE: Any = object()
_PIECE = 65536  # bytes read at once, and the most that is read of an error
Params = Optional[Mapping[str, Any]]


class Engine:
    """A daemon; nothing is opened before the first request.

    path: "/networks/foo", without version, quoted here. params: None is left out, bools become true/false, lists and
    dicts JSON, a tuple repeats its key. body: lists and dicts become JSON; bytes and iterators of bytes go as they are.
    Keywords: `missing`, the answer for a 404 instead of NotFound; `headers`; `patience`, seconds the daemon may take on
    top of the endpoint's timeout (None: for ever).
    Answers: decoded JSON, other text as str, None for nothing and for 304; of head() the headers.
    Raises EngineError, or ValueError for a path that cannot be asked.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.warnings: list[str] = []  # of the daemon, each once
        self.trace: list[str] = []  # with option debug: requests and their status
        self._lock = threading.RLock()
        self._session: Session | None = None
        self._api: Version | None = None

    @property
    def api(self) -> Version:
        """The API version in use, agreed with the daemon at first use."""
        with self._lock:
            if self._api is None:
                self._api = self._negotiate()
            return self._api

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
    def stream(
        self, method: str, path: str, params: Params = None, *, body: Any = None, headers: Any = None
    ) -> Iterator[Stream]:
        """An answer read piece by piece, however long it takes; closed at the end of the `with`."""
        answer, data = self._send(method, path, body, params, headers=headers, patience=None, whole=False)
        with answer:
            if answer.status_code >= 400:
                raise self._failure(method, path, answer.status_code, data)
            yield Stream(answer, self.endpoint)

    def require(self, needs: Iterable[tuple[str, Version]]) -> None:
        """VersionError that names every (option, API version it came with) that is too new for the daemon."""
        late = [f"{option} needs API {_text(since)}" for option, since in needs if since > self.api]
        if late:
            raise VersionError(f"With API {_text(self.api)} of the daemon at {self.endpoint}: {'; '.join(late)}")

    def close(self) -> None:
        """Close all connections; a later request opens new ones."""
        with self._lock:
            if self._session:
                self._session.close()
            self._session = None

    def _negotiate(self) -> Version:
        pinned = self.endpoint.api_version
        error: EngineError | None = None
        if pinned and pinned < MIN_API:
            raise VersionError(f"api_version {_text(pinned)} is too old: the oldest supported is {_text(MIN_API)}")
        # With the pinned version in the path, a daemon that finds it too old says so now.
        answer, data = self._send("GET", "/_ping", prefix=f"/v{_text(pinned)}" if pinned else "")
        if answer.status_code >= 400:
            error = self._failure("GET", "/_ping", answer.status_code, data)
        try:
            newest = parse_version(answer.headers.get("Api-Version", ""))
        except ValueError:
            if not error or b"HTTPS server" in data:
                reason = "it wants TLS, see validate_certs and tls" if error else "what answers there is not Docker"
                error = UnreachableError(str(self.endpoint), reason)
            raise error from None
        if newest < (pinned or MIN_API):
            raise VersionError(
                f"The daemon at {self.endpoint} speaks API {_text(newest)} at most, but "
                + (f"api_version asks for {_text(pinned)}" if pinned else f"{_text(MIN_API)} is the oldest supported")
            )
        if error:
            raise error
        return pinned or min(newest, MAX_API)

    def _ask(
        self,
        method: str,
        path: str,
        body: Any,
        params: Params,
        *,
        missing: Any = RAISE,
        headers: Any = None,
        patience: float | None = 0,
    ) -> Any:
        answer, data = self._send(method, path, body, params, headers=headers, patience=patience)
        if answer.status_code >= 400:
            error = self._failure(method, path, answer.status_code, data)
            # "page not found": this daemon has no such part of the API, which is not a missing object.
            if answer.status_code == 404 and missing is not RAISE and "page not found" not in error.message:
                return missing
            raise error
        if method == "HEAD":
            return answer.headers
        if not data:
            return None
        if "json" not in answer.headers.get("Content-Type", ""):
            return data.decode(errors="replace")
        try:
            found = json.loads(data)
        except ValueError as error:
            raise api_error(answer.status_code, f"the answer is not JSON: {error}", method, path) from error
        if isinstance(found, dict):
            warnings = found.get("Warnings") or found.get("Warning") or ()
            for warning in [warnings] if isinstance(warnings, str) else warnings:
                if warning not in self.warnings:
                    self.warnings.append(warning)
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
    ) -> tuple[Response, bytearray]:
        """(answer, its body unless a stream is wanted); repeats what may be repeated."""
        first, *segments = path.split("/")
        # Servers and libraries resolve these: another object than the named one would be asked for.
        if first or not segments or {"", ".", ".."} & set(segments):
            raise ValueError(f"{path!r} cannot be asked of a Docker daemon: a part is empty, '.' or '..'")
        url = (f"/v{_text(self.api)}" if prefix is None else prefix) + quote(path, safe="/:@+,~=")
        headers = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            headers["Content-Type"] = "application/json"
        query = {key: _parameter(value) for key, value in (params or {}).items() if value is not None}
        wait = None if patience is None else self.endpoint.timeout + patience
        left = 3 if method in ("GET", "HEAD") else 1
        while True:
            left -= 1
            try:
                with self._lock:
                    if not self._session:
                        self._session = session(self.endpoint)
                    send = self._session.request
                answer = send(
                    method,
                    "http://localhost" + url,
                    query,
                    body,
                    headers,
                    timeout=(self.endpoint.timeout, wait),
                    stream=True,
                    allow_redirects=False,
                )
                if self.endpoint.debug:
                    self.trace.append(f"{method} {url}: {answer.status_code}")
                failed, data = answer.status_code >= 400, bytearray()
                if whole or failed:
                    with answer:
                        for piece in Stream(answer, self.endpoint).chunks():
                            data += piece
                            if failed and len(data) > _PIECE:
                                break
                return answer, data
            except FAULTS as error:
                lost = fault(error, self.endpoint, wait)
                if not left or not isinstance(lost, ConnectionLost):
                    raise lost from error
            time.sleep(random.uniform(0.1, 0.4) / (left + 1))  # noqa: S311

    def _failure(self, method: str, path: str, status: int, data: bytearray) -> EngineError:
        text = data.decode(errors="replace").strip()
        try:
            text = str(json.loads(text)["message"])
        except (ValueError, KeyError, TypeError):
            if text.startswith("<"):  # of a proxy, perhaps
                text = "an HTML page: " + " ".join(re.sub(r"<[^>]*>", " ", text).split())
        refused = re.search(r"client version (\S+) is too old\. Minimum supported API version is (\d+\.\d+)", text)
        if refused:
            return VersionError(
                f"The daemon at {self.endpoint} no longer serves API {refused[1]}, only {refused[2]} and newer"
                + (": see api_version" if self.endpoint.api_version else ": a newer dockside.engine is needed")
            )
        return api_error(status, text[:2000] or "the daemon gives no reason", method, path)


class Stream:
    """An answer under way."""

    def __init__(self, answer: Response, endpoint: Endpoint) -> None:
        self._answer, self._endpoint = answer, endpoint
        self.status: int = answer.status_code
        self.headers: Mapping[str, str] = answer.headers

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes, in pieces of at most 64 KiB; ConnectionLost when it ends too early."""
        raw = self._answer.raw
        try:
            yield from raw.stream(_PIECE, decode_content=True)
        except FAULTS as error:
            raise fault(error, self._endpoint) from error
        due = self.headers.get("Content-Length", "")
        # urllib3 1.26 takes a body that is too short for a whole one.
        if due.isdecimal() and raw.tell() < int(due) and self._answer.request.method != "HEAD" and self.status != 304:
            raise ConnectionLost(str(self._endpoint), f"{raw.tell()} of {due} bytes came")


def _text(version: Version) -> str:
    return "{}.{}".format(*version)


def _parameter(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, (dict, list)) else value
