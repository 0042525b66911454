# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine knows about containers (/containers/json, and /json, /stats, /top and /changes of each)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.client import Engine, together
from .._engine.errors import Conflict, ServerError
from .._state.filters import CONTAINERS, filters

Document = dict[str, Any]

SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "names": {"type": "list", "elements": "str"},
    "filters": {"type": "dict"},
    "all": {"type": "bool", "default": False},
    "size": {"type": "bool", "default": False},
    "stats": {"type": "bool", "default": False},
    "top": {"type": "bool", "default": False},
    "ps_args": {"type": "str"},
    "changes": {"type": "bool", "default": False},
}
RULES: dict[str, Any] = {"mutually_exclusive": [("name", "names", "filters")]}
KINDS = ("modified", "added", "deleted")  # of changes, by their number


def query(engine: Engine, params: Mapping[str, Any]) -> Document:
    """Those that vanish while they are read are left out; of those that do not run, there is less to tell."""
    if params["name"] is not None:
        names = [params["name"]]
    elif params["names"] is not None:
        names = params["names"]
    else:
        chosen = {"all": params["all"], "filters": filters(params["filters"], "filters", CONTAINERS)}
        names = [each["Id"] for each in engine.get("/containers/json", chosen)]
    found = [each for each in together(lambda name: container(engine, name, params), names) if each]
    if params["name"] is None:
        return {"containers": found}
    return {"exists": bool(found), "container": found[0] if found else None, "containers": found}


def container(engine: Engine, name: str, params: Mapping[str, Any]) -> Document | None:
    """Its inspect with what else the task asks for, None when there is none."""
    found: Document | None = part(engine, f"/containers/{name}", "json", {"size": True} if params["size"] else {})
    if not found:
        return None
    path = f"/containers/{found['Id']}"
    if params["stats"]:
        # Not one-shot: without a second look a moment later there are no percentages.
        found["stats"] = stats(part(engine, path, "stats", {"stream": False}))
    if params["top"]:
        found["top"] = processes(part(engine, path, "top", {"ps_args": params["ps_args"]}))
    if params["changes"]:
        changed = part(engine, path, "changes", {}) or []
        found["changes"] = [{"path": each["Path"], "kind": KINDS[each["Kind"]]} for each in changed]
    return found


def part(engine: Engine, path: str, what: str, asked: Document) -> Any:
    """What the daemon says about a container, None when it does not run, or vanishes, and has nothing to say."""
    try:
        return engine.get(f"{path}/{what}", asked, missing=None)
    except Conflict:  # top, of one that does not run
        return None
    except ServerError:
        found = engine.get(f"{path}/json", missing=None)
        # These stumble over what is being removed.
        state = found and found["State"]
        if state and state["Status"] not in ("removing", "dead") and (what != "top" or state["Running"]):
            raise
        return None


def processes(found: Mapping[str, Any] | None) -> list[Document] | None:
    """What ps shows, a dict a process."""
    if not found or not found["Processes"]:
        return None
    return [dict(zip(found["Titles"], process)) for process in found["Processes"]]


def stats(sample: Mapping[str, Any] | None) -> Document | None:
    """A sample with the numbers that `docker stats` makes of it; None where the daemon has none to give."""
    if not sample or sample["read"].startswith("0001"):  # nothing runs
        return None
    now, before = sample["cpu_stats"], sample["precpu_stats"]
    used = now["cpu_usage"]["total_usage"] - before["cpu_usage"]["total_usage"]
    passed = now.get("system_cpu_usage", 0) - before.get("system_cpu_usage", 0)
    cpus = now.get("online_cpus") or len(now["cpu_usage"].get("percpu_usage") or ())
    memory = sample["memory_stats"]
    usage, limit, details = memory.get("usage", 0), memory.get("limit", 0), memory.get("stats") or {}
    # The cache of files that can go at any time does not count; cgroups of version 1 and 2 call it so.
    cache = details.get("total_inactive_file", details.get("inactive_file", 0))
    usage -= cache if cache < usage else 0
    networks = (sample.get("networks") or {}).values()
    disks = sample["blkio_stats"].get("io_service_bytes_recursive") or []
    return {
        "cpu_percent": percent(used * cpus, passed),
        "memory_usage": usage,
        "memory_limit": limit,
        "memory_percent": percent(usage, limit),
        "network_received": sum(each["rx_bytes"] for each in networks),
        "network_sent": sum(each["tx_bytes"] for each in networks),
        "block_read": sum(each["value"] for each in disks if each["op"].lower() == "read"),
        "block_written": sum(each["value"] for each in disks if each["op"].lower() == "write"),
        "pids": (sample.get("pids_stats") or {}).get("current", 0),
        "sample": dict(sample),
    }


def percent(part: float, whole: float) -> float:
    return round(part / whole * 100, 2) if part > 0 and whole > 0 else 0.0
