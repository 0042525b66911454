# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of volumes, on every engine."""

from __future__ import annotations

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.volume import Volume
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import CREATE_ONLY

from tests.matrix.containers import everywhere
from tests.matrix.harness import Bench, Case, Options, Target, counted

REPLACE = {"recreate": "options-changed"}
TMPFS = {"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
CASES = [
    Case("name alone", {}, shows={"Driver": "local"}),
    Case("driver", {"driver": "local"}),
    Case(
        "driver_options",
        {"driver_options": TMPFS},
        {"driver_options": {"o": "size=2m"}},
        CREATE_ONLY,
        consent=REPLACE,
        shows={"Options": TMPFS},
    ),
    Case(
        "labels",
        {"labels": {"a": "1", "b": "2"}},
        {"labels": {"a": "3"}},
        CREATE_ONLY,
        consent=REPLACE,
        shows={"Labels": {"a": "1", "b": "2"}},
    ),
    Case("labels none", {"labels": {}}, {"labels": {"a": "1"}}, CREATE_ONLY, consent=REPLACE),
]


@everywhere
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, target: Target) -> None:
    Bench(Volume, target).prove(case)


def test_every_option_has_a_case() -> None:
    assert {option for case in CASES for option in case.options} == set(Volume.schema.argument_spec())


def test_what_a_task_does_not_name_is_left_alone(target: Target) -> None:
    bench = Bench(Volume, target)
    bench.run({"name": "case", "labels": {"a": "1", "b": "2"}, "driver_options": TMPFS})
    bench.settled({"name": "case"})
    bench.settled({"name": "case", "labels": {"a": "1"}})
    done = bench.agree({"name": "case", "labels": {"a": "3"}, **REPLACE})
    assert done.value["volume"]["Labels"] == {"a": "3", "b": "2"}
    assert done.value["volume"]["Options"] == TMPFS


def test_recreate_loses_the_data_and_says_so(target: Target) -> None:
    bench = Bench(Volume, target)
    bench.run({"name": "case", "labels": {"a": "1"}})
    bench.refused({"name": "case", "labels": {"a": "2"}}, "labels is .*1.*, wanted .*2.*ITS DATA IS LOST")
    target.container(
        "user", HostConfig={"Binds": ["case:/data"]}, Cmd=["sh", "-c", "echo kept > /data/file; exec /bin/idle"]
    )
    with pytest.raises(EngineError, match="in use"):
        bench.run({"name": "case", "labels": {"a": "2"}, **REPLACE})
    assert target.ask("GET", "/volumes/case")["Labels"] == {"a": "1"}


def test_what_the_driver_refuses_leaves_the_old_volume(target: Target) -> None:
    bench = Bench(Volume, target)
    bench.run({"name": "case", "labels": {"a": "1"}})
    bench_before = target.snapshot()
    with pytest.raises(EngineError, match="nosuch"):
        bench.run({"name": "case", "driver_options": {"nosuch": "1"}, **REPLACE})
    assert target.snapshot() == bench_before


def test_always_is_a_new_volume_each_time(target: Target) -> None:
    bench = Bench(Volume, target)
    bench.run({"name": "case"})
    assert bench.agree({"name": "case", "recreate": "always"}).actions == ["recreate volume case"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "case", "labels": {"a": 1}}, "labels.a: must be text, not 1; put quotes around it"),
        ({"name": "case", "labels": "a"}, "labels"),
        ({"name": ""}, "empty"),
        ({"name": "a/b"}, "a/b"),
    ],
)
def test_bad_input(target: Target, options: Options, message: str) -> None:
    Bench(Volume, target).refused(options, message, (ValueError, EngineError))


def test_unchanged_takes_two_requests(target: Target) -> None:
    bench = Bench(Volume, target)
    options = {"name": "case", "labels": {"a": "1"}, "driver_options": TMPFS}
    bench.run(options)
    with counted(target) as (host, requests):
        assert not bench.run(options, host=host).changed
    assert len(requests) <= 2, requests
