# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a task finds its Docker Engine: the twin of CONNECTION in module_utils/_module.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  docker_host:
    description:
      - The address of the Docker Engine.
      - V(unix:///PATH) is a socket, V(tcp://HOST[:PORT]) and V(https://HOST[:PORT]) a TCP port (without a number
        V(2375), with TLS V(2376)), V(ssh://[USER@]HOST[:PORT]) an engine behind a login with the program C(ssh).
      - If it is not set, these are tried in this order, O(context), the environment variable E(DOCKER_HOST), the
        environment variable E(DOCKER_CONTEXT), the current context of the Docker CLI, the socket
        C($XDG_RUNTIME_DIR/docker.sock) of a rootless engine, and the socket C(/var/run/docker.sock).
    type: str
    aliases:
      - docker_url
  context:
    description:
      - The name of a context of the Docker CLI, whose address and TLS files are used.
      - Mutually exclusive with O(docker_host).
    type: str
  api_version:
    description:
      - The version of the Engine API to use, for example V(1.41). V(auto) is the newest one that both sides know.
      - If it is not set, the value of the environment variable E(DOCKER_API_VERSION) is used, else V(auto).
    type: str
    aliases:
      - docker_api_version
  timeout:
    description:
      - How many seconds to wait for the engine to take a connection, and then for an answer of it.
      - Output that is followed as it comes may be silent for longer.
      - If it is not set, the value of the environment variable E(DOCKER_TIMEOUT) is used, else V(60).
    type: int
  tls:
    description:
      - Use TLS, but believe whatever certificate the engine shows. See O(validate_certs) for the secure way.
      - If it is not set, the value of the environment variable E(DOCKER_TLS) is used.
    type: bool
  validate_certs:
    description:
      - Use TLS and believe only a certificate that O(ca_path) vouches for.
      - If it is not set, the value of the environment variable E(DOCKER_TLS_VERIFY) is used.
    type: bool
    aliases:
      - tls_verify
  tls_hostname:
    description:
      - The host name that the certificate of the engine must carry, if it is not the one in the address.
      - If it is not set, the value of the environment variable E(DOCKER_TLS_HOSTNAME) is used.
    type: str
  ca_path:
    description:
      - The file with the certificate of the authority that vouches for the engine.
      - If it is not set, C(ca.pem) in the folder that the environment variable E(DOCKER_CERT_PATH) names is used.
    type: path
    aliases:
      - ca_cert
      - tls_ca_cert
      - cacert_path
  client_cert:
    description:
      - The file with the certificate that this side shows to the engine. Goes together with O(client_key).
      - If it is not set, C(cert.pem) in the folder that the environment variable E(DOCKER_CERT_PATH) names is used.
    type: path
    aliases:
      - tls_client_cert
      - cert_path
  client_key:
    description:
      - The file with the key to O(client_cert).
      - If it is not set, C(key.pem) in the folder that the environment variable E(DOCKER_CERT_PATH) names is used.
    type: path
    aliases:
      - tls_client_key
      - key_path
  use_ssh_client:
    description:
      - Kept for playbooks that come from C(community.docker). The program C(ssh) always makes the connection to an
        V(ssh://) address, whatever is set here.
    type: bool
  debug:
    description:
      - Return the requests that were sent to the engine as C(requests), for those who look into what a task does.
    type: bool
    default: false
"""
