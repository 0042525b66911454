# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of secrets, on every engine."""

from __future__ import annotations

import base64
import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import BadRequest, EngineError
from ansible_collections.dockside.engine.plugins.module_utils._resources.secret import (
    FOREIGN,
    HASH,
    ROUNDS,
    Secret,
    digest,
)
from ansible_collections.dockside.engine.plugins.module_utils._resources.stored import VERSION
from ansible_collections.dockside.engine.plugins.module_utils._state.converge import Outcome
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import UPDATE
from engines.process import wait_for

from tests.matrix.clusters import Manager, plugins
from tests.matrix.harness import Bench, Case

CASES = [
    Case("data", {"data": "one"}, {"data": "two"}),
    Case("data base64", {"data": "b25l", "data_is_b64": True}, {"data": "dHdv"}),
    Case("labels", {"data": "one", "labels": {"a": "1"}}, {"labels": {"a": "2"}}, UPDATE),
    Case("labels more", {"data": "one", "labels": {"a": "1"}}, {"labels": {"b": "2"}}, UPDATE),
    Case(
        "template_driver",
        {"data": "{{ .Node.ID }}", "template_driver": "golang"},
        min_api=(1, 37),
        needs=("template_driver",),
        shows={"Spec.Templating.Name": "golang"},
    ),
    Case(
        "template_driver later",
        {"data": "{{ .Node.ID }}"},
        {"template_driver": "golang"},
        without={"20.10-api1.33": "it needs API 1.37"},
    ),
    Case(
        "template_driver_options",
        {"data": "x", "template_driver": "golang", "template_driver_options": {"a": "1"}},
        {"template_driver_options": {"a": "2"}},
        min_api=(1, 37),
        needs=("template_driver", "template_driver_options"),
    ),
]
DRIVERS = [
    Case(
        "driver",
        {"driver": "vault", "driver_options": {"a": "1"}},
        {"driver_options": {"a": "2"}},
        shows={"Spec.Driver.Name": "vault"},
    ),
    Case("driver other", {"driver": "vault"}, {"driver": "other"}),
]


@pytest.fixture
def bench(manager: Manager) -> Bench:
    return Bench(Secret, manager)


def names(manager: Manager) -> list[str]:
    return sorted(each["Spec"]["Name"] for each in manager.ask("GET", "/secrets") or [])


def inside(manager: Manager, name: str) -> Any:
    return manager.ask("GET", f"/secrets/{name}")


@pytest.mark.parametrize("case", CASES, ids=str)
def test_case(case: Case, manager: Manager) -> None:
    Bench(Secret, manager).prove(case)


@pytest.mark.parametrize("case", DRIVERS, ids=str)
def test_driver(case: Case, manager: Manager) -> None:
    with plugins(manager.engine, "vault", "other"):
        Bench(Secret, manager).prove(case)


def test_a_task_has_the_data_of_a_driver(bench: Bench, manager: Manager) -> None:
    with plugins(manager.engine, "vault"):
        made = bench.run({"name": "s", "driver": "vault"}).value
        service = manager.service("web", Secrets=[reference(made, "pw")])
        # Those of earlier services may not have ended yet.
        mine = quote(json.dumps({"label": [f"com.docker.swarm.service.id={service}"]}))
        (container,) = wait_for("a container", lambda: manager.ask("GET", f"/containers/json?filters={mine}"), 30)
        assert manager.engine.docker("exec", container["Id"], "cat", "/run/secrets/pw").stdout == "s web"
        manager.ask("DELETE", "/services/web")
        wait_for("the end of the container", lambda: not manager.engine.containers(), 30)


def test_every_option_has_a_case() -> None:
    named = {option for case in CASES + DRIVERS for option in case.options}
    assert named | {"data_src"} == set(Secret.schema.argument_spec())


def test_data_from_a_file(bench: Bench, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_bytes(b"\xff\x00binary")
    options = {"name": "s", "data_src": str(file)}
    assert bench.agree(options).changed
    bench.settled({"name": "s", "data": base64.b64encode(file.read_bytes()).decode(), "data_is_b64": True})
    file.write_bytes(b"\xff\x00other")
    assert bench.agree(options).actions == ["recreate secret s"]
    bench.settled(options)
    bench.refused({"name": "s", "data_src": str(tmp_path / "none")}, "data_src: cannot read .*No such file")


def test_what_does_not_fit_is_refused(bench: Bench) -> None:
    bench.refused({"name": "s", "data": "x" * 600_000}, "data: has 600000 bytes, and 512000 is the most")
    bench.refused({"name": "s", "data": "no base64!", "data_is_b64": True}, "data: is not base64")
    bench.refused({"name": "s"}, "state is present but any of the following are missing: data, data_src, driver")
    bench.refused({"name": "s", "data": "x", "data_src": "/x"}, "mutually exclusive")


def test_a_changed_label_keeps_the_secret_and_its_hash(bench: Bench, manager: Manager) -> None:
    bench.run({"name": "s", "data": "one", "labels": {"a": "1"}})
    before = inside(manager, "s")
    bench.agree({"name": "s", "data": "one", "labels": {"a": "2"}})
    after = inside(manager, "s")
    assert after["ID"] == before["ID"]
    assert after["Spec"]["Labels"] == {**before["Spec"]["Labels"], "a": "2"}


def test_the_data_is_in_no_output(bench: Bench, manager: Manager) -> None:
    def text(outcome: Outcome) -> str:
        return json.dumps([outcome.result(), outcome.diff])

    made, changed = bench.run({"name": "s", "data": "hush-1"}), bench.run({"name": "s", "data": "hush-2"})
    for outcome in (made, changed):
        assert "hush" not in text(outcome)
        assert base64.b64encode(b"hush-").decode()[:6] not in text(outcome)
    assert changed.diff["before"]["data"] == "********"
    assert hashlib.sha256(b"hush-2").hexdigest() not in text(changed)
    assert inside(manager, "s")["Spec"]["Labels"][HASH].startswith("pbkdf2-sha256:")


def create(manager: Manager, name: str, data: bytes, labels: dict[str, str]) -> str:
    body = {"Name": name, "Data": base64.b64encode(data).decode(), "Labels": labels}
    made: str = manager.ask("POST", "/secrets/create", body)["ID"]
    return made


def test_a_secret_of_community_docker_is_adopted(bench: Bench, manager: Manager) -> None:
    made = create(manager, "s", b"one", {FOREIGN: hashlib.sha224(b"one").hexdigest()})
    bench.settled({"name": "s", "data": "one"})
    assert bench.agree({"name": "s", "data": "one", "labels": {"a": "1"}}).actions == ["update secret s"]
    assert inside(manager, "s")["ID"] == made
    assert bench.agree({"name": "s", "data": "two"}).actions == ["recreate secret s"]
    assert FOREIGN not in inside(manager, "s")["Spec"]["Labels"]
    bench.settled({"name": "s", "data": "two", "labels": {"a": "1"}})


def test_a_secret_of_unknown_data_stays_unless_forced(bench: Bench, manager: Manager) -> None:
    made = create(manager, "s", b"one", {})
    outcome = bench.settled({"name": "s", "data": "two"})
    assert "made without a hash" in outcome.value["warnings"][0]
    assert inside(manager, "s")["ID"] == made
    assert bench.agree({"name": "s", "data": "two", "force": True}).actions == ["recreate secret s"]
    bench.settled({"name": "s", "data": "two"})


def test_force_replaces_each_time(bench: Bench, manager: Manager) -> None:
    bench.run({"name": "s", "data": "one", "labels": {"a": "1"}})
    before = inside(manager, "s")
    assert bench.agree({"name": "s", "data": "one", "force": True}).changed
    after = inside(manager, "s")
    assert after["ID"] != before["ID"]
    assert after["Spec"]["Labels"]["a"] == "1"
    assert names(manager) == ["s"]


def test_a_name_is_not_a_prefix(bench: Bench, manager: Manager) -> None:
    create(manager, "s10", b"ten", {})
    made = bench.run({"name": "s1", "data": "one"})
    bench.run({"name": "s", "state": "absent"})
    bench.run({"name": made.value["secret_id"][:8], "state": "absent"})
    assert names(manager) == ["s1", "s10"]


def test_what_a_service_uses_is_not_replaced(bench: Bench, manager: Manager) -> None:
    made = bench.run({"name": "s", "data": "one"}).value
    uid = {"UID": "0", "GID": "0", "Mode": 292}
    manager.service("web", Secrets=[{"SecretID": made["secret_id"], "SecretName": "s", "File": {"Name": "pw", **uid}}])
    bench.refused(
        {"name": "s", "data": "two"}, "secret s is in use by service web; rolling_versions or hashed_versions"
    )
    bench.refused({"name": "s", "state": "absent"}, "secret s is in use by service web")
    checked = bench.check({"name": "s", "data": "two"})
    assert "this would fail: secret s is in use" in checked.value["warnings"][0]
    assert bench.agree({"name": "s", "data": "one", "labels": {"a": "1"}}).changed


def test_what_the_engine_refuses_leaves_the_old_one(bench: Bench, manager: Manager) -> None:
    bench.run({"name": "s", "data": "one"})
    bench.refused({"name": "s", "data": ""}, "secret", (BadRequest, EngineError))
    bench.settled({"name": "s", "data": "one"})


def test_rolling_versions(bench: Bench, manager: Manager) -> None:
    def roll(data: str, keep: int = 2, **more: Any) -> Outcome:
        return bench.agree({"name": "s", "data": data, "rolling_versions": True, "versions_to_keep": keep, **more})

    create(manager, "s", b"plain", {})
    create(manager, "s_v1x", b"other", {})
    first = roll("one")
    assert (first.actions, first.value["secret_name"]) == (["create secret s_v1"], "s_v1")
    bench.settled({"name": "s", "data": "one", "rolling_versions": True})
    manager.service("web", Secrets=[reference(first.value, "pw")])
    for number, data in enumerate(("two", "three", "four", "five"), 2):
        outcome = roll(data)
        assert outcome.value["secret_name"] == f"s_v{number}"
    # Two old ones are kept, and the one that a service uses.
    assert names(manager) == ["s", "s_v1", "s_v1x", "s_v3", "s_v4", "s_v5"]
    assert inside(manager, "s_v5")["Spec"]["Labels"][VERSION] == "5"
    assert roll("five", labels={"a": "1"}).actions == ["update secret s_v5"]
    assert roll("five", keep=0).actions == ["remove secret s_v3", "remove secret s_v4"]
    bench.refused({"name": "s", "rolling_versions": True, "state": "absent"}, "s_v1 is in use by service web")
    manager.ask("DELETE", "/services/web")
    done = bench.agree({"name": "s", "rolling_versions": True, "state": "absent"})
    assert done.actions == ["remove secret s_v1", "remove secret s_v5"]
    assert names(manager) == ["s", "s_v1x"]


def reference(made: dict[str, Any], name: str) -> dict[str, Any]:
    file = {"Name": name, "UID": "0", "GID": "0", "Mode": 292}
    return {"SecretID": made["secret_id"], "SecretName": made["secret_name"], "File": file}


def test_services_are_moved_to_the_new_version(bench: Bench, manager: Manager) -> None:
    rolling = {"name": "s", "rolling_versions": True}
    first, other = bench.run({**rolling, "data": "one"}).value, bench.run({"name": "other", "data": "x"}).value
    manager.service("web", Secrets=[reference(other, "a"), reference(first, "b")])
    manager.service("alien", Secrets=[reference(other, "a")])
    before = manager.ask("GET", "/services/web")["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert bench.agree({**rolling, "data": "two"}).actions == ["create secret s_v2"]
    moving = {**rolling, "data": "three", "update_services": True, "versions_to_keep": 0}
    done = bench.agree(moving)
    steps = ["create secret s_v3", "update service web to secret s_v3", "remove secret s_v1", "remove secret s_v2"]
    assert done.actions == steps
    after = manager.ask("GET", "/services/web")["Spec"]["TaskTemplate"]["ContainerSpec"]
    assert after == {**before, "Secrets": [reference(other, "a"), reference(done.value, "b")]}
    bench.settled(moving)
    assert names(manager) == ["other", "s_v3"]
    bench.refused({"name": "s", "data": "x", "update_services": True}, "update_services: needs rolling_versions")
    bench.refused({**moving, "hashed_versions": True}, "hashed_versions: does not go with rolling_versions")


def hashed(data: str) -> str:
    """The name of the version of s with this data."""
    return "s_" + digest(data.encode(), ROUNDS, "s").rpartition(":")[2][:12]


def test_hashed_versions(bench: Bench, manager: Manager) -> None:
    def run(data: str, **more: Any) -> list[str]:
        outcome = bench.agree({"name": "s", "data": data, "hashed_versions": True, **more})
        assert outcome.value["secret_name"] == hashed(data)
        bench.settled({"name": "s", "data": data, "hashed_versions": True, **more})
        return outcome.actions

    one, two, three = map(hashed, ("one", "two", "three"))
    others = ["s", "s_0123456789ab", "s_v1"]
    for name in others:
        create(manager, name, b"other", {})
    assert bench.check({"name": "s", "data": "one", "hashed_versions": True}).value["secret_name"] == one
    assert run("one") == [f"create secret {one}"]
    assert run("one", labels={"a": "1"}) == [f"update secret {one}"]
    manager.service("web", Secrets=[reference({"secret_id": inside(manager, one)["ID"], "secret_name": one}, "pw")])
    # Without moving the service, the version that it uses stays.
    assert run("two", update_services=False) == [f"create secret {two}"]
    assert run("three") == [
        f"create secret {three}",
        f"update service web to secret {three}",
        f"remove secret {one}",
        f"remove secret {two}",
    ]
    used = manager.ask("GET", "/services/web")["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert used == [reference({"secret_id": inside(manager, three)["ID"], "secret_name": three}, "pw")]
    assert names(manager) == sorted([*others, three])
    # One that is kept is found again.
    assert run("one", versions_to_keep=1) == [f"create secret {one}", f"update service web to secret {one}"]
    assert run("three", versions_to_keep=1) == [f"update service web to secret {three}"]
    bench.refused({"name": "s", "hashed_versions": True, "state": "absent"}, f"{three} is in use by service web")
    manager.ask("DELETE", "/services/web")
    gone = bench.agree({"name": "s", "hashed_versions": True, "state": "absent"})
    assert sorted(gone.actions) == sorted([f"remove secret {one}", f"remove secret {three}"])
    assert names(manager) == others


def test_a_hashed_version_is_replaced_when_forced(bench: Bench, manager: Manager) -> None:
    options = {"name": "s", "data": "one", "hashed_versions": True}
    made = bench.run({**options, "labels": {"a": "1"}}).value
    assert bench.agree({**options, "force": True}).actions == [f"recreate secret {hashed('one')}"]
    after = inside(manager, hashed("one"))
    assert after["ID"] != made["secret_id"]
    assert after["Spec"]["Labels"]["a"] == "1"
    manager.service("web", Secrets=[reference({"secret_id": after["ID"], "secret_name": hashed("one")}, "pw")])
    bench.refused({**options, "force": True}, "is in use by service web")


PICKY = ["/bin/sh", "-c", "grep -q good /run/secrets/pw && exec /bin/idle; echo that is no password >&2; exit 3"]


def test_a_version_with_which_the_service_fails(bench: Bench, manager: Manager) -> None:
    """Swarm goes back to the old one, so it must be there, and the task tells why."""
    options = {"name": "s", "hashed_versions": True, "wait_timeout": 60}
    made = bench.run({**options, "data": "good"}).value
    manager.service("web", Command=PICKY, Secrets=[reference(made, "pw")])
    wait_for("a task", lambda: [task["Status"]["State"] for task in manager.ask("GET", "/tasks")] == ["running"], 20)
    with pytest.raises(EngineError, match="service web: its update failed and was rolled back") as caught:
        bench.run({**options, "data": "bad"})
    assert "that is no password" in str(caught.value)
    used = manager.ask("GET", "/services/web")["Spec"]["TaskTemplate"]["ContainerSpec"]["Secrets"]
    assert used == [reference(made, "pw")]
    assert bench.agree({**options, "data": "good"}).actions == [f"remove secret {hashed('bad')}"]
    bench.settled({**options, "data": "good"})


def test_a_replacement_that_was_cut_short_is_finished(bench: Bench, manager: Manager) -> None:
    trial = "dockside-trial-" + hashlib.sha256(b"s").hexdigest()[:12]
    create(manager, trial, b"one", {"a": "1"})
    # After the old one was removed: what the task does not name comes from its replacement.
    done = bench.agree({"name": "s", "data": "two", "labels": {"b": "2"}})
    assert done.actions == ["create secret s", "remove the unfinished replacement of secret s"]
    kept = inside(manager, "s")["Spec"]["Labels"]
    assert (kept["a"], kept["b"]) == ("1", "2")
    # Before that.
    create(manager, trial, b"one", {"a": "2"})
    done = bench.agree({"name": "s", "data": "three"})
    assert done.actions == ["remove the unfinished replacement of secret s", "recreate secret s"]
    assert inside(manager, "s")["Spec"]["Labels"]["a"] == "1"
    create(manager, trial, b"one", {})
    assert bench.agree({"name": "s", "state": "absent"}).changed
    assert names(manager) == []


def test_two_make_one_secret_at_once(manager: Manager) -> None:
    def make(number: int) -> bool:
        return Bench(Secret, manager).run({"name": f"s{number // 2}", "data": "x"}).changed

    with ThreadPoolExecutor(2) as pool:
        made = list(pool.map(make, range(12)))
    assert sum(made) == 6
    assert names(manager) == [f"s{number}" for number in range(6)]


def test_the_tenth_version_is_newer_than_the_ninth(bench: Bench, manager: Manager) -> None:
    for number in (9, 10):
        create(manager, f"s_v{number}", b"x", {"ansible_version": str(number), FOREIGN: "0"})
    done = bench.run({"name": "s", "data": "y", "rolling_versions": True, "versions_to_keep": 1})
    assert done.actions == ["create secret s_v11", "remove secret s_v9"]


def test_versions_that_others_made_are_not_pruned(bench: Bench, manager: Manager) -> None:
    create(manager, "s_v1", b"x", {})
    create(manager, "s_v2", b"x", {FOREIGN: "0", VERSION: "2"})
    bench.run({"name": "s", "data": "y", "rolling_versions": True, "versions_to_keep": 0})
    assert names(manager) == ["s_v1", "s_v3"]
