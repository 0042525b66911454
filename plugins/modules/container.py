#!/usr/bin/python
# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Manage a container."""

from __future__ import annotations

DOCUMENTATION = r"""
module: container
short_description: Manage a container
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Brings one container to a state, with the settings that the task names. Settings that it does not name stay as
    they are, also when the container is replaced by a new one.
  - A difference that the engine can change in a running container is changed there. A network that differs is left
    and joined again. Any other difference makes a new container, which takes over the name. The old one is kept until
    the new one runs, and is back under its name and id when it does not.
  - In the options below, C(Changed in place) and C(Reconnected) tell what a change costs. A change of any other
    setting recreates the container.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.registry
  - dockside.engine.attributes
  - dockside.engine.healthcheck
  - dockside.engine.mount
attributes:
  check_mode:
    support: full
    details:
      - With O(pull=always) the registry is asked, and nothing is pulled.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - O(recreate=true) and O(restart=true) act in every run, and O(detach=false) runs a container that has ended
        again.
options:
  name:
    description:
      - The name of the container. For a container that is there, its id or at least 12 characters of it will do.
    type: str
    required: true
  state:
    description:
      - V(started) is running.
      - V(healthy) is running, and the task waits until the health check says so. See O(healthcheck) and
        O(healthy_wait_timeout).
      - V(stopped) is there and does not run.
      - V(present) is there. A container that is not there is created and not started. One that is there runs on or
        stays stopped.
      - V(absent) is not there. A running container is stopped first, see O(force_kill). Settings have no meaning
        then.
    type: str
    choices: [absent, present, stopped, started, healthy]
    default: started

  # The image.
  image:
    description:
      - The image, as C(NAME), C(NAME:TAG), C(NAME@DIGEST) or an id. A name without a tag means V(latest).
      - Needed to create a container. Without it, a container that is there keeps its image.
      - A container that runs another image than the one that this name stands for is recreated. O(comparisons) with
        C(image=ignore) prevents that.
    type: str
  pull:
    description:
      - When the image is pulled from its registry. With V(missing) when the engine does not have it, with V(never)
        not at all.
      - With V(always), when the registry has another image under this name than the engine. The registry is only
        asked which one it has, so a run that finds nothing new transfers nothing.
      - V(true) is taken for V(always) and V(false) for V(missing).
      - An image that is given by its id is never pulled.
    type: raw
    choices: [never, missing, always, true, false]
    default: missing
  platform:
    description:
      - The platform of the image, as C(OS[/ARCHITECTURE[/VARIANT]]), for example V(linux/arm64).
      - It counts when an image is pulled or a container is created. An image that is there for other platforms only
        counts as not there. The platform of a container that is there is not compared.
    type: str
  image_comparison:
    description:
      - An image gives settings to its containers, such as variables, labels and volumes. With a V(strict) comparison
        of those, the image whose part is left out of the comparison.
      - V(desired-image) is the one that O(image) names, V(current-image) the one that the container was made of.
    type: str
    choices: [desired-image, current-image]
    default: desired-image
  image_label_mismatch:
    description:
      - With V(fail), an image that brings labels which O(labels) does not name is an error.
      - It counts with C(labels=strict) or C(*=strict) in O(comparisons) only.
    type: str
    choices: [ignore, fail]
    default: ignore
  image_name_mismatch:
    description:
      - What happens when the container runs the wanted image but was made under another name of it.
    type: str
    choices: [ignore, recreate]
    default: recreate

  # How the container gets to its state.
  comparisons:
    description:
      - How settings are compared, option by option. The key V(*) stands for all options that are not named.
      - V(strict), nothing else may be there. V(allow_more_present), more entries may be there and stay, for lists and
        dictionaries. V(ignore), a difference does not count.
      - Without it, lists without an order and dictionaries allow more, and all else is strict. O(stop_timeout) is
        ignored.
      - The keys are the names of the settings, not their aliases. V(image) can be V(strict) or V(ignore).
    type: dict
  recreate:
    description:
      - Recreate the container in every run, even when nothing differs.
    type: bool
    default: false
  recreate_dependents:
    description:
      - Containers that live in the network, IPC or PID namespace of this one (C(container:NAME)) lose it when this
        one is recreated. With V(true) they are recreated as well, with their settings as they are. Without it, the
        task warns of them.
    type: bool
    default: false
  rename_from:
    description:
      - The former name of the container. When there is no container O(name) and there is one of this name, it is
        renamed.
    type: str
  restart:
    description:
      - Restart the container when it runs and this run does not start or recreate it anyway.
    type: bool
    default: false
  paused:
    description:
      - Whether the processes of the running container are frozen.
    type: bool
  detach:
    description:
      - With V(false), a run that starts the container waits until it has ended. The exit code is returned as
        RV(status) and the output as RV(container.Output). The task fails when the exit code is not 0.
    type: bool
    default: true
  cleanup:
    description:
      - With O(detach=false), remove the container when it has ended.
    type: bool
    default: false
  force_kill:
    description:
      - Kill the container where it would be stopped.
    type: bool
    default: false
    aliases: [forcekill]
  kill_signal:
    description:
      - The signal for O(force_kill). The engine's default is V(KILL).
    type: str
  keep_volumes:
    description:
      - Whether the anonymous volumes of a container stay when it is removed. Volumes with a name always stay.
    type: bool
    default: true
  renew_anonymous_volumes:
    description:
      - Whether a recreated container gets new anonymous volumes. Without it, those of the old container move to the
        new one.
    type: bool
    default: false
  healthy_wait_timeout:
    description:
      - For how many seconds O(state=healthy) waits. With V(0), as long as it takes.
      - A container that becomes unhealthy or ends makes the task fail at once.
    type: float
    default: 300
  removal_wait_timeout:
    description:
      - For how many seconds to wait until the engine has removed a container. Without it, O(timeout) counts.
    type: float

  # What runs, and as whom.
  command:
    description:
      - The command, or the arguments for O(entrypoint). A list of words, or text that is split at spaces, with quotes
        as in a shell.
      - No shell runs it. For variables and pipes write V([sh, -c, "..."]).
    type: raw
  entrypoint:
    description:
      - The program in front of O(command), instead of that of the image. A list of words, or text as for O(command).
        An empty list takes the image's away.
      - With an entry point of its own, a container does not get the command of the image.
    type: raw
  env:
    description:
      - Environment variables. Values are text, so put quotes around V("true"), V("1") and V("0755").
      - A variable that is V(null) is taken away, also when the image sets it.
    type: dict
  env_file:
    description:
      - A file on the target with a C(NAME=value) in each line. Empty lines and lines that start with C(#) are left
        out. A name alone takes the value that the task's environment has.
      - O(env) goes first where both name a variable.
    type: path
  secret_env:
    description:
      - Names of variables whose values appear nowhere, neither in a diff nor in a result. That one has changed is
        shown.
    type: list
    elements: str
  labels:
    description:
      - Labels of the container. Values are text.
    type: dict
  annotations:
    description:
      - Annotations, which are passed on to the runtime.
      - Needs API 1.43.
    type: dict
  user:
    description:
      - Who runs the command, as C(USER) or C(USER:GROUP), each a name or a number.
    type: str
  groups:
    description:
      - Further groups of that user, names or numbers.
    type: list
    elements: str
  working_dir:
    description:
      - The directory in which the command runs.
    type: str
  shell:
    description:
      - The shell for commands that are text, as a list such as V([/bin/bash, -c]). It serves images that are made of
        the container.
    type: list
    elements: str
  tty:
    description:
      - Whether the container has a terminal.
    type: bool
  interactive:
    description:
      - Whether the standard input stays open.
    type: bool
  console_size:
    description:
      - The size of the terminal, height and width.
      - Needs API 1.42.
    type: list
    elements: int
  init:
    description:
      - Whether a small init process is the first process in the container, passes signals on and reaps processes.
    type: bool
  stop_signal:
    description:
      - The signal that asks the container to end, such as V(SIGTERM), V(term) or V(15). The engine's default is
        C(SIGTERM).
    type: str
  stop_timeout:
    description:
      - For how many seconds to wait for the end after O(stop_signal), before the container is killed.
      - It counts when this task stops the container, and is stored in a container that this task creates. A
        difference alone changes nothing, unless O(comparisons) says V(strict).
    type: int
  restart_policy:
    description:
      - When the engine starts the container again by itself. Changed in place.
      - Put quotes around V("no").
    type: str
    choices: ["no", on-failure, always, unless-stopped]
  restart_retries:
    description:
      - How often O(restart_policy=on-failure) tries, V(0) for no limit. Changed in place.
    type: int
  auto_remove:
    description:
      - Whether the engine removes the container when it has ended. It does not go with a O(restart_policy).
    type: bool
  runtime:
    description:
      - The runtime, of those that the engine knows, such as V(runc) or V(nvidia).
    type: str
  log_driver:
    description:
      - Where the output goes, such as V(json-file), V(local), V(journald), V(syslog) or V(none). Another driver
        starts without the O(log_options) of the present one.
    type: str
  log_options:
    description:
      - Options of the log driver. Values can be text, numbers and booleans.
    type: dict
    aliases: [log_opt]

  # Networks.
  networks:
    description:
      - The networks of the container. On a new container the first one is the main network, unless O(network_mode)
        names another, and the default network is not joined.
      - Reconnected. Only the networks that differ are left and joined, and others stay joined, unless O(comparisons)
        says V(strict).
      - A MAC address on a running container recreates it, below API 1.54.
    type: list
    elements: dict
    suboptions:
      name:
        description:
          - The name or the id of the network, which must be there.
        type: str
        required: true
      ipv4_address:
        description:
          - The IPv4 address of the container there. The network needs a subnet of its own.
        type: str
      ipv6_address:
        description:
          - The IPv6 address of the container there.
        type: str
      link_local_ips:
        description:
          - Link-local addresses of the container there.
        type: list
        elements: str
      aliases:
        description:
          - Further names by which other containers find this one in the network.
        type: list
        elements: str
      links:
        description:
          - Other containers under names that only this container knows, as C(CONTAINER:NAME).
        type: list
        elements: str
      driver_opts:
        description:
          - Options for the driver of the network. Values can be text, numbers and booleans.
        type: dict
      mac_address:
        description:
          - The MAC address of the container there.
          - Needs API 1.44. For the main network of an older engine see the option O(mac_address).
        type: str
      gw_priority:
        description:
          - The network with the highest number gives the default gateway.
          - Needs API 1.48.
        type: int
  purge_networks:
    description:
      - Leave all networks that O(networks) does not name. The same as C(networks=strict) in O(comparisons).
    type: bool
    default: false
  network_mode:
    description:
      - The main network, V(bridge), V(host), V(none), C(container:NAME) or the name of a network. V(default) is
        V(bridge).
    type: str
  network_disabled:
    description:
      - Whether the container has no network at all.
    type: bool
  mac_address:
    description:
      - The MAC address in the main network. Reconnected or recreated, as O(networks[].mac_address).
    type: str
  hostname:
    description:
      - The name that the container has for itself. The engine's default is the start of the container's id.
    type: str
  domainname:
    description:
      - The domain that goes with O(hostname).
    type: str
  published_ports:
    description:
      - Ports of the container that can be reached at the engine's machine, each as
        C([ADDRESS:][HOSTPORT:]PORT[/PROTOCOL]), with V(tcp), V(udp) or V(sctp) as the protocol and an IPv6 address in
        brackets.
      - V(8080:80) publishes port 80 as 8080. V(80) takes a free port. V(8000-8010:80) takes a free port of the range.
        V(7000-7010:9000-9010) publishes eleven ports.
      - Without an address, a port that is there on all addresses will do, see O(default_host_ip).
    type: list
    elements: str
    aliases: [ports]
  default_host_ip:
    description:
      - The address for all O(published_ports) that name none. Without it, the engine publishes on all its addresses,
        of IPv4 and IPv6.
    type: str
  publish_all_ports:
    description:
      - Whether all exposed ports are published, at free ports of the engine's machine.
    type: bool
  exposed_ports:
    description:
      - Ports that the application listens on, as C(PORT[/PROTOCOL]) or a range. Published ports are exposed by
        themselves.
    type: list
    elements: str
    aliases: [exposed, expose]
  dns_servers:
    description:
      - The addresses of the DNS servers.
    type: list
    elements: str
  dns_search_domains:
    description:
      - The domains in which short names are looked up.
    type: list
    elements: str
  dns_opts:
    description:
      - Options for C(/etc/resolv.conf).
    type: list
    elements: str
  etc_hosts:
    description:
      - Names to addresses, for C(/etc/hosts). The address V(host-gateway) is that of the engine's machine.
    type: dict
  links:
    description:
      - Other containers of the default network, as C(CONTAINER:NAME). For all other networks see O(networks[].links).
    type: list
    elements: str

  # Storage.
  volumes:
    description:
      - What is mounted, in the short form C([SOURCE:]TARGET[:OPTIONS]). A source that starts with V(/), V(.) or V(~)
        is a path, any other the name of a volume, and none an anonymous volume. The engine makes what is missing.
      - The options are, with commas between them, V(ro) or V(rw), V(z) or V(Z) for SELinux, V(nocopy), and the
        propagations of O(mounts[].propagation). V(consistent), V(cached) and V(delegated) are taken and mean nothing.
      - A mount that O(mounts) describes with the same settings is the same.
    type: list
    elements: str
  volume_driver:
    description:
      - The driver for volumes of O(volumes) that the engine has to make.
    type: str
  volumes_from:
    description:
      - Containers whose volumes are mounted as well, as C(CONTAINER[:ro]).
    type: list
    elements: str
  tmpfs:
    description:
      - File systems in memory, as C(PATH[:OPTIONS]), for example V(/run:size=16m,mode=755).
    type: list
    elements: str
  read_only:
    description:
      - Whether the file system of the container is read-only, apart from what is mounted.
    type: bool
  shm_size:
    description:
      - The size of C(/dev/shm), such as V(128M). The engine's default is V(64M).
    type: str
  storage_opts:
    description:
      - Options for the storage driver, such as V(size).
    type: dict

  # Devices.
  devices:
    description:
      - Devices of the engine's machine, as C(PATH[:PATH_IN_CONTAINER[:PERMISSIONS]]). Permissions are letters of
        V(rwm), and all three without it.
    type: list
    elements: str
  device_requests:
    description:
      - Devices that a driver provides, such as GPUs or CDI devices.
      - Needs API 1.40.
    type: list
    elements: dict
    suboptions:
      driver:
        description:
          - The driver, such as V(nvidia) or V(cdi).
        type: str
      count:
        description:
          - How many devices, V(-1) for all.
        type: int
      device_ids:
        description:
          - The devices by their ids.
        type: list
        elements: str
      capabilities:
        description:
          - Lists of capabilities. A device must have all capabilities of one of the lists.
        type: list
        elements: list
      options:
        description:
          - Options for the driver.
        type: dict
  gpus:
    description:
      - GPUs, as C(docker run --gpus) has them, V(all), a number, or for example V(device=0) or
        V(count=2,capabilities=utility,driver=nvidia). Quotes stand around what has a comma of its own,
        V("device=0,1").
      - It is a short form of O(device_requests) and excludes it.
      - Needs API 1.40.
    type: str
  device_cgroup_rules:
    description:
      - Rules for the devices that are not there yet, such as V(c 13:* rmw).
    type: list
    elements: str

  # Namespaces and security.
  privileged:
    description:
      - Whether the container can do what root on the engine's machine can.
    type: bool
  capabilities:
    description:
      - Capabilities of the kernel to add, such as V(NET_ADMIN), in capitals or not, with C(CAP_) or without.
    type: list
    elements: str
  cap_drop:
    description:
      - Capabilities of the kernel to take away. V(ALL) stands for all.
    type: list
    elements: str
  security_opts:
    description:
      - Security options, such as V(no-new-privileges), V(apparmor=NAME), V(label=disable), V(systempaths=unconfined),
        V(seccomp=unconfined) or C(seccomp=FILE) with a file on the target.
    type: list
    elements: str
  masked_paths:
    description:
      - Paths that the container cannot see, instead of the engine's own list. An empty list masks nothing.
      - Needs API 1.38.
    type: list
    elements: str
  readonly_paths:
    description:
      - Paths that the container cannot write, instead of the engine's own list. An empty list protects nothing.
      - Needs API 1.38.
    type: list
    elements: str
  sysctls:
    description:
      - Parameters of the kernel, for the namespaces of the container. Values can be text, numbers and booleans.
    type: dict
  ipc_mode:
    description:
      - The IPC namespace, V(private), V(shareable), V(host), V(none) or C(container:NAME).
    type: str
  pid_mode:
    description:
      - The PID namespace, V(host) or C(container:NAME). Empty text is a namespace of its own.
    type: str
  uts:
    description:
      - The UTS namespace. V(host) is that of the engine's machine, empty text one of its own.
    type: str
  userns_mode:
    description:
      - The user namespace. V(host) is that of the engine's machine, empty text what the engine is set to.
    type: str
  cgroupns_mode:
    description:
      - The namespace of control groups.
      - Needs API 1.41.
    type: str
    choices: [private, host]
  cgroup_parent:
    description:
      - The control group below which that of the container is made.
    type: str
  isolation:
    description:
      - How a container of Windows is isolated, V(default), V(process) or V(hyperv).
    type: str

  # Limits.
  memory:
    description:
      - The most memory, such as V(512M) or V(1.5G). Units are V(B), V(K), V(M), V(G), V(T) and V(P), each 1024 times
        the one before. V(0) is no limit.
      - Changed in place. A limit is taken away by recreating.
    type: str
  memory_reservation:
    description:
      - The memory that the container keeps when memory gets short, as O(memory). Changed in place, taken away by
        recreating.
    type: str
  memory_swap:
    description:
      - Memory and swap together, as O(memory), or V(unlimited). When only O(memory) is named, it is twice that, and
        follows it.
      - Changed in place, taken away by recreating.
    type: str
  memory_swappiness:
    description:
      - How readily memory is swapped out, from V(0) to V(100). It is for control groups of version 1.
    type: int
  cpus:
    description:
      - How many CPUs the container may use, such as V(1.5). V(0) is no limit. It excludes O(cpu_quota) and
        O(cpu_period).
      - Changed in place, taken away by recreating.
    type: float
  cpu_period:
    description:
      - The length of a period of the CPU scheduler, in microseconds. Changed in place, taken away by recreating.
    type: int
  cpu_quota:
    description:
      - How much CPU time the container has in each O(cpu_period), in microseconds. Changed in place, taken away by
        recreating.
    type: int
  cpu_rt_period:
    description:
      - The length of a period of the real-time scheduler, in microseconds. Changed in place, taken away by
        recreating.
    type: int
  cpu_rt_runtime:
    description:
      - How much CPU time the container has in each O(cpu_rt_period), in microseconds. Changed in place, taken away by
        recreating.
    type: int
  cpu_shares:
    description:
      - The weight of the container where CPUs are short. The kernel's default is V(1024). Changed in place, taken
        away by recreating.
    type: int
  cpuset_cpus:
    description:
      - The CPUs that the container may use, such as V(0-2,4). Changed in place, taken away by recreating.
    type: str
  cpuset_mems:
    description:
      - The memory nodes that the container may use, such as V(0,1). Changed in place, taken away by recreating.
    type: str
  pids_limit:
    description:
      - How many processes and threads the container may have. V(-1) and V(0) are no limit. Changed in place from API
        1.40 on.
    type: int
  blkio_weight:
    description:
      - The weight of the container where block devices are busy, from V(10) to V(1000). V(0) is none. Changed in
        place, taken away by recreating.
    type: int
  blkio_weight_device:
    description:
      - The same for single devices. Changed in place from API 1.55 on.
    type: list
    elements: dict
    suboptions:
      path: &path
        description:
          - The path of the device on the engine's machine.
        type: str
        required: true
      weight:
        description:
          - The weight, from V(10) to V(1000).
        type: int
        required: true
  device_read_bps:
    description:
      - How many bytes a second can be read from a device. Changed in place from API 1.55 on.
    type: list
    elements: dict
    suboptions: &bytes
      path: *path
      rate:
        description:
          - Bytes a second, such as V(20M).
        type: str
        required: true
  device_write_bps:
    description:
      - How many bytes a second can be written to a device. Changed in place from API 1.55 on.
    type: list
    elements: dict
    suboptions: *bytes
  device_read_iops:
    description:
      - How often a second a device can be read. Changed in place from API 1.55 on.
    type: list
    elements: dict
    suboptions: &operations
      path: *path
      rate:
        description:
          - Operations a second.
        type: int
        required: true
  device_write_iops:
    description:
      - How often a second a device can be written to. Changed in place from API 1.55 on.
    type: list
    elements: dict
    suboptions: *operations
  ulimits:
    description:
      - Limits for the processes of the container, as C(NAME:SOFT[:HARD]), for example V(nofile:1024:2048). V(-1) is
        no limit.
    type: list
    elements: str
  oom_killer:
    description:
      - Whether the kernel is kept from killing the container when memory runs out. V(true) does switch the killer
        off.
    type: bool
  oom_score_adj:
    description:
      - How readily the kernel kills the container when memory runs out, from V(-1000) to V(1000).
    type: int
seealso:
  - module: dockside.engine.image
  - module: dockside.engine.network
  - module: dockside.engine.volume
"""

EXAMPLES = r"""
- name: A web server, reachable on port 8080
  dockside.engine.container:
    name: web
    image: nginx:1.27-alpine
    published_ports:
      - 8080:80
    volumes:
      - site:/usr/share/nginx/html:ro
    env:
      TZ: Europe/Berlin
    restart_policy: unless-stopped
    memory: 256M

- name: The same, done when the application answers
  dockside.engine.container:
    name: web
    state: healthy
    image: nginx:1.27-alpine
    healthcheck:
      test: wget -q -O /dev/null http://localhost/
      interval: 10s
      timeout: 2s
      retries: 3
    healthy_wait_timeout: 60

- name: Two networks, with a fixed address and another name in one of them
  dockside.engine.container:
    name: api
    image: registry.example.com/api:2.1
    networks:
      - name: backend
        ipv4_address: 10.20.0.10
        aliases: [api.internal]
      - name: frontend

- name: Leave every other network
  dockside.engine.container:
    name: api
    networks:
      - name: backend
    comparisons:
      networks: strict

- name: All GPUs of the machine
  dockside.engine.container:
    name: training
    image: registry.example.com/training:7
    gpus: all

- name: A one-off job, whose output is shown
  dockside.engine.container:
    name: migrate
    image: registry.example.com/api:2.1
    command: [/app/manage, migrate]
    networks:
      - name: backend
    detach: false
    cleanup: true
  register: migration

- name: What it said
  ansible.builtin.debug:
    var: migration.container.Output

- name: Stop a container, whatever its settings are
  dockside.engine.container:
    name: web
    state: stopped

- name: Exactly these variables, and whatever image is there
  dockside.engine.container:
    name: api
    image: registry.example.com/api:2.1
    env:
      LOG_LEVEL: info
      WORKERS: "4"
    comparisons:
      env: strict
      image: ignore

- name: Give a container a new name
  dockside.engine.container:
    name: api
    rename_from: backend_api

- name: A password that no log shows
  dockside.engine.container:
    name: db
    image: postgres:17
    env:
      POSTGRES_PASSWORD: "{{ db_password }}"
    secret_env: [POSTGRES_PASSWORD]

- name: A mount with options of its own, and memory that is no disk
  dockside.engine.container:
    name: db
    image: postgres:17
    mounts:
      - target: /var/lib/postgresql/data
        source: db
      - target: /run/postgresql
        type: tmpfs
        tmpfs_size: 16M
        tmpfs_mode: "1777"

- name: No container, and nothing left of its anonymous volumes
  dockside.engine.container:
    name: web
    state: absent
    keep_volumes: false
"""

RETURN = r"""
container:
  description:
    - The container as the engine's C(GET /containers/NAME/json) describes it, empty when there is none. In check mode
      as it was.
    - Values of variables that O(secret_env) names are hidden.
  returned: success
  type: dict
  contains:
    Id:
      description: The id.
      returned: when the container is there
      type: str
      sample: 9cd0a94f3f2b6f7ff5a1b5d4ee3a1f9c0d8b3f6a2c5e7d9b1a3c5e7f9b1d3f5a
    Name:
      description: The name, with a C(/) in front.
      returned: when the container is there
      type: str
      sample: /web
    Image:
      description: The id of its image.
      returned: when the container is there
      type: str
      sample: sha256:2f62d6fe2c9d1d5e3ec1f1a0c6b5bd4c8a34e2f7cb1b5f0a8d5d7d8e2c3b1a09
    State:
      description: Whether it runs, since when, and how it ended.
      returned: when the container is there
      type: dict
      sample:
        Status: running
        Running: true
        Paused: false
        ExitCode: 0
        StartedAt: "2026-11-02T08:15:30.123456789Z"
    Config:
      description: Its settings, together with what the image gave.
      returned: when the container is there
      type: dict
      sample:
        Image: nginx:1.27-alpine
        Env: ["TZ=Europe/Berlin"]
    HostConfig:
      description: Its settings that belong to the engine's machine.
      returned: when the container is there
      type: dict
      sample:
        Memory: 268435456
        PortBindings:
          80/tcp:
            - HostIp: ""
              HostPort: "8080"
    NetworkSettings:
      description: Its networks, with its addresses in them, and the ports as they are published now.
      returned: when the container is there
      type: dict
      sample:
        Networks:
          backend:
            IPAddress: 10.20.0.10
    Output:
      description: What it wrote to its standard output and standard error, in one text.
      returned: O(detach=false), when this run has started the container
      type: str
      sample: "12 tables were changed\n"
status:
  description: The exit code of the container.
  returned: O(detach=false), when this run has started the container, also when the task has failed
  type: int
  sample: 0
progress:
  description:
    - What the pull of the image has moved, as far as the engine tells of it.
  returned: when the image was pulled
  type: list
  elements: dict
  sample:
    - action: pull image nginx:1.27-alpine
      layers: 7
      transferred: 3
      bytes: 30153982
      digest: sha256:0a399eb16751829e1af26fea27b20c3ec28d7ab1fb72182879dcae1cca21206a
actions:
  description: What was done, or in check mode would be done, in this order.
  returned: always
  type: list
  elements: str
  sample:
    - pull image nginx:1.27-alpine
    - recreate container web
changes:
  description: Why, for programs. Every setting that differed, with what its change costs.
  returned: success
  type: list
  elements: dict
  contains:
    option:
      description: The option.
      returned: success
      type: str
      sample: memory
    before:
      description: The value that was there, as a task would write it.
      returned: success
      type: raw
      sample: 128M
    after:
      description: The value that is there now.
      returned: success
      type: raw
      sample: 256M
    action:
      description: What the change costs, V(update), V(reconnect) or V(recreate).
      returned: success
      type: str
      sample: update
"""

from ansible_collections.dockside.engine.plugins.module_utils._module import run
from ansible_collections.dockside.engine.plugins.module_utils._resources.container import Container


def main() -> None:
    run(Container)


if __name__ == "__main__":
    main()
