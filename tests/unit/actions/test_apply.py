# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Many objects in one task: what needs what, how many come at once, and what they share."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from types import SimpleNamespace
from typing import Any

import pytest
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator
from ansible_collections.dockside.engine.plugins.module_utils._actions.apply import SPEC, Item, Task, Unfinished
from ansible_collections.dockside.engine.plugins.module_utils._actions.apply_kinds import KINDS
from ansible_collections.dockside.engine.plugins.module_utils._actions.apply_listing import named
from ansible_collections.dockside.engine.plugins.module_utils._actions.apply_view import Memory, Promises, View
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.endpoint import resolve
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, NotFound
from ansible_collections.dockside.engine.plugins.module_utils._lists import Lists
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import Outcome
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Unfit

from tests.unit.fake_engine import FakeEngine, Reply

LISTS = Lists(KINDS)


def unreached() -> Engine:
    """An engine that nobody asks for anything."""
    engine = Engine(resolve({"docker_host": "unix:///nowhere"}, {}))
    engine._api = (1, 51)
    return engine


def planned(**options: Any) -> Task:
    params = ArgumentSpecValidator(SPEC).validate(options).validated_parameters
    return Task(LISTS.read, unreached(), params)


def before(task: Task) -> dict[str, list[str]]:
    """The title of each object to those of what it needs."""
    return {item.title: [other.title for other in item.needs] for item in task.way}


def container(name: str, **options: Any) -> dict[str, Any]:
    return {"name": name, **options}


# ---- what needs what ----


@pytest.mark.parametrize(
    ("options", "needs"),
    [
        ({"networks": [{"name": "n"}, {"name": "o"}]}, "network n"),
        ({"networks": [{"name": "n"}], "network_mode": "n"}, "network n"),
        ({"volumes": ["v:/data", "/bind:/b", "/anonymous"]}, "volume v"),
        ({"mounts": [{"target": "/v", "source": "v"}, {"target": "/t", "type": "tmpfs"}]}, "volume v"),
        ({"mounts": [{"target": "/v", "type": "image", "source": "other:1"}]}, "image other:1"),
        ({"image": "other:1"}, "image other:1"),
        ({"image": "docker.io/library/other:1"}, "image other:1"),
        ({"image": "alias:1"}, "image other:1"),
        ({"network_mode": "container:first"}, "container first"),
        ({"ipc_mode": "container:first"}, "container first"),
        ({"pid_mode": "container:first"}, "container first"),
        ({"volumes_from": ["first:ro"]}, "container first"),
        ({"links": ["first:alias"]}, "container first"),
        ({"networks": [{"name": "o", "links": ["first"]}]}, "container first"),
        ({"depends_on": ["first"]}, "container first"),
        ({"network_mode": "bridge", "ipc_mode": "private", "volumes": ["w:/w"], "image": "x"}, None),
    ],
    ids=str,
)
def test_a_container_needs(options: dict[str, Any], needs: str | None) -> None:
    task = planned(
        networks=[{"name": "n"}],
        volumes=[{"name": "v"}],
        images=[{"name": "other:1", "source": "pull", "repository": "alias"}],
        containers=[container("me", **options), container("first")],
    )
    found = before(task)["container me"]
    assert set(found) == ({needs} if needs else set())


@pytest.mark.parametrize(
    ("options", "needs"),
    [
        ({"networks": ["n"]}, "network n"),
        ({"networks": [{"name": "n", "aliases": ["a"]}]}, "network n"),
        ({"secrets": [{"secret_name": "s"}]}, "secret s"),
        ({"secrets": [{"secret_name": "s_v3", "filename": "s"}]}, "secret s"),
        ({"configs": [{"config_name": "c"}]}, "config c"),
        ({"credential_spec": "config://c"}, "config c"),
        ({"mounts": [{"type": "volume", "source": "v", "target": "/v"}]}, "volume v"),
        ({"mounts": [{"type": "bind", "source": "/v", "target": "/v"}]}, None),
        ({"image": "other:1"}, "image other:1"),
        ({"depends_on": ["first"]}, "service first"),
    ],
    ids=str,
)
def test_a_service_needs(options: dict[str, Any], needs: str | None) -> None:
    task = planned(
        networks=[{"name": "n"}],
        volumes=[{"name": "v"}],
        secrets=[{"name": "s", "data": "x"}],
        configs=[{"name": "c", "data": "x"}],
        images=[{"name": "other:1", "source": "pull"}],
        services=[{"name": "me", **options}, {"name": "first"}],
    )
    assert before(task)["service me"] == ([needs] if needs else [])


def test_networks_and_images_need_each_other_too() -> None:
    found = before(
        planned(
            networks=[{"name": "n", "config_from": "base"}, {"name": "base"}, {"name": "mesh", "connected": ["me"]}],
            images=[{"name": "b:1", "repository": "c:1"}, {"name": "a:1", "source": "pull", "repository": "b:1"}],
            containers=[container("me")],
        )
    )
    assert found["network n"] == ["network base"]
    assert found["network mesh"] == ["container me"]
    assert found["image b:1"] == ["image a:1"]
    assert found["image a:1"] == []


def test_what_goes_goes_after_who_uses_it() -> None:
    gone = {"state": "absent"}
    task = planned(
        networks=[{"name": "n", **gone, "config_from": "base"}, {"name": "base", **gone}],
        volumes=[{"name": "v", **gone}],
        images=[{"name": "old:1", **gone}, {"name": "new:1", "source": "pull"}],
        containers=[container("web"), container("old", **gone), container("side", **gone, ipc_mode="container:old")],
        secrets=[{"name": "s", **gone}],
        services=[{"name": "api", **gone}],
    )
    found = {title: set(needs) for title, needs in before(task).items()}
    users = {"container web", "container old", "container side", "service api"}
    assert found["network n"] == found["volume v"] == found["image old:1"] == users
    assert found["network base"] == {*users, "network n"}
    assert found["secret s"] == {"service api"}
    assert found["container old"] == {"image new:1", "container side"}
    (web,) = [item for item in task.way if item.title == "container web"]
    assert {other.title for other in web.after} == {"container old", "container side", "service api"}
    titles = [item.title for item in task.way]
    assert titles.index("container side") < titles.index("container old") < titles.index("container web")


def test_a_circle_is_named() -> None:
    circle = [container("a", links=["b"]), container("b", volumes_from=["c"]), container("c", depends_on=["a"])]
    with pytest.raises(Unfit, match=r"container me needs network n|network n needs container me"):
        planned(networks=[{"name": "n", "connected": ["me"]}], containers=[container("me", networks=[{"name": "n"}])])
    with pytest.raises(Unfit) as caught:
        planned(containers=circle)
    names = str(caught.value).partition(": ")[2].split(" needs ")
    assert names[0] == names[-1]
    order = {"container a": "container b", "container b": "container c", "container c": "container a"}
    assert [order[name] for name in names[:-1]] == names[1:]


def test_who_follows_whom() -> None:
    task = planned(containers=[container("web"), container("side", pid_mode="container:web"), container("far")])
    found = {item.resource.name: item.resource.followers for item in task.way}  # type: ignore[attr-defined]
    assert found == {"web": {"side"}, "side": set(), "far": set()}


def test_the_whole_task_absent() -> None:
    options = {
        "volumes": [{"name": "v"}],
        "images": [{"name": "i:1", "source": "pull"}],
        "secrets": [{"name": "s"}],  # its data is not needed to remove it
        "containers": [container("me", state="healthy")],
    }
    assert {item.title for item in planned(state="absent", **options).way} == {"container me", "secret s"}
    titles = [item.title for item in planned(state="absent", remove_volumes=True, **options).way]
    assert set(titles) == {"container me", "secret s", "volume v"}


# ---- labels ----


def test_the_label_of_the_project() -> None:
    task = planned(
        project="shop",
        networks=[{"name": "n"}, {"name": "from", "config_from": "n"}],
        volumes=[{"name": "v", "labels": {"a": "1"}}],
        containers=[container("me"), container("gone", state="absent")],
        services=[{"name": "api"}],
    )
    label = {"dockside.engine.project": "shop"}
    found = {item.title: item.resource.desired.get("labels") for item in task.way}
    assert found["volume v"] == {"a": "1", **label}
    assert found["network n"] == found["container me"] == found["service api"] == label
    assert found["network from"] is found["container gone"] is None


@pytest.mark.parametrize(
    ("option", "answer", "names"),
    [
        ("networks", [{"Name": "bridge"}, {"Name": "ingress"}, {"Name": "mesh"}], ["mesh"]),
        ("volumes", {"Volumes": [{"Name": "a" * 64}, {"Name": "data"}]}, ["data"]),
        ("volumes", {"Volumes": None}, []),
        ("services", [{"Spec": {"Name": "api"}}], ["api"]),
        (
            "containers",
            [
                {"Names": ["/other/link", "/web"], "Labels": {}},
                {"Names": ["/db-dockside-old"]},
                {"Names": ["/api.1.x"], "Labels": {"com.docker.swarm.task.id": "x"}},
            ],
            ["web", "db"],
        ),
    ],
)
def test_names_in_lists(option: str, answer: Any, names: list[str]) -> None:
    assert list(named(option, answer)) == names


# ---- the way ----


def done(item: Item) -> Outcome:
    return Outcome(True, [f"do {item.title}"], {"before": {}, "after": {}}, [], {})


def test_no_more_at_once_than_asked_for() -> None:
    task = planned(parallel=3, containers=[container(f"c{number}") for number in range(9)])
    meeting, lock, now, most = threading.Barrier(3), threading.Lock(), 0, 0

    def bring(item: Item) -> Outcome:
        nonlocal now, most
        with lock:
            now += 1
            most = max(most, now)
        meeting.wait(30)  # only comes to an end when three are here
        with lock:
            now -= 1
        return done(item)

    assert len(task.run(bring)["actions"]) == 9
    assert most == 3


def test_each_waits_for_what_it_needs() -> None:
    task = planned(
        networks=[{"name": "n"}],
        containers=[container("b", depends_on=["a"]), container("a", networks=[{"name": "n"}]), container("c")],
    )
    seen: list[str] = []

    def bring(item: Item) -> Outcome:
        seen.append(item.title)
        return done(item)

    result = task.run(bring)
    assert seen.index("network n") < seen.index("container a") < seen.index("container b")
    assert [each["name"] for each in result["results"]] == [item.resource.name for item in task.way]


def test_a_failure_leaves_out_what_needs_it() -> None:
    names = "abcdef"
    task = planned(containers=[container(name, depends_on=[other]) for name, other in zip(names[1:], names)]
                   + [container("a"), container("free")])  # fmt: skip

    def bring(item: Item) -> Outcome:
        if item.resource.name == "b":
            item.resource.done.append("half of it")
            raise EngineError("no space left")
        return done(item)

    with pytest.raises(Unfinished) as caught:
        task.run(bring)
    assert str(caught.value) == (
        "container b: no space left; left out: container c (needs container b), container d (needs container c), "
        "container e (needs container d), container f (needs container e)"
    )
    result = {each["name"]: each for each in caught.value.result["results"]}
    assert result["b"] == {
        "kind": "container", "name": "b", "changed": True, "actions": ["half of it"], "changes": [], "failed": True,
        "msg": "no space left",
    }  # fmt: skip
    assert result["c"]["skipped"]
    assert result["a"]["changed"]
    assert result["free"]["changed"]
    assert caught.value.result["actions"] == ["do container a", "do container free", "half of it"]


def test_a_mistake_of_ours_is_no_failure_of_an_object() -> None:
    with pytest.raises(ZeroDivisionError):
        planned(containers=[container("a")]).run(lambda item: 1 // 0)  # type: ignore[arg-type, return-value]


def test_warnings_say_whose_they_are() -> None:
    task = planned(containers=[container("a"), container("b")])
    for item in task.way:
        item.resource.engine.warnings.append("your kernel is old")
    task.run(done)
    assert task.engine.warnings == ["container a: your kernel is old", "container b: your kernel is old"]


# ---- what they share ----


def test_a_question_is_asked_once() -> None:
    memory, asked, meeting = Memory(), [], threading.Barrier(4)

    def ask() -> str:
        asked.append(1)
        return "answer"

    def recall(_number: int) -> Any:
        meeting.wait(30)
        return memory.recall(("/images/a/json", "null", True), ask)

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(recall, range(4))) == ["answer"] * 4
    assert len(asked) == 1


@pytest.fixture
def engine(fake: FakeEngine) -> Engine:
    fake.on("GET", "/images/web/json", Reply({"Id": "old"}), Reply({"Id": "new"}))
    fake.on("GET", "/images/none/json", Reply({"message": "no such image"}, 404))
    fake.on("GET", "/distribution/web/json", Reply({"message": "unauthorized"}, 401))
    fake.on("GET", "/networks/mesh", Reply({"Id": "n", "Name": "mesh", "Containers": {"c": {}, "d": {}, "e": {}}}))
    fake.on("POST", "/images/create", Reply("{}"))
    fake.on("POST", "/networks/create", Reply({"Id": "n", "Warning": "an old driver"}, 201))
    engine = Engine(resolve({"docker_host": fake.address}, {}))
    assert engine.api
    return engine


@pytest.fixture
def fake(tmp_path_factory: pytest.TempPathFactory) -> Any:
    with FakeEngine() as fake:
        yield fake


SHARES = ("/images/", "/distribution/", "/networks/")


def test_an_answer_holds_until_a_change(engine: Engine, fake: FakeEngine) -> None:
    memory = Memory()
    one, two = (View(engine, memory, Promises(), SHARES) for _number in range(2))
    assert [view.get("/images/web/json")["Id"] for view in (one, two, one)] == ["old"] * 3
    assert one.get("/images/none/json", missing=None) is None
    assert two.get("/images/none/json", missing=None) is None
    assert (fake.asked("GET", "/images/web/json"), fake.asked("GET", "/images/none/json")) == (1, 1)
    with pytest.raises(NotFound):
        two.get("/images/none/json")
    two.post("/networks/create", {})
    assert one.get("/images/web/json")["Id"] == "old"
    with two.stream("POST", "/images/create") as stream:
        b"".join(stream.chunks())
    assert one.get("/images/web/json")["Id"] == "new"


def test_what_is_not_shared_is_asked_each_time(engine: Engine, fake: FakeEngine) -> None:
    view = View(engine, Memory(), Promises(), ())
    assert [view.get("/images/web/json")["Id"] for _number in range(2)] == ["old", "new"]


def test_an_error_is_everybodys(engine: Engine, fake: FakeEngine) -> None:
    memory = Memory()
    for _number in range(2):
        with pytest.raises(EngineError, match="unauthorized"):
            View(engine, memory, Promises(), SHARES).get("/distribution/web/json")
    assert fake.asked("GET", "/distribution/web/json") == 1


def test_warnings_are_the_views_own(engine: Engine) -> None:
    one, two = (View(engine, Memory(), Promises(), ()) for _number in range(2))
    one.post("/networks/create", {})
    two.post("/networks/create", {})
    assert one.warnings == two.warnings == ["an old driver"]
    assert engine.warnings == []


def test_promises(engine: Engine) -> None:
    promises = Promises()
    view = View(engine, Memory(), promises, SHARES)
    promises.image("web", {"Id": "old"}, "made")
    promises.pushed.add("own:1")
    promises.documents["/containers/gone/json"] = None
    promises.documents["/containers/one/json"] = {"Id": "new one"}
    promises.gone.add("c")
    promises.left.add(("d", "mesh"))
    for spelling in ("web", "web:latest", "docker.io/library/web"):
        image = view.get(f"/images/{spelling}/json", missing=None)
        assert image["Id"] == "made"
        assert "web@sha256:whatever" in image["RepoDigests"]
    assert view.get("/distribution/own:1/json") == {"Descriptor": {"digest": "new"}}
    assert view.get("/containers/gone/json", missing=None) is None
    assert view.get("/containers/one/json") == {"Id": "new one"}
    assert list(view.get("/networks/mesh")["Containers"]) == ["e"]


# ---- options ----


def test_secrets_of_items_are_found() -> None:
    params = {
        "secrets": [{"name": "a", "data": "one"}, {"name": "b", "data": "two", "nosuch": 1}],
        "containers": [{"name": "c", "env": {"A": "three", "B": "seen"}, "secret_env": ["A"]}, {"nam": "x"}],
    }
    assert LISTS.secrets(params) == {"one", "two", "three"}
    assert (
        LISTS.secrets({"secrets": "text", "containers": ["text", {"name": "c", "env": [], "secret_env": 1}]}) == set()
    )


def test_items_come_with_defaults_and_full_names() -> None:
    (item,) = LISTS.read("containers", [{"name": "c", "ports": ["80"]}])
    assert (item["published_ports"], item["state"], item["memory"]) == (["80"], "started", None)


def test_the_table_of_kinds_is_that_of_the_options() -> None:
    assert all(SPEC[option]["elements"] == "dict" for option in KINDS)
    assert SimpleNamespace(**SPEC).secrets["no_log"] is False
