# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Points in time, as tasks write them and as logs, events and prunes take them."""

from __future__ import annotations

from datetime import datetime, timedelta

from .measures import Duration


def moment(text: str, now: datetime) -> float:
    """A point in time in UNIX seconds: a span before `now` (the daemon's clock), a date and time, or UNIX seconds."""
    try:
        return (now - timedelta(microseconds=Duration().parse(text) / 1000)).timestamp()
    except ValueError:
        pass
    try:
        return float(text)
    except ValueError:
        pass
    try:
        return local(text, now).timestamp()
    except ValueError:
        raise ValueError(f"{text!r} is neither a span such as 24h nor a date such as 2026-01-31T12:00:00Z") from None


def instant(text: str, now: datetime) -> str:
    """The same to the nanosecond, as logs and events take it: seconds, a point and nine digits."""
    whole, point, rest = text.partition(".")
    digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
    if point and whole.isdecimal() and digits == rest:
        return f"{whole}.{digits:0<9.9}"
    try:
        datetime.fromisoformat(whole.replace("Z", "+00:00"))
    except ValueError:
        return f"{moment(text, now):.9f}"
    return f"{moment(whole + rest[len(digits) :], now):.0f}.{digits if point else '':0<9.9}"


def local(text: str, now: datetime) -> datetime:
    """A date as the API writes it, or one without a time zone, which is that of `now`; ValueError for anything else."""
    seconds, point, rest = text.replace("Z", "+00:00").partition(".")
    if point:  # nanoseconds, of which Python takes six digits
        digits = rest[: len(rest) - len(rest.lstrip("0123456789"))]
        seconds += f".{digits:0<6.6}{rest[len(digits) :]}"
    found = datetime.fromisoformat(seconds)
    return found if found.tzinfo else found.replace(tzinfo=now.tzinfo)
