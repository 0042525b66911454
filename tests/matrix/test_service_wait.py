# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services with tasks: waiting, what is told of failures, digests from a registry, two tasks at once."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.service import Service
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import pick

from tests.matrix.cluster import ENGINES, Cluster, cluster
from tests.matrix.harness import Bench, Options

CS = "Spec.TaskTemplate.ContainerSpec"
FAST = {"monitor": "500ms", "delay": "0", "parallelism": 0}
WEB: dict[str, Any] = {
    "name": "web", "image": "dockside/web:1", "resolve_image": "never", "command": "/bin/idle",
    "restart_config": {"condition": "none"}, "update_config": dict(FAST), "rollback_config": dict(FAST),
    "stop_grace_period": "1s", "wait": True, "wait_timeout": 30,
}  # fmt: skip
BROKEN = {"command": ["/bin/sh", "-c", "echo the disk is full >&2; exit 3"]}


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with cluster(request.param, daemon={"node-generic-resources": ["gpu=UUID1", "gpu=UUID2"]}) as made:
        yield made


@pytest.fixture
def target(shared: Cluster) -> Iterator[Cluster]:
    yield shared
    shared.clear()


@pytest.fixture
def bench(target: Cluster) -> Bench:
    return Bench(Service, target)


def running(target: Cluster) -> list[str]:
    """What the tasks of the service run."""
    return [each["Command"] for each in target.ask("GET", "/containers/json") if each["Names"][0].startswith("/web.")]


def failure(bench: Bench, options: Options) -> str:
    with pytest.raises(EngineError) as caught:
        bench.run(options)
    return caught.value.message


def test_nothing_is_left_when_the_task_ends(bench: Bench, target: Cluster) -> None:
    mounts = [{"type": "volume", "source": "kept", "target": "/kept"}]
    bench.run({**WEB, "replicas": 2, "mounts": mounts})
    bench.run({"name": "web", "state": "absent", "wait": True})
    assert target.ask("GET", "/containers/json?all=1") == []
    target.ask("DELETE", "/volumes/kept")


def test_new_tasks_run_when_the_task_ends(bench: Bench, target: Cluster) -> None:
    bench.run({**WEB, "replicas": 2})
    assert len(running(target)) == 2
    bench.settled({**WEB, "replicas": 2})
    bench.run({**WEB, "replicas": 1, "command": "/bin/sh -c /bin/idle"})
    assert running(target) == ["/bin/sh -c /bin/idle"]


def test_what_is_removed_is_gone_when_the_task_ends(bench: Bench, target: Cluster) -> None:
    bench.run({**WEB, "networks": ["blue"]})
    gone = {"name": "web", "state": "absent", "wait": True, "wait_timeout": 30}
    assert bench.run(gone).actions == ["remove service web"]
    assert target.ask("GET", "/tasks") == []
    assert not target.ask("GET", "/networks/blue")["Containers"]
    bench.settled(gone)
    deaf = ["/bin/sh", "-c", "trap '' TERM; while true; do sleep 1; done"]
    bench.run({**WEB, "command": deaf, "stop_grace_period": "10s"})
    said = failure(bench, {**gone, "wait_timeout": 0})
    assert "service web is removed, but after 0 s not yet gone: task " in said


def test_a_global_service_and_jobs(bench: Bench, target: Cluster) -> None:
    bench.run({**WEB, "mode": "global"})
    assert len(running(target)) == 1
    for number, job in enumerate(({"mode": "replicated-job", "replicas": 2}, {"mode": "global-job"})):
        options = {**WEB, "name": f"job{number}", "command": "/bin/true", **job}
        del options["update_config"], options["rollback_config"]
        bench.run(options)
        states = [
            task["Status"]["State"]
            for task in target.ask("GET", "/tasks")
            if task["Spec"]["ContainerSpec"]["Command"] == ["/bin/true"]
        ]
        assert set(states) == {"complete"}
        bench.settled(options)  # a second run starts no new iteration
        assert target.service(f"job{number}")["JobStatus"]["JobIteration"].get("Index", 0) == 0
        target.ask("DELETE", f"/services/job{number}")


def test_tasks_that_fail_are_told_with_their_last_output(bench: Bench, target: Cluster) -> None:
    said = failure(bench, {**WEB, **BROKEN, "wait_timeout": 2})
    assert "service web has not converged after 2 s: 0 of 1 tasks run" in said
    assert "task web.1 on " in said
    assert "failed: task: non-zero exit (3)" in said
    assert "its last output: the disk is full" in said


def test_no_node_fits(bench: Bench) -> None:
    said = failure(bench, {**WEB, "placement": {"constraints": ["node.role==worker"]}, "wait_timeout": 1})
    assert "no suitable node" in said


def test_what_a_node_says_it_has(bench: Bench, target: Cluster) -> None:
    bench.run({**WEB, "reservations": {"generic_resources": ["gpu=2"]}})
    (container,) = target.ask("GET", "/containers/json")
    env = target.ask("GET", f"/containers/{container['Id']}/json")["Config"]["Env"]
    assert sorted(env[0].partition("=")[2].split(",")) == ["UUID1", "UUID2"]
    said = failure(bench, {**WEB, "reservations": {"generic_resources": ["gpu=3"]}, "wait_timeout": 3})
    assert "insufficient resources" in said


@pytest.mark.parametrize("where", ["config://runtime", "file://a.json", "registry://a"])
def test_a_credential_spec_comes_to_the_node(bench: Bench, target: Cluster, where: str) -> None:
    """Only Windows can use it; Linux says what came."""
    came = where.replace("runtime", target.configs["runtime"])
    bench.run(WEB)
    assert f"credentialspec={came}" in failure(bench, {**WEB, "credential_spec": where})


def test_an_image_that_no_node_has(bench: Bench) -> None:
    assert "No such image" in failure(bench, {**WEB, "image": "dockside/nosuch:1", "wait_timeout": 3})


@pytest.mark.parametrize(
    ("action", "words", "left"),
    [("pause", "its update is paused", 0), ("rollback", "its update failed and was rolled back", 1)],
)
def test_an_update_that_swarm_gives_up(bench: Bench, target: Cluster, action: str, words: str, left: int) -> None:
    bench.run({**WEB, "update_config": {**FAST, "failure_action": action}})
    said = failure(bench, {**WEB, **BROKEN, "update_config": {**FAST, "failure_action": action}})
    assert words in said
    assert "non-zero exit (3)" in said
    assert "the disk is full" in said
    assert len(running(target)) == left
    if action == "pause":  # nothing differs, and yet the service is not what the task wants
        assert words in failure(bench, {**WEB, **BROKEN, "update_config": {**FAST, "failure_action": action}})
        bench.run({"name": "web", "rollback": True, "wait": True, "wait_timeout": 30})
        assert running(target) == ["/bin/idle"]
    else:
        bench.settled(WEB)
        assert words in failure(bench, {**WEB, **BROKEN})


def test_two_tasks_at_once(bench: Bench, target: Cluster) -> None:
    """Every label of both arrives; also when both make the service."""
    errors: list[BaseException] = []

    def run(who: str) -> None:
        try:
            for number in range(6):
                bench.run({**WEB, "wait": False, "replicas": 0, "labels": {f"{who}{number}": "1"}})
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=run, args=(who,)) for who in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert set(target.service("web")["Spec"]["Labels"]) == {f"{who}{number}" for who in "ab" for number in range(6)}
    assert len(target.services()) == 1


def test_digests(bench: Bench, target: Cluster) -> None:
    registry = target.engine.registry()
    name = f"{registry.name}/web"

    def push(content: str) -> str:
        target.engine.image(f"{name}:1", files={"/content": content.encode()})
        target.engine.docker("push", f"{name}:1")
        digest: str = target.ask("GET", f"/distribution/{name}:1/json")["Descriptor"]["digest"]
        return digest

    def image() -> str:
        return str(pick(target.service("case"), f"{CS}.Image"))

    first = push("first")
    options = {"name": "case", "image": f"{name}:1", "replicas": 0}
    bench.agree(options)
    assert image() == f"{name}:1@{first}"
    bench.settled(options)
    bench.settled({**options, "resolve_image": True})
    bench.settled({**options, "resolve_image": False})
    second = push("second")
    assert first != second
    bench.settled(options)
    bench.settled({**options, "resolve_image": "never"})
    bench.agree({**options, "resolve_image": "always"})
    assert image() == f"{name}:1@{second}"
    bench.agree({**options, "image": f"{name}@{first}"})
    assert image() == f"{name}@{first}"
    bench.settled({**options, "image": f"{name}@{first}"})
    made = target.service("case")["Spec"]["TaskTemplate"]["Placement"]["Platforms"]
    target.engine.docker("service", "create", "-d", "--name", "cli", "--replicas", "0", f"{name}:1")
    assert target.service("cli")["Spec"]["TaskTemplate"]["Placement"]["Platforms"] == made
    bench.settled({**options, "name": "cli", "resolve_image": "always"})
    missing = bench.run({**options, "image": f"{name}:nosuch"})
    assert image() == f"{name}:nosuch"
    assert any("goes without a digest" in text for text in missing.value["warnings"])
