# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What lists of a swarm's objects show of each, when not everything is asked for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

Item = Mapping[str, Any]


def node(each: Item) -> dict[str, Any]:
    managing, description = each.get("ManagerStatus") or {}, each.get("Description") or {}
    return {
        "ID": each["ID"],
        "Hostname": description.get("Hostname") or each["ID"],
        "Status": each["Status"]["State"],
        "Availability": each["Spec"]["Availability"],
        "ManagerStatus": "Leader" if managing.get("Leader") else managing.get("Reachability", "").capitalize() or None,
        "EngineVersion": (description.get("Engine") or {}).get("EngineVersion"),
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
