# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine says about itself (/info, /version, /_ping) and lists."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._state.filters import CONTAINERS, Filters, filters
from .usage import KINDS, ordered, usage

# kind -> path, filters, and what a list shows that is not verbose.
LISTS = {
    "containers": (
        "/containers/json",
        CONTAINERS,
        ("Id", "Image", "Command", "Created", "Status", "Ports", "Names"),
    ),
    "images": (
        "/images/json",
        ("before", "dangling", "label", "label!", "reference", "since", "until"),
        ("Id", "RepoTags", "Created", "Size"),
    ),
    "networks": (
        "/networks",
        ("dangling", "driver", "id", "label", "name", "scope", "type"),
        ("Id", "Driver", "Name", "Scope"),
    ),
    "volumes": ("/volumes", ("dangling", "driver", "label", "name"), ("Driver", "Name")),
}  # fmt: skip
SPEC: dict[str, dict[str, Any]] = {
    **{kind: {"type": "bool", "default": False} for kind in LISTS},
    **{f"{kind}_filters": {"type": "dict"} for kind in LISTS},
    "containers_all": {"type": "bool", "default": False},
    "disk_usage": {"type": "bool", "default": False},
    "verbose_output": {"type": "bool", "default": False},
}


class NoAnswer(EngineError):
    result = {"can_talk_to_docker": False}


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    wanted = {
        kind: filters(params[f"{kind}_filters"], f"{kind}_filters", known)
        for kind, (_path, known, _members) in LISTS.items()
        if params[kind]
    }
    verbose = params["verbose_output"]
    try:
        info = engine.get("/info")
    except EngineError as error:
        raise NoAnswer(error.message) from error
    result = {"can_talk_to_docker": True, "host_info": info, "version": engine.get("/version"), "ping": ping(engine)}
    for kind, chosen in wanted.items():
        items = listed(engine, kind, chosen, params["containers_all"])
        result[kind] = items if verbose else [{name: item.get(name) for name in LISTS[kind][2]} for item in items]
    if params["disk_usage"]:
        used = usage(engine, KINDS if verbose else ["images"])
        lists = {KINDS[kind][1]: each["objects"] for kind, each in used.items()} if verbose else {}
        result["disk_usage"] = {"LayersSize": used["images"]["size"], **lists}
    return result


def ping(engine: Engine) -> dict[str, Any]:
    """What the engine says with each answer to GET /_ping."""
    with engine.stream("GET", "/_ping") as answer:
        said = answer.headers
    return {
        "api_version": said.get("Api-Version", ""),
        "builder_version": said.get("Builder-Version", ""),
        "experimental": said.get("Docker-Experimental") == "true",
        "os_type": said.get("Ostype", ""),
        "swarm": said.get("Swarm", ""),
    }


def listed(engine: Engine, kind: str, chosen: Filters, every: bool) -> list[dict[str, Any]]:
    """A kind of LISTS; `every`: also containers that do not run."""
    found = engine.get(LISTS[kind][0], {"filters": chosen, "all": every if kind == "containers" else None})
    return ordered(kind, (found["Volumes"] if kind == "volumes" else found) or [])
