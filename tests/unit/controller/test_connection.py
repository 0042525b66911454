# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin without an engine: where it gets its options from."""

from __future__ import annotations

from typing import Any

import pytest

pytest.importorskip("ansible.plugins.connection")
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import connection_loader

pytestmark = pytest.mark.controller


@pytest.mark.parametrize(
    ("variables", "environment", "seconds"),
    [
        ({}, {}, 60),
        ({}, {"DOCKER_TIMEOUT": "20"}, 20),
        ({"ansible_docker_timeout": 30}, {"DOCKER_TIMEOUT": "20"}, 30),
    ],
)
@pytest.mark.parametrize("keyword", [0, 10])
def test_the_timeout_is_not_that_of_ansible(
    keyword: int,
    variables: dict[str, Any],
    environment: dict[str, str],
    seconds: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    made: Any = connection_loader.get("dockside.engine.container", PlayContext())
    made.set_options(task_keys={"timeout": keyword}, var_options={"inventory_hostname": "web", **variables})
    assert made._connect()._engine.endpoint.timeout == seconds
