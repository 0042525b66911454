# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement of memory does with the files of a container: a large one, and a directory of many."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engines import Engine

BOX = "bench-box"


def tasks(
    engine: Engine, folder: Path, size: int = 1 << 30, count: int = 10_000
) -> Iterator[tuple[str, dict[str, Any]]]:
    """(module, options) of tasks to be run in turn, each of them twice: the second run must change nothing.

    Into a volume and out of it, as files and as archives. Their files are in `folder`.
    """
    engine.image("bench/box:1")
    body = {"Image": "bench/box:1", "HostConfig": {"Binds": ["bench-data:/data"]}}
    engine.ask("POST", f"/containers/create?name={BOX}", body)
    with open(folder / "large", "wb") as file, open("/dev/urandom", "rb") as source:
        for _piece in range(size >> 20):
            file.write(source.read(1 << 20))
    for number in range(count):
        path = folder / "many" / str(number % 100) / str(number)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d\n" % number * 50)
        path.chmod(0o600 + number % 8)
        os.chown(path, number % 1000, number % 500)
        os.utime(path, (1_500_000_000 + number,) * 2)
    for name in ("large", "many"):
        options = {"container": BOX, "container_path": f"/data/{name}", "archive": True}
        yield "container_copy", {**options, "path": str(folder / name)}
        yield "container_fetch", {**options, "path": str(folder / f"fetched-{name}")}
        yield "container_fetch", {**options, "path": str(folder / f"{name}.tar"), "pack": True}
        back = {**options, "container_path": "/data/back", "path": str(folder / f"{name}.tar"), "unpack": True}
        yield "container_copy", back
        (folder / f"{name}.tar").unlink()
