# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives an action in process, as run_action() would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine


class Act:
    """An action with its options: called with a client and the options of a task, it answers the task's result."""

    def __init__(self, action: Callable[..., Any], spec: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
        self.action = action
        self.validator = ArgumentSpecValidator(dict(spec), **rules)

    def __call__(self, engine: Engine, check: bool = False, **options: Any) -> dict[str, Any]:
        found = self.validator.validate(options)
        if found.error_messages:
            raise ValueError("; ".join(found.error_messages))
        try:
            say, act = self.action(engine, found.validated_parameters)
            return dict(say() if check else act())
        finally:
            engine.close()
