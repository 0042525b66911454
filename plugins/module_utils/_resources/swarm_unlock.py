# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Unlocking a manager that was started again (/swarm/unlock)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.client import Engine
from .._engine.errors import Conflict, EngineError
from .._state.converge import Document, Plan, Resource, Step
from .._state.fields import Schema
from .cluster import NotManager, advice, came


class Unlocked(Resource):
    """A manager that is not locked. found is the member Swarm of GET /info."""

    word = "swarm"
    schema = Schema()
    options = {"unlock_key": {"type": "str", "required": True, "no_log": True}}

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, {"name": "", "state": "present", **params})

    def find(self) -> dict[str, Any]:
        return dict(self.engine.get("/info").get("Swarm") or {})

    def plan(self, found: Document | None) -> Plan:
        state = found and found.get("LocalNodeState")
        if state not in ("locked", "active"):
            raise NotManager(advice(self.engine, ""))
        locked = state == "locked"
        steps = [Step("unlock swarm", self.unlock)] if locked else []
        return Plan(steps, [], {"locked": locked}, {"locked": False})

    def unlock(self) -> bool:
        try:
            self.engine.post("/swarm/unlock", {"UnlockKey": self.params["unlock_key"]})
        except Conflict:  # somebody else was faster
            return False
        return True

    def settle(self, found: Document | None) -> Document | None:
        state: dict[str, Any] = {}

        def active() -> bool:
            state.update(self.find())
            return bool(state["LocalNodeState"] == "active")

        if not came(active, self.engine.endpoint.timeout):
            raise EngineError(advice(self.engine, "the manager is unlocked, but not active"))
        return state

    def value(self, found: Document | None) -> dict[str, Any]:
        return {"swarm": {name: value for name, value in (found or {}).items() if name != "Cluster"}}
