# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The settings of a container; a part of the twin of module_utils/_resources/container_table.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
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
        difference alone changes nothing, unless O(dockside.engine.container#module:comparisons) says V(strict).
    type: int
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
      - Reconnected. Only the networks that differ are left and joined, and others stay joined, unless
        O(dockside.engine.container#module:comparisons) says V(strict).
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
      - A mount that O(mounts) describes with the same settings is the same. Where an anonymous volume is asked for, a
        volume with a name that is mounted there will do. A bind mount gives way to a new volume.
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
"""
