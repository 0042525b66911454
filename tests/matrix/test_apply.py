# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects in one task: their order, what goes, what check mode foresees, and what a failure leaves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.apply import Unfinished
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, VersionError
from engines import Registry

from tests.matrix.applying import WEB, Applying, of
from tests.matrix.cluster import ENGINES
from tests.matrix.clusters import Manager
from tests.matrix.containers import names, on_extremes, on_newest, on_plain_engines, volumes
from tests.matrix.harness import Options, Target, counted
from tests.matrix.images import push

IDLE = {"image": WEB, "command": ["/bin/idle"]}
LABEL = "dockside.engine.project"
HEALTHY = {"healthcheck": {"test": "true", "interval": "1s"}, "state": "healthy"}
SHOP: dict[str, Any] = {
    "networks": [{"name": "front", "labels": {"a": "1"}}, {"name": "back", "internal": True}],
    "volumes": [{"name": "data"}],
    "images": [{"name": WEB}],
    "containers": [
        {
            "name": "web",
            "image": WEB,
            "published_ports": ["8098:80"],
            "networks": [{"name": "front"}, {"name": "back", "aliases": ["www"]}],
            "depends_on": ["db"],
        },
        {"name": "helper", **IDLE, "network_mode": "container:web"},
        {"name": "db", **IDLE, **HEALTHY, "networks": [{"name": "back"}], "volumes": ["data:/data"]},
    ],
}


@pytest.fixture
def bench(target: Target) -> Applying:
    return Applying(target)


def networks(target: Target) -> set[str]:
    """The networks of users: what an engine, or its time in a swarm, brings is left out."""
    return {each["Name"] for each in target.ask("GET", "/networks")} - {"bridge", "docker_gwbridge", "host", "none"}


def container(target: Target, name: str) -> Any:
    return target.ask("GET", f"/containers/{name}/json")


# ---- what is there afterwards ----


def test_a_project(bench: Applying, target: Target) -> None:
    done = bench.agree(project="shop", **SHOP)
    assert [each["name"] for each in done["results"]] == ["front", "back", "data", WEB, "db", "web", "helper"]
    assert done["diff"]["after"]["container web"]["networks"] == [
        {"name": "front"},
        {"name": "back", "aliases": ["www"]},
    ]
    found = {name: container(target, name) for name in ("db", "web", "helper")}
    assert found["db"]["State"]["Health"]["Status"] == "healthy"
    assert found["helper"]["HostConfig"]["NetworkMode"] == f"container:{found['web']['Id']}"
    assert found["db"]["State"]["StartedAt"] < found["web"]["State"]["StartedAt"]
    assert {each["Config"]["Labels"][LABEL] for each in found.values()} == {"shop"}
    assert target.ask("GET", "/networks/front")["Labels"] == {"a": "1", LABEL: "shop"}
    assert target.ask("GET", "/volumes/data")["Labels"] == {LABEL: "shop"}
    bench.settled(project="shop", **SHOP)
    assert {name: container(target, name)["Id"] for name in found} == {name: each["Id"] for name, each in found.items()}


def test_a_change_is_that_of_its_object(bench: Applying, target: Target) -> None:
    items = [{"name": "one", **IDLE}, {"name": "two", **IDLE, "memory": "64M"}]
    bench.run(containers=items)
    done = bench.agree(containers=[items[0], {**items[1], "memory": "128M"}])
    assert done["actions"] == ["update container two"]
    assert not of(done, "one")["changed"]
    (change,) = of(done, "two")["changes"]
    assert (change["before"], change["after"], change["action"]) == ("64M", "128M", "update")
    assert done["diff"] == {
        "before": {"container two": {"memory": "64M"}},
        "after": {"container two": {"memory": "128M"}},
    }


@on_newest
def test_the_objects_when_asked(bench: Applying, target: Target) -> None:
    items = [{"name": "one", **IDLE}]
    assert "container" not in of(bench.run(containers=items), "one")
    assert of(bench.run(containers=items, return_objects=True), "one")["container"]["Name"] == "/one"


@on_newest
def test_objects_of_one_kind_need_no_order(bench: Applying) -> None:
    items = [
        {"name": "front", "config_from": "base"},
        {"name": "base", "config_only": True, "driver_options": {"a": "1"}},
    ]
    assert bench.agree(project="shop", networks=items)["actions"] == ["create network base", "create network front"]
    bench.settled(project="shop", networks=items)
    done = bench.agree(project="shop", remove_orphans=True)
    assert done["actions"] == ["remove network front", "remove network base"]


@on_newest
def test_names_need_not_be_listed(bench: Applying, target: Target) -> None:
    target.ask("POST", "/networks/create", {"Name": "old"})
    target.container("other")
    item = {"name": "one", **IDLE, "networks": [{"name": "old"}], "volumes": ["fresh:/data"], "links": ["other"]}
    bench.agree(containers=[{**item, "links": None}])
    bench.settled(containers=[{**item, "links": None}])


# ---- what check mode foresees ----


@on_plain_engines
def test_a_namespace_that_moves(bench: Applying, target: Target) -> None:
    def items(text: str) -> list[Options]:
        shared = {"network_mode": "container:web", "pid_mode": "container:web"}
        return [
            {"name": "web", **IDLE, "env": {"A": text}},
            {"name": "side", **IDLE, **shared},
            {"name": "far", **IDLE},
        ]

    bench.run(containers=items("1"))
    far = container(target, "far")["Id"]
    done = bench.agree(containers=items("2"))
    assert done["actions"] == ["recreate container web", "recreate container side"]
    assert done["warnings"] == []
    assert container(target, "side")["HostConfig"]["PidMode"] == f"container:{container(target, 'web')['Id']}"
    assert container(target, "far")["Id"] == far
    bench.settled(containers=items("2"))


@on_extremes
def test_who_is_not_listed_loses_its_namespace(bench: Applying, target: Target) -> None:
    bench.run(containers=[{"name": "web", **IDLE}, {"name": "side", **IDLE, "ipc_mode": "shareable"}])
    target.container("stranger", HostConfig={"NetworkMode": "container:web"})
    done = bench.agree(containers=[{"name": "web", **IDLE, "env": {"A": "1"}}, {"name": "side", **IDLE}])
    (warning,) = done["warnings"]
    assert warning.startswith("container web: stranger live in a namespace of container web")


@on_plain_engines
def test_an_image_that_is_made_anew(bench: Applying, target: Target, tmp_path: Path) -> None:
    path = tmp_path / "root.tar"

    def options(text: str) -> dict[str, Any]:
        path.write_bytes(target.engine.root_tar({"/www/index.html": text.encode()}))
        source = {"source": "import", "import_path": str(path), "changes": ["CMD /bin/idle"], "force_source": True}
        images = [
            {"name": "dockside/made:1", **source, "repository": "dockside/also:1", "force_tag": True},
            {"name": "dockside/also", "tag": "1", "repository": "dockside/third:1", "force_tag": True},
        ]
        users = ("dockside/made:1", "dockside/also:1", "dockside/third:1", WEB)
        items = [{"name": f"user{n}", "image": image, "pull": "never"} for n, image in enumerate(users)]
        return {"images": images, "containers": items}

    done = bench.agree(**options("1"))
    assert of(done, "user2")["actions"] == ["create container user2", "start container user2"]
    stays = container(target, "user3")["Id"]
    done = bench.agree(**options("2"))
    assert [of(done, f"user{n}")["actions"] for n in range(4)] == [
        [f"recreate container user{n}"] for n in range(3)
    ] + [[]]
    new = target.ask("GET", "/images/dockside/third:1/json")["Id"]
    assert {container(target, f"user{n}")["Image"] for n in range(3)} == {new}
    assert container(target, "user3")["Id"] == stays


@on_plain_engines
def test_what_is_left_can_go(bench: Applying, target: Target) -> None:
    target.engine.docker("tag", WEB, "dockside/old:1")
    target.engine.image("dockside/new:1")
    items = [{"name": "one", **IDLE, "image": "dockside/old:1", "networks": [{"name": "old"}]}]
    bench.run(networks=[{"name": "old"}, {"name": "older"}], containers=[*items, {"name": "two", **IDLE}])
    gone = {"state": "absent"}
    done = bench.agree(
        networks=[{"name": "new"}, {"name": "old", **gone}, {"name": "older", **gone}],
        images=[{"name": "dockside/old:1", **gone}],
        containers=[
            {**items[0], "image": "dockside/new:1", "networks": [{"name": "new"}], "purge_networks": True},
            {"name": "two", **gone},
        ],
    )
    assert done["warnings"] == []
    assert networks(target) == {"new"}
    assert names(target) == ["one"]
    assert not target.there("/images/dockside/old:1/json")


@on_plain_engines
def test_containers_that_a_network_connects(bench: Applying, target: Target) -> None:
    options = {"networks": [{"name": "mesh", "connected": ["one"]}], "containers": [{"name": "one", **IDLE}]}
    assert bench.agree(**options)["actions"][-1] == "connect container one to network mesh"
    bench.settled(**options)


@on_extremes
def test_a_container_that_gets_another_name(bench: Applying, target: Target) -> None:
    before = target.container("old", Labels={LABEL: "shop"})
    items = [
        {"name": "new", "image": WEB, "rename_from": "old"},
        {"name": "side", **IDLE, "network_mode": "container:new"},
    ]
    done = bench.agree(project="shop", remove_orphans=True, containers=items)
    assert of(done, "new")["actions"] == ["rename old to container new"]
    assert container(target, "new")["Id"] == before
    bench.settled(project="shop", remove_orphans=True, containers=items)


@on_extremes
def test_one_pulls_for_all(bench: Applying, target: Target, registry: Registry) -> None:
    name, _digest = push(target, registry, "shared", "1")
    items = [{"name": f"user{n}", "image": name} for n in range(4)]
    items[0]["depends_on"] = ["user3"]
    done = bench.agree(containers=items)
    assert [each["name"] for each in done["results"] if f"pull image {name}" in each["actions"]] == ["user3"]
    bench.settled(containers=items)
    # Another image under the name in the registry; the engine still has the old one.
    target.engine.docker("tag", name, "dockside/kept:1")
    push(target, registry, "shared", "2")
    target.engine.docker("tag", "dockside/kept:1", name)
    bench.settled(containers=items)
    always = [{**item, "pull": "always"} for item in items]
    done = bench.agree(containers=always)
    assert sorted(len(each["actions"]) for each in done["results"]) == [1, 1, 1, 2]
    bench.settled(containers=always)


@on_extremes
def test_images_that_are_pulled_and_pushed(bench: Applying, target: Target, registry: Registry) -> None:
    name, _digest = push(target, registry, "listed", "1")
    copy = f"{registry.name}/copy:1"
    options = {
        "images": [{"name": name, "source": "pull"}, {"name": name, "repository": copy, "push": True}],
        "containers": [
            {"name": "one", "image": name, "pull": "always"},
            {"name": "two", "image": copy, "pull": "always"},
        ],
    }
    with pytest.raises(ValueError, match=r"images\[1\].name: .* is there already, as images\[0\]"):
        bench.run(**options)
    options["images"] = [{"name": name, "source": "pull", "repository": copy, "push": True}]
    done = bench.agree(**options)
    assert [len(each["actions"]) for each in done["results"]] == [3, 2, 2]
    bench.settled(**options)


# ---- what goes ----


def test_orphans(bench: Applying, target: Target) -> None:
    bench.run(project="shop", **SHOP)
    bench.run(project="other", containers=[{"name": "theirs", **IDLE}])
    target.container("foreign")
    rest = {"networks": SHOP["networks"][1:], "containers": [SHOP["containers"][2]]}
    bench.settled(project="shop", **rest)
    done = bench.agree(project="shop", remove_orphans=True, **rest)
    assert done["actions"] == [
        *("stop container helper", "remove container helper", "stop container web", "remove container web"),
        "remove network front",
    ]
    assert names(target) == ["db", "foreign", "theirs"]
    assert networks(target) == {"back"}
    assert volumes(target) == ["data"]
    bench.settled(project="shop", remove_orphans=True, **rest)
    assert bench.agree(project="shop", remove_orphans=True)["actions"][-1] == "remove network back"
    assert volumes(target) == ["data"]
    done = bench.agree(project="shop", remove_orphans=True, remove_volumes=True)
    assert done["actions"] == ["remove volume data"]
    assert names(target) == ["foreign", "theirs"]


@on_extremes
def test_all_of_it_goes(bench: Applying, target: Target) -> None:
    bench.run(project="shop", **SHOP)
    done = bench.agree(state="absent", **SHOP)
    assert [each["name"] for each in done["results"]] == ["helper", "web", "db", "front", "back"]
    assert (names(target), networks(target), volumes(target)) == ([], set(), ["data"])
    assert target.there(f"/images/{WEB}/json")
    assert bench.agree(state="absent", remove_volumes=True, **SHOP)["actions"] == ["remove volume data"]
    bench.settled(state="absent", remove_volumes=True, **SHOP)


@on_extremes
def test_a_port_goes_from_one_that_goes_to_one_that_comes(bench: Applying, target: Target) -> None:
    port = {"published_ports": ["8098:80"]}
    bench.run(project="shop", containers=[{"name": "old", "image": WEB, **port}])
    done = bench.agree(project="shop", remove_orphans=True, containers=[{"name": "new", "image": WEB, **port}])
    assert [each["name"] for each in done["results"]] == ["old", "new"]
    assert names(target) == ["new"]


@on_extremes
def test_what_a_recreate_left_is_no_orphan(bench: Applying, target: Target) -> None:
    items = [{"name": "web", **IDLE}]
    bench.run(project="shop", containers=items)
    before = container(target, "web")["Id"]
    target.ask("POST", "/containers/web/rename?name=web-dockside-old")
    done = bench.agree(project="shop", remove_orphans=True, containers=items)
    assert done["actions"] == ["bring back container web"]
    assert container(target, "web")["Id"] == before
    target.ask("POST", "/containers/web/rename?name=web-dockside-old")
    done = bench.agree(project="shop", remove_orphans=True)
    assert done["actions"][-1] == "remove container web"
    assert names(target) == []


@on_newest
def test_networks_and_volumes_of_others_keep_their_labels(bench: Applying, target: Target) -> None:
    target.ask("POST", "/volumes/create", {"Name": "mine"})
    made = target.ask("POST", "/networks/create", {"Name": "mesh", "Labels": {LABEL: "other"}})["Id"]
    bench.settled(project="shop", volumes=[{"name": "mine"}], networks=[{"name": "mesh"}])
    assert target.ask("GET", "/networks/mesh")["Id"] == made
    bench.settled(project="shop", remove_orphans=True, remove_volumes=True)


@on_newest
def test_the_label_of_compose(bench: Applying, target: Target) -> None:
    label = "com.docker.compose.project"
    target.container("shop-web-1", Labels={label: "shop"})
    target.container("other")
    found = bench.run(state="gathered", project="shop", project_label=label)["gathered"]
    assert [each["name"] for each in found["containers"]] == ["shop-web-1"]
    bench.settled(project="shop", project_label=label, remove_orphans=True, **found)


# ---- what fails ----


@on_plain_engines
def test_a_failure_in_the_middle(bench: Applying, target: Target) -> None:
    items = [
        {"name": "free", **IDLE},
        {"name": "broken", "image": WEB, "command": ["/nosuch"]},
        {"name": "side", **IDLE, "network_mode": "container:broken"},
        {"name": "beside", **IDLE, "depends_on": ["side"]},
        {"name": "missing", "image": "dockside/nosuch:1", "pull": "never"},
    ]
    with pytest.raises(Unfinished) as caught:
        bench.run(networks=[{"name": "mesh"}], containers=items)
    text, result = str(caught.value), caught.value.result
    assert "container broken: POST /containers/broken/start: 400" in text
    assert "container missing: image dockside/nosuch:1 is not there, and pull is never" in text
    assert text.endswith("left out: container side (needs container broken), container beside (needs container side)")
    assert result["changed"]
    told = {each["name"]: each for each in result["results"]}
    assert {name for name, each in told.items() if each.get("failed")} == {"broken", "missing"}
    assert {name for name, each in told.items() if each.get("skipped")} == {"side", "beside"}
    assert told["broken"]["actions"] == ["create container broken"]
    assert told["missing"]["actions"] == told["side"]["actions"] == []
    assert told["free"]["actions"] == ["create container free", "start container free"]
    assert set(names(target)) == {"free", "broken"}
    assert networks(target) == {"mesh"}


@on_extremes
def test_what_goes_waits_for_what_comes(bench: Applying, target: Target) -> None:
    bench.run(project="shop", containers=[{"name": "old", **IDLE}])
    with pytest.raises(Unfinished) as caught:
        bench.run(
            project="shop",
            remove_orphans=True,
            images=[{"name": "dockside/nosuch:1"}],
            containers=[{"name": "new", "image": "dockside/nosuch:1"}, {"name": "other", **IDLE}],
        )
    skipped = [each["name"] for each in caught.value.result["results"] if each.get("skipped")]
    assert skipped == ["old", "new"]
    assert set(names(target)) == {"old", "other"}


@on_newest
def test_check_mode_warns_of_what_would_fail(bench: Applying, target: Target) -> None:
    said = bench.check(containers=[{"name": "one", **IDLE, "networks": [{"name": "nosuch"}]}])
    assert said["warnings"] == ["container one: this would fail: networks: network nosuch does not exist"]


ONE = {"name": "one", "image": WEB}


@on_newest
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"containers": [ONE, {"name": "two", "published_ports": ["x"]}]}, r"containers\[1\]\.published_ports: 'x' is"),
        ({"containers": [ONE, {"name": "two", "ports": {"a": 1}}]}, r"containers\[1\]\.ports: argument 'ports'"),
        ({"containers": [{"image": WEB}]}, r"^containers\[0\]: missing required arguments: name"),
        ({"containers": [{**ONE, "imagine": 1}]}, r"^containers\[0\]\.imagine: there is no such option"),
        ({"containers": [{**ONE, "mounts": [{"source": "x"}]}]}, r"^containers\[0\]\.mounts: missing .*: target"),
        ({"containers": [{**ONE, "gpus": "all", "device_requests": []}]}, r"^containers\[0\]: .*mutually exclusive"),
        ({"containers": [{**ONE, "state": "up"}]}, r"^containers\[0\]\.state: value of state must be one of"),
        ({"secrets": [{"name": "s", "data": "a", "data_src": "b"}]}, r"^secrets\[0\]: .*mutually exclusive"),
        ({"containers": [ONE, ONE]}, r"^containers\[1\]\.name: one is there already, as containers\[0\]"),
        ({"containers": [{**ONE, "depends_on": ["x"]}]}, r"^containers\[0\]\.depends_on\[0\]: x is not among"),
        (
            {"containers": [{**ONE, "depends_on": ["two"]}, {**ONE, "name": "two", "links": ["one"]}]},
            "^no object of a circle can be the first: container (one|two) needs container (one|two) needs",
        ),
        (
            {"containers": [{**ONE, "networks": [{"name": "net"}]}], "networks": [{"name": "net", "state": "absent"}]},
            r"^containers\[0\]: container one needs network net, which the task removes",
        ),
        ({"remove_orphans": True}, "remove_orphans is True but all of the following are missing: project"),
        ({"parallel": 0}, "parallel: must be at least 1, not 0"),
        ({"state": "gathered", "networks": [{"name": "x"}]}, "state: state gathered reads .* takes no networks"),
    ],
)  # fmt: skip
def test_bad_input(bench: Applying, target: Target, options: Options, message: str) -> None:
    before = target.snapshot()
    with pytest.raises((ValueError, EngineError), match=message):
        bench.run(**options)
    assert target.snapshot() == before


@pytest.mark.parametrize("session_target", ["20.10"], indirect=True)
def test_all_that_is_too_new_is_one_error(bench: Applying, target: Target) -> None:
    with pytest.raises(VersionError) as caught:
        bench.run(
            networks=[{"name": "net", "enable_ipv4": True}],
            containers=[
                ONE,
                {"name": "two", "annotations": {"a": "1"}},
                {"name": "x", "state": "absent", "gpus": "all"},
            ],
        )
    assert "networks[0].enable_ipv4 needs API 1.48, containers[1].annotations needs API 1.43" in str(caught.value)
    assert networks(target) == set()


# ---- what it costs ----


@on_plain_engines
def test_unchanged_takes_a_request_an_object(bench: Applying, target: Target) -> None:
    items = [{"name": f"one{n}", **IDLE, "state": "present", "networks": [{"name": "mesh"}]} for n in range(10)]
    options = {"networks": [{"name": "mesh"}], "containers": items}
    bench.run(**options)
    with counted(target) as (host, requests):
        assert not bench.run(host=host, **options)["changed"]
    assert len(requests) <= len(items) + 4, requests  # the version, the network, the image, what recreates left


@on_plain_engines
def test_recreating_many_looks_at_each_once(bench: Applying, target: Target) -> None:
    items = [{"name": f"one{n}", **IDLE, "state": "present"} for n in range(8)]
    bench.run(containers=items)
    with counted(target) as (host, requests):
        done = bench.run(host=host, containers=[{**item, "env": {"A": "1"}} for item in items])
    assert len(done["actions"]) == len(items)
    assert len([text for _label, text in requests if text.startswith("GET")]) < 10 * len(items), requests


# ---- in a swarm ----


def stack(**more: Any) -> dict[str, Any]:
    service = {
        "name": "api",
        "image": WEB,
        "command": ["/bin/idle"],
        "resolve_image": "never",
        "networks": ["mesh"],
        "secrets": [{"secret_name": "key"}],
        "configs": [{"config_name": "conf"}],
        "mounts": [{"type": "volume", "source": "data", "target": "/data"}],
        "restart_config": {"condition": "none"},
        "stop_grace_period": "1s",
    }
    return {
        "networks": [{"name": "mesh", "driver": "overlay", "attachable": True}],
        "volumes": [{"name": "data"}],
        "secrets": [{"name": "key", "data": "one"}],
        "configs": [{"name": "conf", "data": "one"}],
        "services": [{**service, **more}],
    }


@pytest.fixture
def swarm(manager: Manager) -> Iterator[Applying]:
    yield Applying(manager)
    manager.engine.reset()
    manager.enter()


def test_a_stack(swarm: Applying) -> None:
    manager = swarm.target
    options = {"project": "shop", **stack()}
    done = swarm.agree(**options)
    assert [each["kind"] for each in done["results"]] == ["network", "volume", "secret", "config", "service"]
    assert manager.ask("GET", "/services/api")["Spec"]["Labels"] == {LABEL: "shop"}
    swarm.settled(**options)


@pytest.mark.parametrize("session_manager", ENGINES, indirect=True)
def test_a_stack_shrinks_and_goes(swarm: Applying, manager: Manager) -> None:
    base = stack()
    extra = {
        "networks": [*base["networks"], {"name": "more", "driver": "overlay"}],
        "secrets": [*base["secrets"], {"name": "old", "data": "x"}],
        "configs": [*base["configs"], {"name": "older", "data": "x"}],
        "services": [
            {**base["services"][0], "name": "second", "networks": ["more"], "secrets": [{"secret_name": "old"}]}
        ],
    }
    swarm.run(project="shop", **{**base, **extra})
    done = swarm.agree(project="shop", remove_orphans=True, **{**base, "services": []})
    assert set(done["actions"]) == {
        "remove service second",
        "remove secret old",
        "remove config older",
        "remove network more",
    }
    assert done["warnings"] == []
    swarm.run(project="shop", **base)
    done = swarm.agree(project="shop", remove_orphans=True, remove_volumes=True)
    assert [each["kind"] for each in done["results"]] == ["service", "network", "volume", "secret", "config"]
    swarm.settled(project="shop", remove_orphans=True, remove_volumes=True)


@pytest.mark.parametrize("session_manager", ENGINES, indirect=True)
def test_a_secret_takes_the_place_of_another(swarm: Applying, manager: Manager) -> None:
    swarm.run(**stack())
    options = {
        **stack(secrets=[{"secret_name": "key2", "filename": "key"}], comparisons={"secrets": "strict"}),
        "secrets": [{"name": "key2", "data": "two"}, {"name": "key", "state": "absent"}],
    }
    done = swarm.agree(**options)
    assert done["actions"] == ["create secret key2", "update service api", "remove secret key"]
    assert done["warnings"] == []
    assert [each["Spec"]["Name"] for each in manager.ask("GET", "/secrets")] == ["key2"]


@pytest.mark.parametrize("session_manager", ENGINES, indirect=True)
def test_a_secret_that_a_service_uses_is_not_replaced(swarm: Applying, manager: Manager) -> None:
    swarm.run(**stack())
    options = {**stack(labels={"a": "1"}), "secrets": [{"name": "key", "data": "two"}]}
    assert "secret key: this would fail: secret key is in use by service api" in swarm.check(**options)["warnings"][0]
    with pytest.raises(
        Unfinished, match=r"secret key is in use by service api.*; left out: service api \(needs secret key"
    ):
        swarm.run(**options)


@pytest.mark.parametrize("session_loner", ["28.5"], indirect=True)
def test_without_a_swarm_the_rest_is_done(loner: Manager) -> None:
    with pytest.raises(Unfinished) as caught:
        Applying(loner).run(networks=[{"name": "mesh"}], secrets=[{"name": "key", "data": "x"}])
    assert "secret key: the engine at" in str(caught.value)
    assert "is in no swarm: make it a manager" in str(caught.value)
    assert loner.there("/networks/mesh")
    Applying(loner).run(networks=[{"name": "mesh", "state": "absent"}])
