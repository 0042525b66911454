#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_search
short_description: Search Docker Hub for images
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Lets the engine search Docker Hub, or another registry that has Docker Hub's search, for images.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.registry
  - dockside.engine.attributes.info
options:
  term:
    description:
      - What to search for. To search another registry, put its host and port and a slash in front.
    type: str
    required: true
  limit:
    description:
      - How many images are wanted at most, between V(1) and V(100).
    type: int
    default: 25
  official:
    description:
      - Whether the images must be official ones, or must not be. If it is not set, both are found.
    type: bool
  stars:
    description:
      - How many stars the images must have at least.
    type: int
seealso:
  - module: dockside.engine.image
  - module: dockside.engine.registry_login
"""

EXAMPLES = r"""
- name: Which official images of a web server are there?
  dockside.engine.image_search:
    term: nginx
    official: true
  register: found
"""

RETURN = r"""
images:
  description:
    - The images in the order of the registry.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The name of the image.
      type: str
      sample: nginx
    description:
      description: What its author says about it.
      type: str
      sample: Official build of Nginx.
    star_count:
      description: How many stars it has.
      type: int
      sample: 20000
    is_official:
      description: Whether it is an official image.
      type: bool
      sample: true
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.search import RULES, SPEC, query
from ansible_collections.dockside.engine.plugins.module_utils._module import run_info


def main() -> None:
    run_info(SPEC, query, **RULES)


if __name__ == "__main__":
    main()
