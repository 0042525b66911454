# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options that secrets and configs share; the twin of _resources/stored.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  name:
    description:
      - The name. With O(rolling_versions) and O(hashed_versions), what the names of the versions begin with.
    type: str
    required: true
  state:
    description:
      - V(present) makes it as the task describes it, V(absent) removes it.
    type: str
    choices:
      - present
      - absent
    default: present
  data_is_b64:
    description:
      - Whether O(data) is base64. Needed for data that is no text.
    type: bool
    default: false
  data_src:
    description:
      - A file on the host that runs this module, with the data.
    type: path
  labels:
    description:
      - The labels. Labels that are not named here stay.
    type: dict
  template_driver:
    description:
      - With V(golang), the data is a template that is filled in for each task of a service.
      - Needs API 1.37 (Engine 18.03).
    type: str
    choices:
      - golang
  template_driver_options:
    description:
      - The options of O(template_driver). Options that are not named here stay.
    type: dict
  force:
    description:
      - Replace it even if nothing differs.
    type: bool
    default: false
  rolling_versions:
    description:
      - Make a new version for new data, with the name C(NAME_v1), C(NAME_v2) and so on, and leave the older ones to the
        services that use them.
      - With O(state=absent), all versions are removed.
    type: bool
    default: false
  hashed_versions:
    description:
      - Make a new version for new data, with the name C(NAME_HASH), where the hash is one of the data. The same data
        has the same name in every swarm, and data that was there before is found again.
      - Services that use another version are changed to this one, and versions that serve no service are removed. See
        O(update_services) and O(versions_to_keep).
      - With O(state=absent), all versions that were made this way are removed.
      - The hash has 12 digits. It covers the driver and the template driver as well, if the task names them.
      - Mutually exclusive with O(rolling_versions).
    type: bool
    default: false
  versions_to_keep:
    description:
      - How many old versions stay beside the newest. V(-1) stands for all of them.
      - Without it, V(5) with O(rolling_versions=true) and V(0) with O(hashed_versions=true).
      - Only versions that this collection or C(community.docker) made are removed, and only if they serve no service.
        An old version still serves a service whose update to a newer one is not through, as it may go back. If the
        task itself changed the service, it waits for the end of the update.
      - A service cannot be rolled back to a version that is removed.
    type: int
  update_services:
    description:
      - Change the services that use an older version to the newest one. Each replaces its tasks in the way that its
        own update settings say.
      - Without it, V(false) with O(rolling_versions=true) and V(true) with O(hashed_versions=true).
    type: bool
  wait_timeout:
    description:
      - For how many seconds to wait until a service has left an old version that is to be removed. If it has not by
        then, or swarm has rolled the service back, the task fails and tells why, and the old version stays.
    type: int
    default: 300
"""
