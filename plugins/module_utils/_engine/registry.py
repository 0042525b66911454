# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Credentials for registries as the docker CLI keeps them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping
from typing import Any

from .endpoint import config_dir, load_json
from .errors import EndpointError
from .reference import DOMAIN

_HUB_KEY = "https://index.docker.io/v1/"  # Docker Hub's name in config.json
_HUB_ALIASES = ("docker.io", "index.docker.io", "registry-1.docker.io")


def server(address: str) -> str:
    """A registry's name in config.json: its host and port, or one and the same for all addresses of Docker Hub.

    `address` may be a URL. ValueError when it holds no host.
    """
    host = _host(address.strip())
    if host in _HUB_ALIASES:
        return _HUB_KEY
    if not re.fullmatch(DOMAIN, host):
        raise ValueError(f"{address!r} is not a registry's address such as registry.example.com:5000")
    return host


def auth_header(domain: str, environ: Mapping[str, str]) -> str | None:
    """X-Registry-Auth for a registry, from the docker CLI's config.json; None when nobody has logged in there.

    Only the credential helper that is responsible for the registry is run. EndpointError when it or the file fails.
    """
    path = os.path.join(config_dir(environ), "config.json")
    key = key_of(domain)
    found = find_login(load_json(path), key, environ, path)
    return encode_auth({**found, "serveraddress": key}) if found else None


def key_of(domain: str) -> str:
    """The registry's name in config.json, of the domain of a Reference."""
    return _HUB_KEY if domain in _HUB_ALIASES else domain


def login_of(user: str, secret: str) -> dict[str, str]:
    """A login as the API has it. By the user <token>, credential helpers tell that the secret is an identity token."""
    return {"identitytoken": secret} if user == "<token>" else {"username": user, "password": secret}


def find_login(config: Mapping[str, Any], key: str, environ: Mapping[str, str], path: str) -> dict[str, str] | None:
    """username and password, or a token, that the config (of the file at `path`) leads to for a server()."""
    helper = helper_of(config, key)
    return _asked(helper, key, environ, path) if helper else _stored(config.get("auths") or {}, key, path)


def helper_of(config: Mapping[str, Any], key: str) -> str:
    """The credential helper that is responsible for a server(); "" when the file itself is."""
    helpers = config.get("credHelpers") or {}
    named = next((helpers[name] for name in (key, *_hosts(key)) if name in helpers), config.get("credsStore"))
    return str(named or "")


def entries_of(auths: Mapping[str, Any], key: str) -> list[str]:
    """The names under which a server() stands among the auths, the best one first: old files have whole URLs."""
    return sorted((name for name in auths if _host(name) in _hosts(key)), key=lambda name: name != key)


def encode_auth(credentials: Mapping[str, Any]) -> str:
    """The credentials as a header's value (base64url with padding)."""
    return base64.urlsafe_b64encode(json.dumps(credentials).encode()).decode()


def _stored(auths: Mapping[str, Any], key: str, path: str) -> dict[str, str] | None:
    entry = next((auths[name] for name in entries_of(auths, key)), None)
    if not entry:
        return None
    user, password = entry.get("username", ""), entry.get("password", "")
    if entry.get("auth"):
        user, password = _decoded(entry["auth"], key, path)
    for token in ("identitytoken", "registrytoken"):
        if entry.get(token):
            return {token: entry[token], **({"username": user} if user else {})}
    return {"username": user, "password": password} if user else None


def _decoded(text: str, key: str, path: str) -> tuple[str, str]:
    try:
        user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError as error:
        raise EndpointError(f"{path} has an unreadable auth for {key}") from error
    if not colon:
        raise EndpointError(f"{path} has an unreadable auth for {key}")
    return user, password.rstrip("\0")


def _hosts(key: str) -> tuple[str, ...]:
    return _HUB_ALIASES if key == _HUB_KEY else (_host(key),)


def _host(name: str) -> str:
    return re.sub(r"^https?://", "", name).partition("/")[0]


def run_helper(
    name: str, verb: str, key: str, environ: Mapping[str, str], path: str, *, login: Mapping[str, str] | None = None
) -> bytes | None:
    """What a credential helper answers to a verb (get, store, erase); None when it knows no such login.

    `login`: Username and Secret to store. EndpointError when it fails.
    """
    text = json.dumps({"ServerURL": key, **login}) if login else key
    program = f"docker-credential-{name}"
    failed = f"The credential helper {program} (from {path}) failed for {key}"
    if "/" in name:
        raise EndpointError(f"{failed}: its name holds a /")
    try:
        # run_command belongs to modules, and this is also for plugins
        done = subprocess.run(  # pylint: disable=ansible-bad-function
            [program, verb], input=text.encode(), capture_output=True, timeout=60, env=dict(environ), check=False
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise EndpointError(f"{failed}: {error}") from error
    if not done.returncode:
        return done.stdout
    said = (done.stdout + done.stderr).decode(errors="replace").strip()
    if "credentials not found" in said:
        return None
    raise EndpointError(f"{failed}: {said[:500] or f'status {done.returncode}'}")


def _asked(name: str, key: str, environ: Mapping[str, str], path: str) -> dict[str, str] | None:
    said = run_helper(name, "get", key, environ, path)
    if said is None:
        return None
    try:
        answer = json.loads(said)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (ValueError, KeyError, TypeError) as error:
        # What it printed may hold the secret.
        raise EndpointError(
            f"The credential helper docker-credential-{name} (from {path}) failed for {key}: "
            "it did not answer with Username and Secret"
        ) from error
    return login_of(user, secret)
