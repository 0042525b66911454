#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: registry_login
short_description: Log in to a registry of Docker images, or log out
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Lets the engine ask a registry whether it accepts a user and password, and only then keeps them as C(docker login)
    does, for the Docker CLI and for the modules of this collection that pull and push images.
  - If the CLI's configuration names a credential helper for the registry (C(credHelpers)) or a store for all of them
    (C(credsStore)), the login goes there and nothing secret into the file. Otherwise it is kept in the file, which is
    replaced as a whole and can be read by its owner only. All its other entries stay.
  - If the registry gives out an identity token, that is kept in place of the password.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
    details:
      - The registry is asked in check mode as well, as that changes nothing.
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  registry_url:
    description:
      - The address of the registry, as host and port or as URL, for example V(registry.example.com:5000).
      - If it is not set, or is any address of Docker Hub, it is Docker Hub.
    type: str
    default: https://index.docker.io/v1/
    aliases:
      - registry
      - url
  username:
    description:
      - The name of the user. Required if O(state=present).
    type: str
  password:
    description:
      - The password of the user, or an access token in place of it. Required if O(state=present).
    type: str
  reauthorize:
    description:
      - Ask the registry even if this login is kept already. If it does not accept it any more, the task fails and the
        login stays.
      - A login that is kept as an identity token does not tell its password. Without this, any password counts as the
        same there.
    type: bool
    default: false
    aliases:
      - reauth
  config_path:
    description:
      - The path on the target of the Docker CLI's configuration file.
      - If it is not set, it is C(config.json) in the directory that the environment variable E(DOCKER_CONFIG) names, or
        C(~/.docker/config.json).
    type: path
    aliases:
      - dockercfg_path
  state:
    description:
      - V(present) logs in. V(absent) forgets the login, for which neither engine nor registry is needed.
    type: str
    choices:
      - present
      - absent
    default: present
seealso:
  - module: dockside.engine.image
"""

EXAMPLES = r"""
- name: Log in to Docker Hub
  dockside.engine.registry_login:
    username: docker
    password: "{{ hub_access_token }}"

- name: Log in to a registry of our own
  dockside.engine.registry_login:
    registry_url: registry.example.com:5000
    username: deploy
    password: "{{ registry_password }}"

- name: Make sure that the registry still accepts it
  dockside.engine.registry_login:
    registry_url: registry.example.com:5000
    username: deploy
    password: "{{ registry_password }}"
    reauthorize: true

- name: Log out
  dockside.engine.registry_login:
    registry_url: registry.example.com:5000
    state: absent
"""

RETURN = r"""
login_result:
  description:
    - Who is logged in where.
  returned: when O(state=present)
  type: dict
  sample:
    serveraddress: registry.example.com:5000
    username: deploy
actions:
  description:
    - What was done, or in check mode would be done.
  returned: success
  type: list
  elements: str
  sample:
    - log in to registry.example.com:5000 as deploy, kept by /root/.docker/config.json
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.login import RULES, SPEC, login
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, login, **RULES)


if __name__ == "__main__":
    main()
