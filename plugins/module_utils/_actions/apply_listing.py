# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there of a kind of objects, by name."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from .._engine.client import Engine
from .._resources.container import BESIDE
from .._resources.container_mounts import ANONYMOUS
from .._resources.network import TASK, short

PROJECT = "dockside.engine.project"  # the label of what belongs to a project
PREDEFINED = ("bridge", "host", "none", "ingress", "docker_gwbridge")
# option of the task -> where the engine lists the objects, and the query of that request.
LISTS: dict[str, tuple[str, dict[str, Any]]] = {
    "networks": ("/networks", {}),
    "volumes": ("/volumes", {}),
    "secrets": ("/secrets", {}),
    "configs": ("/configs", {}),
    "containers": ("/containers/json", {"all": True}),
    "services": ("/services", {}),
}
OF_SWARM = ("secrets", "configs", "services")


def names(engine: Engine, option: str, label: str = "") -> list[str]:
    """The objects of a kind that somebody made, sorted; `label`: only those with this label, NAME or NAME=VALUE."""
    path, query = LISTS[option]
    answer = engine.get(path, {**query, "filters": {"label": [label]} if label else None}) or []
    return sorted(set(named(option, answer)))


def named(option: str, answer: Any) -> Iterator[str]:
    if option == "volumes":
        yield from (each["Name"] for each in answer["Volumes"] or [] if not ANONYMOUS.fullmatch(each["Name"]))
    elif option == "networks":
        yield from (each["Name"] for each in answer if each["Name"] not in PREDEFINED)
    elif option == "containers":
        yield from (re.sub(BESIDE, "", short(each)) for each in answer if TASK not in (each.get("Labels") or {}))
    else:
        yield from (each["Spec"]["Name"] for each in answer)


def controls(engine: Engine) -> bool:
    """Whether the engine is a manager of a swarm."""
    return bool((engine.get("/info").get("Swarm") or {}).get("ControlAvailable"))
