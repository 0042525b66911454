# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""HPACK (RFC 7541), the way HTTP/2 writes headers: all of reading, and of writing the simplest form."""

from __future__ import annotations

from collections.abc import Iterable

Header = tuple[str, str]

# What every connection knows from the start, numbered from 1 on.
_STATIC: list[Header] = [
    (name, value)
    for name, _blank, value in (
        line.partition(" ")
        for line in [
            ":authority",
            ":method GET",
            ":method POST",
            ":path /",
            ":path /index.html",
            ":scheme http",
            ":scheme https",
            ":status 200",
            ":status 204",
            ":status 206",
            ":status 304",
            ":status 400",
            ":status 404",
            ":status 500",
            "accept-charset",
            "accept-encoding gzip, deflate",
            "accept-language",
            "accept-ranges",
            "accept",
            "access-control-allow-origin",
            "age",
            "allow",
            "authorization",
            "cache-control",
            "content-disposition",
            "content-encoding",
            "content-language",
            "content-length",
            "content-location",
            "content-range",
            "content-type",
            "cookie",
            "date",
            "etag",
            "expect",
            "expires",
            "from",
            "host",
            "if-match",
            "if-modified-since",
            "if-none-match",
            "if-range",
            "if-unmodified-since",
            "last-modified",
            "link",
            "location",
            "max-forwards",
            "proxy-authenticate",
            "proxy-authorization",
            "range",
            "referer",
            "refresh",
            "retry-after",
            "server",
            "set-cookie",
            "strict-transport-security",
            "transfer-encoding",
            "user-agent",
            "vary",
            "via",
            "www-authenticate",
        ]
    )
]
_TABLE = 4096  # bytes of the dynamic table, as long as nobody says otherwise
_OVERHEAD = 32  # bytes that an entry counts beside its texts

# The length in bits of the code of each byte, and of the end, which is the last; A is 5. The codes are canonical: in
# the order of lengths, and of bytes within a length, each is the one before it plus 1.
_LENGTHS = (
    "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHFIBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJB"
    "KABABABBBACCBBBABCBAABCCCCCKGJIXPRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS"
    "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWVZ"
)


def _codes() -> dict[tuple[int, int], int]:
    """(length, code) -> byte."""
    found, code, before = {}, 0, 0
    for length, byte in sorted((ord(letter) - ord("A") + 5, byte) for byte, letter in enumerate(_LENGTHS)):
        code <<= length - before
        found[length, code] = byte
        code, before = code + 1, length
    return found


_CODES = _codes()


class Decoder:
    """Reads blocks of headers, each of which may refer to what those before it said. ValueError for what is none."""

    def __init__(self) -> None:
        self._table: list[Header] = []  # the newest first
        self._size, self._limit = 0, _TABLE

    def decode(self, data: bytes) -> list[Header]:
        found, position = [], 0
        while position < len(data):
            first = data[position]
            if first & 0x80:
                index, position = _number(data, position, 7)
                found.append(self._at(index))
            elif first & 0xE0 == 0x20:
                size, position = _number(data, position, 5)
                if size > _TABLE:
                    raise ValueError("a table of headers that is too large")
                self._limit = size
                self._shrink()
            else:
                header, position = self._literal(data, position, 6 if first & 0x40 else 4)
                found.append(header)
                if first & 0x40:
                    self._table.insert(0, header)
                    self._size += _size(header)
                    self._shrink()
        return found

    def _literal(self, data: bytes, position: int, bits: int) -> tuple[Header, int]:
        index, position = _number(data, position, bits)
        if index:
            name = self._at(index)[0]
        else:
            name, position = _text(data, position)
        value, position = _text(data, position)
        return (name, value), position

    def _at(self, index: int) -> Header:
        table = _STATIC if index <= len(_STATIC) else self._table
        index -= 1 if table is _STATIC else len(_STATIC) + 1
        if not 0 <= index < len(table):
            raise ValueError("a header that nobody has named")
        return table[index]

    def _shrink(self) -> None:
        while self._size > self._limit:
            self._size -= _size(self._table.pop())


def encode(headers: Iterable[Header]) -> bytes:
    """A block of headers that leaves no trace in the tables of the other side."""
    made = bytearray()
    for header in headers:
        made.append(0)
        for text in header:
            data = text.encode("utf-8", "surrogateescape")
            made += _length(len(data)) + data
    return bytes(made)


def _length(value: int) -> bytes:
    if value < 0x7F:
        return bytes([value])
    made, value = bytearray([0x7F]), value - 0x7F
    while value > 0x7F:
        made.append(value & 0x7F | 0x80)
        value >>= 7
    made.append(value)
    return bytes(made)


def _size(header: Header) -> int:
    return _OVERHEAD + sum(len(text.encode("utf-8", "surrogateescape")) for text in header)


def _number(data: bytes, position: int, bits: int) -> tuple[int, int]:
    """A number that begins in the last `bits` of a byte, and where it ends."""
    most = (1 << bits) - 1
    value, shift = data[position] & most, 0
    position += 1
    while value >= most:
        if position >= len(data) or shift > 28:
            raise ValueError("a number in headers that is cut off")
        byte = data[position]
        position += 1
        value += (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            break
    return value, position


def _text(data: bytes, position: int) -> tuple[str, int]:
    if position >= len(data):
        raise ValueError("a header that is cut off")
    packed = data[position] & 0x80
    size, position = _number(data, position, 7)
    piece = data[position : position + size]
    if len(piece) < size:
        raise ValueError("a header that is cut off")
    return (unpack(piece) if packed else piece).decode("utf-8", "surrogateescape"), position + size


def unpack(data: bytes) -> bytes:
    """The text of a Huffman code; what is left of the last byte is filled with ones."""
    made, length, code = bytearray(), 0, 0
    for byte in data:
        for shift in range(7, -1, -1):
            code = code << 1 | byte >> shift & 1
            length += 1
            found = _CODES.get((length, code))
            if found is not None:
                if found > 0xFF:
                    raise ValueError("a header that holds the end of a text")
                made.append(found)
                length = code = 0
    if length > 7 or code != (1 << length) - 1:
        raise ValueError("a header whose end is not filled with ones")
    return bytes(made)
