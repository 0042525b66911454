# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What plugins on the controller share: the way to an engine, and errors as Ansible shows them."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleError
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._module import CONNECTION

# Option of the doc fragment `connection` -> variable in which the connection plugin takes it; their other half is the
# doc fragment `connection_variables`.
VARIABLES = {
    "docker_host": "ansible_docker_docker_host",
    "context": "ansible_docker_context",
    "api_version": "ansible_docker_api_version",
    "timeout": "ansible_docker_timeout",
    "tls": "ansible_docker_tls",
    "validate_certs": "ansible_docker_validate_certs",
    "tls_hostname": "ansible_docker_tls_hostname",
    "ca_path": "ansible_docker_ca_cert",
    "client_cert": "ansible_docker_client_cert",
    "client_key": "ansible_docker_client_key",
}


def connect(options: Mapping[str, Any]) -> Engine:
    """The engine that a plugin's options and the controller's environment point at; EndpointError when they do not."""
    given = {name: options.get(name) for name in CONNECTION}
    for name, value in given.items():
        if value and CONNECTION[name]["type"] == "path":
            given[name] = os.path.expanduser(value)
    return Engine(resolve(given, os.environ))


@contextmanager
def reported(kind: type[AnsibleError], intro: str = "") -> Iterator[None]:
    """What goes wrong with an engine becomes an error of this kind."""
    try:
        yield
    except (EngineError, ValueError) as error:
        raise kind(f"{intro}{error}") from error
