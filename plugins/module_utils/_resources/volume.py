# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verbs of volumes (/volumes)."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from .._engine.client import Engine
from .._state.converge import Document, Resource, Step
from .._state.fields import CREATE_ONLY, Change, Field, Schema
from .._state.kinds import Map, Text


class Volume(Resource):
    """A named volume. The daemon changes nothing of a volume, so any difference is a new volume with its data gone."""

    word = "volume"
    engine: Engine
    schema = Schema(
        Field("driver", Text(), "Driver", on_change=CREATE_ONLY, unset="local"),
        Field("driver_options", Map(loose=True), "DriverOpts", read="Options", on_change=CREATE_ONLY, unset={}),
        Field("labels", Map(), "Labels", on_change=CREATE_ONLY, unset={}),
    )
    options = {
        "name": {"type": "str", "required": True, "aliases": ["volume_name"]},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "recreate": {"type": "str", "choices": ["never", "options-changed", "always"], "default": "never"},
    }

    def find(self) -> Mapping[str, Any] | None:
        found: Mapping[str, Any] | None = self.engine.get(f"/volumes/{self.name}", missing=None)
        return found

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        recreate = self.params.get("recreate")
        if recreate == "always" or (changes and recreate == "options-changed"):
            return [self.step("recreate", lambda: self.recreate(found, changes))]
        return super().steps(found, changes)

    def refusal(self, changes: list[Change]) -> str:
        differences = ", ".join(f"{change.option} is {change.before}, wanted {change.after}" for change in changes)
        return (
            f"volume {self.name} differs and no engine can change a volume: {differences}. "
            "With recreate: options-changed it is replaced and ITS DATA IS LOST"
        )

    def create(self) -> None:
        self.post(self.name, self.schema.body(self.desired, {}, self.modes))

    def post(self, name: str, body: dict[str, Any]) -> None:
        self.engine.post("/volumes/create", {"Name": name, **body})

    def remove(self, found: Document) -> None:
        self.engine.delete(f"/volumes/{self.name}", missing=None)

    def recreate(self, found: Document, changes: list[Change]) -> None:
        kept = {"Driver": found["Driver"], "Labels": found.get("Labels"), "DriverOpts": found.get("Options")}
        actual = self.schema.actual(found)
        if self.desired.get("driver", found["Driver"]) != found["Driver"]:  # another driver has other options
            kept["DriverOpts"] = actual["driver_options"] = {}
        body = self.schema.body(self.desired, actual, self.modes, into=kept)
        # What the driver refuses shall be refused while the old volume still is there.
        trial = f"dockside-trial-{os.urandom(6).hex()}"
        self.post(trial, body)
        self.engine.delete(f"/volumes/{trial}")
        self.remove(found)
        self.post(self.name, body)
