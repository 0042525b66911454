# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A search for images (/images/search)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import access
from .._engine.client import Engine

SPEC: dict[str, dict[str, Any]] = {
    "term": {"type": "str", "required": True},
    "limit": {"type": "int", "default": 25},
    "official": {"type": "bool"},
    "stars": {"type": "int"},
    **access.SPEC,
}
RULES = {"required_together": access.TOGETHER}


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    term = params["term"]
    if not 1 <= params["limit"] <= 100:
        raise ValueError(f"limit: must be 1 to 100, not {params['limit']}")
    filters = {}
    if params["official"] is not None:
        filters["is-official"] = ["true" if params["official"] else "false"]
    if params["stars"] is not None:
        filters["stars"] = [str(params["stars"])]
    # As in an image's name, a registry stands in front of the first slash and looks like a host.
    domain, slash, _rest = term.partition("/")
    registry = domain if slash and (set(domain) & set(".:") or domain == "localhost") else "docker.io"
    way = access.Access(engine, params)
    asked = {"term": term, "limit": params["limit"], "filters": filters}
    headers = way.headers(registry)
    found = way.patiently(lambda: engine.get("/images/search", asked, headers=headers, patience=60))
    members = ("name", "description", "star_count", "is_official")
    return {"images": [{name: each.get(name) for name in members} for each in found or []]}
