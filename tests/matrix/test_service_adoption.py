# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Services that ``docker service create`` made: a task that says the same finds nothing to do."""

from __future__ import annotations

import json
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.service import Service
from engines import LabError

from tests.matrix.cluster import ENGINES, Cluster, cluster
from tests.matrix.harness import Bench

Version = tuple[int, int]
NOWHERE = "--constraint node.id==none"  # no node fits: modes without a number of replicas would start tasks


@dataclass(frozen=True)
class Line:
    """The arguments of docker service create before the image, those behind it, and what a task would say."""

    line: str
    options: dict[str, Any] = field(default_factory=dict)
    command: str = ""
    min_api: Version = (1, 41)

    def __str__(self) -> str:
        return self.line or "image alone"


LINES = [
    Line("", {"endpoint_mode": "vip", "restart_config": {"condition": "any", "delay": "5s", "max_attempts": 0}}),
    Line("", {"args": ["/bin/sh", "-c", "sleep 5"]}, command="/bin/sh -c 'sleep 5'"),
    Line("--entrypoint '/bin/sh -c true'", {"command": ["/bin/sh", "-c", "true"]}),
    Line("--replicas 0", {"mode": "replicated", "replicas": 0}),
    Line("--label a=1 --label b", {"labels": {"a": "1", "b": ""}}),
    Line("--container-label a=1", {"container_labels": {"a": "1"}}),
    Line("-e A=1 -e B=x=y --env C=", {"env": {"A": "1", "B": "x=y", "C": ""}}),
    Line("-e A=1 -e B=2", {"env": ["B=2", "A=1"]}),
    Line("-w /srv -u app:app --group 5 --hostname h -t --read-only --init",
         {"working_dir": "/srv", "user": "app:app", "groups": ["5"], "hostname": "h", "tty": True, "read_only": True,
          "init": True}),
    Line("--stop-signal SIGUSR1 --stop-grace-period 1m", {"stop_signal": "USR1", "stop_grace_period": "60s"}),
    Line("--health-cmd 'true x' --health-interval 5s --health-timeout 2s --health-retries 3 --health-start-period 1s",
         {"healthcheck": {"test": "true x", "interval": "5s", "timeout": "2s", "retries": 3, "start_period": "1s"}}),
    Line("--no-healthcheck", {"healthcheck": {"test": ["NONE"]}}),
    Line("--mount type=bind,source=/tmp,target=/m,readonly,bind-propagation=rslave",
         {"mounts": [{"source": "/tmp", "target": "/m", "readonly": True, "propagation": "rslave"}]}),
    Line("--mount source=v,target=/m,volume-nocopy,volume-label=a=1,volume-driver=local,volume-opt=type=tmpfs",
         {"mounts": [{"type": "volume", "source": "v", "target": "/m", "no_copy": True, "labels": {"a": "1"},
                      "driver_config": {"name": "local", "options": {"type": "tmpfs"}}}]}),
    Line("--mount type=volume,target=/a --mount type=tmpfs,target=/b,tmpfs-size=1m,tmpfs-mode=1770",
         {"mounts": [{"type": "tmpfs", "target": "/b", "tmpfs_size": "1M", "tmpfs_mode": 0o1770},
                     {"type": "volume", "target": "/a"}]}),
    Line("--mount type=bind,source=/tmp,target=/m,bind-nonrecursive",
         {"mounts": [{"source": "/tmp", "target": "/m", "non_recursive": True}]}),
    Line("--mount type=volume,source=v,target=/m,volume-subpath=s",
         {"mounts": [{"type": "volume", "source": "v", "target": "/m", "subpath": "s"}]}, min_api=(1, 45)),
    Line("--secret one --secret source=two,target=/x,uid=1,gid=2,mode=0400",
         {"secrets": [{"secret_name": "two", "filename": "/x", "uid": "1", "gid": "2", "mode": 0o400},
                      {"secret_name": "one"}]}),
    Line("--secret one", {"secrets": [{"secret_name": "one", "filename": "one", "uid": "0", "gid": "0",
                                       "mode": "0444"}]}),
    Line("--config one --config source=two,target=/etc/two,mode=0440",
         {"configs": [{"config_name": "one"}, {"config_name": "two", "filename": "/etc/two", "mode": "0440"}]}),
    Line("--credential-spec config://runtime --config one",
         {"credential_spec": "config://runtime", "configs": [{"config_name": "one"}]}),
    Line("--credential-spec file://a.json", {"credential_spec": "file://a.json"}),
    Line("--network blue --network green", {"networks": ["green", "blue"]}),
    Line("--network name=blue,alias=x,alias=y,driver-opt=a=1",
         {"networks": [{"name": "blue", "aliases": ["y", "x"], "options": {"a": 1}}]}),
    Line("--network host", {"networks": ["host"]}),
    Line("--host a:10.0.0.1 --host b:fd00:0::1", {"hosts": {"b": "fd00::1", "a": "10.0.0.1"}}),
    Line("--host a:10.0.0.1 --host a:fd00::1", {"hosts": {"a": ["10.0.0.1", "fd00::1"]}}),
    Line("--dns 10.0.0.1 --dns 10.0.0.2 --dns-search a.example --dns-option timeout:3",
         {"dns": ["10.0.0.1", "10.0.0.2"], "dns_search": ["a.example"], "dns_options": ["timeout:3"]}),
    Line("--endpoint-mode dnsrr", {"endpoint_mode": "dnsrr"}),
    Line("-p 8080:80", {"publish": [{"published_port": 8080, "target_port": 80}]}),
    Line("-p 80 -p 53:53/udp", {"publish": [{"target_port": 53, "protocol": "udp"}, {"target_port": 80}]}),
    Line("--publish published=9,target=9,protocol=sctp,mode=host",
         {"publish": [{"published_port": 9, "target_port": 9, "protocol": "sctp", "mode": "host"}]}),
    Line("--sysctl net.core.somaxconn=10", {"sysctls": {"net.core.somaxconn": 10}}),
    Line("--cap-add net_admin --cap-drop CHOWN --ulimit nofile=10:20 --ulimit nproc=5",
         {"cap_add": ["CAP_NET_ADMIN"], "cap_drop": ["chown"], "ulimits": ["nproc:5", "nofile:10:20"]}),
    Line("--limit-cpu .5 --limit-memory 64M --limit-pids 10 --reserve-cpu 0.25 --reserve-memory 8m",
         {"limits": {"cpus": 0.5, "memory": "64M", "pids": 10}, "reservations": {"cpus": 0.25, "memory": "8M"}}),
    Line("--generic-resource gpu=2", {"reservations": {"generic_resources": ["gpu=2"]}}),
    Line("--restart-condition on-failure --restart-delay 2s --restart-max-attempts 3 --restart-window 1m",
         {"restart_config": {"condition": "on-failure", "delay": "2s", "max_attempts": 3, "window": "1m"}}),
    Line("--constraint 'node.role == manager' --constraint node.labels.a!=b --placement-pref spread=node.labels.z",
         {"placement": {"constraints": ["node.labels.a != b", "node.role==manager"],
                        "preferences": [{"spread": "node.labels.z"}]}}),
    Line("--replicas-max-per-node 2", {"placement": {"replicas_max_per_node": 2}}),
    Line("--log-driver json-file --log-opt max-size=1m",
         {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}}),
    Line("--update-delay 2s --update-parallelism 2 --update-order start-first --update-failure-action rollback"
         " --update-monitor 3s --update-max-failure-ratio .1",
         {"update_config": {"delay": "2s", "parallelism": 2, "order": "start-first", "failure_action": "rollback",
                            "monitor": "3s", "max_failure_ratio": 0.1}}),
    Line("--update-order start-first", {"update_config": {"order": "start-first", "parallelism": 1, "delay": "0"}}),
    Line("--rollback-delay 2s --rollback-parallelism 0 --rollback-failure-action continue --rollback-monitor 3s",
         {"rollback_config": {"delay": "2s", "parallelism": 0, "failure_action": "continue", "monitor": "3s"}}),
    Line("--isolation default", {"isolation": "default"}),
    Line(f"--mode global {NOWHERE}", {"mode": "global"}),
    Line(f"--mode replicated-job --replicas 3 --max-concurrent 2 {NOWHERE}",
         {"mode": "replicated-job", "replicas": 3, "max_concurrent": 2}),
    Line(f"--mode replicated-job --replicas 3 {NOWHERE}", {"mode": "replicated-job", "replicas": 3}),
    Line(f"--mode global-job {NOWHERE}", {"mode": "global-job"}),
    Line("--oom-score-adj 100", {"oom_score_adj": 100}, min_api=(1, 46)),
]  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with cluster(request.param) as made:
        yield made


@pytest.fixture
def target(shared: Cluster) -> Iterator[Cluster]:
    yield shared
    shared.clear()


def create(target: Cluster, line: Line) -> None:
    scale = [] if "--mode" in line.line or "--replicas " in line.line else ["--replicas", "0"]
    words = ["service", "create", "--detach", "--name", "made", *scale, *shlex.split(line.line), "dockside/web:1"]
    target.engine.docker(*words, *shlex.split(line.command))


def task(line: Line) -> dict[str, Any]:
    return {"name": "made", "image": "dockside/web:1", **line.options}


@pytest.mark.parametrize("line", LINES, ids=str)
def test_a_task_finds_what_the_command_line_made(line: Line, target: Cluster) -> None:
    if target.api < line.min_api:  # its docker program does not know that
        with pytest.raises(LabError, match=r"unknown flag|unexpected key"):
            create(target, line)
        return
    create(target, line)
    bench = Bench(Service, target)
    bench.settled(task(line))
    # And what the module makes is the same thing: made anew from what it reads, nothing differs.
    read = bench.run({"name": "made"}).value["swarm_service"]
    again = {name: value for name, value in read.items() if value not in (None, {}, "")}
    bench.settled({"name": "made", **json.loads(json.dumps(again))})


def test_there_are_at_least_thirty() -> None:
    assert len(LINES) >= 30


def test_another_value_is_not_taken_for_the_same(target: Cluster) -> None:
    """Each line with a setting that a task names otherwise: the comparison does see it."""
    create(target, Line("--label a=1 --limit-memory 64M --update-delay 2s -p 8080:80 --network blue --secret one"))
    others: list[dict[str, Any]] = [
        {"labels": {"a": "2"}},
        {"limits": {"memory": "65M"}},
        {"update_config": {"delay": "3s"}},
        {"publish": [{"target_port": 80, "published_port": 8081}]},
        {"publish": [{"target_port": 80, "mode": "host"}]},
        {"networks": ["green"]},
        {"secrets": [{"secret_name": "two", "filename": "one"}]},
        {"image": "dockside/web:2"},
    ]
    for other in others:
        said = Bench(Service, target).check({"name": "made", **other})
        assert [change.option for change in said.changes] == list(other)
