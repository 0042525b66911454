# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What happened on an engine, or happens while the task waits (/events)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta, timezone
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import EngineError, EngineTimeout
from .._engine.streams import messages
from .._state.filters import filters
from .._state.times import instant, local

Result = dict[str, Any]
KNOWN = ("config", "container", "daemon", "event", "image", "label", "network", "node", "plugin", "scope", "secret",
         "service", "type", "volume")  # fmt: skip
SPEC: dict[str, dict[str, Any]] = {
    "since": {"type": "str"},
    "until": {"type": "str"},
    "filters": {"type": "dict"},
    "count": {"type": "int"},
    "wait_timeout": {"type": "int"},
}
RULES: dict[str, Any] = {
    "required_one_of": [("since", "wait_timeout")],
    "mutually_exclusive": [("until", "wait_timeout")],
}


class TooFew(EngineError):
    """Fewer events than the task asked for; `result` holds those that came."""

    def __init__(self, message: str, result: Result) -> None:
        super().__init__(message)
        self.result = result


def events(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    chosen = filters(params["filters"], "filters", KNOWN)
    count, wait = params["count"], params["wait_timeout"] or 0
    if (count is not None and count < 1) or wait < 0:
        raise ValueError("count must be above 0, and wait_timeout not below")

    def look(wait: int) -> Result:
        # By the engine's clock, which events are stamped with.
        now = local(engine.get("/info")["SystemTime"], datetime.now(timezone.utc))
        asked: Any = {"filters": chosen, "since": instant(params["since"] or now.isoformat(), now)}
        asked["until"] = instant(params["until"] or (now + timedelta(seconds=wait)).isoformat(), now)
        found: list[Any] = []
        try:
            # The engine ends the stream at `until`; where it stands still, the patience does.
            with engine.stream("GET", "/events", asked, patience=wait) as answer:
                for event in messages(answer.chunks()):
                    found.append(event)
                    if len(found) == count:
                        break
        except EngineTimeout as error:
            raise TooFew(error.message, {"changed": False, "events": found}) from error
        return {"changed": False, "events": found}

    def act() -> Result:
        result = look(wait)
        if count is not None and len(result["events"]) < count:
            raise TooFew(f"There were {len(result['events'])} such events, not {count}", result)
        return result

    return lambda: look(0), act
