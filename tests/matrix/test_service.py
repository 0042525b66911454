# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of services, on every engine. The services have no tasks: what their spec says is what counts here."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, VersionError
from ansible_collections.dockside.engine.plugins.module_utils._resources.service import Service
from ansible_collections.dockside.engine.plugins.module_utils._resources.service_table import SCHEMA
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import RECREATE, UPDATE, pick
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Unfit

from tests.matrix.cluster import ENGINES, Cluster, cluster
from tests.matrix.harness import Bench, Case, Options, Target, counted
from tests.matrix.test_plugin_info import plugin_tar

CS = "Spec.TaskTemplate.ContainerSpec"
IMAGE = {"image": "dockside/web:1", "resolve_image": "never"}
PROFILE = {"defaultAction": "SCMP_ACT_ALLOW"}


def case(ident: str, options: Options, changed: Options | None = None, action: str = UPDATE, **more: Any) -> Case:
    """A case of a service without tasks."""
    named = {"image", "mode"} & set(options)
    scale = {} if named & {"mode"} or "replicas" in options else {"replicas": 0}
    needs = more.pop("needs", None) or (tuple(options) if more.get("min_api") else None)
    return Case(ident, {**IMAGE, **scale, **options}, changed, action, needs=needs, **more)


def mount(**members: Any) -> dict[str, Any]:
    return {"mounts": [{"target": "/m", **members}]}


def paces(name: str) -> list[Case]:
    """update_config or rollback_config, member by member."""
    members = [
        ("parallelism", 2, 0),
        ("delay", "2s", "3s"),
        ("failure_action", "continue", "pause"),
        ("monitor", "2s", "3s"),
        ("max_failure_ratio", 0.1, 0.25),
        ("order", "start-first", "stop-first"),
    ]
    return [
        case(f"{name} {member}", {name: {member: one}}, {name: {member: two}}, why=(name,))
        for member, one, two in members
    ]


CASES = [
    case("image", {}, {"image": "dockside/web:2"}, shows={f"{CS}.Image": "dockside/web:1"}),
    case("labels", {"labels": {"a": "1"}}, {"labels": {"a": "2"}}, shows={"Spec.Labels": {"a": "1"}}),
    case("container_labels", {"container_labels": {"a": "1"}}, {"container_labels": {"b": "2"}}),
    # How many.
    case("replicas", {"replicas": 0}, {"replicas": 1, "placement": {"constraints": ["node.id==none"]}}),
    case("mode", {"replicas": 0}, {"mode": "replicated-job", "placement": {"constraints": ["node.id==none"]}},
         RECREATE),
    case("mode global", {"mode": "global", "placement": {"constraints": ["node.id==none"]}}, {"mode": "global-job"},
         RECREATE, shows={"Spec.Mode": {"Global": {}}}),
    case("mode global-job", {"mode": "global-job", "placement": {"constraints": ["node.id==none"]}},
         {"labels": {"a": "1"}}, shows={"Spec.Mode": {"GlobalJob": {}}}),
    case("max_concurrent", {"mode": "replicated-job", "replicas": 4, "max_concurrent": 2,
                            "placement": {"constraints": ["node.id==none"]}},
         {"max_concurrent": 3}, shows={"Spec.Mode": {"ReplicatedJob": {"MaxConcurrent": 2, "TotalCompletions": 4}}}),
    # The command and its surroundings.
    case("command", {"command": ["/bin/idle"]}, {"command": "/bin/sh -c 'sleep 1'"}),
    case("args", {"args": ["a", "b"]}, {"args": ["b", "a"]}),
    case("env dict", {"env": {"A": "1", "B": None}}, {"env": {"A": "2"}}, shows={f"{CS}.Env": ["A=1", "B"]}),
    case("env list", {"env": ["A=1", "B=2=3"]}, {"env": ["A=1", "B=2"]}),
    case("env text", {"env": "A=1,B=2"}, {"env": "B=3"}),
    case("working_dir", {"working_dir": "/tmp/"}, {"working_dir": "/"}, shows={f"{CS}.Dir": "/tmp"}),
    case("user", {"user": "app"}, {"user": "1000:1000"}),
    case("groups", {"groups": ["1", "2"]}, {"groups": ["3"]}),
    case("hostname", {"hostname": "a"}, {"hostname": "b"}),
    case("tty", {"tty": True}, {"tty": False}),
    case("interactive", {"interactive": True}, {"interactive": False}, shows={f"{CS}.OpenStdin": True}),
    case("read_only", {"read_only": True}, {"read_only": False}),
    case("init", {"init": False}, {"init": True}),
    case("isolation", {"isolation": "default"}, {"isolation": "process"}),
    case("stop_signal", {"stop_signal": "SIGUSR1"}, {"stop_signal": "INT"}),
    case("stop_grace_period", {"stop_grace_period": "3s"}, {"stop_grace_period": "1m"}),
    case("healthcheck", {"healthcheck": {"test": "true", "interval": "5s", "timeout": "1s", "retries": 2,
                                         "start_period": "3s"}},
         {"healthcheck": {"test": "false", "interval": "6s", "timeout": "2s", "retries": 3, "start_period": "4s"}}),
    case("healthcheck off", {"healthcheck": {"test": "NONE"}}, {"healthcheck": {"test": ["CMD", "true"]}}),
    case("healthcheck start_interval", {"healthcheck": {"test": "true", "start_interval": "1s"}},
         {"healthcheck": {"start_interval": "2s"}}, min_api=(1, 44), needs=("healthcheck.start_interval",)),
    # Files.
    case("mounts bind", mount(source="/tmp", readonly=True, propagation="rshared"),
         mount(source="/tmp", readonly=False, propagation="rslave"),
         shows={f"{CS}.Mounts": [{"Type": "bind", "Source": "/tmp", "Target": "/m", "ReadOnly": True,
                                  "BindOptions": {"Propagation": "rshared"}}]}),
    case("mounts bind non_recursive", mount(source="/tmp", non_recursive=True), mount(source="/", non_recursive=False)),
    case("mounts volume", mount(type="volume", source="v", no_copy=True, labels={"a": "1"},
                                driver_config={"name": "local", "options": {"type": "tmpfs"}}),
         mount(type="volume", source="w", no_copy=False, labels={"a": "2"},
               driver_config={"name": "other", "options": {"type": "nfs"}})),
    case("mounts volume anonymous", mount(type="volume"), mount(type="bind", source="/tmp")),
    case("mounts subpath", mount(type="volume", source="v", subpath="a"), mount(type="volume", subpath="b"),
         min_api=(1, 45), needs=("mounts[0].subpath",)),
    case("mounts tmpfs", mount(type="tmpfs", tmpfs_size="1M", tmpfs_mode="1770"),
         mount(type="tmpfs", tmpfs_size="2M", tmpfs_mode="1777")),
    case("mounts tmpfs_options", mount(type="tmpfs", tmpfs_options=[{"exec": None}]),
         mount(type="tmpfs", tmpfs_options=[{"noexec": None}]), min_api=(1, 46), needs=("mounts[0].tmpfs_options",)),
    case("mounts npipe", mount(type="npipe", source="a"), mount(type="npipe", source="b")),
    case("mounts cluster", mount(type="cluster", source="a"), mount(type="cluster", source="b"), min_api=(1, 42),
         needs=("mounts[0].type=cluster",)),
    case("secrets", {"secrets": [{"secret_name": "one"}, {"secret_name": "two", "filename": "/x", "uid": "1",
                                                          "gid": "2", "mode": 0o400}]},
         {"secrets": [{"secret_name": "two", "filename": "one"}, {"secret_name": "two", "filename": "/x", "uid": "3",
                                                                  "gid": "4", "mode": "0440"}]}),
    case("configs", {"configs": [{"config_name": "one", "filename": "/c", "uid": "1", "gid": "2", "mode": "0440"}]},
         {"configs": [{"config_name": "two", "filename": "/c", "uid": "3", "gid": "4", "mode": "0444"}]}),
    # Names.
    case("networks", {"networks": ["blue"]}, {"networks": [{"name": "green", "aliases": ["g"]}]}),
    case("networks options", {"networks": [{"name": "blue", "aliases": ["a"], "options": {"x": 1}}]},
         {"networks": [{"name": "blue", "aliases": ["b"]}]}),
    case("networks host", {"networks": ["host"], "endpoint_mode": "dnsrr"}, {"labels": {"a": "1"}}),
    case("hosts", {"hosts": {"a": "10.0.0.1"}}, {"hosts": {"a": "fd00::1"}}, shows={f"{CS}.Hosts": ["10.0.0.1 a"]}),
    case("hosts addresses", {"hosts": {"a": ["10.0.0.1", "fd00:0::1"], "b": "10.0.0.2"}}, {"hosts": {"a": "10.0.0.1"}},
         shows={f"{CS}.Hosts": ["10.0.0.1 a", "fd00::1 a", "10.0.0.2 b"]}),
    case("dns", {"dns": ["10.0.0.1", "10.0.0.2"]}, {"dns": ["10.0.0.2"]}),
    case("dns_search", {"dns_search": ["a.example"]}, {"dns_search": ["b.example"]}),
    case("dns_options", {"dns_options": ["timeout:3"]}, {"dns_options": []}),
    case("endpoint_mode", {"endpoint_mode": "dnsrr"}, {"endpoint_mode": "vip"}),
    case("publish", {"publish": [{"target_port": 80, "published_port": 8080}]},
         {"publish": [{"target_port": 80, "published_port": 8081}]}),
    case("publish host", {"publish": [{"target_port": 53, "protocol": "udp", "mode": "host", "name": "dns"}]},
         {"publish": [{"target_port": 53, "protocol": "udp", "mode": "ingress", "name": "other"}]}),
    case("publish sctp", {"publish": [{"target_port": 9, "protocol": "sctp", "mode": "host"}]}),
    # Rights.
    case("sysctls", {"sysctls": {"net.core.somaxconn": 10}}, {"sysctls": {"net.core.somaxconn": 20}}),
    case("cap_add", {"cap_add": ["net_admin"]}, {"cap_add": ["CAP_SYS_TIME"]}),
    case("cap_drop", {"cap_drop": ["ALL"]}, {"cap_drop": ["chown"]}),
    case("ulimits", {"ulimits": ["nofile:10:20"]}, {"ulimits": ["nofile:10:30"]}),
    case("oom_score_adj", {"oom_score_adj": 100}, {"oom_score_adj": 0}, min_api=(1, 46)),
    case("privileges", {"privileges": {"no_new_privileges": True, "seccomp": {"mode": "custom", "profile": PROFILE},
                                       "apparmor": {"mode": "disabled"}}},
         {"privileges": {"no_new_privileges": False, "seccomp": {"mode": "unconfined"},
                         "apparmor": {"mode": "default"}}}, min_api=(1, 44),
         needs=("privileges.no_new_privileges", "privileges.seccomp", "privileges.apparmor")),
    case("privileges selinux", {"privileges": {"selinux_context": {"disable": False, "user": "u", "role": "r",
                                                                   "type": "t", "level": "l"}}},
         {"privileges": {"selinux_context": {"user": "v", "role": "s", "type": "w", "level": "m"}}}),
    case("privileges selinux off", {"privileges": {"selinux_context": {"disable": True}}},
         {"privileges": {"selinux_context": {"disable": False}}}),
    case("privileges profile", {"privileges": {"seccomp": {"mode": "custom", "profile": PROFILE}}},
         {"privileges": {"seccomp": {"profile": {**PROFILE, "syscalls": []}}}}, min_api=(1, 44),
         needs=("privileges.seccomp",)),
    case("credential_spec", {"credential_spec": "file://a.json"}, {"credential_spec": "registry://b"}),
    case("credential_spec config", {"credential_spec": "config://runtime", "configs": [{"config_name": "one"}]},
         {"credential_spec": "config://two"}),
    # Resources and placement.
    case("limits", {"limits": {"cpus": 0.5, "memory": "64M", "pids": 10}},
         {"limits": {"cpus": 1, "memory": "32M", "pids": 0}}),
    case("reservations", {"reservations": {"cpus": 0.1, "memory": "8M", "generic_resources": ["gpu=2", "ssd=a"]}},
         {"reservations": {"cpus": 0.2, "memory": "16M", "generic_resources": ["gpu=1"]}}),
    case("memory_swap", {"memory_swap": "1G", "limits": {"memory": "64M"}}, {"memory_swap": "2G"},
         min_api=(1, 52), needs=("memory_swap",)),
    case("memory_swappiness", {"memory_swappiness": 10}, {"memory_swappiness": 20}, min_api=(1, 52)),
    case("restart_config", {"restart_config": {"condition": "on-failure", "delay": "1s", "max_attempts": 3,
                                               "window": "10s"}},
         {"restart_config": {"condition": "any", "delay": "2s", "max_attempts": 4, "window": "20s"}}),
    case("placement constraints", {"placement": {"constraints": ["node.role == manager", "node.labels.a!=b"]}},
         {"placement": {"constraints": ["node.role==worker"]}}),
    case("placement preferences", {"placement": {"preferences": [{"spread": "node.labels.a"}]}},
         {"placement": {"preferences": [{"spread": "node.labels.b"}, {"spread": "node.labels.a"}]}}),
    case("placement replicas_max_per_node", {"placement": {"replicas_max_per_node": 2}},
         {"placement": {"replicas_max_per_node": 0}}),
    case("placement platforms", {"placement": {"platforms": [{"architecture": "x86_64", "os": "linux"}]}},
         {"placement": {"platforms": [{"architecture": "arm64", "os": "windows"}]}}),
    case("placement platforms none", {"placement": {"platforms": [{"os": "linux"}]}}, {"placement": {"platforms": []}}),
    case("logging", {"logging": {"driver": "json-file", "options": {"max-size": "1m"}}},
         {"logging": {"options": {"max-file": 2}}}),
    case("logging driver", {"logging": {"driver": "json-file"}}, {"logging": {"driver": "local"}}),
    *paces("update_config"),
    *paces("rollback_config"),
]  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def shared(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with cluster(request.param) as made:
        yield made


@pytest.fixture
def target(shared: Cluster) -> Iterator[Cluster]:
    yield shared
    shared.clear()


@pytest.fixture
def bench(target: Cluster) -> Bench:
    return Bench(Service, target)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, bench: Bench) -> None:
    bench.prove(case)


def paths(spec: Mapping[str, Any], above: str = "") -> Iterator[str]:
    """The options and their sub-options, with dots between."""
    for name, entry in spec.items():
        yield above + name
        yield from paths(entry.get("options") or {}, f"{above}{name}.")


def named(value: Any, above: str = "") -> Iterator[str]:
    """The options that a task names, in the same way."""
    for each in value if isinstance(value, list) else []:
        yield from named(each, above)
    for name, inner in value.items() if isinstance(value, dict) else []:
        yield above + name
        yield from named(inner, f"{above}{name}.")


def test_every_option_is_made_and_changed() -> None:
    elsewhere = {"secrets.secret_id", "configs.config_id"}  # test_ids_of_secrets_and_configs
    wanted, cases = set(paths(SCHEMA.argument_spec())) - elsewhere, [*CASES, PLUGIN]
    assert wanted - {path for case in cases for path in named(case.options)} == set()
    assert wanted - {path for case in cases for path in named(case.changed or {})} == set()


def test_ids_of_secrets_and_configs(bench: Bench, target: Cluster) -> None:
    def options(name: str) -> dict[str, Any]:
        secret = {"secret_id": target.secrets[name], "secret_name": name, "filename": "x"}
        config = {"config_id": target.configs[name], "config_name": name, "filename": "x"}
        return {**BASE, "secrets": [secret], "configs": [config]}

    bench.agree(options("one"))
    bench.settled(options("one"))
    bench.settled({**BASE, "secrets": [{"secret_name": "one", "filename": "x"}]})
    assert {change.option for change in bench.agree(options("two")).changes} == {"secrets", "configs"}
    container = pick(stored(target), "TaskTemplate.ContainerSpec")
    assert [each["SecretID"] for each in container["Secrets"]] == [target.secrets["two"]]
    assert [each["ConfigID"] for each in container["Configs"]] == [target.configs["two"]]


BASE = {"name": "case", "replicas": 0, **IMAGE}


def stored(target: Cluster) -> Any:
    return target.service("case")["Spec"]


def test_what_a_task_does_not_name_is_left_alone(bench: Bench, target: Cluster) -> None:
    bench.run({**BASE, "update_config": {"delay": "5s", "monitor": "7s"}, "labels": {"a": "1"}, "env": {"A": "1"},
               "limits": {"memory": "64M"}, "publish": [{"target_port": 80, "published_port": 8080}],
               "secrets": [{"secret_name": "one", "uid": "7"}], "networks": ["blue"]})  # fmt: skip
    before = stored(target)
    bench.settled({"name": "case"})
    bench.settled({"name": "case", "update_config": {"delay": "5s"}})
    bench.run({"name": "case", "update_config": {"order": "start-first"}})
    assert stored(target)["UpdateConfig"] == {**before["UpdateConfig"], "Order": "start-first"}
    bench.run({"name": "case", "limits": {"cpus": 1}, "secrets": [{"secret_name": "one", "gid": "8"}]})
    after = stored(target)
    assert after["TaskTemplate"]["Resources"]["Limits"] == {"MemoryBytes": 64 << 20, "NanoCPUs": 10**9}
    assert pick(after, "TaskTemplate.ContainerSpec.Secrets")[0]["File"] == {
        "Name": "one", "UID": "7", "GID": "8", "Mode": 0o444
    }  # fmt: skip
    bench.run({"name": "case", "publish": [{"target_port": 81}], "networks": ["green"], "env": {"B": "2"}})
    after = stored(target)
    assert [port["TargetPort"] for port in after["EndpointSpec"]["Ports"]] == [80, 81]
    assert len(after["TaskTemplate"]["Networks"]) == 2
    assert pick(after, "TaskTemplate.ContainerSpec.Env") == ["A=1", "B=2"]
    assert after["Labels"] == {"a": "1"}


def test_strict_takes_away_what_is_not_named(bench: Bench, target: Cluster) -> None:
    bench.run({**BASE, "publish": [{"target_port": 80}, {"target_port": 81}], "networks": ["blue", "green"],
               "labels": {"a": "1", "b": "2"}, "mounts": mount(type="tmpfs")["mounts"],
               "secrets": [{"secret_name": "one"}]})  # fmt: skip
    strict = {"publish": [{"target_port": 80}], "networks": ["blue"], "labels": {"b": "2"}, "mounts": [], "secrets": []}
    options = {"name": "case", **strict, "comparisons": {"*": "strict"}}
    assert {change.option for change in bench.agree(options).changes} == set(strict)
    bench.settled(options)
    after = bench.run(options).value["swarm_service"]
    assert (after["networks"], after["mounts"], after["secrets"]) == ([{"name": "blue"}], [], [])


def test_a_scale_by_hand_stays(bench: Bench, target: Cluster) -> None:
    nowhere = {"placement": {"constraints": ["node.id==none"]}}
    bench.run({"name": "case", **IMAGE, **nowhere})
    assert stored(target)["Mode"] == {"Replicated": {"Replicas": 1}}
    target.engine.docker("service", "scale", "-d", "case=3")
    bench.settled({"name": "case", **IMAGE, **nowhere})
    bench.settled({"name": "case", "replicas": -1})
    bench.run({"name": "case", "labels": {"a": "1"}})
    assert stored(target)["Mode"] == {"Replicated": {"Replicas": 3}}


def test_one_member_of_update_config_keeps_what_a_missing_object_means(bench: Bench, target: Cluster) -> None:
    bench.run(BASE)
    assert "UpdateConfig" not in stored(target)
    bench.settled({"name": "case", "update_config": {"parallelism": 1, "order": "stop-first", "monitor": "5s"}})
    bench.run({"name": "case", "update_config": {"order": "start-first"}})
    assert stored(target)["UpdateConfig"]["Parallelism"] == 1  # an object without it would mean: all at once


def test_an_update_touches_nothing_but_what_differs(bench: Bench, target: Cluster) -> None:
    """Another spelling of the same would start all tasks again."""
    target.engine.docker(
        *["service", "create", "-d", "--name", "case", "--replicas", "0", "--constraint"], "node.role == manager",
        *["--stop-signal", "SIGTERM", "--hostname", "a", "dockside/web:1"],
    )  # fmt: skip
    before = stored(target)
    bench.run({"name": "case", "placement": {"constraints": ["node.role==manager"]}, "stop_signal": "TERM",
               "labels": {"a": "1"}})  # fmt: skip
    assert stored(target) == {**before, "Labels": {"a": "1"}}


def test_another_mode_is_a_new_service_and_a_refused_one_leaves_the_old(bench: Bench, target: Cluster) -> None:
    made = bench.run({**BASE, "labels": {"a": "1"}, "env": {"A": "1"}})
    nowhere = {"placement": {"constraints": ["node.id==none"]}}
    bench.refused(
        {"name": "case", "mode": "global-job", "update_config": {"delay": "1s"}}, "(?i)update config", EngineError
    )
    done = bench.run({"name": "case", "mode": "global", **nowhere})
    assert done.value["rebuilt"] is True
    assert done.value["service"]["ID"] != made.value["service"]["ID"]
    assert done.value["swarm_service"]["env"] == {"A": "1"}
    assert stored(target)["Labels"] == {"a": "1"}


def test_a_replacement_that_was_cut_short_is_finished(
    bench: Bench, target: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = {"placement": {"constraints": ["node.id==none"]}}
    bench.run({**BASE, **nowhere, "labels": {"a": "1"}, "publish": [{"target_port": 80, "published_port": 8080}]})
    options = {"name": "case", "mode": "global"}

    def gone(self: Service, body: Any) -> None:
        raise EngineError("the manager is gone")

    with monkeypatch.context() as patch, pytest.raises(EngineError, match="manager is gone"):
        patch.setattr(Service, "post", gone)
        bench.run(options)
    assert [each["Spec"]["Name"].rpartition("-")[0] for each in target.services()] == ["dockside-stand-in"]
    # What the task does not name comes from what was kept.
    done = bench.agree(options)
    assert done.actions == ["create service case", "remove the unfinished replacement of service case"]
    after = stored(target)
    assert (after["Labels"], after["Mode"]) == ({"a": "1"}, {"Global": {}})
    assert after["EndpointSpec"]["Ports"][0]["PublishedPort"] == 8080
    assert after["TaskTemplate"]["Placement"]["Constraints"] == ["node.id==none"]
    bench.settled(options)
    # Once the new one is there, only the stand-in has to go.
    with monkeypatch.context() as patch:
        patch.setattr(Service, "relieve", lambda self: None)
        bench.run({"name": "case", "mode": "replicated", "replicas": 0})
    assert len(target.services()) == 2
    done = bench.agree({"name": "case", "mode": "replicated"})
    assert done.actions == ["remove the unfinished replacement of service case"]
    assert [each["Spec"]["Name"] for each in target.services()] == ["case"]


def test_rollback(bench: Bench, target: Cluster) -> None:
    bench.run({**BASE, "labels": {"a": "1"}})
    back = {"name": "case", "rollback": True}
    bench.refused(back, "never updated")
    bench.refused({"name": "nosuch", "rollback": True}, "does not exist")
    bench.refused({**back, "labels": {}}, "rollback")
    bench.run({"name": "case", "labels": {"a": "2"}})
    said = bench.check(back)
    assert [(change.option, change.before, change.after) for change in said.changes] == [
        ("labels", {"a": "2"}, {"a": "1"})
    ]
    assert bench.run(back).actions == said.actions == ["roll back service case"]
    assert stored(target)["Labels"] == {"a": "1"}
    bench.settled(back)


def test_force_update(bench: Bench, target: Cluster) -> None:
    bench.run({**BASE, "force_update": True})
    for count in (1, 2):
        bench.agree({**BASE, "force_update": True})
        assert stored(target)["TaskTemplate"]["ForceUpdate"] == count
    bench.settled(BASE)


def test_who_comes_too_late_plans_again(bench: Bench, target: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    bench.run(BASE)
    plain = Service.update
    met: list[str] = []

    def late(self: Service, found: Any, changes: Any) -> None:
        if not met:
            met.append("once")
            target.engine.docker("service", "update", "-d", "--label-add", "other=1", "case")
        plain(self, found, changes)

    monkeypatch.setattr(Service, "update", late)
    assert bench.run({"name": "case", "labels": {"mine": "1"}}).changed
    assert met
    assert stored(target)["Labels"] == {"mine": "1", "other": "1"}


def test_env_files(bench: Bench, target: Cluster, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    one.write_text("# comment\nA=1\nB=x=y\n\n", encoding="utf-8")
    two.write_text("A=2\nC=3\n", encoding="utf-8")
    options = {**BASE, "env_files": [str(one), str(two)], "env": {"C": "4"}}
    bench.run(options)
    assert sorted(pick(stored(target), "TaskTemplate.ContainerSpec.Env")) == ["A=2", "B=x=y", "C=4"]
    bench.settled(options)
    bench.refused({**BASE, "env_files": [str(tmp_path / "no")]}, "env_files: cannot be read")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "image is needed to create"),
        ({**IMAGE, "mode": "global", "replicas": 2}, "replicas: a service of mode global has no number"),
        ({**IMAGE, "max_concurrent": 2, "mode": "replicated"}, "max_concurrent: only mode replicated-job"),
        ({**IMAGE, "replicas": -2}, "must be at least 0"),
        ({**IMAGE, "networks": ["nosuch"]}, "networks: the swarm has no network nosuch"),
        ({**IMAGE, "networks": [{"nam": "blue"}]}, "networks.0.: must be the name of a network"),
        ({**IMAGE, "networks": [{"name": "blue", "alias": "a"}]}, "unknown member 'alias'"),
        ({**IMAGE, "secrets": [{"secret_name": "nosuch"}]}, "secrets: secret nosuch does not exist"),
        ({**IMAGE, "configs": [{"config_name": "on"}]}, "configs: config on does not exist"),
        ({**IMAGE, "mounts": [{"target": "/m"}]}, "mounts.0..source: a mount of type bind needs a source"),
        ({**IMAGE, "mounts": [{"target": "/m", "type": "tmpfs", "no_copy": True}]}, "no_copy: does not go with"),
        ({**IMAGE, "env": ["A", 1]}, "env: must be NAME=VALUE, not 1"),
        ({**IMAGE, "env": {"A": 1}}, "env.A: must be text"),
        ({**IMAGE, "credential_spec": "x"}, "credential_spec: must be config://NAME"),
        ({**IMAGE, "reservations": {"generic_resources": ["gpu"]}}, "generic_resources.0.: must be KIND=COUNT"),
        ({**IMAGE, "update_config": {"max_failure_ratio": 2}}, "update_config.max_failure_ratio: must be from 0 to 1"),
        ({"image": "UPPER"}, "not an image name"),
    ],
)  # fmt: skip
def test_bad_input(bench: Bench, options: Options, message: str) -> None:
    bench.refused({"name": "case", **options}, message, (ValueError, Unfit))


def test_unchanged_asks_little(bench: Bench, target: Cluster) -> None:
    options = {**BASE, "labels": {"a": "1"}, "networks": ["blue"], "secrets": [{"secret_name": "one"}]}
    bench.run(options)
    with counted(target) as (host, requests):
        assert not bench.run(options, host=host).changed
    assert len(requests) <= 5, requests  # ping, service, secrets, network


def test_profile_reaches_the_daemon_whole(bench: Bench, target: Target) -> None:
    options = {**BASE, "privileges": {"seccomp": {"mode": "custom", "profile": json.dumps(PROFILE)}}}
    if target.api < (1, 44):
        bench.refused(options, "privileges.seccomp needs API 1.44", VersionError)
        return
    done = bench.run(options)
    sent = pick(done.value["service"], f"{CS}.Privileges.Seccomp.Profile")
    assert json.loads(base64.b64decode(sent)) == PROFILE


# ---- services that install a plugin ----

HOST = {"name": "network", "description": "the host's network", "value": ["host"]}
PLUGIN = Case(
    "plugin",
    {"plugin": {"name": "a/b:1", "remote": "127.0.0.1:5000/one:1", "disabled": True, "privileges": [HOST],
                "env": ["A=1"]}, "mode": "global", "placement": {"constraints": ["node.id==none"]}},
    {"plugin": {"name": "a/c:1", "remote": "127.0.0.1:5000/two:1", "disabled": False,
                "privileges": [HOST, {"name": "mount", "value": ["/dev"]}], "env": ["B=1", "A=1"]}},
    UPDATE,
    shows={"Spec.TaskTemplate.Runtime": "plugin", "Spec.TaskTemplate.PluginSpec.privileges": [HOST]},
)  # fmt: skip


@pytest.fixture(scope="module", params=ENGINES)
def experimental(request: pytest.FixtureRequest) -> Iterator[Cluster]:
    with cluster(request.param, daemon={"experimental": True}) as made:
        yield made


def test_plugin(experimental: Cluster) -> None:
    bench = Bench(Service, experimental)
    bench.prove(PLUGIN)
    options = {"name": "case", **PLUGIN.options}
    bench.run(options)
    before = stored(experimental)
    assert bench.agree({"name": "case", "labels": {"a": "1"}}).changed
    assert stored(experimental) == {**before, "Labels": {"a": "1"}}
    bench.refused({"name": "case", "env": {"A": "1"}}, "service case installs a plugin and runs no containers")
    bench.refused({**options, "image": "dockside/web:1", "user": "app"}, "plugin: does not go with .*: image, user")
    bench.run({**BASE, "name": "web"})
    bench.refused(
        {**options, "name": "web", "mode": "replicated"}, "service web runs containers and installs no plugin"
    )


def test_the_nodes_install_the_plugin(experimental: Cluster) -> None:
    registry, bench = experimental.engine.registry(), Bench(Service, experimental)
    remote = f"{registry.name}/one:1"
    experimental.ask("POST", f"/plugins/create?name={remote}", plugin_tar("one"))
    experimental.ask("POST", f"/plugins/{remote}/push")
    experimental.ask("DELETE", f"/plugins/{remote}")
    none = {"name": "network", "description": "permissions to access a network", "value": ["none"]}
    options = {"name": "installed", "mode": "global", "wait": True, "update_config": {"monitor": "500ms"}}
    plugin = {"name": "one:1", "remote": remote, "disabled": True}
    with pytest.raises(EngineError, match="incorrect privileges"):
        bench.run({**options, "plugin": plugin, "wait_timeout": 2})
    bench.run({**options, "plugin": {**plugin, "privileges": [none]}, "wait_timeout": 30})
    (found,) = experimental.ask("GET", "/plugins")
    assert (found["Name"], found["Enabled"], found["PluginReference"]) == ("one:1", False, remote)


def test_an_engine_without_experimental_features_says_so(bench: Bench) -> None:
    bench.refused({"name": "case", **PLUGIN.options}, "only supported in experimental", EngineError)
