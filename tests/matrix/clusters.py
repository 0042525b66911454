# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Engines that are swarms, for the tests of what lives in a swarm."""

from __future__ import annotations

import base64
import json
import socketserver
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler
from typing import Any

import pytest
from engines import Engine as LabEngine
from engines import Lab

from tests.matrix.harness import Target

# name -> flavour of the engine and the API version that its clients are held to.
MANAGERS = {
    "20.10": ("20.10", None),
    "20.10-api1.33": ("20.10", "1.33"),
    "26.1": ("26.1", None),
    "28.5": ("28.5", None),
}


class Manager(Target):
    """A manager, or an engine that can be one. Its snapshot is what the swarm keeps, less what changes by itself."""

    def __init__(self, name: str, engine: LabEngine, pinned: str | None = None) -> None:
        super().__init__(name, engine, pinned)

    def enter(self) -> None:
        """Make a swarm of this engine, unless it is in one."""
        if not self.active:
            self.ask("POST", "/swarm/init", {"ListenAddr": "0.0.0.0:2377", "AdvertiseAddr": self.engine.address})

    def leave(self) -> None:
        if self.ask("GET", "/info")["Swarm"]["LocalNodeState"] != "inactive":
            self.ask("POST", "/swarm/leave?force=1")

    @property
    def active(self) -> bool:
        return bool(self.ask("GET", "/info")["Swarm"]["LocalNodeState"] == "active")

    def snapshot(self) -> dict[str, Any]:
        status, answer = self.engine.get("/swarm")
        swarm = answer if status == 200 else {}
        kept = {name: swarm.get(name) for name in ("ID", "Version", "Spec", "JoinTokens")}
        if not swarm:
            return kept
        for name in ("secrets", "configs", "services"):
            kept[name] = {each["ID"]: (each["Version"], each["Spec"]) for each in self.ask("GET", f"/{name}") or []}
        # The version of a node rises with its heartbeats too.
        kept["nodes"] = {each["ID"]: each["Spec"] for each in self.ask("GET", "/nodes")}
        return kept

    def service(self, name: str, **container: Any) -> str:
        """A service of the idle image with one task; answers its id. `container` is laid over its ContainerSpec.

        Swarm watches its updates only shortly, and rolls them back when they fail.
        """
        spec = {"Image": self.image(), "Command": ["/bin/idle"], **container}
        template = {"ContainerSpec": spec, "RestartPolicy": {"Condition": "none"}}
        pace = {"Parallelism": 1, "Monitor": 5 * 10**8, "FailureAction": "rollback"}
        body = {"Name": name, "TaskTemplate": template, "UpdateConfig": pace, "RollbackConfig": {"Monitor": 5 * 10**8}}
        made: str = self.ask("POST", "/services/create", body)["ID"]
        return made

    def clean(self) -> None:
        for name in ("services", "secrets", "configs"):
            for each in self.ask("GET", f"/{name}") or []:
                self.ask("DELETE", f"/{name}/{each['ID']}")


class Plugin(BaseHTTPRequestHandler):
    """A plugin that provides the data of secrets: their name and that of the service."""

    def do_POST(self) -> None:
        asked = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        said: dict[str, Any] = {"Implements": ["secretprovider"]}
        if self.path == "/SecretProvider.GetSecret":
            secret = json.loads(asked)
            text = f"{secret['SecretName']} {secret['ServiceName']}"
            said = {"Value": base64.b64encode(text.encode()).decode()}
        answer = json.dumps(said).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, format: str, *arguments: Any) -> None:
        pass

    def address_string(self) -> str:
        return "engine"


@contextmanager
def plugins(engine: LabEngine, *names: str) -> Iterator[None]:
    """Plugins of these names, outside of the engine, at a socket in the directory that it shares with the host."""
    path = engine.sandbox.shared / "plugin.sock"
    with socketserver.ThreadingUnixStreamServer(str(path), Plugin) as server:
        for name in names:
            engine.sandbox.write(f"/etc/docker/plugins/{name}.spec", f"unix://{path}")
        thread = threading.Thread(target=server.serve_forever, args=(0.05,))
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
            path.unlink()


@pytest.fixture(scope="session")
def swarms() -> dict[str, LabEngine]:
    """The engines that are swarms of one node for the whole session, by flavour."""
    return {}


@pytest.fixture(scope="session", params=MANAGERS)
def session_manager(request: pytest.FixtureRequest, lab: Lab, swarms: dict[str, LabEngine]) -> Manager:
    flavour, pinned = MANAGERS[request.param]
    if flavour not in swarms:
        swarms[flavour] = lab.engine(flavour)
    return Manager(request.param, swarms[flavour], pinned)


@pytest.fixture
def manager(session_manager: Manager) -> Iterator[Manager]:
    """A swarm of one node without services, secrets and configs."""
    session_manager.enter()
    yield session_manager
    session_manager.clean()


@pytest.fixture(scope="session", params=[name for name, (_flavour, pinned) in MANAGERS.items() if not pinned])
def session_loner(request: pytest.FixtureRequest, lab: Lab, swarms: dict[str, LabEngine]) -> Manager:
    if request.param not in swarms:
        swarms[request.param] = lab.engine(request.param)
    return Manager(request.param, swarms[request.param])


@pytest.fixture
def loner(session_loner: Manager) -> Iterator[Manager]:
    """An engine that is in no swarm."""
    session_loner.leave()
    yield session_loner
    session_loner.leave()
