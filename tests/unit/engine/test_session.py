# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Sessions of BuildKit without BuildKit: HPACK, HTTP/2, gRPC, and what the methods answer."""

from __future__ import annotations

import json
import os
import socket
import struct
import threading
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine import hpack
from ansible_collections.dockside.engine.plugins.module_utils._engine.build_config import config_header, proxies
from ansible_collections.dockside.engine.plugins.module_utils._engine.context import Context
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, StreamError
from ansible_collections.dockside.engine.plugins.module_utils._engine.filesync import folders, followed, key
from ansible_collections.dockside.engine.plugins.module_utils._engine.http2 import PREFACE, Server
from ansible_collections.dockside.engine.plugins.module_utils._engine.protobuf import decode, encode
from ansible_collections.dockside.engine.plugins.module_utils._engine.session import (
    Call,
    Inbox,
    Method,
    Refusal,
    Talk,
    agents,
    logins,
    secrets,
)

DATA, HEADERS, RESET, SETTINGS, PING, WINDOW, CONTINUATION = 0, 1, 3, 4, 6, 8, 9
END, END_HEADERS, PADDED, PRIORITY = 0x1, 0x4, 0x8, 0x20

# ---- headers ----


def test_the_examples_of_the_specification() -> None:
    decoder = hpack.Decoder()
    first = [(":method", "GET"), (":scheme", "http"), (":path", "/"), (":authority", "www.example.com")]
    for data, expected in (
        ("828684418cf1e3c2e5f23a6ba0ab90f4ff", first),
        ("828684be5886a8eb10649cbf", [*first, ("cache-control", "no-cache")]),
        (
            "828785bf408825a849e95ba97d7f8925a849e95bb8e8b4bf",
            [
                (":method", "GET"),
                (":scheme", "https"),
                (":path", "/index.html"),
                (":authority", "www.example.com"),
                ("custom-key", "custom-value"),
            ],
        ),
    ):
        assert decoder.decode(bytes.fromhex(data)) == expected
    plain = "4803302358077072697661746561"
    assert hpack.Decoder().decode(bytes.fromhex("4803333032580770726976617465")) == [
        (":status", "302"),
        ("cache-control", "private"),
    ]
    with pytest.raises(ValueError, match="cut off"):
        hpack.Decoder().decode(bytes.fromhex(plain))


def test_the_table_forgets_the_oldest() -> None:
    decoder = hpack.Decoder()
    assert decoder.decode(b"\x3f\x21") == []  # room for 64 bytes, which is one entry
    for name in (b"a", b"b"):
        decoder.decode(b"\x40\x01" + name + b"\x01x")
    assert decoder.decode(b"\xbe") == [("b", "x")]
    with pytest.raises(ValueError, match="nobody has named"):
        decoder.decode(b"\xbf")


@pytest.mark.parametrize(
    "data",
    [
        "80",
        "ff",
        "ffffffffffffff",
        "40",
        "4001",
        "400361",
        "400161",
        "3fe1ff03",
        "400181",
        "400184ffffffff",
        "40810000",
    ],
)
def test_broken_headers(data: str) -> None:
    with pytest.raises(ValueError, match=r"header"):
        hpack.Decoder().decode(bytes.fromhex(data))


def test_headers_that_were_written_can_be_read() -> None:
    headers = [("a", ""), ("grpc-message", "ü" * 300), (":status", "200")]
    decoder = hpack.Decoder()
    assert decoder.decode(hpack.encode(headers)) == headers


# ---- HTTP/2 and gRPC ----


def echo(headers: Any, inbox: Inbox) -> Talk:
    """Answers each message with itself, and the last one with an error if it is `fail`."""
    while inbox or not inbox.ended:
        if not inbox:
            yield None
            continue
        message = inbox.popleft()
        if message == b"break":
            raise EngineError("it is broken")
        if message == b"fail":
            raise Refusal(9, "it cannot: 100% wrong")
        yield message


def frame(kind: int, flags: int, stream: int, body: bytes = b"") -> bytes:
    return len(body).to_bytes(3, "big") + struct.pack(">BBL", kind, flags, stream) + body


def message(data: bytes) -> bytes:
    return struct.pack(">BL", 0, len(data)) + data


class Daemon:
    """The other side: sends frames and reads those that come."""

    def __init__(self, method: Method = echo, window: int | None = None) -> None:
        self.paths: list[str] = []
        self.errors: list[str] = []

        def opened(headers: Any) -> Call:
            self.paths += headers[":path"]
            return Call(method, headers, self.errors)

        self.http = Server(opened, [(":status", "200")])
        settings = struct.pack(">HL", 4, window) if window is not None else b""
        self.send(PREFACE + frame(SETTINGS, 0, 0, settings))
        self.decoder = hpack.Decoder()
        self.headers: dict[int, list[Any]] = {}
        self.data: dict[int, bytes] = {}
        self.order: list[tuple[int, int]] = []  # stream and size of each frame of data
        self.others: list[tuple[int, int, int, bytes]] = []

    def send(self, data: bytes, step: int | None = None) -> None:
        for start in range(0, len(data), step or len(data)):
            self.http.receive(data[start : start + (step or len(data))])

    def call(self, stream: int, *messages: bytes, end: bool = True, step: int | None = None) -> None:
        block = hpack.encode([(":path", f"/{stream}")])
        body = b"".join(map(message, messages))
        data = frame(HEADERS, END_HEADERS, stream, block)
        self.send(data + frame(DATA, END if end else 0, stream, body), step)

    def read(self, size: int = 1 << 20) -> None:
        """Take all that comes now."""
        while True:
            data = self.http.send(size)
            if not data:
                return
            while data:
                length = int.from_bytes(data[:3], "big")
                kind, flags, stream = struct.unpack(">BBL", data[3:9])
                body, data = data[9 : 9 + length], data[9 + length :]
                if kind == HEADERS:
                    self.headers.setdefault(stream, []).append((flags, dict(self.decoder.decode(body))))
                elif kind == DATA:
                    self.data[stream] = self.data.get(stream, b"") + body
                    self.order.append((stream, length))
                else:
                    self.others.append((kind, flags, stream, body))


def test_a_call() -> None:
    for step in (None, 1, 7):
        daemon = Daemon()
        daemon.call(1, b"one", b"two", step=step)
        daemon.read()
        assert daemon.paths == ["/1"]
        assert daemon.data == {1: message(b"one") + message(b"two")}
        assert daemon.headers == {1: [(END_HEADERS, {":status": "200"}), (END | END_HEADERS, {"grpc-status": "0"})]}
        size = len(message(b"one") * 2)
        assert daemon.others == [
            (SETTINGS, 0, 0, b""),
            (SETTINGS, 1, 0, b""),
            (WINDOW, 0, 0, struct.pack(">L", size)),
            (WINDOW, 0, 1, struct.pack(">L", size)),
        ]


def test_an_answer_that_is_an_error() -> None:
    daemon = Daemon()
    daemon.call(1, b"one", b"fail", b"three")
    daemon.read()
    assert daemon.data == {1: message(b"one")}
    trailers = daemon.headers[1][1][1]
    assert trailers == {"grpc-status": "9", "grpc-message": "it cannot: 100%25 wrong"}
    assert daemon.errors == []
    daemon.call(3, b"break")
    daemon.read()
    assert daemon.headers[3][1][1] == {"grpc-status": "2", "grpc-message": "it is broken"}
    assert daemon.errors == ["it is broken"]


def test_a_conversation() -> None:
    """Answers come as soon as there is something to answer."""
    daemon = Daemon()
    daemon.call(1, b"one", end=False)
    daemon.read()
    assert daemon.data == {1: message(b"one")}
    daemon.send(frame(DATA, 0, 1, message(b"two")[:3]))
    daemon.send(frame(DATA, PADDED, 1, b"\x04" + message(b"two")[3:] + b"pad!"))
    daemon.read()
    assert daemon.data == {1: message(b"one") + message(b"two")}
    assert len(daemon.headers[1]) == 1
    daemon.send(frame(DATA, END, 1))
    daemon.read()
    assert daemon.headers[1][1][1] == {"grpc-status": "0"}


def test_no_more_is_sent_than_there_is_room_for() -> None:
    daemon = Daemon(window=100)
    daemon.call(1, b"a" * 40_000)
    daemon.call(3, b"b" * 150)
    daemon.read()
    assert {stream: len(data) for stream, data in daemon.data.items()} == {1: 100, 3: 100}
    daemon.send(frame(SETTINGS, 0, 0, struct.pack(">HL", 4, 120)))  # which counts for what is under way, too
    daemon.read()
    assert {stream: len(data) for stream, data in daemon.data.items()} == {1: 120, 3: 120}
    daemon.send(frame(WINDOW, 0, 1, struct.pack(">L", 1 << 20)) + frame(WINDOW, 0, 3, struct.pack(">L", 1 << 20)))
    daemon.read()
    assert daemon.data == {1: message(b"a" * 40_000), 3: message(b"b" * 150)}
    daemon.call(5, b"c" * 40_000)
    daemon.send(frame(WINDOW, 0, 5, struct.pack(">L", 1 << 20)))
    daemon.read()
    assert sum(map(len, daemon.data.values())) == 65535  # all streams together have no more
    daemon.send(frame(WINDOW, 0, 0, struct.pack(">L", 1 << 20)))
    daemon.read()
    assert daemon.data[5] == message(b"c" * 40_000)
    assert max(size for _stream, size in daemon.order) <= 16384


def test_calls_take_turns() -> None:
    daemon = Daemon(window=1 << 20)
    daemon.send(frame(WINDOW, 0, 0, struct.pack(">L", 1 << 20)))
    for stream in (1, 3):
        daemon.call(stream, b"x" * 50_000)
    daemon.read(1000)
    assert [stream for stream, _size in daemon.order][:4] == [1, 3, 1, 3]


def test_headers_in_pieces() -> None:
    daemon = Daemon()
    block = hpack.encode([(":path", "/x"), ("more", "y" * 100)])
    first = b"\x02" + b"\0\0\0\0\x10" + block[:10] + b"##"
    daemon.send(frame(HEADERS, PADDED | PRIORITY, 1, first) + frame(CONTINUATION, END_HEADERS, 1, block[10:]))
    assert daemon.paths == ["/x"]


def test_calls_that_nobody_waits_for_are_ended() -> None:
    """So that whatever a method has opened is closed, and what it began to write is removed."""
    ended = []

    def method(headers: Any, inbox: Inbox) -> Talk:
        try:
            while True:
                yield None
        finally:
            ended.append(headers[":path"])

    daemon = Daemon(method)
    for stream in (1, 3):
        daemon.call(stream, end=False)
    daemon.read()
    daemon.send(frame(RESET, 0, 1, b"\0\0\0\x08"))
    assert ended == [["/1"]]
    daemon.http.close()
    assert ended == [["/1"], ["/3"]]


def test_what_has_no_place_in_a_call() -> None:
    daemon = Daemon()
    daemon.send(frame(PING, 0, 0, b"12345678") + frame(PING, 1, 0, b"87654321") + frame(99, 0, 7, b"unknown"))
    daemon.call(1, b"one", end=False)
    daemon.send(
        frame(RESET, 0, 1, b"\0\0\0\x08") + frame(DATA, 0, 1, message(b"late")) + frame(WINDOW, 0, 1, b"\0\0\0\1")
    )
    daemon.read()
    assert (PING, 1, 0, b"12345678") in daemon.others
    assert not any(body == b"87654321" for _kind, _flags, _stream, body in daemon.others)
    assert daemon.data == {}


@pytest.mark.parametrize(
    "data",
    [
        frame(DATA, PADDED, 1, b"\x09abc"),
        frame(HEADERS, END_HEADERS, 1, b"\xff"),
        frame(CONTINUATION, END_HEADERS, 1, b""),
        frame(HEADERS, 0, 1, b"") + frame(PING, 0, 0, b"12345678"),
        frame(WINDOW, 0, 0, b"\0"),
        frame(SETTINGS, 0, 0, b"\0\4\0"),
        b"\xff\xff\xff" + b"\0" * 6,
    ],
)
def test_what_is_no_http2(data: bytes) -> None:
    with pytest.raises(StreamError, match=r"in its session"):
        Daemon().send(data)


def test_another_protocol() -> None:
    http = Server(lambda headers: Call(echo, headers, []), [])
    with pytest.raises(StreamError, match=r"does not speak HTTP/2 in its session: b'GET / HTTP/1"):
        http.receive(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


# ---- methods ----


def ask(methods: dict[str, Method], request: bytes) -> dict[int, Any]:
    """What the only method of these answers."""
    (method,) = methods.values()
    inbox = Inbox()
    said = method({}, inbox)
    assert next(said) is None
    inbox.append(request)
    found = next(said)
    assert found is not None
    return decode(found)


def test_secrets() -> None:
    methods = secrets({"a": b"\xff secret", "empty": b""})
    assert ask(methods, encode({1: "a"})) == {1: [b"\xff secret"]}
    assert ask(methods, encode({1: "empty"})) == {}
    with pytest.raises(Refusal, match="the task has no secret b"):
        ask(methods, encode({1: "b"}))


def test_logins(tmp_path: Path) -> None:
    environ = {"DOCKER_CONFIG": str(tmp_path), "PATH": str(tmp_path)}
    assert ask(logins(environ), encode({1: "reg.example:5000"})) == {}
    assert config_header(environ, []) == {}
    auth = "YW5uOndvcmQ="  # ann:word
    config: dict[str, Any] = {
        "auths": {
            "reg.example:5000": {"auth": auth},
            "https://index.docker.io/v1/": {"auth": auth},
            "token.example": {"auth": auth, "identitytoken": "a token"},
            "not a host": {"auth": auth},
        }
    }
    (tmp_path / "config.json").write_text(json.dumps(config))
    for host in ("reg.example:5000", "registry-1.docker.io"):
        assert ask(logins(environ), encode({1: host})) == {1: [b"ann"], 2: [b"word"]}
    assert ask(logins(environ), encode({1: "token.example"})) == {2: [b"a token"]}
    warnings: list[str] = []
    assert set(config_header(environ, warnings)) == {"X-Registry-Config"}
    assert warnings == ["'not a host' is not a registry's address such as registry.example.com:5000"]
    # Only the helper that is responsible is run.
    for name in ("good", "bad"):
        helper = tmp_path / f"docker-credential-{name}"
        answer = 'echo \'{"Username": "eve", "Secret": "kept"}\'' if name == "good" else "echo broken; exit 1"
        helper.write_text(f"#!/bin/sh\necho {name} >> {tmp_path}/ran\n{answer}\n")
        helper.chmod(0o755)
    config["credHelpers"] = {"reg.example:5000": "good", "other.example": "bad"}
    (tmp_path / "config.json").write_text(json.dumps(config))
    assert ask(logins(environ), encode({1: "reg.example:5000"})) == {1: [b"eve"], 2: [b"kept"]}
    assert (tmp_path / "ran").read_text() == "good\n"
    with pytest.raises(EngineError, match="docker-credential-bad"):
        ask(logins(environ), encode({1: "other.example"}))


def test_proxies(tmp_path: Path) -> None:
    environ = {"DOCKER_CONFIG": str(tmp_path)}
    assert proxies("unix:///var/run/docker.sock", environ, {}) == {}
    config = {"default": {"httpProxy": "http://a:1", "noProxy": "b", "ftpProxy": ""}, "tcp://c:2375": {"allProxy": "d"}}
    (tmp_path / "config.json").write_text(json.dumps({"proxies": config}))
    found = {"http_proxy": "http://a:1", "HTTP_PROXY": "http://a:1", "no_proxy": "b", "NO_PROXY": "b"}
    assert proxies("unix:///var/run/docker.sock", environ, {}) == found
    assert set(proxies("unix:///var/run/docker.sock", environ, {"NO_proxy": "c"})) == {"http_proxy", "HTTP_PROXY"}
    assert proxies("tcp://c:2375", environ, {}) == {"all_proxy": "d", "ALL_PROXY": "d"}


def test_agents(tmp_path: Path) -> None:
    path = os.path.relpath(tmp_path / "agent")  # a long one is no address
    methods = agents({"default": path})
    check, forward = methods.values()
    inbox = Inbox([encode({1: "default"})])
    assert next(check({}, inbox)) == b""
    with pytest.raises(Refusal, match="the task has no ssh agent other"):
        next(check({}, Inbox([encode({1: "other"})])))
    request, answer = b"\0\0\0\1\x0b", b"\0\0\0\5\x0c\0\0\0\0"
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen()

        def agent() -> None:
            sock, _address = listener.accept()
            with sock:
                assert sock.recv(100) == request
                sock.sendall(answer[:3])
                sock.sendall(answer[3:])
                sock.recv(100)

        thread = threading.Thread(target=agent)
        thread.start()
        inbox = Inbox([encode({1: request[:2]})])
        said = forward({"buildkit.ssh.id": ["default"]}, inbox)
        assert next(said) is None
        inbox.append(encode({1: request[2:]}))
        assert next(said) == encode({1: answer})
        inbox.append(encode({1: request}))
        with pytest.raises(OSError, match="the ssh agent has hung up"):
            next(said)
        thread.join()


# ---- folders ----

STAT, REQUEST, CONTENTS, FINISH, ERROR = range(5)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "context"
    for name in ("Dockerfile", "a/x", "a/y", "b/z", "c.txt", "d.txt"):
        path = made / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
        path.chmod(0o640)
    (made / "link").symlink_to("b/z")
    (made / "up").symlink_to("../../a")
    return made


def listed(folder: Path | None, **headers: Any) -> list[str]:
    """The paths that the daemon is told of when it asks with these headers."""
    context = Context(str(folder), None, None, False) if folder else Context(None, None, "FROM x", False)
    (method,) = folders(context).values()
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    found = []
    for packet in method({"dir-name": ["context"], **headers}, Inbox()):
        stat = decode(packet or b"").get(2)
        if stat is None:
            break
        found.append(decode(stat[0])[1][0].decode())
    return found


def test_which_files_are_told(folder: Path) -> None:
    everything = ["Dockerfile", "a", "a/x", "a/y", "b", "b/z", "c.txt", "d.txt", "link", "up"]
    assert listed(folder) == everything
    assert listed(None) == []
    assert listed(folder, exclude_patterns=["a", "*.txt", "!c.txt"]) == [
        "Dockerfile",
        "b",
        "b/z",
        "c.txt",
        "link",
        "up",
    ]
    assert listed(folder, followpaths=["a/y"]) == ["a", "a/y"]
    assert listed(folder, followpaths=["*.txt"], include_patterns=["b"]) == ["b", "b/z", "c.txt", "d.txt"]
    assert listed(folder, followpaths=["link"]) == ["b", "b/z", "link"]
    assert listed(folder, followpaths=["."]) == everything
    assert listed(folder, followpaths=["nosuch"]) == []
    assert listed(folder, followpaths=["a"], exclude_patterns=["a/x"]) == ["a", "a/y"]
    encoded = {"exclude-patterns": ["%C3%BC", "a"], "exclude-patterns-encoded": ["1"]}
    (folder / "ü").write_text("")
    assert listed(folder, **encoded) == ["Dockerfile", "b", "b/z", "c.txt", "d.txt", "link", "up"]


def test_links_are_followed(folder: Path) -> None:
    (folder / "loop").symlink_to("loop")
    (folder / "rooted").symlink_to("/a/x")
    root = str(folder)
    assert followed(root, ["a/x", "c.txt"]) == ["a/x", "c.txt"]
    assert followed(root, ["up/x"]) == ["a/x", "up"]  # out of the context is back at its top
    assert followed(root, ["rooted"]) == ["a/x", "rooted"]
    assert followed(root, ["loop/x"]) == ["loop"]
    assert followed(root, ["l*k"]) == ["b/z", "l*k"]
    assert followed(root, ["/a/"]) == ["a"]
    assert followed(root, ["nosuch/*/x"]) == ["nosuch/*/x"]
    assert followed(root, [".", "a"]) == []


def test_what_is_told_of_a_file(folder: Path) -> None:
    (folder / "a/x").chmod(0o4751)
    os.utime(folder / "a/x", ns=(1, 1_700_000_000_123_456_789))
    os.mkfifo(folder / "pipe")
    (method,) = folders(Context(str(folder), None, None, False)).values()
    found = {}
    for packet in method({"dir-name": ["context"]}, Inbox()):
        stat = decode(packet or b"").get(2)
        if stat is None:
            break
        about = decode(stat[0])
        found[about[1][0].decode()] = about
    assert found["a/x"] == {1: [b"a/x"], 2: [1 << 23 | 0o751], 5: [3], 6: [1_700_000_000_123_456_789]}
    assert found["a"][2] == [1 << 31 | 0o755]
    assert (found["link"][2], found["link"][7]) == ([1 << 27 | 0o777], [b"b/z"])
    assert found["pipe"][2] == [1 << 25 | 0o644]


def test_contents_are_sent_when_they_are_asked_for(folder: Path) -> None:
    (folder / "c.txt").write_bytes(b"c" * 100_000)
    (method,) = folders(Context(str(folder), None, None, False)).values()
    inbox = Inbox()
    said = method({"dir-name": ["context"], "followpaths": ["c.txt", "d.txt", "a/x"]}, inbox)
    stats = [next(said) for _number in range(5)]
    assert decode(stats[-1] or b"") == {}
    assert next(said) is None
    for number in (2, 3):  # after the folder a and what is in it
        inbox.append(encode({1: REQUEST, 3: number}))
    inbox.append(encode({1: FINISH}))
    packets = [decode(packet or b"") for packet in said]
    assert packets.pop() == {1: [FINISH]}
    assert {packet[1][0] for packet in packets} == {CONTENTS}
    contents: dict[int, bytes] = {}
    for packet in packets:
        contents[packet[3][0]] = contents.get(packet[3][0], b"") + packet.get(4, [b""])[0]
    assert contents == {2: b"c" * 100_000, 3: b"d.txt"}
    assert [packet for packet in packets if 4 not in packet] == [{1: [CONTENTS], 3: [2]}, {1: [CONTENTS], 3: [3]}]


def test_the_dockerfile_has_a_folder_of_its_own(folder: Path) -> None:
    (folder / "Dockerfile.dockerignore").write_text("a")

    def told(text: str) -> list[dict[int, Any]]:
        (folder / "Dockerfile").write_text(text)
        (method,) = folders(Context(str(folder), None, None, False)).values()
        said = method({"dir-name": ["dockerfile"]}, Inbox())
        return [decode(decode(next(said) or b"")[2][0]) for _number in range(2)]

    first, ignore = told("FROM x")
    assert (first[1], first[5], ignore[1]) == ([b"Dockerfile"], [6], [b"Dockerfile.dockerignore"])
    assert told("FROM x") == [first, ignore]
    assert told("FROM y")[0][6] != first[6]  # of the same size: it has to differ in time


def test_what_the_daemon_cannot_have(folder: Path) -> None:
    (method,) = folders(Context(str(folder), None, None, False)).values()
    with pytest.raises(Refusal, match="there is no folder other"):
        next(method({"dir-name": ["other"]}, Inbox()))
    said = method({"dir-name": ["context"], "followpaths": ["nosuch"]}, Inbox([encode({1: ERROR, 4: "no room"})]))
    assert next(said) == b""
    with pytest.raises(EngineError, match="the daemon cannot take the context: no room"):
        next(said)
    said = method({"dir-name": ["context"], "followpaths": ["c.txt"]}, Inbox([encode({1: REQUEST})]))
    next(said)
    (folder / "c.txt").unlink()
    assert next(said) == b""
    with pytest.raises(EngineError, match=r"c\.txt cannot be read: No such file"):
        next(said)


def test_the_key_of_a_folder(folder: Path, tmp_path: Path) -> None:
    def of(path: Path) -> str:
        return key(Context(str(path), None, "FROM x", False))

    (tmp_path / "same").symlink_to(folder)
    assert of(folder) == of(tmp_path / "same")
    assert of(folder) != of(folder / "a")
