#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_load
short_description: Load Docker images from an archive
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Loads the images of an archive, as C(docker save) or M(dockside.engine.image_save) makes it, unless the engine has
    all of them under the same names already.
  - For a root file system without any description of an image, see O(dockside.engine.image#module:source=import).
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: partial
    details:
      - An archive in the layout of OCI that lacks Docker's C(manifest.json) is only understood by the engine. A warning
        says so, and it is reported as a change, which it may turn out not to be.
  diff_mode:
    support: none
  idempotent:
    support: full
options:
  path:
    description:
      - The path on the target of the archive, which may be compressed with gzip, bzip2 or xz.
    type: path
    required: true
  platform:
    description:
      - Load the images for this platform only, as OS[/ARCHITECTURE[/VARIANT]], for example V(linux/arm64). It is an
        error if the archive has one of them for other platforms only.
      - Needs API 1.48 (Engine 28.0).
    type: str
  force:
    description:
      - Load the archive even if the engine has all its images. It is reported as changed only if that changed
        something.
    type: bool
    default: false
seealso:
  - module: dockside.engine.image_save
  - module: dockside.engine.image
"""

EXAMPLES = r"""
- name: Load what another machine has saved
  dockside.engine.image_load:
    path: /srv/images/shop.tar
  register: loaded

- name: Show what it was
  ansible.builtin.debug:
    var: loaded.image_names
"""

RETURN = r"""
image_names:
  description:
    - The names of the images in the archive, and the ids of those without a name.
    - In check mode, they are without the ids of images that the engine does not have.
  returned: success
  type: list
  elements: str
  sample:
    - shop/base:1
images:
  description:
    - What the engine says about these images (C(GET /images/{name}/json)).
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
    - load shop/base:1 from /srv/images/shop.tar
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.load import SPEC, load
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, load)


if __name__ == "__main__":
    main()
