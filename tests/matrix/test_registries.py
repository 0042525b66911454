# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins at registries, registries that limit requests, and connections that break, on every engine."""

from __future__ import annotations

import json
import os
import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.login import RULES, SPEC, login
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import ConnectionLost, StreamError
from ansible_collections.dockside.engine.plugins.module_utils._resources.image import Image
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import converge
from engines import Lab, Registry

from tests.matrix.actions import Act
from tests.matrix.gate import Gate
from tests.matrix.harness import Bench, Target
from tests.matrix.images import AUTH, drop, image_id, kept_login, push, registry_digest

LOGIN = Act(login, SPEC, RULES)
# What the engines say of a registry that wants another login.
DENIED = "denied|(?i:unauthorized)|no basic auth credentials|authentication required"
# A credential helper that keeps one login in a file beside it.
HELPER = """#!/bin/sh
kept=${0%/*}/kept
case $1 in
    store) cat >"$kept" ;;
    get) cat "$kept" 2>/dev/null || { echo credentials not found in native keychain; exit 1; } ;;
    erase) rm "$kept" ;;
esac
"""


@pytest.fixture
def bench(image_bench: Bench) -> Bench:
    return image_bench


# ---- logins ----


def test_the_kept_login(bench: Bench, target: Target, locked: Registry, config: Path) -> None:
    name, _digest = push(target, locked, "shut", target.name)
    options = {"name": name, "pull": "always"}
    with pytest.raises(StreamError, match=f"image {name} cannot be pulled: .*({DENIED})"):
        bench.run(options)
    kept_login(locked, config)
    assert bench.agree(options, foreseen=False).changed
    bench.settled(options)
    # Without the login nobody can tell whether the image is still the newest: said, and in the end it fails.
    (config / "config.json").unlink()
    said = bench.check(options)
    assert said.changed
    assert f"whether {name} is up to date shows only by pulling it" in said.value["warnings"][0]


def test_the_kept_login_for_a_push(bench: Bench, target: Target, locked: Registry, config: Path) -> None:
    name = f"{locked.name}/pushed/{target.name}:1"
    options = {"name": target.image(), "source": "local", "repository": name, "push": True}
    with pytest.raises(StreamError, match=f"image {name} cannot be pushed: .*({DENIED})"):
        bench.run(options)
    kept_login(locked, config)
    assert bench.agree(options).actions == [f"push image {name}"]
    assert locked.tags(f"pushed/{target.name}") == ["1"]
    bench.settled(options)


def test_a_credential_helper(
    bench: Bench, target: Target, locked: Registry, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A login through registry_login is kept by the helper, and from there it pulls."""
    program = config / "docker-credential-lab"
    program.write_text(HELPER)
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{config}:{os.environ['PATH']}")
    (config / "config.json").write_text(json.dumps({"credHelpers": {locked.name: "lab"}}))
    name, _digest = push(target, locked, "helped", target.name)
    done = LOGIN(target.client(), registry_url=locked.name, **AUTH)
    assert done["actions"] == [f"log in to {locked.name} as ann, kept by credential helper lab"]
    assert json.loads((config / "kept").read_text())["Secret"] == AUTH["password"]
    assert AUTH["password"] not in (config / "config.json").read_text()
    options = {"name": name, "pull": "always"}
    assert bench.agree(options, foreseen=False).changed
    bench.settled(options)
    assert LOGIN(target.client(), registry_url=locked.name, state="absent")["changed"]
    drop(target, name)
    with pytest.raises(StreamError, match=f"image {name} cannot be pulled: .*({DENIED})"):
        bench.run(options)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The directory of the docker CLI's configuration."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    return tmp_path


@pytest.mark.parametrize("kind", ["locked", "token_registry"])
def test_the_login_of_the_task(
    bench: Bench, target: Target, kind: str, config: Path, request: pytest.FixtureRequest
) -> None:
    """It is enough, and it wins over another one that is kept."""
    registry: Registry = request.getfixturevalue(kind)
    name = f"{registry.name}/of-task/{target.name}:1"
    options = {"name": target.image(), "source": "local", "repository": name, "push": True}
    with pytest.raises(StreamError, match=f"image {name} cannot be pushed: .*({DENIED})"):
        bench.run({**options, "username": "ann", "password": "guessed"})
    assert bench.agree({**options, **AUTH}).changed
    bench.settled({**options, **AUTH})
    drop(target, name)
    options = {"name": name, "pull": "always"}
    kept_login(registry, config)
    with pytest.raises(StreamError, match=f"image {name} cannot be pulled: .*({DENIED})"):
        bench.run({**options, "username": "ann", "password": "guessed"})
    (config / "config.json").unlink()
    assert bench.agree({**options, **AUTH}, foreseen=False).changed
    bench.settled({**options, **AUTH})
    assert not (config / "config.json").exists()


def test_identity_tokens(bench: Bench, target: Target, token_registry: Registry, config: Path) -> None:
    tokens = token_registry.tokens
    assert tokens
    options: dict[str, Any] = {"registry_url": token_registry.name, **AUTH}
    done = LOGIN(target.client(), **options)
    assert done["changed"]
    kept = json.loads((config / "config.json").read_text())["auths"][token_registry.name]
    assert tokens.identity[kept["identitytoken"]] == AUTH["username"]
    assert AUTH["password"] not in json.dumps(kept)
    assert not LOGIN(target.client(), **options)["changed"]
    # It pushes and pulls, and no password is shown to anybody any more.
    tokens.asked.clear()
    name = f"{token_registry.name}/identity/{target.name}:1"
    pushed = {"name": target.image(), "source": "local", "repository": name, "push": True}
    assert bench.agree(pushed).changed
    drop(target, name)
    assert bench.agree({"name": name, "pull": "always"}, foreseen=False).changed
    bench.settled({"name": name, "pull": "always"})
    assert set(tokens.asked) == {"identity token"}
    # So it does as an option, until the registry takes it back.
    (config / "config.json").unlink()
    explicit = {"name": name, "pull": "always", "username": "<token>", "password": kept["identitytoken"]}
    bench.settled(explicit)
    assert set(tokens.asked) == {"identity token"}
    del tokens.identity[kept["identitytoken"]]
    drop(target, name)
    with pytest.raises(StreamError, match=f"image {name} cannot be pulled: .*({DENIED})"):
        bench.run(explicit)


# ---- limits, and connections that break ----


@pytest.fixture
def gate(target: Target, registry: Registry) -> Iterator[Gate]:
    """A way to the engine's registry that limits requests and cuts connections."""
    listener = target.engine.sandbox.listen()

    def dial() -> socket.socket:
        return socket.create_connection((target.engine.address, 5000))

    with Gate(listener, dial) as gate:
        yield gate


def run(target: Target, host: str | None = None, **options: Any) -> tuple[Any, list[str]]:
    """A task with images; answers its outcome and the lines that were told meanwhile."""
    engine = target.client(host)
    lines: list[str] = []
    engine.tell = lines.append
    try:
        params = Bench(Image, target).params({"registry_retry_delay": 0, **options})
        return converge(Image(engine, params), False), lines
    finally:
        engine.close()


def test_a_registry_that_limits_requests(bench: Bench, target: Target, registry: Registry, gate: Gate) -> None:
    push(target, registry, "limited", target.name)
    name = f"{gate.name}/limited:1"
    gate.refuse = 1000
    options = {"name": name, "pull": "missing", "registry_retries": 1, "registry_retry_delay": 0}
    text = rf"image {name} cannot be pulled: the registry limits requests \(tried 2 times\): .*(slow down|429)"
    bench.refused(options, text, StreamError)
    assert gate.refused >= 2
    # In check mode, too, the registry is asked again.
    gate.refuse = 0
    assert run(target, name=name, pull="missing")[0].changed
    gate.refuse, gate.refused = 1000, 0
    always = {**options, "pull": "always"}
    assert bench.check(always).changed
    assert gate.refused >= 2
    gate.refuse = 2
    bench.settled({**always, "registry_retries": 3})
    # So is it for a push.
    gate.refuse = 1000
    pushed = {"name": target.image(), "repository": f"{gate.name}/limited/push:1", "push": True}
    text = r"cannot be pushed: the registry limits requests \(tried 2 times\): .*(slow down|429)"
    with pytest.raises(StreamError, match=text):
        run(target, **pushed, registry_retries=1)


def test_a_registry_whose_connection_breaks(target: Target, registry: Registry, gate: Gate) -> None:
    """Engines try again when a layer breaks off, but not when a manifest does."""
    push(target, registry, "broken", target.name)
    name = f"{gate.name}/broken:1"
    gate.cut, gate.cuts = b"manifest.v", 4
    outcome, lines = run(target, name=name, pull="missing", registry_retries=9)
    assert outcome.changed
    assert image_id(target, name)
    assert gate.broken == 4
    assert any("the connection broke, tried again in 0 seconds: " in line for line in lines)


@pytest.fixture
def cut_engine(target: Target, tmp_path: Path) -> Iterator[tuple[str, Gate]]:
    """(docker_host, gate): a way to the engine itself."""
    path = tmp_path / "s"

    def dial() -> socket.socket:
        engine = socket.socket(socket.AF_UNIX)
        engine.connect(target.engine.socket)
        return engine

    listener = socket.socket(socket.AF_UNIX)
    listener.bind(str(path))
    listener.listen()
    with Gate(listener, dial) as gate:
        yield f"unix://{path}", gate


def test_a_pull_whose_connection_to_the_engine_breaks(
    target: Target, registry: Registry, cut_engine: tuple[str, Gate]
) -> None:
    name, _digest = push(target, registry, "cut-off", target.name)
    host, gate = cut_engine
    gate.cut, gate.cuts = b"Pulling fs layer", 2
    outcome, lines = run(target, host, name=name, pull="missing")
    assert outcome.changed
    assert gate.broken >= 1  # what the engine has by then it does not tell of again
    assert sum("the connection broke" in line for line in lines) == gate.broken
    assert image_id(target, name)
    assert outcome.value["progress"][0]["action"] == f"pull image {name}"


def test_a_push_whose_connection_to_the_engine_breaks(
    target: Target, registry: Registry, cut_engine: tuple[str, Gate]
) -> None:
    host, gate = cut_engine
    gate.cut, gate.cuts = b"The push refers", 9
    name = f"{registry.name}/cut-off/{target.name}:1"
    with pytest.raises(ConnectionLost, match="Lost the connection"):
        run(target, host, name=target.image(), repository=name, push=True)
    assert gate.broken == 1
    # The next run finds what has arrived, and brings the rest.
    outcome, _lines = run(target, name=target.image(), repository=name, push=True)
    assert registry_digest(target, name)
    assert outcome.value.get("progress", []) == [] or outcome.value["progress"][0]["layers"] == 1


# ---- an engine that cannot ask registries ----


@pytest.fixture(scope="session")
def podman(lab: Lab) -> Target:
    return Target("podman", lab.engine("podman"), None)


def test_an_engine_without_distribution(podman: Target, locked: Registry) -> None:
    """Podman: no question to a registry can be asked, so a pull or push has to show it; nothing fails."""
    _trust(podman, locked)
    name = f"{locked.name}/from/podman:1"
    podman.engine.image("made/podman:1", files={"/a": b"1"})
    pushed = {"name": "made/podman:1", "source": "local", "repository": name, "push": True, **AUTH}
    bench = Bench(Image, podman)
    for _turn in range(2):
        outcome = bench.run(pushed)
        assert outcome.actions[-1] == f"push image {name}"
        assert outcome.value["warnings"] == [f"the engine cannot tell whether the registry has {name} already"]
    assert locked.tags("from/podman") == ["1"]
    outcome = bench.run({"name": name, "pull": "always", **AUTH})
    assert not outcome.changed
    assert outcome.value["warnings"][0].startswith(f"whether {name} is up to date shows only by pulling it: ")
    assert bench.run({"name": [name, "made/podman:1"], "state": "absent"}).changed
    assert not bench.run({"name": [name, "made/podman:1"], "state": "absent"}).changed


def _trust(target: Target, registry: Registry) -> None:
    assert registry.ca
    target.engine.sandbox.write(f"/etc/docker/certs.d/{registry.name}/ca.crt", registry.ca.read_bytes())
