# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Image references, and credentials for registries as the docker CLI keeps them."""

from __future__ import annotations

import base64
import json
import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from .endpoint import config_dir, load_json
from .errors import EndpointError

HUB = "docker.io"
_HUB_KEY = "https://index.docker.io/v1/"  # Docker Hub's name in config.json
_HUB_ALIASES = ("docker.io", "index.docker.io", "registry-1.docker.io")
_LABEL = r"[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[[0-9a-fA-F:]+\])(?::[0-9]+)?")
_WORD = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_PATH = re.compile(rf"{_WORD}(?:/{_WORD})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}")
_DIGEST = re.compile(r"[A-Za-z][A-Za-z0-9]*(?:[-_+.][A-Za-z][A-Za-z0-9]*)*:[0-9a-fA-F]{32,}")
_ID = re.compile(r"(?:sha256:)?[0-9a-f]{64}")


@dataclass(frozen=True)
class Reference:
    """An image's name, whole: Docker Hub's `nginx` has domain docker.io and path library/nginx."""

    domain: str
    path: str
    tag: str | None = None
    digest: str | None = None

    @property
    def repository(self) -> str:
        """Domain and path as `docker images` shows them: Docker Hub's domain and library/ left out."""
        if self.domain != HUB:
            return f"{self.domain}/{self.path}"
        head, _slash, rest = self.path.partition("/")
        return rest if head == "library" and "/" not in rest else self.path

    @property
    def name(self) -> str:
        """The repository with tag and digest, as the daemon's RepoTags and RepoDigests show it."""
        return self.repository + (f":{self.tag}" if self.tag else "") + (f"@{self.digest}" if self.digest else "")

    def __str__(self) -> str:
        return self.name


def is_id(text: str, image: str = "") -> bool:
    """Whether the text is a whole image id, or 12 characters and more of the id `image`.

    Shortened ones look like names: only the daemon can tell, by the image that it finds.
    """
    bare = text.removeprefix("sha256:")
    return bool(_ID.fullmatch(text)) or (len(bare) >= 12 and image.partition(":")[2].startswith(bare))


def parse_reference(text: str, default_tag: str | None = "latest") -> Reference:
    """The reference that the docker CLI would see. `default_tag` is taken when neither tag nor digest is given.

    ValueError for what is no reference, also for a whole id: see is_id().
    """

    def refuse(reason: str) -> ValueError:
        return ValueError(f"{text!r} is not an image name: {reason}")

    if is_id(text):
        raise refuse("it is an image id")
    name, at, digest = text.partition("@")
    if at and not _DIGEST.fullmatch(digest):
        raise refuse(f"{digest!r} is not a digest such as sha256:...")
    last = name.rpartition("/")[2]
    tag: str | None = None
    if ":" in last:
        name, _colon, tag = name.rpartition(":")
        if not _TAG.fullmatch(tag):
            raise refuse(f"{tag!r} is not a tag")
    domain, slash, path = name.partition("/")
    # Only these look like a host; `user/app` is a path on Docker Hub.
    if not slash or not (set(domain) & set(".:[") or domain == "localhost" or domain.lower() != domain):
        domain, path = HUB, name
    elif not _DOMAIN.fullmatch(domain):
        raise refuse(f"{domain!r} is not a registry's host and port")
    if domain == "index.docker.io":
        domain = HUB
    if domain == HUB and path and "/" not in path:
        path = f"library/{path}"
    if not _PATH.fullmatch(path):
        raise refuse("a repository is made of lower-case letters and digits, separated by one of . _ __ - and /")
    if len(f"{domain}/{path}") > 255:
        raise refuse("it is longer than 255 characters")
    if not tag and not digest:
        tag = default_tag
    return Reference(domain, path, tag, digest or None)


def server(address: str) -> str:
    """A registry's name in config.json: its host and port, or one and the same for all addresses of Docker Hub.

    `address` may be a URL. ValueError when it holds no host.
    """
    host = _host(address.strip())
    if host in _HUB_ALIASES:
        return _HUB_KEY
    if not _DOMAIN.fullmatch(host):
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
