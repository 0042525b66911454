# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures of the resources' tests: a fake engine on a unix socket, and how a task comes to it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import Outcome, Resource, converge

from tests.unit.fake_engine import FakeEngine

Task = Callable[..., Outcome]


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeEngine]:
    folder = tempfile.mkdtemp(prefix="dockside-")  # a socket's path must be short
    monkeypatch.setenv("DOCKER_CONFIG", folder)
    with FakeEngine(f"{folder}/s") as engine:
        yield engine
    shutil.rmtree(folder)


@pytest.fixture
def engine(fake: FakeEngine) -> Iterator[Engine]:
    engine = Engine(resolve({"docker_host": fake.address}, {}))
    yield engine
    engine.close()


@pytest.fixture
def task(engine: Engine) -> Task:
    """task(Network, name="web", check=False, …): runs it with these options and the defaults of the others."""

    def run(kind: type[Resource], check: bool = False, **options: Any) -> Outcome:
        found = ArgumentSpecValidator(kind.argument_spec(), **dict(kind.rules)).validate(options)
        if found.error_messages:
            raise ValueError("; ".join(found.error_messages))
        return converge(kind(engine, found.validated_parameters), check)

    return run


def changing(fake: FakeEngine) -> list[str]:
    """The requests that came and change something, as `METHOD path`."""
    return [f"{seen.method} {seen.path}" for seen in fake.seen if seen.method != "GET"]
