# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What engines know about containers that run, do not run, or vanish while they are looked at, on every engine."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._actions.containers import RULES, SPEC, query
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from engines.process import wait_for

from tests.matrix.containers import on_extremes, on_plain_engines
from tests.matrix.harness import Target


def ask(target: Target, **options: Any) -> dict[str, Any]:
    found = ArgumentSpecValidator(SPEC, **RULES).validate(options)
    if found.error_messages:
        raise ValueError("; ".join(found.error_messages))
    engine = target.client()
    try:
        return query(engine, found.validated_parameters)
    finally:
        engine.close()


def names(found: dict[str, Any]) -> list[str]:
    return [each["Name"].lstrip("/") for each in found["containers"]]


def test_which_containers(target: Target) -> None:
    first = target.container("first", Labels={"a": "1"})
    target.container("second", Labels={"a": "2"})
    target.container("third", start=False, Labels={"a": "1", "b": ""})
    found = ask(target, name="first")
    assert (found["exists"], found["container"]["Id"], names(found)) == (True, first, ["first"])
    assert found["container"] == target.ask("GET", "/containers/first/json")
    assert ask(target, name=first[:12])["container"]["Id"] == first
    assert ask(target, name="none") == {"exists": False, "container": None, "containers": []}
    assert names(ask(target, names=["third", "none", "first"])) == ["third", "first"]
    assert ask(target, names=[]) == {"containers": []}
    assert names(ask(target)) == ["second", "first"]
    assert names(ask(target, all=True)) == ["third", "second", "first"]
    assert names(ask(target, filters={"label": "a=1"})) == ["first"]
    assert names(ask(target, filters={"label": ["a", "b"]}, all=True)) == ["third"]
    assert names(ask(target, filters={"status": "created"})) == ["third"]
    assert names(ask(target, filters={"name": ["first", "second"]})) == ["second", "first"]
    with pytest.raises(ValueError, match=r"filters\.color: there is no such filter, only ancestor, before"):
        ask(target, filters={"color": "blue"})
    with pytest.raises(ValueError, match="mutually exclusive"):
        ask(target, name="first", names=["second"])


def test_what_runs(target: Target) -> None:
    script = "rm /www/gone; echo y >> /etc/group; echo x > /www/made; cat /etc/passwd > /dev/null; while :; do :; done"
    limits = {"Memory": 64 * 1024 * 1024}
    target.container("busy", Cmd=["sh", "-c", script], HostConfig=limits, Image=target.image())
    made = {"path": "/www/made", "kind": "added"}
    wait_for("the file", lambda: made in ask(target, name="busy", changes=True)["container"]["changes"], 20)
    found = ask(target, name="busy")["container"]
    assert {"stats", "top", "changes", "SizeRw"} & set(found) == set()
    found = ask(target, name="busy", stats=True, top=True, changes=True, size=True)["container"]
    stats = found["stats"]
    # Of the two CPUs it uses one, as much as the machine lets it have.
    assert 0 < stats["cpu_percent"] <= 110
    assert 0 < stats["memory_usage"] < stats["memory_limit"] == limits["Memory"]
    assert stats["memory_percent"] == round(stats["memory_usage"] / limits["Memory"] * 100, 2)
    assert stats["pids"] == 1
    assert stats["network_received"] == stats["sample"]["networks"]["eth0"]["rx_bytes"]
    assert stats["sample"]["precpu_stats"]["cpu_usage"]["total_usage"] > 0
    assert [process["CMD"] for process in found["top"]] == [f"sh -c {script}"]
    assert {"path": "/etc/group", "kind": "modified"} in found["changes"]
    assert found["SizeRootFs"] > found["SizeRw"] > 0
    found = ask(target, name="busy", top=True, ps_args="-o pid,comm")["container"]
    assert found["top"] == [{"PID": str(found["State"]["Pid"]), "COMMAND": "sh"}]
    with pytest.raises(EngineError, match=r"GET /containers/[0-9a-f]{64}/top: 500"):
        ask(target, name="busy", top=True, ps_args="--nosuch")


@on_plain_engines
def test_percentages_agree_with_the_docker_cli(target: Target) -> None:
    """Of a container with a quota, for that is the same whatever else the machine does."""
    limits = {"NanoCpus": 200_000_000, "Memory": 64 * 1024 * 1024}
    busy = "head -c 20000000 /dev/zero > /www/file; cat /www/file > /dev/null; while :; do :; done"
    target.container("busy", Cmd=["sh", "-c", busy], HostConfig=limits)

    def shown() -> list[str]:
        fields = "{{.CPUPerc}} {{.MemPerc}} {{.PIDs}}"
        return target.engine.docker("stats", "--no-stream", "--format", fields, "busy").stdout.replace("%", "").split()

    def agree() -> bool:
        stats, (cpu, memory, pids) = ask(target, name="busy", stats=True)["container"]["stats"], shown()
        return bool(
            abs(stats["cpu_percent"] - float(cpu)) < 6
            and abs(stats["memory_percent"] - float(memory)) < 1
            and stats["pids"] == int(pids) == 1
            and 5 < stats["cpu_percent"] < 30
        )

    wait_for("the same numbers", agree, 60)


def test_what_does_not_run(target: Target) -> None:
    target.container("created", start=False)
    target.container("ended", Cmd=["sh", "-c", "echo x > /made"])
    wait_for("the end", lambda: target.ask("GET", "/containers/ended/json")["State"]["Status"] == "exited", 20)
    target.container("paused")
    target.ask("POST", "/containers/paused/pause")
    found = ask(target, names=["created", "ended", "paused"], stats=True, top=True, changes=True, size=True)
    created, ended, paused = found["containers"]
    for each in (created, ended):
        assert (each["stats"], each["top"]) == (None, None)
        assert each["SizeRootFs"] > 0
    assert (created["changes"], created["SizeRw"]) == ([], 0)
    assert ended["changes"] == [{"path": "/made", "kind": "added"}]
    assert paused["stats"]["cpu_percent"] == 0
    assert "/bin/sh /bin/idle" in [process["CMD"] for process in paused["top"]]


@on_extremes
def test_what_vanishes_meanwhile(target: Target) -> None:
    target.container("stays")
    done, failures = threading.Event(), list[BaseException]()

    def churn(name: str, command: str) -> None:
        try:
            while not done.is_set():
                target.container(name, Cmd=["sh", "-c", command])
                target.ask("DELETE", f"/containers/{name}?force=1")
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=churn, args=(f"goes{n}", "sleep 9" if n % 2 else "true")) for n in range(4)]
    for thread in threads:
        thread.start()
    try:
        for _round in range(12):
            found = ask(target, all=True, top=True, changes=True, size=True)
            assert "stays" in names(found)
        found = ask(target, all=True, stats=True)
        assert [each["stats"]["pids"] for each in found["containers"] if each["Name"] == "/stays"] == [2]
    finally:
        done.set()
        for thread in threads:
            thread.join()
    assert failures == []
