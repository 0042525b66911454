# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine, and with it a registry, knows of images."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .._engine import access
from .._engine.client import Engine, together
from .._engine.errors import APIError, StreamError
from .._engine.reference import is_id, parse_reference
from .._state.kinds import Need
from .images import inspect, oci

SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "list", "elements": "str"},
    "platform": {"type": "str"},
    "manifests": {"type": "bool", "default": False},
    "history": {"type": "bool", "default": False},
    "distribution": {"type": "bool", "default": False},
    "attestations": {"type": "bool", "default": False},
    "attestation_types": {"type": "list", "elements": "str"},
    "attestation_statements": {"type": "bool", "default": False},
    **access.SPEC,
}
RULES: dict[str, Any] = {"mutually_exclusive": [("manifests", "platform")], "required_together": access.TOGETHER}
# Options and the API version that they came with.
NEEDS: list[Need] = [("manifests", (1, 48)), ("platform", (1, 49)), ("attestations", (1, 55))]


def image_info(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    """`images` in the order of their names, without those that are not there; several are asked for at once."""
    if params["manifests"] and params["platform"]:
        raise ValueError("manifests: lists all platforms, so it does not go with platform")
    engine.require([(option, since) for option, since in NEEDS if params[option]])
    query = Query(engine, params)
    names = params["name"] or [listed["Id"] for listed in engine.get("/images/json")]
    return {"images": [found for found in together(query.image, names) if found]}


class Query:
    """The requests for one image, as the options say."""

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        self.engine, self.params = engine, params
        self.access = access.Access(engine, params)
        self.platform = {"platform": oci(params["platform"])} if params["platform"] else {}

    def image(self, name: str) -> dict[str, Any] | None:
        """What inspect shows, with more members for what the options ask; None for what is not there."""
        if self.params["manifests"]:
            found: dict[str, Any] | None = self.engine.get(f"/images/{name}/json", {"manifests": True}, missing=None)
        else:
            found = inspect(self.engine, name, self.params["platform"])
        if found is None:
            return None
        if self.params["history"]:
            found["History"] = self.engine.get(f"/images/{name}/history", self.platform)
        if self.params["distribution"]:
            found["Distribution"] = self.distribution(name, found)
        if self.params["attestations"]:
            found["Attestations"] = self.attestations(name)
        return found

    def distribution(self, name: str, found: Mapping[str, Any]) -> dict[str, Any] | None:
        """What the registry has under the name, or the first one of an id; None, with a warning, when nobody knows."""
        if is_id(name) or found["Id"].partition(":")[2].startswith(name):
            if not found.get("RepoTags"):
                return None
            name = found["RepoTags"][0]
        try:
            return self.access.look(parse_reference(name))
        except (APIError, StreamError) as error:
            self.engine.warnings.append(f"what the registry has as {name} is not known: {error.message}")
            return None

    def attestations(self, name: str) -> list[dict[str, Any]] | None:
        """GET /images/{name}/attestations; None, with a warning, from an image store that keeps none."""
        types, statements = self.params["attestation_types"], self.params["attestation_statements"]
        query = {**self.platform, "type": tuple(types) if types else None, "statement": statements}
        try:
            answer: list[dict[str, Any]] = self.engine.get(f"/images/{name}/attestations", query)
        except APIError as error:
            if error.status != 501:
                raise
            self.engine.warnings.append(f"the attestations of {name} are not known: {error.message}")
            return None
        return answer
