# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The layers of the collection, read from the source: who may import whom, who may fail, who may ask for check mode."""

from __future__ import annotations

import ast
import pathlib
from collections.abc import Iterator

import pytest

ROOT = pathlib.Path(__file__).absolute().parents[2]
PLUGINS = ROOT / "plugins"
FILES = sorted(path.relative_to(PLUGINS).as_posix() for path in PLUGINS.rglob("*.py"))
HOME = "ansible_collections.dockside.engine.plugins."

# What each layer must not import; by its path below plugins/, the first that fits counts.
FORBIDDEN = {
    "module_utils/_state/": (
        "ansible",
        "module_utils._engine",
        "module_utils._resources",
        "module_utils._module",
    ),
    "module_utils/_engine/": (
        "ansible",
        "module_utils._state",
        "module_utils._resources",
        "module_utils._module",
    ),
    "module_utils/_actions/": ("ansible", "module_utils._module"),
    "module_utils/_resources/": ("ansible", "module_utils._module"),
    "modules/": ("ansible.module_utils.basic",),
}
MAY_FAIL = ("module_utils/_module.py",)
MAY_TEST_CHECK_MODE = ("module_utils/_module.py", "module_utils/_state/converge.py")


def imports(source: str, path: str) -> Iterator[str]:
    """Every module that the source imports, wherever the import stands; those of the collection without HOME."""
    package = (HOME + path.rsplit("/", 1)[0].replace("/", ".")).split(".")
    for node in ast.walk(ast.parse(source)):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            base = [*package[: len(package) - node.level + 1]] if node.level else []
            stem = ".".join(base + ([node.module] if node.module else []))
            names = [f"{stem}.{alias.name}" for alias in node.names]
        for name in names:
            yield name[len(HOME) :] if name.startswith(HOME) else name


def offending_imports(source: str, path: str) -> list[str]:
    forbidden = next((names for layer, names in FORBIDDEN.items() if path.startswith(layer)), ())
    return [name for name in imports(source, path) for bad in forbidden if (name + ".").startswith(bad + ".")]


def calls(source: str, names: tuple[str, ...]) -> list[int]:
    """The lines that name one of these attributes or functions."""
    return [
        node.lineno
        for node in ast.walk(ast.parse(source))
        if (isinstance(node, ast.Attribute) and node.attr in names) or (isinstance(node, ast.Name) and node.id in names)
    ]


def decisions_on(source: str, name: str) -> list[int]:
    """The lines that decide something by a variable or an attribute of this name; handing it on is no decision."""
    lines = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, (ast.If, ast.IfExp, ast.While, ast.Assert)):
            deciding: list[ast.AST] = [node.test]
        elif isinstance(node, ast.comprehension):
            deciding = list(node.ifs)
        elif isinstance(node, (ast.BoolOp, ast.UnaryOp, ast.Compare)):
            deciding = [node]
        else:
            continue
        for part in deciding:
            for leaf in ast.walk(part):
                if getattr(leaf, "id", None) == name or getattr(leaf, "attr", None) == name:
                    lines.append(leaf.lineno)
    return sorted(set(lines))


def type_checking_imports(source: str) -> list[int]:
    """The lines under `if TYPE_CHECKING` that import what AnsiballZ packs: our own files and ansible-core's."""
    lines = []
    for guard in ast.walk(ast.parse(source)):
        if not (isinstance(guard, ast.If) and calls(ast.unparse(guard.test), ("TYPE_CHECKING",))):
            continue
        for statement in guard.body:
            for name in imports(ast.unparse(statement), "module_utils/_state/a.py"):
                if name.startswith(("ansible.", "ansible_collections.", "module_utils.", "plugin_utils.")):
                    lines.append(statement.lineno)
    return lines


def test_the_plugins_are_there() -> None:
    assert [path for path in FILES if path.startswith("module_utils/_state/")]
    assert [path for path in FILES if path.startswith("module_utils/_engine/")]
    assert [path for path in FILES if path.startswith("modules/")]


@pytest.mark.parametrize("path", FILES)
def test_layers(path: str) -> None:
    assert offending_imports((PLUGINS / path).read_text(), path) == []


@pytest.mark.parametrize("path", [path for path in FILES if path not in MAY_FAIL])
def test_only_the_glue_ends_a_module(path: str) -> None:
    assert calls((PLUGINS / path).read_text(), ("fail_json", "exit_json", "AnsibleModule")) == []


@pytest.mark.parametrize("path", [path for path in FILES if path not in MAY_TEST_CHECK_MODE])
def test_check_mode_is_decided_in_one_place(path: str) -> None:
    assert decisions_on((PLUGINS / path).read_text(), "check_mode") == []


@pytest.mark.parametrize("path", FILES)
def test_no_import_that_only_a_type_checker_sees(path: str) -> None:
    """AnsiballZ packs it all the same."""
    assert type_checking_imports((PLUGINS / path).read_text()) == []


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("module_utils/_state/a.py", "from .._engine.client import Engine", ["module_utils._engine.client.Engine"]),
        ("module_utils/_state/a.py", "from .. import _engine", ["module_utils._engine"]),
        ("module_utils/_state/a.py", "def f():\n    import ansible.errors", ["ansible.errors"]),
        ("module_utils/_state/a.py", f"from {HOME}module_utils._module import run", ["module_utils._module.run"]),
        ("module_utils/_engine/a.py", "import ansible.module_utils.basic", ["ansible.module_utils.basic"]),
        ("module_utils/_state/a.py", "from .kinds import Text\nimport ansible_x", []),
    ],
)
def test_imports_are_seen(path: str, source: str, expected: list[str]) -> None:
    assert offending_imports(source, path) == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("if module.check_mode:\n    pass", [1]),
        ("x = 1 if check_mode else 2", [1]),
        ("x = not check_mode", [1]),
        ("x = [a for a in b if self.check_mode]", [1]),
        ("run(check_mode=module.check_mode)", []),
    ],
)
def test_decisions_are_seen(source: str, expected: list[int]) -> None:
    assert decisions_on(source, "check_mode") == expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("if TYPE_CHECKING:\n    from .kinds import Text", [2]),
        ("if typing.TYPE_CHECKING:\n    from .._engine.client import Engine", [2]),
        ("if TYPE_CHECKING:\n    from ansible.module_utils.basic import AnsibleModule", [2]),
        ("if TYPE_CHECKING:\n    from ssl import SSLContext", []),
        ("from .kinds import Text", []),
    ],
)
def test_a_type_checkers_import_is_seen(source: str, expected: list[int]) -> None:
    assert type_checking_imports(source) == expected
