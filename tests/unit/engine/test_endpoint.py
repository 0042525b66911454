# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Who names the daemon: each source, which one wins, and what is said when it cannot be used."""

from __future__ import annotations

import hashlib
import json
import pathlib
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import (
    TLS,
    Endpoint,
    parse_version,
    resolve,
)
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EndpointError

DEFAULT = "unix:///var/run/docker.sock"


@pytest.fixture
def home(tmp_path: pathlib.Path) -> pathlib.Path:
    (tmp_path / ".docker").mkdir()
    return tmp_path


def add_context(folder: pathlib.Path, name: str, host: Any, skip: bool = False, files: str = "") -> None:
    key = hashlib.sha256(name.encode()).hexdigest()
    meta = folder / "contexts/meta" / key
    meta.mkdir(parents=True)
    endpoint = {"Host": host, "SkipTLSVerify": skip}
    (meta / "meta.json").write_text(json.dumps({"Name": name, "Metadata": {}, "Endpoints": {"docker": endpoint}}))
    if files:
        tls = folder / "contexts/tls" / key / "docker"
        tls.mkdir(parents=True)
        for part in files.split():
            (tls / f"{part}.pem").write_text(part)


def use_context(folder: pathlib.Path, name: str) -> None:
    (folder / "config.json").write_text(json.dumps({"currentContext": name}))


def pem_files(folder: pathlib.Path, parts: str = "ca cert key") -> dict[str, Any]:
    folder.mkdir(exist_ok=True)
    for part in parts.split():
        (folder / f"{part}.pem").write_text(part)
    return {part: str(folder / f"{part}.pem") for part in parts.split()}


def look(home: pathlib.Path, environ: dict[str, str] | None = None, **options: Any) -> Endpoint:
    return resolve(options, {"HOME": str(home), **(environ or {})})


# -- which source wins


def test_each_source_in_its_turn(home: pathlib.Path) -> None:
    docker, run = home / ".docker", home / "run"
    for name in ("current", "named", "asked"):
        add_context(docker, name, f"tcp://{name}:1")
    run.mkdir()
    seen = [look(home, {"XDG_RUNTIME_DIR": str(run)}).url]
    (run / "docker.sock").touch()
    environ = {"XDG_RUNTIME_DIR": str(run)}
    seen.append(look(home, environ).url)
    use_context(docker, "current")
    seen.append(look(home, environ).url)
    environ["DOCKER_CONTEXT"] = "named"
    seen.append(look(home, environ).url)
    environ["DOCKER_HOST"] = "tcp://environment:1"
    seen.append(look(home, environ).url)
    seen.append(look(home, environ, context="asked").url)
    seen.append(look(home, environ, docker_host="tcp://option:1").url)
    assert seen == [
        DEFAULT,
        f"unix://{run}/docker.sock",
        "tcp://current:1",
        "tcp://named:1",
        "tcp://environment:1",
        "tcp://asked:1",
        "tcp://option:1",
    ]


def test_the_origin_is_told(home: pathlib.Path) -> None:
    add_context(home / ".docker", "far", "tcp://far:1")
    assert look(home).origin == "default"
    assert look(home, docker_host="tcp://a").origin == "option docker_host"
    assert look(home, {"DOCKER_HOST": "tcp://a"}).origin == "environment variable DOCKER_HOST"
    assert look(home, context="far").origin == "context far, option context"
    assert look(home, {"DOCKER_CONTEXT": "far"}).origin == "context far, environment variable DOCKER_CONTEXT"
    use_context(home / ".docker", "far")
    assert look(home).origin == f"context far, {home}/.docker/config.json"
    assert str(look(home)) == f"tcp://far:1 (from context far, {home}/.docker/config.json)"


def test_empty_means_not_given(home: pathlib.Path) -> None:
    empty = {
        "DOCKER_HOST": "",
        "DOCKER_CONTEXT": "",
        "DOCKER_TLS_VERIFY": "",
        "DOCKER_TIMEOUT": "",
        "DOCKER_CONFIG": "",
    }
    assert look(home, empty, docker_host="", context=None).url == DEFAULT


def test_host_and_context_exclude_each_other(home: pathlib.Path) -> None:
    with pytest.raises(EndpointError, match="docker_host and context exclude each other"):
        look(home, docker_host="tcp://a", context="b")


def test_the_config_folder_can_be_elsewhere(home: pathlib.Path) -> None:
    add_context(home, "far", "tcp://far:1")
    use_context(home, "far")
    assert look(home, {"DOCKER_CONFIG": str(home)}).host == "far"


# -- contexts


def test_the_default_context_is_what_the_environment_says(home: pathlib.Path) -> None:
    add_context(home / ".docker", "far", "tcp://far:1")
    use_context(home / ".docker", "far")
    assert look(home, context="default").url == DEFAULT
    assert look(home, {"DOCKER_HOST": "tcp://a:1"}, context="default").url == "tcp://a:1"
    assert look(home, {"DOCKER_CONTEXT": "default"}).url == DEFAULT


def test_a_context_brings_its_tls_material(home: pathlib.Path) -> None:
    docker = home / ".docker"
    add_context(docker, "far", "tcp://far", files="ca cert key")
    folder = docker / "contexts/tls" / hashlib.sha256(b"far").hexdigest() / "docker"
    found = look(home, context="far")
    assert (found.port, found.tls) == (2376, TLS(True, f"{folder}/ca.pem", f"{folder}/cert.pem", f"{folder}/key.pem"))


def test_a_context_that_skips_verification(home: pathlib.Path) -> None:
    add_context(home / ".docker", "far", "tcp://far", skip=True)
    assert look(home, context="far").tls == TLS(False)
    assert look(home, context="far", validate_certs=True).tls == TLS(True)


def test_the_environment_has_no_say_about_a_contexts_tls(home: pathlib.Path) -> None:
    pem_files(home / "certs")
    add_context(home / ".docker", "far", "tcp://far")
    environ = {"DOCKER_TLS_VERIFY": "1", "DOCKER_CERT_PATH": str(home / "certs"), "DOCKER_TLS_HOSTNAME": "x"}
    assert look(home, environ, context="far").tls is None
    assert look(home, environ, context="far", tls=True).tls == TLS(False)


def test_options_beat_a_contexts_material(home: pathlib.Path) -> None:
    add_context(home / ".docker", "far", "tcp://far", files="ca")
    mine = pem_files(home / "mine")
    options: dict[str, Any] = {
        "ca_path": mine["ca"],
        "client_cert": mine["cert"],
        "client_key": mine["key"],
        "tls_hostname": "name",
    }
    assert look(home, None, context="far", **options).tls == TLS(True, mine["ca"], mine["cert"], mine["key"], "name")
    assert look(home, None, context="far", validate_certs=False, **options).tls == TLS(
        False, mine["ca"], mine["cert"], mine["key"], "name"
    )


def test_a_context_without_host_is_the_local_daemon(home: pathlib.Path) -> None:
    add_context(home / ".docker", "near", "")
    assert look(home, context="near").url == DEFAULT


def test_a_context_that_is_missing(home: pathlib.Path) -> None:
    use_context(home / ".docker", "gone")
    with pytest.raises(
        EndpointError, match=r"context gone, .*config\.json, cannot be used: no docker endpoint in .*meta\.json"
    ):
        look(home)
    with pytest.raises(EndpointError, match=r"context lost, option context, cannot be used"):
        look(home, context="lost")


def test_a_context_for_something_else(home: pathlib.Path) -> None:
    meta = home / ".docker/contexts/meta" / hashlib.sha256(b"k8s").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text('{"Name": "k8s", "Endpoints": {"kubernetes": {}}}')
    with pytest.raises(EndpointError, match="no docker endpoint in"):
        look(home, context="k8s")


@pytest.mark.parametrize("text", ["{", "[1]", "5", "\xff"])
def test_a_broken_config_is_an_error_that_names_the_file(home: pathlib.Path, text: str) -> None:
    path = home / ".docker/config.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(EndpointError, match=f"{path} cannot be read: "):
        look(home)
    assert look(home, docker_host="tcp://a:1").host == "a"


def test_a_home_without_docker_folder(tmp_path: pathlib.Path) -> None:
    assert look(tmp_path / "nowhere").url == DEFAULT


# -- addresses


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("unix:///run/a b/docker.sock", ("unix", "", None, "/run/a b/docker.sock")),
        ("tcp://host", ("tcp", "host", 2375, "")),
        ("tcp://host/", ("tcp", "host", 2375, "")),
        ("tcp://192.0.2.1:99", ("tcp", "192.0.2.1", 99, "")),
        ("tcp://[2001:db8::1]:99", ("tcp", "2001:db8::1", 99, "")),
        ("http://host", ("tcp", "host", 2375, "")),
        ("https://host", ("tcp", "host", 2376, "")),
        ("ssh://host", ("ssh", "host", None, "")),
        ("ssh://me@host:2222", ("ssh", "me@host", 2222, "")),
        ("ssh://me@host/run/user/1000/docker.sock", ("ssh", "me@host", None, "/run/user/1000/docker.sock")),
    ],
)
def test_addresses(home: pathlib.Path, url: str, parts: Any) -> None:
    found = look(home, docker_host=url)
    assert (found.scheme, found.host, found.port, found.path) == parts
    assert found.url == url


@pytest.mark.parametrize(
    "url",
    [
        *(
            "npipe:////./pipe/docker_engine",
            "fd://",
            "192.0.2.1:2375",
            "/var/run/docker.sock",
            "unix://",
            "unix://run/s",
        ),
        *(
            "tcp://",
            "tcp://:2375",
            "tcp://host:99999",
            "tcp://host:x",
            "tcp://host/prefix",
            "tcp://host?x=1",
            "tcp://[::1",
        ),
        *("tcp://host#x", "tcp://me@host", "ssh://me:hunter2@host", "tcp://me:hunter2@host"),
    ],
)
def test_addresses_that_cannot_be_used(home: pathlib.Path, url: str) -> None:
    with pytest.raises(EndpointError, match=r"is not unix:///PATH, tcp://HOST") as caught:
        look(home, {"DOCKER_HOST": url})
    shown = url.replace(":hunter2", "")
    assert f"Address {shown} (from environment variable DOCKER_HOST) is not" in str(caught.value)
    assert "hunter2" not in str(caught.value)


# -- TLS


@pytest.mark.parametrize(
    ("options", "environ", "verify"),
    [
        ({}, {}, None),
        ({"tls": True}, {}, False),
        ({"validate_certs": True}, {}, True),
        ({"tls": True, "validate_certs": True}, {}, True),
        ({"tls": False, "validate_certs": False}, {}, None),
        ({}, {"DOCKER_TLS": "1"}, False),
        ({}, {"DOCKER_TLS_VERIFY": "1"}, True),
        ({}, {"DOCKER_TLS": "yes", "DOCKER_TLS_VERIFY": "True"}, True),
        ({}, {"DOCKER_TLS_VERIFY": "0"}, None),
        ({"validate_certs": False}, {"DOCKER_TLS_VERIFY": "1"}, None),
        ({"validate_certs": False}, {"DOCKER_TLS_VERIFY": "1", "DOCKER_TLS": "1"}, False),
        ({"tls": False}, {"DOCKER_TLS": "1"}, None),
    ],
)
def test_whether_tls_and_whether_verified(home: pathlib.Path, options: Any, environ: Any, verify: Any) -> None:
    found = look(home, environ, docker_host="tcp://host", **options)
    assert (found.tls.verify if found.tls else None) is verify
    assert found.port == (2375 if verify is None else 2376)


@pytest.mark.parametrize(
    ("options", "verify"), [({}, True), ({"tls": True}, False), ({"validate_certs": False}, False)]
)
def test_https_means_tls(home: pathlib.Path, options: Any, verify: bool) -> None:
    assert look(home, docker_host="https://host", **options).tls == TLS(verify)


@pytest.mark.parametrize("url", ["unix:///s", "ssh://host"])
def test_tls_is_for_tcp_only(home: pathlib.Path, url: str) -> None:
    assert look(home, {"DOCKER_TLS_VERIFY": "1"}, docker_host=url, tls=True).tls is None


def test_certificates_of_the_environment_and_options_that_beat_them(home: pathlib.Path) -> None:
    theirs, mine = pem_files(home / "theirs"), pem_files(home / "mine")
    environ = {
        "DOCKER_HOST": "tcp://host",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": str(home / "theirs"),
        "DOCKER_TLS_HOSTNAME": "theirs",
    }
    assert look(home, environ).tls == TLS(True, theirs["ca"], theirs["cert"], theirs["key"], "theirs")
    options: dict[str, Any] = {
        "ca_path": mine["ca"],
        "client_cert": mine["cert"],
        "client_key": mine["key"],
        "tls_hostname": "mine",
    }
    assert look(home, environ, **options).tls == TLS(True, mine["ca"], mine["cert"], mine["key"], "mine")
    assert look(home, environ, ca_path=mine["ca"]).tls == TLS(True, mine["ca"], theirs["cert"], theirs["key"], "theirs")


def test_certificates_in_the_docker_folder(home: pathlib.Path) -> None:
    files = pem_files(home / ".docker")
    assert look(home, docker_host="tcp://host", validate_certs=True).tls == TLS(
        True, files["ca"], files["cert"], files["key"]
    )
    assert look(home, docker_host="tcp://host").tls is None


def test_a_certificate_without_its_key(home: pathlib.Path) -> None:
    files = pem_files(home / "mine", "cert")
    with pytest.raises(EndpointError, match="client_cert and client_key together"):
        look(home, docker_host="tcp://host", tls=True, client_cert=files["cert"])
    with pytest.raises(EndpointError, match=f"client_cert and client_key together.*{home}/mine/cert.pem"):
        look(home, {"DOCKER_CERT_PATH": str(home / "mine")}, docker_host="tcp://host", tls=True)


def test_a_certificate_folder_that_is_none(home: pathlib.Path) -> None:
    with pytest.raises(EndpointError, match="DOCKER_CERT_PATH names"):
        look(home, {"DOCKER_CERT_PATH": str(home / "none"), "DOCKER_TLS": "1"}, docker_host="tcp://host")
    assert look(home, {"DOCKER_CERT_PATH": str(home / "none")}).tls is None


# -- timeout, version, debug


def test_timeout(home: pathlib.Path) -> None:
    assert look(home).timeout == 60
    assert look(home, {"DOCKER_TIMEOUT": "7"}).timeout == 7
    assert look(home, {"DOCKER_TIMEOUT": "7"}, timeout=5).timeout == 5


def test_api_version(home: pathlib.Path) -> None:
    assert look(home).api_version is None
    assert look(home, {"DOCKER_API_VERSION": "1.41"}).api_version == (1, 41)
    assert look(home, {"DOCKER_API_VERSION": "1.41"}, api_version="1.9").api_version == (1, 9)
    assert look(home, {"DOCKER_API_VERSION": "1.41"}, api_version="auto").api_version is None
    assert look(home, api_version=1.5).api_version == (1, 5)


@pytest.mark.parametrize(
    ("options", "environ", "text"),
    [
        ({"api_version": "latest"}, {}, "option api_version cannot be used: 'latest' is not an API version"),
        ({}, {"DOCKER_API_VERSION": "1.x"}, "environment variable DOCKER_API_VERSION cannot be used: '1.x'"),
        ({}, {"DOCKER_TIMEOUT": "soon"}, "environment variable DOCKER_TIMEOUT cannot be used"),
        ({"timeout": 0}, {}, "option timeout cannot be used: 0 is no number of seconds"),
        ({"timeout": "nan"}, {}, "option timeout cannot be used"),
        ({"timeout": "inf"}, {}, "option timeout cannot be used"),
        (
            {"docker_host": "tcp://a"},
            {"DOCKER_TLS_VERIFY": "maybe"},
            "variable DOCKER_TLS_VERIFY cannot be used: 'maybe'",
        ),
        ({"docker_host": "tcp://a", "tls": "perhaps"}, {}, "option tls cannot be used: 'perhaps' is neither true nor"),
    ],
)
def test_values_that_cannot_be_used(home: pathlib.Path, options: Any, environ: Any, text: str) -> None:
    with pytest.raises(EndpointError, match=text):
        look(home, environ, **options)


def test_debug(home: pathlib.Path) -> None:
    assert look(home).debug is False
    assert look(home, debug=True).debug is True


@pytest.mark.parametrize("text", ["", "1", "1.", ".4", "1.4.1", "v1.4", "-1.4", "1.4 "])
def test_what_is_no_version(text: str) -> None:
    with pytest.raises(ValueError, match="is not an API version"):
        parse_version(text)


def test_versions_are_numbers() -> None:
    assert parse_version("1.100") > parse_version("1.41") > parse_version("1.9")
