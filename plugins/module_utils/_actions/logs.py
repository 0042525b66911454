# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a container has written (/containers/{id}/logs)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from typing import Any

from .._engine.client import Engine
from .._state.measures import Size
from .._state.times import instant, local
from .process import TEXT, Output

SPEC: dict[str, dict[str, Any]] = {
    "container": {"type": "str", "required": True},
    "stdout": {"type": "bool", "default": True},
    "stderr": {"type": "bool", "default": True},
    "tail": {"type": "int"},
    "since": {"type": "str"},
    "until": {"type": "str"},
    "timestamps": {"type": "bool", "default": False},
    "details": {"type": "bool", "default": False},
    "max_size": {"type": "str", "default": "10M"},
    **TEXT,
}


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    try:
        limit = Size().parse(params["max_size"])
    except ValueError as error:
        raise ValueError(f"max_size: {error}") from error
    if params["tail"] is not None and params["tail"] < 0:
        raise ValueError(f"tail: must not be negative, and is {params['tail']}")
    if not params["stdout"] and not params["stderr"]:
        raise ValueError("stdout, stderr: at least one of them has to be true")
    asked: dict[str, Any] = {name: params[name] for name in ("stdout", "stderr", "timestamps", "details")}
    if params["tail"] is not None:
        asked["tail"] = params["tail"]
    if params["until"] is not None:
        engine.require([("until", (1, 35))])
    for name in ("since", "until"):
        if params[name] is not None:
            # Spans count from now, and that by the engine's clock, which wrote the times of the log.
            now = local(engine.get("/info")["SystemTime"], datetime.now(timezone.utc))
            try:
                asked[name] = instant(params[name], now)
            except ValueError as error:
                raise ValueError(f"{name}: {error}") from None
    path, output = f"/containers/{params['container']}", Output(params, limit)
    found = engine.get(f"{path}/json")
    with engine.stream("GET", f"{path}/logs", asked) as answer:
        output.take(answer.chunks(), 1 if found["Config"]["Tty"] else 0)
    return {**output.result(), "truncated": output.truncated}
