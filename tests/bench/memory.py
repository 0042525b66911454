# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How much memory modules take at their peak while they move much data. A table of cases."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from engines import Engine, Lab

from bench import container_files, image_archives
from bench.runs import Row, peak

LIMIT = 80  # MiB
Tasks = Iterator[tuple[str, dict[str, Any]]]


def context(engine: Engine, folder: Path, size: int) -> Tasks:
    """A build context of which the file takes no place on the disk; whoever reads it gets zeros."""
    with open(folder / "data", "wb") as file:
        file.truncate(size)
    (folder / "Dockerfile").write_text("FROM scratch\nCOPY data /\n")
    for builder in ("classic", "buildkit"):
        options = {"name": f"bench/{builder}", "path": str(folder), "builder": builder}
        yield "image_build", {**options, "rebuild": "when_context_changed"}


# What yields modules and their options, given an engine, an empty folder and how many bytes are to be moved, and how
# many GiB that are.
CASES: dict[str, tuple[Callable[[Engine, Path, int], Tasks], int]] = {
    "a build context": (context, 2),
    "an archive of an image": (image_archives.tasks, 1),
    "files of a container": (container_files.tasks, 1),
}


def memory(gib: int) -> Iterator[Row]:
    """`gib`: the bytes that stand for a GiB. Each case has an engine of its own, which keeps its data in memory, so
    that it takes up to three times as much of the machine's."""
    for name, (tasks, times) in CASES.items():
        with Lab() as lab, tempfile.TemporaryDirectory(prefix="dockside-") as folder:
            engine = lab.engine("28.5")
            for number, (module, options) in enumerate(tasks(engine, Path(folder), times * gib), 1):
                found = peak(f"dockside.engine.{module}", {"docker_host": engine.host, **options})
                yield Row("large", f"{name}, {number}: {module}", "dockside.engine", times * gib >> 20, [found])
