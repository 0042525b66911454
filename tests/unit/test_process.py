# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The process of a module, whose files are in a zip file without bytecode, as on a target."""

from __future__ import annotations

import json
import pathlib
import subprocess
import sys
import zipfile
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils import _process

PLUGINS = pathlib.Path(__file__).absolute().parents[2] / "plugins"
HOME = "ansible_collections/dockside/engine/plugins"
# Counts how often each file is compiled. What is registered first to happen at the end happens last.
CHILD = """
import atexit, collections, gc, json, sys, traceback

sys.path.insert(0, sys.argv[1])
compiled = collections.Counter()
sys.addaudithook(lambda event, args: compiled.update([args[1]]) if event == "compile" else None)
told = {}
atexit.register(lambda: print(json.dumps({**told, "compiled": compiled, "frozen": gc.get_freeze_count()})))
if sys.argv[2:]:
    from ansible_collections.dockside.engine.plugins.module_utils import _process

    _process.end_quickly()
from ansible_collections.dockside.engine.plugins.module_utils._engine import client

told.update(file=client.__file__, folders=list(sys.modules[client.__package__].__path__))
try:
    client.Engine(None).url("none")
except ValueError:
    told["trace"] = traceback.format_exc()
try:
    import ansible_collections.dockside.engine.plugins.module_utils._engine.nothing
except ModuleNotFoundError as error:
    told["missing"] = error.name
import beside

told["beside"] = beside.__file__
"""


def run(folder: pathlib.Path, *arguments: str) -> dict[str, Any]:
    archive = folder / "payload.zip"
    with zipfile.ZipFile(archive, "w") as packed:
        parents = [pathlib.PurePosixPath(HOME, "module_utils"), *pathlib.PurePosixPath(HOME, "module_utils").parents]
        for parent in parents[:-1]:
            packed.writestr(f"{parent}/__init__.py", "")
        packed.writestr("beside.py", "")
        for path in [PLUGINS / "module_utils/_process.py", *sorted((PLUGINS / "module_utils/_engine").glob("*.py"))]:
            packed.write(path, f"{HOME}/{path.relative_to(PLUGINS).as_posix()}")
    done = subprocess.run(
        [sys.executable, "-I", "-c", CHILD, str(archive), *arguments], capture_output=True, encoding="utf-8", check=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_what_python_does_by_itself(tmp_path: pathlib.Path) -> None:
    """When this fails, Python has learnt it, and the importer is of no use any more."""
    found = run(tmp_path)
    assert found["compiled"][found["file"]] > 1
    assert found["frozen"] < 1000


@pytest.fixture
def found(tmp_path: pathlib.Path) -> dict[str, Any]:
    return run(tmp_path, "with it")


def test_each_file_is_compiled_once(found: dict[str, Any], tmp_path: pathlib.Path) -> None:
    home = f"{tmp_path}/payload.zip/{HOME}/module_utils/_engine/"
    own = {path: times for path, times in found["compiled"].items() if path.startswith(home)}
    assert f"{home}client.py" in own
    assert f"{home}__init__.py" in own
    assert set(own.values()) == {1}


def test_files_have_their_names(found: dict[str, Any], tmp_path: pathlib.Path) -> None:
    folder = f"{tmp_path}/payload.zip/{HOME}/module_utils/_engine"
    assert (found["file"], found["folders"]) == (f"{folder}/client.py", [folder])
    assert "raise ValueError(f" in found["trace"]  # the line of the source is found
    assert found["missing"].endswith("._engine.nothing")


def test_what_is_outside_is_left_alone(found: dict[str, Any], tmp_path: pathlib.Path) -> None:
    assert found["compiled"][f"{tmp_path}/payload.zip/beside.py"] > 1
    assert found["beside"] == f"{tmp_path}/payload.zip/beside.py"


def test_the_end_is_quick(found: dict[str, Any]) -> None:
    assert found["frozen"] > 1000


def test_other_processes_are_left_alone() -> None:
    """The controller's, for one, where files are no part of a zip file."""
    assert not _process.ON_TARGET
    assert _process.importer not in sys.path_hooks
