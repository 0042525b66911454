# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images on Podman; its containers, networks and volumes are tried with those of all engines."""

from __future__ import annotations

import pytest
from engines import Lab, Registry

from tests.matrix.containers import Containers, on_podman
from tests.matrix.harness import Bench, Target
from tests.matrix.images import AMD


@pytest.fixture(scope="module")
def public(lab: Lab) -> Registry:
    return lab.registry()


def upload(target: Target, public: Registry, contents: str) -> str:
    public.upload("podman", "1", {AMD: target.engine.root_tar({"/www/index.html": contents.encode()})})
    return f"{public.name}/podman:1"


@on_podman
def test_image(target: Target, public: Registry, image_bench: Bench) -> None:
    name, other = upload(target, public, "one"), f"{public.name}/other:2"
    for options, actions in (
        ({"name": name, "source": "pull"}, [f"pull image {name}"]),
        ({"name": name, "repository": other}, [f"tag image {name} as {other}"]),
        ({"name": name, "repository": other, "push": True}, [f"push image {other}"]),
        ({"name": other, "state": "absent"}, [f"remove image {other}"]),
        ({"name": name, "state": "absent"}, [f"remove image {name}"]),
    ):
        assert image_bench.agree(options, foreseen=False).actions == actions
        if not options.get("push"):  # Podman cannot ask a registry whether it has the image
            image_bench.settled(options)
    assert public.tags("other") == ["2"]


@on_podman
def test_pull_always(target: Target, public: Registry) -> None:
    """Podman cannot ask a registry, so that only a pull shows whether there is something new."""
    name = upload(target, public, "old")
    bench = Containers(target, image=name, pull="always", command=["/bin/idle"], name="case")
    bench.agree({}, foreseen=False)
    made = bench.find()["Id"]
    steps = [f"pull image {name}", "recreate container case"]
    said = bench.check({})
    assert said.actions == steps
    assert f"whether {name} is up to date shows only by pulling it" in said.value["warnings"][0]
    assert not bench.run({}).changed
    assert bench.find()["Id"] == made
    upload(target, public, "new")
    assert bench.run({}).changed
    assert bench.find()["Id"] != made
