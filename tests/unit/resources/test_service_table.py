# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of services against the fields of the API (tests/data/options_service.csv), and the kinds by themselves."""

from __future__ import annotations

import csv
import pathlib
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources import service_kinds as kinds
from ansible_collections.dockside.engine.plugins.module_utils._resources.service_table import FIELDS, SCHEMA
from ansible_collections.dockside.engine.plugins.module_utils._resources.service_tasks import MODES
from ansible_collections.dockside.engine.plugins.module_utils._resources.shared import Ulimit
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import Field, Struct
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import MORE, STRICT, Kind, Many

DATA = pathlib.Path(__file__).parents[2] / "data/options_service.csv"
Version = tuple[int, int]

# What a kind has below its own place, and the API that needs.
MEMBERS: dict[type[Kind], dict[str, Version]] = {
    Ulimit: {"Name": (1, 33), "Soft": (1, 33), "Hard": (1, 33)},
    kinds.Preference: {"Spread.SpreadDescriptor": (1, 33)},
    kinds.CredentialSpec: {"File": (1, 33), "Registry": (1, 33), "Config": (1, 40)},
    kinds.Generic: {
        f"{kind}ResourceSpec.{name}": (1, 33) for kind in ("Named", "Discrete") for name in ("Kind", "Value")
    },
}
# Fields of the API that no row of the table has, and why.
ELSEWHERE = {
    "Name": "the name of the object",
    "Mode.Replicated.Replicas": "option replicas (Scale)",
    "Mode.Global": "option mode (Scale)",
    "Mode.ReplicatedJob.MaxConcurrent": "option max_concurrent (Scale)",
    "Mode.ReplicatedJob.TotalCompletions": "option replicas (Scale)",
    "Mode.GlobalJob": "option mode (Scale)",
    "TaskTemplate.ForceUpdate": "a counter: option force_update adds one",
    "TaskTemplate.ContainerSpec.Configs[].Runtime": "the config that option credential_spec names",
    "TaskTemplate.Runtime": "option plugin sets it; the others are for swarm itself",
    "X-Registry-Auth": "option with_registry_auth",
    "version": "sent with every update",
    "registryAuthFrom": "sent with every update: the login that the nodes have stays",
    "rollback": "option rollback",
}


def rows() -> list[dict[str, str]]:
    with DATA.open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["operation"].startswith("POST")]


def version(text: str) -> Version:
    major, _dot, minor = text.removeprefix("<=").partition(".")
    return max((int(major), int(minor)), (1, 33))


def walk(field: Field, prefix: str = "", least: Version = (1, 33)) -> Iterator[tuple[str, Version]]:
    """Every place in the API that a field has, with the API version that the table asks for."""
    place = prefix + field.path.replace("Healthcheck", "HealthCheck")
    least = max(least, field.min_api)
    kind = field.kind
    if isinstance(kind, Many) and (isinstance(kind.item, Struct) or type(kind.item) in MEMBERS):
        place, kind = f"{place}[]", kind.item
    if isinstance(kind, Struct):
        for each in kind.fields:
            yield from walk(each, f"{place}.", least)
    elif type(kind) in MEMBERS:
        for member, since in MEMBERS[type(kind)].items():
            yield f"{place}.{member}", max(least, since)
    else:
        yield place, least


TABLE = {path: since for field in FIELDS for path, since in walk(field)}


@pytest.mark.parametrize("operation", ["POST /services/create", "POST /services/{id}/update"])
def test_every_current_field_of_the_api_is_in_the_table(operation: str) -> None:
    current = {row["field"] for row in rows() if row["operation"] == operation and row["status"] == "current"}
    assert len(current) > 100
    assert current - set(TABLE) - set(ELSEWHERE) == set()


def test_the_table_has_nothing_that_the_api_ignores() -> None:
    assert set(TABLE) - {row["field"] for row in rows() if row["status"] in ("current", "undocumented")} == set()


def test_reasons_are_for_fields_that_exist_and_are_not_in_the_table() -> None:
    assert set(ELSEWHERE) <= {row["field"] for row in rows()}
    assert set(ELSEWHERE) & set(TABLE) == set()


@pytest.mark.parametrize("path", sorted(TABLE))
def test_the_table_asks_for_the_api_that_the_field_came_with(path: str) -> None:
    since = {version(row["since_api"]) for row in rows() if row["field"] == path}
    assert since == {TABLE[path]}


# ---- the contracts of the kinds ----

SAMPLES: list[tuple[Kind, Any]] = [
    (kinds.Variables(), ["A=1", "B", "C=x=y"]),
    (kinds.Variables(), {"A": "1", "B": None}),
    (kinds.Variables(), "A=1,B=2"),
    (kinds.Hosts(), {"a": "10.0.0.1", "b": "fd00:0::1"}),
    (kinds.Hosts(), {"a": ["10.0.0.1", "fd00:0::1"]}),
    (kinds.FileMode(), 0o444),
    (kinds.FileMode(), "0444"),
    (kinds.Ratio(), 0.1),
    (kinds.Generic(), "gpu=2"),
    (kinds.Generic(), "gpu=UUID1"),
    (kinds.Preference(), {"spread": "node.labels.a"}),
    (kinds.CredentialSpec(), "config://a"),
    (kinds.Privilege(), {"name": "network", "value": ["host"]}),
    (kinds.Profile(), {"b": 1, "a": [2]}),
    (kinds.Profile(), '{"b": 1, "a": [2]}'),
    (kinds.pace("pause"), {"delay": "5s", "order": "start-first"}),
    (kinds.MOUNT, {"target": "/m/", "type": "bind", "source": "/tmp", "propagation": "rprivate"}),
    (kinds.MOUNT, {"target": "/m", "type": "volume", "driver_config": {"options": {"a": 1}}}),
    (kinds.Ports(), [{"target_port": 80, "protocol": "udp"}, {"target_port": 80, "protocol": "tcp", "name": "a"}]),
    (kinds.References("secret"), [{"secret_name": "b"}, {"secret_name": "a", "mode": "0400"}]),
    (kinds.Networks(), ["b", {"name": "a", "aliases": ["y", "x"], "options": {"z": True}}]),
]


@pytest.mark.parametrize(("kind", "option"), SAMPLES, ids=lambda value: type(value).__name__)
def test_what_is_parsed_comes_back_and_equals_itself(kind: Kind, option: Any) -> None:
    value = kind.parse(option)
    assert kind.load(kind.dump(value)) == value
    assert kind.same(value, value, kind.mode)
    assert kind.parse(kind.show(value)) == value


@pytest.mark.parametrize(
    ("kind", "option", "message"),
    [
        (kinds.Variables(), {"A": 1}, "must be text"),
        (kinds.Variables(), ["=1"], "NAME=VALUE"),
        (kinds.Variables(), 5, "dictionary or a list"),
        (kinds.Hosts(), {"a": "b"}, "a: "),
        (kinds.Hosts(), {"a": []}, "a: needs a name without blanks and an address"),
        (kinds.FileMode(), "rw", "octal"),
        (kinds.FileMode(), 0o10000, "permissions"),
        (kinds.FileMode(), True, "octal"),
        (kinds.Ratio(), 1.1, "from 0 to 1"),
        (kinds.Generic(), "gpu=", "KIND=COUNT"),
        (kinds.Preference(), {"binpack": "a"}, "spread"),
        (kinds.CredentialSpec(), "config://", "config://NAME"),
        (kinds.Privilege(), {"name": "network", "value": "host"}, "must have a name and a list as value"),
        (kinds.Profile(), "{", "JSON"),
        (kinds.MOUNT, {"target": "m", "type": "tmpfs"}, "target: must start with /"),
        (kinds.MOUNT, {"target": "/m", "type": "tmpfs", "source": "a"}, "has no source"),
        (kinds.MOUNT, {"target": "/m", "type": "npipe", "source": "a", "labels": {}}, "labels: does not go with"),
        (kinds.Networks(), [1], "name of a network"),
        (kinds.Networks(), [{"name": "a", "aliases": "b"}], "aliases: must be a list"),
        (kinds.References("config"), [{"config_name": "a"}, {"config_name": "b", "filename": "a"}], "more than once"),
    ],
)
def test_what_does_not_fit_is_a_value_error(kind: Kind, option: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        kind.parse(option)


def port(target: int, published: int = 0, **more: Any) -> dict[str, Any]:
    return {"target_port": target, "protocol": "tcp", **({"published_port": published} if published else {}), **more}


@pytest.mark.parametrize(
    ("desired", "actual", "mode", "same"),
    [
        ([port(80)], [port(80, 8080, mode="ingress")], STRICT, True),
        ([port(80, 8081)], [port(80, 8080)], MORE, False),
        ([port(80, 1), port(80, 2)], [port(80, 2), port(80, 1)], STRICT, True),
        ([port(80, 1)], [port(80, 2), port(80, 1)], MORE, False),
        ([port(80, 1)], [port(80, 1), port(81)], MORE, True),
        ([port(80, 1)], [port(80, 1), port(81)], STRICT, False),
        ([port(80, 1, mode="host")], [port(80, 1, mode="ingress")], MORE, False),
        ([], [port(80)], MORE, True),
        ([], [port(80)], STRICT, False),
    ],
)
def test_ports(desired: Any, actual: Any, mode: str, same: bool) -> None:
    ports = kinds.Ports()
    assert ports.same(desired, actual, mode) is same
    assert ports.same(desired, ports.merge(desired, actual, mode), mode)


def test_port_0_asks_for_any_port() -> None:
    assert kinds.Ports().parse([port(80), {**port(81), "published_port": 0}]) == [port(80), port(81)]


def test_a_missing_update_config_and_an_empty_one_differ_in_parallelism() -> None:
    pace = kinds.pace("pause")
    assert pace.merge({"order": "start-first"}, {}, MORE) == {"parallelism": 1, "order": "start-first"}
    assert pace.merge({"order": "start-first"}, {"parallelism": 0}, MORE)["parallelism"] == 0


def test_another_secret_at_the_same_file_takes_its_place() -> None:
    secrets = kinds.References("secret")
    present = [{"secret_id": "1", "secret_name": "a", "filename": "f", "uid": "5", "gid": "0", "mode": 0o400}]
    laid = secrets.merge(secrets.parse([{"secret_name": "b", "secret_id": "2", "filename": "f"}]), present, MORE)
    assert laid == [{"secret_id": "2", "secret_name": "b", "filename": "f", "uid": "5", "gid": "0", "mode": 0o400}]


def test_a_mount_of_another_type_keeps_nothing() -> None:
    old = {"target": "/m", "type": "bind", "source": "/tmp", "propagation": "shared"}
    assert kinds.MOUNT.merge({"target": "/m", "type": "volume"}, old, MORE) == {"target": "/m", "type": "volume"}


@pytest.mark.parametrize("mode", MODES)
def test_every_mode_is_read_as_it_is_written(mode: str) -> None:
    body = SCHEMA.body({"mode": mode}, {}, SCHEMA.modes())
    assert SCHEMA.actual({"Spec": body, "Networks": []})["mode"] == mode
