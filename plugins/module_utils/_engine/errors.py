# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What can go wrong between a task and a daemon.

EngineError                 .message, a sentence for the user
  EndpointError             an option, variable, context or certificate is unusable
  UnreachableError          no daemon answered; .endpoint
    EngineTimeout           not in time
    ConnectionLost          broken: nobody knows what the daemon did
  VersionError              the API, or an option, is too old or too new
  APIError                  the daemon said no; .status .message (its own) .method .path
    BadRequest Forbidden NotFound Conflict ServerError      400 403 404 409 500+
  StreamError               failure inside a stream; .code
  DroppedError              Podman said yes and left something out
"""

from __future__ import annotations

from http.client import responses


class EngineError(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EndpointError(EngineError):
    pass


class UnreachableError(EngineError):
    INTRO = "Cannot reach"

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(f"{self.INTRO} the Docker daemon at {endpoint}: {reason}")
        self.endpoint = endpoint


class EngineTimeout(UnreachableError):
    pass


class ConnectionLost(UnreachableError):
    INTRO = "Lost the connection to"


class VersionError(EngineError):
    pass


class APIError(EngineError):
    def __init__(self, status: int, message: str, method: str, path: str) -> None:
        super().__init__(f"{method} {path}: {status} {responses.get(status, 'Error')}: {message}")
        self.status, self.message, self.method, self.path = status, message, method, path


class BadRequest(APIError):
    pass


class Forbidden(APIError):
    pass


class NotFound(APIError):
    pass


class Conflict(APIError):
    pass


class ServerError(APIError):
    pass


class StreamError(EngineError):
    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


class DroppedError(EngineError):
    """Podman ignores what it does not know; only a look at what it has made shows that."""

    def __init__(self, options: list[str]) -> None:
        super().__init__(f"Podman does not do what is asked for by {', '.join(options)}")


def api_error(status: int, message: str, method: str, path: str) -> APIError:
    kinds = {400: BadRequest, 403: Forbidden, 404: NotFound, 409: Conflict}
    return kinds.get(status, ServerError if status >= 500 else APIError)(status, message, method, path)
