# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Progress messages and multiplexed output, cut into chunks in every way."""

from __future__ import annotations

import json
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import ConnectionLost, StreamError
from ansible_collections.dockside.engine.plugins.module_utils._engine.streams import frames, messages, raise_for_error

MESSAGES = [
    {"status": "Pulling fs layer", "progressDetail": {}, "id": "a{}"},
    {"stream": 'Schritt 1: übel }{ "quoted" \\ \n'},
    {"aux": {"ID": "sha256:1"}},
]
FORMS = {
    "lines": "".join(json.dumps(message, ensure_ascii=False) + "\r\n" for message in MESSAGES),
    "back to back": "".join(json.dumps(message) for message in MESSAGES),
    "indented": "\n".join(json.dumps(message, indent=1) for message in MESSAGES),
}


def pieces(data: bytes, size: int) -> Iterator[bytes]:
    return (data[i : i + size] for i in range(0, len(data), size))


@pytest.mark.parametrize("form", FORMS)
def test_messages_cut_at_every_byte(form: str) -> None:
    data = FORMS[form].encode()
    for cut in range(len(data) + 1):
        assert list(messages([data[:cut], b"", data[cut:]])) == MESSAGES
    for size in 1, 2, 3, 7:
        assert list(messages(pieces(data, size))) == MESSAGES


@pytest.mark.parametrize("form", FORMS)
def test_messages_that_end_too_early(form: str) -> None:
    data = FORMS[form].encode()
    whole = {len("".join(json.dumps(m) for m in MESSAGES[:n])) for n in range(4)} if form == "back to back" else None
    for cut in range(len(data)):
        got: list[Any] = []
        try:
            got.extend(messages([data[:cut]]))
        except ConnectionLost:
            assert whole is None or cut not in whole
        else:
            assert whole is None or cut in whole
        assert got == MESSAGES[: len(got)]


def test_no_messages() -> None:
    assert list(messages([])) == []
    assert list(messages([b"\r\n", b" "])) == []


@pytest.mark.parametrize("data", [b"<html>", b"[1]", b'{"a":1}]', b"null", b"\xff\xfe"])
def test_what_is_no_message(data: bytes) -> None:
    with pytest.raises(StreamError, match="no message"):
        list(messages([data]))


def test_messages_are_given_as_they_come() -> None:
    def chunks() -> Iterator[bytes]:
        yield b'{"a":1}\r\n{"b"'
        raise AssertionError("asked for more before giving what is there")

    assert next(messages(chunks())) == {"a": 1}


def test_an_endless_message_does_not_fill_the_memory() -> None:
    with pytest.raises(StreamError):
        list(messages(b'{"a":"' + b"x" * 1_000_000 for _turn in range(40)))


@pytest.mark.parametrize(
    ("message", "text", "code"),
    [
        ({"errorDetail": {"code": 7, "message": "no space"}, "error": "old"}, "no space", 7),
        ({"errorDetail": {"message": "no space"}}, "no space", 0),
        ({"error": "no space"}, "no space", 0),
        ({"errorDetail": {"odd": 1}}, "{'odd': 1}", 0),
    ],
)
def test_errors_in_a_stream(message: Any, text: str, code: int) -> None:
    with pytest.raises(StreamError) as caught:
        raise_for_error(message)
    assert (str(caught.value), caught.value.code) == (text, code)


def test_no_errors_in_a_stream() -> None:
    for message in ({}, {"status": "error"}, {"error": ""}, {"errorDetail": None}):
        raise_for_error(message)


def frame(stream: int, data: bytes) -> bytes:
    return bytes([stream, 0, 0, 0]) + len(data).to_bytes(4, "big") + data


FRAMES = [(1, b"out\n"), (2, b"err\x00\xff"), (1, b"x" * 20), (0, b"echo")]
OUTPUT = b"".join(frame(stream, data) for stream, data in FRAMES) + frame(1, b"")


def test_frames_cut_at_every_byte() -> None:
    for cut in range(len(OUTPUT) + 1):
        assert list(frames([OUTPUT[:cut], OUTPUT[cut:]])) == FRAMES
    for size in 1, 3, 8:
        assert list(frames(pieces(OUTPUT, size))) == FRAMES


def test_frames_that_end_too_early() -> None:
    ends = [0]
    for stream, data in [*FRAMES, (1, b"")]:
        ends.append(ends[-1] + len(frame(stream, data)))
    for cut in range(len(OUTPUT)):
        if cut in ends:
            assert len(list(frames([OUTPUT[:cut]]))) == min(ends.index(cut), len(FRAMES))
        else:
            with pytest.raises(ConnectionLost):
                list(frames([OUTPUT[:cut]]))


@pytest.mark.parametrize("data", [b"plain text of a TTY\r\n", b"\x01\x00\x01\x00\x00\x00\x00\x01x", b"\x04" + bytes(8)])
def test_what_is_not_multiplexed(data: bytes) -> None:
    with pytest.raises(StreamError, match="no multiplexed output"):
        list(frames([data]))


def test_the_daemons_own_error_in_output() -> None:
    with pytest.raises(StreamError, match="failed while sending output: disk on fire"):
        list(frames([frame(1, b"x"), frame(3, b"disk on fire")]))


def test_a_huge_frame_is_given_in_parts() -> None:
    size = 64 * 1024 * 1024

    def chunks() -> Iterator[bytes]:
        yield frame(1, b"")[:4] + size.to_bytes(4, "big")
        for _turn in range(size // 65536):
            yield bytes(65536)

    tracemalloc.start()
    total = sum(len(data) for _stream, data in frames(chunks()))
    _now, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert total == size
    assert peak < 8 * 1024 * 1024
