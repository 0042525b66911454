# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks a service has, by its mode, and what they write."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine.client import Engine
from .._engine.streams import frames

# mode -> its member in the API, and for those that count their tasks the member with the number.
MODES = {"replicated": "Replicated", "global": "Global", "replicated-job": "ReplicatedJob", "global-job": "GlobalJob"}
COUNTED = {"replicated": "Replicas", "replicated-job": "TotalCompletions"}


def mode(api: Mapping[str, Any] | None) -> str:
    """The mode that the member Mode of a spec says."""
    return next((name for name, member in MODES.items() if (api or {}).get(member) is not None), "replicated")


def output(engine: Engine, path: str, query: Mapping[str, Any], tty: bool) -> tuple[str, str]:
    """(stdout, stderr) of GET {path}/logs; with a terminal all of it is stdout."""
    streams = {1: bytearray(), 2: bytearray()}
    with engine.stream("GET", f"{path}/logs", query) as stream:
        chunks = stream.chunks()
        for number, data in ((1, chunk) for chunk in chunks) if tty else frames(chunks):
            streams[number] += data
    return streams[1].decode(errors="replace"), streams[2].decode(errors="replace")
