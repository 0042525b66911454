# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is read of images, on every engine."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import VersionError
from ansible_collections.dockside.engine.plugins.module_utils._resources.image_info import RULES, SPEC, image_info
from engines import Registry

from tests.matrix.actions import Query
from tests.matrix.harness import Target
from tests.matrix.images import AMD, ARM, AUTH, push, push_platforms

INFO = Query(image_info, SPEC, RULES)


def read(target: Target, **options: Any) -> list[dict[str, Any]]:
    images: list[dict[str, Any]] = INFO(target.client(), **options)["images"]
    return images


def test_many_at_once(target: Target) -> None:
    """In the order of their names, also more than there are connections; what is not there is left out."""
    names = [f"many/image:{number}" for number in range(20)]
    ids = [target.engine.image(name, files={"/a": name.encode()}) for name in names]
    mixed = [*names[10:], "many/image:none", ids[3], ids[4].removeprefix("sha256:")[:12], *names[:10]]
    found = [image["Id"] for image in read(target, name=mixed)]
    assert found == [*ids[10:], ids[3], ids[4], *ids[:10]]
    everything = read(target)
    assert {image["Id"] for image in everything} == {image["Id"] for image in target.ask("GET", "/images/json")}
    assert {*ids} <= {image["Id"] for image in everything}


def test_history(target: Target) -> None:
    target.engine.image("made/one:1", files={"/a": b"1"}, changes=["ENV A=1"])
    target.container("child", start=False, Image="made/one:1")
    target.ask("POST", "/commit?container=child&repo=made/two&tag=1&comment=changed", {})
    assert [len(image["History"]) for image in read(target, name=["made/one:1", "made/two:1"], history=True)] == [1, 2]
    (image,) = read(target, name="made/two:1", history=True)
    assert image["History"][0]["Comment"] == "changed"
    assert "History" not in read(target, name="made/two:1")[0]


def test_distribution(target: Target, registry: Registry, locked: Registry) -> None:
    name, digest = push_platforms(target, registry, "asked")
    target.engine.docker("pull", name)
    (image,) = read(target, name=name, distribution=True)
    assert image["Distribution"]["Descriptor"]["digest"] == digest
    assert [each["architecture"] for each in image["Distribution"]["Platforms"]] == ["amd64", "arm64"]
    (by_id,) = read(target, name=image["Id"], distribution=True)
    assert by_id["Distribution"] == image["Distribution"]
    # What has no name, and what no registry has.
    target.ask("POST", f"/images/{name}/tag?repo=127.0.0.1:1/nobody&tag=1")
    client = target.client()
    assert INFO(client, name="127.0.0.1:1/nobody:1", distribution=True)["images"][0]["Distribution"] is None
    assert client.warnings[0].startswith("what the registry has as 127.0.0.1:1/nobody:1 is not known: ")
    target.ask("DELETE", "/images/127.0.0.1:1/nobody:1")
    # With a login.
    name, digest = push(target, locked, "asked", target.name)
    target.ask("POST", f"/images/{target.image()}/tag?repo={name.removesuffix(':1')}&tag=1")
    assert read(target, name=name, distribution=True)[0]["Distribution"] is None
    (image,) = read(target, name=name, distribution=True, **AUTH)
    assert image["Distribution"]["Descriptor"]["digest"] == digest
    with pytest.raises(ValueError, match="username: a login is for one registry, and this is about "):
        read(target, name=[name, target.image()], distribution=True, **AUTH)


def test_nameless(target: Target) -> None:
    target.container("child", start=False)
    made = target.ask("POST", "/commit?container=child", {})["Id"]
    client = target.client()
    (image,) = INFO(client, name=made, distribution=True)["images"]
    assert (image["Id"], image["Distribution"], client.warnings) == (made, None, [])


def test_platforms(target: Target, registry: Registry) -> None:
    name, digest = push_platforms(target, registry, "read")
    for platform in (ARM, AMD) if target.containerd else (ARM,):
        target.engine.docker("pull", "--platform", platform, name)
    if target.api < (1, 49):
        with pytest.raises(VersionError, match=r"platform needs API 1\.49"):
            read(target, name=name, platform=ARM)
        return
    (image,) = read(target, name=name, platform=ARM, history=True)
    assert image["Architecture"] == "arm64"
    assert image["History"][0]["Comment"] == ARM
    assert read(target, name=name, platform="linux/s390x") == []
    assert [each["Architecture"] for each in read(target, platform=ARM)] == ["arm64"]
    assert (image["Id"] == digest) is False  # that is the id of the list of both


def test_manifests(target: Target, registry: Registry) -> None:
    name, _digest = push_platforms(target, registry, "listed")
    target.engine.docker("pull", "--platform", ARM, name)
    if target.api < (1, 48):
        with pytest.raises(VersionError, match=r"manifests needs API 1\.48"):
            read(target, name=name, manifests=True)
        return
    manifests = read(target, name=name, manifests=True)[0].get("Manifests") or []
    shown = [(each["Descriptor"]["platform"]["architecture"], each["Available"]) for each in manifests]
    assert shown == ([("amd64", False), ("arm64", True)] if target.containerd else [])
    with pytest.raises(ValueError, match=r"mutually exclusive: manifests\|platform"):
        read(target, name=name, manifests=True, platform=ARM)


def test_attestations(target: Target) -> None:
    with pytest.raises(VersionError, match=r"attestations needs API 1\.55"):
        read(target, name=target.image(), attestations=True)
