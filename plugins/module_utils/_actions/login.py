# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A login at a registry (/auth), kept as the docker CLI keeps it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.endpoint import config_dir
from .._engine.errors import APIError, EngineError
from .._engine.logins import Logins
from .._engine.registry import server

Result = dict[str, Any]
SPEC: dict[str, dict[str, Any]] = {
    "registry_url": {"type": "str", "default": "https://index.docker.io/v1/", "aliases": ["registry", "url"]},
    "username": {"type": "str"},
    "password": {"type": "str", "no_log": True},
    "reauthorize": {"type": "bool", "default": False, "aliases": ["reauth"]},
    "config_path": {"type": "path", "aliases": ["dockercfg_path"]},
    "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
}
RULES: dict[str, Any] = {"required_if": [("state", "present", ["username", "password"])]}


def login(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    try:
        key = server(params["registry_url"])
    except ValueError as error:
        raise ValueError(f"registry_url: {error}") from error
    logins = Logins(params["config_path"] or os.path.join(config_dir(os.environ), "config.json"), os.environ)
    found = logins.get(key)
    if params["state"] == "absent":
        return _logout(logins, key, found)
    user, password = params["username"], params["password"]
    if not user or not password:
        raise ValueError("username and password: must not be empty")
    known = found and (
        # What a token stands for nobody can tell; a helper does not even keep its user.
        found.get("username", user) == user if "identitytoken" in found else _same(found, user, password)
    )
    wanted = found if known else None
    if params["reauthorize"] or not wanted:
        # An /auth that is asked changes nothing on the engine, so check mode is as sure as the run.
        answer = _verified(engine, key, user, password)
        if not known:
            wanted = answer
    changed = wanted != found
    actions = [f"log in to {key} as {user}, kept by {logins.place(key)}"] if changed else []
    result: Result = {
        "changed": changed,
        "actions": actions,
        "login_result": {"serveraddress": key, "username": user},
        "diff": _diff(key, found, wanted),
    }

    def act() -> Result:
        if wanted and changed:
            logins.put(key, wanted)
        return result

    return lambda: result, act


def _same(found: Mapping[str, str], user: str, password: str) -> bool:
    return (found.get("username"), found.get("password")) == (user, password)


def _logout(
    logins: Logins, key: str, found: Mapping[str, str] | None
) -> tuple[Callable[[], Result], Callable[[], Result]]:
    actions = [f"log out of {key}, kept by {logins.place(key)}"] if found else []
    result: Result = {"changed": bool(found), "actions": actions, "diff": _diff(key, found, None)}

    def act() -> Result:
        if found:
            logins.drop(key)
        return result

    return lambda: result, act


def _verified(engine: Engine, key: str, user: str, password: str) -> dict[str, str]:
    """The login to keep, once the registry has accepted it: with a token in place of the password if it gives one."""
    try:
        answer = engine.post("/auth", {"username": user, "password": password, "serveraddress": key}, patience=60)
    except APIError as error:
        message = error.message.replace(password, "********")
        raise EngineError(f"{key} does not accept the login of {user}: {message}") from error
    token = (answer or {}).get("IdentityToken")
    return {"username": user, **({"identitytoken": token} if token else {"password": password})}


def _diff(key: str, found: Mapping[str, str] | None, wanted: Mapping[str, str] | None) -> dict[str, Any]:
    """Who is logged in; that only the password differs is told by a word."""

    def shown(login: Mapping[str, str] | None) -> dict[str, Any]:
        user = login and login.get("username", "(by token)")
        return {"registry": key, "username": user}

    before, after = shown(found), shown(wanted)
    if before == after and found != wanted:
        before["password"], after["password"] = "(another one)", "(the given one)"
    return {"before": before, "after": after}
