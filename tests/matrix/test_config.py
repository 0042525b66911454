# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of configs, on every engine. What configs share with secrets is in test_secret.py."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.config import Config
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import UPDATE

from tests.matrix.clusters import Manager
from tests.matrix.harness import Bench, Case

CASES = [
    Case("data", {"data": "one"}, {"data": "two"}, shows={"Spec.Data": "b25l"}),
    Case("data base64", {"data": "/wA=", "data_is_b64": True}, {"data": "dHdv"}, shows={"Spec.Data": "/wA="}),
    Case("labels", {"data": "one", "labels": {"a": "1"}}, {"labels": {"a": "2"}}, UPDATE),
    Case(
        "template_driver",
        {"data": "{{ .Node.ID }}", "template_driver": "golang"},
        min_api=(1, 37),
        needs=("template_driver",),
        shows={"Spec.Templating.Name": "golang"},
    ),
    Case(
        "template_driver_options",
        {"data": "x", "template_driver": "golang", "template_driver_options": {"a": "1"}},
        {"template_driver_options": {"a": "2"}},
        min_api=(1, 37),
        needs=("template_driver", "template_driver_options"),
    ),
]


@pytest.fixture
def bench(manager: Manager) -> Bench:
    return Bench(Config, manager)


def create(manager: Manager, name: str, data: bytes) -> str:
    body = {"Name": name, "Data": base64.b64encode(data).decode()}
    made: str = manager.ask("POST", "/configs/create", body)["ID"]
    return made


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, manager: Manager) -> None:
    Bench(Config, manager).prove(case)


def test_every_option_has_a_case() -> None:
    assert {option for case in CASES for option in case.options} | {"data_src"} == set(Config.schema.argument_spec())


def test_the_diff_shows_the_content(bench: Bench) -> None:
    bench.run({"name": "c", "data": "port 80\n"})
    diff = bench.agree({"name": "c", "data": "port 81\n"}).diff
    assert diff == {"before": {"data": "port 80\n"}, "after": {"data": "port 81\n"}}
    assert bench.agree({"name": "new", "data": "x"}).diff["after"]["data"] == "x"


def test_a_config_of_the_docker_program_is_adopted(bench: Bench, manager: Manager, tmp_path: Path) -> None:
    create(manager, "c", b"one\n")
    bench.settled({"name": "c", "data": "one\n"})
    file = tmp_path / "c"
    file.write_bytes(b"one\n")
    bench.settled({"name": "c", "data_src": str(file)})


def test_what_a_service_uses(bench: Bench, manager: Manager) -> None:
    made = bench.run({"name": "c", "data": "one"}).value
    file = {"Name": "/c", "UID": "0", "GID": "0", "Mode": 292}
    manager.service("web", Configs=[{"ConfigID": made["config_id"], "ConfigName": "c", "File": file}])
    bench.refused({"name": "c", "data": "two"}, "config c is in use by service web; rolling_versions")
    bench.refused({"name": "c", "data": "one", "force": True}, "config c is in use by service web")
    assert bench.agree({"name": "c", "data": "one", "labels": {"a": "1"}}).changed


def test_rolling_versions(bench: Bench, manager: Manager) -> None:
    def roll(data: str) -> dict[str, Any]:
        options = {"name": "c", "data": data, "rolling_versions": True, "versions_to_keep": 1}
        return bench.agree(options).value

    assert [roll(data)["config_name"] for data in ("one", "two", "three", "three")] == ["c_v1", "c_v2", "c_v3", "c_v3"]
    assert sorted(each["Spec"]["Name"] for each in manager.ask("GET", "/configs")) == ["c_v2", "c_v3"]


def test_hashed_versions(bench: Bench, manager: Manager) -> None:
    def run(**options: Any) -> str:
        name: str = bench.agree({"name": "c", "hashed_versions": True, **options}).value["config_name"]
        assert [each["Spec"]["Name"] for each in manager.ask("GET", "/configs")] == [name]
        return name

    assert run(data="one") == "c_" + hashlib.sha256(b"one").hexdigest()[:12]
    plain = run(data="{{ .Node.ID }}")
    if manager.api >= (1, 37):
        assert run(data="{{ .Node.ID }}", template_driver="golang") != plain
    # Another config of the service stays.
    made = bench.run({"name": "c", "hashed_versions": True, "data": "one"}).value
    kept = bench.run({"name": "d", "data": "x"}).value
    file = {"Name": "/c", "UID": "0", "GID": "0", "Mode": 292}
    configs = [
        {"ConfigID": made["config_id"], "ConfigName": made["config_name"], "File": file},
        {"ConfigID": kept["config_id"], "ConfigName": "d", "File": {**file, "Name": "/d"}},
    ]
    manager.service("web", Configs=configs)
    moved = bench.agree({"name": "c", "hashed_versions": True, "data": "two"}).value
    used = manager.ask("GET", "/services/web")["Spec"]["TaskTemplate"]["ContainerSpec"]["Configs"]
    assert [(each["ConfigName"], each["File"]["Name"]) for each in used] == [(moved["config_name"], "/c"), ("d", "/d")]
    assert sorted(each["Spec"]["Name"] for each in manager.ask("GET", "/configs")) == [moved["config_name"], "d"]
