# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What was measured, as tables, as a chart, and against what the collection promises."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Iterator
from html import escape
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from statistics import median

from bench.runs import Row
from bench.times import APPLY, BARE, MODULE, PEER, READING, WORKER

OURS = "dockside.engine"
WAYS = (PEER, OURS, MODULE, WORKER, APPLY, BARE)
# case -> what is measured, the unit, and by what to multiply for it.
CASES = {
    "single": ("A task that has nothing to do", "ms", 1000),
    "many": ("Containers that have nothing to do", "s", 1),
    "creation": ("Containers that are made", "s", 1),
    "inventory": ("The inventory of containers", "s", 1),
    "beside": ("A task that has nothing to do, beside other containers", "ms", 1000),
    "payload": ("What is sent to a target for a task", "KiB", 1),
    "memory": ("Memory of a module that has nothing to do, at its peak", "MiB", 1),
    "requests": ("Requests of a task that has nothing to do", "", 1),
    "large": ("Memory of a module that moves much, at its peak", "MiB", 1),
}
Key = tuple[str, str, str, int]
# What is promised: a name, what is divided by what, and how much that may be.
PROMISES: list[tuple[str, Key, Key, float]] = [
    *(
        (f"{kind}, {MODULE}, against ping", ("single", kind, MODULE, 1), ("single", "ping", MODULE, 1), limit)
        for kind, limit in (("network", 1.15), ("volume", 1.15), ("container", 1.25))
    ),
    *(
        (f"{kind}, {WORKER}, against {PEER}", ("single", kind, WORKER, 1), ("single", kind, PEER, 1), 1 / 8)
        for kind in ("network", "volume", "container", "service")
    ),
    (
        f"apply of 100 containers, against a loop of {PEER}",
        ("many", "container", APPLY, 100),
        ("many", "container", PEER, 100),
        1 / 30,
    ),
    (
        "apply that makes 30 containers, against a bare client",
        ("creation", "container", APPLY, 30),
        ("creation", "container", BARE, 30),
        1.5,
    ),
    (
        f"reading an inventory of 1,000 containers, against {PEER}",
        ("inventory", READING, OURS, 1000),
        ("inventory", READING, PEER, 1000),
        1 / 5,
    ),
]


class Report:
    def __init__(self, rows: Iterable[Row], versions: str) -> None:
        self.versions = versions
        self.found: dict[Key, float] = {(row.case, row.subject, row.way, row.n): median(row.values) for row in rows}

    def tables(self) -> Iterator[tuple[str, list[str], list[list[str]]]]:
        """(title, header, lines) of each case: a column for each way, a line for each subject."""
        for case, (title, unit, scale) in CASES.items():
            there = {key: value for key, value in self.found.items() if key[0] == case}
            ways = [way for way in WAYS if any(key[2] == way for key in there)]
            subjects = list(dict.fromkeys((subject, n) for _case, subject, _way, n in there))
            numbers = len({n for _subject, n in subjects}) > 1 or any(n > 1 for _subject, n in subjects)
            lines = []
            for subject, n in subjects:
                base = there.get((case, subject, PEER, n))
                cells = []
                for way in ways:
                    value = there.get((case, subject, way, n))
                    shown = "" if value is None else f"{digits(value * scale)} {unit}".strip()
                    if value is not None and base and way != PEER:
                        shown += f" ({ratio(value / base)})"
                    cells.append(shown)
                lines.append([subject, *([f"{n:,}"] if numbers else []), *cells])
            if lines:
                yield title, ["", *(["MiB moved" if case == "large" else "n"] if numbers else []), *ways], lines

    def promises(self) -> tuple[str, list[str], list[list[str]]]:
        """The same for what is promised: what, measured, at most, and whether it is kept."""
        lines = [
            [name, ratio(part), ratio(limit), "kept" if part <= limit else "NOT KEPT"]
            for name, one, other, limit in PROMISES
            if one in self.found and other in self.found
            for part in [self.found[one] / self.found[other]]
        ]
        return "What is promised", ["", "measured", "at most", ""], lines

    def text(self) -> str:
        parts = [self.versions]
        for title, header, lines in [*self.tables(), self.promises()]:
            grid = [header, *lines]
            widths = [max(len(line[column]) for line in grid) for column in range(len(header))]
            shown = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths)).rstrip() for line in grid]
            parts.append("\n".join([title, "-" * len(title), *shown]))
        return "\n\n".join(parts)

    def page(self) -> str:
        """A page of the documentation."""
        parts = [INTRODUCTION, f"Measured with {self.versions}.\n"]
        for title, header, lines in [*self.tables(), self.promises()]:
            parts.append(f"{title}\n{'-' * len(title)}\n")
            table = [".. list-table::", "   :header-rows: 1", ""]
            for line in [header, *lines]:
                table += [
                    f"   {'*' if not number else ' '} - {cell.strip()}".rstrip() for number, cell in enumerate(line)
                ]
            parts.append("\n".join(table) + "\n")
        return "\n".join(parts)

    def chart(self) -> str:
        """The times as bars, a drawing in SVG."""
        panels = []
        for case in ("single", "many", "creation", "inventory"):
            title, unit, scale = CASES[case]
            bars: dict[str, list[tuple[str, float]]] = {}
            most = max((key[3] for key in self.found if key[0] == case), default=0)
            for (found, subject, way, n), value in self.found.items():
                if found == case and n == most:
                    bars.setdefault(subject, []).append((way, value * scale))
            if bars:
                panels.append((title + (f", {most:,}" if most > 1 else ""), unit, bars))
        return draw(panels)


INTRODUCTION = """.. _ansible_collections.dockside.engine.docsite.benchmark:

How fast it is
==============

``./dev bench --docs`` measures the collection and ``community.docker`` on one engine, in turn, and writes this page.
Times are medians, as a user waits for them. In brackets is what part of the value of ``community.docker`` that is.

Ansible runs as it does by default, on the controller itself (``connection: local``). *As a module* is how tasks run on
any other host, *in the worker* is how they run on the controller, see
:ref:`ansible_collections.dockside.engine.docsite.controller`. ``ping`` is ``ansible.builtin.ping``, which does nothing.
*Reading alone* is the part of an inventory in every command; ``ansible-inventory`` also starts, and writes all it read.
"""


def digits(value: float) -> str:
    return f"{value:.0f}" if value >= 20 or value == int(value) else f"{value:.1f}" if value >= 2 else f"{value:.2f}"


def ratio(value: float) -> str:
    """A part as 1/n, more than the whole as a factor."""
    return f"1/{1 / value:.0f}" if value < 0.4 else f"{value:.2f} ×"


def draw(panels: list[tuple[str, str, dict[str, list[tuple[str, float]]]]]) -> str:
    """Panels of (title, unit, subject -> bars of (way, value)) below each other; each has its own scale."""
    colours = dict(zip(WAYS, ("#9aa0a6", "#1a56c4", "#5b8def", "#1a56c4", "#0b7a3e", "#c58b1b")))
    wide, left, space = 900, 250, 480
    parts: list[str] = []
    y = 10
    for title, unit, subjects in panels:
        y += 24
        parts.append(f'<text class="title" x="10" y="{y}">{escape(title)}</text>')
        y += 10
        largest = max(value for bars in subjects.values() for _way, value in bars)
        for subject, bars in subjects.items():
            for way, value in bars:
                label = f"{subject}, {way}" if len(subjects) > 1 else way
                length = max(1, round(value / largest * space))
                parts += [
                    f'<text x="{left - 8}" y="{y + 13}" text-anchor="end">{escape(label)}</text>',
                    f'<rect x="{left}" y="{y + 2}" width="{length}" height="14" fill="{colours[way]}"/>',
                    f'<text x="{left + length + 6}" y="{y + 13}">{digits(value)} {unit}</text>',
                ]
                y += 18
            y += 6
    style = (
        "text{font:12px sans-serif;fill:#202124}.title{font-weight:bold;font-size:14px}"
        "@media(prefers-color-scheme:dark){text{fill:#e8eaed}}"
    )
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {wide} {y + 10}" width="{wide}" height="{y + 10}">'
    return "\n".join([head, f"<style>{style}</style>", *parts, "</svg>", ""])


def versions(engine: str) -> str:
    """What was measured with, in words."""
    (place,) = import_module(f"ansible_collections.{PEER}").__path__
    manifest = json.loads(Path(place, "MANIFEST.json").read_text(encoding="utf-8"))
    other = manifest["collection_info"]["version"]
    return (
        f"ansible-core {version('ansible-core')}, {PEER} {other}, Docker Engine {engine}, "
        f"Python {platform.python_version()}, {os.cpu_count()} processors"
    )
