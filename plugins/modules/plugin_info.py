#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plugin_info
short_description: Read the plugins of a Docker Engine
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the engine knows about its managed plugins, such as drivers of volumes, networks and logs.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The names or ids of the plugins to read. A name without a tag stands for the tag C(latest).
      - Plugins that do not exist are left out. If this is not set, all plugins are read.
    type: list
    elements: str
  filters:
    description:
      - Which plugins to read, by V(capability), such as V(volumedriver), and by V(enabled).
    type: dict
"""

EXAMPLES = r"""
- name: Which plugins for volumes are there, and enabled?
  dockside.engine.plugin_info:
    filters:
      capability: volumedriver
      enabled: true
  register: found

- name: The settings of a plugin
  dockside.engine.plugin_info:
    name:
      - vieux/sshfs
  register: sshfs
"""

RETURN = r"""
plugins:
  description:
    - The plugins, sorted by name, as the engine describes them (C(GET /plugins)).
  returned: success
  type: list
  elements: dict
  sample:
    - Name: vieux/sshfs:latest
      Id: 5724e2c8652da337ab2eedd19fc6fc0ec908e4bd907c7421bf6a8dfc70c4c078
      Enabled: true
      PluginReference: docker.io/vieux/sshfs:latest
      Settings:
        Env:
          - DEBUG=0
"""

from collections.abc import Mapping
from typing import Any

from ansible_collections.dockside.engine.plugins.module_utils._actions.usage import ordered
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._state.filters import filters

SPEC = {"name": {"type": "list", "elements": "str"}, "filters": {"type": "dict"}}


def query(engine: Engine, params: Mapping[str, Any]) -> dict[str, Any]:
    chosen = filters(params["filters"], "filters", ("capability", "enabled"))
    found = engine.get("/plugins", {"filters": chosen}) or []
    if params["name"] is not None:
        wanted = {name if ":" in name.rpartition("/")[2] else f"{name}:latest" for name in params["name"]}
        found = [each for each in found if each["Name"] in wanted or each["Id"] in params["name"]]
    return {"plugins": ordered("plugins", found)}


def main() -> None:
    run_info(SPEC, query)


if __name__ == "__main__":
    main()
