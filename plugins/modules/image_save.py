#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_save
short_description: Save Docker images in an archive
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Writes images with their names into an archive that M(dockside.engine.image_load) and C(docker load) read, unless
    the archive holds just these images already.
  - The archive appears when it is complete. What was there stays until then.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  names:
    description:
      - The names of the images, or whole ids. An image that is given by its id or digest has no name in the archive.
    type: list
    elements: str
    required: true
    aliases:
      - name
  tag:
    description:
      - The tag for those of O(names) that have neither a tag nor a digest.
    type: str
    default: latest
  path:
    description:
      - The path on the target of the archive. Its directory must be there.
      - A new archive can be read by its owner only. One that is replaced hands its owner and permissions on.
    type: path
    required: true
  platform:
    description:
      - Save the images for this platform only, as OS[/ARCHITECTURE[/VARIANT]], for example V(linux/arm64). All of them
        must be there for it.
      - Needs API 1.48 (Engine 28.0).
    type: str
  force:
    description:
      - Write the archive even if it holds these images already.
    type: bool
    default: false
seealso:
  - module: dockside.engine.image_load
"""

EXAMPLES = r"""
- name: Save two images together
  dockside.engine.image_save:
    names:
      - shop/base:1
      - shop/web:1
    path: /srv/images/shop.tar
"""

RETURN = r"""
images:
  description:
    - What the engine says about the images (C(GET /images/{name}/json)).
  returned: success
  type: list
  elements: dict
  sample:
    - Architecture: amd64
      Id: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
      Os: linux
      RepoTags:
        - shop/base:1
      Size: 2087544
actions:
  description:
    - What was done, or in check mode would be done.
  returned: success
  type: list
  elements: str
  sample:
    - "save shop/base:1 to /srv/images/shop.tar: it is not there"
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.save import SPEC, save
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, save)


if __name__ == "__main__":
    main()
