# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which tasks run inside the worker, and what a module finds there."""

from __future__ import annotations

import os
import pathlib
import sys
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ansible.plugins.action.normal")
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible_collections.dockside.engine.plugins.module_utils import _module
from ansible_collections.dockside.engine.plugins.plugin_utils import _in_process

pytestmark = pytest.mark.controller
PLUGINS = pathlib.Path(__file__).absolute().parents[3] / "plugins"


def test_every_module_has_its_action_plugin_and_all_are_the_same() -> None:
    """For a new module: cp plugins/action/container.py plugins/action/NAME.py"""
    modules = sorted(path.name for path in (PLUGINS / "modules").glob("*.py"))
    actions = sorted((PLUGINS / "action").glob("*.py"))
    assert [path.name for path in actions] == modules
    carrying = {"container_copy.py", "container_fetch.py"}  # files of the controller
    assert len({path.read_text(encoding="utf-8") for path in actions if path.name not in carrying}) == 1


def test_the_plugin_runs_the_module_of_its_name() -> None:
    made = _in_process.action("ansible_collections.dockside.engine.plugins.action.volume_info")
    assert made.module.__name__.endswith(".plugins.modules.volume_info")


def decision(monkeypatch: pytest.MonkeyPatch, **case: Any) -> bool:
    """Whether a task runs in the worker that is in everything as it should be for that but in `case`."""
    task = SimpleNamespace(
        async_val=case.get("async_val", 0),
        delegate_to=case.get("delegate_to"),
        environment=[case.get("environment", {})],
    )
    shell = SimpleNamespace(env_prefix=lambda **environment: "")
    connection = SimpleNamespace(
        transport=case.get("transport", "local"), become=case.get("become_plugin"), _shell=shell
    )
    plugin = _in_process.InProcess.__new__(_in_process.InProcess)
    plugin._task, plugin._connection = task, connection
    plugin._play_context = SimpleNamespace(become=case.get("become", False))
    plugin._templar = SimpleNamespace(template=lambda value: value)
    if case.get("keep"):
        monkeypatch.setenv("ANSIBLE_KEEP_REMOTE_FILES", "1")
    return plugin._may_run_here(case.get("variables", {}))


@pytest.mark.parametrize(
    ("case", "here"),
    [
        ({}, True),
        ({"transport": "ssh"}, False),
        ({"become": True}, False),
        ({"become_plugin": "sudo"}, False),
        ({"async_val": 10}, False),
        ({"keep": True}, False),
        ({"environment": {"DOCKER_HOST": "tcp://far"}}, True),
        ({"environment": {"PYTHONPATH": "/x"}}, False),
        ({"environment": {"LC_ALL": "C"}}, False),
        ({"variables": {"dockside_engine_in_process": "no"}}, False),
        ({"variables": {"ansible_python_interpreter": sys.executable}}, True),
        ({"variables": {"ansible_python_interpreter": "auto_silent"}}, True),
        ({"variables": {"ansible_python_interpreter": "/bin/sh"}}, False),
        ({"variables": {"ansible_python_interpreter": "/usr/bin/env python3"}}, False),
        (
            {
                "delegate_to": "other",
                "variables": {
                    "ansible_python_interpreter": sys.executable,
                    "ansible_delegated_vars": {"other": {"ansible_python_interpreter": "/bin/sh"}},
                },
            },
            False,
        ),
    ],
)
def test_what_runs_here(monkeypatch: pytest.MonkeyPatch, case: dict[str, Any], here: bool) -> None:
    assert decision(monkeypatch, **case) == here


def test_another_link_to_the_same_python_is_the_same(monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path) -> None:
    folder = pathlib.Path(sys.executable).parent
    alias = tmp_path / "bin"
    alias.symlink_to(folder)
    assert decision(
        monkeypatch, variables={"ansible_python_interpreter": str(alias / pathlib.Path(sys.executable).name)}
    )
    # The same program, but of another environment, with other libraries.
    (tmp_path / "python").symlink_to(pathlib.Path(sys.executable).resolve())
    assert not decision(monkeypatch, variables={"ansible_python_interpreter": str(tmp_path / "python")})


def test_everything_is_put_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KEPT", "1")
    before = dict(os.environ), basic._ANSIBLE_ARGS
    with pytest.raises(SystemExit), _in_process.as_module(b"{}", {"KEPT": "2", "NEW": "3"}, print):
        assert (os.environ["KEPT"], os.environ["NEW"], basic._ANSIBLE_ARGS) == ("2", "3", b"{}")
        assert _module.connect({"docker_host": "unix:///nowhere"}).tell is print
        warnings.warn("of this task")
        assert len(warnings.get_warning_messages()) == 1
        raise SystemExit(1)
    assert (dict(os.environ), basic._ANSIBLE_ARGS) == before
    assert _module.tell is None
    with _in_process.as_module(b"{}", {}, print):
        assert not warnings.get_warning_messages()  # of the task before
