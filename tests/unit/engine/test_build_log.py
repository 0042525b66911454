# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What builds say, of both builders, as lines; and the messages of Protocol Buffers that BuildKit says it in."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.build_log import BuildLog
from ansible_collections.dockside.engine.plugins.module_utils._engine.protobuf import decode, encode, text, varint

NOW = encode({1: 1_700_000_000})


def trace(*, vertexes: Any = (), logs: Any = (), warnings: Any = ()) -> dict[str, Any]:
    """A message of BuildKit; a vertex, a log and a warning are maps of field numbers."""
    data = b"".join(
        encode({number: encode(each)})
        for number, all_of_them in ((1, vertexes), (3, logs), (4, warnings))
        for each in all_of_them
    )
    return {"id": "moby.buildkit.trace", "aux": base64.b64encode(data).decode()}


def test_messages() -> None:
    data = encode({1: 300, 2: "ü", 3: b"\xff", 4: 0, 5: "", 15: -1}) + encode({2: "again"})
    assert decode(data) == {1: [300], 2: ["ü".encode(), b"again"], 3: [b"\xff"], 15: [(1 << 64) - 1]}
    assert (text(decode(data), 2), text(decode(data), 9)) == ("again", "")
    assert [varint(value) for value in (0, 127, 128, 300)] == [b"\0", b"\x7f", b"\x80\x01", b"\xac\x02"]
    assert decode(b"\x09" + b"12345678" + b"\x15" + b"1234") == {1: [b"12345678"], 2: [b"1234"]}


@pytest.mark.parametrize("data", [b"\x08", b"\x0a\x05abc", b"\x09123", b"\x80", b"\x0b\x00"])
def test_broken_messages(data: bytes) -> None:
    with pytest.raises(ValueError, match=r"cut off|unknown kind"):
        decode(data)


def test_buildkit() -> None:
    log = BuildLog(10_000)
    one, two = {1: "sha256:1", 3: "[1/2] FROM x"}, {1: "sha256:2", 3: "[2/2] RUN make"}
    log.take(trace(vertexes=[one, two]))
    assert log.text == ""
    log.take(trace(vertexes=[{**one, 5: NOW}]))
    log.take(trace(vertexes=[{**one, 4: 1, 5: NOW, 6: NOW}, {**two, 5: NOW}]))
    log.take(trace(logs=[{1: "sha256:2", 3: 1, 4: "cc a.c\ncc "}, {1: "sha256:2", 3: 2, 4: "b.c\n10%\r100%\nfailed"}]))
    log.take(
        trace(vertexes=[{**two, 5: NOW, 6: NOW, 7: "exit code: 2"}], warnings=[{1: "sha256:2", 3: "Old style"}] * 2)
    )
    assert log.text.split("\n") == [
        "#1 [1/2] FROM x",
        "#1 CACHED",
        "#2 [2/2] RUN make",
        "#2 cc a.c",
        "#2 cc b.c",
        "#2 100%",
        "#2 failed",
        "#2 ERROR: exit code: 2",
    ]
    assert log.failed == ["cc a.c", "cc b.c", "100%", "failed"]
    assert log.warnings == ["Old style"]
    log.take({"id": "moby.image.id", "aux": {"ID": "sha256:3"}})
    assert log.image_id == "sha256:3"


def test_a_step_that_was_stopped_is_not_the_one_that_failed() -> None:
    log = BuildLog(10_000)
    for digest, error in (("a", "exit code: 1"), ("b", "process /bin/sh: context canceled")):
        log.take(trace(vertexes=[{1: digest, 3: digest, 5: NOW}], logs=[{1: digest, 4: f"of {digest}\n"}]))
        log.take(trace(vertexes=[{1: digest, 3: digest, 5: NOW, 6: NOW, 7: error}]))
    assert log.failed == ["of a"]


def test_the_classic_builder() -> None:
    log = BuildLog(10_000)
    for said in (
        "Step 1/2 : FROM x", "\n", " ---> 0123\n", "Step 2/2 : RUN make", "\n", " ---> Running in 4567\n",
        "cc a.c\nc", "c b.c\n\n", "no end of line",
    ):  # fmt: skip
        log.take({"stream": said})
    assert log.failed == ["cc a.c", "cc b.c", "", "no end of line"]
    log.take({"stream": "Removing intermediate container 4567\n"})
    log.take({"stream": " ---> 89ab\n"})
    log.take({"aux": {"ID": "sha256:89ab"}})
    log.take({"status": "Pulling from x", "id": "latest"})
    log.take({"status": "Downloading", "progressDetail": {"current": 1}, "id": "layer"})
    assert log.image_id == "sha256:89ab"
    assert log.text.split("\n") == [
        "Step 1/2 : FROM x",
        " ---> 0123",
        "Step 2/2 : RUN make",
        " ---> Running in 4567",
        "cc a.c",
        "cc b.c",
        "",
        "no end of line",
        "Removing intermediate container 4567",
        " ---> 89ab",
        "Pulling from x",
    ]


def test_the_log_is_bounded() -> None:
    log = BuildLog(100)
    for number in range(1000):
        log.take({"stream": f"line {number}\n"})
    assert len(log.text) < 110
    assert log.text.split("\n")[:1] + log.text.split("\n")[-1:] == ["...", "line 999"]
    assert log.failed == [f"line {number}" for number in range(980, 1000)]
    log.take({"stream": "x" * 100_000})
    log.take({"stream": "y"})
    assert log.text == "...\ny"
