# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the collection says about itself agrees with what is in it: modules, documentation, requirements, headers."""

from __future__ import annotations

import ast
import pathlib
import re
import sys
from typing import Any

import pytest
import yaml
from ansible.plugins.loader import fragment_loader
from ansible.utils.plugin_docs import get_docstring

pytestmark = pytest.mark.controller

ROOT = pathlib.Path(__file__).absolute().parents[2]
HEADER = "\n".join(pathlib.Path(__file__).read_text(encoding="utf-8").splitlines()[:3])
MODULES = sorted(path.stem for path in (ROOT / "plugins/modules").glob("*.py"))


def load(path: str) -> Any:
    return yaml.safe_load((ROOT / path).read_text(encoding="utf-8"))


def lines(path: str) -> list[str]:
    """The lines of a requirements file that say something."""
    return [line for line in (ROOT / path).read_text(encoding="utf-8").splitlines() if line and line[0] not in "#-"]


def documentation(name: str) -> tuple[Any, Any, Any]:
    """DOCUMENTATION with its fragments, EXAMPLES and RETURN of a module, as ansible-doc reads them."""
    path = ROOT / ".build/ansible_collections/dockside/engine/plugins/modules" / f"{name}.py"
    doc, examples, returned, _metadata = get_docstring(
        str(path), fragment_loader, collection_name="dockside.engine", is_module=True, plugin_type="module"
    )
    return doc, yaml.safe_load(examples), returned


def tasks(node: Any) -> list[dict[str, Any]]:
    """The tasks of an example, also those inside plays and blocks."""
    found = []
    for item in node:
        inner = [item[key] for key in ("tasks", "pre_tasks", "block", "rescue", "always") if key in item]
        found += [task for part in inner for task in tasks(part)] if inner else [item]
    return found


def without_sample(values: dict[str, Any], path: str = "") -> list[str]:
    """The return values that show no sample, neither themselves nor in all that they contain."""
    missing = []
    for name, value in values.items():
        if "sample" in value:
            continue
        if value.get("contains"):
            missing += without_sample(value["contains"], f"{path}{name}.")
        else:
            missing.append(path + name)
    return missing


def test_there_are_modules() -> None:
    assert MODULES


def test_the_action_group_is_every_module() -> None:
    assert load("meta/runtime.yml")["action_groups"]["engine"] == MODULES


@pytest.mark.parametrize("name", MODULES)
def test_the_readme_names_the_module(name: str) -> None:
    assert f"`{name}`" in (ROOT / "README.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("name", MODULES)
def test_documentation(name: str) -> None:
    doc, _examples, _returned = documentation(name)
    assert doc["module"] == name
    assert re.fullmatch(r"\d+\.\d+\.\d+", str(doc["version_added"]))
    assert {"check_mode", "diff_mode", "idempotent"} <= set(doc["attributes"])
    for attribute in doc["attributes"].values():
        assert attribute["support"] in ("full", "partial", "none", "N/A")
        assert attribute["description"]


@pytest.mark.parametrize("name", MODULES)
def test_examples_use_the_full_name(name: str) -> None:
    _doc, examples, _returned = documentation(name)
    used = [key for task in tasks(examples) for key in task if key.rsplit(".", 1)[-1] in MODULES]
    assert f"dockside.engine.{name}" in used
    assert [key for key in used if not key.startswith("dockside.engine.")] == []


@pytest.mark.parametrize("name", MODULES)
def test_return_values_have_samples(name: str) -> None:
    _doc, _examples, returned = documentation(name)
    assert returned
    assert without_sample(returned) == []


def test_a_missing_sample_is_seen() -> None:
    assert without_sample({"a": {"contains": {"b": {"sample": 1}, "c": {}}}, "d": {"sample": {}}}) == ["a.c"]


def test_the_plugins_import_nothing_but_python_and_ansible() -> None:
    imported = set()
    for path in (ROOT / "plugins").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and not node.level:
                imported.add(str(node.module).partition(".")[0])
    assert imported - set(sys.stdlib_module_names) == {"ansible", "ansible_collections"}


def test_the_execution_environment_names_files_that_exist() -> None:
    for path in load("meta/execution-environment.yml")["dependencies"].values():
        assert lines(path)


def test_the_license_is_the_one_that_the_headers_name() -> None:
    text = (ROOT / "COPYING").read_text(encoding="utf-8")
    assert load("galaxy.yml")["license_file"] == "COPYING"
    assert text.split()[:6] == ["GNU", "GENERAL", "PUBLIC", "LICENSE", "Version", "3,"]
    assert (ROOT / "LICENSES/GPL-3.0-or-later.txt").read_text(encoding="utf-8") == text


SOURCES = [path for path in ROOT.glob("plugins/**/*.py") if path.stat().st_size]  # an __init__.py must be empty


@pytest.mark.parametrize("path", sorted(path.relative_to(ROOT).as_posix() for path in SOURCES))
def test_header(path: str) -> None:
    source = (ROOT / path).read_text(encoding="utf-8")
    assert HEADER in source.split('"""')[0]
