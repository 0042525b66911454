# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points in time, as tasks write them."""

from __future__ import annotations

from datetime import datetime, timezone

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._state.times import instant, moment

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=timezone.utc)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1m", "1767322985.000000000"),
        ("1.5h", "1767317645.000000000"),
        ("12.5", "12.500000000"),
        ("0.5", "0.500000000"),
        ("1795487274.346282874", "1795487274.346282874"),
        ("2026-01-02T03:04:05.123456789Z", "1767323045.123456789"),
        ("2026-01-02T03:04:05.1+02:00", "1767315845.100000000"),
        ("2026-01-02", "1767312000.000000000"),
    ],
)
def test_points_in_time(text: str, expected: str) -> None:
    assert instant(text, NOW) == expected
    assert moment(text, NOW) == pytest.approx(float(expected), abs=1e-5)


@pytest.mark.parametrize("text", ["soon", "", "2026-13-01", "12.x"])
def test_what_is_no_point_in_time(text: str) -> None:
    for parse in (instant, moment):
        with pytest.raises(ValueError, match="neither a span"):
            parse(text, NOW)
