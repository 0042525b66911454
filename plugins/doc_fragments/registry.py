# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task meets registries: the twin of SPEC in module_utils/_engine/access.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  username:
    description:
      - The name of the user at the registry. It wins over a login that is kept.
      - If it is not set, the login that M(dockside.engine.registry_login) or C(docker login) has left for the registry
        in the Docker CLI's C(config.json) of the task's user is used, directly or through a credential helper. The
        environment variable E(DOCKER_CONFIG) names another directory for that file.
      - It is a login for one registry. It is an error if the task is about images of several.
      - With the name V(<token>), O(password) is an identity token.
      - Goes with O(password).
    type: str
  password:
    description:
      - The password of O(username), or an access token in place of it. It is used for this task and kept nowhere.
      - Goes with O(username).
    type: str
  registry_retries:
    description:
      - How often a request is repeated that the registry has refused because it limits requests (status 429,
        C(toomanyrequests)).
      - A pull is repeated as well if the connection broke on the way. A push is not, as nobody knows what has
        arrived.
    type: int
    default: 3
  registry_retry_delay:
    description:
      - How many seconds to wait before the first repetition. Each further one waits twice as long as the one before.
    type: float
    default: 2
"""
