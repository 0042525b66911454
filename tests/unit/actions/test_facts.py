# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Facts: which subsets are chosen, and engines that do not answer or answer with errors."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.facts import NAME, SPEC, SUBSETS, chosen, query
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve

from tests.unit.fake_engine import FakeEngine, Reply

ALL = {"min", *SUBSETS}


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (SPEC["gather_subset"]["default"], ALL - {"disk_usage"}),
        (["all"], ALL),
        ([], ALL),
        (["min"], {"min"}),
        (["!all"], {"min"}),
        (["!all", "!min"], set()),
        (["!min"], ALL - {"min"}),
        (["!images", "!swarm"], ALL - {"images", "swarm"}),
        (["images"], {"min", "images"}),
        (["!min", "images"], {"images"}),
        (["!all", "!min", "images", "volumes"], {"images", "volumes"}),
        (["images", "!images"], {"min", "images"}),
        (["all", "!images"], ALL - {"images"}),
    ],
    ids=str,
)
def test_subsets(wanted: list[str], expected: set[str]) -> None:
    assert chosen(wanted) == expected


@pytest.mark.parametrize("word", ["hardware", "!hardware", "", "!"])
def test_unknown_subsets(word: str) -> None:
    with pytest.raises(ValueError, match=r"gather_subset: '.*' is none of all, min, containers, disk_usage, images"):
        chosen([word])


@pytest.fixture
def fake() -> Iterator[FakeEngine]:
    folder = tempfile.mkdtemp(prefix="dockside-")
    with FakeEngine(f"{folder}/s") as engine:
        yield engine
    shutil.rmtree(folder)


def facts(fake: FakeEngine, *subsets: str) -> tuple[dict[str, object], list[str]]:
    engine = Engine(resolve({"docker_host": fake.address}, {}))
    found = query(engine, {"gather_subset": list(subsets)})["ansible_facts"][NAME]
    engine.close()
    return found, engine.warnings


def test_an_error_in_place_of_an_answer(fake: FakeEngine) -> None:
    fake.on("GET", "/images/json", Reply({"message": "no space left"}, 500))
    fake.on("GET", "/volumes", Reply({"Volumes": None}))
    found, warnings = facts(fake, "!min", "images", "volumes")
    assert found == {"reachable": True, "docker_host": fake.address, "api_version": "1.51", "volumes": []}
    assert warnings == ["dockside_engine has no images: GET /images/json: 500 Internal Server Error: no space left"]


def test_what_the_engine_has_not_is_left_out(fake: FakeEngine) -> None:
    """Podman knows no plugins, and only managers know a swarm."""
    for path in ("/nodes", "/services"):
        fake.on("GET", path, Reply({"message": "This node is not a swarm manager."}, 503))
    found, warnings = facts(fake, "!min", "plugins", "swarm")
    assert (set(found), warnings) == ({"reachable", "docker_host", "api_version"}, [])


def test_an_engine_that_is_too_old(fake: FakeEngine) -> None:
    fake.api = "1.24"
    found, _warnings = facts(fake, "all")
    assert (found["reachable"], "speaks up to 1.24" in str(found["reason"])) == (False, True)


def test_settings_of_plugins_stay_where_they_are(fake: FakeEngine) -> None:
    plugin = {
        "Id": "1",
        "Name": "a:1",
        "Enabled": True,
        "Config": {"Interface": {"Types": ["docker.volumedriver/1.0"]}},
    }
    fake.on("GET", "/plugins", Reply([{**plugin, "Settings": {"Env": ["PASSWORD=secret"]}}]))
    found, _warnings = facts(fake, "!min", "plugins")
    assert found["plugins"] == [
        {"Id": "1", "Name": "a:1", "Enabled": True, "PluginReference": None, "Types": ["docker.volumedriver/1.0"]}
    ]


def test_plugins_are_in_the_same_order_each_time(fake: FakeEngine) -> None:
    """The engine's order is that of a map of Go."""
    plugins = [{"Id": name, "Name": name, "Config": {"Interface": {"Types": []}}} for name in ("b:1", "a:1", "c:1")]
    fake.on("GET", "/plugins", Reply(plugins))
    found, _warnings = facts(fake, "!min", "plugins")
    assert [each["Name"] for each in found["plugins"]] == ["a:1", "b:1", "c:1"]
