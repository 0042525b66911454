# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What Ansible calls for the module of this name: it finds, renders and carries what is on the controller."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from typing import Any

from ansible import constants
from ansible.errors import AnsibleActionFail, AnsibleError
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.parsing.vault import is_encrypted_file
from ansible.plugins.loader import lookup_loader
from ansible_collections.dockside.engine.plugins.module_utils._actions.sources import DIGEST, SIZE
from ansible_collections.dockside.engine.plugins.module_utils._actions.trees import content_of
from ansible_collections.dockside.engine.plugins.module_utils._engine.archive import Entry, pack, tree
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.plugin_utils._in_process import action

LARGE = 1 << 20  # bytes from which on a file goes to the target only when it is needed


class ActionModule(action(__name__)):  # type: ignore[misc]
    """A source on the controller becomes a text, a path of this machine, or an archive on the target."""

    _source = ""  # what is packed
    _temporary: str | None = None

    def run(self, tmp: Any = None, task_vars: Any = None) -> Any:
        try:
            return super().run(tmp, task_vars)
        finally:
            if self._temporary:
                os.unlink(self._temporary)

    def _adapted(self, arguments: dict[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        if isinstance(arguments.get("content"), (dict, list)):
            arguments["content"] = json.dumps(arguments["content"])
        template = boolean(arguments.pop("template", None) or False)
        if arguments.get("src") is None or not {arguments.get("path"), arguments.get("content")} <= {None}:
            if template and arguments.get("src") is None:
                raise AnsibleActionFail("template: needs src")
            return arguments
        try:
            found = self._find_needle("templates" if template else "files", arguments.pop("src"))
            more = self._rendered(found, arguments, task_vars) if template else self._placed(found, arguments)
            return {**arguments, **more}
        except (AnsibleError, EngineError) as error:
            raise AnsibleActionFail(f"src: {error}") from error

    def _rendered(self, path: str, arguments: Mapping[str, Any], task_vars: Mapping[str, Any]) -> dict[str, Any]:
        lookup = lookup_loader.get("ansible.builtin.template", loader=self._loader, templar=self._templar)
        mode: Any = os.stat(path).st_mode & 0o7777
        if arguments.get("mode_parse") == "octal_string_only":
            mode = f"{mode:04o}"
        given = {} if arguments.get("mode") is None else {"mode": arguments["mode"]}
        return {"mode": mode, **given, "content": lookup.run([path], dict(task_vars))[0], "content_is_b64": False}

    def _placed(self, path: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        if boolean(arguments.get("unpack") or False):
            real = self._loader.get_real_file(path)
            return {"path": real if self._here else self._brought(real)}
        self._source = path
        self._follow = boolean(arguments.get("local_follow", True))
        if not self._here:
            return {"src": self._brought(self._packed(whole=bool(self._task.async_val)))}
        if any(isinstance(entry.data, str) and encrypted(entry.data) for entry in tree(path, ".", self._follow)):
            return {"src": self._packed(whole=True)}
        return {"path": path}

    def _packed(self, whole: bool) -> str:
        """An archive of the source on this machine, with or without its large files."""
        if not self._temporary:
            handle, self._temporary = tempfile.mkstemp(dir=constants.DEFAULT_LOCAL_TMP)  # type: ignore[attr-defined]
            os.close(handle)
        with open(self._temporary, "wb") as file:
            file.writelines(pack(self._entries(whole)))
        return self._temporary

    def _entries(self, whole: bool) -> Iterator[Entry]:
        for info, data in tree(self._source, ".", self._follow):
            if isinstance(data, str) and encrypted(data):
                real = self._loader.get_real_file(data)
                info.size = os.path.getsize(real)
                yield Entry(info, real)
                self._loader.cleanup_tmp_file(real)
            elif isinstance(data, str) and info.size >= LARGE and not whole:
                content = content_of(data, digest=True)
                info.pax_headers = {SIZE: str(content.size), DIGEST: (content.digest or b"").hex()}
                info.size = 0
                yield Entry(info)
            else:
                yield Entry(info, data)

    def _brought(self, path: str) -> str:
        """Its place on the target."""
        if self._connection._shell.tmpdir is None:
            self._make_tmp_path()
        place = self._connection._shell.join_path(self._connection._shell.tmpdir, "source.tar")
        self._transfer_file(path, place)
        self._fixup_perms2((self._connection._shell.tmpdir, place))
        return str(place)

    def _execute_module(self, *arguments: Any, **more: Any) -> Any:
        result = super()._execute_module(*arguments, **more)
        if result.pop("_incomplete", False):  # large files are needed after all
            self._brought(self._packed(whole=True))
            result = super()._execute_module(*arguments, **more)
        return result


def encrypted(path: str) -> bool:
    """Whether a file is one of Ansible Vault."""
    with open(path, "rb") as file:
        return bool(is_encrypted_file(file))
