# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The tables of swarms, nodes, secrets and configs against the fields of the API (tests/data/options_swarm.csv)."""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.config import Config
from ansible_collections.dockside.engine.plugins.module_utils._resources.node import Node
from ansible_collections.dockside.engine.plugins.module_utils._resources.secret import Secret
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm import ROTATIONS, Swarm
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import Resource

DATA = pathlib.Path(__file__).parents[2] / "data/options_swarm.csv"
VERSION = "sent with every update"
PLACE = "an option of the same name in snake_case, which is no setting of the swarm (Swarm.where)"
# Fields that no row of a table stands for, and why.
ELSEWHERE = {
    "POST /swarm/init": {
        "ListenAddr": PLACE,
        "AdvertiseAddr": PLACE,
        "DataPathAddr": PLACE,
        "ForceNewCluster": "options force and force_new_cluster",
    },
    "POST /swarm/update": {"version": VERSION, **{key: name for name, (_text, key) in ROTATIONS.items() if key}},
    "POST /nodes/{id}/update": {"version": VERSION, "Name": "stays as it is; engines find no node by it"},
    **{f"POST /{kind}s/create": {"Name": "option name"} for kind in ("secret", "config")},
    **{
        f"POST /{kind}s/{{id}}/update": {"Name": "option name", "version": VERSION, "Data": "stays as it is"}
        for kind in ("secret", "config")
    },
}
BY_TYPE = {"str": "a", "bool": True, "int": 1, "dict": {"a": "1"}}
SAMPLES: dict[str, Any] = {
    "name": "default",
    "role": "worker",
    "availability": "active",
    "template_driver": "golang",
    "dispatcher_heartbeat_period": "1s",
    "node_cert_expiry": "1h",
    "data_path_port": 5000,
    "default_addr_pool": ["10.0.0.0/8"],
    "external_ca": [{"url": "https://ca.example", "protocol": "cfssl", "options": {"a": "1"}, "ca_cert": "PEM"}],
}
TABLES: dict[str, tuple[type[Resource], str]] = {
    "POST /swarm/init": (Swarm, ""),
    "POST /swarm/update": (Swarm, "Spec."),
    "POST /nodes/{id}/update": (Node, ""),
    "POST /secrets/create": (Secret, ""),
    "POST /secrets/{id}/update": (Secret, ""),
    "POST /configs/create": (Config, ""),
    "POST /configs/{id}/update": (Config, ""),
}


def rows(operation: str) -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["operation"] == operation]


def places(value: Any, path: str = "") -> Iterator[str]:
    """The places of a JSON document as the API's documents write them, with all that are above one."""
    if path:
        yield path
    for key, member in value.items() if isinstance(value, dict) else ():
        yield from places(member, f"{path}.{key}" if path else key)
    for member in value if isinstance(value, list) else ():
        yield from places(member, f"{path}[]")


def written(kind: type[Resource]) -> set[str]:
    """The places in a request that the options of a table come to."""
    spec = kind.schema.argument_spec()
    options = {name: SAMPLES.get(name, BY_TYPE.get(entry["type"])) for name, entry in spec.items()}
    options.update({name: None for name in ("data_src", "data_is_b64") if name in options})
    desired = kind.schema.desired(options)
    assert set(desired) == {name for name, value in options.items() if value is not None}
    return set(places(kind.schema.body(desired, {}, kind.schema.modes())))


@pytest.mark.parametrize("operation", TABLES)
def test_every_current_field_of_the_api_is_in_the_table(operation: str) -> None:
    kind, above = TABLES[operation]
    found = {path.removeprefix(above) for path in written(kind)}
    current = {row["field"] for row in rows(operation) if row["status"] == "current"}
    assert len(current) >= 4
    assert current - found - set(ELSEWHERE[operation]) == set()
    assert set(ELSEWHERE[operation]) <= current


@pytest.mark.parametrize("operation", TABLES)
def test_the_table_asks_for_the_api_that_the_field_came_with(operation: str) -> None:
    kind, above = TABLES[operation]
    since = {row["field"]: row["since_api"] for row in rows(operation)}
    for field in kind.schema.parts:
        place = getattr(field, "path", "").removeprefix(above)
        if place in since and not since[place].startswith("<="):
            major, _dot, minor = since[place].partition(".")
            assert field.min_api == max((int(major), int(minor)), (1, 33)), place  # type: ignore[attr-defined]
