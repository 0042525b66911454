# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds on each engine that differs in them, with each of its builders."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.build import RULES, SPEC, build

from tests.matrix.actions import Act
from tests.matrix.harness import Target

BUILD = Act(build, SPEC, RULES)
BOTH = ("classic", "buildkit")
# 28.5-min is the same daemon as 28.5, and API 1.33 is older than BuildKit.
PLACES = [(name, builder) for name in ("20.10", "26.1", "28.5", "28.5-containerd") for builder in BOTH]
PLACES.append(("20.10-api1.33", "classic"))


def everywhere(places: list[tuple[str, str]] = PLACES) -> Any:
    """Runs a test that takes `target` and `builder` in these places."""
    return pytest.mark.parametrize(
        ("session_target", "builder"), places, indirect=["session_target"], ids=["-".join(place) for place in places]
    )


def with_buildkit() -> Any:
    return everywhere([place for place in PLACES if place[1] == "buildkit"])


class Builds:
    """Runs tasks on a target with a builder."""

    def __init__(self, target: Target, builder: str) -> None:
        self.target, self.builder = target, builder
        self.warnings: list[str] = []

    def run(self, check: bool = False, **options: Any) -> dict[str, Any]:
        client = self.target.client()
        options = {"name": "made/image", "builder": self.builder, **options}
        try:
            return BUILD(client, check=check, **{name: value for name, value in options.items() if value is not None})
        finally:
            self.warnings = client.warnings

    def check(self, **options: Any) -> dict[str, Any]:
        """A run in check mode, which must not touch the engine."""
        before = self.snapshot()
        done = self.run(check=True, **options)
        assert self.snapshot() == before
        return done

    def snapshot(self) -> dict[str, Any]:
        """All but networks: BuildKit leaves the one that it used in its own time."""
        return {kind: found for kind, found in self.target.snapshot().items() if kind != "networks"}

    def agree(self, **options: Any) -> dict[str, Any]:
        """A real run, which must do what check mode said."""
        said, done = self.check(**options), self.run(**options)
        assert (said["changed"], said["actions"]) == (done["changed"], done["actions"])
        assert said["diff"]["before"] == done["diff"]["before"]
        return done

    def made(self, **options: Any) -> dict[str, Any]:
        """A run that must build; answers its result."""
        done = self.agree(**options)
        assert done["changed"]
        found = self.target.ask("GET", f"/images/{options.get('name', 'made/image')}/json")
        assert done["image"]["Id"] == found["Id"] == done["diff"]["after"]["id"]
        return done

    def settled(self, **options: Any) -> dict[str, Any]:
        """A run that must find the image as the task wants it."""
        done = self.agree(**options)
        assert (done["changed"], done["actions"], done["stdout"]) == (False, [], "")
        assert done["diff"]["before"] == done["diff"]["after"]
        return done
