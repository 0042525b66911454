# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files of this machine that are written as a whole or not at all."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import IO, Callable

from .._engine.errors import EngineError


def hand_on(path: str, temporary: str) -> None:
    """The owner and permissions of what is replaced; a new file can be read by its owner only."""
    if os.path.exists(path):
        there = os.stat(path)
        os.chown(temporary, there.st_uid, there.st_gid)
        os.chmod(temporary, there.st_mode & 0o7777)


@contextmanager
def replacing(path: str, finish: Callable[[str, str], None] = hand_on) -> Iterator[IO[bytes]]:
    """A file that takes the place of `path` when the block ends well; what is there stays until then.

    finish: called with `path` and the new file beside it, before that takes its place. EngineError, which names the
    option `path`, when it cannot be written.
    """
    temporary = ""
    try:
        handle, temporary = tempfile.mkstemp(dir=os.path.dirname(path), prefix=f".{os.path.basename(path)[:40]}-")
        with open(handle, "wb") as file:
            yield file
        finish(path, temporary)
        os.replace(temporary, path)
        temporary = ""
    except OSError as error:
        raise EngineError(f"path: {path} cannot be written: {error.strerror}") from error
    finally:
        if temporary:
            os.unlink(temporary)
