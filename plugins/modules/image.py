#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image
short_description: Manage Docker images
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Pulls images from registries, imports them from root file systems, gives them further names, pushes them and
    removes them.
  - For a registry that wants a login, the one that C(docker login) has left in the Docker CLI's
    C(config.json) of the task's user is used, directly or through a credential helper.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: partial
    details:
      - With O(force_source=true) and O(source=pull), the engine asks the registry whether it has another image under
        this name. Where it cannot ask, a warning says so and the pull is reported as a change, which it may turn out
        not to be.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(force_source=true) and O(source=import), a new image is made each time.
options:
  name:
    description:
      - The name of the image, with or without a registry, a tag or a digest, for example V(nginx), V(nginx:1.27) or
        V(registry.example.com:5000/shop/web@sha256:...).
      - With O(state=absent) or O(source=local) it may be a whole image id. Shortened ids are taken for names.
    type: str
    required: true
  tag:
    description:
      - The tag, or the digest (V(sha256:...)), if O(name) has neither.
      - If neither has one, the tag is V(latest).
    type: str
  state:
    description:
      - V(present) makes sure that the image is there. V(absent) removes the name, and the image with its last name.
    type: str
    choices:
      - present
      - absent
    default: present
  source:
    description:
      - Where the image comes from if it is not there.
      - V(pull) gets it from its registry.
      - V(import) makes it of the root file system in O(import_path).
      - V(local) gets it from nowhere, so it is an error if it is not there.
      - If this is not set, it is an error as well.
    type: str
    choices:
      - pull
      - import
      - local
  force_source:
    description:
      - Use O(source) even if the image is there.
      - With O(source=pull) the image is only pulled if the registry has another one under this name by now.
    type: bool
    default: false
  platform:
    description:
      - The platform of the image as OS[/ARCHITECTURE[/VARIANT]], for example V(linux/arm64).
      - An image of this name for another platform counts as not there.
      - With O(source=import) it needs API 1.42 (Engine 23.0).
    type: str
  import_path:
    description:
      - The path on the target of a tar archive with a root file system, plain or compressed, as C(docker export)
        makes it.
      - Required if O(source=import).
    type: path
  changes:
    description:
      - Instructions of a Dockerfile that are applied to the imported image, for example V(CMD ["/bin/sh"]). Possible
        are C(CMD), C(ENTRYPOINT), C(ENV), C(EXPOSE), C(HEALTHCHECK), C(LABEL), C(ONBUILD), C(STOPSIGNAL), C(USER),
        C(VOLUME) and C(WORKDIR).
      - Only used with O(source=import), when the image is made. They are not compared with an image that is there.
    type: list
    elements: str
  import_message:
    description:
      - The commit message of the imported image.
      - Only used with O(source=import).
    type: str
  repository:
    description:
      - A further name that the image gets. Without a tag it has the one of the image, or V(latest) if that is named
        by digest.
    type: str
  force_tag:
    description:
      - Take the name O(repository) away from another image that has it. Without this, it stays there and a warning
        says so.
    type: bool
    default: false
  force_absent:
    description:
      - With O(state=absent), remove the image even if containers that do not run were made of it, and with all its
        names if O(name) is an id.
    type: bool
    default: false
  push:
    description:
      - Push the image to its registry under the name O(repository), or O(name) if that is not set, unless the
        registry has just this image there.
    type: bool
    default: false
seealso:
  - module: dockside.engine.image_info
  - module: dockside.engine.container
"""

EXAMPLES = r"""
- name: An image from Docker Hub
  dockside.engine.image:
    name: nginx
    tag: "1.27"
    source: pull

- name: Always the newest one of this tag
  dockside.engine.image:
    name: registry.example.com/shop/web:stable
    source: pull
    force_source: true

- name: An image for another platform
  dockside.engine.image:
    name: alpine:3.20
    source: pull
    platform: linux/arm64

- name: An image of a root file system
  dockside.engine.image:
    name: shop/base:1
    source: import
    import_path: /srv/images/base.tar
    changes:
      - CMD ["/bin/serve"]
      - EXPOSE 80
      - LABEL project=shop
    import_message: imported by Ansible

- name: A further name for it
  dockside.engine.image:
    name: shop/base:1
    source: local
    repository: shop/base:current
    force_tag: true

- name: Bring it to a registry
  dockside.engine.image:
    name: shop/base:1
    source: local
    repository: registry.example.com/shop/base:1
    push: true

- name: Remove that name, and the image if it was its last one
  dockside.engine.image:
    name: shop/base:current
    state: absent
"""

RETURN = r"""
image:
  description:
    - What the engine says about the image (C(GET /images/{name}/json)), empty if there is none.
  returned: success
  type: dict
  sample:
    Architecture: amd64
    Comment: imported by Ansible
    Config:
      Cmd:
        - /bin/serve
      ExposedPorts:
        80/tcp: {}
      Labels:
        project: shop
    Created: "2026-01-05T08:12:31.184912345Z"
    Id: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
    Os: linux
    RepoDigests: []
    RepoTags:
      - shop/base:1
    Size: 2087544
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - import image shop/base:1
    - tag image shop/base:1 as shop/base:current
changes:
  description:
    - Why something was done although the image was there already.
  returned: success
  type: list
  elements: dict
  sample:
    - option: repository
      before: null
      after: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
      action: update
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.image import Image


def main() -> None:
    run(Image)


if __name__ == "__main__":
    main()
