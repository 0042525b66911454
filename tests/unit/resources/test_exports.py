# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is exported can be written in a task, and says the same."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._actions.apply_kinds import KINDS
from ansible_collections.dockside.engine.plugins.module_utils._resources.exports import named
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import Field

from tests.unit.state.test_contracts import accepted

NEWEST = (1, 99)
# What is exported as another option, or not at all.
ELSEWHERE = ("gpus", "network_mode", "connected")
FIELDS = {
    f"{option}.{part.option}": part
    for option, kind in KINDS.items()
    for part in kind.resource.schema.parts
    if isinstance(part, Field) and part.option not in ELSEWHERE and not part.secret
}


def exported(field: Field) -> Iterator[tuple[Any, dict[str, Any]]]:
    for value in accepted(field.kind, field.spec()[field.option]):
        options = named(field, {field.option: value}, NEWEST)
        if options:
            yield value, options


@pytest.mark.parametrize("where", FIELDS)
def test_a_task_may_say_what_is_exported(where: str) -> None:
    field = FIELDS[where]
    validator = ArgumentSpecValidator(field.spec())
    for value, options in exported(field):
        result = validator.validate(options)
        assert result.error_messages == [], f"{options} of {value!r}"
        again = field.parse(result.validated_parameters)[field.option]
        assert field.kind.same(again, value, field.kind.mode), f"{options} of {value!r}"
