# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the engine client's tests: a fake engine on a unix socket, and an Engine that talks to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve

from tests.unit.fake_engine import FakeEngine


@pytest.fixture
def sockets() -> Iterator[str]:
    """A folder with a short path: a unix socket's has room for about 100 characters."""
    folder = tempfile.mkdtemp(prefix="dockside-")
    yield folder
    shutil.rmtree(folder)


@pytest.fixture
def fake(sockets: str) -> Iterator[FakeEngine]:
    with FakeEngine(f"{sockets}/s") as engine:
        yield engine


Connect = Callable[..., Engine]


@pytest.fixture
def connect() -> Iterator[Connect]:
    """connect(fake or address, **options): an Engine, closed at the end of the test."""
    engines: list[Engine] = []

    def make(to: Any, environ: Any = None, **options: Any) -> Engine:
        address = to.address if isinstance(to, FakeEngine) else to
        engines.append(Engine(resolve({"docker_host": address, **options}, environ or {})))
        return engines[-1]

    yield make
    for engine in engines:
        engine.close()
