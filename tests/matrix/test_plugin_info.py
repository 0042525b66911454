# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an engine tells about its plugins, on every engine."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.modules.plugin_info import query

from tests.matrix.harness import Target

NAMES = ("dockside/one:latest", "dockside/two:2")


def plugin_tar(name: str) -> bytes:
    """The least of which an engine makes a plugin that it can list, though not enable."""
    config = {
        "description": name,
        "entrypoint": ["/plugin"],
        "interface": {"types": ["docker.volumedriver/1.0"], "socket": "plugin.sock"},
        "network": {"type": "none"},
    }
    files = {"config.json": json.dumps(config).encode(), "rootfs/plugin": name.encode()}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for path, data in files.items():
            info = tarfile.TarInfo(path)
            info.size, info.mode = len(data), 0o755
            tar.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


@pytest.fixture
def plugins(target: Target) -> Iterator[Target]:
    for name in NAMES:
        target.ask("POST", f"/plugins/create?name={name}", plugin_tar(name))
    yield target
    for name in NAMES:
        target.ask("DELETE", f"/plugins/{name}?force=1")


def names(target: Target, **params: Any) -> list[str]:
    found = query(target.client(), {"name": None, "filters": None, **params})
    return [each["Name"] for each in found["plugins"]]


def test_names_and_filters(plugins: Target) -> None:
    assert names(plugins) == list(NAMES)
    assert names(plugins, name=["dockside/one", "dockside/none"]) == ["dockside/one:latest"]
    (found,) = query(plugins.client(), {"name": ["dockside/two:2"], "filters": None})["plugins"]
    assert (found["Enabled"], found["Config"]["Description"]) == (False, "dockside/two:2")
    assert names(plugins, name=[found["Id"]]) == ["dockside/two:2"]
    assert names(plugins, filters={"enabled": True}) == []
    assert names(plugins, filters={"enabled": False, "capability": "volumedriver"}) == list(NAMES)
    assert names(plugins, filters={"capability": "networkdriver"}) == []
    with pytest.raises(ValueError, match=r"filters\.enable: there is no such filter, only capability, enabled"):
        names(plugins, filters={"enable": True})
