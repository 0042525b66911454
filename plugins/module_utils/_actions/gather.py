# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is there, as lists that apply takes."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Callable

from .._engine.client import Engine, together
from .._engine.reference import is_id, parse_reference
from .._resources import exports, images
from .._resources.container import Container
from .apply_kinds import KINDS
from .apply_listing import LISTS, OF_SWARM, controls, names
from .apply_view import Memory, Promises, View, image_name

Options = dict[str, Any]
EXPORTS: dict[str, Callable[[Any, Any], Options]] = {
    "networks": exports.network,
    "volumes": exports.volume,
    "secrets": exports.secret,
    "configs": exports.config,
    "containers": exports.container,
    "services": exports.service,
}


def gather(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    label = f"{params['project_label']}={params['project']}" if params["project"] else ""
    manager, memory = controls(engine), Memory()
    gathered: dict[str, list[Options]] = {option: [] for option in KINDS}

    def export(option: str, name: str) -> Options | None:
        """The options of an object, None when it has gone meanwhile."""
        kind = KINDS[option]
        defaults = {each: entry.get("default") for each, entry in kind.argument_spec().items()}
        resource = kind.resource(View(engine, memory, Promises(), kind.shares), {**defaults, "name": name})
        found = resource.find()
        if found and isinstance(resource, Container):
            resource.complete(found)
        return {"name": name, **EXPORTS[option](resource, found)} if found else None

    for option in LISTS:
        if option in OF_SWARM and not manager:
            continue
        wanted = [name for name in names(engine, option, label) if params["names"] is None or name in params["names"]]
        gathered[option] = [each for each in together(partial(export, option), wanted) if each]
    gathered["images"] = images_of(engine, gathered["containers"])
    if gathered["secrets"]:
        texts = ", ".join(each["name"] for each in gathered["secrets"])
        engine.warnings.append(f"engines do not give back the data of secrets: it is missing in {texts}")
    return {"changed": False, "gathered": gathered}


def images_of(engine: Engine, containers: list[Options]) -> list[Options]:
    """The images of containers that have names, to be pulled if a registry once had them."""
    result = []
    for name in sorted({image_name(each["image"]) for each in containers if not is_id(each["image"])}):
        found = images.inspect(engine, name)
        if found:
            repository = parse_reference(name).repository
            known = any(digest.startswith(f"{repository}@") for digest in found.get("RepoDigests") or [])
            result.append({"name": name, **({"source": "pull"} if known else {})})
    return result
