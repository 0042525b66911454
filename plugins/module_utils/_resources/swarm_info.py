# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a manager tells of its swarm (/swarm, /nodes, /services, /tasks)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._state.filters import filters
from .cluster import manager
from .swarm_lists import SHORT

SPEC: dict[str, dict[str, Any]] = {
    **{name: {"type": "bool", "default": False} for name in SHORT},
    **{f"{name}_filters": {"type": "dict", "default": {}} for name in SHORT},
    "unlock_key": {"type": "bool", "default": False, "no_log": False},
    "verbose_output": {"type": "bool", "default": False},
}


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    """The return keys of swarm_info; an error carries those that are known (`result`)."""
    result = {"can_talk_to_docker": False, "docker_swarm_active": False, "docker_swarm_manager": False}
    try:
        swarm = engine.get("/info").get("Swarm") or {}
        result["can_talk_to_docker"] = True
        result["docker_swarm_active"] = swarm.get("LocalNodeState") == "active"
        result["docker_swarm_manager"] = bool(swarm.get("ControlAvailable"))
        with manager(engine):
            return {**result, **facts(engine, params)}
    except EngineError as error:
        error.result = result  # type: ignore[attr-defined]
        raise


def facts(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    result: dict[str, Any] = {"swarm_facts": engine.get("/swarm")}
    if params["unlock_key"]:
        result["swarm_unlock_key"] = engine.get("/swarm/unlockkey")["UnlockKey"] or None
    for name, short in SHORT.items():
        if params[name]:
            option = f"{name}_filters"
            found = engine.get(f"/{name}", {"filters": filters(params[option], option)}) or []
            result[name] = found if params["verbose_output"] else [short(each) for each in found]
    return result
