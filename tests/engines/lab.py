"""A lab: a network of its own and the engines and registries on it, removed without trace at its end."""

from __future__ import annotations

import atexit
import os
import signal
import subprocess
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import TracebackType
from typing import Any

from engines import listeners, roots, state
from engines.credentials import Authority
from engines.engine import PODMAN_CGROUP, Engine
from engines.flavours import FLAVOURS, Flavour
from engines.process import LabError, Process, require_machine, wait_for
from engines.registry import Registry
from engines.sandbox import Sandbox, Switch


class Lab:
    """`with Lab() as lab:` — engines that live as long as the block; also after an exception, Ctrl-C or SIGTERM
    nothing of it is left, and what a killed process left is removed when the next lab starts.

    Methods may be called from several threads at once.
    """

    def __init__(self) -> None:
        require_machine()
        self._lock = threading.Lock()
        self._next_octet = 11
        self._engines: list[Engine] = []
        self._registries: list[Registry] = []
        self._authorities: dict[str, Authority] = {}
        self._starters: list[subprocess.Popen[str]] = []
        self._open = True
        _end_on_sigterm()
        self.record = state.allocate(str(roots.CHECKOUT))
        self.number = self.record.number
        atexit.register(self.close)
        try:
            self._switch = Switch(self.number, self.record.link, self._know_process)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Lab:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends everything of this lab and removes every trace of it. A second call does nothing."""
        # A forked worker of the owner has the object too, but the lab is not its own.
        if not self._open or not self.record.owner or self.record.owner.pid != os.getpid():
            return
        with _signals_held():
            for registry in self._registries:
                registry.close()
            state.remove(self.record)
            for starter in self._starters:
                starter.wait(10)  # each has reaped its sandbox's first process, and ended
            self._open = False
        atexit.unregister(self.close)

    def keep(self, name: str | None = None) -> None:
        """Makes it a lasting lab, bound to no process: `python3 tests/engines down` ends it."""
        with self._lock:
            self.record.owner, self.record.name = None, name
            self.record.save()
        for starter in self._starters:
            starter.returncode = 0  # it runs on, and nobody here will wait for it
        self._open = False
        atexit.unregister(self.close)

    # ---- engines ----

    def engine(
        self,
        flavour: str = "28.5",
        *,
        listen: Sequence[str] = ("unix",),
        daemon: Mapping[str, Any] | None = None,
        env: Mapping[str, str] | None = None,
    ) -> Engine:
        """Starts an engine and waits until it answers.

        `flavour`: a key of FLAVOURS; `listen`: "unix" (always there), "tcp", "tls", "ssh"; `daemon`: the contents of
        daemon.json; `env`: environment of the daemon.
        """
        chosen = _flavour(flavour)
        octet = self._take_octet()
        cgroup = f"dockside-lab-{self.number}-{octet}"
        with self._lock:
            self.record.cgroups.append(cgroup)
            if chosen.program == "podman" and PODMAN_CGROUP not in self.record.shared_cgroups:
                self.record.shared_cgroups.append(PODMAN_CGROUP)
            self.record.save()
        sandbox = self._sandbox(chosen.root, octet)
        ways = listeners.Listeners()
        if set(listen) != {"unix"}:
            if chosen.program != "dockerd":
                raise LabError(f"{flavour} listens on its unix socket only")
            ways = listeners.prepare(listen, sandbox, self._authority("lab"), self._authority("stranger"))
        engine = Engine(chosen, sandbox, cgroup=cgroup, daemon=daemon or {}, env=env or {}, listeners=ways)
        engine.start()
        listeners.complete(ways, sandbox)
        with self._lock:
            self._engines.append(engine)
            for registry in self._registries:
                _trust(engine, registry)
            self.record.engines.append(engine.summary())
            self.record.save()
        return engine

    def engines(self, *flavours: str) -> list[Engine]:
        """Several engines, started at the same time, in the order of the flavours."""
        roots.ensure_all(sorted({_flavour(flavour).root for flavour in flavours}))
        with ThreadPoolExecutor(max(1, len(flavours))) as pool:
            return list(pool.map(self.engine, flavours))

    def swarm(self, managers: int = 1, workers: int = 0, flavours: Sequence[str] = ("28.5",)) -> list[Engine]:
        """Engines that are nodes of one swarm, all ready: the managers, the leader first, then the workers.

        `flavours` are taken in turn: with two of them, every other node is of the second.
        """
        engines = self.engines(*(flavours[number % len(flavours)] for number in range(managers + workers)))
        leader = engines[0]
        leader.ask("POST", "/swarm/init", {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": leader.address})
        tokens = leader.ask("GET", "/swarm")["JoinTokens"]
        for number, engine in enumerate(engines[1:], 1):
            role = "Manager" if number < managers else "Worker"
            engine.ask("POST", "/swarm/join", {
                "ListenAddr": "0.0.0.0:2377",
                "AdvertiseAddr": engine.address,
                "RemoteAddrs": [f"{leader.address}:2377"],
                "JoinToken": tokens[role],
            })  # fmt: skip

        def ready() -> bool:
            nodes = leader.ask("GET", "/nodes")
            managing = [node["ManagerStatus"]["Reachability"] for node in nodes if node.get("ManagerStatus")]
            return (
                [node["Status"]["State"] for node in nodes] == ["ready"] * len(engines)
                and managing == ["reachable"] * managers
            )  # fmt: skip

        wait_for("nodes that are ready", ready, 30)
        return engines

    def registry(self, *, tls: bool = True, users: Mapping[str, str] | None = None, tokens: bool = False) -> Registry:
        """A registry with an address of its own, https://10.210.N.OCTET:5443, whose certificate every engine of the lab
        trusts; `users`: user -> password, None when no login is needed. With tls=False it is http, which engines refuse
        unless their daemon.json lists it (`insecure-registries`). See Engine.registry() for a plain one on 127.0.0.1.

        `tokens`: passwords are checked by a server of tokens, which also gives out identity tokens. It runs in this
        process and ends with the lab.
        """
        with self._lock:
            # A root that is there already; Podman's has no docker-registry.
            there = [engine.root for engine in self._engines if FLAVOURS[engine.flavour].program == "dockerd"]
        root = there[0] if there else _flavour("28.5").root
        sandbox = self._sandbox(root, self._take_octet())
        port = 5443 if tls else 5000
        authority = self._authority("lab") if tls else None
        registry = Registry(sandbox, f"{sandbox.address}:{port}", port, authority=authority, users=users, tokens=tokens)
        with self._lock:
            self._registries.append(registry)
            for engine in self._engines:
                _trust(engine, registry)
        return registry

    def _authority(self, name: str) -> Authority:
        with self._lock:
            if name not in self._authorities:
                self._authorities[name] = Authority(self.record.directory / f"authority-{name}", f"dockside {name}")
            return self._authorities[name]

    def _sandbox(self, root: str, octet: int) -> Sandbox:
        return Sandbox(self._switch, octet, roots.ensure(root), self.record.directory / str(octet), self._know_process)

    def _take_octet(self) -> int:
        with self._lock:
            if self._next_octet > 250:
                raise LabError("a lab has room for 240 sandboxes")
            self._next_octet += 1
            return self._next_octet - 1

    def _know_process(self, process: Process, starter: subprocess.Popen[str]) -> None:
        with self._lock:
            self._starters.append(starter)
            self.record.processes.append(process)
            self.record.save()


def _trust(engine: Engine, registry: Registry) -> None:
    if registry.ca:
        # Read at each request, so no restart is needed.
        engine.sandbox.write(f"/etc/docker/certs.d/{registry.name}/ca.crt", registry.ca.read_bytes())


def _flavour(name: str) -> Flavour:
    try:
        return FLAVOURS[name]
    except KeyError:
        raise LabError(f"no engine flavour {name!r}; there are {', '.join(FLAVOURS)}") from None


def _end_on_sigterm() -> None:
    """SIGTERM and SIGHUP unwind the stack as Ctrl-C does, unless the program has a handler of its own.

    As KeyboardInterrupt, for pytest takes SystemExit for the failure of one test and goes on.
    """
    if threading.current_thread() is not threading.main_thread():
        return
    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, signal.default_int_handler)


@contextmanager
def _signals_held() -> Iterator[None]:
    """A second Ctrl-C must not stop the cleaning half-way; it is delivered when the cleaning is done."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)
