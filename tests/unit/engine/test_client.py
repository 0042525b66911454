# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The client against a fake engine: versions, answers, errors, what is sent again, streams, threads."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator
from typing import Any, Callable

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine import errors
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine

from tests.unit.fake_engine import Chunks, FakeEngine, Raw, Reply, Slow

Connect = Callable[..., Engine]
NOT_FOUND = Reply({"message": "network web not found"}, 404)
CUT = Raw(b'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{"a":')


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waits: list[float] = []
    monkeypatch.setattr(time, "sleep", waits.append)
    return waits


# -- versions


@pytest.mark.parametrize(
    ("daemon", "used"), [("1.33", (1, 33)), ("1.41", (1, 41)), ("1.51", (1, 51)), ("1.55", (1, 55)), ("1.100", (1, 55))]
)
def test_the_newest_version_that_both_know_is_used(sockets: str, connect: Connect, daemon: str, used: Any) -> None:
    with FakeEngine(f"{sockets}/s", api=daemon) as fake:
        fake.on("GET", "/info", Reply({}))
        engine = connect(fake)
        assert engine.api == used
        engine.get("/info")
        assert [(seen.path, seen.version) for seen in fake.seen] == [("/_ping", ""), ("/info", "{}.{}".format(*used))]


def test_nothing_is_opened_before_the_first_request(fake: FakeEngine, connect: Connect) -> None:
    connect(fake)
    assert fake.connections == 0


def test_a_daemon_below_1_33_is_refused(sockets: str, connect: Connect) -> None:
    with (
        FakeEngine(f"{sockets}/s", api="1.9") as fake,
        pytest.raises(errors.VersionError, match=r"up to 1\.9, this collection from 1\.33 on"),
    ):
        connect(fake).get("/info")


def test_a_pinned_version_is_used(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/info", Reply({}))
    engine = connect(fake, api_version="1.41")
    engine.get("/info")
    assert engine.api == (1, 41)
    assert fake.seen[-1].version == "1.41"


def test_a_pinned_version_below_1_33_is_refused(fake: FakeEngine, connect: Connect) -> None:
    with pytest.raises(errors.VersionError, match=r"from 1\.33 on, and api_version is 1\.9"):
        connect(fake, api_version="1.9").get("/info")
    assert fake.asked("GET", "/info") == 0


def test_a_pinned_version_above_the_daemons_is_refused(fake: FakeEngine, connect: Connect) -> None:
    with pytest.raises(errors.VersionError, match=r"speaks up to 1\.51, .* api_version is 1\.52"):
        connect(fake, api_version="1.52").get("/info")
    assert fake.asked("GET", "/info") == 0


def test_a_daemon_that_does_not_serve_the_pinned_version_any_more(sockets: str, connect: Connect) -> None:
    with FakeEngine(f"{sockets}/s", min_api="1.44") as fake:
        with pytest.raises(errors.VersionError, match=r"1\.41 is too old.*1\.44.*api_version"):
            connect(fake, api_version="1.41").post("/networks/create", {})
        assert fake.asked("POST", "/networks/create") == 0


def test_a_daemon_that_does_not_serve_any_version_we_know(sockets: str, connect: Connect) -> None:
    with FakeEngine(f"{sockets}/s", api="1.70", min_api="1.60") as fake:
        with pytest.raises(errors.VersionError, match=r"1\.55 is too old.*1\.60"):
            connect(fake).get("/info")


def test_what_is_not_a_daemon(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/_ping", Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"))
    with pytest.raises(errors.UnreachableError, match="not Docker"):
        connect(fake).get("/info")


def test_plain_http_to_a_daemon_that_wants_tls(fake: FakeEngine, connect: Connect) -> None:
    text = b"Client sent an HTTP request to an HTTPS server.\n"
    fake.on("GET", "/_ping", Raw(b"HTTP/1.0 400 Bad Request\r\n\r\n" + text))
    with pytest.raises(errors.UnreachableError, match="wants TLS, see validate_certs"):
        connect(fake).get("/info")


def test_a_daemon_that_cannot_even_answer_a_ping(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/_ping", Reply({"message": "context deadline exceeded"}, 500))
    with pytest.raises(errors.ServerError, match="GET /_ping: 500 Internal Server Error: context deadline exceeded"):
        connect(fake).get("/info")


def test_require_names_every_option_that_is_too_new(sockets: str, connect: Connect) -> None:
    needs = [("labels", (1, 9)), ("enable_ipv4", (1, 48)), ("networks[0].gw_priority", (1, 100))]
    with FakeEngine(f"{sockets}/s", api="1.41") as fake:
        engine = connect(fake)
        with pytest.raises(errors.VersionError) as caught:
            engine.require(iter(needs))
        engine.require(needs[:1])
    for part in ("1.41", "enable_ipv4 needs API 1.48", "networks[0].gw_priority needs API 1.100"):
        assert part in str(caught.value)
    assert "labels" not in str(caught.value)


def test_require_with_a_pinned_version_does_not_speak_of_the_daemons(fake: FakeEngine, connect: Connect) -> None:
    with pytest.raises(errors.VersionError, match=r"is asked with api_version 1\.33, but console_size needs API 1\.42"):
        connect(fake, api_version="1.33").require([("console_size", (1, 42))])


def test_require_without_needs_asks_nothing(fake: FakeEngine, connect: Connect) -> None:
    connect(fake).require([])
    assert fake.connections == 0


# -- requests


@pytest.mark.parametrize("method", ["post", "put", "delete"])
def test_a_body_is_sent_as_json(fake: FakeEngine, connect: Connect, method: str) -> None:
    fake.on(method.upper(), "/x", Reply({"Id": "1"}, 201))
    assert getattr(connect(fake), method)("/x", {"Ä": [1, None]}, headers={"X-Registry-Auth": "e30="}) == {"Id": "1"}
    seen = fake.seen[-1]
    assert seen.json == {"Ä": [1, None]}
    assert seen.headers["content-type"] == "application/json"
    assert seen.headers["x-registry-auth"] == "e30="


def test_bytes_and_iterators_are_sent_as_they_are(fake: FakeEngine, connect: Connect) -> None:
    fake.on("PUT", "/x", Reply())
    engine = connect(fake)
    engine.put("/x", b"tar", headers={"Content-Type": "application/x-tar"})
    assert (fake.seen[-1].body, fake.seen[-1].headers["content-type"]) == (b"tar", "application/x-tar")
    engine.put("/x", iter([b"one", b"two"]))
    assert fake.seen[-1].body == b"onetwo"


def test_parameters(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/x", Reply())
    params = {
        "a": True,
        "b": False,
        "c": None,
        "d": {"name": ["^/?x$"]},
        "e": [1],
        "f": "ü &=",
        "g": 0,
        "h": ("1", "2"),
    }
    connect(fake).get("/x", params)
    assert fake.seen[-1].query == {
        "a": ["true"],
        "b": ["false"],
        "d": ['{"name": ["^/?x$"]}'],
        "e": ["[1]"],
        "f": ["ü &="],
        "g": ["0"],
        "h": ["1", "2"],
    }


@pytest.mark.parametrize(
    "path",
    ["/networks/a b", "/networks/a?b=c#d", "/networks/ä%2e", "/images/reg.io:5000/a/b:1@sha256:0/json", "/x/a+~=,"],
)
def test_names_reach_the_daemon_as_they_are(fake: FakeEngine, connect: Connect, path: str) -> None:
    fake.on("GET", path, Reply("found"))
    assert connect(fake).get(path) == "found"


@pytest.mark.parametrize(
    "path", ["/networks/..", "/networks/.", "/networks/", "/a//b", "/networks/../info", "networks", ""]
)
def test_paths_that_would_name_another_object_are_refused(fake: FakeEngine, connect: Connect, path: str) -> None:
    with pytest.raises(ValueError, match="cannot be asked"):
        connect(fake).delete(path)
    assert fake.connections == 0


# -- answers


@pytest.mark.parametrize(
    ("reply", "answer"),
    [
        (Reply({"a": 1}), {"a": 1}),
        (Reply([]), []),
        (Reply("OK"), "OK"),
        (Reply(None, 200), None),
        (Reply(None, 204), None),
        (Reply(None, 304), None),
        (Raw(b"HTTP/1.1 304 Not Modified\r\nContent-Length: 10\r\n\r\n"), None),
        (Chunks([b'{"a"', b":1}"]), {"a": 1}),
        (Raw(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\nnull"), None),
    ],
)
def test_answers(fake: FakeEngine, connect: Connect, reply: Any, answer: Any) -> None:
    fake.on("POST", "/x", reply)
    assert connect(fake).post("/x") == answer


def test_head_answers_headers(fake: FakeEngine, connect: Connect) -> None:
    fake.on("HEAD", "/x", Reply({"a": 1}, 200, {"X-Docker-Container-Path-Stat": "e30="}), Reply(None, 404))
    engine = connect(fake)
    assert engine.head("/x")["x-docker-container-path-stat"] == "e30="
    assert engine.head("/x", missing=None) is None


@pytest.mark.parametrize("missing", [None, False, {"a": 1}])
def test_missing_is_an_answer(fake: FakeEngine, connect: Connect, missing: Any) -> None:
    for method in ("GET", "POST", "PUT", "DELETE"):
        fake.on(method, "/networks/web", NOT_FOUND)
    engine = connect(fake)
    assert engine.get("/networks/web", missing=missing) == missing
    for ask in (engine.post, engine.put, engine.delete):
        assert ask("/networks/web", missing=missing) == missing


def test_missing_raises_when_not_expected(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/networks/web", NOT_FOUND)
    with pytest.raises(errors.NotFound):
        connect(fake).get("/networks/web")


def test_a_part_of_the_api_that_is_missing_is_no_missing_object(fake: FakeEngine, connect: Connect) -> None:
    with pytest.raises(errors.NotFound, match="page not found"):
        connect(fake).get("/configs/web", missing=None)


def test_warnings_are_collected_once(fake: FakeEngine, connect: Connect) -> None:
    fake.on("POST", "/a", Reply({"Warnings": ["one", "two"]}), Reply({"Warnings": None}), Reply({"Warnings": ["two"]}))
    fake.on("POST", "/b", Reply({"Warning": "three"}), Reply({"Warning": ""}))
    engine = connect(fake)
    for path in "/a", "/a", "/a", "/b", "/b":
        engine.post(path)
    assert engine.warnings == ["one", "two", "three"]


def test_json_that_is_none(fake: FakeEngine, connect: Connect) -> None:
    fake.on("POST", "/x", Chunks([b'{"a":1}{"b":2}']))
    with pytest.raises(errors.APIError, match="POST /x: 200 OK: the answer is not JSON"):
        connect(fake).post("/x")


def test_debug_traces_requests_without_bodies(fake: FakeEngine, connect: Connect) -> None:
    fake.on("POST", "/secrets/create", Reply({"ID": "1"}, 201))
    engine = connect(fake, debug=True)
    engine.post("/secrets/create", {"Data": "c2VjcmV0"}, {"a": "hidden"})
    assert engine.trace == ["GET /_ping: 200", "POST /v1.51/secrets/create: 201"]


# -- errors of the daemon


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, errors.BadRequest),
        (403, errors.Forbidden),
        (404, errors.NotFound),
        (409, errors.Conflict),
        (500, errors.ServerError),
        (501, errors.ServerError),
        (503, errors.ServerError),
        (406, errors.APIError),
    ],
)
def test_errors_by_status(fake: FakeEngine, connect: Connect, status: int, kind: type[errors.APIError]) -> None:
    fake.on("POST", "/networks/create", Reply({"message": "no good"}, status))
    with pytest.raises(errors.APIError) as caught:
        connect(fake).post("/networks/create", {"Name": "secret"}, {"key": "secret"})
    error = caught.value
    assert error.__class__ is kind
    assert (error.status, error.method, error.path) == (status, "POST", "/networks/create")
    assert error.message == "no good"
    assert str(error).startswith(f"POST /networks/create: {status} ")
    assert str(error).endswith(": no good")
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("reply", "text"),
    [
        (Reply("plain words\n", 500), "500 Internal Server Error: plain words"),
        (Reply(None, 500), "the daemon gives no reason"),
        (Reply({"message": ""}, 500), "the daemon gives no reason"),
        (Reply({"cause": "odd"}, 500), '{"cause": "odd"}'),
        (Reply(["odd"], 500), '["odd"]'),
        (Reply("<html><body><h1>502 Bad\nGateway</h1>nginx</body></html>", 502), "an HTML page: 502 Bad Gateway nginx"),
        (Reply(b'{"message": "cut', 500), '{"message": "cut'),
        (Reply(b"\xff\xfe", 500), "\ufffd\ufffd"),
    ],
)
def test_error_bodies(fake: FakeEngine, connect: Connect, reply: Any, text: str) -> None:
    fake.on("POST", "/x", reply)
    with pytest.raises(errors.APIError) as caught:
        connect(fake).post("/x")
    assert text in str(caught.value)


def test_an_endless_error_is_not_read_to_its_end(fake: FakeEngine, connect: Connect) -> None:
    fake.on("POST", "/x", Raw(b"HTTP/1.1 500 Oops\r\nContent-Length: 1000000000\r\n\r\n" + b"x" * 300_000))
    with pytest.raises(errors.ServerError) as caught:
        connect(fake).post("/x")
    assert 1000 < len(str(caught.value)) < 3000


def test_a_connection_is_used_again_also_after_errors(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/a", Reply({"a": 1}))
    fake.on("GET", "/b", NOT_FOUND)
    fake.on("GET", "/c", Chunks([b"[1]"]))
    fake.on("POST", "/d", Reply(None, 304))
    fake.on("HEAD", "/e", Reply({"a": 1}))
    engine = connect(fake)
    for _turn in range(3):
        engine.get("/a")
        engine.get("/b", missing=None)
        engine.get("/c")
        engine.post("/d", patience=None)
        engine.head("/e")
        with engine.stream("POST", "/d", body=iter([b"x"])) as answer:
            assert b"".join(answer.chunks()) == b""
    assert fake.connections == 1


def test_a_connection_serves_one_request_at_a_time(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/a", Reply({"a": 1}))
    fake.on("GET", "/b", NOT_FOUND)
    fake.on("GET", "/c", Chunks([b"1", b"2"]))
    engine = connect(fake)
    with pytest.raises(errors.NotFound), engine.stream("GET", "/b"):
        raise AssertionError("opened")
    with engine.stream("GET", "/c") as first, engine.stream("GET", "/c") as second:
        assert engine.get("/a") == {"a": 1}
        assert [b"".join(each.chunks()) for each in (second, first)] == [b"12", b"12"]
    assert fake.connections == 3


# -- connections that break


def test_a_get_is_repeated_after_a_drop(fake: FakeEngine, connect: Connect, no_waiting: list[float]) -> None:
    fake.on("GET", "/x", Raw(), CUT, Reply({"a": 1}))
    assert connect(fake).get("/x") == {"a": 1}
    assert fake.asked("GET", "/x") == 3
    assert len(no_waiting) == 2
    assert all(0 < wait < 1 for wait in no_waiting)


@pytest.mark.parametrize("answer", [Raw(), CUT, Chunks([b'{"a":'], cut=True)])
def test_a_get_is_not_repeated_for_ever(fake: FakeEngine, connect: Connect, answer: Any) -> None:
    fake.on("GET", "/x", answer)
    with pytest.raises(errors.ConnectionLost, match="Lost the connection to the Docker daemon at unix://"):
        connect(fake).get("/x")
    assert fake.asked("GET", "/x") == 3


@pytest.mark.parametrize("method", ["post", "put", "delete"])
@pytest.mark.parametrize("answer", [Raw(), CUT, Chunks([b'{"a":'], cut=True)])
def test_what_changes_something_is_sent_once(fake: FakeEngine, connect: Connect, method: str, answer: Any) -> None:
    fake.on(method.upper(), "/x", answer)
    engine = connect(fake)
    assert engine.api
    with pytest.raises(errors.UnreachableError):
        getattr(engine, method)("/x", {"a": 1})
    assert fake.asked(method.upper(), "/x") == 1


def test_an_error_that_the_caller_is_handling_is_not_mistaken_for_the_reason(
    fake: FakeEngine, connect: Connect
) -> None:
    fake.on("GET", "/x", Raw())
    engine = connect(fake)
    try:
        raise errors.VersionError("something else")
    except errors.VersionError:
        with pytest.raises(errors.ConnectionLost):
            engine.get("/x")


def test_garbage(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/x", Raw(b"SSH-2.0-OpenSSH_9.2\r\n\r\n"))
    with pytest.raises(errors.UnreachableError, match="what answers is not HTTP"):
        connect(fake).get("/x")


def test_slow_answers_time_out_and_are_not_repeated(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/x", Slow(30))
    with pytest.raises(errors.EngineTimeout, match=r"no answer within 0\.3 seconds \(option timeout\)"):
        connect(fake, timeout=0.3).get("/x")
    assert fake.asked("GET", "/x") == 1


def test_a_body_that_stops_coming_times_out(fake: FakeEngine, connect: Connect) -> None:
    def stopping() -> Iterator[bytes]:
        yield b'{"a":'
        fake.stopping.wait(30)

    fake.on("GET", "/x", lambda seen: Chunks(stopping()))
    with pytest.raises(errors.EngineTimeout):
        connect(fake, timeout=0.3).get("/x")


@pytest.mark.parametrize("patience", [30, None])
def test_patience_is_on_top_of_the_timeout(fake: FakeEngine, connect: Connect, patience: Any) -> None:
    fake.on("POST", "/x", Slow(0.6, Reply({"a": 1})))
    engine = connect(fake, timeout=0.3)
    assert engine.post("/x", patience=patience) == {"a": 1}
    with pytest.raises(errors.EngineTimeout):
        engine.post("/x")


def test_a_daemon_that_restarted_gets_a_new_connection(sockets: str, connect: Connect) -> None:
    path = f"{sockets}/s"
    with FakeEngine(path) as fake:
        fake.on("POST", "/x", Reply({"a": 1}))
        engine = connect(fake)
        engine.post("/x")
        engine.close()
    os.unlink(path)
    with FakeEngine(path) as fake:
        fake.on("POST", "/x", Reply({"a": 2}))
        assert engine.post("/x") == {"a": 2}


# -- streams


def test_a_stream_gives_chunks_as_they_come(fake: FakeEngine, connect: Connect) -> None:
    got = threading.Event()

    def pieces() -> Iterator[bytes]:
        yield b"one"
        assert got.wait(10)
        yield b"two"

    fake.on("POST", "/x", lambda seen: Chunks(pieces()))
    with connect(fake).stream("POST", "/x", {"a": True}, headers={"X-A": "b"}) as answer:
        assert answer.status == 200
        assert answer.headers["content-type"] == "application/json"
        chunks = answer.chunks()
        assert next(chunks) == b"one"
        got.set()
        assert list(chunks) == [b"two"]
    assert (fake.seen[-1].query, fake.seen[-1].headers["x-a"]) == ({"a": ["true"]}, "b")


@pytest.mark.parametrize("body", [None, [b"one", b"two"]])
def test_a_quiet_stream_is_not_dead(fake: FakeEngine, connect: Connect, body: Any) -> None:
    def pieces() -> Iterator[bytes]:
        fake.stopping.wait(0.7)
        yield b"late"

    fake.on("POST", "/x", lambda seen: Slow(0.7, Chunks(pieces())))
    engine = connect(fake, timeout=0.3)
    for _turn in range(2):  # the second time on a connection that had a read timeout
        with engine.stream("POST", "/x", body=body and iter(body)) as answer:
            assert b"".join(answer.chunks()) == b"late"
        assert fake.seen[-1].body == b"".join(body or [])


def test_a_large_upload_is_streamed(fake: FakeEngine, connect: Connect) -> None:
    fake.on("POST", "/x", Reply("fine"))
    with connect(fake).stream("POST", "/x", body=(b"%d" % (i % 10) * 10_000 for i in range(300))) as answer:
        assert b"".join(answer.chunks()) == b"fine"
    assert len(fake.seen[-1].body) == 3_000_000


def test_an_error_opens_no_stream(fake: FakeEngine, connect: Connect) -> None:
    fake.on("POST", "/images/create", Reply({"message": "no such image"}, 404))
    with pytest.raises(errors.NotFound, match="POST /images/create: 404 Not Found: no such image"):
        with connect(fake).stream("POST", "/images/create"):
            raise AssertionError("opened")


@pytest.mark.parametrize(
    "answer", [Chunks([b"one"], cut=True), Raw(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\none")]
)
def test_a_stream_that_breaks(fake: FakeEngine, connect: Connect, answer: Any) -> None:
    fake.on("GET", "/x", answer)
    got = []
    with connect(fake).stream("GET", "/x") as stream, pytest.raises(errors.ConnectionLost):
        for chunk in stream.chunks():
            got.append(chunk)
    assert b"".join(got) in (b"one", b"")
    assert fake.asked("GET", "/x") == 1


def test_a_stream_left_early_is_closed(fake: FakeEngine, connect: Connect) -> None:
    def endless() -> Iterator[bytes]:
        while not fake.stopping.is_set():
            yield b"x" * 1000

    fake.on("GET", "/events", lambda seen: Chunks(endless()))
    fake.on("GET", "/x", Reply({"a": 1}))
    engine = connect(fake)
    with engine.stream("GET", "/events") as answer:
        next(answer.chunks())
    assert engine.get("/x") == {"a": 1}


# -- threads


def test_threads_share_an_engine(fake: FakeEngine, connect: Connect) -> None:
    fake.on("GET", "/x", lambda seen: Reply({"n": int(seen.query["n"][0])}))
    engine = connect(fake)
    wrong: list[Any] = []

    def work(start: int) -> None:
        for n in range(start, start + 20):
            answer = engine.get("/x", {"n": n})
            if answer != {"n": n}:
                wrong.append(answer)

    threads = [threading.Thread(target=work, args=(100 * i,)) for i in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert wrong == []
    assert fake.asked("GET", "/x") == 240
    assert fake.asked("GET", "/_ping") == 1
