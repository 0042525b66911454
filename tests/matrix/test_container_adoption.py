# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What others made with the same settings is taken over: `docker run` command lines, and what compose sends."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from typing import Any

import pytest

from tests.matrix.containers import WEB, Containers, directories, neighbours, network, networks, on_plain_engines
from tests.matrix.harness import Options, Target

SECCOMP = {"defaultAction": "SCMP_ACT_ALLOW", "architectures": ["SCMP_ARCH_X86_64"], "syscalls": []}
ENV_FILE = 'A=1\n# a comment\n\nB=x y=z\nQUOTED="q"\n'


RICH = {
    "Entrypoint": ["/bin/idle"],
    "Cmd": ["argument"],
    "Env": ["A=1", "B=2"],
    "ExposedPorts": {"80/tcp": {}, "53/udp": {}},
    "Healthcheck": {"Test": ["CMD", "true"], "Interval": 5 * 10**9, "Retries": 2},
    "Labels": {"a": "b"},
    "StopSignal": "SIGINT",
    "User": "app",
    "Volumes": {"/image": {}},
    "WorkingDir": "/tmp",
}
FILES = {"/srv/env": ENV_FILE, "/srv/labels": "a=1\nb=x y\n", "/srv/seccomp": json.dumps(SECCOMP)}


def files(target: Target) -> None:
    directories(target)
    for path, text in FILES.items():
        target.engine.exec(["sh", "-c", f"cat > {path}"], stdin=text)


def rich(target: Target) -> None:
    """An image that brings settings of its own."""
    made = target.container("base", start=False)
    target.ask("POST", f"/commit?container={made}&repo=dockside/rich&tag=1", RICH)
    target.ask("DELETE", f"/containers/{made}")


# Words of a command line, and what makes the things that they speak of.
PREPARE: dict[str, Callable[[Target], Any]] = {
    "/srv/": files,
    "--network ": networks,
    "left": neighbours,
    "dockside/rich": rich,
}
# `docker run -d --name case FLAGS dockside/web:1 ARGUMENTS`, and the task that says the same; for those marked with a
# version, docker programs older than that do not know the flags.
# fmt: off
LINES: list[tuple[str, Options]] = [
    ("", {}),
    (f"{WEB} /bin/serve -v", {"command": ["/bin/serve", "-v"]}),
    (f"{WEB} sh -c 'exec /bin/idle \"a b\"'", {"command": "sh -c 'exec /bin/idle \"a b\"'"}),
    (f"--entrypoint /bin/idle {WEB} one two", {"entrypoint": "/bin/idle", "command": ["one", "two"]}),
    (f"--entrypoint '' {WEB} /bin/idle", {"entrypoint": [], "command": ["/bin/idle"]}),
    # Environment, labels, identity
    ("-e A=1 -e B= -e 'C=x y'", {"env": {"A": "1", "B": "", "C": "x y"}}),
    ("--env-file /srv/env -e A=2", {"env": {"A": "2", "B": "x y=z", "QUOTED": '"q"'}}),
    ("-e NOT_SET_ANYWHERE", {}),
    ("-l a=1 --label b", {"labels": {"a": "1", "b": ""}, "comparisons": {"labels": "strict"}}),
    ("--label-file /srv/labels", {"labels": {"a": "1", "b": "x y"}}),
    ("-u app", {"user": "app"}),
    ("-u 1000:1000 --group-add app --group-add 1234", {"user": "1000:1000", "groups": ["1234", "app"]}),
    ("-w /www/", {"working_dir": "/www"}),
    ("-h web --domainname a.test", {"hostname": "web", "domainname": "a.test"}),
    ("-t", {"tty": True}),
    ("-i", {"interactive": True}),
    ("-it", {"tty": True, "interactive": True}),
    ("--init", {"init": True}),
    ("--stop-signal SIGINT --stop-timeout 3", {"stop_signal": "INT", "stop_timeout": 3}),
    # Health checks
    (
        "--health-cmd true --health-interval 90s --health-timeout 5s --health-retries 2 --health-start-period 1s",
        {"healthcheck": {"test": "true", "interval": "1m30s", "timeout": "5s", "retries": 2, "start_period": "1s"}},
    ),
    ("--no-healthcheck", {"healthcheck": {"test": "NONE"}}),
    (
        "--health-cmd true --health-start-interval 2s #25",
        {"healthcheck": {"test": ["CMD-SHELL", "true"], "start_interval": "2s"}},
    ),
    # Ports
    ("-p 8098:80", {"published_ports": ["8098:80"], "comparisons": {"published_ports": "strict"}}),
    ("-p 0.0.0.0:8098:80", {"published_ports": ["8098:80/tcp"]}),
    ("-p 80", {"published_ports": ["80"]}),
    ("-p 127.0.0.1:8098:80", {"published_ports": ["127.0.0.1:8098:80"]}),
    ("-p 127.0.0.1::80", {"published_ports": ["127.0.0.1::80"]}),
    ("-p 127.0.0.1:8098:80", {"published_ports": ["8098:80"], "default_host_ip": "127.0.0.1"}),
    ("-p '[::1]:8098:80'", {"published_ports": ["[0:0::1]:8098:80"]}),
    ("-p 8098:80 -p 8098:80/udp --expose 1/sctp",
     {"published_ports": ["8098:80", "8098:80/udp"], "exposed_ports": ["1/sctp"]}),
    ("-p 8098-8099:80-81", {"published_ports": ["8098:80", "8099:81"]}),
    ("-p 8098-8099:80", {"published_ports": ["8098-8099:80"]}),
    ("-p 80-81", {"published_ports": ["80-81"]}),
    ("-p 127.0.0.1:8098:80 -p 127.0.0.2:8098:80", {"published_ports": ["127.0.0.2:8098:80", "127.0.0.1:8098:80"]}),
    ("--publish mode=ingress,target=80,published=8098,protocol=tcp", {"published_ports": ["8098:80"]}),
    ("-P --expose 81 --expose 90-91/udp", {"publish_all_ports": True, "exposed_ports": ["81", "90/udp", "91/udp"]}),
    # Volumes and mounts
    ("-v /data", {"volumes": ["/data"], "comparisons": {"volumes": "strict"}}),
    ("-v data:/data", {"volumes": ["data:/data:rw"]}),
    ("-v data:/data", {"mounts": [{"target": "/data", "source": "data"}]}),
    ("-v data:/data:ro,nocopy", {"volumes": ["data:/data:nocopy,ro"]}),
    ("-v /srv/one:/data:ro,z", {"volumes": ["/srv/one/:/data/:z,ro"]}),
    (
        "-v /srv/one:/data:ro",
        {"mounts": [{"type": "bind", "source": "/srv/one", "target": "/data", "read_only": True}]},
    ),
    ("-v /srv/shared:/data:rslave", {"volumes": ["/srv/shared:/data:rslave"]}),
    ("--mount type=volume,source=data,target=/data", {"volumes": ["data:/data"]}),
    ("--mount type=volume,target=/data", {"volumes": ["/data"]}),
    (
        "--mount type=volume,src=data,dst=/data,ro,volume-nocopy,volume-label=a=1",
        {"mounts": [{"source": "data", "target": "/data", "read_only": True, "no_copy": True, "labels": {"a": "1"}}]},
    ),
    (
        "--mount 'type=volume,src=data,dst=/data,volume-driver=local,volume-opt=type=tmpfs,volume-opt=device=tmpfs'",
        {
            "mounts": [
                {
                    "source": "data",
                    "target": "/data",
                    "volume_driver": "local",
                    "volume_options": {"type": "tmpfs", "device": "tmpfs"},
                }
            ]
        },
    ),
    (
        "--mount type=bind,source=/srv/shared,target=/data,readonly,bind-propagation=rslave",
        {
            "mounts": [
                {
                    "type": "bind",
                    "source": "/srv/shared",
                    "target": "/data",
                    "read_only": True,
                    "propagation": "rslave",
                }
            ]
        },
    ),
    (
        "--mount type=bind,source=/srv/one,target=/data",
        {"volumes": ["/srv/one:/data"]},
    ),
    (
        "--mount type=tmpfs,target=/tmp,tmpfs-size=1m,tmpfs-mode=1770",
        {"mounts": [{"type": "tmpfs", "target": "/tmp", "tmpfs_size": "1M", "tmpfs_mode": "1770"}]},
    ),
    (
        "--mount type=image,source=dockside/web:1,target=/data,image-subpath=www #28",
        {"mounts": [{"type": "image", "source": "dockside/web:1", "target": "/data", "subpath": "www"}]},
    ),
    (
        "--mount type=volume,source=data,target=/data,volume-subpath=. #26",
        {"mounts": [{"source": "data", "target": "/data", "subpath": "."}]},
    ),
    ("--tmpfs /tmp:size=1m,mode=1770 --tmpfs /run", {"tmpfs": ["/run", "/tmp:mode=1770,size=1m"]}),
    ("--volumes-from left --volumes-from right:ro", {"volumes_from": ["left", "right:ro"]}),
    ("--read-only --shm-size 32m", {"read_only": True, "shm_size": "32M"}),
    ("--volume-driver local -v data:/data", {"volume_driver": "local", "volumes": ["data:/data"]}),
    # Networks
    ("--network one", {"network_mode": "one"}),
    ("--network one", {"networks": [{"name": "one"}], "comparisons": {"networks": "strict"}}),
    (
        "--network one --ip 10.97.1.9 --ip6 fd00:97:1::9 --network-alias a --network-alias b "
        "--link-local-ip 169.254.8.8",
        {
            "networks": [
                {
                    "name": "one",
                    "ipv4_address": "10.97.1.9",
                    "ipv6_address": "fd00:97:1:0::9",
                    "aliases": ["b", "a"],
                    "link_local_ips": ["169.254.8.8"],
                }
            ]
        },
    ),
    (
        "--network name=one,alias=a,ip=10.97.1.9,driver-opt=x=1",
        {"networks": [{"name": "one", "aliases": ["a"], "driver_opts": {"x": "1"}}]},
    ),
    ("--network one --network two #25", {"networks": [{"name": "two"}, {"name": "one"}], "purge_networks": True}),
    ("--network name=one,gw-priority=3 #28", {"networks": [{"name": "one", "gw_priority": 3}]}),
    (
        "--network name=one,mac-address=02:42:0a:00:00:09 #25",
        {"networks": [{"name": "one", "mac_address": "02:42:0A:00:00:09"}]},
    ),
    ("--network one --link left:a", {"networks": [{"name": "one", "links": ["left:a"]}]}),
    ("--mac-address 02:42:0a:00:00:09", {"mac_address": "02-42-0a-00-00-09"}),
    ("--network none", {"network_mode": "none"}),
    ("--network host", {"network_mode": "host"}),
    ("--network bridge", {"network_mode": "default"}),
    ("--network container:left -e A=1", {"network_mode": "container:left", "env": {"A": "1"}}),
    ("--link left:a --link right", {"links": ["left:a", "right"]}),
    (
        "--dns 10.0.0.1 --dns-search a.test --dns-option ndots:2 --add-host a:10.0.0.1 --add-host b:fd00::1",
        {
            "dns_servers": ["10.0.0.1"],
            "dns_search_domains": ["a.test"],
            "dns_opts": ["ndots:2"],
            "etc_hosts": {"a": "10.0.0.1", "b": "fd00:0::1"},
        },
    ),
    ("--add-host docker:host-gateway", {"etc_hosts": {"docker": "host-gateway"}}),
    # Namespaces and security
    (
        "--cap-add net_admin --cap-add SYS_TIME --cap-drop MKNOD",
        {"capabilities": ["CAP_SYS_TIME", "NET_ADMIN"], "cap_drop": ["mknod"]},
    ),
    ("--cap-drop ALL --cap-add CHOWN -w /", {"cap_drop": ["all"], "capabilities": ["CHOWN"], "working_dir": "/"}),
    ("--privileged", {"privileged": True}),
    ("--security-opt no-new-privileges", {"security_opts": ["no-new-privileges:true"]}),
    (
        "--security-opt seccomp=unconfined --security-opt label=disable",
        {"security_opts": ["label:disable", "seccomp=unconfined"]},
    ),
    ("--security-opt seccomp=/srv/seccomp", {"security_opts": [f"seccomp={json.dumps(SECCOMP, indent=1)}"]}),
    ("--security-opt systempaths=unconfined", {"security_opts": ["systempaths=unconfined"]}),
    (
        "--pid host --uts host --ipc host --userns host",
        {"pid_mode": "host", "uts": "host", "ipc_mode": "host", "userns_mode": "host"},
    ),
    ("--ipc container:left --pid container:left", {"ipc_mode": "container:left", "pid_mode": "container:left"}),
    ("--ipc shareable --cgroupns private", {"ipc_mode": "shareable", "cgroupns_mode": "private"}),
    ("--sysctl net.core.somaxconn=1024", {"sysctls": {"net.core.somaxconn": 1024}}),
    ("--device /dev/null --device /dev/zero:/dev/one:r", {"devices": ["/dev/null", "/dev/zero:/dev/one:r"]}),
    ("--device-cgroup-rule 'c 13:* rwm'", {"device_cgroup_rules": ["c 13:* rwm"]}),
    ("--cgroup-parent /dockside-one", {"cgroup_parent": "/dockside-one"}),
    ("--annotation a=1 #24", {"annotations": {"a": "1"}}),
    ("--runtime runc --isolation default", {"runtime": "runc", "isolation": "default"}),
    # Limits
    ("-m 64m", {"memory": "64M"}),
    (
        "-m 64m --memory-swap 128m --memory-reservation 32m",
        {"memory": "64M", "memory_swap": "128M", "memory_reservation": "32M"},
    ),
    ("-m 64m --memory-swap -1 --memory-swappiness 10", {"memory": "64M", "memory_swap": -1, "memory_swappiness": 10}),
    ("--cpus 1.5", {"cpus": 1.5}),
    ("--cpu-period 100000 --cpu-quota 50000 -c 512", {"cpu_period": 100000, "cpu_quota": 50000, "cpu_shares": 512}),
    ("--cpuset-cpus 0-1 --cpuset-mems 0", {"cpuset_cpus": "0,1", "cpuset_mems": "0"}),
    ("--pids-limit 100", {"pids_limit": 100}),
    ("--pids-limit -1", {"pids_limit": 0}),
    ("--ulimit nofile=1024:2048 --ulimit core=0", {"ulimits": ["nofile:1024:2048", "core:0"]}),
    ("--oom-score-adj 500 -m 64m --oom-kill-disable", {"oom_score_adj": 500, "memory": "64M", "oom_killer": True}),
    # How it lives and logs
    ("--restart unless-stopped", {"restart_policy": "unless-stopped"}),
    ("--restart on-failure:3", {"restart_policy": "on-failure", "restart_retries": 3}),
    ("--restart on-failure", {"restart_policy": "on-failure"}),
    ("--rm", {"auto_remove": True}),
    (
        "--log-driver json-file --log-opt max-size=1m --log-opt max-file=2",
        {"log_driver": "json-file", "log_options": {"max-size": "1m", "max-file": 2}},
    ),
    ("--log-driver none", {"log_driver": "none"}),
    ("--log-opt labels=a", {"log_options": {"labels": "a"}}),
    # All at once, as people do it
    (
        "--restart always -p 8098:80 -p 127.0.0.1:8099:81 -v data:/var/lib/data -v /srv/one:/srv:ro --network one "
        "--network-alias web -e TZ=UTC -l traefik.enable=true --memory 64m --cpus .5 --health-cmd 'true' "
        "--log-opt max-size=10m --cap-drop ALL --cap-add NET_BIND_SERVICE --read-only --tmpfs /tmp --init",
        {
            "restart_policy": "always",
            "published_ports": ["8098:80", "127.0.0.1:8099:81"],
            "volumes": ["data:/var/lib/data", "/srv/one:/srv:ro"],
            "networks": [{"name": "one", "aliases": ["web"]}],
            "env": {"TZ": "UTC"},
            "labels": {"traefik.enable": "true"},
            "memory": "64M",
            "cpus": 0.5,
            "healthcheck": {"test": "true"},
            "log_options": {"max-size": "10m"},
            "cap_drop": ["ALL"],
            "capabilities": ["NET_BIND_SERVICE"],
            "read_only": True,
            "tmpfs": ["/tmp"],
            "init": True,
            "comparisons": {"*": "strict"},
        },
    ),
    # An image that brings settings of its own
    ("dockside/rich:1", {"image": "dockside/rich:1", "comparisons": {"*": "strict"}}),
    (
        "-e A=2 -l own=1 -v /data -p 8098:81 dockside/rich:1 more",
        {
            "image": "dockside/rich:1",
            "command": ["more"],
            "env": {"A": "2"},
            "labels": {"own": "1"},
            "volumes": ["/data"],
            "published_ports": ["8098:81"],
            "comparisons": {"*": "strict"},
        },
    ),
]
# fmt: on


def title(line: tuple[str, Options]) -> str:
    return line[0][:60] or "nothing"


def test_there_are_enough() -> None:
    assert len(LINES) >= 60


@on_plain_engines
@pytest.mark.parametrize("line", LINES, ids=title)
def test_docker_run(line: tuple[str, Options], target: Target) -> None:
    text, _mark, since = line[0].partition(" #")
    unknown = since and int(target.engine.version.partition(".")[0]) < int(since)
    for words, prepare in PREPARE.items():
        if words in text:
            prepare(target)
    image = [] if re.search(r"(^| )dockside/\w+:1", text) else [WEB]
    started = target.name == "28.5"  # and elsewhere only made: the settings are the same, and it takes less time
    verb = ["run", "-d"] if started else ["create"]
    done = target.engine.docker(*verb, "--name", "case", *shlex.split(text), *image, check=not unknown)
    if unknown:
        assert done.returncode, text
        return
    Containers(target, name="case", state="started" if started else "present").settled(line[1])


# ---- compose ----

LABELS = {"com.docker.compose.project": "shop", "com.docker.compose.oneoff": "False"}


def compose(target: Target, service: str, config: dict[str, Any], host: dict[str, Any], nets: dict[str, Any]) -> None:
    """The create request of docker compose for a service, as it sends it: much of it null, empty or a default."""
    name = f"shop-{service}-1"
    labels = {**LABELS, "com.docker.compose.service": service, **config.pop("Labels", {})}
    main, *others = nets
    ends = {net: {"Aliases": [name, service], "NetworkID": "", "MacAddress": "", **end} for net, end in nets.items()}
    body = {
        "Hostname": "", "Domainname": "", "User": "", "AttachStdin": False, "AttachStdout": True, "AttachStderr": True,
        "Tty": False, "OpenStdin": False, "StdinOnce": False, "Env": None, "Cmd": None, "Image": WEB, "Volumes": None,
        "WorkingDir": "", "Entrypoint": None, "OnBuild": None, "Labels": labels, **config,
        "HostConfig": {
            "Binds": None, "ContainerIDFile": "", "LogConfig": {"Type": "", "Config": None}, "NetworkMode": main,
            "PortBindings": {}, "RestartPolicy": {"Name": "", "MaximumRetryCount": 0}, "AutoRemove": False,
            "VolumeDriver": "", "VolumesFrom": None, "ConsoleSize": [0, 0], "CapAdd": None, "CapDrop": None,
            "CgroupnsMode": "", "Dns": None, "DnsOptions": None, "DnsSearch": None, "ExtraHosts": [],
            "GroupAdd": None, "IpcMode": "", "Cgroup": "", "Links": None, "OomScoreAdj": 0, "PidMode": "",
            "Privileged": False, "PublishAllPorts": False, "ReadonlyRootfs": False, "SecurityOpt": None,
            "UTSMode": "", "UsernsMode": "", "ShmSize": 0, "Isolation": "", "CpuShares": 0, "Memory": 0,
            "NanoCpus": 0, "CgroupParent": "", "BlkioWeight": 0, "MemorySwap": 0, "MemorySwappiness": None,
            "OomKillDisable": False, "PidsLimit": None, "Ulimits": None, "MaskedPaths": None, "ReadonlyPaths": None,
            **host,
        },
        "NetworkingConfig": {"EndpointsConfig": ends if target.api >= (1, 44) else {main: ends[main]}},
    }  # fmt: skip
    target.ask("POST", f"/containers/create?name={name}", body)
    for net in others if target.api < (1, 44) else ():
        target.ask("POST", f"/networks/{net}/connect", {"Container": name, "EndpointConfig": ends[net]})
    target.ask("POST", f"/containers/{name}/start")


@on_plain_engines
def test_compose(target: Target) -> None:
    files(target)
    for number, name in enumerate(("shop_default", "shop_back"), 1):
        network(target, name, number)
    compose(
        target,
        "web",
        {
            "Env": ["MODE=live", "EMPTY="],
            "ExposedPorts": {"80/tcp": {}},
            "Labels": {"traefik.enable": "true"},
            "Healthcheck": {"Test": ["CMD-SHELL", "true"], "Interval": 30 * 10**9},
            "StopTimeout": 5,
        },
        {
            "Binds": ["/srv/one:/srv:ro", "shop_data:/data:rw"],
            "PortBindings": {"80/tcp": [{"HostIp": "", "HostPort": "8098"}]},
            "RestartPolicy": {"Name": "unless-stopped", "MaximumRetryCount": 0},
            "ExtraHosts": ["host.docker.internal:host-gateway"],
            "Memory": 64 << 20,
            "NanoCpus": 500_000_000,
        },
        {"shop_default": {}, "shop_back": {"IPAMConfig": {"IPv4Address": "10.97.2.9"}, "Links": None}},
    )
    compose(
        target,
        "worker",
        {"Cmd": ["/bin/idle"], "Entrypoint": [], "User": "app", "WorkingDir": "/tmp"},
        {
            "Mounts": [
                {"Type": "volume", "Source": "shop_data", "Target": "/data", "VolumeOptions": {}},
                {"Type": "bind", "Source": "/srv/two", "Target": "/two", "BindOptions": {}},
                {"Type": "tmpfs", "Target": "/tmp", "TmpfsOptions": {}},
            ],
            "Ulimits": [{"Name": "nofile", "Hard": 2048, "Soft": 1024}],
            "CapAdd": ["NET_ADMIN"],
            "LogConfig": {"Type": "json-file", "Config": {"max-size": "1m"}},
            "Init": True,
        },
        {"shop_default": {"IPAMConfig": {}}},
    )
    bench = Containers(target)
    done = bench.settled(
        {
            "name": "shop-web-1",
            "env": {"MODE": "live", "EMPTY": ""},
            "labels": {"traefik.enable": "true"},
            "healthcheck": {"test": "true", "interval": "30s"},
            "stop_timeout": 5,
            "volumes": ["/srv/one:/srv:ro", "shop_data:/data"],
            "published_ports": ["8098:80"],
            "restart_policy": "unless-stopped",
            "etc_hosts": {"host.docker.internal": "host-gateway"},
            "memory": "64M",
            "cpus": 0.5,
            "networks": [
                {"name": "shop_default", "aliases": ["web"]},
                {"name": "shop_back", "aliases": ["web", "shop-web-1"], "ipv4_address": "10.97.2.9"},
            ],
            "comparisons": {"env": "strict", "published_ports": "strict", "volumes": "strict"},
        }
    )
    assert done.value["container"]["State"]["Running"]
    bench.settled(
        {
            "name": "shop-worker-1",
            "command": "/bin/idle",
            "entrypoint": [],
            "user": "app",
            "working_dir": "/tmp",
            "mounts": [
                {"type": "volume", "source": "shop_data", "target": "/data"},
                {"type": "bind", "source": "/srv/two", "target": "/two"},
                {"type": "tmpfs", "target": "/tmp"},
            ],
            "ulimits": ["nofile:1024:2048"],
            "capabilities": ["NET_ADMIN"],
            "log_driver": "json-file",
            "log_options": {"max-size": "1m"},
            "init": True,
            "network_mode": "shop_default",
            "comparisons": {"mounts": "strict", "capabilities": "strict"},
        }
    )
