# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: image_digest
short_description: The digest that a registry has for the name of an image
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Lets an engine ask the registry which image is meant by a name at this moment, so that a play can pin it. Nothing is
    pulled.
  - Lookups run on the controller, so the engine must be reached from there, and it is the controller's configuration of
    the Docker CLI in which a login is looked for.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.connection_variables
  - dockside.engine.registry
options:
  _terms:
    description:
      - The names of the images. Without a tag, V(latest) is meant.
    type: list
    elements: str
    required: true
seealso:
  - module: dockside.engine.image
  - module: dockside.engine.image_info
"""

EXAMPLES = r"""
- name: What the tag means now, for all hosts
  ansible.builtin.set_fact:
    digest: "{{ lookup('dockside.engine.image_digest', 'nginx:1.27') }}"
  run_once: true

- name: That image, whatever happens to the tag
  dockside.engine.container:
    name: web
    image: "nginx@{{ digest }}"

- name: Several at once, of a registry that wants a login
  ansible.builtin.debug:
    msg: "{{ query('dockside.engine.image_digest', *names, username='deploy', password=registry_password) }}"
  vars:
    names:
      - registry.example.com/shop/web:stable
      - registry.example.com/shop/api:stable
"""

RETURN = r"""
_raw:
  description:
    - The digest of each image, in the order of the names.
  type: list
  elements: str
  sample:
    - sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a
"""

from typing import Any

from ansible.errors import AnsibleLookupError
from ansible.plugins.lookup import LookupBase
from ansible_collections.dockside.engine.plugins.module_utils._engine.access import Access
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import together
from ansible_collections.dockside.engine.plugins.module_utils._engine.reference import Reference, parse_reference
from ansible_collections.dockside.engine.plugins.plugin_utils._engine import (
    VARIABLES,
    connect,
    reported,
)


class LookupModule(LookupBase):
    def run(self, terms: Any, variables: Any = None, **kwargs: Any) -> list[str]:
        # Ansible hands over what the variables are made of, not what they are.
        there = {name: variables[name] for name in VARIABLES.values() if name in (variables or {})}
        self.set_options(var_options=self._templar.template(there), direct=kwargs)  # type: ignore[union-attr]
        options = self.get_options()
        if bool(options["username"]) != bool(options["password"]):
            raise AnsibleLookupError("username and password: only one of them is given")
        with reported(AnsibleLookupError):
            names = [parse_reference(str(term)) for term in terms]
            engine = connect(options)
            access = Access(engine, options)

        def digest(name: Reference) -> str:
            with reported(AnsibleLookupError, f"The digest of {name} is not known: "):
                return access.digest(name)

        try:
            return list(together(digest, names))
        finally:
            engine.close()
