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
  - Pulls images from registries, loads them from archives, imports them from root file systems, gives them further
    names, pushes them and removes them.
  - A task that runs on the controller, with C(connection=local) for example, shows the progress of pulls and pushes
    while it runs if Ansible is started with C(-v).
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.registry
  - dockside.engine.attributes
attributes:
  check_mode:
    support: partial
    details:
      - With O(pull=always) or O(force_source=true), the engine asks the registry whether it has another image under
        this name, and with O(push=true) whether it has this one. Where it cannot ask, a warning says so and the pull
        or push is reported as a change, which it may turn out not to be.
      - What digest an image has in a registry the classic image store only knows once it was pulled or pushed under
        that name. Before, a push of an image that the registry has already is foreseen, and then moves nothing.
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
      - With O(state=absent), O(source=local) or O(source=load) it may be a whole image id. Shortened ids are taken for
        names.
      - With O(state=absent) there may be several.
    type: list
    elements: str
    required: true
  tag:
    description:
      - The tag, or the digest (V(sha256:...)), of what O(name) gives without one.
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
      - V(load) gets it from the archive O(load_path), as C(docker save) or M(dockside.engine.image_save) makes it, with
        all other images that are in there.
      - V(import) makes it of the root file system in O(import_path) or at O(import_url).
      - V(local) gets it from nowhere, so it is an error if it is not there.
      - If neither this nor O(pull) is set, it is an error as well.
    type: str
    choices:
      - pull
      - load
      - import
      - local
  pull:
    description:
      - When to pull the image, as a shorter way to say O(source) and O(force_source).
      - V(missing), or V(not_present), pulls it if it is not there, as O(source=pull) does.
      - V(always) pulls it if the registry has another one under this name by now, as O(source=pull) with
        O(force_source=true) does.
      - V(never) makes it an error if it is not there, as O(source=local) does.
      - It may also be a dictionary with the single key C(platform), which means O(platform) and is no choice of
        when to pull.
    type: raw
  force_source:
    description:
      - Use O(source) even if the image is there.
      - With O(source=pull) the image is only pulled if the registry has another one under this name by now, with
        O(source=load) only loaded if the archive has another one.
    type: bool
    default: false
  platform:
    description:
      - The platform of the image as OS[/ARCHITECTURE[/VARIANT]], for example V(linux/arm64).
      - An image of this name for another platform counts as not there.
      - With O(push=true), only what the image is for this platform is pushed.
      - With O(state=absent), only what the image is for this platform is removed. If it is for others as well, its name
        stays, and O(force_absent) is needed, as it goes from all names of the image.
      - With O(source=import) it needs API 1.42 (Engine 23.0), with O(source=load) API 1.48 (Engine 28.0), with
        O(push=true) API 1.46 (Engine 27.0), with O(state=absent) API 1.50 (Engine 28.2).
    type: str
  load_path:
    description:
      - The path on the target of an archive of images, which may be compressed with gzip, bzip2 or xz.
      - Required if O(source=load).
    type: path
  import_path:
    description:
      - The path on the target of a tar archive with a root file system, plain or compressed, as C(docker export)
        makes it.
      - This or O(import_url) is required if O(source=import).
    type: path
  import_url:
    description:
      - The URL of such an archive, which the engine fetches by itself.
      - Mutually exclusive with O(import_path).
    type: str
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
      - Further names that the image gets. Those without a tag have the one of the image, or V(latest) if that is named
        by digest.
    type: list
    elements: str
  force_tag:
    description:
      - Take the names O(repository) away from other images that have them. Without this, they stay there and a warning
        says so.
    type: bool
    default: false
  force_absent:
    description:
      - With O(state=absent), remove the image even if containers that do not run were made of it, and with all its
        names if O(name) is an id.
    type: bool
    default: false
    aliases:
      - force
  prune:
    description:
      - With O(state=absent), remove the parents of the image as well if they have no name.
    type: bool
    default: true
  push:
    description:
      - Push the image to its registry under the names O(repository), or O(name) if that is not set, unless the
        registry has just this image there.
    type: bool
    default: false
seealso:
  - module: dockside.engine.image_info
  - module: dockside.engine.image_load
  - module: dockside.engine.image_save
  - module: dockside.engine.registry_login
  - module: dockside.engine.container
"""

EXAMPLES = r"""
- name: An image from Docker Hub
  dockside.engine.image:
    name: nginx
    tag: "1.27"
    source: pull

- name: Always the newest one of this tag, from a registry that wants a login
  dockside.engine.image:
    name: registry.example.com/shop/web:stable
    pull: always
    username: deploy
    password: "{{ registry_password }}"

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

- name: Two further names for it
  dockside.engine.image:
    name: shop/base:1
    source: local
    repository:
      - shop/base:current
      - shop/base:stable
    force_tag: true

- name: Bring it to a registry
  dockside.engine.image:
    name: shop/base:1
    source: local
    repository: registry.example.com/shop/base:1
    push: true

- name: Remove these names, and the image if they were its last ones
  dockside.engine.image:
    name:
      - shop/base:current
      - shop/base:stable
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
progress:
  description:
    - What each pull and push has moved, as far as the engine tells of it.
  returned: when something was pulled or pushed
  type: list
  elements: dict
  contains:
    action:
      description: The pull or push.
      type: str
      sample: pull image nginx:1.27
    layers:
      description: How many layers the image has.
      type: int
      sample: 7
    transferred:
      description: How many of them were not there yet.
      type: int
      sample: 3
    bytes:
      description: The size of these, without small ones, of which some engines tell no size.
      type: int
      sample: 30153982
    digest:
      description: The digest of the image in the registry.
      type: str
      sample: sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a
untagged:
  description:
    - The names that were removed.
  returned: when O(state=absent)
  type: list
  elements: str
  sample:
    - shop/base:current
deleted:
  description:
    - The ids of the images and layers that were removed, in check mode only those of images.
  returned: when O(state=absent)
  type: list
  elements: str
  sample:
    - sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
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
