# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Options that are lists of what other modules take: each item is checked as AnsibleModule checks those modules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from ansible.module_utils.common.arg_spec import ArgumentSpecValidator, ValidationResult

from ._state.kinds import Unfit

Spec = dict[str, dict[str, Any]]


class Kind(Protocol):
    """What an item may say."""

    def argument_spec(self) -> Spec: ...

    def rules(self) -> dict[str, Any]: ...

    def secrets(self, params: Mapping[str, Any]) -> set[str]: ...


class Lists:
    """The lists of a task. `kinds`: option -> what its items may say."""

    def __init__(self, kinds: Mapping[str, Kind]) -> None:
        self.kinds = kinds
        self.validators: dict[str, ArgumentSpecValidator] = {}

    def validate(self, option: str, item: Any) -> ValidationResult:
        if option not in self.validators:
            kind = self.kinds[option]
            self.validators[option] = ArgumentSpecValidator(kind.argument_spec(), **kind.rules())
        result: ValidationResult = self.validators[option].validate(item)
        return result

    def read(self, option: str, items: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """The items with their defaults, types and full names; raises ValueError that names the item and the option."""
        read = []
        for index, item in enumerate(items):
            result = self.validate(option, item)
            if result.error_messages:
                raise self.refusal(option, f"{option}[{index}]", item, result)
            read.append(result.validated_parameters)
        return read

    def refusal(self, option: str, where: str, item: Mapping[str, Any], result: ValidationResult) -> Unfit:
        spec = self.kinds[option].argument_spec()
        known = {name: entry for first, entry in spec.items() for name in (first, *entry.get("aliases", ()))}
        for name, value in item.items():
            if name not in known:
                return Unfit("there is no such option", f"{where}.{name}")
            alone = {"required": False, "aliases": []}
            messages = ArgumentSpecValidator({name: {**known[name], **alone}}).validate({name: value}).error_messages
            if messages:
                return Unfit("; ".join(messages), f"{where}.{name}")
        return Unfit("; ".join(result.error_messages), where)  # options that do not go together

    def secrets(self, params: Mapping[str, Any]) -> set[str]:
        """Texts of the items that must appear nowhere in the result; of options that do not fit as well."""
        found: set[str] = set()
        for option, kind in self.kinds.items():
            items = params.get(option)
            for item in items if isinstance(items, list) else ():
                result = self.validate(option, item if isinstance(item, dict) else {})
                found |= result._no_log_values
                if not result.error_messages:
                    found |= kind.secrets(result.validated_parameters)
        return found
