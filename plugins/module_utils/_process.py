# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Shortens what a module's process does on a target beside its work: it loads its files from a zip file, and ends.

Python's zipimporter compiles each source twice: when it is asked for the file's name, for there may be bytecode as
well, and to run it. Ansible packs no bytecode. And at its end a process looks for garbage among all that is loaded.
"""

from __future__ import annotations

import atexit
import gc
import os
import sys
import zipimport

HERE = os.path.dirname(__file__)


class Importer(zipimport.zipimporter):
    """Imports from a folder of a zip file that has sources only."""

    def get_filename(self, fullname: str) -> str:
        name = os.path.join(self.archive, self.prefix + fullname.rpartition(".")[2])
        return os.path.join(name, "__init__.py") if self.is_package(fullname) else f"{name}.py"


def importer(folder: str) -> Importer:
    """A hook of sys.path_hooks for the folders of this collection; raises ImportError for others."""
    if folder != HERE and not folder.startswith(HERE + os.sep):
        raise ImportError(folder)
    return Importer(folder)


ON_TARGET = bool(__spec__) and isinstance(__spec__.loader, zipimport.zipimporter)
if ON_TARGET:
    sys.path_hooks.insert(0, importer)
    sys.path_importer_cache.pop(HERE, None)


def end_quickly() -> None:
    """Let the end of this process, if it is the module's own, find nothing to look through."""
    if ON_TARGET:
        atexit.register(gc.freeze)
