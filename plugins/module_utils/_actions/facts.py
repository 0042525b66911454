# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""An engine as facts of its host: what it is and what is on it, in one round of requests."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from .._engine.client import Engine, together
from .._engine.errors import APIError, EngineError
from .._resources.swarm_lists import SHORT
from .host import listed, ping
from .usage import KINDS, ordered, usage

NAME = "dockside_engine"
# Asked of any engine, and not known to one that has no such thing: no plugins, no manager of a swarm.
NOTHING = (404, 503)


def plugins(engine: Engine) -> list[dict[str, Any]]:
    """Without the settings, which may hold secrets."""
    return [
        {
            **{name: each.get(name) for name in ("Id", "Name", "Enabled", "PluginReference")},
            "Types": each["Config"]["Interface"]["Types"],
        }
        for each in ordered("plugins", engine.get("/plugins") or [])
    ]


def disk_usage(engine: Engine) -> dict[str, Any]:
    return {
        kind: {key: value for key, value in each.items() if key != "objects"}
        for kind, each in usage(engine, KINDS).items()
    }


def of_swarm(kind: str) -> Callable[[Engine], Any]:
    """The nodes or services, as their managers list them, without settings."""
    return lambda engine: [SHORT[kind](each) for each in engine.get(f"/{kind}") or []]


def of_engine(kind: str) -> Callable[[Engine], Any]:
    return lambda engine: listed(engine, kind, {}, True)


# Fact -> the subset it belongs to, and the request that reads it.
FACTS: dict[str, tuple[str, Callable[[Engine], Any]]] = {
    "info": ("min", lambda engine: engine.get("/info")),
    "version": ("min", lambda engine: engine.get("/version")),
    "ping": ("min", ping),
    **{kind: (kind, of_engine(kind)) for kind in ("containers", "images", "networks", "volumes")},
    "plugins": ("plugins", plugins),
    "nodes": ("swarm", of_swarm("nodes")),
    "services": ("swarm", of_swarm("services")),
    "disk_usage": ("disk_usage", disk_usage),
}
SUBSETS = sorted({subset for subset, _read in FACTS.values()} - {"min"})
SPEC: dict[str, dict[str, Any]] = {
    # Measuring disks may take a large engine minutes.
    "gather_subset": {"type": "list", "elements": "str", "default": ["all", "!disk_usage"]},
}


def chosen(wanted: Iterable[str]) -> set[str]:
    """The subsets that gather_subset names, as ansible.builtin.setup reads it.

    What is only excluded is excluded from all; what is named itself is not excluded by ``!all``; min is always there,
    unless ``!min`` is.
    """
    named, without, everything = set(), set(), True
    for word in wanted:
        name = word.lstrip("!")
        if name not in ("all", "min", *SUBSETS):
            raise ValueError(f"gather_subset: {name!r} is none of all, min, {', '.join(SUBSETS)}, with or without !")
        if not word.startswith("!"):
            named.add(name)
        elif name == "all":
            without |= set(SUBSETS)
            everything = False
        else:
            without.add(name)
    everything = "all" in named or (everything and not named)
    return ({"min"} - without) | ((set(SUBSETS) - without) if everything else set()) | (named - {"all"})


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    subsets = chosen(params["gather_subset"])
    reads = [(fact, read) for fact, (subset, read) in FACTS.items() if subset in subsets]
    facts: dict[str, Any] = {"docker_host": engine.endpoint.url, "reachable": True}
    try:
        facts["api_version"] = "{}.{}".format(*engine.api)
        found = together(lambda each: known(engine, *each), reads)
        facts.update((fact, value) for (fact, _read), value in zip(reads, found) if value is not None)
    except EngineError as error:  # facts of other things shall still be gathered
        facts = {"docker_host": engine.endpoint.url, "reachable": False, "reason": error.message}
    return {"ansible_facts": {NAME: facts}}


def known(engine: Engine, fact: str, read: Callable[[Engine], Any]) -> Any:
    """What is read; None, with a warning, when the engine has an error in place of an answer."""
    try:
        return read(engine)
    except APIError as error:
        if error.status not in NOTHING:
            engine.warnings.append(f"{NAME} has no {fact}: {error}")
        return None
