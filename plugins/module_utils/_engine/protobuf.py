# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Messages of Protocol Buffers, as BuildKit speaks them, by the numbers of their fields."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Union

Value = Union[int, str, bytes]
Message = dict[int, list[Any]]
_FIXED = {1: 8, 5: 4}  # wire type -> bytes


def decode(data: bytes) -> Message:
    """Number -> its values in order: int for numbers, bytes for texts, bytes and messages. ValueError if cut off."""
    found: Message = {}
    position = 0
    while position < len(data):
        key, position = _number(data, position)
        kind = key & 7
        value: int | bytes
        if kind == 0:
            value, position = _number(data, position)
        else:
            if kind == 2:
                size, position = _number(data, position)
            elif kind in _FIXED:
                size = _FIXED[kind]
            else:
                raise ValueError(f"a field of the unknown kind {kind}")
            value = data[position : position + size]
            position += size
            if position > len(data):
                raise ValueError("a field is cut off")
        found.setdefault(key >> 3, []).append(value)
    return found


def text(message: Message, number: int) -> str:
    """The last text of a field, "" when there is none."""
    value = message.get(number, [b""])[-1]
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else ""


def encode(fields: Mapping[int, Value]) -> bytes:
    """A message of these fields; those that are 0 or empty are left out, as they are what a missing one means."""
    made = bytearray()
    for number, value in fields.items():
        if not value:
            continue
        if isinstance(value, int):
            made += varint(number << 3) + varint(value)
        else:
            data = value.encode("utf-8", "surrogateescape") if isinstance(value, str) else value
            made += varint(number << 3 | 2) + varint(len(data)) + data
    return bytes(made)


def varint(value: int) -> bytes:
    """A number in as many bytes as it needs; negative ones as their complement of 64 bits."""
    value &= (1 << 64) - 1
    made = bytearray()
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def _number(data: bytes, position: int) -> tuple[int, int]:
    value = shift = 0
    while position < len(data):
        byte = data[position]
        position += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, position
        shift += 7
    raise ValueError("a number is cut off")
