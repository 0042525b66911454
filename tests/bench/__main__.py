# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""`python3 -m bench [--quick] [--docs] [CASE…]`, as `./dev bench` calls it."""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import asdict
from pathlib import Path

from engines import Engine, Lab, LabError

from bench import report, sizes, times
from bench.memory import LIMIT, memory
from bench.runs import ROOT, Ansible, Row

OUT = ROOT / ".build/bench"
Case = Callable[[Engine, Ansible, bool], Iterator[Row]]
# What is measured, given an engine, Ansible, and whether it has to be quick.
CASES: dict[str, Case] = {
    "single": lambda engine, ansible, quick: times.single(engine, ansible, 1 if quick else 20),
    "many": lambda engine, ansible, quick: times.many(engine, ansible, *((1, 3, 6) if quick else (3, 30, 100))),
    "creation": lambda engine, ansible, quick: times.creation(engine, ansible, *((1, 4) if quick else (5, 30))),
    "inventory": lambda engine, ansible, quick: times.inventory(
        engine, ansible, *((1, 10, 30) if quick else (5, 10, 100, 300, 1000))
    ),
    "sizes": lambda engine, ansible, quick: sizes.sizes(engine, ansible.folder),
    "memory": lambda engine, ansible, quick: memory(1 << (24 if quick else 30)),
}


def main() -> int:
    parser = argparse.ArgumentParser(prog="./dev bench", description="Measures the collection beside community.docker.")
    parser.add_argument("--quick", action="store_true", help="few rounds and small sizes: whether it works at all")
    parser.add_argument("--docs", action="store_true", help="write the page of the documentation and the chart")
    parser.add_argument("case", nargs="*", choices=[[], *CASES], help=f"{', '.join(CASES)}; all of them without one")
    chosen = parser.parse_args()
    rows: list[Row] = []
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="dockside-") as folder:
        engine = lab.engine("28.5")
        engine.image()
        ansible = Ansible(engine.host, Path(folder))
        for name in chosen.case or CASES:
            print(f"--- {name}", flush=True)
            rows += CASES[name](engine, ansible, chosen.quick)
        versions = report.versions(engine.version)
    OUT.mkdir(parents=True, exist_ok=True)
    (OUT / "results.json").write_text(json.dumps([asdict(row) for row in rows], indent=1), encoding="utf-8")
    made = report.Report(rows, versions)
    print(made.text())
    (OUT / "benchmark.rst").write_text(made.page(), encoding="utf-8")
    (OUT / "benchmark.svg").write_text(made.chart(), encoding="utf-8")
    if chosen.docs:
        (ROOT / "docs/docsite/rst/benchmark.rst").write_text(made.page(), encoding="utf-8")
        (ROOT / "docs/benchmark.svg").write_text(made.chart(), encoding="utf-8")
    return int(any(max(row.values) > LIMIT for row in rows if row.case == "large"))


if __name__ == "__main__":
    try:
        sys.exit(main())
    except (LabError, RuntimeError) as error:
        sys.exit(str(error))
