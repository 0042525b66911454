#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: events
short_description: Read the events of a Docker Engine, or wait for one
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what happened on the engine in a span of time, which may reach into the future.
  - One of O(since) and O(wait_timeout) is needed.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
    details:
      - Only what happened until now is read, and O(count) is not enforced, as earlier tasks have not done what would
        happen.
  diff_mode:
    support: N/A
    details:
      - This module only reads.
  idempotent:
    support: full
options:
  since:
    description:
      - The begin of the span. It is a span before now, such as V(10m), a date such as V(2026-01-31T12:00:00Z), or
        seconds since 1970. By now the clock of the engine is meant.
      - If it is not set, the span begins now.
      - An engine keeps the last 256 events only, and none over a restart.
    type: str
  until:
    description:
      - The end of the span, written as O(since). If neither this nor O(wait_timeout) is set, it ends now.
    type: str
  wait_timeout:
    description:
      - Let the span end so many seconds from now, and wait until then, or until there are as many events as O(count)
        says.
      - Mutually exclusive with O(until).
    type: int
  count:
    description:
      - Return as soon as there are so many events. If there are fewer in the end, the task fails.
    type: int
  filters:
    description:
      - Which events to read, by V(type), V(event), V(container), V(image), V(label), V(network), V(volume), V(plugin),
        V(service), V(node), V(secret), V(config), V(daemon) or V(scope).
      - Of a list of values one has to fit, with V(label) all. All filters have to fit.
    type: dict
seealso:
  - module: dockside.engine.container_wait
"""

EXAMPLES = r"""
- name: Which containers have died in the last hour?
  dockside.engine.events:
    since: 1h
    filters:
      type: container
      event: die
  register: died

- name: Wait until somebody starts a container of the project
  dockside.engine.events:
    wait_timeout: 300
    count: 1
    filters:
      event: start
      label: project=shop
"""

RETURN = r"""
events:
  description:
    - The events, oldest first, as the engine describes them.
  returned: success, and if there are fewer than O(count)
  type: list
  elements: dict
  sample:
    - Type: container
      Action: die
      Actor:
        ID: 4b5a01c2d5f14e0ff4c25ed0c9ebd5ae4bbc4b6e3d3d8f0ab7e2c1a5c2a1d7e9
        Attributes:
          exitCode: "137"
          image: nginx:1.27
          name: web
      scope: local
      time: 1769860800
      timeNano: 1769860800123456789
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.events import RULES, SPEC, events
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, events, **RULES)


if __name__ == "__main__":
    main()
