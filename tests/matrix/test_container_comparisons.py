# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What counts as a difference, in each word of the option comparisons."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import IGNORE, MORE, STRICT

from tests.matrix.containers import Containers, networks, on_extremes
from tests.matrix.harness import Options, Target

MADE: Options = {
    "command": ["/bin/idle", "first"],
    "user": "app",
    "env": {"A": "1", "B": "2"},
    "labels": {"a": "1", "b": "2"},
    "capabilities": ["net_admin", "mknod"],
    "networks": [{"name": "one"}, {"name": "two"}],
    "volumes": ["data:/data", "more:/more"],
}
# A part of it, as far as an option can have parts.
PART: Options = {
    **MADE,
    "env": {"A": "1"},
    "labels": {"a": "1"},
    "capabilities": ["net_admin"],
    "networks": [{"name": "one"}],
    "volumes": ["data:/data"],
}
# Something else.
OTHER: Options = {
    "image": "dockside/other:1",
    "command": ["/bin/idle", "other"],
    "user": "root",
    "env": {"A": "9"},
    "labels": {"a": "9"},
    "capabilities": ["sys_time"],
    "networks": [{"name": "three"}],
    "volumes": ["other:/data"],
}
PARTS = {"env", "labels", "capabilities", "networks", "volumes"}
# What comparisons says, what the task names, and in which options that differs.
TABLE: dict[str, tuple[Options, Options, set[str]]] = {
    "default, a part": ({}, PART, set()),
    "default, all": ({}, OTHER, set(OTHER)),
    "strict, the same": ({"*": STRICT}, MADE, set()),
    "strict, a part": ({"*": STRICT}, PART, PARTS),
    "strict, but more labels": ({"*": STRICT, "labels": MORE}, PART, PARTS - {"labels"}),
    "strict, but no networks": ({"*": STRICT, "networks": IGNORE}, PART, PARTS - {"networks"}),
    "ignore": ({"*": IGNORE}, OTHER, set()),
    "ignore, but labels strict": ({"*": IGNORE, "labels": STRICT}, PART, {"labels"}),
    "ignore, but labels, a part": ({"*": IGNORE, "labels": MORE}, PART, set()),
    "ignore, but labels, another": ({"*": IGNORE, "labels": MORE}, OTHER, {"labels"}),
    "ignore, but command": ({"*": IGNORE, "command": STRICT}, OTHER, {"command"}),
    "ignore, but image": ({"*": IGNORE, "image": STRICT}, OTHER, {"image"}),
    "image ignored": ({"image": IGNORE}, OTHER, set(OTHER) - {"image"}),
    "networks strict": ({"networks": STRICT}, PART, {"networks"}),
}


@on_extremes
@pytest.mark.parametrize("what", TABLE)
def test_comparisons(target: Target, what: str) -> None:
    comparisons, named, differ = TABLE[what]
    networks(target)
    target.ask("POST", "/networks/create", {"Name": "three"})
    base = target.container("base", start=False)
    target.ask("POST", f"/commit?container={base}&repo=dockside/other&tag=1", {"Cmd": ["/bin/idle"]})
    bench = Containers(target, name="case", state="present")
    bench.run(MADE)
    before = bench.find()
    wanted: dict[str, Any] = {**named, "comparisons": comparisons}
    done = bench.agree(wanted)
    assert {change.option for change in done.changes} == differ
    assert (bench.find()["Id"] == before["Id"]) == (not differ or differ == {"networks"})
    bench.settled(wanted)


@on_extremes
def test_strict_leaves_nothing_else(target: Target) -> None:
    networks(target)
    bench = Containers(target, name="case", state="present")
    bench.run(MADE)
    bench.run({**PART, "comparisons": {"*": STRICT}})
    found = bench.find()
    assert [text for text in found["Config"]["Env"] if text[:2] in ("A=", "B=")] == ["A=1"]
    assert {name for name in found["Config"]["Labels"] if name in ("a", "b")} == {"a"}
    assert set(found["NetworkSettings"]["Networks"]) == {"one"}
    assert [text.partition(":")[0] for text in found["HostConfig"]["Binds"]] == ["data"]
