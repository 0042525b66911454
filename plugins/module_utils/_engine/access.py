# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task meets registries: with the login of its options, or else that of the docker CLI, and with patience."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Mapping
from typing import Any, Callable, TypeVar

from .client import Engine
from .errors import APIError, EngineError, StreamError, UnreachableError
from .reference import Reference

# The twin of the doc fragment `registry`.
SPEC: dict[str, dict[str, Any]] = {
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "registry_retries": {"type": "int", "default": 3},
    "registry_retry_delay": {"type": "float", "default": 2},
}
TOGETHER = [("username", "password")]

# What daemons say of a registry that wants fewer requests, and of a connection to it that broke.
_LIMITED = "(?i)toomanyrequests|too many requests|status code 429"
_BROKEN = r"\bEOF\b|connection reset by peer|broken pipe|use of closed network connection"
Answer = TypeVar("Answer")


def check(params: Mapping[str, Any]) -> None:
    """Raises ValueError for options in SPEC that do not fit."""
    for option in ("registry_retries", "registry_retry_delay"):
        if params[option] < 0:
            raise ValueError(f"{option}: must not be negative, as {params[option]} is")


class Access:
    """`params` has the options in SPEC. Raises ValueError for those that do not fit."""

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        self.engine = engine
        self.login: tuple[str, str] | None = (params["username"], params["password"]) if params["username"] else None
        self.reached: set[str] = set()  # the registries that have to do with the login
        self.retries: int = params["registry_retries"]
        self.delay: float = params["registry_retry_delay"]
        check(params)

    def reach(self, domain: str) -> None:
        """ValueError when the login of the options would be shown to a second registry."""
        self.reached.add(domain)
        if self.login and len(self.reached) > 1:
            names = " and ".join(sorted(self.reached))
            raise ValueError(f"username: a login is for one registry, and this is about {names}")

    def headers(self, domain: str) -> dict[str, str]:
        """The header with the login for a registry; none when there is no login."""
        from .registry import auth_header, encode_auth, key_of, login_of  # what is up to date asks no registry

        self.reach(domain)
        if self.login:
            return {"X-Registry-Auth": encode_auth({**login_of(*self.login), "serveraddress": key_of(domain)})}
        header = auth_header(domain, os.environ)
        return {"X-Registry-Auth": header} if header else {}

    def look(self, name: Reference) -> dict[str, Any]:
        """What the registry says of an image (GET /distribution/{name}/json): Descriptor and Platforms."""

        def ask() -> dict[str, Any]:
            answer: dict[str, Any] = self.engine.get(
                f"/distribution/{name}/json", headers=self.headers(name.domain), patience=60
            )
            return answer

        return self.patiently(ask)

    def digest(self, name: Reference) -> str:
        return str(self.look(name)["Descriptor"]["digest"])

    def patiently(self, ask: Callable[[], Answer], resumes: bool = False) -> Answer:
        """What `ask` answers; while the registry wants fewer requests it is asked again, with growing breaks between.

        `resumes`: also when a connection broke, that to the daemon or the daemon's to the registry. StreamError when
        the retries are used up.
        """
        left, delay = self.retries, self.delay
        while True:
            try:
                return ask()
            except (APIError, StreamError, UnreachableError) as error:
                reason = passing(error, resumes)
                if not reason:
                    raise
                if not left:
                    raise StreamError(f"{reason} (tried {self.retries + 1} times): {error.message}") from error
                self.engine.tell(f"{reason}, tried again in {delay:g} seconds: {error.message}")
            left -= 1
            time.sleep(delay)
            delay *= 2


def passing(error: EngineError, resumes: bool) -> str:
    """Why the same request may succeed later; "" when it will not."""
    if getattr(error, "status", 0) == 429 or re.search(_LIMITED, error.message):
        return "the registry limits requests"
    if resumes and (isinstance(error, UnreachableError) or re.search(_BROKEN, error.message)):
        return "the connection broke"
    return ""
