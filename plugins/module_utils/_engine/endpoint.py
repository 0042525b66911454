# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""One resolver of where the daemon is: option, environment, docker CLI context, rootless socket, usual socket."""

from __future__ import annotations

import hashlib
import json
import os
from dataclasses import dataclass
from typing import Any, Callable, Dict, Mapping, Optional, Tuple
from urllib.parse import urlsplit

from .errors import EndpointError

Version = Tuple[int, int]
DEFAULT_SOCKET = "/var/run/docker.sock"
_WORDS = {**dict.fromkeys(("1", "true", "yes", "on"), True), **dict.fromkeys(("0", "false", "no", "off"), False)}


@dataclass(frozen=True)
class TLS:
    """How to speak TLS. Paths are PEM files; `ca` None means the system's authorities."""

    verify: bool
    ca: Optional[str] = None
    cert: Optional[str] = None
    key: Optional[str] = None
    hostname: Optional[str] = None


@dataclass(frozen=True)
class Endpoint:
    """Where a daemon is and how to talk to it.

    `url` is for people; `scheme` is unix, tcp or ssh; `path` is the socket's (here for unix, over there for ssh);
    `origin` says who named it; `timeout` is in seconds; `api_version` None means to negotiate.
    """

    url: str
    scheme: str
    host: str = ""
    port: Optional[int] = None
    user: Optional[str] = None
    path: str = ""
    tls: Optional[TLS] = None
    timeout: float = 60
    api_version: Optional[Version] = None
    debug: bool = False
    origin: str = "default"

    def __str__(self) -> str:
        return self.url if self.origin == "default" else f"{self.url} (from {self.origin})"


def parse_version(text: str) -> Version:
    """`1.41` as numbers; ValueError for anything else."""
    major, _dot, minor = text.partition(".")
    if not (major.isdecimal() and minor.isdecimal()):
        raise ValueError(f"{text!r} is not an API version such as 1.41")
    return int(major), int(minor)


def config_dir(environ: Mapping[str, str]) -> str:
    """The docker CLI's folder: DOCKER_CONFIG or ~/.docker."""
    return environ.get("DOCKER_CONFIG") or os.path.join(environ.get("HOME") or os.path.expanduser("~"), ".docker")


def load_json(path: str) -> Optional[Dict[str, Any]]:
    """The object in a JSON file; None where there is none for this user; EndpointError when it is broken."""
    try:
        with open(path, encoding="utf-8") as file:
            content = json.load(file)
    except (FileNotFoundError, NotADirectoryError, PermissionError):
        return None  # the docker CLI does without such a file, too
    except (OSError, ValueError) as error:
        raise EndpointError(f"{path} cannot be read: {error}") from error
    if not isinstance(content, dict):
        raise EndpointError(f"{path} cannot be read: it holds no JSON object")
    return content


class _Settings:
    """What the task and the environment say; every value comes with the name of its source, for errors."""

    def __init__(self, options: Mapping[str, Any], environ: Mapping[str, str]) -> None:
        self.options, self.environ = options, environ

    def named(self, option: str, variable: str = "") -> Tuple[Any, str]:
        """(value, source) of the option, else of the variable, else (None, "")."""
        value = self.options.get(option) if option else None
        if value not in (None, ""):
            return value, f"option {option}"
        value = self.environ.get(variable) if variable else None
        return (value, f"environment variable {variable}") if value else (None, "")

    def parsed(self, option: str, variable: str, parse: Callable[[str], Any], default: Any) -> Any:
        value, source = self.named(option, variable)
        if value is None or isinstance(value, bool):
            return default if value is None else value
        try:
            return parse(str(value).strip())
        except (ValueError, KeyError) as error:
            reason = error if isinstance(error, ValueError) else f"{value!r} is neither true nor false"
            raise EndpointError(f"The {source} cannot be used: {reason}") from error

    def flag(self, option: str, variable: str = "") -> Optional[bool]:
        flag: Optional[bool] = self.parsed(option, variable, lambda text: _WORDS[text.lower()], None)
        return flag

    def file(self, option: str, default: Optional[str]) -> Optional[str]:
        path, source = self.named(option)
        if path is None:
            return default if default and os.path.isfile(default) else None
        path = os.path.expanduser(str(path))
        try:
            with open(path, "rb"):
                return path
        except OSError as error:
            raise EndpointError(f"The {source} names {path}, which cannot be read: {error.strerror}") from error


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0 < seconds < 1e9:
        raise ValueError(f"{text!r} is not a number of seconds above 0")
    return seconds


def _context(name: str, source: str, folder: str) -> Tuple[str, Optional[TLS]]:
    """(URL, TLS material) of a docker CLI context."""
    key = hashlib.sha256(name.encode()).hexdigest()
    path = os.path.join(folder, "contexts", "meta", key, "meta.json")
    meta = load_json(path)
    if meta is None:
        raise EndpointError(f"The docker context {name!r} (from {source}) cannot be used: there is no readable {path}")
    docker = (meta.get("Endpoints") or {}).get("docker")
    if not isinstance(docker, dict):
        raise EndpointError(f"The docker context {name!r} (from {source}) has no docker endpoint in {path}")
    files = [os.path.join(folder, "contexts", "tls", key, "docker", part + ".pem") for part in ("ca", "cert", "key")]
    present = [path if os.path.isfile(path) else None for path in files]
    skip = bool(docker.get("SkipTLSVerify"))
    return docker.get("Host") or "", TLS(not skip, *present) if skip or any(present) else None


def _tls(settings: _Settings, context: Optional[TLS], in_context: bool, implied: bool) -> Optional[TLS]:
    """The TLS settings; the environment has no say about a context, as with the docker CLI."""
    environ = settings.environ
    variables = ("", "", "") if in_context else ("DOCKER_TLS_VERIFY", "DOCKER_TLS", "DOCKER_TLS_HOSTNAME")
    verify, plain = settings.flag("validate_certs", variables[0]), settings.flag("tls", variables[1])
    if not (verify or plain or context or implied):
        return None
    if verify is None:
        verify = context.verify if context else not plain
    if in_context:
        found = (context.ca, context.cert, context.key) if context else (None, None, None)
    else:
        folder = environ.get("DOCKER_CERT_PATH")
        if folder and not os.path.isdir(folder):
            raise EndpointError(f"The environment variable DOCKER_CERT_PATH names {folder}, which is no folder")
        folder = folder or config_dir(environ)
        found = tuple(os.path.join(folder, part + ".pem") for part in ("ca", "cert", "key"))
    ca, cert, key = map(settings.file, ("ca_path", "client_cert", "client_key"), found)
    if bool(cert) != bool(key):
        raise EndpointError(
            f"TLS needs client_cert and client_key together, but only {'client_cert' if cert else 'client_key'} "
            f"is there: {cert or key}"
        )
    return TLS(verify, ca, cert, key, settings.named("tls_hostname", variables[2])[0])


def resolve(options: Mapping[str, Any], environ: Mapping[str, str]) -> Endpoint:
    """The endpoint that a task means. EndpointError when what names it cannot be used.

    Options: docker_host, context, api_version, timeout, tls, validate_certs, ca_path, client_cert, client_key,
    tls_hostname, debug; None or missing means not given. use_ssh_client changes nothing: ssh:// always takes `ssh`.
    """
    settings = _Settings(options, environ)
    url, origin = settings.named("docker_host")
    context, source = settings.named("context")
    if url and context:
        raise EndpointError(
            f"The options docker_host ({_clean(url)}) and context ({context}) exclude each other: give one"
        )
    if not url and not context:
        url, origin = settings.named("", "DOCKER_HOST")
        if not url:
            context, source = settings.named("", "DOCKER_CONTEXT")
    if not url and not context:
        config = os.path.join(config_dir(environ), "config.json")
        context, source = (load_json(config) or {}).get("currentContext"), f"currentContext in {config}"
    material: Optional[TLS] = None
    in_context = bool(context) and context != "default"
    if in_context:
        url, material = _context(str(context), source, config_dir(environ))
        origin = f"context {context}, {source}"
    elif context:  # the docker CLI's own `default` is what the environment says
        url, origin = settings.named("", "DOCKER_HOST")
    if not url:
        rootless = os.path.join(environ.get("XDG_RUNTIME_DIR") or "/nonexistent", "docker.sock")
        url = f"unix://{rootless if os.path.exists(rootless) else DEFAULT_SOCKET}"
        origin = origin if in_context else "default"
    place = _place(str(url).strip(), origin)
    if place["scheme"] in ("tcp", "http", "https"):
        implied = place["scheme"] == "https"
        tls = _tls(settings, material, in_context, implied)
        if tls and place["scheme"] == "http":
            raise EndpointError(f"{place['url']} (from {origin}) is plain HTTP, but TLS is asked for: use tcp://")
        place.update(scheme="tcp", tls=tls, port=place["port"] or (2376 if tls else 2375))
    return Endpoint(
        **place,
        timeout=settings.parsed("timeout", "DOCKER_TIMEOUT", _seconds, 60.0),
        api_version=settings.parsed(
            "api_version", "DOCKER_API_VERSION", lambda text: None if text == "auto" else parse_version(text), None
        ),
        debug=bool(settings.flag("debug")),
        origin=origin,
    )


def _clean(url: str) -> str:
    """The URL without a password, for errors."""
    scheme, sep, rest = str(url).partition("://")
    user, at, host = rest.rpartition("@")
    return f"{scheme}{sep}{user.partition(':')[0]}{at}{host}"


def _place(url: str, origin: str) -> Dict[str, Any]:
    """scheme, host, port, user and path of a URL."""

    def refuse(reason: str) -> EndpointError:
        return EndpointError(f"The Docker daemon's address {_clean(url)} (from {origin}) cannot be used: {reason}")

    scheme, sep, rest = url.partition("://")
    place: Dict[str, Any] = {"url": _clean(url), "scheme": scheme}
    if scheme == "npipe":
        raise refuse("named pipes of Windows are not supported; use tcp:// or ssh://")
    if not sep or scheme not in ("unix", "tcp", "http", "https", "ssh"):
        raise refuse("it does not begin with unix://, tcp://, http://, https:// or ssh://")
    if scheme == "unix":
        if not rest.startswith("/"):
            raise refuse("the path of the socket must begin with /")
        return {**place, "path": rest}
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise refuse(str(error)) from error
    if not host:
        raise refuse("it names no host")
    if parts.password is not None or (scheme != "ssh" and parts.username):
        raise refuse("it carries a password or a user; ssh:// takes a user and logs in with a key")
    if parts.query or parts.fragment or (scheme != "ssh" and parts.path not in ("", "/")):
        raise refuse("nothing may follow host and port")
    return {**place, "host": host, "port": port, "user": parts.username, "path": parts.path.rstrip("/")}
