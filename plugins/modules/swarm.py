#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: swarm
short_description: Manage a Docker swarm and who is in it
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Makes an engine the first manager of a new swarm, changes the settings of a swarm, lets engines join and leave.
  - What the task does not name stays as it is. Engines replace all settings at once, so the present ones are read
    first and sent along. If somebody else changes the swarm at the same time, the task begins again.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(force=true) with O(state=present), and the options C(rotate_*), change the swarm each time.
options:
  state:
    description:
      - With V(present), the engine is a manager of a swarm as the task describes it. An engine that is in no swarm
        becomes the first manager of a new one.
      - With V(join), the engine is a node of a swarm that is there already. It needs O(manager_host), or O(join_token)
        and O(remote_addrs).
      - With V(absent), the engine is in no swarm. A manager leaves only with O(force=true).
      - With V(remove), the node O(node_id) is removed from the swarm, of which the engine is a manager.
    type: str
    choices:
      - present
      - join
      - absent
      - remove
    default: present
  advertise_addr:
    description:
      - The address that the other nodes use, as an address or the name of an interface, with or without a port. The
        engine finds it out if it has only one.
      - Only used when the engine becomes part of a swarm.
    type: str
  listen_addr:
    description:
      - The address on which the engine listens for other managers, as an address or the name of an interface, with or
        without a port.
      - Only used when the engine becomes part of a swarm.
    type: str
    default: 0.0.0.0:2377
  data_path_addr:
    description:
      - The address or interface for the traffic of overlay networks, if it is not that of O(advertise_addr).
      - Only used when the engine becomes part of a swarm.
    type: str
  data_path_port:
    description:
      - The UDP port for the traffic of overlay networks, from 1024 to 49151. V(0) stands for 4789.
      - Chosen when the swarm is made. If the swarm has another one, the task fails.
      - Needs API 1.40 (Engine 19.03).
    type: int
  default_addr_pool:
    description:
      - The address ranges, as ADDRESS/LENGTH, from which networks of the swarm get their subnets.
      - Chosen when the swarm is made. If the swarm has others, the task fails.
      - Needs API 1.39 (Engine 18.09).
    type: list
    elements: str
  subnet_size:
    description:
      - The prefix length of the subnets that are cut from O(default_addr_pool).
      - Chosen when the swarm is made. If the swarm has another one, the task fails.
      - Needs API 1.39 (Engine 18.09).
    type: int
  availability:
    description:
      - Whether the engine takes tasks when it becomes part of a swarm. Later on, M(dockside.engine.node) changes it.
    type: str
    choices:
      - active
      - pause
      - drain
  remote_addrs:
    description:
      - With O(state=join), the addresses of managers, HOST:PORT. Goes together with O(join_token).
    type: list
    elements: str
  join_token:
    description:
      - With O(state=join), the token for workers or that for managers.
    type: str
  manager_host:
    description:
      - With O(state=join), the address of a manager's engine as in O(docker_host). The token and the addresses are
        read from there, with the same TLS options as for O(docker_host).
      - Mutually exclusive with O(join_token) and O(remote_addrs).
    type: str
  join_role:
    description:
      - With O(manager_host), what the engine becomes in the swarm. Later on, M(dockside.engine.node) changes it.
    type: str
    choices:
      - worker
      - manager
    default: worker
  node_id:
    description:
      - With O(state=remove), the id of the node. It must be a worker that is down, or O(force=true).
    type: str
  force:
    description:
      - With O(state=present), make this manager the only one of a new cluster that keeps the settings, services,
        secrets and configs. The other managers are no longer part of it.
      - With O(state=join), leave the swarm that the engine is in, if it is another one than that of O(manager_host).
      - With O(state=absent), leave even as a manager. If it is the last one, the swarm is lost with all that is in it.
      - With O(state=remove), remove the node even if it is not down.
    type: bool
    default: false
  force_new_cluster:
    description:
      - With O(state=present), do as with O(force=true) if the swarm has no leader, because too many managers are gone.
        A swarm that has one is left as it is.
    type: bool
    default: false
  name:
    description:
      - The name of the swarm. Engines know one only.
    type: str
    choices:
      - default
  labels:
    description:
      - The labels of the swarm. Labels that are not named here stay.
    type: dict
  task_history_retention_limit:
    description:
      - How many ended tasks are kept for each slot of a service. A negative number keeps all.
    type: int
  snapshot_interval:
    description:
      - The number of log entries between two snapshots of the managers' state.
    type: int
  keep_old_snapshots:
    description:
      - How many snapshots are kept beside the newest.
    type: int
  log_entries_for_slow_followers:
    description:
      - How many log entries are kept for managers that lag behind, after a snapshot.
    type: int
  heartbeat_tick:
    description:
      - The number of ticks, which are seconds, between two heartbeats of the leader.
    type: int
  election_tick:
    description:
      - The number of ticks without a leader after which a new one is elected. Must be larger than O(heartbeat_tick).
    type: int
  dispatcher_heartbeat_period:
    description:
      - The time between two heartbeats of a node, as in V(5s) or V(1m30s). A number alone is nanoseconds.
    type: str
  node_cert_expiry:
    description:
      - How long the certificates of nodes are valid, as in V(2160h). A number alone is nanoseconds.
    type: str
  external_ca:
    description:
      - The external authorities that sign the certificates of nodes. The list is complete, so an empty one removes
        all.
    type: list
    elements: dict
    suboptions:
      url:
        description:
          - Where the authority takes requests.
        type: str
        required: true
      protocol:
        description:
          - The protocol of the authority.
        type: str
        choices:
          - cfssl
        default: cfssl
      options:
        description:
          - Further options, as a map.
        type: dict
      ca_cert:
        description:
          - The root certificate of the authority, PEM.
        type: str
  signing_ca_cert:
    description:
      - The root certificate of the swarm's own authority, PEM. If the swarm has another one, it is rotated to this
        one.
    type: str
  signing_ca_key:
    description:
      - The key to O(signing_ca_cert), PEM. Engines do not give it back, so it is not compared.
    type: str
  ca_force_rotate:
    description:
      - A number. If it is not the swarm's present one, the engine makes a new authority and rotates to it.
    type: int
  autolock_managers:
    description:
      - Whether managers lock what they keep on disk, so that they have to be unlocked after a restart, see
        M(dockside.engine.swarm_unlock). The key is returned as RV(swarm_facts).
    type: bool
  rotate_worker_token:
    description:
      - Make a new token for workers.
    type: bool
    default: false
  rotate_manager_token:
    description:
      - Make a new token for managers.
    type: bool
    default: false
  rotate_unlock_key:
    description:
      - Make a new unlock key.
    type: bool
    default: false
  rotate_ca:
    description:
      - Let the engine make a new authority and rotate to it. The task waits, for O(timeout) at most, until all nodes
        have new certificates.
    type: bool
    default: false
seealso:
  - module: dockside.engine.swarm_info
  - module: dockside.engine.swarm_unlock
  - module: dockside.engine.node
"""

EXAMPLES = r"""
- name: A swarm, with the first host as its first manager
  dockside.engine.swarm:
    advertise_addr: "{{ ansible_facts.default_ipv4.address }}"
    default_addr_pool:
      - 10.20.0.0/16
    autolock_managers: true
  register: swarm
  when: inventory_hostname == groups.managers.0

- name: Two more managers, which get the token from the first one
  dockside.engine.swarm:
    state: join
    manager_host: ssh://root@manager1.example.com
    join_role: manager
  when: inventory_hostname in groups.managers[1:]

- name: Workers, with the token
  dockside.engine.swarm:
    state: join
    join_token: "{{ hostvars[groups.managers.0].swarm.swarm_facts.JoinTokens.Worker }}"
    remote_addrs:
      - manager1.example.com:2377
  when: inventory_hostname in groups.workers

- name: Keep fewer ended tasks, and let the old worker token be good for nothing
  dockside.engine.swarm:
    task_history_retention_limit: 2
    rotate_worker_token: true

- name: Go on with this manager alone, if the others are lost
  dockside.engine.swarm:
    force_new_cluster: true

- name: Leave
  dockside.engine.swarm:
    state: absent
"""

RETURN = r"""
swarm:
  description:
    - What the engine says about the swarm (C(GET /swarm)), without the tokens.
    - Empty if O(state) is not V(present), and in check mode before the swarm is made.
  returned: success
  type: dict
  sample:
    ID: fahxniz3edc1gesc0zfo53osd
    RootRotationInProgress: false
    Spec:
      CAConfig:
        NodeCertExpiry: 7776000000000000
      EncryptionConfig:
        AutoLockManagers: true
      Labels: {}
      Name: default
      Orchestration:
        TaskHistoryRetentionLimit: 5
    Version:
      Index: 11
swarm_facts:
  description:
    - The same with the tokens, C(JoinTokens), and for a swarm that locks its managers the key, C(UnlockKey).
    - These are secrets. Use C(no_log) where the output is kept.
  returned: success
  type: dict
  sample:
    ID: fahxniz3edc1gesc0zfo53osd
    JoinTokens:
      Manager: SWMTKN-1-EXAMPLE-manager
      Worker: SWMTKN-1-EXAMPLE-worker
    UnlockKey: SWMKEY-1-EXAMPLE
node_id:
  description:
    - The id of the engine's node, empty if it is in no swarm.
  returned: success
  type: str
  sample: red9x7jcrd9qxsmsayxami0et
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - update swarm, rotate the worker token of swarm
changes:
  description:
    - Why something was done to a swarm that was there already. One entry for each option that differed.
  returned: success
  type: list
  elements: dict
  sample:
    - option: task_history_retention_limit
      before: 5
      after: 2
      action: update
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.swarm import Swarm


def main() -> None:
    run(Swarm)


if __name__ == "__main__":
    main()
