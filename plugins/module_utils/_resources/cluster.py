# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What all objects of a swarm have in common: only managers answer for them, and they have a version."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import Conflict, EngineError, ServerError
from .._state.converge import Resource
from .._state.filters import filters


class NotManager(EngineError):
    """The engine cannot answer for the objects of a swarm; the message says what to do."""


@contextmanager
def manager(engine: Engine) -> Iterator[None]:
    """Requests that only a manager of a swarm answers: NotManager instead of its 503."""
    try:
        yield
    except ServerError as error:
        if error.status != 503:
            raise
        raise NotManager(advice(engine, str(error))) from error


def advice(engine: Engine, otherwise: str) -> str:
    """Why an engine cannot answer, in terms of its own state (GET /info), and what the user can do."""
    swarm = engine.get("/info").get("Swarm") or {}
    state, where = swarm.get("LocalNodeState") or "inactive", f"the engine at {engine.endpoint}"
    if state == "inactive":
        return (
            f"{where} is in no swarm: make it a manager with dockside.engine.swarm, state present or join, "
            "or set docker_host to a manager of the swarm"
        )
    if state == "locked":
        return f"{where} is a locked manager: give it the key with dockside.engine.swarm_unlock"
    if state in ("pending", "error"):
        reason = f": {swarm['Error']}" if swarm.get("Error") else ""
        return f"{where} has not come into its swarm (state {state}{reason})"
    if not swarm.get("ControlAvailable"):
        managers = ", ".join(sorted(str(each["Addr"]) for each in swarm.get("RemoteManagers") or []))
        return (
            f"{where} is a worker of its swarm: set docker_host to a manager (the swarm's managers: {managers}), "
            "or delegate the task to one"
        )
    return otherwise


def came(true: Callable[[], Any], seconds: float) -> bool:
    """Wait until something comes true, at most so long; whether it did."""
    end, pause = time.monotonic() + seconds, 0.1
    while not true():
        if time.monotonic() > end:
            return False
        time.sleep(pause)
        pause = min(pause * 1.5, 1)
    return True


def title(node: Mapping[str, Any]) -> str:
    return str((node.get("Description") or {}).get("Hostname") or node["ID"])


def removable(node: Mapping[str, Any], force: bool) -> Iterator[str]:
    """Why engines would refuse to remove a node from the swarm (DELETE /nodes/{id})."""
    state = (node.get("Status") or {}).get("State")
    if node["Spec"]["Role"] == "manager":
        yield f"node {title(node)} is a manager: make it a worker first (dockside.engine.node, role: worker)"
    elif state != "down" and not force:
        yield (
            f"node {title(node)} is {state}, not down: let it leave first (dockside.engine.swarm with state: absent, "
            "run on that node), or force: true removes it all the same"
        )


def out_of_date(error: Exception) -> bool:
    """True when an update named a version of the object that is no longer its newest: a 500, not a 409."""
    return isinstance(error, ServerError) and "out of sequence" in error.message


LISTING: dict[str, dict[str, Any]] = {
    "name": {"type": "list", "elements": "str"},
    "filters": {"type": "dict", "default": {}},
}


def listing(engine: Engine, path: str, params: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The objects at a path of the API that the options of LISTING ask for, sorted by name."""
    with manager(engine):
        found = engine.get(path, {"filters": filters(params["filters"], "filters")}) or []
    names = params["name"]
    kept = [each for each in found if names is None or each["Spec"]["Name"] in names]
    return sorted(kept, key=lambda each: str(each["Spec"]["Name"]))


class Versioned(Resource):
    """An object that is changed by reading it, and writing it back with the version that was read.

    Who comes too late plans again; so does who makes an object of a name that was just taken (409).
    """

    engine: Engine

    def stale(self, error: Exception) -> bool:
        return out_of_date(error) or isinstance(error, Conflict)
