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


def is_id(text: str) -> bool:
    """Whether the text is a whole image id. Shortened ones look like names: only the daemon can tell."""
    return bool(_ID.fullmatch(text))


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


def auth_header(domain: str, environ: Mapping[str, str]) -> str | None:
    """X-Registry-Auth for a registry, from the docker CLI's config.json; None when nobody has logged in there.

    Only the credential helper that is responsible for the registry is run. EndpointError when it or the file fails.
    """
    path = os.path.join(config_dir(environ), "config.json")
    config = load_json(path)
    key = _HUB_KEY if domain in _HUB_ALIASES else domain
    helpers = config.get("credHelpers") or {}
    helper = helpers.get(key) or helpers.get(domain) or config.get("credsStore")
    found = _helper(str(helper), key, environ, path) if helper else _stored(config.get("auths") or {}, key, path)
    if not found:
        return None
    return encode_auth({**found, "serveraddress": key})


def encode_auth(credentials: Mapping[str, Any]) -> str:
    """The credentials as a header's value (base64url with padding)."""
    return base64.urlsafe_b64encode(json.dumps(credentials).encode()).decode()


def _stored(auths: Mapping[str, Any], key: str, path: str) -> dict[str, str] | None:
    entry = auths.get(key)
    if entry is None:  # old files have whole URLs as keys
        entry = next((value for name, value in auths.items() if _host(name) == _host(key)), None)
    if not entry:
        return None
    for token in ("identitytoken", "registrytoken"):
        if entry.get(token):
            return {token: entry[token]}
    user, password = entry.get("username", ""), entry.get("password", "")
    if entry.get("auth"):
        user, password = _decoded(entry["auth"], key, path)
    return {"username": user, "password": password} if user else None


def _decoded(text: str, key: str, path: str) -> tuple[str, str]:
    try:
        user, colon, password = base64.b64decode(text, validate=True).decode().partition(":")
    except ValueError as error:
        raise EndpointError(f"{path} has an unreadable auth for {key}") from error
    if not colon:
        raise EndpointError(f"{path} has an unreadable auth for {key}")
    return user, password.rstrip("\0")


def _host(name: str) -> str:
    return re.sub(r"^https?://", "", name).partition("/")[0]


def _helper(name: str, key: str, environ: Mapping[str, str], path: str) -> dict[str, str] | None:
    program = f"docker-credential-{name}"
    failed = f"The credential helper {program} (from {path}) failed for {key}"
    if "/" in name:
        raise EndpointError(f"{failed}: its name holds a /")
    try:
        done = subprocess.run(
            [program, "get"], input=key.encode(), capture_output=True, timeout=60, env=dict(environ), check=False
        )
        if done.returncode:
            said = (done.stdout + done.stderr).decode(errors="replace").strip()
            if "credentials not found" in said:
                return None
            raise EndpointError(f"{failed}: {said[:500] or f'status {done.returncode}'}")
        answer = json.loads(done.stdout)
        user, secret = str(answer["Username"]), str(answer["Secret"])
    except (OSError, subprocess.SubprocessError) as error:
        raise EndpointError(f"{failed}: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        # What it printed may hold the secret.
        raise EndpointError(f"{failed}: it did not answer with Username and Secret") from error
    return {"identitytoken": secret} if user == "<token>" else {"username": user, "password": secret}
