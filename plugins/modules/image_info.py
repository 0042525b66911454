#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: image_info
short_description: Read Docker images
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Reads what the engine knows about images, and on request what their registries have.
  - Several images are read at once.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.registry
  - dockside.engine.attributes.info
options:
  name:
    description:
      - The names of the images, with tag or digest, or their ids, which may be shortened. Without tag and digest,
        V(latest) is meant.
      - If this is not set, all images are read. Names that no image has are left out.
    type: list
    elements: str
  platform:
    description:
      - Read the images as they are for this platform, as OS[/ARCHITECTURE[/VARIANT]], for example V(linux/arm64).
        Those that are not there for it are left out.
      - Mutually exclusive with O(manifests). Needs API 1.49 (Engine 28.1).
    type: str
  manifests:
    description:
      - Read the platforms of each image and whether their content is there, into C(Manifests). Engines without the
        containerd image store have no such list.
      - Needs API 1.48 (Engine 28.0).
    type: bool
    default: false
  history:
    description:
      - Read how each image was made, into C(History).
    type: bool
    default: false
  distribution:
    description:
      - Let the engine ask the registry what it has under the name, into C(Distribution), with the digest and the
        platforms. For an image that is given by its id, this is its first name.
      - It is V(null), with a warning, if the registry cannot be asked or has no such image.
    type: bool
    default: false
  attestations:
    description:
      - Read the attestations of each image, such as how it was built and what is in it, into C(Attestations).
      - It is V(null), with a warning, if the engine does not use the containerd image store.
      - Needs API 1.55.
    type: bool
    default: false
  attestation_types:
    description:
      - Which attestations are wanted, as URIs of predicate types, for example V(https://slsa.dev/provenance/v0.2). If
        this is not set, all are.
      - Only used with O(attestations=true).
    type: list
    elements: str
  attestation_statements:
    description:
      - Read the statements of the attestations as well, which may be long.
      - Only used with O(attestations=true).
    type: bool
    default: false
seealso:
  - module: dockside.engine.image
"""

EXAMPLES = r"""
- name: Look at two images
  dockside.engine.image_info:
    name:
      - shop/base:1
      - nginx:1.27

- name: How were they made, and is there something newer?
  dockside.engine.image_info:
    name:
      - shop/base:1
    history: true
    distribution: true

- name: Look at all images
  dockside.engine.image_info:
  register: found

- name: How an image was made
  dockside.engine.image_info:
    name: shop/base:1
    history: true

- name: What they are called
  ansible.builtin.debug:
    msg: "{{ found.images | map(attribute='RepoTags') | flatten }}"
"""

RETURN = r"""
images:
  description:
    - What the engine says about each image (C(GET /images/{name}/json)), in the order of O(name), with the members that
      the options ask for.
  returned: success
  type: list
  elements: dict
  sample:
    - Architecture: amd64
      Config:
        Cmd:
          - /bin/serve
      Created: "2026-01-05T08:12:31.184912345Z"
      Id: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
      Distribution:
        Descriptor:
          digest: sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a
          mediaType: application/vnd.oci.image.index.v1+json
          size: 856
        Platforms:
          - architecture: amd64
            os: linux
      History:
        - Comment: imported by Ansible
          Created: 1767600751
          CreatedBy: ""
          Id: sha256:0d1f1d2a3f0c4b5a69788796a5b4c3d2e1f00f1e2d3c4b5a69788796a5b4c3d2
          Size: 2087544
          Tags:
            - shop/base:1
      Os: linux
      RepoDigests: []
      RepoTags:
        - shop/base:1
      Size: 2087544
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run_info
from ansible_collections.dockside.engine.plugins.module_utils._resources.image_info import RULES, SPEC, image_info


def main() -> None:
    run_info(SPEC, image_info, **RULES)


if __name__ == "__main__":
    main()
