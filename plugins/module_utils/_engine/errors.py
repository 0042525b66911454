# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Everything that can go wrong between a task and a daemon.

    EngineError                 .message, a sentence for the user
      EndpointError             an option, environment variable, context, certificate or credential is unusable
      LibraryError              a Python library is missing
      UnreachableError          no daemon answered; .endpoint
        EngineTimeout           nothing came in time
        ConnectionLost          the connection broke inside a request or a stream
      VersionError              the API is too old or too new, or the daemon too old for an option
      APIError                  the daemon said no; .status .message .method .path
        BadRequest Forbidden NotFound Conflict ServerError      400 403 404 409 500 and above
      StreamError               an error inside a stream that began with 200; .code
"""

from __future__ import annotations

import platform
import sys
from http.client import responses


class EngineError(Exception):
    """Something went wrong; str() is a whole sentence."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class EndpointError(EngineError):
    """What names the daemon cannot be used."""


class LibraryError(EngineError):
    """A Python library is missing: says which, on which host, for which Python and how to install it."""

    def __init__(self, library: str, reason: object) -> None:
        super().__init__(
            f"The Python library {library} is needed on {platform.node()} by {sys.executable} "
            f"(Python {platform.python_version()}) and cannot be imported: {reason}. Install the package "
            f"python3-{library} (Debian, Ubuntu), or run: {sys.executable} -m pip install {library}"
        )


class UnreachableError(EngineError):
    """No daemon answered at the endpoint."""

    def __init__(self, endpoint: str, reason: str, intro: str = "Cannot reach the Docker daemon at") -> None:
        super().__init__(f"{intro} {endpoint}: {reason}")
        self.endpoint = endpoint


class EngineTimeout(UnreachableError):
    """The daemon, or the way to it, took longer than `timeout` seconds."""


class ConnectionLost(UnreachableError):
    """The connection broke in the middle: nobody knows whether the daemon did the work."""

    def __init__(self, endpoint: str, reason: str) -> None:
        super().__init__(endpoint, reason, "Lost the connection to the Docker daemon at")


class VersionError(EngineError):
    """The API versions of daemon, user and collection do not go together."""


class APIError(EngineError):
    """The daemon refused a request. `path` is without version and query, and nothing of the request's body is kept."""

    def __init__(self, status: int, message: str, method: str, path: str) -> None:
        super().__init__(f"{method} {path}: {status} {responses.get(status, '')}".rstrip() + f": {message}")
        self.status, self.message, self.method, self.path = status, message, method, path


class BadRequest(APIError):
    """400: the daemon finds a value wrong."""


class Forbidden(APIError):
    """403: not allowed as things are, such as a network in use."""


class NotFound(APIError):
    """404: no such object, or no such path in this daemon."""


class Conflict(APIError):
    """409: the name is taken, or the object is in the wrong state."""


class ServerError(APIError):
    """500 and above: the daemon failed, or (swarm) the object changed in the meantime."""


class StreamError(EngineError):
    """The daemon reported a failure inside a stream, or sent what is no such stream."""

    def __init__(self, message: str, code: int = 0) -> None:
        super().__init__(message)
        self.code = code


_BY_STATUS = {400: BadRequest, 403: Forbidden, 404: NotFound, 409: Conflict}


def api_error(status: int, message: str, method: str, path: str) -> APIError:
    """The APIError of the class that fits the status."""
    kind = ServerError if status >= 500 else _BY_STATUS.get(status, APIError)
    return kind(status, message, method, path)
