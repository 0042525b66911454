# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of containers, on every engine."""

from __future__ import annotations

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.container_table import SCHEMA
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import RECONNECT, UPDATE

from tests.matrix.conftest import PODMAN, TARGETS
from tests.matrix.containers import Containers, directories, everywhere, neighbours, networks, on_podman
from tests.matrix.harness import Case, Options, Target

IDLE = ["/bin/idle"]
NEVER = {"state": "present"}  # for what not every machine has, such as a GPU: created, but never started
ON = {"network_mode": "one"}
UNKNOWN = "Podman does not know"  # and would say nothing
DROPPED = "Podman does not do what is asked for by"
UNSEEN = "Podman does not show"  # so a change is not noticed: test_what_podman_does_not_show
SECCOMP = '{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": []}'


def mount(**options: object) -> Options:
    return {"mounts": [{"target": "/data", **options}]}


def end(**options: object) -> Options:
    return {"networks": [{"name": "one", **options}]}


def rates(option: str, first: object, second: object) -> Case:
    name = "weight" if "weight" in option else "rate"
    path = "/dev/null"
    return Case(
        option,
        {**NEVER, option: [{"path": path, name: first}]},
        {option: [{"path": path, name: second}]},
        costs={(1, 55): "recreate"},
    )


CASES = [
    Case("name alone", {}),
    # What runs, and as whom.
    Case("command", {"command": IDLE}, {"command": "/bin/idle 'a b'"}, shows={"Config.Cmd": IDLE}),
    Case(
        "entrypoint",
        {"entrypoint": IDLE, "command": []},
        {"entrypoint": "/bin/sh -c", "command": ["exec /bin/idle"]},
        shows={"Config.Entrypoint": IDLE},
    ),
    Case("entrypoint none", {"entrypoint": [], "command": IDLE}, {"entrypoint": IDLE}),
    Case("env", {"env": {"A": "1", "B": "x=y z"}}, {"env": {"A": "2"}}, shows={"Config.Env": ["A=1", "B=x=y z"]}),
    Case("env null", {"env": {"A": None}}, {"env": {"A": ""}}),
    Case(
        "labels", {"labels": {"a": "1", "b": ""}}, {"labels": {"a": "2"}}, shows={"Config.Labels": {"a": "1", "b": ""}}
    ),
    Case("labels strict", {"labels": {"a": "1"}}, {"labels": {}, "comparisons": {"labels": "strict"}}, why=("labels",)),
    Case("user", {"user": "app", "command": IDLE}, {"user": "1000:1000"}, shows={"Config.User": "app"}),
    Case("working_dir", {"working_dir": "/www/"}, {"working_dir": "/tmp"}, shows={"Config.WorkingDir": "/www"}),
    Case("shell", {"shell": ["/bin/sh", "-ec"]}, {"shell": ["/bin/sh"]}, refused={"podman": f"{DROPPED} shell"}),
    Case("tty", {"tty": True}, {"tty": False}, shows={"Config.Tty": True}),
    Case("interactive", {"interactive": True}, {"interactive": False}, shows={"Config.OpenStdin": True}),
    Case("stop_signal", {"stop_signal": "SIGINT"}, {"stop_signal": "term"}, shows={"Config.StopSignal": "INT"}),
    Case("stop_signal number", {"stop_signal": "2"}, {"stop_signal": "15"}),
    Case(
        "stop_timeout",
        {"stop_timeout": 5, "comparisons": {"stop_timeout": "strict"}},
        {"stop_timeout": 6},
        shows={"Config.StopTimeout": 5},
    ),
    Case(
        "healthcheck",
        {"healthcheck": {"test": "true", "interval": "1m30s", "timeout": "5s", "retries": 2, "start_period": "1s"}},
        {"healthcheck": {"test": ["CMD", "true"], "interval": "90s"}},
        shows={"Config.Healthcheck.Test": ["CMD-SHELL", "true"], "Config.Healthcheck.Interval": 90 * 10**9},
    ),
    Case("healthcheck member", {"healthcheck": {"test": "true", "retries": 2}}, {"healthcheck": {"retries": 3}}),
    Case("healthcheck none", {"healthcheck": {"test": "true"}}, {"healthcheck": {"test": "NONE"}}),
    Case(
        "healthcheck without test",
        {"healthcheck": {"interval": "1s"}},
        {"healthcheck": {"interval": "2s"}},
        refused={"podman": f"{DROPPED} healthcheck"},
    ),
    Case(
        "healthcheck start_interval",
        {"healthcheck": {"test": "true", "start_interval": "1s"}},
        {"healthcheck": {"start_interval": "2s"}},
        min_api=(1, 44),
        needs=("healthcheck.start_interval",),
    ),
    Case("groups", {"groups": ["app", "1234"]}, {"groups": ["4321"]}, shows={"HostConfig.GroupAdd": ["1234", "app"]}),
    Case("init", {"init": True}, {"init": False}, shows={"HostConfig.Init": True}),
    Case(
        "runtime",
        {"runtime": "runc"},
        shows={"HostConfig.Runtime": "runc"},
        refused={"podman": f"{DROPPED} runtime"},
    ),
    Case("auto_remove", {"auto_remove": True}, {"auto_remove": False}, shows={"HostConfig.AutoRemove": True}),
    Case("annotations", {"annotations": {"a": 1}}, {"annotations": {"a": "2"}}, min_api=(1, 43)),
    Case("console_size", {"console_size": [24, 80]}, {"console_size": [25, 80]}, min_api=(1, 42)),
    Case(
        "log_driver",
        {"log_driver": "json-file"},
        {"log_driver": "none"},
        shows={"HostConfig.LogConfig.Type": "json-file"},
    ),
    Case("log_driver local", {"log_driver": "local"}, {"log_driver": "none"}, refused={"podman": "invalid log driver"}),
    Case(
        "log_options",
        {"log_driver": "json-file", "log_options": {"max-size": "1m", "max-file": 2}},
        {"log_options": {"max-file": "3"}},
        without={"podman": UNSEEN},
        shows={"HostConfig.LogConfig.Config": {"max-size": "1m", "max-file": "2"}},
    ),
    Case(
        "log_driver with options",
        {"log_driver": "json-file", "log_options": {"labels": "a"}},
        {"log_driver": "local", "log_options": {"max-size": "1m"}},
        without={"podman": "there is no driver local"},
    ),
    # Ports.
    Case(
        "published_ports",
        {"published_ports": ["8098:80"]},
        {"published_ports": ["8099:80"]},
        shows={"HostConfig.PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8098"}]}},
    ),
    Case("published_ports more", {"published_ports": ["8098:80"]}, {"published_ports": ["8098:80", "8099:81/udp"]}),
    Case("published_ports random", {"published_ports": ["80"]}, {"published_ports": ["8098:80"]}),
    Case("published_ports range", {"published_ports": ["8098-8099:80-81"]}, {"published_ports": ["8097-8098:80-81"]}),
    Case(
        "published_ports free of a range",
        {"published_ports": ["8098-8099:80"]},
        {"published_ports": ["8098:80"]},
        refused={"podman": "published_ports: Podman takes no range"},
    ),
    Case(
        "published_ports addresses",
        {"published_ports": ["127.0.0.1:8098:80", "127.0.0.2:8098:80"]},
        {"published_ports": ["127.0.0.1:8098:80"]},
    ),
    Case("published_ports ipv6", {"published_ports": ["[::1]:8098:80"]}, {"published_ports": ["127.0.0.1:8098:80"]}),
    Case(
        "published_ports strict",
        {"published_ports": ["8098:80", "8099:81"]},
        {"published_ports": ["8098:80"], "comparisons": {"published_ports": "strict"}},
        why=("published_ports",),
    ),
    Case(
        "default_host_ip",
        {"default_host_ip": "127.0.0.1", "published_ports": ["8098:80"]},
        {"default_host_ip": "127.0.0.2"},
        why=("published_ports",),
    ),
    Case("exposed_ports", {"exposed_ports": ["81", "90-91/udp"]}, {"exposed_ports": ["82/sctp"]}),
    Case("publish_all_ports", {"publish_all_ports": True}, {"publish_all_ports": False}),
    # Storage.
    Case("volumes anonymous", {"volumes": ["/data"]}, {"volumes": ["data:/data"]}),
    Case("volumes named", {"volumes": ["data:/data"]}, {"volumes": ["data:/data:ro"]}),
    Case("volumes nocopy", {"volumes": ["data:/data:nocopy"]}, {"volumes": ["data:/data"]}),
    Case("volumes bind", {"volumes": ["/srv/one:/data"]}, {"volumes": ["/srv/two/:/data:ro"]}, prepare=directories),
    Case(
        "volumes relabel",
        {"volumes": ["/srv/one:/data:z"]},
        {"volumes": ["/srv/one:/data:Z"]},
        without={"podman": UNSEEN},
        prepare=directories,
    ),
    Case(
        "volumes propagation",
        {"volumes": ["/srv/shared:/data:rslave"]},
        {"volumes": ["/srv/shared:/data:rw,rshared"]},
        prepare=directories,
    ),
    Case(
        "volumes strict",
        {"volumes": ["one:/one", "two:/two"]},
        {"volumes": ["one:/one"], "comparisons": {"volumes": "strict"}},
        why=("volumes",),
    ),
    Case("mounts volume", mount(source="data"), mount(source="data", read_only=True)),
    Case(
        "mounts no_copy",
        mount(source="data", no_copy=True),
        mount(source="data", no_copy=False),
        refused={"podman": f"{UNKNOWN} mounts...no_copy"},
    ),
    Case(
        "mounts labels",
        mount(source="data", labels={"a": "1"}),
        mount(source="data", labels={"a": "2"}),
        refused={"podman": f"{UNKNOWN} mounts...labels"},
    ),
    Case(
        "mounts driver",
        mount(
            source="data", volume_driver="local", volume_options={"type": "tmpfs", "device": "tmpfs", "o": "size=1m"}
        ),
        mount(source="other"),
        refused={"podman": f"{UNKNOWN} mounts...volume_driver, mounts...volume_options"},
    ),
    Case("mounts anonymous", mount(), mount(source="data")),
    Case(
        "mounts subpath",
        mount(source="data", subpath="."),
        min_api=(1, 45),
        needs=("mounts[0].subpath",),
        prepare=neighbours,
    ),
    Case(
        "mounts bind", mount(type="bind", source="/srv/one"), mount(type="bind", source="/srv/two"), prepare=directories
    ),
    Case(
        "mounts propagation",
        mount(type="bind", source="/srv/shared", propagation="rslave"),
        mount(type="bind", source="/srv/shared", propagation="shared"),
        prepare=directories,
    ),
    Case(
        "mounts create_mountpoint",
        {"state": "started", **mount(type="bind", source="/srv/new", create_mountpoint=True)},
        mount(type="bind", source="/srv/new", create_mountpoint=False),
        min_api=(1, 42),
        needs=("mounts[0].create_mountpoint",),
    ),
    Case(
        "mounts non_recursive",
        mount(type="bind", source="/srv/one", non_recursive=True),
        mount(type="bind", source="/srv/one", non_recursive=False),
        min_api=(1, 40),
        needs=("mounts[0].non_recursive",),
        without={"podman": "with any option of its own, a bind mount is never recursive there"},
        prepare=directories,
    ),
    Case(
        "mounts read_only_non_recursive",
        mount(type="bind", source="/srv/one", read_only=True, read_only_non_recursive=True),
        mount(type="bind", source="/srv/one", read_only=True, read_only_non_recursive=False),
        min_api=(1, 44),
        needs=("mounts[0].read_only_non_recursive",),
        prepare=directories,
    ),
    Case(
        "mounts read_only_force_recursive",
        mount(type="bind", source="/srv/one", read_only=True, read_only_force_recursive=True, propagation="rprivate"),
        mount(type="bind", source="/srv/one", read_only=True, read_only_force_recursive=False),
        min_api=(1, 44),
        needs=("mounts[0].read_only_force_recursive",),
        prepare=directories,
    ),
    Case(
        "mounts tmpfs",
        mount(type="tmpfs", tmpfs_size="1M", tmpfs_mode="1770"),
        mount(type="tmpfs", tmpfs_size="2M", tmpfs_mode="1770"),
    ),
    Case(
        "mounts tmpfs_options",
        mount(type="tmpfs", tmpfs_options=[{"exec": None}]),
        mount(type="tmpfs", tmpfs_options=[{"noexec": None}]),
        min_api=(1, 46),
        needs=("mounts[0].tmpfs_options",),
    ),
    Case(
        "mounts image",
        mount(type="image", source="dockside/web:1", subpath="www"),
        mount(type="image", source="dockside/web:1", subpath="etc"),
        min_api=(1, 48),
        needs=("mounts[0].type=image",),
    ),
    Case(
        "mounts strict",
        {"mounts": [{"target": "/one", "source": "one"}, {"target": "/two", "source": "two"}]},
        {"mounts": [{"target": "/one", "source": "one"}], "comparisons": {"mounts": "strict"}},
        why=("mounts",),
    ),
    Case("tmpfs", {"tmpfs": ["/tmp:size=1m,mode=1770"]}, {"tmpfs": ["/tmp:mode=1770,size=2m"]}),
    Case("volumes_from", {"volumes_from": ["left"]}, {"volumes_from": ["right:ro"]}, prepare=neighbours),
    Case(
        "volume_driver",
        {"volume_driver": "local"},
        {"volume_driver": ""},
        refused={"podman": f"{DROPPED} volume_driver"},
    ),
    Case("read_only", {"read_only": True}, {"read_only": False}, shows={"HostConfig.ReadonlyRootfs": True}),
    Case(
        "storage_opts",
        {**NEVER, "storage_opts": {"size": "1G"}},
        {"storage_opts": {"size": "2G"}},
        # The containerd image store takes it and does nothing with it; the others need a file system with quotas.
        refused=dict.fromkeys({*TARGETS, *PODMAN} - {"28.5-containerd"}, "storage"),
    ),
    Case("shm_size", {"shm_size": "32M"}, {"shm_size": "16M"}, shows={"HostConfig.ShmSize": 32 << 20}),
    # Networks.
    Case("network_mode", {"network_mode": "one"}, {"network_mode": "two"}, prepare=networks),
    Case("network_mode default", {"network_mode": "default"}, {"network_mode": "none"}),
    Case("network_mode host", {"network_mode": "host"}, {"network_mode": "bridge"}),
    Case(
        "network_mode container",
        {"network_mode": "container:left"},
        {"network_mode": "container:right"},
        prepare=neighbours,
    ),
    Case("networks", end(), {"networks": [{"name": "two"}]}, RECONNECT, prepare=networks),
    Case(
        "networks strict",
        {"networks": [{"name": "one"}, {"name": "two"}]},
        {"networks": [{"name": "one"}], "comparisons": {"networks": "strict"}},
        RECONNECT,
        why=("networks",),
        prepare=networks,
    ),
    Case(
        "networks purge",
        {"networks": [{"name": "one"}, {"name": "two"}]},
        {"networks": [{"name": "two"}], "purge_networks": True},
        RECONNECT,
        why=("networks",),
        prepare=networks,
    ),
    Case("networks ipv4", end(ipv4_address="10.97.1.9"), end(ipv4_address="10.97.1.10"), RECONNECT, prepare=networks),
    Case(
        "networks ipv6",
        end(ipv6_address="fd00:97:1::9"),
        end(ipv6_address="fd00:97:1:0::a"),
        RECONNECT,
        prepare=networks,
    ),
    Case(
        "networks link_local_ips",
        end(link_local_ips=["169.254.8.8"]),
        end(link_local_ips=["169.254.9.9"]),
        RECONNECT,
        refused={"podman": f"{UNKNOWN} networks...link_local_ips"},
        prepare=networks,
    ),
    Case("networks aliases", end(aliases=["a", "b"]), end(aliases=["c"]), RECONNECT, prepare=networks),
    Case(
        "networks links",
        end(links=["left:a"]),
        end(links=["left:b", "right"]),
        RECONNECT,
        refused={"podman": f"{UNKNOWN} networks...links"},
        prepare=lambda target: (networks(target), neighbours(target)),
    ),
    Case(
        "networks driver_opts",
        end(driver_opts={"a": 1}),
        end(driver_opts={"a": "2"}),
        RECONNECT,
        refused={"podman": f"{UNKNOWN} networks...driver_opts"},
        prepare=networks,
    ),
    Case(
        "networks mac_address",
        end(mac_address="02:42:0A:00:00:09"),
        end(mac_address="02-42-0a-00-00-0a"),
        costs={(1, 54): "recreate"},
        min_api=(1, 44),
        needs=("networks[0].mac_address",),
        prepare=networks,
    ),
    Case(
        "networks gw_priority",
        end(gw_priority=5),
        end(gw_priority=6),
        RECONNECT,
        min_api=(1, 48),
        needs=("networks[0].gw_priority",),
        prepare=networks,
    ),
    Case("mac_address", {"mac_address": "02:42:0a:00:00:09"}, {"mac_address": "02:42:0a:00:00:0a"}),
    Case(
        "network_disabled",
        {"network_disabled": True},
        {"network_disabled": False},
        refused={"podman": f"{DROPPED} network_disabled"},
    ),
    Case("hostname", {"hostname": "a"}, {"hostname": "b"}, shows={"Config.Hostname": "a"}),
    Case(
        "domainname",
        {"domainname": "a.test"},
        {"domainname": "b.test"},
        shows={"Config.Domainname": "a.test"},
        refused={"podman": f"{DROPPED} domainname"},
    ),
    Case("dns_servers", {"dns_servers": ["10.0.0.1", "fd00::0:1"]}, {"dns_servers": ["fd00::1", "10.0.0.1"]}),
    Case("dns_opts", {"dns_opts": ["ndots:2"]}, {"dns_opts": ["ndots:3"]}),
    Case("dns_search_domains", {"dns_search_domains": ["a.test"]}, {"dns_search_domains": ["b.test"]}),
    Case(
        "etc_hosts",
        {"etc_hosts": {"a": "10.0.0.1", "b": "fd00::1"}},
        {"etc_hosts": {"a": "10.0.0.2", "c": "host-gateway"}},
    ),
    Case(
        "links",
        {"links": ["left:a"]},
        {"links": ["left:a", "right"]},
        refused={"podman": "link is not supported"},
        prepare=neighbours,
    ),
    # Namespaces and security.
    Case("capabilities", {**NEVER, "capabilities": ["net_admin"]}, {"capabilities": ["CAP_NET_ADMIN", "all"]}),
    Case("cap_drop", {"cap_drop": ["mknod"]}, {"cap_drop": ["MKNOD", "chown"]}),
    Case("cgroup_parent", {"cgroup_parent": "/dockside-one"}, {"cgroup_parent": "/dockside-two"}),
    Case(
        "cgroupns_mode",
        {"cgroupns_mode": "private"},
        {"cgroupns_mode": "host"},
        min_api=(1, 41),
        without={"podman": UNSEEN},
    ),
    Case(
        "device_cgroup_rules",
        {"device_cgroup_rules": ["c 13:* rwm"]},
        {"device_cgroup_rules": ["c 14:* r"]},
        without={"podman": UNSEEN},
    ),
    Case(
        "device_requests",
        {**NEVER, "device_requests": [{"capabilities": [["gpu"]], "count": 1}]},
        {"device_requests": [{"capabilities": [["gpu", "compute"]], "device_ids": ["0"], "options": {"a": 1}}]},
        min_api=(1, 40),
        needs=("device_requests",),
        refused={"podman": f"{UNKNOWN} device_requests.* without driver=cdi"},
    ),
    Case(
        "device_requests cdi",
        {**NEVER, "device_requests": [{"driver": "cdi", "device_ids": ["vendor.com/class=one"]}]},
        {"device_requests": [{"driver": "cdi", "device_ids": ["vendor.com/class=two"]}]},
        min_api=(1, 40),
        needs=("device_requests",),
        without={"podman": UNSEEN},
    ),
    Case(
        "gpus",
        {**NEVER, "gpus": "all"},
        {"gpus": '"device=0,1"'},
        min_api=(1, 40),
        needs=("gpus",),
        refused={"podman": f"{UNKNOWN} gpus"},
    ),
    Case("devices", {"devices": ["/dev/null:/dev/one"]}, {"devices": ["/dev/zero:/dev/one"]}),
    Case(
        "devices permissions",
        {"devices": ["/dev/null:/dev/one:r"]},
        {"devices": ["/dev/null:/dev/one:mr"]},
        without={"podman": UNSEEN},
    ),
    Case("ipc_mode", {"ipc_mode": "shareable"}, {"ipc_mode": "none"}, shows={"HostConfig.IpcMode": "shareable"}),
    Case("ipc_mode host", {"ipc_mode": "host"}, {"ipc_mode": "private"}),
    Case("ipc_mode container", {"ipc_mode": "container:left"}, {"ipc_mode": "container:right"}, prepare=neighbours),
    Case("isolation", {"isolation": "default"}),
    Case(
        "masked_paths",
        {"masked_paths": ["/proc/kcore"]},
        {"masked_paths": []},
        min_api=(1, 38),
        refused={"podman": f"{UNKNOWN} masked_paths"},
        shows={"HostConfig.MaskedPaths": ["/proc/kcore"]},
    ),
    Case(
        "readonly_paths",
        {"readonly_paths": []},
        {"readonly_paths": ["/proc/sys"]},
        min_api=(1, 38),
        refused={"podman": f"{UNKNOWN} readonly_paths"},
    ),
    Case("pid_mode", {"pid_mode": "host"}, {"pid_mode": ""}),
    Case("pid_mode container", {"pid_mode": "container:left"}, {"pid_mode": "container:right"}, prepare=neighbours),
    Case("privileged", {**NEVER, "privileged": True}, {"privileged": False}, shows={"HostConfig.Privileged": True}),
    Case(
        "security_opts",
        {"security_opts": ["no-new-privileges"]},
        {"security_opts": ["no-new-privileges:true", "seccomp=unconfined"]},
    ),
    Case(
        "security_opts seccomp",
        {"security_opts": [f"seccomp={SECCOMP}"]},
        {"security_opts": ["label=disable"]},
        refused={"podman": "opening seccomp profile failed"},  # it wants the path of a file
    ),
    Case(
        "security_opts systempaths",
        {"security_opts": ["systempaths=unconfined"]},
        min_api=(1, 38),
        needs=("masked_paths", "readonly_paths"),
    ),
    Case(
        "sysctls",
        {"sysctls": {"net.core.somaxconn": 1024}},
        {"sysctls": {"net.core.somaxconn": "512"}},
        without={"podman": UNSEEN},
    ),
    Case("userns_mode", {"userns_mode": "host"}, {"userns_mode": ""}),
    Case("uts", {"uts": "host"}, {"uts": ""}),
    # Limits.
    Case("restart_policy", {"restart_policy": "always"}, {"restart_policy": "unless-stopped"}, UPDATE),
    Case("restart_policy none", {"restart_policy": "always"}, {"restart_policy": "no"}, UPDATE),
    Case(
        "restart_retries",
        {"restart_policy": "on-failure", "restart_retries": 3},
        {"restart_retries": 4},
        UPDATE,
        shows={"HostConfig.RestartPolicy": {"Name": "on-failure", "MaximumRetryCount": 3}},
    ),
    Case(
        "restart_retries gone",
        {"restart_policy": "on-failure", "restart_retries": 3},
        {"restart_policy": "always", "restart_retries": None},
        UPDATE,
        why=("restart_policy",),
    ),
    Case("memory", {"memory": "64M"}, {"memory": "128m"}, UPDATE, shows={"HostConfig.MemorySwap": 128 << 20}),
    Case("memory less", {"memory": "128M"}, {"memory": "64M"}, UPDATE),
    Case("memory unlimited", {"memory": "64M"}, {"memory": "0"}),
    Case("memory_reservation", {"memory_reservation": "32M"}, {"memory_reservation": "48M"}, UPDATE),
    Case("memory_swap", {"memory": "64M", "memory_swap": "64M"}, {"memory_swap": "128M"}, UPDATE),
    Case("memory_swap unlimited", {"memory": "64M", "memory_swap": "128M"}, {"memory_swap": "unlimited"}, UPDATE),
    Case("memory_swappiness", {"memory_swappiness": 10}, {"memory_swappiness": 0}),
    Case("oom_killer", {"oom_killer": True}, {"oom_killer": False}),
    Case("oom_score_adj", {"oom_score_adj": 500}, {"oom_score_adj": 400}),
    Case("cpus", {"cpus": 1.5}, {"cpus": 0.5}, UPDATE, shows={"HostConfig.NanoCpus": 1_500_000_000}),
    Case("cpus none", {"cpus": 1.5}, {"cpus": 0}),
    Case(
        "cpu_quota",
        {"cpu_period": 100_000, "cpu_quota": 50_000},
        {"cpu_period": 50_000, "cpu_quota": 40_000},
        UPDATE,
    ),
    Case("cpu_period", {"cpu_period": 100_000}, {"cpu_period": 50_000}, UPDATE),
    Case(
        "cpus for quota",
        {"cpu_quota": 50_000},
        {"cpu_quota": None, "cpus": 0.7},
        why=("cpus",),
    ),
    Case(
        "quota for cpus",
        {"cpus": 0.5},
        {"cpus": None, "cpu_quota": 70_000},
        why=("cpu_quota",),
        costs={"podman": UPDATE},
    ),
    Case(
        "cpu_rt_runtime",
        {**NEVER, "cpu_rt_period": 1_000_000, "cpu_rt_runtime": 10_000},
        {"cpu_rt_runtime": 20_000},
        UPDATE,
    ),
    Case("cpu_rt_period", {**NEVER, "cpu_rt_period": 1_000_000}, {"cpu_rt_period": 900_000}, UPDATE),
    Case("cpu_shares", {"cpu_shares": 512}, {"cpu_shares": 256}, UPDATE, shows={"HostConfig.CpuShares": 512}),
    Case("cpu_shares none", {"cpu_shares": 512}, {"cpu_shares": 0}),
    Case("cpuset_cpus", {"cpuset_cpus": "0-1"}, {"cpuset_cpus": "0"}, UPDATE),
    Case("cpuset_cpus same", {"cpuset_cpus": "0-1"}, {"cpuset_cpus": "0"}, UPDATE),
    Case("cpuset_mems", {"cpuset_mems": "0"}, {"cpuset_mems": ""}),
    Case("pids_limit", {"pids_limit": 100}, {"pids_limit": 200}, UPDATE, costs={(1, 40): "recreate"}),
    Case("pids_limit none", {"pids_limit": 100}, {"pids_limit": -1}, UPDATE, costs={(1, 40): "recreate"}),
    Case("ulimits", {"ulimits": ["nofile:1024:2048", "core=-1"]}, {"ulimits": ["nofile:512"]}),
    rates("device_read_bps", "1M", "2M"),
    rates("device_write_bps", "1M", "2M"),
    rates("device_read_iops", 1000, 2000),
    rates("device_write_iops", 1000, 2000),
]


# Other ways to speak to engines of which all else is tried elsewhere: here nothing needs to be started.
VARIANTS = ("20.10-api1.33", "28.5-containerd", "28.5-min", "podman")
# What Podman shows only while the container runs.
SHOWN_RUNNING = ("env", "mac_address", "networks ipv4", "networks ipv6", "published_ports random")


@everywhere
@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, target: Target) -> None:
    created = target.name in VARIANTS and not (target.podman and case.id in SHOWN_RUNNING)
    Containers(target, **(NEVER if created else {})).prove(case)


@on_podman
@pytest.mark.parametrize("case", [case for case in CASES if case.without.get("podman") == UNSEEN], ids=str)
def test_what_podman_does_not_show(case: Case, target: Target) -> None:
    """It is taken, and the module says that it cannot see whether it is as wanted."""
    if case.prepare:
        case.prepare(target)
    bench = Containers(target, name="case")
    done = bench.agree({**case.options, **NEVER})
    assert done.actions == ["create container case"]
    assert [UNSEEN in text for text in done.value["warnings"]] == [True]
    bench.settled({**case.options, **NEVER})
    bench.settled({**case.options, **(case.changed or {}), **NEVER})


@on_podman
def test_what_comparisons_ignores_is_left_to_podman(target: Target) -> None:
    bench = Containers(target, name="case", domainname="a.test", comparisons={"domainname": "ignore"}, **NEVER)
    assert bench.agree({}).changed
    bench.settled({})


def test_every_option_has_a_case() -> None:
    elsewhere = {
        "blkio_weight",  # test_what_the_kernel_cannot_hold_is_no_change
        "blkio_weight_device",
    }
    assert {option for case in CASES for option in case.options} & set(SCHEMA.argument_spec()) == (
        set(SCHEMA.argument_spec()) - elsewhere
    )
