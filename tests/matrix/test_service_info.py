# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""service_info, task_info and service_logs, against what runs in a swarm of each engine."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._resources import service_info as module
from ansible_collections.dockside.engine.plugins.module_utils._resources.service import Service
from engines.process import wait_for

from tests.matrix.cluster import ENGINES, Cluster, cluster
from tests.matrix.harness import Bench

TALK = "echo to out; echo to err >&2; exec /bin/idle"
Query = Callable[[Any, Mapping[str, Any]], dict[str, Any]]


class Reader:
    def __init__(self, target: Cluster) -> None:
        self.target = target

    def ask(self, query: Query, spec: dict[str, Any], options: Mapping[str, Any]) -> Any:
        result = ArgumentSpecValidator(spec).validate(dict(options))
        assert result.error_messages == []
        engine = self.target.client()
        try:
            return query(engine, result.validated_parameters)
        finally:
            engine.close()

    def services(self, **options: Any) -> Any:
        return self.ask(module.service_info, module.SERVICE_INFO, options)

    def tasks(self, **options: Any) -> Any:
        return self.ask(module.task_info, module.TASK_INFO, options)["tasks"]

    def logs(self, **options: Any) -> Any:
        return self.ask(module.service_logs, module.SERVICE_LOGS, options)


@pytest.fixture(scope="module", params=ENGINES)
def reader(request: pytest.FixtureRequest) -> Iterator[Reader]:
    """Services web (two tasks that talk), web2 (none, labelled) and terminal (one task with a TTY)."""
    with cluster(request.param) as target:
        bench = Bench(Service, target)
        common = {"image": "dockside/web:1", "resolve_image": "never", "stop_grace_period": "1s"}
        talk = {**common, "command": ["/bin/sh", "-c", TALK]}
        bench.run({"name": "web", "replicas": 2, **talk})
        bench.run({"name": "web2", "replicas": 0, "labels": {"a": "1"}, **common})
        bench.run({"name": "terminal", "tty": True, **talk})
        made = Reader(target)

        def talked() -> bool:
            texts = made.logs(name="web")["stderr"], made.logs(name="terminal")["stdout"]
            running = all(task["Status"]["State"] == "running" for task in made.tasks())
            return running and texts[0].count("to err\n") == 2 and "to err" in texts[1]

        wait_for("what the tasks say", talked, 30)
        yield made


def test_one_service(reader: Reader) -> None:
    found = reader.services(name="web")
    assert (found["exists"], found["service"]["Spec"]["Name"]) == (True, "web")
    assert [each["ID"] for each in found["services"]] == [found["service"]["ID"]]
    assert reader.services(name=found["service"]["ID"])["service"] == found["service"]
    for name in ("we", "nosuch", found["service"]["ID"][:8]):
        assert reader.services(name=name) == {"exists": False, "service": None, "services": []}
    assert "UpdateConfig" not in found["service"]["Spec"]
    assert reader.services(name="web", insert_defaults=True)["service"]["Spec"]["UpdateConfig"]["Parallelism"] == 1
    status = reader.services(name="web", status=True)["service"]["ServiceStatus"]
    assert (status["RunningTasks"], status["DesiredTasks"]) == (2, 2)


def test_many_services(reader: Reader) -> None:
    def names(**options: Any) -> list[str]:
        return [each["Spec"]["Name"] for each in reader.services(**options)["services"]]

    assert names() == ["terminal", "web", "web2"]
    assert names(filters={"label": "a=1"}) == ["web2"]
    assert names(filters={"label": {"a": 2}}) == []
    assert names(name="web", filters={"label": "a=1"}) == []


def test_tasks(reader: Reader) -> None:
    node = reader.target.ask("GET", "/nodes")[0]
    web = reader.tasks(service="web")
    assert [(task["ServiceName"], task["Slot"]) for task in web] == [("web", 1), ("web", 2)]
    assert {task["NodeName"] for task in web} == {node["Description"]["Hostname"]}
    assert {task["Status"]["State"] for task in web} == {"running"}
    assert len(reader.tasks()) == 3
    assert len(reader.tasks(node=node["Description"]["Hostname"])) == len(reader.tasks(node=node["ID"])) == 3
    assert reader.tasks(node="nosuch") == reader.tasks(service="nosuch") == reader.tasks(service="web2") == []
    assert len(reader.tasks(desired_state=["running"])) == 3
    assert reader.tasks(desired_state=["shutdown"]) == []
    assert len(reader.tasks(filters={"id": web[0]["ID"]})) == 1


def test_output_of_a_service(reader: Reader) -> None:
    said = reader.logs(name="web")
    assert (said["stdout_lines"], said["stderr_lines"]) == (["to out"] * 2, ["to err"] * 2)
    assert said["stdout"] == "to out\n" * 2
    assert reader.logs(name="web", stderr=False)["stderr_lines"] == []
    assert reader.logs(name="web", stdout=False)["stdout_lines"] == []
    assert reader.logs(name="web", since="1h")["stdout_lines"] == ["to out"] * 2
    assert reader.logs(name="web", since="0.5")["stdout_lines"] == ["to out"] * 2
    assert reader.logs(name="web", since="2999-01-05T08:00:00.123456789Z")["stdout_lines"] == []
    assert reader.logs(name="web", tail="0")["stdout_lines"] == []
    stamped = reader.logs(name="web", timestamps=True)["stdout_lines"]
    assert len(stamped) == 2
    assert all(re.match(r"\d{4}-\d\d-\d\dT\S+ to out", line) for line in stamped)
    assert all("com.docker.swarm.task.id=" in line for line in reader.logs(name="web", details=True)["stdout_lines"])


def test_output_of_a_task_and_of_a_terminal(reader: Reader) -> None:
    task = reader.tasks(service="web")[0]
    said = reader.logs(task=task["ID"])
    assert (said["stdout_lines"], said["stderr_lines"]) == (["to out"], ["to err"])
    said = reader.logs(name="terminal")
    assert (said["stdout_lines"], said["stderr"]) == (["to out", "to err"], "")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "exactly one of name and task"),
        ({"name": "web", "task": "x"}, "exactly one of name and task"),
        ({"name": "nosuch"}, "name: nosuch does not exist"),
        ({"task": "nosuch"}, "task: nosuch does not exist"),
        ({"name": "web", "tail": "many"}, "tail: must be a number or all"),
        ({"name": "web", "since": "yesterday"}, "since: .yesterday. is neither a span"),
    ],
)
def test_bad_input(reader: Reader, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        reader.logs(**options)
