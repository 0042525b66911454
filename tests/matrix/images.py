# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the tests of images share: registries, and images that are in one and not on the engine."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from urllib.parse import quote

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.image import Image
from engines import Lab, Registry

from tests.matrix.harness import Bench, Target

AUTH = {"username": "ann", "password": "secret word"}
AMD, ARM = "linux/amd64", "linux/arm64"


@pytest.fixture
def registry(target: Target) -> Registry:
    """The registry on 127.0.0.1:5000 of the engine."""
    return target.engine.registry()


@pytest.fixture(scope="session")
def locked(lab: Lab) -> Registry:
    """A registry that wants a login."""
    return lab.registry(users={AUTH["username"]: AUTH["password"]})


@pytest.fixture(scope="session")
def token_registry(lab: Lab) -> Registry:
    """A registry that wants tokens, which a server of its own gives for a login."""
    return lab.registry(users={AUTH["username"]: AUTH["password"]}, tokens=True)


@pytest.fixture
def image_bench(target: Target) -> Bench:
    return Bench(Image, target)


def push(target: Target, registry: Registry, repository: str, contents: str) -> tuple[str, str]:
    """Put an image with these contents into the registry as REPOSITORY:1, and none of it stays on the engine.

    Answers its name and its digest there.
    """
    name = f"{registry.name}/{repository}:1"
    target.engine.image(name, files={"/www/index.html": contents.encode()})
    header = base64.urlsafe_b64encode(json.dumps(AUTH).encode()).decode()
    path = f"/images/{quote(name.removesuffix(':1'))}/push?tag=1"
    for message in target.engine.ask("POST", path, headers={"X-Registry-Auth": header}):
        assert "error" not in message, message
    digests = target.ask("GET", f"/images/{name}/json")["RepoDigests"]
    drop(target, name)
    return name, digests[0].partition("@")[2]


def push_platforms(target: Target, registry: Registry, repository: str) -> tuple[str, str]:
    """Put an image for two platforms into the registry as REPOSITORY:1; answers its name and its digest there."""
    roots = {each: target.engine.root_tar({"/platform": f"{repository} {each}".encode()}) for each in (AMD, ARM)}
    return f"{registry.name}/{repository}:1", registry.upload(repository, "1", roots)


def drop(target: Target, name: str) -> None:
    target.ask("DELETE", f"/images/{quote(name)}?force=1")


def image_id(target: Target, name: str) -> str | None:
    status, found = target.engine.get(f"/images/{name}/json")
    return found["Id"] if status == 200 else None


def registry_digest(target: Target, name: str) -> str:
    return str(target.ask("GET", f"/distribution/{name}/json")["Descriptor"]["digest"])


def kept_login(registry: Registry, folder: Path) -> None:
    """A config.json of the docker CLI with the login."""
    login = base64.b64encode(f"{AUTH['username']}:{AUTH['password']}".encode()).decode()
    (folder / "config.json").write_text(json.dumps({"auths": {registry.name: {"auth": login}}}))
