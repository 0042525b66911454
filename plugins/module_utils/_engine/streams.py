# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The daemon's streams, from chunks of bytes of any size, in constant memory."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from .errors import ConnectionLost, StreamError

_MESSAGE = 16 * 1024 * 1024  # no progress message comes near it
_FRAME = 1024 * 1024  # frames above it are given out in parts; the daemon's own are 16 or 32 KiB


def messages(chunks: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The JSON objects of a progress stream (pull, push, load, build, events), one a line or back to back.

    StreamError when something else comes, ConnectionLost when the stream ends inside an object.
    """
    decoder, text = json.JSONDecoder(), ""
    incoming = codecs.getincrementaldecoder("utf-8")(errors="replace")
    for chunk in chunks:
        text = (text + incoming.decode(chunk)).lstrip()
        if b"}" not in chunk and len(text) <= _MESSAGE:
            continue  # no object can have ended: a long one is not tried again with each of its chunks
        while text:
            if text[0] != "{" or len(text) > _MESSAGE:
                raise StreamError(f"The daemon's progress stream holds something that is no message: {text[:200]!r}")
            try:
                message, end = decoder.raw_decode(text)
            except ValueError:
                break  # the rest is still to come
            yield message
            text = text[end:].lstrip()
    if text.startswith("{"):
        raise ConnectionLost("the other end", "its progress stream ended in the middle of a message")
    if text:
        raise StreamError(f"The daemon's progress stream holds something that is no message: {text[:200]!r}")


def raise_for_error(message: Mapping[str, Any]) -> None:
    """StreamError when the message reports a failure: they come in streams that began with 200."""
    detail = message.get("errorDetail") or {}
    text = detail.get("message") or message.get("error")
    if text or detail:
        raise StreamError(str(text or detail), int(detail.get("code") or 0))


def frames(chunks: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """(stream, data) of multiplexed output, as attach, exec and logs send it without a TTY: 1 is stdout, 2 stderr.

    A frame is 8 bytes of header (stream, three zeros, size) and its data. ConnectionLost when the last one is cut off.
    """
    buffer, stream, left = bytearray(), 0, 0
    for chunk in chunks:
        buffer += chunk
        while True:
            if not left:
                if len(buffer) < 8:
                    break
                stream, left = buffer[0], int.from_bytes(buffer[4:8], "big")
                if stream > 3 or any(buffer[1:4]):
                    raise StreamError(f"The daemon sent no multiplexed output (is it a TTY's?): {bytes(buffer[:40])!r}")
                del buffer[:8]
            due = min(left, _FRAME)
            if len(buffer) < due:
                break
            data = bytes(buffer[:due])
            del buffer[:due]
            left -= due
            if stream == 3:
                raise StreamError(f"The daemon failed while sending output: {data.decode(errors='replace')}")
            if data:
                yield stream, data
    if buffer or left:
        raise ConnectionLost("the other end", "its output ended in the middle of a frame")
