# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the daemon is: option, environment, docker CLI context, rootless socket, usual socket."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Callable
from urllib.parse import urlsplit

from .errors import EndpointError

Version = tuple[int, int]
_PARTS = ("ca", "cert", "key")


@dataclass(frozen=True)
class TLS:
    """PEM files; `ca` None: the system's authorities."""

    verify: bool
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    hostname: str | None = None


@dataclass(frozen=True)
class Endpoint:
    """`url` and `origin` (who named it) are for people; `scheme` is unix, tcp or ssh; `path` is the socket's, for ssh
    that over there; `timeout` in seconds; `api_version` None: negotiate."""

    url: str
    scheme: str
    host: str = ""
    port: int | None = None
    user: str | None = None
    path: str = ""
    tls: TLS | None = None
    timeout: float = 60
    api_version: Version | None = None
    debug: bool = False
    origin: str = "default"

    def __str__(self) -> str:
        return f"{self.url} (from {self.origin})"


def parse_version(text: str) -> Version:
    """`1.41` as numbers, or ValueError."""
    major, _, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise ValueError(f"{text!r} is not an API version such as 1.41")
    return int(major), int(minor)


def config_dir(environ: Mapping[str, str]) -> str:
    """The docker CLI's folder."""
    return environ.get("DOCKER_CONFIG") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".docker")


def load_json(path: str) -> Any:
    """The object in a JSON file; {} where this user has no such file."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
        if not isinstance(content, dict):
            raise ValueError("it holds no JSON object")
        return content
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return {}  # the docker CLI does without, too
    except (OSError, ValueError) as error:
        raise EndpointError(f"{path} cannot be read: {error}") from error


def resolve(options: Mapping[str, Any], environ: Mapping[str, str]) -> Endpoint:
    """The endpoint that a task means.

    Options (None: not given): docker_host, context, api_version, timeout, tls, validate_certs, ca_path, client_cert,
    client_key, tls_hostname, debug. ssh:// always takes the ssh program, whatever use_ssh_client says.
    """

    def named(option: str, variable: str = "") -> tuple[Any, str]:
        sources = {f"option {option}": options.get(option), f"environment variable {variable}": environ.get(variable)}
        return next(((value, source) for source, value in sources.items() if value not in (None, "")), (None, ""))

    def parsed(parse: Callable[[str], Any], option: str, variable: str = "") -> Any:
        value, source = named(option, variable)
        try:
            return None if value is None else parse(str(value).strip())
        except ValueError as error:
            raise EndpointError(f"The {source} cannot be used: {error}") from error

    url, origin = named("docker_host")
    context, source = named("context")
    if url and context:
        raise EndpointError("The options docker_host and context exclude each other: give one")
    if not url and not context:
        url, origin = named("", "DOCKER_HOST")
        if not url:
            context, source = named("", "DOCKER_CONTEXT")
    folder = config_dir(environ)
    if not url and not context:
        path = os.path.join(folder, "config.json")
        context, source = load_json(path).get("currentContext"), path
    material: dict[str, Any] = {}
    if context and context != "default":
        origin = f"context {context}, {source}"
        url, material = _context(str(context), origin, folder)
        tls_variables = ["", "", ""]  # as with the docker CLI, the environment has no say about a context
    else:
        if context:  # `default` is the docker CLI's name for what the environment says
            url, origin = named("", "DOCKER_HOST")
        tls_variables = ["DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_TLS_HOSTNAME"]
    if not url:
        rootless = os.path.join(environ.get("XDG_RUNTIME_DIR") or "/nonexistent", "docker.sock")
        url = f"unix://{rootless if os.path.exists(rootless) else '/var/run/docker.sock'}"
        origin = origin or "default"
    place = _place(str(url).strip(), origin)
    if place["scheme"] != "unix" and place["scheme"] != "ssh":
        verify, unverified = parsed(_flag, "validate_certs", tls_variables[0]), parsed(_flag, "tls", tls_variables[1])
        tls = None
        if verify or unverified or material or place["scheme"] == "https":
            if place["scheme"] == "http":
                raise EndpointError(f"{place['url']} (from {origin}) is plain HTTP, but TLS is asked for: use tcp://")
            if not material and tls_variables[0]:
                material = _files(environ.get("DOCKER_CERT_PATH") or folder)
                if environ.get("DOCKER_CERT_PATH") and not any(material.values()):
                    raise EndpointError(
                        "The environment variable DOCKER_CERT_PATH names no folder with ca.pem or cert.pem"
                    )
            files = {part: material.get(part) for part in _PARTS}
            for part, option in zip(_PARTS, ("ca_path", "client_cert", "client_key")):
                files[part] = named(option)[0] or files[part]
            if bool(files["cert"]) != bool(files["key"]):
                raise EndpointError(f"TLS needs client_cert and client_key together; there is only {files}")
            if verify is None:
                verify = material.get("verify", not unverified)
            tls = TLS(verify, hostname=named("tls_hostname", tls_variables[2])[0], **files)
        place.update(scheme="tcp", tls=tls, port=place["port"] or (2376 if tls else 2375))
    return Endpoint(
        **place,
        timeout=parsed(_seconds, "timeout", "DOCKER_TIMEOUT") or 60,
        api_version=parsed(
            lambda text: None if text == "auto" else parse_version(text), "api_version", "DOCKER_API_VERSION"
        ),
        debug=bool(parsed(_flag, "debug")),
        origin=origin,
    )


def _flag(text: str) -> bool:
    for flag, words in ((True, "1 true yes on"), (False, "0 false no off")):
        if text.lower() in words.split():
            return flag
    raise ValueError(f"{text!r} is neither true nor false")


def _seconds(text: str) -> float:
    if not 0 < float(text) < 1e9:
        raise ValueError(f"{text} is no number of seconds above 0")
    return float(text)


def _files(folder: str) -> dict[str, Any]:
    paths = {part: os.path.join(folder, f"{part}.pem") for part in _PARTS}
    return {part: path if os.path.isfile(path) else None for part, path in paths.items()}


def _context(name: str, origin: str, folder: str) -> tuple[str, dict[str, Any]]:
    """(URL, TLS material) of a docker CLI context."""
    key = hashlib.sha256(name.encode()).hexdigest()
    path = os.path.join(folder, "contexts", "meta", key, "meta.json")
    docker = (load_json(path).get("Endpoints") or {}).get("docker")
    if not isinstance(docker, dict):
        raise EndpointError(f"The docker {origin}, cannot be used: {path} is missing or names no docker endpoint")
    files = _files(os.path.join(folder, "contexts", "tls", key, "docker"))
    skip = bool(docker.get("SkipTLSVerify"))
    return docker.get("Host") or "", {**files, "verify": not skip} if skip or any(files.values()) else {}


def _place(url: str, origin: str) -> dict[str, Any]:
    scheme, _, rest = url.partition("://")
    login, at, address = rest.rpartition("@")
    shown = f"{scheme}://{login.partition(':')[0]}{at}{address}"  # no password in errors
    if scheme == "unix":
        if rest.startswith("/"):
            return {"url": url, "scheme": scheme, "path": rest}
        reason = "the path of the socket must begin with /"
    elif scheme not in ("tcp", "http", "https", "ssh"):
        reason = "it begins with none of unix://, tcp://, http://, https://, ssh:// (npipe:// is not supported)"
    elif ":" in login or (login and scheme != "ssh"):
        reason = "it carries a password or a user; only ssh:// takes a user, who logs in with a key"
    else:
        try:
            parts = urlsplit(url)
            path = parts.path.rstrip("/")
            if parts.hostname and not parts.query and not parts.fragment and (not path or scheme == "ssh"):
                place = {"host": parts.hostname, "port": parts.port, "user": parts.username, "path": path}
                return {"url": url, "scheme": scheme, **place}
            reason = "it must be a host and a port, and nothing after them"
        except ValueError as error:
            reason = str(error)
    raise EndpointError(f"The Docker daemon's address {shown} (from {origin}) cannot be used: {reason}")
