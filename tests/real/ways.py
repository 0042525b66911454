# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of streams share: every way to an engine, and what happens to it in the middle."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions import process
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from engines.process import wait_for

SIZE = 10 * 1024 * 1024
WAYS = ("unix", "tcp", "tls", "ssh")


def client(there: Any, way: str, timeout: int = 30) -> Engine:
    options: dict[str, Any] = {"docker_host": there.host if way == "unix" else getattr(there, way), "timeout": timeout}
    if way == "tls":
        files = {"ca_path": "ca.pem", "client_cert": "cert.pem", "client_key": "key.pem"}
        options.update({option: str(there.certs / name) for option, name in files.items()}, validate_certs=True)
    return Engine(resolve(options, {"HOME": "/nonexistent"}))


@contextmanager
def once_it_has_spoken(monkeypatch: pytest.MonkeyPatch, act: Callable[[], None]) -> Iterator[None]:
    """Does something to the engine as soon as a command's first words are here."""
    outputs: list[process.Output] = []

    class Seen(process.Output):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            outputs.append(self)

    def watch() -> None:
        wait_for("the first words", lambda: [each for each in outputs if bytes(each.data[1]) == b"so far\n"], 60)
        act()

    monkeypatch.setattr(process, "Output", Seen)
    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield
    finally:
        thread.join()
