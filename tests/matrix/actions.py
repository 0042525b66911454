# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Drives an action or a query in process, as run_action() and run_info() would."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Callable

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine


class Options:
    """The options that a module takes."""

    def __init__(self, work: Callable[..., Any], spec: Mapping[str, Any], rules: Mapping[str, Any]) -> None:
        self.work = work
        self.validator = ArgumentSpecValidator(dict(spec), **rules)

    def params(self, options: Mapping[str, Any]) -> dict[str, Any]:
        """The options as AnsibleModule would hand them over; ValueError with its words."""
        found = self.validator.validate(dict(options))
        if found.error_messages:
            raise ValueError("; ".join(found.error_messages))
        return dict(found.validated_parameters)


class Act(Options):
    """An action with its options: called with a client and the options of a task, it answers the task's result."""

    def __call__(self, engine: Engine, check: bool = False, **options: Any) -> dict[str, Any]:
        try:
            say, act = self.work(engine, self.params(options))
            return dict(say() if check else act())
        finally:
            engine.close()


class Query(Options):
    """The same for what only reads."""

    def __call__(self, engine: Engine, **options: Any) -> dict[str, Any]:
        try:
            return dict(self.work(engine, self.params(options)))
        finally:
            engine.close()
