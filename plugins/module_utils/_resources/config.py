# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verbs of configs (/configs)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._state.fields import Schema, pick
from .stored import LABELS, TEMPLATING, Data, Stored


class Config(Stored):
    """A config of a swarm. The engine gives its data back, so the data itself is compared."""

    word = "config"
    path = "/configs"
    member = "Configs"
    schema = Schema(LABELS, Data(1000 * 1024, secret=False), *TEMPLATING)
    rules = {
        "mutually_exclusive": [("data", "data_src")],
        "required_if": [("state", "present", ("data", "data_src"), True)],
        "required_by": {"template_driver_options": "template_driver"},
    }

    def uses(self, container: Mapping[str, Any]) -> Iterator[str]:
        yield from self.named(container)
        credentials = pick(container, "Privileges.CredentialSpec.Config")
        if credentials:
            yield credentials
