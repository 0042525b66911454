#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: container_copy
short_description: Copy files into a Docker container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Copies a file, a directory with all that is in it, or a text into a container, unless it is there already with the
    same content and permissions. Only what differs is sent. One of O(src), O(path) and O(content) is needed.
  - The container need not run, and nothing is needed in it. Its volumes and bind mounts are reached like all else.
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
        100 differences or 1 MiB of text.
  idempotent:
    support: full
    details:
      - Not with O(force=true).
options:
  container_path:
    description:
      - The path of the copy in the container, for a directory as well as for a file. What is in a directory O(src) or
        O(path) is in this one afterwards.
      - It must be absolute.
      - A directory that is there already keeps its own permissions, owner and time. What else is in it stays.
    type: str
    required: true
  src:
    description:
      - A file or directory on the controller. A relative path is looked for in C(files) as
        M(ansible.builtin.copy) does, with O(template=true) in C(templates).
      - Files that are encrypted with Ansible Vault are decrypted.
      - Mutually exclusive with O(path) and O(content).
    type: path
  path:
    description:
      - A file or directory on the target.
      - Mutually exclusive with O(src) and O(content).
    type: path
  content:
    description:
      - What the file holds.
      - A new file has the permissions V(0644), unless O(mode) says something else. One that is there keeps its own.
      - Mutually exclusive with O(src) and O(path).
    type: str
  content_is_b64:
    description:
      - Whether O(content) is encoded in Base64, as it must be if it is no text.
    type: bool
    default: false
  template:
    description:
      - Whether O(src) is a template in Jinja2, which is rendered on the controller as M(ansible.builtin.template) does
        it.
    type: bool
    default: false
  unpack:
    description:
      - Whether O(src) or O(path) is a tar archive, whose members are copied into the directory O(container_path) in
        place of the archive itself. It may be compressed with gzip, bzip2 or xz.
      - A C(/) at the beginning of a name is left out, and a name with C(..) in it is an error.
    type: bool
    default: false
  follow:
    description:
      - Whether to follow symbolic links in the container where a file or directory is to be put. They never lead out of
        the container, and a file is made where a link leads to nothing.
      - Without it, a file takes the place of a link, and a link in the place of a directory is an error. Links in the
        directories above O(container_path) are always followed.
    type: bool
    default: false
  local_follow:
    description:
      - Whether symbolic links in O(src) or O(path) are followed. Without it, they are copied as links.
      - The members of an archive with O(unpack=true) stay what they are.
    type: bool
    default: true
  owner_id:
    description:
      - The number of the user who owns what is copied.
      - If it is not set, what is there keeps its owner, and what is new belongs to the user of the container, which is
        looked up in its C(/etc/passwd).
    type: int
  group_id:
    description:
      - The number of the group of what is copied. If it is not set, the same goes as for O(owner_id).
    type: int
  mode_parse:
    description:
      - How O(mode) and O(directory_mode) are read.
    type: str
    choices:
      legacy: A number, also when it is text, which is then not taken as octal.
      modern: A number as it is, and text as octal.
      octal_string_only: Text as octal. Everything else is an error.
    default: modern
  force:
    description:
      - With V(true), everything is sent without a look at the differences.
      - With V(false), only what is missing is sent. What is there stays as it is, whatever it is.
      - If it is not set, what differs is sent.
    type: bool
notes:
  - The engine does not reach file systems in memory (tmpfs) and C(/dev), C(/proc) and C(/sys). A path in one of them is
    an error, as is one that is mounted read-only. A file that is mounted by itself, such as C(/etc/hosts), cannot be
    replaced.
  - The engine puts each file in the place of an old one, and does not write into it. Programs in the container that
    have the old one open go on with that.
  - A file in the place of a directory is an error, and so is a directory in the place of a file.
  - Devices, sockets and named pipes are left out, with a warning. Hard links within a directory stay such, if
    O(local_follow=false).
  - A file or directory O(src) is packed into an archive, brought to the target and removed there afterwards. Files of
    1 MiB and more only go there if they are needed. If the task runs on the controller itself, nothing is brought.
seealso:
  - module: dockside.engine.container_fetch
  - module: dockside.engine.container_exec
"""

EXAMPLES = r"""
- name: A configuration, rendered on the controller
  dockside.engine.container_copy:
    container: web
    src: site.conf.j2
    template: true
    container_path: /etc/site/site.conf
    mode: "0640"
    parents: true

- name: A directory of the controller, with the permissions that its files have
  dockside.engine.container_copy:
    container: web
    src: pages/
    container_path: /www

- name: A secret that nobody else reads
  dockside.engine.container_copy:
    container: web
    content: "{{ token }}"
    container_path: /run/token
    owner_id: 1000
    group_id: 1000
    mode: "0400"
  no_log: true

- name: Data that was fetched from another container, with owners and times
  dockside.engine.container_copy:
    container: web
    path: /srv/backup/data.tar
    unpack: true
    archive: true
    container_path: /
"""

RETURN = r"""
container_path:
  description:
    - The path of the copy in the container. It is another one than the option O(container_path) if that is a link which
      was followed.
  returned: success
  type: str
  sample: /etc/site/site.conf
changes:
  description:
    - What differs.
  returned: success
  type: list
  elements: dict
  contains:
    path:
      description: The path in the container.
      type: str
      sample: /etc/site/site.conf
    action:
      description: Either V(create) or V(change).
      type: str
      sample: change
    why:
      description: Some of V(state), V(content), V(target), V(mode), V(owner_id), V(group_id), V(modified) and V(force).
      type: list
      elements: str
      sample:
        - content
        - mode
actions:
  description:
    - What was done, or in check mode would be done; the first twenty things.
  returned: success
  type: list
  elements: str
  sample:
    - "change /etc/site/site.conf: content, mode 0644 -> 0640"
"""

from ansible_collections.dockside.engine.plugins.module_utils._actions.copy import RULES, SPEC, copy
from ansible_collections.dockside.engine.plugins.module_utils._module import run_action


def main() -> None:
    run_action(SPEC, copy, **RULES)


if __name__ == "__main__":
    main()
