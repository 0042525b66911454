# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A container is never lost on the way to another one, and what a task does not ask for is not done to it."""

from __future__ import annotations

import itertools
import re
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.container import Container
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import converge
from engines.process import wait_for

from tests.matrix.containers import (
    EXTREMES,
    Containers,
    everywhere,
    names,
    networks,
    on_extremes,
    on_extremes_and_podman,
    on_newest,
    on_podman,
    read,
    volumes,
    write,
)
from tests.matrix.harness import Options, Target, counted

HEALTHY = {"test": "true", "interval": "100ms", "retries": 1}
SICK = {"test": "echo sick; false", "interval": "100ms", "retries": 1}
BASE: dict[str, Any] = {
    "name": "case",
    "volumes": ["/data"],
    "networks": [
        {"name": "one", "aliases": ["a"], "ipv4_address": "10.97.1.9"},
        {"name": "two", "aliases": ["b"]},
    ],
}
# What the next task asks for, and the words of the error.
FAILURES = {
    "port in use": ({"published_ports": ["8098:80"]}, "8098"),
    "bad mount": ({"volumes": ["/data", "/etc/passwd:/www"]}, "mount"),
    "missing mount source": ({"mounts": [{"target": "/m", "type": "bind", "source": "/no/such"}]}, "/no/such"),
    "missing program": ({"command": ["/no/such"]}, "/no/such"),
    "unhealthy": ({"state": "healthy", "healthcheck": SICK}, "case is unhealthy; its last check said: sick"),
    "exit": ({"state": "healthy", "healthcheck": HEALTHY, "command": ["sh", "-c", "exit 3"]}, "exit code 3"),
    "never healthy": (
        {"state": "healthy", "healthcheck": {"test": "true", "interval": "1h"}, "healthy_wait_timeout": 0.5},
        "case is not healthy after 0.5 seconds",
    ),
    "no health check": ({"state": "healthy", "labels": {"a": "1"}}, "no health check"),
    "image to be pulled": ({"image": "127.0.0.1:9/none:1"}, "127.0.0.1:9/none:1"),
    "image missing": ({"image": "dockside/none:1", "pull": "never"}, "dockside/none:1"),
}


# What Podman does not do.
NOT_ON_PODMAN = {"missing mount source": "it makes the source", "unhealthy": "its health checks need systemd"}


def identity(found: Any) -> Any:
    """What has to be as it was before a recreate that failed."""
    ends = {
        name: {key: end.get(key) for key in ("IPAMConfig", "Aliases", "DriverOpts", "IPAddress")}
        for name, end in found["NetworkSettings"]["Networks"].items()
    }
    for end in ends.values():
        end["Aliases"] = sorted(end["Aliases"] or [])
        if end["IPAMConfig"] is None:
            end["IPAddress"] = ""  # the daemon's choice, which it makes anew
    mounts = sorted((mount["Destination"], mount.get("Name")) for mount in found["Mounts"])
    return found["Id"], found["Name"], found["State"]["Status"], found["Config"], found["HostConfig"], ends, mounts


@pytest.mark.parametrize(
    "session_target, what",
    [(name, what) for name in EXTREMES for what in FAILURES if name != "podman" or what not in NOT_ON_PODMAN],
    indirect=["session_target"],
)
def test_failed_replacement_leaves_the_old_container(target: Target, what: str) -> None:
    options, message = FAILURES[what]
    networks(target)
    target.container("other", HostConfig={"PortBindings": {"80/tcp": [{"HostPort": "8098"}]}})
    bench = Containers(target)
    bench.run(BASE)
    write(target, "/data/file", "kept")
    before, there = identity(bench.find()), volumes(target)
    with pytest.raises((EngineError, ValueError), match=re.escape(message)):
        bench.run({**BASE, **options})
    assert identity(bench.find()) == before
    assert names(target) == ["case", "other"]
    assert volumes(target) == there
    assert read(target, "/data/file") == "kept"
    bench.settled(BASE)


@on_extremes_and_podman
def test_failed_replacement_leaves_a_paused_and_a_stopped_container(target: Target) -> None:
    bench = Containers(target, name="case")
    bench.run({"paused": True})
    bad = {"labels": {"a": "1"}, "command": ["/no/such"]}
    for state, options in (("paused", {}), ("exited", {"state": "stopped"})):
        bench.run(options)
        before = bench.find()
        with pytest.raises(EngineError, match="/no/such"):
            bench.run(bad)
        after = bench.find()
        assert (after["Id"], after["State"]["Status"]) == (before["Id"], state)
        assert names(target) == ["case"]


@on_extremes_and_podman
def test_anonymous_volumes_move_to_the_replacement(target: Target) -> None:
    target.engine.image("dockside/volume:1", changes=['CMD ["/bin/serve"]', "VOLUME /image"])
    bench = Containers(target, image="dockside/volume:1", name="case", volumes=["/data"], mounts=[{"target": "/mount"}])
    bench.run({})
    there = volumes(target)
    assert len(there) == 3
    for path in ("/image", "/data", "/mount"):
        write(target, f"{path}/file", path)
    for number in (1, 2):
        assert bench.agree({"labels": {"a": str(number)}}).actions == ["recreate container case"]
        assert [read(target, f"{path}/file") for path in ("/image", "/data", "/mount")] == ["/image", "/data", "/mount"]
        assert volumes(target) == there
    bench.settled({"labels": {"a": "2"}})
    bench.run({"labels": {"a": "3"}, "renew_anonymous_volumes": True})
    assert not set(there) & {mount["Name"] for mount in bench.find()["Mounts"]}
    bench.run({"state": "absent", "keep_volumes": False})
    assert volumes(target) == there  # those given up stay: the task did not say that they go


@on_extremes_and_podman
def test_a_volume_with_a_name_will_do_for_an_anonymous_one(target: Target) -> None:
    bench = Containers(target, name="case")
    bench.run({"volumes": ["data:/data"]})
    bench.settled({"volumes": ["/data"]})
    bench.settled({"volumes": ["/data"], "comparisons": {"volumes": "strict"}})
    assert volumes(target) == ["data"]
    bench.run({"volumes": ["/run:/data"]})  # a directory is no volume
    done = bench.agree({"volumes": ["/data"]})
    assert [(change.before, change.after) for change in done.changes] == [(["/run:/data"], ["/data"])]
    assert [mount["Type"] for mount in bench.find()["Mounts"]] == ["volume"]
    bench.settled({"volumes": ["/data"]})


@on_extremes_and_podman
def test_volumes_go_with_the_container_when_asked(target: Target) -> None:
    bench = Containers(target, name="case", volumes=["/data", "named:/named"])
    for keep, left in ((True, 2), (False, 1)):
        bench.run({})
        bench.run({"labels": {"a": "1"}})
        bench.run({"state": "absent", "keep_volumes": keep})
        assert len(volumes(target)) == left
        target.reset()


# ---- a daemon that is killed in the middle ----

# What a recreate asks of the daemon, and how often it did so before.
STAGES = (("create", 0), ("connect", 0), ("stop", 0), ("rename", 0), ("rename", 1), ("start", 0), ("delete", 0))


def cut_short(target: Target, options: Options, verb: str, before: int = 0) -> None:
    """Run a task, but kill the daemon in front of this request."""
    bench = Containers(target)
    client = target.client()
    send, count = client._send, itertools.count()

    def deadly(method: str, path: str, *rest: Any, **how: Any) -> Any:
        if verb in (method.lower(), path.rpartition("/")[2]) and next(count) == before:
            target.engine.kill()
        return send(method, path, *rest, **how)

    client._send = deadly  # type: ignore[method-assign]
    try:
        with pytest.raises(EngineError):
            converge(Container(client, bench.params({**bench.base, **options})), False)
    finally:
        client.close()
        target.engine.start()


@pytest.mark.parametrize(
    "session_target, verb, before",
    # From API 1.44 on, create takes all networks.
    [(name, *stage) for name in EXTREMES for stage in STAGES if name != "28.5" or stage[0] != "connect"],
    indirect=["session_target"],
)
def test_killed_daemon(target: Target, verb: str, before: int) -> None:
    networks(target)
    bench = Containers(target)
    bench.run(BASE)
    write(target, "/data/file", "kept")
    there = volumes(target)
    wanted = {**BASE, "labels": {"a": "1"}, "memory": "64M"}
    cut_short(target, wanted, verb, before)
    done = bench.agree(wanted)
    assert done.changed
    assert names(target) == ["case"]
    assert volumes(target) == there
    assert read(target, "/data/file") == "kept"
    found = bench.find()
    assert (found["State"]["Running"], found["Config"]["Labels"], found["HostConfig"]["Memory"]) == (
        True,
        {"a": "1"},
        64 << 20,
    )
    assert set(found["NetworkSettings"]["Networks"]) == {"one", "two"}
    bench.settled(wanted)


@on_newest
@pytest.mark.parametrize("verb, before", [("rename", 0), ("rename", 1), ("start", 0), ("delete", 0)])
def test_killed_daemon_and_a_task_that_cannot_be_done(target: Target, verb: str, before: int) -> None:
    """What was begun is taken back: the old container is there again."""
    bench = Containers(target, name="case")
    bench.run({})
    same = bench.find()["Id"]
    # The last one: the way back from a start that failed is cut short.
    wanted: Options = {"command": ["/no/such"]} if verb == "delete" else {"labels": {"a": "1"}}
    cut_short(target, {"name": "case", **wanted}, verb, before)
    with pytest.raises(EngineError, match="/no/such"):
        bench.run({"command": ["/no/such"]})
    found = bench.find()
    assert (found["Id"], found["State"]["Running"]) == (same, True)
    assert names(target) == ["case"]


@on_newest
@pytest.mark.parametrize("ran", [True, False])
@pytest.mark.parametrize("verb, before", [("stop", 0), ("rename", 0), ("rename", 1), ("start", 0), ("delete", 0)])
def test_killed_daemon_and_a_task_that_does_not_say_whether_it_runs(
    target: Target, verb: str, before: int, ran: bool
) -> None:
    """It runs if it ran, also after a second recreate was cut short, or failed."""
    bench = Containers(target, name="case")
    bench.run({"state": "started" if ran else "present"})
    same = bench.find()["Id"]
    wanted: Options = {"state": "present", "labels": {"a": "1"}}
    again = verb, before
    if verb in ("stop", "start") and not ran:
        verb, before = again = "rename", 0  # they are not asked for
    elif verb == "stop":
        again = "rename", 0  # the daemon's end was the container's as well
    for stage in ((verb, before), again):
        cut_short(target, {"name": "case", **wanted}, *stage)
    if ran and verb != "delete":
        with pytest.raises(EngineError, match="/no/such"):
            bench.run({"state": "present", "command": ["/no/such"]})
        assert (bench.find()["Id"], bench.find()["State"]["Running"]) == (same, True)
    assert bench.agree(wanted).changed
    assert (names(target), bench.find()["State"]["Running"]) == (["case"], ran)
    bench.settled(wanted)


@on_newest
@pytest.mark.parametrize("verb, before", [("stop", 0), ("rename", 0), ("rename", 1), ("start", 0)])
def test_killed_daemon_and_removal(target: Target, verb: str, before: int) -> None:
    bench = Containers(target, name="case", volumes=["/data"])
    bench.run({})
    cut_short(target, {"name": "case", "volumes": ["/data"], "labels": {"a": "1"}}, verb, before)
    bench.agree({"state": "absent", "keep_volumes": False})
    assert (names(target), volumes(target)) == ([], [])
    bench.settled({"state": "absent"})


@on_newest
def test_killed_daemon_before_the_end_of_an_auto_removed_one(target: Target) -> None:
    """The daemon removes such containers when it starts, the replacement as well."""
    bench = Containers(target, name="case", auto_remove=True)
    bench.run({})
    cut_short(target, {**bench.base, "labels": {"a": "1"}}, "rename")
    bench.run({"labels": {"a": "1"}})
    found = bench.find()
    assert (found["State"]["Running"], found["Config"]["Labels"]) == (True, {"a": "1"})
    assert names(target) == ["case"]


@on_extremes
def test_leftovers_of_others_are_left_alone(target: Target) -> None:
    """A name that only looks like one of ours."""
    for name in ("my-case-dockside-old", "case-dockside-older", "caseX-dockside-new"):
        target.container(name, start=False)
    there = names(target)
    bench = Containers(target, name="case")
    bench.run({})
    bench.run({"labels": {"a": "1"}})
    assert names(target) == sorted([*there, "case"])


# ---- who lives with whom ----


@on_extremes
def test_dependents(target: Target) -> None:
    bench = Containers(target)
    bench.run({"name": "case", "ipc_mode": "shareable"})
    for name, options in (("net", {"network_mode": "container:case"}), ("ipc", {"ipc_mode": "container:case"})):
        bench.run({"name": name, "command": ["/bin/idle"], "labels": {"keep": name}, **options})
    bench.run({"name": "apart"})
    before = {name: bench.find(name)["Id"] for name in names(target)}
    done = bench.agree({"name": "case", "labels": {"a": "1"}})
    assert "ipc, net live in a namespace of container case" in done.value["warnings"][0]
    assert [bench.find(name)["Id"] for name in ("net", "ipc")] == [before["net"], before["ipc"]]
    # The next task of a dependent joins it again, and so does the task of the one it lives with.
    assert bench.agree({"name": "net", "network_mode": "container:case"}).actions == ["recreate container net"]
    done = bench.agree({"name": "case", "labels": {"a": "2"}, "recreate_dependents": True})
    assert done.actions == ["recreate container case", "recreate container net"]
    found = bench.find("net")
    assert found["HostConfig"]["NetworkMode"] == f"container:{bench.find()['Id']}"
    assert (found["State"]["Running"], found["Config"]["Labels"]) == (True, {"keep": "net"})
    assert bench.find("apart")["Id"] == before["apart"]
    bench.settled({"name": "net", "network_mode": "container:case"})


@on_podman
def test_podman_keeps_a_container_that_others_live_with(target: Target) -> None:
    bench = Containers(target)
    bench.run({"name": "case"})
    bench.run({"name": "net", "command": ["/bin/idle"], "network_mode": "container:case"})
    changed = {"name": "case", "labels": {"a": "1"}, "recreate_dependents": True}
    bench.refused(changed, "net live in a namespace of container case, so Podman does not remove it")
    bench.refused({"name": "case", "state": "absent"}, "net live in a namespace of container case")
    bench.settled({"name": "net", "network_mode": "container:case"})


@on_extremes_and_podman
def test_auto_removed_container(target: Target) -> None:
    bench = Containers(target, name="case", auto_remove=True, volumes=["/data"])
    bench.run({})
    write(target, "/data/file", "kept")
    assert bench.agree({"labels": {"a": "1"}}).actions == ["recreate container case"]
    assert read(target, "/data/file") == "kept"
    bench.settled({"labels": {"a": "1"}})
    with pytest.raises(EngineError, match="/no/such"):
        bench.run({"command": ["/no/such"]})
    found = bench.find()  # its id is lost, all else is back
    assert (found["State"]["Running"], found["Config"]["Labels"]) == (True, {"a": "1"})
    if not target.podman:  # which removes an anonymous volume with any such container that ends
        assert read(target, "/data/file") == "kept"
    assert names(target) == ["case"]
    assert bench.agree({"state": "absent"}).changed
    assert names(target) == []


@on_extremes_and_podman
def test_paused(target: Target) -> None:
    bench = Containers(target, name="case")
    assert bench.agree({"paused": True}).actions == [
        "create container case",
        "start container case",
        "pause container case",
    ]
    bench.settled({"paused": True})
    bench.settled({})
    bench.run({"labels": {"a": "1"}})
    assert bench.find()["State"]["Status"] == "paused"  # a recreate keeps what the task does not name
    assert bench.agree({"paused": False}).actions == ["unpause container case"]
    bench.settled({"paused": False})
    bench.run({"paused": True})
    assert bench.agree({"state": "stopped"}).actions == ["stop container case"]
    assert bench.find()["State"]["Status"] == "exited"
    bench.settled({"state": "stopped", "paused": True})


@on_extremes_and_podman
def test_rename_from(target: Target) -> None:
    bench = Containers(target)
    bench.run({"name": "before", "labels": {"a": "1"}})
    same = bench.find("before")["Id"]
    wanted = {"name": "case", "rename_from": "before", "labels": {"a": "1"}}
    assert bench.agree(wanted).actions == ["rename before to container case"]
    assert (bench.find()["Id"], names(target)) == (same, ["case"])
    bench.settled(wanted)
    bench.run({"name": "before"})
    bench.settled(wanted)  # both are there: nothing is taken from the other
    assert bench.agree({**wanted, "name": "third", "labels": {"a": "2"}}).changed
    assert names(target) == ["case", "third"]


RICH = {
    "command": ["/bin/serve"],
    "env": {"A": "1"},
    "labels": {"a": "1"},
    "published_ports": ["8098:80"],
    "volumes": ["data:/data", "/more"],
    "networks": [{"name": "one", "aliases": ["a"], "ipv4_address": "10.97.1.9"}, {"name": "two"}],
    "memory": "64M",
    "healthcheck": HEALTHY,
    "restart_policy": "always",
    "hostname": "h",
    "capabilities": ["net_admin"],
    "ulimits": ["nofile:1024"],
}


def suited(target: Target, options: Options) -> Options:
    """RICH as far as an engine can tell that it is there."""
    if target.podman:  # does not tell an address that was asked for from another
        return {**options, "networks": [{"name": "one", "aliases": ["a"]}, {"name": "two"}]}
    return options


@everywhere
def test_name_and_state_touch_no_settings(target: Target) -> None:
    networks(target)
    rich = suited(target, RICH)
    Containers(target).run({"name": "case", **rich})
    bench = Containers(target, image=None, name="case")
    before = bench.find()
    if not target.podman:  # whose health checks need systemd
        bench.settled({"state": "healthy"})
    for options, actions in (
        ({}, []),
        ({"state": "present"}, []),
        ({"restart": True}, ["restart container case"]),
        ({"paused": True}, ["pause container case"]),
        ({"paused": False}, ["unpause container case"]),
        ({"state": "stopped"}, ["stop container case"]),
        ({"state": "present"}, []),
        ({}, ["start container case"]),
        ({"state": "stopped", "force_kill": True, "kill_signal": "SIGTERM"}, ["stop container case"]),
        ({"state": "started", "restart": True}, ["start container case"]),
    ):
        done = bench.agree(options)
        assert done.actions == actions
        assert (done.diff["before"] != done.diff["after"]) == bool(actions)
    after = bench.find()
    assert after["Id"] == before["Id"]
    assert (after["Config"], after["HostConfig"]) == (before["Config"], before["HostConfig"])
    assert set(after["NetworkSettings"]["Networks"]) == {"one", "two"}
    Containers(target, name="case").settled(rich)


@on_extremes_and_podman
def test_what_a_task_does_not_name_is_kept(target: Target) -> None:
    networks(target)
    bench = Containers(target, name="case")
    rich = suited(target, RICH)
    bench.run(rich)
    before = bench.find()
    assert bench.agree({"user": "root"}).actions == ["recreate container case"]
    after = bench.find()
    assert after["Config"]["User"] == "root"
    after["Config"]["User"] = before["Config"]["User"]
    for found in before, after:
        found["Config"]["Env"].sort()
    carried = {"Binds": sorted(after["HostConfig"]["Binds"], key=len)}
    assert carried["Binds"][0].startswith("data:/data")  # the anonymous volume came along by its name
    assert after["Config"] == before["Config"]
    assert {**after["HostConfig"], "Binds": 0} == {**before["HostConfig"], "Binds": 0}
    bench.settled(rich)
    bench.settled({**rich, "comparisons": {"*": "strict"}})


@on_extremes
def test_the_command_is_that_of_the_new_image(target: Target) -> None:
    made = target.container("base", start=False)
    target.ask("POST", f"/commit?container={made}&repo=dockside/other&tag=1", {"Cmd": ["/bin/idle", "other"]})
    bench = Containers(target)
    bench.run({"name": "case"})
    bench.agree({"name": "case", "image": "dockside/other:1"})
    assert bench.find()["Config"]["Cmd"] == ["/bin/idle", "other"]


@on_extremes_and_podman
def test_recreate_and_restart_on_request(target: Target) -> None:
    bench = Containers(target, name="case")
    bench.run({"labels": {"a": "1"}})
    before = bench.find()["Id"]
    assert bench.agree({"recreate": True}).actions == ["recreate container case"]
    assert bench.find()["Id"] != before
    assert bench.find()["Config"]["Labels"] == {"a": "1"}
    before = bench.find()
    assert bench.agree({"restart": True}).actions == ["restart container case"]
    assert bench.find()["Id"] == before["Id"]
    assert bench.find()["State"]["StartedAt"] > before["State"]["StartedAt"]


@on_extremes
@pytest.mark.parametrize(
    ("made", "options", "code"),
    [
        ({}, {}, 7),
        ({"stop_signal": "USR1"}, {}, 8),
        ({}, {"force_kill": True}, 137),
        ({}, {"force_kill": True, "kill_signal": "SIGUSR1"}, 8),
        # It would end by itself after 5 seconds, well before the 10 that the engine gives to one that says nothing.
        ({"stop_signal": "USR2", "stop_timeout": 1}, {}, 137),
        ({"stop_signal": "USR2"}, {"stop_timeout": 1}, 137),
    ],
)
def test_how_it_is_stopped(target: Target, made: Options, options: Options, code: int) -> None:
    traps = "trap 'exit 7' TERM; trap 'exit 8' USR1; trap 'sleep 5; exit 9' USR2"
    bench = Containers(target, name="case")
    bench.run({"command": ["sh", "-c", f"{traps}; touch /ready; while :; do sleep 0.1; done"], **made})
    wait_for("the traps", lambda: target.engine.docker("exec", "case", "ls", "/ready", check=False).returncode == 0, 20)
    assert bench.agree({"state": "stopped", **options}).actions == ["stop container case"]
    assert bench.find()["State"]["ExitCode"] == code
    bench.settled({"state": "stopped", **options})


# ---- jobs ----


@on_extremes_and_podman
def test_job(target: Target) -> None:
    bench = Containers(target, name="case", detach=False)
    done = bench.agree({"command": ["sh", "-c", "echo out; echo err >&2"]})
    assert done.value["status"] == 0
    assert sorted(done.value["container"]["Output"].split()) == ["err", "out"]
    assert names(target) == ["case"]
    done = bench.run({"command": ["echo", "again"], "tty": True, "cleanup": True})
    assert (done.value["status"], done.value["container"]["Output"].strip()) == (0, "again")
    assert names(target) == []
    with pytest.raises(EngineError, match=r"(?s)exit code 3.*sorry"):
        bench.run({"command": ["sh", "-c", "echo sorry; exit 3"]})
    assert names(target) == ["case"]
    for keep, left in ((False, 0), (True, 1)):
        bench.run({"command": ["true"], "volumes": ["/data"], "cleanup": True, "keep_volumes": keep})
        assert len(volumes(target)) == left
    with pytest.raises(EngineError, match="exit code 4"):
        bench.run({"command": ["sh", "-c", "exit 4"], "cleanup": True})
    assert names(target) == []


# ---- and little is asked for it ----


@on_extremes
def test_unchanged_takes_four_requests(target: Target) -> None:
    networks(target)
    bench = Containers(target, name="case")
    bench.run(RICH)
    with counted(target) as (host, requests):
        assert not bench.run(RICH, host=host).changed
    assert len(requests) <= 4, requests


@on_extremes
def test_what_the_kernel_cannot_hold_is_no_change(target: Target) -> None:
    """A weight for block devices is dropped with a warning where the kernel has none, at create and at update."""
    bench = Containers(target, name="case")
    one = {"labels": {"a": "1"}, "blkio_weight": 300}
    weights = {**one, "blkio_weight_device": [{"path": "/dev/null", "weight": 200}]}
    for options in (one, weights):
        bench.run(options)
        before = bench.find()
        assert not bench.run(options).changed
        assert bench.find() == before
    assert bench.run({**weights, "labels": {"a": "2"}}).changed
    assert not bench.run({**weights, "labels": {"a": "2"}}).changed
    assert names(target) == ["case"]
