# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What modules read of services and their tasks: GET /services, GET /tasks and the logs of both."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .._engine.client import Engine
from .._state.fields import pick
from .._state.filters import filters
from .._state.kinds import Unfit
from .._state.times import instant, local
from .cluster import manager
from .service_tasks import output

Query = Mapping[str, Any]
Document = dict[str, Any]

SERVICE_INFO: dict[str, dict[str, Any]] = {
    "name": {"type": "str"},
    "filters": {"type": "dict", "default": {}},
    "insert_defaults": {"type": "bool", "default": False},
    "status": {"type": "bool", "default": False},
}
TASK_INFO: dict[str, dict[str, Any]] = {
    "service": {"type": "str"},
    "node": {"type": "str"},
    "desired_state": {"type": "list", "elements": "str", "choices": ["running", "shutdown", "accepted"]},
    "filters": {"type": "dict", "default": {}},
}
SERVICE_LOGS: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "aliases": ["service"]},
    "task": {"type": "str"},
    "stdout": {"type": "bool", "default": True},
    "stderr": {"type": "bool", "default": True},
    "tail": {"type": "str", "default": "all"},
    "since": {"type": "str"},
    "timestamps": {"type": "bool", "default": False},
    "details": {"type": "bool", "default": False},
}


def service(engine: Engine, name: str, query: Query | None = None) -> Document | None:
    """The service of this name or id (GET /services/{id}), None when there is none."""
    with manager(engine):
        found: Document | None = engine.get(f"/services/{name}", query, missing=None)
    # The path also takes the beginning of an id.
    return found if found and name in (found["ID"], found["Spec"]["Name"]) else None


def service_info(engine: Engine, params: Query) -> Document:
    """The one service of a name, or all that filters leave."""
    if params["status"]:
        engine.require([("status", (1, 41))])
    defaults = {"insertDefaults": True} if params["insert_defaults"] else {}
    query: Document = {"status": True} if params["status"] else {}
    if params["filters"]:
        query["filters"] = filters(params["filters"], "filters")
    one = service(engine, params["name"], defaults) if params["name"] else None
    if one and not query:  # the list says nothing that is wanted
        return {"exists": True, "service": one, "services": [one]}
    found: list[Document] = []
    if not params["name"] or one:
        with manager(engine):
            found = engine.get("/services", {**query, **defaults} or None) or []
    if params["name"]:
        found = [each for each in found if one and each["ID"] == one["ID"]]
        return {"exists": bool(found), "service": found[0] if found else None, "services": found}
    return {"services": sorted(found, key=lambda each: str(each["Spec"]["Name"]))}


def task_info(engine: Engine, params: Query) -> Document:
    """Tasks with the names of their services and nodes, in the order of these, the newest of a slot first."""
    wanted = filters(params["filters"], "filters")
    if params["service"]:
        found = service(engine, params["service"])
        if not found:
            return {"tasks": []}
        wanted["service"] = [found["ID"]]
    with manager(engine):
        nodes = {each["ID"]: pick(each, "Description.Hostname") or "" for each in engine.get("/nodes") or []}
        services = {each["ID"]: each["Spec"]["Name"] for each in engine.get("/services") or []}
        if params["node"]:
            wanted["node"] = [ident for ident, name in nodes.items() if params["node"] in (ident, name)]
            if not wanted["node"]:
                return {"tasks": []}
        if params["desired_state"]:
            wanted["desired-state"] = params["desired_state"]
        tasks: list[Document] = engine.get("/tasks", {"filters": wanted}) or []
    tasks.sort(key=lambda task: str(task["UpdatedAt"]), reverse=True)
    named = [
        {
            **task,
            "ServiceName": services.get(task.get("ServiceID", ""), ""),
            "NodeName": nodes.get(task.get("NodeID", ""), ""),
        }
        for task in tasks
    ]
    return {"tasks": sorted(named, key=lambda task: (str(task["ServiceName"]), task.get("Slot", 0), task["NodeName"]))}


def service_logs(engine: Engine, params: Query) -> Document:
    """The output of a service or of one task, standard output and standard error apart."""
    if bool(params["name"]) == bool(params["task"]):
        raise Unfit("exactly one of name and task has to be set")
    query = {name: params[name] for name in ("stdout", "stderr", "timestamps", "details")}
    query["tail"] = number_of_lines(params["tail"])
    if params["since"]:
        # Spans count from now, and that by the engine's clock.
        now = local(engine.get("/info")["SystemTime"], datetime.now(timezone.utc))
        try:
            query["since"] = instant(params["since"], now)
        except ValueError as error:
            raise Unfit.at("since", error) from None
    with manager(engine):
        if params["task"]:
            task = engine.get(f"/tasks/{params['task']}", missing=None)
            if task is None:
                raise Unfit(f"{params['task']} does not exist", "task")
            path, tty = f"/tasks/{task['ID']}", pick(task, "Spec.ContainerSpec.TTY")
        else:
            found = service(engine, params["name"])
            if found is None:
                raise Unfit(f"{params['name']} does not exist", "name")
            path, tty = f"/services/{found['ID']}", pick(found, "Spec.TaskTemplate.ContainerSpec.TTY")
        texts = output(engine, path, query, bool(tty))
    result: Document = {}
    for name, text in zip(("stdout", "stderr"), texts):
        result |= {name: text, f"{name}_lines": text.splitlines()}
    return result


def number_of_lines(text: str) -> str:
    if text != "all" and not text.isdigit():
        raise Unfit(f"must be a number or all, not {text!r}", "tail")
    return text
