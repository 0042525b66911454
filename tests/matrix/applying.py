# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of apply share."""

from __future__ import annotations

from functools import partial
from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._actions.apply import RULES, SPEC, apply
from ansible_collections.dockside.engine.plugins.module_utils._actions.apply_kinds import KINDS
from ansible_collections.dockside.engine.plugins.module_utils._lists import Lists

from tests.matrix.actions import Act
from tests.matrix.harness import Target

APPLY = Act(partial(apply, Lists(KINDS).read), SPEC, RULES)
WEB = "dockside/web:1"


class Applying:
    """The action on a target."""

    def __init__(self, target: Target) -> None:
        self.target = target

    def run(self, check: bool = False, host: str | None = None, **options: Any) -> dict[str, Any]:
        engine = self.target.client(host)
        return {**APPLY(engine, check, **options), "warnings": engine.warnings}

    def check(self, **options: Any) -> dict[str, Any]:
        """A run in check mode, which must not touch the engine."""
        before = self.target.snapshot()
        said = self.run(check=True, **options)
        assert self.target.snapshot() == before
        return said

    def agree(self, **options: Any) -> dict[str, Any]:
        """A real run, which must do what the run in check mode before it said."""
        said, done = self.check(**options), self.run(**options)
        assert (said["changed"], said["actions"]) == (done["changed"], done["actions"])
        assert [brief(each) for each in said["results"]] == [brief(each) for each in done["results"]]
        assert said["warnings"] == done["warnings"]
        return done

    def settled(self, **options: Any) -> dict[str, Any]:
        """A run that must find everything as the task wants it."""
        done = self.agree(**options)
        assert (done["changed"], done["actions"]) == (False, [])
        assert done["diff"] == {"before": {}, "after": {}}
        return done


def brief(result: dict[str, Any]) -> Any:
    """A result, less what is only known afterwards, such as ids."""
    why = [change["option"] for change in result["changes"]]
    return result["kind"], result["name"], result["changed"], result["actions"], why


def of(done: dict[str, Any], name: str, kind: str = "container") -> dict[str, Any]:
    """The result of one object."""
    (found,) = [each for each in done["results"] if (each["kind"], each["name"]) == (kind, name)]
    return found
