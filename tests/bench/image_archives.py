# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a measurement of memory does with archives: each task moves all of an image through its module."""

from __future__ import annotations

import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from engines import Engine

NAME = "bench/large:1"


def tasks(engine: Engine, folder: Path, size: int = 1 << 30) -> Iterator[tuple[str, dict[str, Any]]]:
    """(module, options) of tasks to be run in turn: an import, a save and two loads. Their files are in `folder`."""
    root, archive = folder / "root.tar", folder / "image.tar"
    with tarfile.open(root, "w") as tar, open("/dev/urandom", "rb") as source:
        entry = tarfile.TarInfo("data")
        entry.size = size
        tar.addfile(entry, source)
    yield "image", {"name": NAME, "source": "import", "import_path": str(root)}
    yield "image_save", {"name": NAME, "path": str(archive)}
    engine.ask("DELETE", f"/images/{NAME}?force=1")
    yield "image_load", {"path": str(archive)}
    engine.ask("DELETE", f"/images/{NAME}?force=1")
    yield "image", {"name": NAME, "source": "load", "load_path": str(archive)}
    engine.ask("DELETE", f"/images/{NAME}?force=1")
