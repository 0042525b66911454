# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Logins written where the docker CLI keeps them: its config.json, or the credential helper that this names."""

from __future__ import annotations

import base64
import json
import os
import tempfile
from collections.abc import Mapping
from typing import Any

from .endpoint import load_json
from .errors import EndpointError
from .registry import entries_of, find_login, helper_of, run_helper


class Logins:
    """The logins in a config.json and its helpers. `key` is what registry.server() answers.

    Everything raises EndpointError when the file cannot be used or a helper fails.
    """

    def __init__(self, path: str, environ: Mapping[str, str]) -> None:
        self.path, self.environ = path, environ

    def _load(self) -> dict[str, Any]:
        if os.path.exists(self.path) and not os.access(self.path, os.R_OK):
            raise EndpointError(f"{self.path} cannot be read: Permission denied")  # it is not to be overwritten
        return load_json(self.path)

    def place(self, key: str) -> str:
        """Where the registry's login belongs, for people."""
        helper = helper_of(self._load(), key)
        return f"credential helper {helper}" if helper else self.path

    def get(self, key: str) -> dict[str, str] | None:
        """username and password, or identitytoken or registrytoken; None when nobody has logged in."""
        return find_login(self._load(), key, self.environ, self.path)

    def put(self, key: str, login: Mapping[str, str]) -> None:
        """Keep username and password, or username and identitytoken."""
        config = self._load()
        helper = helper_of(config, key)
        auths = config.setdefault("auths", {})
        entry: dict[str, str] = {}  # beside a helper the file only tells that there is a login
        if helper:
            secret = login.get("identitytoken") or login["password"]
            user = "<token>" if "identitytoken" in login else login["username"]
            try:
                run_helper(helper, "store", key, self.environ, self.path, login={"Username": user, "Secret": secret})
            except EndpointError as error:
                raise EndpointError(error.message.replace(secret, "********")) from None
        else:
            words = f"{login['username']}:{login.get('password', '')}"
            entry["auth"] = base64.b64encode(words.encode()).decode()
            if "identitytoken" in login:
                entry["identitytoken"] = login["identitytoken"]
        if auths.get(key) != entry:
            auths[key] = entry
            self._write(config)

    def drop(self, key: str) -> None:
        """Forget the registry's login, also under the other addresses that mean the same registry."""
        config = self._load()
        helper = helper_of(config, key)
        if helper:
            run_helper(helper, "erase", key, self.environ, self.path)
        names = entries_of(config.get("auths") or {}, key)
        for name in names:
            del config["auths"][name]
        if names:
            self._write(config)

    def _write(self, config: Mapping[str, Any]) -> None:
        """All of the file or nothing; only its owner may read it."""
        path = os.path.realpath(self.path)  # a link stays one
        folder, temporary = os.path.dirname(path), ""
        try:
            os.makedirs(folder, mode=0o700, exist_ok=True)
            handle, temporary = tempfile.mkstemp(dir=folder, prefix=".config.json-")  # 0600
            with open(handle, "w", encoding="utf-8") as file:
                json.dump(config, file, indent="\t", ensure_ascii=False)
                file.flush()
                os.fsync(file.fileno())
            if os.path.exists(path):
                there = os.stat(path)
                os.chown(temporary, there.st_uid, there.st_gid)
            os.replace(temporary, path)
        except OSError as error:
            if temporary and os.path.exists(temporary):
                os.unlink(temporary)
            raise EndpointError(f"{self.path} cannot be written: {error.strerror}") from error
