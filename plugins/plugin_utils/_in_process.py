# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Runs a module of this collection inside the worker, where that gives what running it as a process gives."""

from __future__ import annotations

import importlib
import io
import json
import os
import shutil
import sys
import traceback
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, redirect_stdout
from functools import partial
from types import ModuleType
from typing import Any, Callable

from ansible import constants
from ansible.module_utils import basic
from ansible.module_utils.common import warnings
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.action.normal import ActionModule as NormalAction
from ansible.release import __version__ as core
from ansible.utils.display import Display
from ansible_collections.dockside.engine.plugins.module_utils import _module

try:
    from ansible.executor.module_common import _BuiltModule
    from ansible.module_utils import _internal
    from ansible.module_utils.common.json import Direction, get_module_encoder

    def encoded(value: Any) -> bytes:
        return json.dumps(value, cls=get_module_encoder("legacy", Direction.CONTROLLER_TO_MODULE)).encode()

except ImportError:  # ansible-core before 2.19
    from ansible.module_utils.common.json import AnsibleJSONEncoder

    _internal = None  # type: ignore[assignment]

    def encoded(value: Any) -> bytes:
        return json.dumps(value, cls=AnsibleJSONEncoder, vault_to_text=True).encode()  # type: ignore[arg-type]


SWITCH = "dockside_engine_in_process"
# What _execute_module() needs of these methods is ansible-core's own affair, and known of these versions.
KNOWN = (2, 17) <= tuple(int(part) for part in core.split(".")[:2]) <= (2, 21)
# Variables that a Python reads as it starts, or keeps from the first time.
EARLY = ("PYTHON", "LD_", "LC_", "LANG", "TMP", "TEMP", "TZ")
MODULES = "ansible_collections.dockside.engine.plugins.modules."


class InProcess(NormalAction):
    """As ansible-core's own, but a module that may run here is called in place of being packed, copied and started.

    Arguments, results and errors take ansible-core's way all the same: the module parses them as JSON and prints JSON.
    """

    module: ModuleType
    _here = False

    def run(self, tmp: Any = None, task_vars: Any = None) -> Any:
        self._here = KNOWN and self._may_run_here(task_vars or {})
        self._host = (task_vars or {}).get("inventory_hostname")
        given = self._task.args
        self._task.args = self._adapted(dict(given), task_vars or {})
        try:
            return super().run(tmp, task_vars)
        finally:
            self._task.args = given  # for the next try of the task

    def _adapted(self, arguments: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        """What the module gets of the arguments of the task, for a plugin that carries files to it or back."""
        return arguments

    def _may_run_here(self, task_vars: Mapping[str, Any]) -> bool:
        if self._connection.transport != "local" or self._connection.become or self._play_context.become:
            return False
        if self._task.async_val or constants.config.get_config_value("DEFAULT_KEEP_REMOTE_FILES"):
            return False
        if not boolean(self._templar.template(task_vars.get(SWITCH, True))):
            return False
        environment: dict[str, Any] = {}
        self._compute_environment_string(environment)
        if any(name.startswith(EARLY) for name in environment):
            return False
        self._environment = {name: str(value) for name, value in environment.items()}
        return self._is_our_python(task_vars)

    def _is_our_python(self, task_vars: Mapping[str, Any]) -> bool:
        """Whether nothing asks for another Python than the one that runs Ansible."""
        if self._task.delegate_to:
            task_vars = task_vars["ansible_delegated_vars"][self._task.delegate_to]
        wanted = self._templar.template(task_vars.get("ansible_python_interpreter"))
        wanted = wanted or constants.config.get_config_value("INTERPRETER_PYTHON")
        if not wanted or wanted.startswith("auto"):
            return True
        found = shutil.which(wanted) or ""

        def place(path: str) -> tuple[str, str]:  # python and python3 are links of one program, but not of all folders
            return os.path.realpath(os.path.dirname(path)), os.path.realpath(path)

        return place(found) == place(sys.executable)

    def _is_pipelining_enabled(self, *style: Any, **more: Any) -> bool:
        return self._here or bool(super()._is_pipelining_enabled(*style, **more))  # else it makes a remote folder

    def _configure_module(self, module_name: str, module_args: Any, task_vars: Any) -> Any:
        if not self._here:
            return super()._configure_module(module_name, module_args, task_vars)
        self._arguments = encoded({"ANSIBLE_MODULE_ARGS": module_args})
        shebang = f"#!{sys.executable}"
        if not _internal:
            return "new", shebang, b"", self.module.__file__
        bits = _BuiltModule(b_module_data=b"", module_style="new", shebang=shebang, serialization_profile="legacy")
        return bits, self.module.__file__

    def _low_level_execute_command(self, *command: Any, **more: Any) -> Any:
        if not self._here:
            return super()._low_level_execute_command(*command, **more)
        output, error, code = io.StringIO(), "", 0
        tell = partial(Display().v, host=self._host)
        with as_module(self._arguments, self._environment, tell), redirect_stdout(output):
            try:
                self.module.main()
            except SystemExit as end:
                code = int(end.code or 0)
            except Exception:
                code, error = 1, traceback.format_exc()
        out = output.getvalue()
        return {
            "rc": code,
            "stdout": out,
            "stdout_lines": out.splitlines(),
            "stderr": error,
            "stderr_lines": error.splitlines(),
        }


def action(name: str) -> type[InProcess]:
    """The action plugin for the module that has the name of the Python module `name`.

    The module is imported here and now: the controller loads action plugins before it forks the workers. There is one
    such plugin a module because ansible-core looks up module_defaults by its name: were all modules sent to one by
    meta/runtime.yml, the defaults of one would be those of all. Links in place of files would hide the modules from
    antsibull-docs.
    """
    module = importlib.import_module(MODULES + name.rpartition(".")[2])
    return type("ActionModule", (InProcess,), {"module": module})


@contextmanager
def as_module(arguments: bytes, environment: Mapping[str, str], tell: Callable[[str], None]) -> Iterator[None]:
    """What AnsibleModule finds in a process of its own; put back afterwards, for the next item of a loop.

    `tell` shows a line while the module runs.
    """
    states: list[tuple[Any, str, Any]] = [(basic, "_ANSIBLE_ARGS", arguments), (_module, "tell", tell)]
    if _internal:
        # Warnings go into the result, where the controller looks for them, and are not shown from here.
        states += [(basic, "_ANSIBLE_PROFILE", "legacy"), (_internal, "is_controller", False)]
    with ExitStack() as stack:
        for owner, name, value in states:
            stack.callback(setattr, owner, name, getattr(owner, name))
            setattr(owner, name, value)
        before = dict(os.environ)
        stack.callback(os.environ.update, before)
        stack.callback(os.environ.clear)  # the last one is called first
        os.environ.update(environment)
        warnings._global_warnings.clear()
        warnings._global_deprecations.clear()
        yield
