# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the docker CLI's config.json has for builds: logins at registries, and proxies."""

from __future__ import annotations

import os
from collections.abc import Mapping

from .endpoint import config_dir, load_json
from .errors import EndpointError
from .registry import encode_auth, find_login, server


def login(registry: str, environ: Mapping[str, str]) -> dict[str, str]:
    """username and password, or a token, for a registry; {} when nobody has logged in there.

    Only the credential helper that is responsible for it is run. EndpointError when it or the file fails.
    """
    path = os.path.join(config_dir(environ), "config.json")
    return find_login(load_json(path), server(registry), environ, path) or {}


def config_header(environ: Mapping[str, str], warnings: list[str]) -> dict[str, str]:
    """X-Registry-Config, with all logins there are: the classic builder does not ask for those that it needs.

    A helper that fails gets a warning, for the build may not need it.
    """
    config = load_json(os.path.join(config_dir(environ), "config.json"))
    found = {}
    for name in {**(config.get("auths") or {}), **(config.get("credHelpers") or {})}:
        try:
            key = server(name)
            credentials = {} if key in found else login(key, environ)
        except (EndpointError, ValueError) as error:
            warnings.append(str(error))
            continue
        if credentials:
            found[key] = {**credentials, "serveraddress": key}
    return {"X-Registry-Config": encode_auth(found)} if found else {}


def proxies(url: str, environ: Mapping[str, str], args: Mapping[str, str]) -> dict[str, str]:
    """Build arguments that name proxies, for the daemon at a URL; {} when there are none for it.

    What `args` name, in whatever case, is left out: BuildKit would take either of the two.
    """
    own = {name.lower() for name in args}
    known = load_json(os.path.join(config_dir(environ), "config.json")).get("proxies") or {}
    found = known.get(url, known.get("default")) or {}
    named = {kind: found.get(f"{kind}Proxy") for kind in ("all", "ftp", "http", "https", "no")}
    return {
        name: str(proxy)
        for kind, proxy in named.items()
        if proxy and f"{kind}_proxy" not in own
        for name in (f"{kind}_proxy", f"{kind}_proxy".upper())
    }
