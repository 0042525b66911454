# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins kept in config.json and by credential helpers, and the action that keeps them."""

from __future__ import annotations

import base64
import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.login import RULES, SPEC, login
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EndpointError, EngineError
from ansible_collections.dockside.engine.plugins.module_utils._engine.logins import Logins
from ansible_collections.dockside.engine.plugins.module_utils._engine.registry import server

from tests.matrix.actions import Act
from tests.unit.engine.conftest import Connect
from tests.unit.fake_engine import FakeEngine, Reply

HUB_KEY = "https://index.docker.io/v1/"
REGISTRY = "reg.example:5000"
# A credential helper that keeps what it is given in a file, and writes down what it was asked.
HELPER = """#!{python}
import json, pathlib, sys
store, verb, text = pathlib.Path({store!r}), sys.argv[1], sys.stdin.read()
known = json.loads(store.read_text()) if store.exists() else {{}}
with open({store!r} + ".asked", "a") as file:
    print(verb, file=file)
if verb == "store":
    login = json.loads(text)
    if login["Secret"] == "refused by the vault":
        sys.exit("no room for " + login["Secret"])
    known[login["ServerURL"]] = login
elif text not in known:
    print("credentials not found in native keychain")
    sys.exit(1)
elif verb == "erase":
    del known[text]
else:
    print(json.dumps(known[text]))
store.write_text(json.dumps(known))
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of config.json, and of the helper `vault`."""
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    program = tmp_path / "docker-credential-vault"
    program.write_text(HELPER.format(python=sys.executable, store=str(tmp_path / "vault.json")))
    program.chmod(0o700)
    return tmp_path


def config(home: Path) -> Any:
    return json.loads((home / "config.json").read_text())


def basic(user: str, password: str) -> str:
    return base64.b64encode(f"{user}:{password}".encode()).decode()


def logins(home: Path) -> Logins:
    return Logins(str(home / "config.json"), os.environ)


LOGIN = Act(login, SPEC, RULES)
PERSON: Any = {"registry_url": REGISTRY, "username": "ann", "password": "s3cret word"}


@pytest.mark.parametrize(
    ("address", "key"),
    [
        (REGISTRY, REGISTRY),
        (f"https://{REGISTRY}/v2/", REGISTRY),
        (" http://reg.example ", "reg.example"),
        ("[::1]:5000", "[::1]:5000"),
        *((address, HUB_KEY) for address in (HUB_KEY, "docker.io", "index.docker.io", "https://registry-1.docker.io")),
    ],
)
def test_a_registry_has_one_name(address: str, key: str) -> None:
    assert server(address) == key


@pytest.mark.parametrize("address", ["", "https://", "a b", "ftp://reg.example", "user@reg.example"])
def test_what_is_no_registry(address: str) -> None:
    with pytest.raises(ValueError, match="is not a registry's address"):
        server(address)


def test_every_other_entry_stays(home: Path) -> None:
    before = {
        "HttpHeaders": {"b": "ü", "a": 1},
        "auths": {"z.example": {"auth": basic("z", "z"), "email": "z@z"}, "a.example": {}},
        "currentContext": "far",
        "plugins": {"x": {"y": "z"}},
    }
    (home / "config.json").write_text(json.dumps(before))
    (home / "config.json").chmod(0o644)
    logins(home).put(REGISTRY, {"username": "ann", "password": "pass:wörd"})
    after = config(home)
    assert after["auths"].pop(REGISTRY) == {"auth": basic("ann", "pass:wörd")}
    assert json.dumps(after) == json.dumps(before)  # in the same order, too
    assert (home / "config.json").stat().st_mode & 0o777 == 0o600
    assert sorted(path.name for path in home.iterdir()) == ["config.json", "docker-credential-vault"]
    assert logins(home).get(REGISTRY) == {"username": "ann", "password": "pass:wörd"}
    logins(home).drop(REGISTRY)
    assert config(home) == before


def test_a_link_to_the_file_stays_one(home: Path) -> None:
    (home / "dotfiles").mkdir()
    (home / "config.json").symlink_to("dotfiles/real.json")
    logins(home).put(REGISTRY, {"username": "u", "password": "p"})
    assert (home / "config.json").is_symlink()
    assert json.loads((home / "dotfiles" / "real.json").read_text()) == {"auths": {REGISTRY: {"auth": basic("u", "p")}}}


def test_the_folder_is_made(home: Path) -> None:
    path = home / "new" / "config.json"
    Logins(str(path), os.environ).put(REGISTRY, {"username": "u", "password": "p"})
    assert path.parent.stat().st_mode & 0o777 == 0o700


@pytest.mark.parametrize("text", ["{", "[1]", ""])
def test_a_file_that_is_broken_is_left_alone(home: Path, text: str) -> None:
    (home / "config.json").write_text(text)
    with pytest.raises(EndpointError, match=r"config.json cannot be read"):
        logins(home).put(REGISTRY, {"username": "u", "password": "p"})
    assert (home / "config.json").read_text() == text


def test_a_file_in_place_of_the_folder(home: Path) -> None:
    (home / "x").write_text("")
    with pytest.raises(EndpointError, match=r"/x/config.json cannot be written: File exists"):
        Logins(str(home / "x" / "config.json"), os.environ).put(REGISTRY, {"username": "u", "password": "p"})


def test_logging_out_forgets_every_address_of_the_registry(home: Path) -> None:
    auths = {key: {"auth": "x"} for key in (HUB_KEY, "docker.io", "https://registry-1.docker.io/v2/", "reg.example")}
    (home / "config.json").write_text(json.dumps({"auths": auths}))
    logins(home).drop(HUB_KEY)
    assert config(home) == {"auths": {"reg.example": {"auth": "x"}}}


@pytest.mark.parametrize("named", [{"credsStore": "vault"}, {"credsStore": "no", "credHelpers": {REGISTRY: "vault"}}])
def test_a_helper_keeps_what_is_secret(home: Path, named: Any) -> None:
    (home / "config.json").write_text(json.dumps({**named, "auths": {REGISTRY: {"auth": basic("old", "plain")}}}))
    logins(home).put(REGISTRY, {"username": "ann", "password": "pw"})
    assert config(home) == {**named, "auths": {REGISTRY: {}}}
    assert logins(home).get(REGISTRY) == {"username": "ann", "password": "pw"}
    logins(home).put(REGISTRY, {"username": "ann", "identitytoken": "t0ken"})
    assert logins(home).get(REGISTRY) == {"identitytoken": "t0ken"}
    logins(home).drop(REGISTRY)
    assert logins(home).get(REGISTRY) is None
    assert config(home) == {**named, "auths": {}}
    logins(home).drop(REGISTRY)  # a helper that knows nothing of it is no failure


def test_one_registry_can_be_taken_from_the_store(home: Path) -> None:
    (home / "config.json").write_text(json.dumps({"credsStore": "vault", "credHelpers": {REGISTRY: ""}}))
    logins(home).put(REGISTRY, {"username": "u", "password": "p"})
    assert config(home)["auths"] == {REGISTRY: {"auth": basic("u", "p")}}
    assert not (home / "vault.json.asked").exists()


@pytest.mark.parametrize("name", ["docker.io", "index.docker.io", HUB_KEY])
def test_the_helper_of_docker_hub(home: Path, name: str) -> None:
    (home / "config.json").write_text(json.dumps({"credHelpers": {name: "vault"}}))
    logins(home).put(HUB_KEY, {"username": "u", "password": "p"})
    assert list(json.loads((home / "vault.json").read_text())) == [HUB_KEY]


def test_a_helper_that_fails_leaves_the_file_alone_and_keeps_the_secret(home: Path) -> None:
    before = json.dumps({"credsStore": "vault"})
    (home / "config.json").write_text(before)
    with pytest.raises(EndpointError, match=r"docker-credential-vault .* failed for reg.*: no room for \*+$"):
        logins(home).put(REGISTRY, {"username": "u", "password": "refused by the vault"})
    assert (home / "config.json").read_text() == before


def test_an_identity_token_is_kept_in_place_of_the_password(home: Path, fake: FakeEngine, connect: Connect) -> None:
    fake.on("POST", "/auth", Reply({"Status": "Login Succeeded", "IdentityToken": "t0ken"}))
    result = LOGIN(connect(fake), **PERSON)
    assert result["changed"]
    assert config(home)["auths"][REGISTRY] == {"auth": basic("ann", ""), "identitytoken": "t0ken"}
    for options, changed in (({}, False), ({"reauthorize": True}, False), ({"username": "bob"}, True)):
        result = LOGIN(connect(fake), **{**PERSON, **options})
        assert result["changed"] is changed
        assert "s3cret" not in str(result)
        assert "t0ken" not in str(result)
    assert fake.asked("POST", "/auth") == 3


def test_no_secret_comes_out_of_an_error(home: Path, fake: FakeEngine, connect: Connect) -> None:
    fake.on("POST", "/auth", Reply({"message": "who is ann with s3cret word?"}, 500))
    with pytest.raises(EngineError, match=r"reg.example:5000 does not accept the login of ann: who is ann with \*+\?"):
        LOGIN(connect(fake), **PERSON)
    assert not (home / "config.json").exists()


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"registry_url": "a b"}, "registry_url: 'a b' is not a registry's address"),
        ({"username": ""}, "must not be empty"),
        ({"password": None}, "password"),
    ],
)
def test_what_is_refused(home: Path, fake: FakeEngine, connect: Connect, options: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        LOGIN(connect(fake), **{**PERSON, **options})
    assert fake.asked("POST", "/auth") == 0
