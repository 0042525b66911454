# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The operations of the API in the documentation's table, and whether the targets that it names have sent them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

TABLE = Path(__file__).absolute().parents[2] / "docs/docsite/rst/operations.rst"
_ROW = re.compile(r"^   \* - ``([A-Z]+ /\S*)``\n     - (.+)\n     - ``(\w+)``$", re.MULTILINE)


def table() -> dict[str, str]:
    """Operation ("GET /images/{name}/json") -> the target that sends it."""
    return {operation: target for operation, _surface, target in _ROW.findall(TABLE.read_text(encoding="utf-8"))}


def operation_of(request: str, operations: Iterable[str]) -> str | None:
    """Which of the operations a request ("GET /v1.51/images/shop/web:1/json?manifests=1") is."""
    method, _space, path = request.partition("?")[0].partition(" ")
    plain = f"{method} {re.sub(r'^/v[0-9.]+/', '/', path)}"
    # Names may hold slashes, ids do not; a path without either goes first.
    for operation in sorted(operations, key=lambda each: ("{" in each, -len(each))):
        pattern = re.escape(operation).replace(r"\{id\}", "[^/]+").replace(r"\{name\}", ".+")
        if re.fullmatch(pattern, plain):
            return operation
    return None


def missing(requests: Iterable[tuple[str, str]]) -> list[str]:
    """What the table says and the requests, each with its target, do not show."""
    wanted = table()
    senders: dict[str, set[str]] = {operation: set() for operation in wanted}
    for target, request in set(requests):
        operation = operation_of(request, wanted)
        if operation:
            senders[operation].add(target)
    return [
        f"{operation}: {target}" + (f" (but {', '.join(sorted(senders[operation]))})" if senders[operation] else "")
        for operation, target in wanted.items()
        if target not in senders[operation]
    ]


def report(requests: list[tuple[str, str]]) -> int:
    """Says what is missing; answers the exit code."""
    absent = missing(requests)
    if not absent:
        print(f"operations: each of {len(table())} was sent by the target that {TABLE.name} names")
        return 0
    print(f"operations: {len(absent)} of {len(table())} were not sent by the target that {TABLE.name} names:")
    print("".join(f"    {each}\n" for each in absent), end="")
    return 1
