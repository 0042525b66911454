# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What it takes to make a container (POST /containers/create): the part that all have in common who make one."""

from __future__ import annotations

import time
from collections.abc import Mapping
from functools import cached_property
from typing import Any

from .._engine import access
from .._engine.client import Engine
from .._engine.errors import Conflict, EngineError
from .._engine.reference import is_id
from .._state.converge import Document, Resource, Step
from .._state.fields import pick
from .._state.kinds import IGNORE, Unfit
from . import images
from .container_mounts import ANONYMOUS
from .container_networks import mode
from .container_table import SCHEMA, SHARED, UNNETWORKED, security
from .shared import variables


class NewContainer(Resource):
    """A container that is to be made, with the image and the networks that it needs."""

    word = "container"
    engine: Engine
    schema = SCHEMA
    options = {
        "image": {"type": "str"},
        "pull": {"type": "raw", "choices": ["never", "missing", "always", True, False], "default": "missing"},
        "platform": {"type": "str"},
        "env_file": {"type": "path"},
        "secret_env": {"type": "list", "elements": "str", "no_log": False},
        **access.SPEC,
    }
    rules = {"mutually_exclusive": [("gpus", "device_requests")], "required_together": access.TOGETHER}

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, {**params, "env": environment(params)})
        if "security_opts" in self.desired:
            self.desired["security_opts"] = profiles(self.desired["security_opts"], self.desired, engine)
        self.reference: str | None = params.get("image")
        access.check(params)
        self.progress: list[dict[str, Any]] = []  # what pulls have moved
        self.image: Document | None = None  # inspect of the wanted image, None while it is not there
        self.pull = False  # a pull is planned

    @cached_property
    def registries(self) -> Any:
        """The Registries that the options give access to."""
        from .registries import Registries  # what is up to date needs none

        return Registries(self.engine, self.params)

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> set[str]:
        env, names = params.get("env"), params.get("secret_env")
        if not isinstance(env, dict) or not isinstance(names, list):  # options that do not fit come here, too
            return set()
        return {str(env[name]) for name in map(str, names) if env.get(name) not in (None, "")}

    def complete(self, found: Document | None) -> None:
        if self.engine.podman:
            from .container_podman import refuse, unseen  # nobody else needs them

            refuse(self.desired)
            hidden = [option for option in unseen(self.desired) if self.modes.get(option) != IGNORE]
            if hidden:
                self.engine.warnings.append(
                    f"Podman does not show {', '.join(hidden)}: whether they are as wanted cannot be seen"
                )
        self.resolve_networks(found)
        self.resolve_image(found)

    def resolve_image(self, found: Document | None) -> None:
        if not self.reference:
            if not found:
                raise Unfit(f"container {self.name} does not exist, and to create it the option image is needed")
            return
        there = self.image = images.inspect(self.engine, self.reference)
        rule = self.params.get("pull")
        if isinstance(rule, bool):  # as community.docker has it, too
            rule = "always" if rule else "missing"
        platform = self.params.get("platform")
        if there and platform and not is_id(self.reference, there["Id"]):
            there = there if images.serves(self.engine, self.reference, there, platform) else None
        if there is None:
            self.pull = rule != "never"
            if not self.pull:
                what = f"image {self.reference} is not there{images.for_platform(platform)}"
                self.obstacles.append(f"{what}, and pull is never")
        elif rule == "always":
            self.pull = self.registries.outdated(self.reference, there)

    def resolve_networks(self, found: Document | None) -> None:
        """Ids of networks and names of containers become what the comparison speaks of: names of networks, ids."""
        present_ones = (pick(found, "NetworkSettings.Networks") or {}) if found else {}
        for key in [key for key in present_ones if ANONYMOUS.fullmatch(key)]:  # never started: the text of the request
            network = self.engine.get(f"/networks/{key}", missing=None)
            if network:
                present_ones[network["Name"]] = present_ones.pop(key)
        for option in SHARED:
            kind, _colon, other = self.desired.get(option, "").partition(":")
            if kind == "container":
                container = self.engine.get(f"/containers/{other}/json", missing=None)
                if container is None:
                    self.obstacles.append(f"{option}: container {other} does not exist")
                else:
                    self.desired[option] = f"container:{container['Id']}"
        wanted = self.desired.get("networks", {})
        for key in [key for key in wanted if key not in present_ones]:
            network = self.engine.get(f"/networks/{key}", missing=None)
            if network is None:
                self.obstacles.append(f"networks: network {key} does not exist")
            elif network["Name"] != key:
                wanted[network["Name"]] = {**wanted.pop(key), "name": network["Name"]}
        if "mac_address" in self.desired and self.engine.api >= (1, 44):  # an endpoint's from here on
            main = self.desired.get("network_mode") or next(
                iter(wanted), mode(pick(found, "HostConfig.NetworkMode") or "")
            )
            networks = self.desired.setdefault("networks", {})
            networks.setdefault(main, {"name": main})["mac_address"] = self.desired.pop("mac_address")

    def pulling(self) -> list[Step]:
        return [Step(f"pull image {self.reference}", self.fetch)] if self.pull else []

    def fetch(self) -> bool:
        """Pull the image; answers whether its name now means another one."""
        reference, before = self.reference or "", self.image
        self.registries.pull(reference, self.params.get("platform"))
        self.progress = self.registries.progress
        self.image = images.inspect(self.engine, reference) or {"Id": ""}
        return not before or self.image["Id"] != before["Id"]

    def create(self) -> None:
        self.post(self.name, self.body(), self.params.get("platform"))

    def body(self) -> dict[str, Any]:
        """The create body of a container that is all new."""
        return self.routed(self.schema.body(self.desired, {}, self.modes))

    def post(self, name: str | None, body: dict[str, Any], platform: str | None = None) -> str:
        """Create a container that has all its networks; answers its id. Without a name the daemon thinks of one."""
        ends = pick(body, "NetworkingConfig.EndpointsConfig") or {}
        later: dict[str, Any] = {}
        if self.engine.api < (1, 44) and len(ends) > 1:  # create takes one network there, the others are connected to
            main = body["HostConfig"]["NetworkMode"]
            later = {key: config for key, config in ends.items() if key != main}
            body = {**body, "NetworkingConfig": {"EndpointsConfig": {main: ends[main]}}}
        params = {"name": name, "platform": platform}
        created: str = self.engine.post("/containers/create", body, params, patience=60)["Id"]
        try:
            for key, config in later.items():
                self.connect(created, key, config)
        except EngineError:
            self.drop(created, volumes=True)
            raise
        return created

    def routed(self, body: dict[str, Any]) -> dict[str, Any]:
        """A create body whose main network (HostConfig.NetworkMode) and endpoints go together."""
        if self.reference:
            body["Image"] = self.reference
        host = body.setdefault("HostConfig", {})
        ends = pick(body, "NetworkingConfig.EndpointsConfig") or {}
        main = mode(host.get("NetworkMode") or "")
        if main in UNNETWORKED or main.startswith("container:"):
            ends = {}
        elif ends and main not in ends:
            if "network_mode" in self.desired:
                ends = {main: {}, **ends}
            else:
                main = next(iter(ends))
        if self.engine.podman and main == "bridge" and body.get("MacAddress"):
            main, ends = "podman", {"podman": {}}  # the same by the name that it needs then
        host["NetworkMode"] = main
        body["NetworkingConfig"] = {"EndpointsConfig": ends}
        return body

    def start(self, container: str) -> None:
        self.engine.post(f"/containers/{container}/start", patience=60)

    def connect(self, container: str, network: str, config: Mapping[str, Any]) -> None:
        self.engine.post(f"/networks/{network}/connect", {"Container": container, "EndpointConfig": dict(config)})

    def drop(self, container: str, volumes: bool = False) -> None:
        query = {"force": True, "v": volumes}
        try:
            self.engine.delete(f"/containers/{container}", params=query, missing=None, patience=60)
        except Conflict as error:
            if "already in progress" not in error.message:
                raise
            self.gone(container)

    def gone(self, container: str) -> None:
        """Return when a container that is being removed is no longer there."""
        wait = self.params.get("removal_wait_timeout") or self.engine.endpoint.timeout
        end = time.monotonic() + wait
        while self.engine.get(f"/containers/{container}/json", missing=None):
            if time.monotonic() > end:
                raise EngineError(f"container {container[:12]} is still being removed after {wait} seconds")
            time.sleep(0.1)


def environment(params: Mapping[str, Any]) -> dict[str, Any] | None:
    """The variables of env_file with those of env laid over them; raises ValueError."""
    path, env = params.get("env_file"), params.get("env")
    return {**variables([path], "env_file"), **(env or {})} if path else env


def profiles(options: list[str], desired: dict[str, Any], engine: Engine) -> list[str]:
    """Security options as the daemon takes them: the docker CLI, not the daemon, knows files and systempaths.

    Podman reads the file of a profile itself, and calls systempaths=unconfined unmask=all.
    """
    taken = []
    for option in options:
        name, _equals, value = option.partition("=")
        file_of_profile = name == "seccomp" and value not in ("unconfined", "builtin") and not value.startswith("{")
        if option == "systempaths=unconfined" and engine.podman:
            taken.append("unmask=all")
        elif option == "systempaths=unconfined":
            desired.setdefault("masked_paths", [])
            desired.setdefault("readonly_paths", [])
        elif file_of_profile and not engine.podman:
            try:
                with open(value, encoding="utf-8") as file:
                    taken.append(security(f"seccomp={file.read()}"))
            except (OSError, ValueError) as error:
                raise Unfit(f"the seccomp profile {value} cannot be read: {error}", "security_opts") from error
        else:
            taken.append(option)
    return taken
