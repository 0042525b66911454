"""A lab: a network of its own and the engines and registries on it, removed without trace at its end."""

from __future__ import annotations

import atexit
import os
import signal
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import Any, Self

from engines import roots, state
from engines.engine import Engine
from engines.flavours import FLAVOURS, Flavour
from engines.process import LabError, Process, require_machine
from engines.sandbox import Sandbox, Switch


class Lab:
    """`with Lab() as lab:` — engines that live as long as the block; also after an exception, Ctrl-C or SIGTERM
    nothing of it is left, and what a killed process left is removed when the next lab starts.

    `lasting=True`: bound to no process; ended by `python3 tests/engines down NUMBER`.
    Methods may be called from several threads at once.
    """

    def __init__(self, *, lasting: bool = False, name: str | None = None) -> None:
        require_machine()
        self._lock = threading.Lock()
        self._next_octet = 11
        self.engines_running: list[Engine] = []
        owner = None if lasting else Process.of(os.getpid())
        self.record = state.allocate(str(roots.CHECKOUT), owner, name)
        self.number = self.record.number
        self._closed = False
        if not lasting:
            atexit.register(self.close)
            _end_on_sigterm()
        try:
            self._switch = Switch(self.number, self.record.link, self._know_process)
        except BaseException:
            self.close()
            raise
        if lasting:
            with self._lock:
                self.record.processes = [known for known in self.record.processes if known.pid != os.getpid()]
                self.record.save()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Ends everything of this lab and removes every trace of it. A second call does nothing."""
        # A forked worker of the owner has the object too, but the lab is not its own.
        if self._closed or (self.record.owner is not None and self.record.owner.pid != os.getpid()):
            return
        with _signals_held():
            state.remove(self.record)
            self._closed = True
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
            self.record.save()
        sandbox = self._sandbox(chosen.root, octet)
        engine = Engine(chosen, sandbox, cgroup, daemon or {}, env or {})
        engine.start()
        with self._lock:
            self.engines_running.append(engine)
        return engine

    def engines(self, *flavours: str) -> list[Engine]:
        """Several engines, started at the same time, in the order of the flavours."""
        roots.ensure_all(sorted({_flavour(flavour).root for flavour in flavours}))
        with ThreadPoolExecutor(max(1, len(flavours))) as pool:
            return list(pool.map(self.engine, flavours))

    def _sandbox(self, root: str, octet: int) -> Sandbox:
        return Sandbox(self._switch, octet, roots.ensure(root), self.record.directory / str(octet), self._know_process)

    def _take_octet(self) -> int:
        with self._lock:
            if self._next_octet > 250:
                raise LabError("a lab has room for 240 sandboxes")
            self._next_octet += 1
            return self._next_octet - 1

    def _know_process(self, process: Process) -> None:
        with self._lock:
            self.record.processes.append(process)
            self.record.save()


def _flavour(name: str) -> Flavour:
    try:
        return FLAVOURS[name]
    except KeyError:
        raise LabError(f"no engine flavour {name!r}; there are {', '.join(FLAVOURS)}") from None


def _end_on_sigterm() -> None:
    """SIGTERM and SIGHUP unwind the stack as Ctrl-C does, unless the program has a handler of its own."""
    if threading.current_thread() is not threading.main_thread():
        return

    def leave(number: int, _frame: FrameType | None) -> None:
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) == signal.SIG_DFL:
            signal.signal(number, leave)


@contextmanager
def _signals_held() -> Iterator[None]:
    """A second Ctrl-C must not stop the cleaning half-way; it is delivered when the cleaning is done."""
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = signal.pthread_sigmask(signal.SIG_BLOCK, numbers)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


