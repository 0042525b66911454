# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A swarm of one node for tests of services: an engine of their own, on which nothing but services comes and goes."""

from __future__ import annotations

import base64
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from engines import Engine as LabEngine
from engines import Lab
from engines.process import wait_for

from tests.matrix.harness import Target

ENGINES = ("20.10", "26.1", "28.5")
NETWORKS = ("blue", "green")
STORED = ("one", "two", "runtime")  # secrets and configs


class Cluster(Target):
    """A swarm of one node with two networks, some secrets and configs, and an image."""

    def __init__(self, name: str, engine: LabEngine) -> None:
        super().__init__(name, engine, None)
        self.image()
        engine.docker("tag", "dockside/web:1", "dockside/web:2")
        self.swarm()
        for network in NETWORKS:
            self.ask("POST", "/networks/create", {"Name": network, "Driver": "overlay", "Attachable": True})
        data = base64.b64encode(b"data").decode()
        self.secrets = {
            each: self.ask("POST", "/secrets/create", {"Name": each, "Data": data})["ID"] for each in STORED
        }
        self.configs = {
            each: self.ask("POST", "/configs/create", {"Name": each, "Data": data})["ID"] for each in STORED
        }

    def services(self) -> list[dict[str, Any]]:
        return sorted(self.ask("GET", "/services") or [], key=lambda service: str(service["Spec"]["Name"]))

    def service(self, name: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask("GET", f"/services/{name}")
        return found

    def snapshot(self) -> dict[str, Any]:
        """The services: their specs and versions, which no check may touch."""
        return {each["ID"]: (each["Spec"], each["CreatedAt"]) for each in self.services()}

    def settle(self) -> None:
        """The specs of services do not change by themselves."""

    def clear(self) -> None:
        """No service, and no container of one."""
        for each in self.services():
            self.ask("DELETE", f"/services/{each['ID']}")
        if self.ask("GET", "/containers/json"):
            for each in self.ask("GET", "/containers/json"):
                self.engine.request("DELETE", f"/containers/{each['Id']}?force=1")
            wait_for("the end of all tasks", lambda: not self.ask("GET", "/containers/json"), 20)


@contextmanager
def cluster(flavour: str, **how: Any) -> Iterator[Cluster]:
    """A cluster in a lab of its own; neither the logins nor the contexts of who runs the tests count."""
    with pytest.MonkeyPatch.context() as patch, tempfile.TemporaryDirectory() as directory, Lab() as lab:
        patch.setenv("DOCKER_CONFIG", directory)
        yield Cluster(flavour, lab.engine(flavour, **how))
