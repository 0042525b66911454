# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image names, and credentials from the docker CLI's configuration."""

from __future__ import annotations

import base64
import json
import os
import pathlib
import sys
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EndpointError
from ansible_collections.dockside.engine.plugins.module_utils._engine.reference import is_id, parse_reference
from ansible_collections.dockside.engine.plugins.module_utils._engine.registry import auth_header

DIGEST = "sha256:" + "0123456789abcdef" * 4
HUB_KEY = "https://index.docker.io/v1/"


@pytest.mark.parametrize(
    ("text", "parts", "shown"),
    [
        ("nginx", ("docker.io", "library/nginx", "latest", None), "nginx:latest"),
        ("nginx:1.27", ("docker.io", "library/nginx", "1.27", None), "nginx:1.27"),
        ("library/nginx", ("docker.io", "library/nginx", "latest", None), "nginx:latest"),
        ("docker.io/nginx", ("docker.io", "library/nginx", "latest", None), "nginx:latest"),
        ("index.docker.io/library/nginx", ("docker.io", "library/nginx", "latest", None), "nginx:latest"),
        ("user/app", ("docker.io", "user/app", "latest", None), "user/app:latest"),
        ("docker.io/user/app:1", ("docker.io", "user/app", "1", None), "user/app:1"),
        ("library/a/b", ("docker.io", "library/a/b", "latest", None), "library/a/b:latest"),
        ("localhost/app", ("localhost", "app", "latest", None), "localhost/app:latest"),
        ("Host/app", ("Host", "app", "latest", None), "Host/app:latest"),
        (
            "reg.example:5000/a/b/c:V_1.0-x",
            ("reg.example:5000", "a/b/c", "V_1.0-x", None),
            "reg.example:5000/a/b/c:V_1.0-x",
        ),
        ("host:5000/app", ("host:5000", "app", "latest", None), "host:5000/app:latest"),
        ("[::1]:5000/app", ("[::1]:5000", "app", "latest", None), "[::1]:5000/app:latest"),
        ("a__b.c--d", ("docker.io", "library/a__b.c--d", "latest", None), "a__b.c--d:latest"),
        (f"nginx@{DIGEST}", ("docker.io", "library/nginx", None, DIGEST), f"nginx@{DIGEST}"),
        (f"reg.example/a:1@{DIGEST}", ("reg.example", "a", "1", DIGEST), f"reg.example/a:1@{DIGEST}"),
    ],
)
def test_references(text: str, parts: Any, shown: str) -> None:
    found = parse_reference(text)
    assert (found.domain, found.path, found.tag, found.digest) == parts
    assert found.name == str(found) == shown
    assert parse_reference(shown) == found


def test_the_default_tag_can_be_left_out() -> None:
    assert parse_reference("nginx", None).name == "nginx"
    assert parse_reference("nginx", "1.27").tag == "1.27"
    assert parse_reference("nginx:1", "1.27").tag == "1"


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            ":1",
            "Nginx",
            "user/App",
            "nginx:",
            "nginx:-1",
            "nginx:a b",
            "nginx:" + "x" * 129,
            "-a",
            "a-",
            "a..b",
            "a___b",
        ),
        *("/nginx", "a//b", "a/", "reg.example/", "http://reg.example/a", "reg_x.example:5000/a", "reg.example:x/a"),
        *("nginx@", "nginx@sha256", "nginx@sha256:12", "nginx@" + DIGEST + "g", DIGEST, DIGEST[7:], "a/" * 127 + "ab"),
        "nginx\n",
    ],
)
def test_what_is_no_reference(text: str) -> None:
    with pytest.raises(ValueError, match="is not an image name"):
        parse_reference(text)


def test_ids() -> None:
    assert is_id(DIGEST)
    assert is_id(DIGEST[7:])
    for text in ("nginx", DIGEST[:-1], DIGEST.upper(), "sha512:" + DIGEST[7:], f"nginx@{DIGEST}", DIGEST + "\n"):
        assert not is_id(text)


# -- credentials


@pytest.fixture
def environ(tmp_path: pathlib.Path) -> dict[str, str]:
    return {"DOCKER_CONFIG": str(tmp_path), "PATH": f"{tmp_path}:{os.environ['PATH']}"}


def write(environ: dict[str, str], config: Any) -> None:
    pathlib.Path(environ["DOCKER_CONFIG"], "config.json").write_text(json.dumps(config))


def basic(user: str, password: str) -> dict[str, str]:
    return {"auth": base64.b64encode(f"{user}:{password}".encode()).decode()}


def read(header: Any) -> Any:
    return json.loads(base64.urlsafe_b64decode(header)) if header else header


def helper(environ: dict[str, str], name: str, answer: Any, status: int = 0) -> pathlib.Path:
    """A credential helper that answers this, and the file that tells what it was asked."""
    folder = pathlib.Path(environ["DOCKER_CONFIG"])
    program, asked = folder / f"docker-credential-{name}", folder / f"asked-{name}"
    text = answer if isinstance(answer, str) else json.dumps(answer)
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        f"open({str(asked)!r}, 'a').write(sys.argv[1] + ' ' + sys.stdin.read() + '\\n')\n"
        f"print({text!r})\nsys.exit({status})\n"
    )
    program.chmod(0o700)
    return asked


def test_nobody_has_logged_in(environ: dict[str, str]) -> None:
    assert auth_header("reg.example", environ) is None
    write(environ, {"auths": {"other.example": basic("u", "p"), "reg.example": {}}})
    assert auth_header("reg.example", environ) is None


@pytest.mark.parametrize(
    ("key", "domain", "server"),
    [
        ("reg.example:5000", "reg.example:5000", "reg.example:5000"),
        ("https://reg.example/v1/", "reg.example", "reg.example"),
        ("http://reg.example", "reg.example", "reg.example"),
        (HUB_KEY, "docker.io", HUB_KEY),
        ("index.docker.io", "docker.io", HUB_KEY),
    ],
)
def test_stored_credentials(environ: dict[str, str], key: str, domain: str, server: str) -> None:
    write(environ, {"auths": {"a.example": basic("no", "no"), key: basic("user", "pass:word ü")}})
    expected = {"username": "user", "password": "pass:word ü", "serveraddress": server}
    assert read(auth_header(domain, environ)) == expected


def test_other_forms_of_stored_credentials(environ: dict[str, str]) -> None:
    write(
        environ,
        {
            "auths": {
                "plain.example": {"username": "u", "password": "p"},
                "identity.example": {**basic("u", ""), "identitytoken": "tok"},
                "registry.example": {"registrytoken": "tok"},
            }
        },
    )
    assert read(auth_header("plain.example", environ))["password"] == "p"
    assert read(auth_header("identity.example", environ))["identitytoken"] == "tok"
    assert read(auth_header("registry.example", environ))["registrytoken"] == "tok"


@pytest.mark.parametrize("auth", ["%%%", base64.b64encode(b"no colon").decode(), base64.b64encode(b"\xff:").decode()])
def test_stored_credentials_that_are_broken(environ: dict[str, str], auth: str) -> None:
    write(environ, {"auths": {"reg.example": {"auth": auth}}})
    with pytest.raises(EndpointError, match=r"config.json has an unreadable auth for reg\.example") as caught:
        auth_header("reg.example", environ)
    assert auth not in str(caught.value)


def test_only_the_helper_that_is_needed_is_run(environ: dict[str, str]) -> None:
    mine = helper(environ, "mine", {"ServerURL": "reg.example", "Username": "u", "Secret": "s"})
    store = helper(environ, "store", {"ServerURL": "x", "Username": "<token>", "Secret": "t"})
    write(environ, {"auths": {"reg.example": {}}, "credsStore": "store", "credHelpers": {"reg.example": "mine"}})
    assert read(auth_header("reg.example", environ)) == {
        "username": "u",
        "password": "s",
        "serveraddress": "reg.example",
    }
    assert mine.read_text() == "get reg.example\n"
    assert not store.exists()
    assert read(auth_header("docker.io", environ)) == {"identitytoken": "t", "serveraddress": HUB_KEY}
    assert store.read_text() == f"get {HUB_KEY}\n"


def test_a_helper_that_knows_nothing(environ: dict[str, str]) -> None:
    helper(environ, "mine", "credentials not found in native keychain", 1)
    write(environ, {"credsStore": "mine"})
    assert auth_header("reg.example", environ) is None


@pytest.mark.parametrize(
    ("answer", "status", "text"),
    [
        ("the vault is locked", 1, "the vault is locked"),
        ("", 3, "status 3"),
        ("secret-in-odd-form", 0, "did not answer with Username and Secret"),
        ({"Username": "u"}, 0, "did not answer with Username and Secret"),
        ([], 0, "did not answer with Username and Secret"),
    ],
)
def test_a_helper_that_fails(environ: dict[str, str], answer: Any, status: int, text: str) -> None:
    helper(environ, "mine", answer, status)
    write(environ, {"credsStore": "mine"})
    with pytest.raises(
        EndpointError, match=rf"docker-credential-mine \(from .*config.json\) failed for reg.*{text}"
    ) as caught:
        auth_header("reg.example", environ)
    assert "secret-in-odd-form" not in str(caught.value)


@pytest.mark.parametrize("name", ["missing", "../sh"])
def test_a_helper_that_cannot_be_run(environ: dict[str, str], name: str) -> None:
    write(environ, {"credsStore": name})
    with pytest.raises(EndpointError, match="docker-credential-"):
        auth_header("reg.example", environ)
