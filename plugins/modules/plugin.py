#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: plugin
short_description: Manage the plugins of a Docker Engine
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Installs, sets up, enables, disables, upgrades, makes, pushes and removes managed plugins, such as drivers of
    volumes, networks and logs.
  - A plugin can only be set up and upgraded while it is disabled. One that is enabled is disabled for that, and enabled
    again. If something fails, the plugin is brought back to what it was, and a new plugin is removed again.
  - For registries that want a login, the one is used that M(dockside.engine.registry_login) or C(docker login) keeps.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.registry
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
    details:
      - The settings of a plugin that is not installed yet are not known. Whether it has those in O(plugin_options) is
        found out after it is installed.
      - Only trying tells whether a plugin is in use. If it has volumes or networks, there is a warning.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - With O(recreate=always), the plugin is made anew each time.
options:
  plugin_name:
    description:
      - The plugin, with the registry it comes from, such as V(vieux/sshfs:latest). Without a tag, the tag is C(latest).
      - It may have a digest, such as V(vieux/sshfs:latest@sha256:1d3c3e42...), so that it is always the same plugin.
        This needs API 1.45, for older engines do not survive it.
      - If there is an O(alias) or a digest, and the plugin that is there was installed from something else, it is
        upgraded to this. A tag that means something newer in the registry is no reason for that, because engines do
        not tell which digest they have.
    type: str
    required: true
    aliases: [name]
  alias:
    description:
      - The name of the plugin on the engine. By default, it is O(plugin_name) without the digest.
    type: str
  state:
    description:
      - With V(present), the plugin is installed, and if it was enabled, it stays so.
      - With V(enable), it is installed and enabled.
      - With V(disable), it is installed and disabled.
      - With V(absent), it is removed.
    type: str
    choices: [absent, present, enable, disable]
    default: present
  plugin_options:
    description:
      - Settings of the plugin, by the names of its variables, mounts, devices and arguments, as C(docker plugin set)
        takes them.
      - Settings that are not named stay as they are, also when the plugin is upgraded.
    type: dict
  grant_all_permissions:
    description:
      - Whether to grant all privileges that the plugin asks for.
      - Plugins run as C(root), and with some privileges they can do anything on the host.
    type: bool
    default: false
  privileges:
    description:
      - The privileges that are granted to the plugin. If these are not just those that it asks for, it is neither
        installed nor upgraded, and the error tells what it asks for.
      - They do not matter to a plugin that is there and is not upgraded.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The privilege, such as V(network), V(mount), V(device) or V(capabilities).
        type: str
        required: true
      value:
        description:
          - What of it, such as V(host) of the networks.
        type: list
        elements: str
        required: true
  source_path:
    description:
      - Makes the plugin of files on the host that the task runs on, instead of installing it from a registry. A
        directory or a tar archive with a file C(config.json) and a directory C(rootfs). The archive must not be
        compressed.
      - If the plugin is there, only C(config.json) is compared, because engines do not show the files of a plugin.
      - An engine takes the same C(rootfs) only once. A second plugin of it needs another file in it.
    type: path
  recreate:
    description:
      - Whether to remove a plugin that is there and to make it anew of O(source_path), with the settings that were
        made.
      - With V(never), it is an error if C(config.json) is another one.
      - With V(options-changed), it is made anew if C(config.json) is another one.
      - With V(always), it is made anew each time.
    type: str
    choices: [never, options-changed, always]
    default: never
  push:
    description:
      - Whether to push the plugin to the registry in its name. It is pushed if this task makes, installs or upgrades
        it, or if the registry has nothing of this name.
    type: bool
    default: false
  enable_timeout:
    description:
      - How many seconds the engine waits for an answer of the plugin when it enables it. With V(0), there is no limit.
    type: int
    default: 0
  force_disable:
    description:
      - Whether to disable the plugin even if it is in use.
    type: bool
    default: false
  force_remove:
    description:
      - Whether to remove the plugin even if it is enabled or in use. Volumes of it cannot be used or removed then.
    type: bool
    default: false
seealso:
  - module: dockside.engine.plugin_info
  - module: dockside.engine.registry_login
"""

EXAMPLES = r"""
- name: A plugin for volumes on other hosts, with all that it asks for
  dockside.engine.plugin:
    plugin_name: vieux/sshfs:latest
    alias: sshfs
    grant_all_permissions: true
    plugin_options:
      DEBUG: 1
    state: enable

- name: The same, with nothing but what is known to be needed
  dockside.engine.plugin:
    plugin_name: vieux/sshfs:latest
    alias: sshfs
    privileges:
      - name: network
        value: [host]
      - name: mount
        value: [/var/lib/docker/plugins/]
      - name: mount
        value: [""]
      - name: device
        value: [/dev/fuse]
      - name: capabilities
        value: [CAP_SYS_ADMIN]
    state: enable

- name: A plugin of our own, made of its files and brought to our registry
  dockside.engine.plugin:
    plugin_name: registry.example.com/shop/volumes:1
    source_path: /srv/plugins/volumes
    recreate: options-changed
    state: enable
    push: true

- name: Remove it
  dockside.engine.plugin:
    plugin_name: registry.example.com/shop/volumes:1
    state: absent
    force_remove: true
"""

RETURN = r"""
plugin:
  description:
    - The plugin as the engine describes it (C(GET /plugins/{name}/json)), empty if there is none.
  returned: success
  type: dict
  sample:
    Name: sshfs:latest
    Id: 5724e2c8652da337ab2eedd19fc6fc0ec908e4bd907c7421bf6a8dfc70c4c078
    Enabled: true
    PluginReference: docker.io/vieux/sshfs:latest
    Settings:
      Env:
        - DEBUG=1
privileges:
  description:
    - What the plugin asks for, as the engine describes it.
  returned: if the plugin is installed or upgraded
  type: list
  elements: dict
  sample:
    - Name: network
      Description: permissions to access a network
      Value: [host]
actions:
  description:
    - What was done, or in check mode would be.
  returned: always
  type: list
  elements: str
  sample:
    - install plugin sshfs:latest
    - set plugin sshfs:latest
    - enable plugin sshfs:latest
changes:
  description:
    - Why it was done, option by option.
  returned: success
  type: list
  elements: dict
  sample:
    - option: state
      before: disable
      after: enable
      action: update
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.plugin import Plugin


def main() -> None:
    run(Plugin)


if __name__ == "__main__":
    main()
