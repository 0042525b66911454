# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the benchmark makes of its measurements."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from bench.report import Report, digits, ratio
from bench.runs import Row
from bench.times import APPLY, MODULE, PEER, WORKER

ROWS = [
    Row("single", "ping", MODULE, values=[0.2]),
    Row("single", "volume", PEER, values=[0.4, 0.5, 9.0]),
    Row("single", "volume", MODULE, values=[0.25]),
    Row("single", "volume", WORKER, values=[0.02]),
    Row("many", "container", PEER, 100, [50]),
    Row("many", "container", APPLY, 100, [2]),
]


def test_tables() -> None:
    single, many = Report(ROWS, "with this").tables()
    assert single == (
        "A task that has nothing to do",
        ["", PEER, MODULE, WORKER],
        [["ping", "", "200 ms", ""], ["volume", "500 ms", "250 ms (0.50 ×)", "20 ms (1/25)"]],
    )
    assert many[1:] == (["", "n", PEER, APPLY], [["container", "100", "50 s", "2 s (1/25)"]])


def test_promises() -> None:
    assert Report(ROWS, "").promises()[2] == [
        ["volume, as a module, against ping", "1.25 ×", "1.15 ×", "NOT KEPT"],
        ["volume, in the worker, against community.docker", "1/25", "1/8", "kept"],
        ["apply of 100 containers, against a loop of community.docker", "1/25", "1/30", "NOT KEPT"],
    ]


def test_page_and_chart() -> None:
    made = Report(ROWS, "with this")
    assert "   * - volume\n     - 500 ms\n     - 250 ms (0.50 ×)\n     - 20 ms (1/25)\n" in made.page()
    drawing = ElementTree.fromstring(made.chart())  # noqa: S314  # our own
    bars = [float(each.get("width", 0)) for each in drawing.iter("{http://www.w3.org/2000/svg}rect")]
    assert bars[1] == max(bars)
    assert len(bars) == len(ROWS)


@pytest.mark.parametrize(("value", "text"), [(123.4, "123"), (4, "4"), (2.345, "2.3"), (0.125, "0.12")])
def test_digits(value: float, text: str) -> None:
    assert digits(value) == text


@pytest.mark.parametrize(("value", "text"), [(1.5, "1.50 ×"), (0.9, "0.90 ×"), (0.125, "1/8")])
def test_ratio(value: float, text: str) -> None:
    assert ratio(value) == text
