#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
module: service
short_description: Manage a service of a swarm
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Creates, changes and removes a service of a swarm. Has to talk to a manager.
  - What the task does not name stays as it is, down to the members of dictionaries such as O(update_config). That
    goes for the number of replicas after a C(docker service scale), too.
  - Lists without an order and dictionaries that are named here add to what is there, see O(comparisons). A secret, a
    config, a mount or the ports of a O(publish[].target_port) take the place of what is there under the same file,
    path or port.
  - Every difference is changed in place with one update, except for O(mode), which replaces the service. Swarm
    refuses to rename a service.
  - An update that swarm would not see as one is not sent, as even that would start a job again.
  - If somebody else changes the service at the same time, the task looks at what is there then and begins again.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.registry
  - dockside.engine.attributes
  - dockside.engine.healthcheck
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(force_update=true) starts the tasks again in every run.
options:
  name:
    description:
      - The name of the service.
    type: str
    required: true
  state:
    description:
      - V(present) makes the service as the task describes it, V(absent) removes it.
    type: str
    choices: [present, absent]
    default: present
  comparisons:
    description:
      - How settings are compared, option by option. The key V(*) stands for all options that are not named.
      - V(strict), nothing else may be there. V(allow_more_present), more entries may be there and stay, for lists and
        dictionaries. V(ignore), a difference does not count.
      - Without it, lists without an order and dictionaries allow more, and all else is strict.
    type: dict

  # The image and the command.
  image:
    description:
      - The image, as C(NAME), C(NAME:TAG) or C(NAME@DIGEST). A name without a tag means V(latest).
      - Needed to create a service, unless it installs a O(plugin).
    type: str
  plugin:
    description:
      - A managed plugin that the nodes install, in place of an O(image) that they run.
      - The options of containers do not go with it. Engines take it only with their experimental features switched on.
    type: dict
    suboptions:
      name:
        description:
          - The name that the plugin has on the nodes, C(NAME:TAG).
        type: str
        required: true
      remote:
        description:
          - The name of the plugin in its registry.
        type: str
      disabled:
        description:
          - Whether the plugin is installed without being enabled.
        type: bool
      privileges:
        description:
          - What the plugin may do, each a dictionary with C(name), C(value) (a list) and C(description). It must be
            what the plugin asks for, or the nodes do not install it. The list is replaced as a whole.
        type: list
        elements: dict
      env:
        description:
          - The settings of the plugin, as C(NAME=VALUE). The list is replaced as a whole.
          - Needs API 1.41.
        type: list
        elements: str
  resolve_image:
    description:
      - When the registry is asked for the digest of the image, which then goes into the service so that all nodes run
        the same.
      - V(changed), when O(image) names another image or tag than the service has, and for a new service. V(always),
        in every run, so that a tag that was moved is rolled out. V(never), not at all.
      - Without V(always), a digest that the service has already for the same tag stays and is no difference.
      - If the registry cannot be asked, there is a warning, and each node looks for the tag on its own.
      - V(true) is taken for V(always) and V(false) for V(never).
    type: raw
    choices: [always, changed, never, true, false]
    default: changed
  with_registry_auth:
    description:
      - Whether the nodes get the login for the registry of the image, see O(username).
    type: bool
    default: false
  command:
    description:
      - What is run instead of the entry point of the image. Text is split as a shell would do it.
      - C(docker service create) calls it C(--entrypoint).
    type: raw
  args:
    description:
      - The arguments of the command. C(docker service create) takes them behind the image.
    type: list
    elements: str
  env:
    description:
      - Environment variables, as a dictionary, as a list of C(NAME=VALUE), or as text with commas between these.
      - Values must be text. V(null), or C(NAME) alone, takes a variable away that the image sets.
    type: raw
  env_files:
    description:
      - Files with a C(NAME=VALUE) on each line, on the host that the task runs on. Later ones win, and O(env) wins
        over all.
    type: list
    elements: path
  working_dir:
    description:
      - The directory that the command is run in.
    type: str
  user:
    description:
      - The user of the command, as a name or a number, with C(:GROUP) behind it where that is to be another one.
    type: str
  groups:
    description:
      - Further groups of the user.
    type: list
    elements: str
  hostname:
    description:
      - The host name of the tasks. It may be a template of swarm.
    type: str
  tty:
    description:
      - Whether the command has a terminal.
    type: bool
  interactive:
    description:
      - Whether standard input stays open.
    type: bool
  read_only:
    description:
      - Whether the root file system of the tasks is read-only.
    type: bool
  init:
    description:
      - Whether an init process runs as the first one, hands signals on and reaps processes.
      - Needs API 1.38.
    type: bool
  isolation:
    description:
      - How tasks are kept apart on Windows.
      - Needs API 1.35.
    type: str
    choices: [default, process, hyperv]
  stop_signal:
    description:
      - The signal that asks a task to end.
    type: str
  stop_grace_period:
    description:
      - How long a task may take to end before it is killed, such as V(30s) or V(1m30s). Swarm's default is V(10s).
    type: str
  labels:
    description:
      - The labels of the service.
    type: dict
  container_labels:
    description:
      - The labels of the containers of the tasks.
    type: dict

  # How many, and where.
  mode:
    description:
      - V(replicated) runs O(replicas) tasks, V(global) one on each node. V(replicated-job) runs tasks until
        O(replicas) have ended well, V(global-job) until one on each node has.
      - A new service is V(replicated) if this is not set.
      - Swarm cannot change it. If it differs, the service is replaced with everything that the task does not name
        taken over. The new spec is tried out first under another name on no node, and if it is refused the old
        service stays. If the task is cut short in the middle, the next one with O(mode) takes up from there.
      - The jobs need API 1.41.
    type: str
    choices: [replicated, global, replicated-job, global-job]
  replicas:
    description:
      - How many tasks run, or of a job how many have to end well. A new service has 1 if this is not set.
      - V(-1) leaves the number as it is.
    type: int
  max_concurrent:
    description:
      - How many tasks of a V(replicated-job) run at the same time. For a new service as many as O(replicas).
      - Needs API 1.41.
    type: int
  placement:
    description:
      - On which nodes tasks may run.
    type: dict
    suboptions:
      constraints:
        description:
          - What a node must be like, such as V(node.role==worker). The list is replaced as a whole.
        type: list
        elements: str
      preferences:
        description:
          - What tasks are spread over, each a dictionary with the one key C(spread) and what a node is told by, such
            as V(node.labels.zone). The list is replaced as a whole.
        type: list
        elements: dict
      replicas_max_per_node:
        description:
          - How many tasks may run on one node. V(0) is no limit.
          - Needs API 1.40.
        type: int
      platforms:
        description:
          - The platforms that a node may have. The list is replaced as a whole.
          - If it is not set, the platforms of the image go here when its digest is looked up.
        type: list
        elements: dict
        suboptions:
          architecture:
            description:
              - The architecture, such as V(amd64).
            type: str
          os:
            description:
              - The operating system, such as V(linux).
            type: str
  limits:
    description:
      - What a task can use at most. V(0) is no limit.
    type: dict
    suboptions:
      cpus:
        description:
          - The number of CPUs.
        type: float
      memory:
        description:
          - The memory, such as V(512M) or V(1G).
        type: str
      pids:
        description:
          - The number of processes.
          - Needs API 1.41.
        type: int
  reservations:
    description:
      - What a node must have left for a task. V(0) is nothing.
    type: dict
    suboptions:
      cpus:
        description:
          - The number of CPUs.
        type: float
      memory:
        description:
          - The memory, such as V(512M) or V(1G).
        type: str
      generic_resources:
        description:
          - What nodes say they have, as C(KIND=COUNT), or C(KIND=NAME) for a certain one. The list is replaced as a
            whole.
        type: list
        elements: str
  memory_swap:
    description:
      - How much swap a task can use beside the memory of O(limits), such as V(1G). V(unlimited) is no limit.
      - Needs API 1.52.
    type: str
  memory_swappiness:
    description:
      - How readily the memory of a task is swapped out, from V(0) to V(100). V(-1) is the default of the node.
      - Needs API 1.52.
    type: int
  restart_config:
    description:
      - What happens when a task ends.
    type: dict
    suboptions:
      condition:
        description:
          - When a task is started again. Swarm's default is V(any).
        type: str
        choices: [none, on-failure, any]
      delay:
        description:
          - The time before that, such as V(10s). Swarm's default is V(5s).
        type: str
      max_attempts:
        description:
          - How often a task is started again. V(0) is no limit.
        type: int
      window:
        description:
          - The time in which O(restart_config.max_attempts) are counted. V(0) is all time.
        type: str

  # Updates.
  update_config:
    description:
      - How an update goes on. A new service without it has swarm's defaults.
    type: dict
    suboptions:
      parallelism:
        description:
          - How many tasks are changed at the same time. V(0) is all of them. Swarm's default is V(1).
        type: int
      delay:
        description:
          - The time between two of these groups, such as V(10s).
        type: str
      failure_action:
        description:
          - What happens when more tasks fail than O(update_config.max_failure_ratio) allows. Swarm's default is
            V(pause).
        type: str
        choices: [continue, pause, rollback]
      monitor:
        description:
          - For how long a new task is watched, such as V(10s). Swarm's default is V(5s).
        type: str
      max_failure_ratio:
        description:
          - The share of tasks that may fail, from V(0) to V(1).
        type: float
      order:
        description:
          - Whether the new task is started before the old one is stopped, or after it. Swarm's default is
            V(stop-first).
        type: str
        choices: [start-first, stop-first]
  rollback_config:
    description:
      - How a rollback goes on.
    type: dict
    suboptions:
      parallelism:
        description:
          - How many tasks are changed at the same time. V(0) is all of them. Swarm's default is V(1).
        type: int
      delay:
        description:
          - The time between two of these groups, such as V(10s).
        type: str
      failure_action:
        description:
          - What happens when more tasks fail than O(rollback_config.max_failure_ratio) allows. Swarm's default is
            V(pause).
        type: str
        choices: [continue, pause]
      monitor:
        description:
          - For how long a new task is watched, such as V(10s). Swarm's default is V(5s).
        type: str
      max_failure_ratio:
        description:
          - The share of tasks that may fail, from V(0) to V(1).
        type: float
      order:
        description:
          - Whether the new task is started before the old one is stopped, or after it. Swarm's default is
            V(stop-first).
        type: str
        choices: [start-first, stop-first]
  force_update:
    description:
      - Start the tasks again even if nothing differs.
    type: bool
    default: false
  rollback:
    description:
      - Go back to the spec that the service had before its last update. Goes with no option that describes the
        service.
      - Nothing is done when the last thing that happened to the service is a rollback.
    type: bool
    default: false
  wait:
    description:
      - Wait until the tasks are as the service wants them. The tasks of a new service, and new ones of more
        O(replicas), have to run for the time of O(update_config.monitor). A job has to be through.
      - With O(state=absent), wait until the tasks have ended and left no container on the engine that is asked. Then
        what they used, such as volumes, can be removed.
      - It is an error when swarm pauses an update or rolls it back, or when O(wait_timeout) is over. The message
        tells what the tasks that failed say, with the last lines of their output.
      - With O(state=absent), wait until the tasks of the service have ended, and its networks can be removed.
    type: bool
    default: false
  wait_timeout:
    description:
      - For how many seconds to wait.
    type: int
    default: 300

  # Files.
  mounts:
    description:
      - What is mounted into the file system of the tasks, by O(mounts[].target).
      - An option that does not go with the O(mounts[].type) of its mount is an error.
    type: list
    elements: dict
    suboptions:
      target:
        description:
          - The path in the task.
        type: str
        required: true
      source:
        description:
          - The name of the volume, or the path on the node.
          - V(tmpfs) has none. V(volume) without one gets an anonymous volume for each task. All other types need one.
        type: str
      type:
        description:
          - What is mounted. V(bind) is a file or directory of the node, V(volume) a volume of the node, V(tmpfs) an
            empty file system in memory, V(npipe) a named pipe of Windows, V(cluster) a cluster volume.
          - V(cluster) needs API 1.42.
        type: str
        choices: [bind, volume, tmpfs, npipe, cluster]
        default: bind
      readonly:
        description:
          - Whether the tasks can only read there.
        type: bool
      propagation:
        description:
          - Whether mounts that are made below one of the two paths later are seen at the other one. For V(bind). The
            default is V(rprivate).
        type: str
        choices: [private, rprivate, shared, rshared, slave, rslave]
      non_recursive:
        description:
          - Whether the mounts below the source stay out. For V(bind).
          - Needs API 1.40.
        type: bool
      no_copy:
        description:
          - Whether an empty volume stays empty, instead of getting what the image has at this path. For V(volume).
        type: bool
      labels:
        description:
          - Labels of the volume, should the node have to make it. For V(volume).
        type: dict
      driver_config:
        description:
          - The driver of the volume, should the node have to make it. For V(volume).
        type: dict
        suboptions:
          name:
            description:
              - The name of the driver.
            type: str
          options:
            description:
              - The options of the driver.
            type: dict
      subpath:
        description:
          - The path inside the volume that is mounted instead of all of it. For V(volume).
          - Needs API 1.45.
        type: str
      tmpfs_size:
        description:
          - The most that fits in, such as V(64M). V(0) is no limit. For V(tmpfs).
        type: str
      tmpfs_mode:
        description:
          - The permissions of the directory. Text is read as octal, such as V("1777"). A number is taken as it is,
            and YAML reads V(01777) as octal. For V(tmpfs).
        type: raw
      tmpfs_options:
        description:
          - Further options of the file system, each a dictionary of one name. The value of an option without a value
            is V(null). For V(tmpfs).
          - Needs API 1.46.
        type: list
        elements: dict
  secrets:
    description:
      - Secrets that are files of the tasks, by O(secrets[].filename). Another secret under the same file takes the
        old one's place.
    type: list
    elements: dict
    suboptions:
      secret_id:
        description:
          - The id of the secret. It is looked up by the name if it is not set.
        type: str
      secret_name:
        description:
          - The name of the secret.
        type: str
        required: true
      filename:
        description:
          - The file, below C(/run/secrets) or as a whole path. The name of the secret if it is not set.
        type: str
      uid:
        description:
          - The number of the user that owns the file. V("0") for a new one.
        type: str
      gid:
        description:
          - The number of the group that owns the file. V("0") for a new one.
        type: str
      mode:
        description:
          - The permissions of the file. Text is read as octal, such as V("0440"). A number is taken as it is, and
            YAML reads V(0440) as octal. V("0444") for a new one.
        type: raw
  configs:
    description:
      - Configs that are files of the tasks, by O(configs[].filename). Another config under the same file takes the
        old one's place.
    type: list
    elements: dict
    suboptions:
      config_id:
        description:
          - The id of the config. It is looked up by the name if it is not set.
        type: str
      config_name:
        description:
          - The name of the config.
        type: str
        required: true
      filename:
        description:
          - The file, below C(/) or as a whole path. The name of the config if it is not set.
        type: str
      uid:
        description:
          - The number of the user that owns the file. V("0") for a new one.
        type: str
      gid:
        description:
          - The number of the group that owns the file. V("0") for a new one.
        type: str
      mode:
        description:
          - The permissions of the file. Text is read as octal, such as V("0440"). A number is taken as it is, and
            YAML reads V(0440) as octal. V("0444") for a new one.
        type: raw

  # Network.
  networks:
    description:
      - The networks of the service. Each is a name, or a dictionary with C(name), C(aliases) (a list of further names
        of the tasks in that network, which is replaced as a whole) and C(options) (of the network's driver).
    type: list
    elements: raw
  endpoint_mode:
    description:
      - Whether the name of the service stands for one address in front of all tasks (V(vip)) or for those of the
        tasks (V(dnsrr)). Swarm's default is V(vip).
    type: str
    choices: [vip, dnsrr]
  publish:
    description:
      - Ports of the tasks that can be reached on the nodes. Those of one O(publish[].target_port) and protocol are
        replaced together.
    type: list
    elements: dict
    suboptions:
      target_port:
        description:
          - The port in the task.
        type: int
        required: true
      published_port:
        description:
          - The port on the nodes. Without it, or with V(0), swarm takes a free one, and the one that is there is
            good.
        type: int
      protocol:
        description:
          - The protocol. V(sctp) needs API 1.37.
        type: str
        choices: [tcp, udp, sctp]
        default: tcp
      mode:
        description:
          - V(ingress) is the port of every node, V(host) only of those that run a task. Swarm's default is
            V(ingress).
        type: str
        choices: [ingress, host]
      name:
        description:
          - A name for the port.
        type: str
  hosts:
    description:
      - Entries of C(/etc/hosts), host names to addresses. A name with several addresses has a list of them.
    type: dict
  dns:
    description:
      - The addresses of the DNS servers.
    type: list
    elements: str
  dns_search:
    description:
      - The search domains.
    type: list
    elements: str
  dns_options:
    description:
      - Options of C(resolv.conf).
    type: list
    elements: str

  # Rights and limits.
  cap_add:
    description:
      - Capabilities that the tasks have on top.
      - Needs API 1.41.
    type: list
    elements: str
  cap_drop:
    description:
      - Capabilities that are taken away.
      - Needs API 1.41.
    type: list
    elements: str
  sysctls:
    description:
      - Settings of the kernel for the namespaces of a task.
      - Needs API 1.40.
    type: dict
  ulimits:
    description:
      - Limits of the processes, as C(NAME:SOFT) or C(NAME:SOFT:HARD). V(-1) is no limit.
      - Needs API 1.41.
    type: list
    elements: str
  oom_score_adj:
    description:
      - How likely the kernel is to kill a task when memory runs out, from V(-1000) to V(1000).
      - Needs API 1.46.
    type: int
  privileges:
    description:
      - Security settings.
    type: dict
    suboptions:
      no_new_privileges:
        description:
          - Whether processes are kept from gaining privileges.
          - Needs API 1.44.
        type: bool
      seccomp:
        description:
          - The filter of system calls.
          - Needs API 1.44.
        type: dict
        suboptions:
          mode:
            description:
              - V(default) is the engine's own filter, V(unconfined) is none, V(custom) is
                O(privileges.seccomp.profile).
            type: str
            choices: [default, unconfined, custom]
          profile:
            description:
              - The filter, as JSON in text or as a dictionary.
            type: raw
      apparmor:
        description:
          - The AppArmor profile.
          - Needs API 1.44.
        type: dict
        suboptions:
          mode:
            description:
              - V(default) is the engine's own profile, V(disabled) is none.
            type: str
            choices: [default, disabled]
      selinux_context:
        description:
          - The SELinux label.
        type: dict
        suboptions:
          disable:
            description:
              - Whether there is no label.
            type: bool
          user:
            description:
              - The user of the label.
            type: str
          role:
            description:
              - The role of the label.
            type: str
          type:
            description:
              - The type of the label.
            type: str
          level:
            description:
              - The level of the label.
            type: str
  credential_spec:
    description:
      - The credential spec of Windows, as C(config://NAME) of a config, C(file://NAME) in the data of the engine or
        C(registry://NAME).
      - A config needs API 1.40.
    type: str
  logging:
    description:
      - Where the output of the tasks goes. Without it each node decides.
    type: dict
    suboptions:
      driver:
        description:
          - The logging driver.
        type: str
      options:
        description:
          - Options of the logging driver. Numbers and booleans are sent as text.
        type: dict
seealso:
  - module: dockside.engine.service_info
  - module: dockside.engine.service_logs
  - module: dockside.engine.task_info
  - module: dockside.engine.secret
  - module: dockside.engine.config
"""

EXAMPLES = r"""
- name: A web server on two nodes, updated without a gap
  dockside.engine.service:
    name: shop_web
    image: nginx:1.27
    replicas: 2
    publish:
      - published_port: 8080
        target_port: 80
    networks:
      - shop
    secrets:
      - secret_name: shop_key
        filename: key.pem
        uid: "101"
        mode: "0400"
    update_config:
      order: start-first
      failure_action: rollback
    wait: true

- name: More memory, and nothing else
  dockside.engine.service:
    name: shop_web
    limits:
      memory: 256M

- name: An agent on each node that is no manager
  dockside.engine.service:
    name: agent
    image: example.com/agent:3
    mode: global
    placement:
      constraints:
        - node.role==worker
    mounts:
      - source: /var/log
        target: /logs
        readonly: true

- name: Roll out whatever the tag points at now
  dockside.engine.service:
    name: agent
    image: example.com/agent:3
    resolve_image: always

- name: Migrate the database once, and go on when that is done
  dockside.engine.service:
    name: migrate
    image: example.com/shop:7
    args: [migrate]
    mode: replicated-job
    restart_config:
      condition: none
    wait: true
    wait_timeout: 600

- name: Back to what it was before the last update
  dockside.engine.service:
    name: shop_web
    rollback: true
    wait: true

- name: Remove it
  dockside.engine.service:
    name: shop_web
    state: absent
"""

RETURN = r"""
service:
  description:
    - What the engine says about the service (C(GET /services/{id})), empty if there is none.
  returned: success
  type: dict
  sample:
    ID: 2jnm5qnwxk6tq5ncbqnpz0a1o
    Version:
      Index: 31
    Spec:
      Name: shop_web
      Labels: {}
      Mode:
        Replicated:
          Replicas: 2
swarm_service:
  description:
    - The service in the words of the options, with the values that hold where nothing is set. Options that the engine
      does not know are V(null).
  returned: success
  type: dict
  sample:
    image: nginx:1.27
    mode: replicated
    replicas: 2
    env: {}
    update_config:
      order: start-first
      parallelism: 1
rebuilt:
  description:
    - Whether the service was replaced by a new one, or in check mode would be.
  returned: success
  type: bool
  sample: false
actions:
  description:
    - What was done, or in check mode would be done.
  returned: always
  type: list
  elements: str
  sample:
    - update service shop_web
changes:
  description:
    - Why something was done to a service that was there already. One entry for each option that differed.
  returned: success
  type: list
  elements: dict
  sample:
    - option: limits
      before: {}
      after:
        memory: 256M
      action: update
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.service import Service


def main() -> None:
    run(Service)


if __name__ == "__main__":
    main()
