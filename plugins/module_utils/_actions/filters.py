# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Filters as prunes understand them."""

from __future__ import annotations

from collections.abc import Mapping

from .._state.filters import Filters


def truth(wanted: Filters, name: str, default: bool) -> bool:
    """A filter that is a boolean."""
    return wanted[name][0].lower() in ("1", "t", "true") if name in wanted else default


def labelled(wanted: Filters, labels: Mapping[str, str] | None) -> bool:
    """Whether the labels pass `label` (all must be there) and `label!` (not all may be there) as prunes read them."""

    def there(name: str) -> bool:
        pairs = [word.partition("=") for word in wanted[name]]
        return all(key in (labels or {}) and (not sign or value == (labels or {})[key]) for key, sign, value in pairs)

    return ("label" not in wanted or there("label")) and ("label!" not in wanted or not there("label!"))
