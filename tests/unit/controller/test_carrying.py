# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Files between the controller and the target: what the module gets in place of a path on the controller."""

from __future__ import annotations

import os
import pathlib
import shutil
import tarfile
from types import SimpleNamespace
from typing import Any

import pytest

pytest.importorskip("ansible.plugins.action.normal")
from ansible.errors import AnsibleActionFail
from ansible.parsing.dataloader import DataLoader
from ansible.parsing.vault import VaultLib, VaultSecret
from ansible_collections.dockside.engine.plugins.action import container_copy, container_fetch
from ansible_collections.dockside.engine.plugins.module_utils._actions.sources import Archive
from ansible_collections.dockside.engine.plugins.plugin_utils._in_process import InProcess

pytestmark = pytest.mark.controller
SECRETS = [("default", VaultSecret(b"a password"))]


@pytest.fixture
def target(tmp_path: pathlib.Path) -> pathlib.Path:
    """The temporary directory of a task on the target."""
    path = tmp_path / "target"
    path.mkdir()
    return path


def plugin(module: Any, target: pathlib.Path, here: bool, **task: Any) -> Any:
    """The action plugin of a task that runs in the worker, or on the target."""
    made = module.ActionModule.__new__(module.ActionModule)
    made._loader = DataLoader()
    made._loader.set_vault_secrets(SECRETS)
    made._here = here
    made._task = SimpleNamespace(
        **{"async_val": 0, "check_mode": False, "diff": False, "get_search_path": list, **task}
    )
    shell = SimpleNamespace(tmpdir=str(target), join_path=os.path.join)
    made._connection = SimpleNamespace(_shell=shell, put_file=shutil.copy, fetch_file=shutil.copy)
    made._fixup_perms2 = lambda paths: None
    return made


def vaulted(path: pathlib.Path, text: str) -> pathlib.Path:
    path.write_bytes(VaultLib(SECRETS).encrypt(text, SECRETS[0][1]))
    path.chmod(0o640)
    return path


@pytest.mark.parametrize("here", [True, False])
def test_files_of_vault_are_decrypted(tmp_path: pathlib.Path, target: pathlib.Path, here: bool) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "plain").write_text("plain")
    vaulted(source / "hidden", "secret")
    made = plugin(container_copy, target, here)
    found = Archive(made._adapted({"src": str(source)}, {})["src"], carried=True)
    assert {name: found.content(name, False).head for name in ("plain", "hidden")} == {
        "plain": b"plain",
        "hidden": b"secret",
    }
    assert found.infos["hidden"].mode == 0o640
    single = Archive(made._adapted({"src": str(source / "hidden")}, {})["src"], carried=True).contents
    assert [each.head for each in single.values()] == [b"secret"]


def test_nothing_is_packed_that_is_here(tmp_path: pathlib.Path, target: pathlib.Path) -> None:
    (tmp_path / "file").write_text("text")
    made = plugin(container_copy, target, here=True)
    assert made._adapted({"src": str(tmp_path / "file"), "mode": "0600"}, {}) == {
        "path": str(tmp_path / "file"),
        "mode": "0600",
    }
    assert made._adapted({"path": "/on/the/target"}, {}) == {"path": "/on/the/target"}
    assert made._adapted({"content": {"a": [1]}}, {}) == {"content": '{"a": [1]}'}


def test_large_files_go_when_they_are_needed(
    tmp_path: pathlib.Path, target: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = tmp_path / "source"
    source.mkdir()
    (source / "small").write_text("small")
    (source / "large").write_bytes(b"x" * container_copy.LARGE)
    carried = []

    def run(self: Any, *arguments: Any, **more: Any) -> dict[str, Any]:
        found = Archive(place, carried=True)
        carried.append((sorted(found.absent), found.infos["large"].size, os.path.getsize(place)))
        return {"changed": True, **({"_incomplete": True} if found.absent else {})}

    monkeypatch.setattr(InProcess, "_execute_module", run)
    made = plugin(container_copy, target, here=False)
    place = made._adapted({"src": str(source)}, {})["src"]
    assert made._execute_module() == {"changed": True}
    assert [each[:2] for each in carried] == [(["large"], container_copy.LARGE), ([], container_copy.LARGE)]
    assert carried[0][2] < 20_000
    # In the background, nobody would bring them later.
    place = plugin(container_copy, target, here=False, async_val=10)._adapted({"src": str(source)}, {})["src"]
    assert not Archive(place, carried=True).absent


def test_what_the_controller_lacks(tmp_path: pathlib.Path, target: pathlib.Path) -> None:
    made = plugin(container_copy, target, here=False)
    (tmp_path / "lost").symlink_to("nowhere")
    (tmp_path / "sub").mkdir()
    (tmp_path / "sub" / "lost").symlink_to("nowhere")
    for arguments, message in (
        ({"src": str(tmp_path / "nosuch")}, "src: Could not find or access"),
        ({"src": str(tmp_path / "sub")}, "src: .*lost cannot be read: No such file"),
        ({"content": "a", "template": True}, "template: needs src"),
    ):
        with pytest.raises(AnsibleActionFail, match=message):
            made._adapted(arguments, {})


def test_a_place_on_the_controller(tmp_path: pathlib.Path, target: pathlib.Path) -> None:
    here = plugin(container_fetch, target, here=True)
    assert here._adapted({"dest": f"{tmp_path}/x/"}, {}) == {"path": f"{tmp_path}/x/"}
    assert here._adapted({"path": "/on/the/target"}, {}) == {"path": "/on/the/target"}
    there = plugin(container_fetch, target, here=False)
    assert there._adapted({"dest": f"{tmp_path}/x"}, {}) == {"dest": f"{target}/fetched.tar"}
    with pytest.raises(AnsibleActionFail, match="dest: nothing is brought to the controller with async"):
        plugin(container_fetch, target, here=False, async_val=10)._adapted({"dest": "x"}, {})


def test_what_is_brought_lands(tmp_path: pathlib.Path, target: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def run(self: Any, *arguments: Any, **more: Any) -> dict[str, Any]:
        (tmp_path / "data").write_text("data")
        with tarfile.open(target / "fetched.tar", "w") as archive:
            archive.add(tmp_path / "data", "x")
        return {"changed": False, "_brought": True, "container_path": "/x"}

    monkeypatch.setattr(InProcess, "_execute_module", run)
    for check, there in ((True, False), (False, True)):
        made = plugin(container_fetch, target, here=False, check_mode=check)
        made._adapted({"dest": f"{tmp_path}/place", "container": "box", "container_path": "/x"}, {})
        result = made._execute_module()
        assert (result["changed"], result["path"]) == (True, f"{tmp_path}/place")
        assert "diff" not in result
        assert (tmp_path / "place").exists() == there
    made = plugin(container_fetch, target, here=False)
    made._adapted({"dest": f"{tmp_path}/place/below", "container": "box", "container_path": "/x"}, {})
    result = made._execute_module()
    assert (result["failed"], result["msg"]) == (True, f"path: {tmp_path}/place is no directory")
