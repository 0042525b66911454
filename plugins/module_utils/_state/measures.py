# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that only containers and services need: sizes, CPUs, durations, lists of NAME=value.

They stand apart from kinds.py because every module carries what it imports to the target.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from .kinds import Kind, Map, Unfit

SIZES = {"": 1, "B": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30, "T": 1 << 40, "P": 1 << 50}
SIZE = re.compile(r"(\d+(?:\.\d+)?) ?([KMGTP]?)(?:I?B)?", re.IGNORECASE)


class Size(Kind):
    """A number of bytes: ``512M``, ``1.5g``, ``4096``. `unlimited` is the number that "unlimited" and -1 stand for."""

    def __init__(self, unlimited: int | None = None) -> None:
        self.unlimited = unlimited

    def parse(self, option: Any) -> Any:
        text = str(option).strip()
        if self.unlimited is not None and text in ("unlimited", "-1"):
            return self.unlimited
        match = SIZE.fullmatch(text)
        if not match or isinstance(option, bool):
            raise ValueError(f"must be a size such as 512M or 1G, not {option!r}")
        return (
            int(float(match[1]) * SIZES[match[2].upper()])
            if "." in match[1]
            else int(match[1]) * SIZES[match[2].upper()]
        )

    def load(self, api: Any) -> Any:
        return int(api)

    def show(self, value: Any) -> Any:
        if self.unlimited is not None and value == self.unlimited:
            return "unlimited"
        for unit in "PTGMK":
            if value and value % SIZES[unit] == 0:
                return f"{value // SIZES[unit]}{unit}"
        return value


class Cpus(Kind):
    """A number of CPUs, kept in billionths (API: NanoCpus)."""

    type = "float"

    def parse(self, option: Any) -> Any:
        if not 0 <= float(option) < 10**6:  # which also keeps nan and inf out
            raise ValueError(f"must be a number of CPUs, not {option!r}")
        return round(float(option) * 10**9)

    def load(self, api: Any) -> Any:
        return int(api)

    def show(self, value: Any) -> Any:
        return value / 10**9 if value else value


UNITS = {"h": 3600 * 10**9, "m": 60 * 10**9, "s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}
DURATION = re.compile(r"(\d+(?:\.\d+)?)(h|ms|m|s|us|ns)")


class Duration(Kind):
    """A span of time: ``1m30s``, ``500ms``, ``2h``, ``0``; kept in nanoseconds."""

    def parse(self, option: Any) -> Any:
        text = str(option).strip().replace(" ", "")
        parts = DURATION.findall(text)
        if text == "0":
            return 0
        if not parts or "".join(number + unit for number, unit in parts) != text:
            raise ValueError(f"must be a duration such as 1m30s, 5s or 500ms, not {option!r}")
        return sum(round(float(number) * UNITS[unit]) for number, unit in parts)

    def load(self, api: Any) -> Any:
        return int(api)

    def show(self, value: Any) -> Any:
        if not value:
            return "0s"
        text = ""
        for unit, size in UNITS.items():
            count, value = divmod(value, size)
            text += f"{count}{unit}" if count else ""
        return text


class Pairs(Map):
    """A map that the API keeps as a list of ``NAME<sep>value``; a name alone stands for None."""

    def __init__(self, separator: str = "=", canon: Callable[[str], str] | None = None, null: bool = False) -> None:
        super().__init__(canon=canon, null=null)
        self.separator = separator

    def value(self, name: str, value: Any) -> Any:
        if not name or self.separator in name:
            raise Unfit(f"a name must not be empty or hold a {self.separator!r}", name)
        return super().value(name, value)

    def dump(self, value: Any) -> Any:
        return [name if text is None else name + self.separator + text for name, text in value.items()]

    def load(self, api: Any) -> Any:
        result: dict[str, str | None] = {}
        for entry in api:
            name, found, text = entry.partition(self.separator)
            result[name] = (self.canon(text) if self.canon else text) if found else None
        return result
