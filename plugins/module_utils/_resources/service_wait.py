# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the tasks of a service are as its spec wants them, and if not, why: what its tasks and their output say.

Rests on GET /services/{id}, GET /tasks, GET /nodes and GET /tasks/{id}/logs.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from typing import Any

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._state.fields import pick
from .cluster import came
from .service_tasks import COUNTED, mode, output

Document = Mapping[str, Any]

MONITOR = 5.0  # seconds for which swarm watches a new task when the service says nothing
LINES = 5  # of the output of a failing task
SHOWN = 3  # failing tasks in a message
# The states of an update in which swarm leaves the tasks as they are.
GIVEN_UP = {
    "paused": "its update is paused",
    "rollback_paused": "its update failed, and so did the rollback, which is paused",
    "rollback_completed": "its update failed and was rolled back",
}
FAILED = ("failed", "rejected", "orphaned")
OVER = (*FAILED, "complete", "shutdown", "remove")


class NotConverged(EngineError):
    """A service whose tasks are not what was asked for; the message holds the errors and last output of its tasks."""


class Watch:
    """Follows a service until its tasks are as wanted.

    `acted`: this run changed the service, so that a rollback which swarm made by itself is a failure.
    `back`: a rollback is what was asked for.
    """

    def __init__(self, engine: Engine, ident: str, name: str, *, acted: bool, back: bool) -> None:
        self.engine = engine
        self.ident = ident
        self.name = name
        self.acted = acted
        self.back = back
        self.runtime: dict[str, list[str]] = {}  # engines list the tasks of plugins only when they are asked for

    def service(self) -> dict[str, Any]:
        found: dict[str, Any] = self.engine.get(f"/services/{self.ident}")
        self.runtime = {"runtime": ["plugin"]} if pick(found, "Spec.TaskTemplate.PluginSpec") else {}
        return found

    def tasks(self, **filters: str) -> list[dict[str, Any]]:
        """The tasks that filters of GET /tasks leave: desired_state, and _up_to_date, which the docker CLI uses too."""
        names = {"desired_state": "desired-state", "_up_to_date": "_up-to-date"}
        wanted = {"service": [self.ident], **self.runtime, **{names[name]: [text] for name, text in filters.items()}}
        found: list[dict[str, Any]] = self.engine.get("/tasks", {"filters": wanted}) or []
        return found

    def until_converged(self, patience: float) -> dict[str, Any]:
        """The service once it is converged; NotConverged when swarm gave it up or `patience` seconds are over."""
        end = time.monotonic() + patience
        steady: float | None = None
        while True:
            service = self.service()
            reached, state = self.reached(service)
            trouble = self.given_up(service)
            # What was rolled back shall run again before the run ends.
            if trouble and (reached or pick(service, "UpdateStatus.State") != "rollback_completed"):
                raise NotConverged(trouble + self.why())
            now = time.monotonic()
            if not reached:
                steady = None
            elif steady is None:
                steady = now
            if steady is not None and now - steady >= self.probation(service):
                return service
            if now >= end:
                trouble = trouble or f"service {self.name} has not converged after {patience:g} s: {state}"
                raise NotConverged(trouble + self.why())
            time.sleep(0.2)

    def probation(self, service: Document) -> float:
        """For how many seconds the tasks have to run before they count.

        Swarm itself watches the tasks of an update; it does not watch those of a new service, or new ones of more
        replicas. A job is over when it is done.
        """
        if not self.acted or mode(pick(service, "Spec.Mode")).endswith("-job") or pick(service, "UpdateStatus.State"):
            return 0
        monitor = pick(service, "Spec.UpdateConfig.Monitor")
        return monitor / 10**9 if monitor else MONITOR

    def given_up(self, service: Document) -> str:
        """How swarm has given up an update, empty when it has not."""
        state = pick(service, "UpdateStatus.State") or ""
        if state not in GIVEN_UP or (state == "rollback_completed" and (self.back or not self.acted)):
            return ""
        message = pick(service, "UpdateStatus.Message") or "no reason given"
        return f"service {self.name}: {GIVEN_UP[state]}: {message}"

    def reached(self, service: Document) -> tuple[bool, str]:
        """Whether the tasks are as wanted, and how they are in words."""
        status = pick(service, "UpdateStatus.State") or ""
        kind = mode(pick(service, "Spec.Mode"))
        if kind.endswith("-job"):
            return self.job(service, kind)
        tasks = self.tasks(_up_to_date="true", desired_state="running")
        running = [task for task in tasks if task["Status"]["State"] == "running"]
        wanted = pick(service, "Spec.Mode.Replicated.Replicas") if kind == "replicated" else self.wanted_of_global()
        state = f"{len(running)} of {wanted} tasks run"
        under_way = status in ("updating", "rollback_started")
        # Tasks of an older spec that still run are on their way out.
        old = len(self.tasks(desired_state="running")) - len(tasks)
        return len(running) == wanted == len(tasks) and not under_way and not old, state

    def wanted_of_global(self) -> int:
        """How many tasks a global service has: one on each node that it may run on, and at least one."""
        return max(len({task.get("NodeID") for task in self.tasks(desired_state="running")}), 1)

    def job(self, service: Document, kind: str) -> tuple[bool, str]:
        iteration = pick(service, "JobStatus.JobIteration.Index") or 0
        tasks = [task for task in self.tasks() if (pick(task, "JobIteration.Index") or 0) == iteration]
        done = sum(task["Status"]["State"] == "complete" for task in tasks)
        if kind == "replicated-job":
            wanted = pick(service, f"Spec.Mode.ReplicatedJob.{COUNTED[kind]}") or 0
        else:
            wanted = max(len({task.get("NodeID") for task in tasks}), 1)
        return done >= wanted, f"{done} of {wanted} tasks are complete"

    def why(self) -> str:
        """What the newest tasks that failed or wait say, with their last output; empty when none does."""
        told: list[str] = []
        seen = set()
        for task in sorted(self.tasks(), key=lambda task: str(task["UpdatedAt"]), reverse=True):
            status = task["Status"]
            error = status.get("Err") or (status.get("Message", "") if status["State"] in FAILED else "")
            if not error or error in seen or len(told) == SHOWN:
                continue
            seen.add(error)
            told.append(f"task {self.label(task)} {status['State']}: {error}{self.last_lines(task)}")
        return "".join(f"; {text}" for text in told)

    def label(self, task: Document) -> str:
        slot = task.get("Slot") or task.get("NodeID", "")
        where = task.get("NodeID")
        node = (self.engine.get(f"/nodes/{where}", missing=None) or {}) if where else {}
        host = pick(node, "Description.Hostname")
        return f"{self.name}.{slot}" + (f" on {host}" if host else "")

    def last_lines(self, task: Document) -> str:
        """The end of a task's output; nothing where it never ran or its node does not answer."""
        if not pick(task, "Status.ContainerStatus.ContainerID"):
            return ""
        tty = bool(pick(task, "Spec.ContainerSpec.TTY"))
        try:
            texts = output(self.engine, f"/tasks/{task['ID']}", {"stdout": True, "stderr": True, "tail": LINES}, tty)
        except EngineError:
            return ""
        return tail(texts)


def tail(texts: Iterable[str]) -> str:
    """The last lines of outputs, as a part of a message."""
    lines = [line for text in texts for line in text.splitlines() if line.strip()][-LINES:]
    return f" (its last output: {' | '.join(lines)[-1000:]})" if lines else ""


def until_gone(engine: Engine, ident: str, name: str, patience: float) -> None:
    """Wait until nothing of a removed service is left: it keeps networks in use until its tasks have ended."""
    mine = {"all": True, "filters": {"label": [f"com.docker.swarm.service.id={ident}"]}}
    left: list[str] = []

    def gone() -> bool:
        # No filter on the service, which is unknown by now. Old engines keep the tasks of jobs for ever: those that are
        # over, and those that never found a node.
        tasks = [each for each in engine.get("/tasks") or [] if each.get("ServiceID") == ident and each.get("NodeID")]
        running = [each for each in tasks if each["Status"]["State"] not in OVER]
        left[:] = [f"task {each['ID']} on node {each['NodeID']} is {each['Status']['State']}" for each in running]
        left.extend(f"container {each['Id'][:12]}" for each in engine.get("/containers/json", mine))
        return not left

    if not came(gone, patience):
        raise NotConverged(f"service {name} is removed, but after {patience:g} s not yet gone: {', '.join(left)}")
