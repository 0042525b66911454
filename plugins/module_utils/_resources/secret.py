# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verbs of secrets (/secrets)."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Mapping
from typing import Any

from .._state.converge import Document
from .._state.fields import Change, Field, Schema, Values
from .._state.kinds import Map, Text
from .stored import LABELS, TEMPLATING, Data, Stored

HASH = "dockside.engine.hash"
FOREIGN = "ansible_key"  # community.docker's: SHA-224 of the data, in hexadecimal
ROUNDS = 60_000


def digest(data: bytes, rounds: int, salt: str) -> str:
    """The text of the label. Everybody who may inspect a secret sees it, so guessing shall be dear."""
    return f"pbkdf2-sha256:{rounds}:{salt}:{hashlib.pbkdf2_hmac('sha256', data, salt.encode(), rounds).hex()}"


def known(labels: Mapping[str, str]) -> bool:
    """Whether the labels tell of the data."""
    return HASH in labels or FOREIGN in labels


def matches(data: bytes, labels: Mapping[str, str]) -> bool:
    """Whether the labels tell of this data."""
    if HASH not in labels:
        return hmac.compare_digest(labels[FOREIGN], hashlib.sha224(data).hexdigest())
    kind, rounds, salt, _hash = f"{labels[HASH]}:::".split(":")[:4]
    usable = kind == "pbkdf2-sha256" and rounds.isdecimal() and 0 < int(rounds) <= 100 * ROUNDS
    return usable and hmac.compare_digest(labels[HASH], digest(data, int(rounds), salt))


class Hashed(Data):
    """Data that no engine gives back: a hash in a label stands for it. The actual value is the labels."""

    def load(self, found: Mapping[str, Any]) -> Values:
        return {"data": found.get("Labels") or {}}

    def same(self, desired: str, actual: Any) -> bool:
        return not known(actual) or matches(base64.b64decode(desired), actual)

    def write(self, desired: Values, actual: Values, modes: Mapping[str, str], body: dict[str, Any]) -> None:
        super().write(desired, actual, modes, body)
        if "data" in desired:
            labels = {name: text for name, text in (body.get("Labels") or {}).items() if name != FOREIGN}
            labels[HASH] = digest(base64.b64decode(desired["data"]), ROUNDS, os.urandom(16).hex())
            body["Labels"] = labels


class Secret(Stored):
    """A secret of a swarm."""

    word = "secret"
    path = "/secrets"
    member = "Secrets"
    schema = Schema(
        LABELS,
        Hashed(500 * 1024, secret=True),  # after the labels, to which it adds its own
        Field("driver", Text(), "Driver.Name", unset=""),
        Field("driver_options", Map(), "Driver.Options", unset={}),
        *TEMPLATING,
    )
    rules = {
        "mutually_exclusive": [("data", "data_src"), ("data", "driver"), ("data_src", "driver")],
        "required_if": [("state", "present", ("data", "data_src", "driver"), True)],
        "required_by": {"driver_options": "driver", "template_driver_options": "template_driver"},
    }

    def fingerprint(self, content: bytes) -> str:
        # Always the same for the same data, so salted with the name; as dear to guess as the label.
        return digest(content, ROUNDS, self.name).rpartition(":")[2]

    def changes(self, found: Document) -> list[Change]:
        labels = found["Spec"].get("Labels") or {}
        if "data" in self.desired and not known(labels) and not self.params["force"]:
            self.engine.warnings.append(
                f"secret {found['Spec']['Name']} was made without a hash of its data: whether its data is what this "
                "task names cannot be told, and it stays; force: true replaces it"
            )
        return super().changes(found)
