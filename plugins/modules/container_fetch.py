#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_fetch
short_description: Fetch files out of a Docker container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Copies a file, or a directory with all that is in it, out of a container to the controller (O(dest)) or to the
    target (O(path)), as files or as one tar archive, unless the same is there already.
  - The container need not run, and nothing is needed in it. Volumes and bind mounts are part of it, but for O(export).
extends_documentation_fragment:
  - dockside.engine.files
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
    details:
      - Files of more than 104448 bytes, and those that are no text, are named but not shown. So is what comes after
        100 differences or 1 MiB of text, and what differs between two archives.
  idempotent:
    support: full
options:
  container_path:
    description:
      - The absolute path in the container of what is fetched. One of O(container_path) and O(export) is needed.
    type: str
  export:
    description:
      - Whether to fetch the whole file system of the container, without what is in its volumes and other mounts.
    type: bool
    default: false
  dest:
    description:
      - The path of the copy on the controller, for a directory as well as for a file. A relative path begins at the
        directory of the playbook.
      - It is taken as it is. Where several hosts fetch, give each a path of its own, with C(inventory_hostname) in it.
      - One of O(dest) and O(path) is needed. They are mutually exclusive.
    type: path
  path:
    description:
      - The path of the copy on the target, for a directory as well as for a file.
      - A directory that is there already keeps its own permissions, owner and time. What else is in it stays.
    type: path
  pack:
    description:
      - Whether the copy is one tar archive. It holds everything with owners and times, named from the last part of
        O(container_path) on, and can be put into a container by M(dockside.engine.container_copy) with C(unpack).
      - A new archive can be read by its owner only, unless O(mode) says something else. One that is replaced hands its
        owner and permissions on.
    type: bool
    default: false
  follow:
    description:
      - Whether to fetch what a symbolic link O(container_path) leads to, in place of the link. Links inside of a
        directory are always fetched as links.
    type: bool
    default: true
notes:
  - Each file appears when it is complete. What was there stays until then.
  - Nothing is written through a link inside of the copy. If the place of the copy itself is a link, it is followed.
  - A file in the place of a directory is an error, and so is a directory in the place of a file.
  - Devices and named pipes are left out, with a warning, unless O(pack=true). Hard links stay such.
  - With O(archive=true), owners are only set if the module, or with O(dest) Ansible on the controller, runs as root.
  - The engine does not reach file systems in memory (tmpfs).
  - With O(dest), the archive is brought from the target to the controller in each run, unless the task runs on the
    controller itself. With C(become), that is only possible for root.
seealso:
  - module: dockside.engine.container_copy
"""

EXAMPLES = r"""
- name: The configuration that a container came with
  dockside.engine.container_fetch:
    container: web
    container_path: /etc/site/site.conf
    dest: "fetched/{{ inventory_hostname }}/site.conf"
    parents: true

- name: The pages, kept on the machine of the engine
  dockside.engine.container_fetch:
    container: web
    container_path: /www
    path: /srv/backup/www

- name: All that is in a volume, with owners and times
  dockside.engine.container_fetch:
    container: web
    container_path: /data
    path: /srv/backup/data.tar
    pack: true

- name: The whole file system
  dockside.engine.container_fetch:
    container: web
    export: true
    path: /srv/backup/root.tar
    pack: true
"""

RETURN = r"""
path:
  description:
    - The path of the copy.
  returned: success
  type: str
  sample: /srv/backup/www
container_path:
  description:
    - What was fetched. It is another path than the option O(container_path) if that is a link which was followed.
  returned: success
  type: str
  sample: /www
changes:
  description:
    - What differs.
  returned: success, and when it broke off
  type: list
  elements: dict
  contains:
    path:
      description: The path on the controller or the target.
      type: str
      sample: /srv/backup/www/index.html
    action:
      description: Either V(create) or V(change).
      type: str
      sample: change
    why:
      description: Some of V(state), V(content), V(target), V(mode), V(owner_id), V(group_id) and V(modified).
      type: list
      elements: str
      sample:
        - content
actions:
  description:
    - What was done, or in check mode would be done; the first twenty things.
  returned: success
  type: list
  elements: str
  sample:
    - "change /srv/backup/www/index.html: content"
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.fetch import RULES, SPEC, fetch
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, fetch, **RULES)


if __name__ == "__main__":
    main()
