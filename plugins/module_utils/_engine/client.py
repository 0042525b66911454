# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Engine: one daemon, asked over HTTP in one API version. May be shared by threads."""

from __future__ import annotations

import json
import random
import re
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Callable, Dict, Final, Iterable, Iterator, List, Mapping, Optional, Tuple, TypeVar
from urllib.parse import quote

from .endpoint import Endpoint, Version, parse_version
from .errors import ConnectionLost, EngineError, UnreachableError, VersionError, api_error
from .transport import FAULTS, fault, session

if TYPE_CHECKING:
    from requests import Response, Session

T = TypeVar("T")
MIN_API: Final[Version] = (1, 33)
MAX_API: Final[Version] = (1, 55)
RAISE: Final[Any] = object()  # `missing=RAISE`: a 404 is an error
_TRIES = 3  # of a GET or HEAD whose connection breaks
_ERROR_BYTES = 65536  # read of an error's body
_REFUSED = re.compile(r"client version (\S+) is too old\. Minimum supported API version is ([\d.]+)")


class Engine:
    """A daemon. Nothing is opened before the first request.

    Paths come without version ("/networks/foo") and are quoted here. Parameters: None is left out, bools become
    true/false, lists and dicts JSON, a tuple repeats its key. Bodies: a dict or list becomes JSON; bytes and iterators
    of bytes go as they are. Answers: JSON decoded, other text as str, nothing (also 204 and 304) as None.
    `missing`: what to answer for a 404 instead of raising NotFound. `patience`: seconds the daemon may take on top of the
    endpoint's timeout, None for ever. Raises EngineError; ValueError for a path that cannot be asked.
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self.warnings: List[str] = []  # of the daemon, each once
        self.trace: List[str] = []  # with the option debug: every request, without its body
        self._lock = threading.RLock()
        self._session: Optional[Session] = None
        self._api: Optional[Version] = None

    @property
    def api(self) -> Version:
        """The API version in use, agreed with the daemon (GET /_ping) at first use."""
        with self._lock:
            if self._api is None:
                self._api = self._negotiate()
            return self._api

    def get(
        self,
        path: str,
        params: Optional[Mapping[str, Any]] = None,
        *,
        missing: Any = RAISE,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Any:
        return self._ask("GET", path, None, params, missing, headers)

    def head(
        self,
        path: str,
        params: Optional[Mapping[str, Any]] = None,
        *,
        missing: Any = RAISE,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Any:
        """The answer's headers."""
        return self._ask("HEAD", path, None, params, missing, headers)

    def post(
        self,
        path: str,
        body: Any = None,
        params: Optional[Mapping[str, Any]] = None,
        *,
        missing: Any = RAISE,
        headers: Optional[Mapping[str, str]] = None,
        patience: Optional[float] = 0.0,
    ) -> Any:
        return self._ask("POST", path, body, params, missing, headers, patience)

    def put(
        self,
        path: str,
        body: Any = None,
        params: Optional[Mapping[str, Any]] = None,
        *,
        missing: Any = RAISE,
        headers: Optional[Mapping[str, str]] = None,
        patience: Optional[float] = 0.0,
    ) -> Any:
        return self._ask("PUT", path, body, params, missing, headers, patience)

    def delete(
        self,
        path: str,
        body: Any = None,
        params: Optional[Mapping[str, Any]] = None,
        *,
        missing: Any = RAISE,
        headers: Optional[Mapping[str, str]] = None,
        patience: Optional[float] = 0.0,
    ) -> Any:
        return self._ask("DELETE", path, body, params, missing, headers, patience)

    @contextmanager
    def stream(
        self,
        method: str,
        path: str,
        params: Optional[Mapping[str, Any]] = None,
        *,
        body: Any = None,
        headers: Optional[Mapping[str, str]] = None,
    ) -> Iterator[Stream]:
        """An answer read piece by piece, for however long it takes; closed at the end of the `with`."""

        def take(response: Response) -> Response:
            if response.status_code >= 400:
                raise self._failure(method, path, response)
            return response

        with self._send(method, path, body, params, headers, None, take) as response:
            yield Stream(self.endpoint, response)

    def require(self, needs: Iterable[Tuple[str, Version]]) -> None:
        """VersionError that names every option of `needs` (option, the API version it came with) too new for the daemon."""
        wanted = list(needs)
        late = [f"{option} needs API {_text(since)}" for option, since in wanted if since > self.api]
        if late:
            raise VersionError(
                f"The Docker daemon at {self.endpoint} is used with API {_text(self.api)}, which is too old for: "
                f"{'; '.join(late)}{' (see option api_version)' if self.endpoint.api_version else ''}"
            )

    def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        with self._lock:
            if self._session:
                self._session.close()
            self._session = None

    def _negotiate(self) -> Version:
        pinned = self.endpoint.api_version
        if pinned and pinned < MIN_API:
            raise VersionError(f"API {_text(pinned)} (api_version) is too old: {_text(MIN_API)} is the oldest supported")

        def take(response: Response) -> Tuple[str, Optional[EngineError]]:
            error = self._failure("GET", "/_ping", response) if response.status_code >= 400 else None
            if not error:
                _read(self.endpoint, response)
            return response.headers.get("Api-Version", ""), error

        # A pinned version goes into the path: a daemon that finds it too old then says so at once.
        prefix = f"/v{_text(pinned)}" if pinned else ""
        spoken, error = self._send("GET", "/_ping", None, None, None, 0.0, take, prefix)
        try:
            latest = parse_version(spoken)
        except ValueError:
            if error and "HTTPS server" in error.message:
                error = UnreachableError(str(self.endpoint), "it wants TLS: see validate_certs, tls and client_cert")
            raise error or UnreachableError(str(self.endpoint), "what answers there is no Docker daemon") from None
        if pinned and pinned > latest:
            raise VersionError(
                f"API {_text(pinned)} (api_version) is too new for the Docker daemon at {self.endpoint}: "
                f"it speaks up to {spoken}"
            )
        if error:
            raise error
        if latest < MIN_API:
            raise VersionError(
                f"The Docker daemon at {self.endpoint} is too old: it speaks API {spoken}, "
                f"and {_text(MIN_API)} (Docker Engine 17.10) is the oldest supported"
            )
        return pinned or min(latest, MAX_API)

    def _ask(
        self,
        method: str,
        path: str,
        body: Any,
        params: Optional[Mapping[str, Any]],
        missing: Any,
        headers: Optional[Mapping[str, str]],
        patience: Optional[float] = 0.0,
    ) -> Any:
        def take(response: Response) -> Any:
            status = response.status_code
            if status >= 400:
                error = self._failure(method, path, response)
                # "page not found" is a daemon without this part of the API: no object is missing.
                if status == 404 and missing is not RAISE and "page not found" not in error.message:
                    return missing
                raise error
            data = _read(self.endpoint, response)
            if method == "HEAD":
                return response.headers
            if not data or status == 304:
                return None
            if "json" not in response.headers.get("Content-Type", ""):
                return data.decode(errors="replace")
            try:
                answer = json.loads(data)
            except ValueError as error:
                raise api_error(status, f"the answer is not JSON: {error}", method, path) from error
            self._collect(answer)
            return answer

        return self._send(method, path, body, params, headers, patience, take)

    def _send(
        self,
        method: str,
        path: str,
        body: Any,
        params: Optional[Mapping[str, Any]],
        headers: Optional[Mapping[str, str]],
        patience: Optional[float],
        take: Callable[[Response], T],
        prefix: Optional[str] = None,
    ) -> T:
        """Send a request, again where that is safe, and `take` the answer; `take` closes what it does not read."""
        url = _quoted(path)
        url = f"http://localhost{f'/v{_text(self.api)}' if prefix is None else prefix}{url}"
        head: Dict[str, str] = dict(headers or {})
        if isinstance(body, (dict, list)):
            body = json.dumps(body).encode()
            head.setdefault("Content-Type", "application/json")
        query = {key: _parameter(value) for key, value in (params or {}).items() if value is not None}
        seconds = None if patience is None else self.endpoint.timeout + patience
        for left in reversed(range(_TRIES if method in ("GET", "HEAD") else 1)):
            start, outcome = time.monotonic(), "failed"
            try:
                response = self._opened().request(
                    method,
                    url,
                    params=query,
                    data=body,
                    headers=head,
                    timeout=(self.endpoint.timeout, seconds),
                    stream=True,
                    allow_redirects=False,
                )
                outcome = str(response.status_code)
                try:
                    return take(response)
                except BaseException:
                    response.close()
                    raise
            except (ConnectionLost, *FAULTS) as error:
                lost = fault(error, self.endpoint, seconds)
                if not left or not isinstance(lost, ConnectionLost):
                    raise lost from error
            finally:
                if self.endpoint.debug:
                    spent = (time.monotonic() - start) * 1000
                    self.trace.append(f"{method} {url[16:]}: {outcome}, {spent:.0f} ms")
            time.sleep(random.uniform(0.05, 0.2) * (_TRIES - left))
        raise AssertionError("unreachable")

    def _opened(self) -> Session:
        with self._lock:
            if not self._session:
                self._session = session(self.endpoint)
            return self._session

    def _collect(self, answer: Any) -> None:
        if isinstance(answer, dict):
            found = answer.get("Warnings") or answer.get("Warning") or []
            with self._lock:
                for warning in found if isinstance(found, list) else [found]:
                    if warning and isinstance(warning, str) and warning not in self.warnings:
                        self.warnings.append(warning)

    def _failure(self, method: str, path: str, response: Response) -> EngineError:
        """What the daemon says in an answer of 400 or above, of which no more than _ERROR_BYTES are read."""
        data = b""
        try:
            for piece in response.raw.stream(_ERROR_BYTES, decode_content=True):
                data += piece
                if len(data) >= _ERROR_BYTES:
                    break
        except FAULTS:
            pass  # the status alone says enough
        response.close()
        text = data[:_ERROR_BYTES].decode(errors="replace").strip()
        try:
            found = json.loads(text)["message"]
            text = found if isinstance(found, str) else text
        except (ValueError, KeyError, TypeError):
            if text[:1] == "<":  # of a proxy, perhaps
                text = "an HTML page: " + " ".join(re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.S).split())
        refused = _REFUSED.search(text)
        if refused:
            return VersionError(
                f"The Docker daemon at {self.endpoint} does not serve API {refused[1]} "
                f"({'api_version' if self.endpoint.api_version else 'the newest this collection speaks'}): "
                f"the oldest it serves is {refused[2].rstrip('.')}"
            )
        if len(text) > 2000:
            text = text[:2000] + " ..."
        return api_error(response.status_code, text or "the daemon gave no reason", method, path)


class Stream:
    """An answer under way."""

    def __init__(self, endpoint: Endpoint, response: Response) -> None:
        self._endpoint, self._response = endpoint, response
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = response.headers

    def chunks(self) -> Iterator[bytes]:
        """The body as it comes, in pieces of at most 64 KiB; ConnectionLost when it ends too early."""
        raw = self._response.raw
        try:
            yield from raw.stream(65536, decode_content=True)
            due = self.headers.get("Content-Length", "")
            # urllib3 1.26 takes a body that is too short for a whole one.
            if due.isdecimal() and raw.tell() < int(due) and self._response.request.method != "HEAD":
                raise ConnectionLost(str(self._endpoint), f"{raw.tell()} of {due} bytes came")
        except FAULTS as error:
            raise fault(error, self._endpoint) from error


def _read(endpoint: Endpoint, response: Response) -> bytes:
    return b"".join(Stream(endpoint, response).chunks())


def _text(version: Version) -> str:
    return "%d.%d" % version


def _parameter(value: Any) -> Any:
    if isinstance(value, bool):
        return "true" if value else "false"
    return json.dumps(value) if isinstance(value, (dict, list)) else value


def _quoted(path: str) -> str:
    first, *segments = path.split("/")
    # Servers and libraries resolve these, so that another object than the named one would be asked for.
    if first or not segments or {"", ".", ".."} & set(segments):
        raise ValueError(f"{path!r} cannot be asked of a Docker daemon: no part of it may be empty, '.' or '..'")
    return quote(path, safe="/:@+,~=")
