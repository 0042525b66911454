# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How long tasks and inventories take: of community.docker and of this collection, on one engine, in turn."""

from __future__ import annotations

import http.client
import itertools
import json
import socket
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from engines import Engine
from engines.images import WEB

from bench.runs import Ansible, Options, Row, Task

PEER, MODULE, WORKER = "community.docker", "as a module", "in the worker"
APPLY, BARE = "apply, in the worker", "a bare client"
LISTING, READING = "ansible-inventory --list", "reading alone"
PING = "ansible.builtin.ping"
PARALLEL = 8  # as many as apply works at
OBJECT = {"name": "bench"}
IDLE = {"image": WEB, "command": ["/bin/idle"]}
# kind -> the other collection's module, the options for both, the options for ours alone.
KINDS: dict[str, tuple[str, Options, Options]] = {
    "network": ("docker_network", OBJECT, {}),
    "volume": ("docker_volume", OBJECT, {}),
    "container": ("docker_container", {**OBJECT, **IDLE}, {}),
    "service": ("docker_swarm_service", {**OBJECT, "image": WEB, "replicas": 0}, {"resolve_image": "never"}),
}


def ways(kind: str, options: Options | None = None, **keywords: Any) -> list[Task]:
    """A task of this kind in each way, called "kind | way"."""
    peer, common, own = KINDS[kind]
    options = options or {}
    return [
        {"name": f"{kind} | {PEER}", f"community.docker.{peer}": {**common, **options}, **keywords},
        {"name": f"{kind} | {MODULE}", f"dockside.engine.{kind}": {**common, **own, **options},
         "vars": {"dockside_engine_in_process": False}, **keywords},
        {"name": f"{kind} | {WORKER}", f"dockside.engine.{kind}": {**common, **own, **options}, **keywords},
    ]  # fmt: skip


def rows(case: str, times: Iterable[tuple[str, float]], n: int = 1) -> list[Row]:
    """The times of tasks that are called "subject | way", in the order in which they came first."""
    found: dict[str, Row] = {}
    for name, seconds in times:
        subject, _bar, way = name.partition(" | ")
        found.setdefault(name, Row(case, subject, way, n)).values.append(seconds)
    return list(found.values())


def each(work: Callable[[Any], Any], items: Iterable[Any]) -> None:
    with ThreadPoolExecutor(PARALLEL) as pool:
        list(pool.map(work, items))


def names(n: int) -> list[str]:
    return [f"bench-{number}" for number in range(n)]


def make(engine: Engine, n: int, start: bool) -> None:
    """Containers, made by the API alone."""

    def one(name: str) -> None:
        body = {"Image": WEB, "Cmd": IDLE["command"], "Labels": {"bench": "yes", "number": name}}
        made = engine.ask("POST", f"/containers/create?name={name}", body)["Id"]
        if start:
            engine.ask("POST", f"/containers/{made}/start")

    each(one, names(n))


def clear(engine: Engine) -> None:
    there = engine.ask("GET", "/containers/json?all=1")
    each(lambda found: engine.ask("DELETE", f"/containers/{found['Id']}?force=1"), there)


def single(engine: Engine, ansible: Ansible, rounds: int) -> Iterator[Row]:
    """A task that has nothing to do, of each kind, beside one that never has anything to do."""
    engine.ask("POST", "/swarm/init", {"ListenAddr": "127.0.0.1:2377", "AdvertiseAddr": engine.address})
    ansible.play([ways(kind)[1] for kind in KINDS], unchanged=False)
    once = [{"name": f"ping | {MODULE}", PING: {}}, *itertools.chain.from_iterable(ways(kind) for kind in KINDS)]
    times = ansible.play(once * (rounds + 1))
    yield from rows("single", times[len(once) :])  # the first round fills caches
    engine.reset()


def all_ways(n: int) -> list[Task]:
    """Containers in a loop, in each way, and all of them in one task."""
    items = [{"name": name, **IDLE} for name in names(n)]
    apply = {"name": f"container | {APPLY}", "dockside.engine.apply": {"containers": items}}
    return [*ways("container", {"name": "{{ item }}"}, loop=names(n)), apply]


def many(engine: Engine, ansible: Ansible, rounds: int, *sizes: int) -> Iterator[Row]:
    """Containers that have nothing to do."""
    for n in sizes:
        make(engine, n, start=True)
        yield from rows("many", ansible.play(all_ways(n) * rounds), n)
        clear(engine)


class Line(http.client.HTTPConnection):
    """A connection to an engine's socket."""

    def __init__(self, path: str) -> None:
        super().__init__("localhost")
        self.path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.connect(self.path)

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        data = None if body is None else json.dumps(body)
        self.request(method, path, data, {"Content-Type": "application/json"} if data else {})
        with self.getresponse() as answer:
            return json.loads(answer.read() or b"null")


def bare(engine: Engine, n: int) -> float:
    """The seconds in which threads alone make containers, with the requests that apply sends for them."""

    def one(part: list[str]) -> None:
        line = Line(engine.socket)
        for name in part:
            line.ask("GET", f"/containers/{name}/json")
            made = line.ask("POST", f"/containers/create?name={name}", {"Image": WEB, "Cmd": IDLE["command"]})["Id"]
            line.ask("POST", f"/containers/{made}/start")
            line.ask("GET", f"/containers/{made}/json")
        line.close()

    began = time.monotonic()
    engine.ask("GET", f"/images/{WEB}/json")
    engine.ask("GET", "/containers/json?all=1")
    each(one, [names(n)[first::PARALLEL] for first in range(PARALLEL)])
    return time.monotonic() - began


def creation(engine: Engine, ansible: Ansible, rounds: int, n: int) -> Iterator[Row]:
    """Containers that are not there yet, also made by a client that does nothing else."""
    times: list[tuple[str, float]] = []
    for _round in range(rounds):
        for task in all_ways(n):
            times += ansible.play([task], unchanged=False)
            clear(engine)
        times.append((f"container | {BARE}", bare(engine, n)))
        clear(engine)
    yield from rows("creation", times, n)


def inventory(engine: Engine, ansible: Ansible, rounds: int, *sizes: int) -> Iterator[Row]:
    """An inventory of containers, and a single task beside them."""
    sources = {
        PEER: ("bench.docker.yml", {"plugin": "community.docker.docker_containers", "docker_host": engine.host}),
        "dockside.engine": ("bench.containers.yml", {"plugin": "dockside.engine.containers"}),
    }
    for n in sizes:
        make(engine, n, start=False)
        found: list[tuple[str, float]] = []
        for way in [*sources] * rounds:
            whole, reading, hosts = ansible.inventory(*sources[way])
            if hosts != n:
                raise RuntimeError(f"{way}: {hosts} hosts of {n} containers")
            found += [(f"{LISTING} | {way}", whole), (f"{READING} | {way}", reading)]
        yield from rows("inventory", found, n)
        beside = ways("container", {"name": names(1)[0], "state": "present"})
        yield from rows("beside", ansible.play(beside * (rounds + 1))[len(beside) :], n)
        clear(engine)
