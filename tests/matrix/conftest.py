# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""One lab a session, and every test of the matrix on each engine of it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from engines import Lab

from tests.matrix.clusters import loner, manager, session_loner, session_manager, swarms
from tests.matrix.harness import Case, Target
from tests.matrix.images import image_bench, locked, registry, token_registry

# The fixtures of swarms and of images.
__all__ = [
    "image_bench",
    "locked",
    "loner",
    "manager",
    "registry",
    "session_loner",
    "session_manager",
    "swarms",
    "token_registry",
]

# name -> flavour of the engine and the API version that its clients are held to.
TARGETS = {
    "20.10": ("20.10", None),
    "20.10-api1.33": ("20.10", "1.33"),
    "26.1": ("26.1", None),
    "28.5": ("28.5", None),
    "28.5-containerd": ("28.5-containerd", None),
    "28.5-min": ("28.5-min", None),
}
# Podman can do a part of what Docker does: the tests that it takes part in say so, with `everywhere`.
PODMAN = {"podman": ("podman", None)}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """No test is made of a case and an engine without it."""
    config.hook.pytest_deselected(items=[item for item in items if not possible(item)])
    items[:] = [item for item in items if possible(item)]


def possible(item: pytest.Item) -> bool:
    params = item.callspec.params if hasattr(item, "callspec") else {}
    case = params.get("case")
    names = {value for value in params.values() if isinstance(value, str)}
    return not isinstance(case, Case) or not names & {*case.without}


@pytest.fixture(scope="session")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lab]:
    with pytest.MonkeyPatch.context() as patch, Lab() as lab:
        # Neither the logins nor the contexts of who runs the tests.
        patch.setenv("DOCKER_CONFIG", str(tmp_path_factory.mktemp("docker")))
        yield lab


@pytest.fixture(scope="session")
def started() -> dict[str, Target]:
    """The targets that a test asked for so far: engines are started when they are needed, and end with the lab."""
    return {}


@pytest.fixture(scope="session", params=TARGETS)
def session_target(request: pytest.FixtureRequest, lab: Lab, started: dict[str, Target]) -> Target:
    name: str = request.param
    flavour, pinned = {**TARGETS, **PODMAN}[name]
    if name not in started:
        other = next((target for target in started.values() if target.engine.flavour == flavour), None)
        started[name] = Target(name, other.engine if other else lab.engine(flavour), pinned)
    return started[name]


@pytest.fixture
def target(session_target: Target) -> Iterator[Target]:
    """An engine with nothing on it but the images of the session."""
    images = session_target.images()
    yield session_target
    session_target.reset()
    session_target.drop_images_except(images)
