# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What archives of images say that they hold, in the layouts that engines have written over the years."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.image_archive import read

CONFIG, MANIFEST = "c" * 64, "d" * 64
CREATED = {"created": "2026-01-05T08:12:31Z", "rootfs": {"diff_ids": ["sha256:1", "sha256:2"]}}


def archive(path: Path, files: dict[str, Any]) -> str:
    with tarfile.open(path, "w:gz") as tar:
        for name, contents in files.items():
            data = contents if isinstance(contents, bytes) else json.dumps(contents).encode()
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    return str(path)


def shown(image: str, *, containerd: bool = False, **other: Any) -> dict[str, Any]:
    """What an inspect shows of an image with the layers of CREATED."""
    more = {"Descriptor": {}} if containerd else {}
    layers = {"Created": CREATED["created"], "RootFS": {"Layers": ["sha256:1", "sha256:2"]}}
    return {"Id": f"sha256:{image}", **layers, **more, **other}


def test_the_layout_of_docker(tmp_path: Path) -> None:
    entry = {"Config": f"{CONFIG}.json", "RepoTags": ["b:1", "a:1"], "Layers": []}
    found = read(archive(tmp_path / "a", {f"{CONFIG}.json": CREATED, "manifest.json": [entry]}))
    assert found
    (image,) = found
    assert (image.names, image.ids) == (["a:1", "b:1"], {f"sha256:{CONFIG}"})
    assert image.same(shown(CONFIG))
    assert not image.same(shown(MANIFEST))
    # The containerd image store calls it by a digest that it makes itself: the layers and the date tell.
    assert image.same(shown(MANIFEST, containerd=True))
    assert not image.same(shown(MANIFEST, containerd=True, Created="2026-01-05T08:12:32Z"))
    assert not image.same(shown(MANIFEST, containerd=True, RootFS={"Layers": ["sha256:1"]}))


def test_both_layouts(tmp_path: Path) -> None:
    entries = [
        {"Config": f"blobs/sha256/{CONFIG}", "RepoTags": ["a:1"], "Layers": []},
        {"Config": f"blobs/sha256/{'e' * 64}", "RepoTags": None, "Layers": []},
    ]
    index = {
        "manifests": [
            {"digest": f"sha256:{MANIFEST}", "annotations": {"io.containerd.image.name": "docker.io/library/a:1"}},
            {"digest": f"sha256:{'f' * 64}"},
        ]
    }
    files = {"index.json": index, f"blobs/sha256/{CONFIG}": CREATED, "manifest.json": entries}
    found = read(archive(tmp_path / "a", files))
    assert found
    named, nameless = found
    assert named.ids == {f"sha256:{CONFIG}", f"sha256:{MANIFEST}"}
    assert not nameless.names
    assert nameless.same(shown("f" * 64, containerd=True))
    assert not named.same(shown("0" * 64, containerd=True))  # its manifest is known, and it is another one


def test_the_layout_of_oci_alone(tmp_path: Path) -> None:
    assert read(archive(tmp_path / "a", {"index.json": {"manifests": []}})) is None


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ({"etc/passwd": b"root"}, "it holds neither manifest.json nor index.json"),
        ({"manifest.json": b"{"}, "is no archive of images: "),
        ({"manifest.json": [{}]}, "is no archive of images: "),
        ({"manifest.json": [1]}, "is no archive of images: "),
        ({"manifest.json": b" " * (17 * 1024 * 1024)}, "manifest.json is no description"),
        ({"manifest.json": [], "index.json": []}, None),
    ],
)
def test_what_is_no_archive_of_images(tmp_path: Path, files: dict[str, Any], message: str | None) -> None:
    path = archive(tmp_path / "a", files)
    if message is None:
        assert read(path) == []
        return
    with pytest.raises(EngineError, match=message):
        read(path)


def test_an_archive_that_is_cut_off(tmp_path: Path) -> None:
    entry = {"Config": f"{CONFIG}.json", "RepoTags": ["a:1"], "Layers": []}
    path = archive(tmp_path / "a", {"layer": b"x" * 100_000, "manifest.json": [entry]})
    data = Path(path).read_bytes()
    Path(path).write_bytes(data[: len(data) // 2])
    with pytest.raises(EngineError, match="is no archive of images"):
        read(path)
