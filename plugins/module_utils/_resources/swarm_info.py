# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a manager tells of its swarm (/swarm, /nodes, /services, /tasks)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError
from .cluster import filters, manager, title

Item = Mapping[str, Any]


def node(each: Item) -> dict[str, Any]:
    managing = each.get("ManagerStatus") or {}
    return {
        "ID": each["ID"],
        "Hostname": title(each),
        "Status": each["Status"]["State"],
        "Availability": each["Spec"]["Availability"],
        "ManagerStatus": "Leader" if managing.get("Leader") else managing.get("Reachability", "").capitalize() or None,
        "EngineVersion": ((each.get("Description") or {}).get("Engine") or {}).get("EngineVersion"),
    }


def service(each: Item) -> dict[str, Any]:
    mode: dict[str, Any] = each["Spec"].get("Mode") or {}
    wanted = mode.get("Replicated") or {}
    return {
        "ID": each["ID"],
        "Name": each["Spec"]["Name"],
        "Mode": next(iter(mode), "Replicated"),
        "Replicas": wanted.get("Replicas"),
        "Image": image(each["Spec"]),
        "Ports": (each.get("Endpoint") or {}).get("Ports") or [],
    }


def task(each: Item) -> dict[str, Any]:
    status: dict[str, Any] = each.get("Status") or {}
    return {
        "ID": each["ID"],
        "Name": each.get("Name", ""),
        "ServiceID": each.get("ServiceID", ""),
        "Slot": each.get("Slot"),
        "NodeID": each.get("NodeID", ""),
        "Image": image({"TaskTemplate": each.get("Spec")}),
        "DesiredState": each.get("DesiredState"),
        "CurrentState": status.get("State"),
        "Error": status.get("Err", ""),
        "Ports": (status.get("PortStatus") or {}).get("Ports") or [],
    }


def image(spec: Item) -> str:
    return str(((spec.get("TaskTemplate") or {}).get("ContainerSpec") or {}).get("Image", ""))


SHORT: dict[str, Callable[[Item], dict[str, Any]]] = {"nodes": node, "services": service, "tasks": task}
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
            chosen = filters(params[f"{name}_filters"])
            found = engine.get(f"/{name}", {"filters": chosen} if chosen else None) or []
            result[name] = found if params["verbose_output"] else [short(each) for each in found]
    return result
