# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible calls for the module of this name: it brings to the controller what is meant for there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._actions.fetch import SPEC
from ansible_collections.dockside.engine.plugins.module_utils._actions.landing import Opened, land
from ansible_collections.dockside.engine.plugins.module_utils._actions.trees import PIECE, Unready, unready
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._module import chosen
from ansible_collections.dockside.engine.plugins.plugin_utils._in_process import action


class ActionModule(action(__name__)):  # type: ignore[misc]
    """A place on the controller becomes one of this machine, or of the target and then of this machine."""

    _wanted: dict[str, Any] | None = None  # the arguments, with the place on the controller as `path`
    _place = ""  # on the target

    def _adapted(self, arguments: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        dest = arguments.get("dest")
        if dest is None or arguments.get("path") is not None:
            return arguments
        del arguments["dest"]
        wanted = {**arguments, "path": self._loader.path_dwim(dest) + ("/" if dest.endswith("/") else "")}
        if self._here:
            return wanted
        if self._task.async_val:
            raise AnsibleActionFail("dest: nothing is brought to the controller with async; see path")
        self._wanted = wanted
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        self._place = self._connection._shell.join_path(self._connection._shell.tmpdir, "fetched.tar")
        return {**arguments, "dest": self._place}

    def _execute_module(self, *arguments: Any, **more: Any) -> Any:
        result = super()._execute_module(*arguments, **more)
        if result.pop("_brought", False):
            warnings: list[str] = []
            try:
                result.update(self._landed(warnings))
            except (EngineError, ValueError) as error:
                result.update(failed=True, msg=str(error), **getattr(error, "result", {}))
            if warnings:
                result["warnings"] = [*result.get("warnings", []), *warnings]
        return result

    def _landed(self, warnings: list[str]) -> dict[str, Any]:
        """Bring the archive here, and what is in it to its place."""
        wanted = {name: value for name, value in (self._wanted or {}).items() if name in SPEC}
        found = ArgumentSpecValidator(SPEC).validate(wanted)
        if found.error_messages:
            raise ValueError("; ".join(found.error_messages))
        params = found.validated_parameters
        handle, archive = tempfile.mkstemp(dir=constants.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]
        os.close(handle)

        @contextmanager
        def opened() -> Iterator[Iterator[bytes]]:
            with open(archive, "rb") as file:
                yield iter(partial(file.read, PIECE), b"")

        try:
            self._connection.fetch_file(self._place, archive)
            try:
                calls = land(Opened(opened, "" if params["export"] else None), params, warnings)
            except Unready as error:
                calls = unready(warnings, error, f"fetch {params['container_path'] or 'the file system'}")
            return chosen(calls, self._task.check_mode, self._task.diff)
        finally:
            os.unlink(archive)
