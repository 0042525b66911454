# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a container runs the wanted image, by whatever word that is named, and what its image counts for."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import RECREATE
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Unfit
from engines import Registry

from tests.matrix.containers import Containers, on_extremes
from tests.matrix.harness import Target
from tests.matrix.images import push

NAME = "dockside/own:1"
STRICT = {"env": "strict", "labels": "strict"}
on_both_stores = pytest.mark.parametrize("session_target", ["20.10", "28.5", "28.5-containerd"], indirect=True)


def commit(target: Target, name: str, **config: Any) -> str:
    """An image that brings settings; answers its id. A name that another image has moves to this one."""
    made = target.container("base", start=False)
    repository, _colon, tag = name.partition(":")
    image: str = target.ask("POST", f"/commit?container={made}&repo={repository}&tag={tag}", config)["Id"]
    target.ask("DELETE", f"/containers/{made}")
    return image


@on_both_stores
def test_other_words_for_the_same_image(target: Target, registry: Registry) -> None:
    name, digest = push(target, registry, "words", target.name)
    bench = Containers(target, image=name, name="case", state="present")
    bench.agree({}, foreseen=False)
    image = bench.find()["Image"]
    bare = image.removeprefix("sha256:")
    for word in (name, image, bare, bare[:12]):
        bench.settled({"image": word, "pull": "always"})
    # By these names the container would be told to be another one: see image_name_mismatch.
    for word in (f"{name.removesuffix(':1')}@{digest}", f"{name}@{digest}"):
        before = bench.find()["Config"]["Image"]
        bench.settled({"image": word, "image_name_mismatch": "ignore"})
        done = bench.agree({"image": word})
        assert [(each.option, each.before, each.after, each.action) for each in done.changes] == [
            ("image", before, word, RECREATE)
        ]
        assert (bench.find()["Image"], bench.find()["Config"]["Image"]) == (image, word)
        bench.settled({"image": word, "pull": "always"})
    bench.run({"image": bare[:12], "recreate": True})
    bench.settled({"image": name})


@on_both_stores
def test_a_name_that_moved_and_an_image_without_a_name(target: Target) -> None:
    old = commit(target, NAME, Labels={"a": "old"})
    bench = Containers(target, image=NAME, name="case", state="present")
    bench.run({})
    first = bench.find()["Id"]
    new = commit(target, NAME, Labels={"a": "new"})
    bench.settled({"image": old})
    bench.settled({"comparisons": {"image": "ignore"}})
    done = bench.agree({})
    assert (done.changes[0].before, done.changes[0].after) == (f"{NAME} ({old})", f"{NAME} ({new})")
    found = bench.find()
    assert found["Id"] != first
    assert (found["Image"], found["Config"]["Labels"]) == (new, {"a": "new"})
    bench.settled({})
    assert bench.agree({"image": old}).changed
    assert bench.find()["Config"]["Labels"] == {"a": "old"}
    bench.settled({"image": old})


@on_both_stores
def test_an_image_that_is_gone(target: Target) -> None:
    """Its container is managed all the same, by what needs no image."""
    image = commit(target, NAME, Env=["A=1"])
    bench = Containers(target, image=None, name="case")
    bench.run({"image": NAME, "state": "present", "env": {"B": "1"}})
    target.ask("DELETE", f"/images/{quote(image)}?force=1")
    assert not target.there(f"/images/{image}/json")
    bench.refused({"image": NAME, "pull": "never"}, f"image {NAME} is not there")
    bench.settled({"state": "present", "env": {"A": "1", "B": "1"}})
    assert bench.agree({"state": "absent"}).changed


@on_extremes
def test_image_name_mismatch(target: Target) -> None:
    target.ask("POST", "/images/dockside/web:1/tag?repo=dockside/second&tag=1")
    bench = Containers(target, name="case", state="present")
    bench.run({})
    first = bench.find()["Id"]
    other = {"image": "dockside/second:1"}
    bench.settled({**other, "image_name_mismatch": "ignore"})
    assert bench.find()["Id"] == first
    done = bench.agree(other)
    assert [change.option for change in done.changes] == ["image"]
    assert bench.find()["Config"]["Image"] == "dockside/second:1"
    bench.settled(other)


@on_extremes
def test_image_comparison(target: Target) -> None:
    """With an image that counts for nothing else, its part is still taken out of a strict comparison."""
    commit(target, NAME, Env=["A=1"], Labels={"a": "1"})
    named: dict[str, Any] = {"env": {"B": "1"}, "labels": {"b": "1"}}
    bench = Containers(target, image=NAME, name="case", state="present", **named)
    bench.run({})
    commit(target, NAME, Env=["C=1"], Labels={"c": "1"})
    kept = {"comparisons": {**STRICT, "image": "ignore"}}
    bench.settled({**kept, "image_comparison": "current-image"})
    said = bench.check({**kept, "image_comparison": "desired-image"})
    assert {change.option: change.before for change in said.changes} == {
        "env": {"A": "1", "B": "1"},
        "labels": {"a": "1", "b": "1"},
    }
    # The new image's part is its own, whichever is compared.
    strict = {"comparisons": STRICT}
    for options in ({"image_comparison": "current-image"}, {"image_comparison": "desired-image"}):
        assert bench.check({**strict, **options}).changes[0].option == "image"
    bench.run(strict)
    assert bench.find()["Config"]["Labels"] == {"b": "1", "c": "1"}
    bench.settled(strict)
    bench.settled({**strict, "image_comparison": "current-image"})


@on_extremes
def test_image_label_mismatch(target: Target) -> None:
    commit(target, NAME, Labels={"a": "1", "z": "1"})
    bench = Containers(target, image=NAME, name="case", state="present", labels={"b": "1"})
    strict = {"comparisons": {"labels": "strict"}}
    message = "labels: image dockside/own:1 has the labels a, z, which the task does not"
    for created in (False, True):
        bench.refused({**strict, "image_label_mismatch": "fail"}, message, Unfit)
        bench.refused({"comparisons": {"*": "strict"}, "image_label_mismatch": "fail"}, message, Unfit)
        if not created:
            bench.agree({"image_label_mismatch": "fail"})  # which a comparison that allows more does not mind
    bench.settled({**strict, "image_label_mismatch": "ignore"})
    named = {"labels": {"a": "1", "b": "1", "z": "2"}, "image_label_mismatch": "fail", **strict}
    assert [change.option for change in bench.agree(named).changes] == ["labels"]
    bench.settled(named)
