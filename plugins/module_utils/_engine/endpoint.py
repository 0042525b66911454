# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where the daemon is: option, environment, docker CLI context, rootless socket, usual socket."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import Any, Callable, NamedTuple
from urllib.parse import urlsplit

from .errors import EndpointError

Version = tuple[int, int]
_FILES = {"ca": "ca_path", "cert": "client_cert", "key": "client_key"}


class TLS(NamedTuple):
    """PEM files; `ca` None: the system's authorities."""

    verify: bool
    ca: str | None = None
    cert: str | None = None
    key: str | None = None
    hostname: str | None = None


class Endpoint(NamedTuple):
    """url, origin (who named it): for people; scheme: unix, tcp, ssh; host: for ssh with user; path: of the socket, for
    ssh over there; timeout: seconds; api_version None: negotiate."""

    url: str
    scheme: str
    host: str = ""
    port: int | None = None
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
    major, _dot, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise ValueError(f"{text!r} is not an API version such as 1.41")
    return int(major), int(minor)


def config_dir(environ: Mapping[str, str]) -> str:
    """The docker CLI's folder."""
    return environ.get("DOCKER_CONFIG") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".docker")


def load_json(path: str) -> dict[str, Any]:
    """The object in a JSON file; {} where this user has none."""
    if not os.access(path, os.R_OK):
        return {}  # the docker CLI does without, too
    try:
        with open(path, encoding="utf-8") as file:
            return dict(json.load(file))
    except (OSError, TypeError, ValueError) as error:
        raise EndpointError(f"{path} cannot be read: {error}") from error


def resolve(options: Mapping[str, Any], environ: Mapping[str, str]) -> Endpoint:
    """The endpoint that a task means. Options: community.docker's and `context`; None is not given.

    ssh:// always takes the ssh program, whatever use_ssh_client says.
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
        raise EndpointError("The options docker_host and context exclude each other")
    if not url and not context:
        url, origin = named("", "DOCKER_HOST")
    if not url and not context:
        context, source = named("", "DOCKER_CONTEXT")
    folder = config_dir(environ)
    if not url and not context:
        source = os.path.join(folder, "config.json")
        context = load_json(source).get("currentContext")
    if context == "default":  # the docker CLI's name for what the environment says
        url, origin, context = *named("", "DOCKER_HOST"), None
    certs, skip = environ.get("DOCKER_CERT_PATH") or folder, False
    variables = ["DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_TLS_HOSTNAME"]
    if context:
        origin, key = f"context {context}, {source}", hashlib.sha256(str(context).encode()).hexdigest()
        path = os.path.join(folder, "contexts", "meta", key, "meta.json")
        docker = (load_json(path).get("Endpoints") or {}).get("docker")
        if not isinstance(docker, dict):
            raise EndpointError(f"The docker {origin}, cannot be used: no docker endpoint in {path}")
        url, skip = docker.get("Host"), bool(docker.get("SkipTLSVerify"))
        certs = os.path.join(folder, "contexts", "tls", key, "docker")
        variables = ["", "", ""]  # as with the docker CLI, the environment has no say about a context
    if not url:
        rootless = os.path.join(environ.get("XDG_RUNTIME_DIR") or "/nonexistent", "docker.sock")
        url = f"unix://{rootless if os.path.exists(rootless) else '/var/run/docker.sock'}"
    origin = origin or "default"
    scheme, place = _place(str(url).strip(), origin)
    if scheme not in ("unix", "ssh"):
        verify, unverified = parsed(_flag, "validate_certs", variables[0]), parsed(_flag, "tls", variables[1])
        paths = {part: os.path.join(certs, f"{part}.pem") for part in _FILES}
        files = {part: path if os.path.isfile(path) else None for part, path in paths.items()}
        if verify or unverified or scheme == "https" or (context and (skip or any(files.values()))):
            if certs == environ.get("DOCKER_CERT_PATH") and not any(files.values()):
                raise EndpointError(f"The environment variable DOCKER_CERT_PATH names no PEM files: {certs}")
            files = {part: named(option)[0] or files[part] for part, option in _FILES.items()}
            if bool(files["cert"]) != bool(files["key"]):
                raise EndpointError(f"TLS needs client_cert and client_key together; there is only {files}")
            verify = not (skip or unverified) if verify is None else verify
            place["tls"] = TLS(verify, hostname=named("tls_hostname", variables[2])[0], **files)
        scheme, place["port"] = "tcp", place["port"] or (2376 if "tls" in place else 2375)
    version = parsed(lambda text: text != "auto" and parse_version(text), "api_version", "DOCKER_API_VERSION")
    return Endpoint(
        scheme=scheme,
        timeout=parsed(_seconds, "timeout", "DOCKER_TIMEOUT") or 60,
        api_version=version or None,
        debug=bool(parsed(_flag, "debug")),
        origin=origin,
        **place,
    )


def _flag(text: str) -> bool:
    for words in ("1 true yes on", "0 false no off"):
        if text.lower() in words.split():
            return words[0] == "1"
    raise ValueError(f"{text!r} is neither true nor false")


def _seconds(text: str) -> float:
    if not 0 < float(text) < 1e9:
        raise ValueError(f"{text} is no number of seconds above 0")
    return float(text)


def _place(url: str, origin: str) -> tuple[str, dict[str, Any]]:
    scheme, sep, rest = url.partition("://")
    login, at, address = rest.rpartition("@")
    try:
        parts = urlsplit(url)
        path = parts.path.rstrip("/")
        if scheme == "unix" and rest.startswith("/"):
            return scheme, {"url": url, "path": rest}
        fits = ":" not in login if scheme == "ssh" else scheme in ("tcp", "http", "https") and not login + path
        if fits and parts.hostname and not parts.query + parts.fragment:
            return scheme, {"url": url, "host": login + at + parts.hostname, "port": parts.port, "path": path}
    except ValueError:
        pass
    raise EndpointError(
        f"Address {scheme}{sep}{login.partition(':')[0]}{at}{address} (from {origin}) "
        "is not unix:///PATH, tcp://HOST[:PORT], https://HOST[:PORT] or ssh://[USER@]HOST[:PORT][/PATH]"
    )
