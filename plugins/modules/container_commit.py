#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_commit
short_description: Make a Docker image of a container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Makes a new image of what a container has changed in its file system, on top of the image that it was made of.
    What is in volumes and bind mounts is left out.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  idempotent:
    support: none
    details:
      - Each run makes another image.
options:
  container:
    description:
      - The name or id of the container.
    type: str
    required: true
  name:
    description:
      - The name of the image, with or without a tag. If it is not set, the image has only its id.
    type: str
  tag:
    description:
      - The tag of the image, if O(name) has none.
    type: str
    default: latest
  author:
    description:
      - Who made the image.
    type: str
  commit_message:
    description:
      - A comment that is kept in the image.
    type: str
  changes:
    description:
      - Instructions of a Dockerfile that are applied to the image, for example V(CMD ["/bin/sh"]). Possible are C(CMD),
        C(ENTRYPOINT), C(ENV), C(EXPOSE), C(HEALTHCHECK), C(LABEL), C(ONBUILD), C(STOPSIGNAL), C(USER), C(VOLUME) and
        C(WORKDIR).
    type: list
    elements: str
  pause:
    description:
      - Pause the container meanwhile, so that its files fit together.
    type: bool
    default: true
seealso:
  - module: dockside.engine.image
  - module: dockside.engine.image_save
"""

EXAMPLES = r"""
- name: Keep the state of a container
  dockside.engine.container_commit:
    container: web
    name: shop/web:debug
    commit_message: as it was when it failed
    changes:
      - CMD ["/bin/sh"]
      - LABEL reason=debug
"""

RETURN = r"""
image:
  description:
    - What the engine says about the new image (C(GET /images/{name}/json)), empty in check mode.
  returned: success
  type: dict
  sample:
    Architecture: amd64
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
    - commit container web as shop/web:debug
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.commit import SPEC, commit
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, commit)


if __name__ == "__main__":
    main()
