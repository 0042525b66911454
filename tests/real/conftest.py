# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Fixtures for tests against real engines."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from engines import Lab


def pytest_configure(config: pytest.Config) -> None:
    config.addinivalue_line("markers", "engines: starts real engines")


@pytest.fixture(scope="session")
def lab() -> Iterator[Lab]:
    with Lab() as lab:
        yield lab
