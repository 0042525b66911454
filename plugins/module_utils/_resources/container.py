# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verbs of containers (/containers)."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any

from .._engine.client import Engine
from .._engine.errors import EngineError
from .._state.converge import Document, Plan, Resource, Step
from .._state.fields import RECONNECT, RECREATE, UPDATE, Change, Field, Schema, pick
from .._state.kinds import IGNORE, STRICT, Cpus, Flag, Kind, Map, Number, Pairs, Size, Text, Unfit, Version
from . import image as images
from .container_image import own
from .container_mounts import ANONYMOUS, Mounts, carry
from .container_networks import Networks
from .container_networks import config as endpoint_config
from .container_ports import Ports
from .shared import HEALTHCHECK, Command, clean


def signal(text: str) -> str:
    """The name of a signal without SIG and in capitals; a number stays one."""
    return text.upper().removeprefix("SIG") if not text.isdigit() else text


def cpuset(text: str) -> str:
    """A set of CPUs with its ranges written out: ``0-2`` is ``0,1,2``, as the daemon keeps whatever text it gets."""
    numbers: set[int] = set()
    for part in filter(None, text.split(",")):
        first, _dash, last = part.partition("-")
        numbers.update(range(int(first), int(last or first) + 1))
    return ",".join(str(number) for number in sorted(numbers))


def mode(text: str) -> str:
    return "bridge" if text in ("", "default") else text  # three words for one thing; engines keep what they get


class Pids(Number):
    """A number of processes; 0 and -1 are both unlimited."""

    def parse(self, option: Any) -> Any:
        return max(super().parse(option), 0)

    def load(self, api: Any) -> Any:
        return max(int(api), 0)


def policy(text: str) -> str:
    return text or "no"  # engines before 25.0 keep the empty text


def config(option: str, kind: Kind, key: str, **more: Any) -> Field:
    """A member of Config: at the top of the create body, under Config in inspect."""
    return Field(option, kind, key, read=f"Config.{key}", **more)


def host(option: str, kind: Kind, key: str, **more: Any) -> Field:
    """A member of HostConfig."""
    return Field(option, kind, f"HostConfig.{key}", **more)


def limit(option: str, kind: Kind, key: str, unset: Any = 0, kernel: str = "") -> Field:
    """A member of HostConfig that POST /containers/{id}/update applies to a container as it runs."""
    return host(option, kind, key, unset=unset, kernel=kernel, on_change=UPDATE)


RESTART = ("no", "on-failure", "always", "unless-stopped")
FIELDS = (
    config("command", Command(), "Cmd", unset=[]),
    config("entrypoint", Command(), "Entrypoint", unset=[]),
    config("env", Pairs(null=True), "Env", unset={}),
    config("labels", Map(), "Labels", unset={}),
    config("user", Text(), "User", unset=""),
    config("working_dir", Text(canon=clean), "WorkingDir", unset=""),
    config("hostname", Text(), "Hostname", unset=""),
    config("stop_signal", Text(canon=signal), "StopSignal", unset="TERM"),
    config("stop_timeout", Number(0), "StopTimeout", mode=IGNORE),
    config("healthcheck", HEALTHCHECK, "Healthcheck", unset={}),
    host("init", Flag(), "Init", unset=False),
    host("network_mode", Text(canon=mode), "NetworkMode", unset="bridge"),
    host("publish_all_ports", Flag(), "PublishAllPorts", unset=False),
    limit("restart_policy", Text(RESTART, canon=policy), "RestartPolicy.Name", unset="no"),
    limit("restart_retries", Number(0), "RestartPolicy.MaximumRetryCount"),
    limit("memory", Size(), "Memory", kernel="MemoryLimit"),
    limit("memory_reservation", Size(), "MemoryReservation", kernel="MemoryLimit"),
    limit("memory_swap", Size(unlimited=-1), "MemorySwap", kernel="SwapLimit"),
    limit("cpus", Cpus(), "NanoCpus", kernel="CpuCfsQuota"),
    limit("cpu_shares", Number(0), "CpuShares", kernel="CPUShares"),
    limit("cpuset_cpus", Text(canon=cpuset), "CpusetCpus", unset="", kernel="CPUSet"),
    limit("pids_limit", Pids(-1), "PidsLimit", kernel="PidsLimit"),
)
KERNEL = {field.option: field.kernel for field in FIELDS if field.kernel}
# What the update endpoint can set back to nothing; for the other limits its zero means "unchanged".
CLEARABLE = ("restart_policy", "restart_retries", "pids_limit")
UNNETWORKED = ("host", "none")


class Container(Resource):
    """A container: its configuration, its networks and whether it runs.

    A difference that the daemon can change in place is changed in place; any other makes a replacement beside the old
    container, which is only removed once the replacement runs.
    """

    word = "container"
    engine: Engine
    schema = Schema(Ports(), Mounts(), Networks(), *FIELDS)
    options = {
        "name": {"type": "str", "required": True},
        "image": {"type": "str"},
        "state": {
            "type": "str",
            "choices": ["absent", "present", "stopped", "started", "healthy"],
            "default": "started",
        },
        "comparisons": {"type": "dict"},
        "pull": {"type": "str", "choices": ["never", "missing", "always"], "default": "missing"},
        "platform": {"type": "str"},
        "purge_networks": {"type": "bool", "default": False},
        "recreate": {"type": "bool", "default": False},
        "restart": {"type": "bool", "default": False},
        "force_kill": {"type": "bool", "default": False, "aliases": ["forcekill"]},
        "keep_volumes": {"type": "bool", "default": True},
        "healthy_wait_timeout": {"type": "float", "default": 300},
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, params)
        if params.get("purge_networks"):
            self.modes["networks"] = STRICT
        self.reference: str | None = params.get("image")
        self.image: Document | None = None  # inspect of the wanted image, None while it is not there
        self.pull = False  # a pull is planned
        self.own: Mapping[str, Any] = {}  # inspect of the container less what its image gave

    # Finding and comparing

    def find(self) -> Document | None:
        found: Document | None = self.engine.get(f"/containers/{self.name}/json", missing=None)
        if (
            found
            and found["Name"] != f"/{self.name}"
            and not (len(self.name) >= 12 and found["Id"].startswith(self.name))
        ):
            return None  # the path also takes the beginnings of ids
        return found

    def complete(self, found: Document | None) -> None:
        self.resolve_networks(found)
        self.resolve_image(found)
        if found:
            base = (
                self.image
                if self.image and self.image["Id"] == found["Image"]
                else images.inspect(self.engine, found["Image"])
            )
            self.own = own(found, base or {}, self.desired)

    def resolve_image(self, found: Document | None) -> None:
        if not self.reference:
            if not found:
                raise Unfit(f"container {self.name} does not exist, and to create it the option image is needed")
            return
        self.image = images.inspect(self.engine, self.reference)
        rule = self.params.get("pull")
        if self.image is None:
            self.pull = rule != "never"
            if not self.pull:
                self.obstacles.append(f"image {self.reference} is not there, and pull is never")
        elif rule == "always":
            self.pull = images.outdated(self.engine, self.reference, self.image, self.params.get("platform"))

    def resolve_networks(self, found: Document | None) -> None:
        """Ids of networks and containers become what the comparison speaks of: names of networks, ids of containers."""
        present = (pick(found, "NetworkSettings.Networks") or {}) if found else {}
        for key in [key for key in present if ANONYMOUS.fullmatch(key)]:  # never started: the text of the request
            network = self.engine.get(f"/networks/{key}", missing=None)
            if network:
                present[network["Name"]] = present.pop(key)
        wanted = self.desired.get("networks", {})
        for key in [key for key in wanted if key not in present]:
            network = self.engine.get(f"/networks/{key}", missing=None)
            if network is None:
                self.obstacles.append(f"networks: network {key} does not exist")
            elif network["Name"] != key:
                wanted[network["Name"]] = {**wanted.pop(key), "name": network["Name"]}
        kind, _colon, other = self.desired.get("network_mode", "").partition(":")
        if kind == "container":
            container = self.engine.get(f"/containers/{other}/json", missing=None)
            if container is None:
                self.obstacles.append(f"network_mode: container {other} does not exist")
            else:
                self.desired["network_mode"] = f"container:{container['Id']}"

    def changes(self, found: Document) -> list[Change]:
        changes = self.schema.changes(self.desired, self.schema.actual(self.own), self.modes)
        changes = [self.cost(change, found) for change in changes]
        if any(change.option in KERNEL for change in changes):
            changes = self.possible(changes)
        if self.reference and (self.pull or not self.image or self.image["Id"] != found["Image"]):
            after = self.image["Id"] if self.image and not self.pull else "to be pulled"
            change = Change(
                "image", f"{found['Config']['Image']} ({found['Image']})", f"{self.reference} ({after})", RECREATE
            )
            changes.insert(0, change)
        return changes

    def cost(self, change: Change, found: Document) -> Change:
        """The same change, costing what this API version and this value make of it."""
        option, api = change.option, self.engine.api
        if change.action == UPDATE:
            stuck = (
                option not in CLEARABLE and not self.desired[option]
            )  # zero means "unchanged" to the update endpoint
            if stuck or (option == "pids_limit" and api < (1, 40)):
                return replace(change, action=RECREATE)
        if change.action == RECONNECT and api < (1, 54):  # connect leaves the MAC address out
            present = self.schema.actual(self.own)["networks"]
            for name, endpoint in self.desired["networks"].items():
                wanted = endpoint.get("mac_address")
                if wanted and wanted != present.get(name, {}).get("mac_address") and found["State"]["Running"]:
                    return replace(change, action=RECREATE)
        return change

    def possible(self, changes: list[Change]) -> list[Change]:
        """The changes without those that this host's kernel cannot hold: the daemon drops them each time anew."""
        info = self.engine.get("/info")
        kept = []
        for change in changes:
            flag = KERNEL.get(change.option)
            if flag and not info.get(flag, True):
                self.engine.warnings.append(f"{change.option} has no effect: the kernel of this host has no {flag}")
            else:
                kept.append(change)
        return kept

    # Planning

    def creation(self) -> Plan:
        plan = super().creation()
        plan.after["image"] = self.reference
        plan.steps = [*self.pulling(), *plan.steps]
        if self.state in ("started", "healthy"):
            plan.steps.append(self.step("start", lambda: self.start(self.name)))
        return plan

    def pulling(self) -> list[Step]:
        return [Step(f"pull image {self.reference}", self.fetch)] if self.pull else []

    def fetch(self) -> None:
        reference = self.reference or ""
        images.pull(self.engine, reference, self.params.get("platform"))
        self.image = images.inspect(self.engine, reference)

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        costs = {change.action for change in changes}
        running = found["State"]["Running"]
        if RECREATE in costs or self.params.get("recreate"):
            return [*self.pulling(), self.step("recreate", lambda: self.recreate(found, changes))]
        steps = []
        if UPDATE in costs:
            steps.append(self.step("update", lambda: self.update(found, changes)))
        if RECONNECT in costs:
            steps += self.links(found)
        if self.state == "stopped" and running:
            steps.append(self.step("stop", lambda: self.stop(found["Id"])))
        elif self.state in ("started", "healthy") and not running:
            steps.append(self.step("start", lambda: self.start(found["Id"])))
        elif self.params.get("restart") and running:
            steps.append(self.step("restart", lambda: self.restart(found["Id"])))
        return steps

    def links(self, found: Document) -> Iterator[Step]:
        """The steps that bring the networks in place: one for each network that differs."""
        part = Networks()
        present = self.schema.actual(self.own)
        after = part.after(self.desired, present, self.modes)
        before = present["networks"]
        text = f"container {self.name} %s network %s"
        for name in [name for name in before if name not in after]:
            yield Step("disconnect " + text % ("from", name), partial(self.disconnect, found["Id"], name))
        for name, endpoint in after.items():
            connect = partial(self.connect, found["Id"], name, endpoint_config(endpoint))
            if name not in before:
                yield Step("connect " + text % ("to", name), connect)
            elif endpoint != before[name]:
                old = endpoint_config(before[name])
                yield Step("reconnect " + text % ("to", name), partial(self.reconnect, found["Id"], name, connect, old))

    def removal(self, found: Document) -> Plan:
        plan = super().removal(found)
        if found["State"]["Running"] and not self.params.get("force_kill"):
            plan.steps.insert(0, self.step("stop", lambda: self.stop(found["Id"])))
        return plan

    # The verbs

    def create(self) -> None:
        self.post(self.name, self.routed(self.schema.body(self.desired, {}, self.modes)))

    def post(self, name: str, body: dict[str, Any]) -> str:
        """Create a container that has all its networks; answers its id."""
        ends = pick(body, "NetworkingConfig.EndpointsConfig") or {}
        later: dict[str, Any] = {}
        if self.engine.api < (1, 44) and len(ends) > 1:  # create takes one network there, the others are connected to
            main = body["HostConfig"]["NetworkMode"]
            later = {key: config for key, config in ends.items() if key != main}
            body = {**body, "NetworkingConfig": {"EndpointsConfig": {main: ends[main]}}}
        params = {"name": name, "platform": self.params.get("platform")}
        created: str = self.engine.post("/containers/create", body, params, patience=60)["Id"]
        try:
            for key, config in later.items():
                self.connect(created, key, config)
        except EngineError:
            self.engine.delete(f"/containers/{created}", {"force": True, "v": True}, missing=None)
            raise
        return created

    def routed(self, body: dict[str, Any]) -> dict[str, Any]:
        """A create body whose main network (HostConfig.NetworkMode) and endpoints go together."""
        if self.reference:
            body["Image"] = self.reference
        host_config = body.setdefault("HostConfig", {})
        ends = pick(body, "NetworkingConfig.EndpointsConfig") or {}
        main = mode(host_config.get("NetworkMode") or "")
        if main in UNNETWORKED or main.startswith("container:"):
            ends = {}
        elif ends and main not in ends:
            if "network_mode" in self.desired:
                ends = {main: {}, **ends}
            else:
                main = next(iter(ends))
        host_config["NetworkMode"] = main
        body["NetworkingConfig"] = {"EndpointsConfig": ends}
        return body

    def update(self, found: Document, changes: list[Change]) -> None:
        named = {change.option for change in changes if change.action == UPDATE}
        wanted = {option: value for option, value in self.desired.items() if option in named}
        body = self.schema.body(wanted, self.schema.actual(self.own), self.modes).get("HostConfig", {})
        self.agree(body, found["HostConfig"])
        self.engine.post(f"/containers/{found['Id']}/update", body)

    def agree(self, body: dict[str, Any], present: Mapping[str, Any]) -> None:
        """Members of HostConfig that hang together: a named one takes along the other one that is not named."""
        if "RestartPolicy" in body:
            restart = {**present["RestartPolicy"], **body["RestartPolicy"]}
            if restart["Name"] != "on-failure" and "restart_retries" not in self.desired:
                restart["MaximumRetryCount"] = 0
            body["RestartPolicy"] = restart
        named = self.desired
        if "memory" in named and "memory_swap" not in named and "Memory" in body:
            if present["MemorySwap"] in (0, 2 * present["Memory"]):
                body["MemorySwap"] = 2 * body["Memory"]  # what the daemon makes of a missing one at create

    def recreate(self, found: Document, changes: list[Change]) -> None:
        """Make the replacement beside the old container, swap them, and swap back when the replacement does not run."""
        pulled = self.image and self.image["Id"] == found["Image"] and not self.params.get("recreate")
        if pulled and [change.option for change in changes] == ["image"]:
            return  # what was pulled is what the container runs already
        old, state = found["Id"], found["State"]
        run = self.state in ("started", "healthy") or (self.state == "present" and state["Running"])
        body = self.replacement(found)
        new = self.post(self.beside("new"), body)
        try:
            if state["Running"]:
                self.stop(old)
            self.rename(old, self.beside("old"))
            self.rename(new, self.called(found))
            if run:
                self.start(new)
                if self.state == "healthy":
                    self.wait_healthy(new)
        except BaseException as error:
            self.restore(found, new, error)
            raise
        self.engine.delete(f"/containers/{old}", {"force": True}, missing=None)

    def replacement(self, found: Document) -> dict[str, Any]:
        """The create body of a container that differs from the present one in nothing but what the task names."""
        body = self.schema.body(
            self.desired, self.schema.actual(self.own), self.modes, into=present(self.own, self.engine.api)
        )
        host_config, before = body["HostConfig"], found["HostConfig"]
        self.agree(host_config, before)
        if "network_mode" in self.desired and mode(before["NetworkMode"]) != self.desired["network_mode"]:
            pick(body, "NetworkingConfig.EndpointsConfig").pop(mode(before["NetworkMode"]), None)
        if host_config["NetworkMode"].partition(":")[0] in ("host", "container"):
            for name in ("Hostname", "Domainname"):  # these are the other namespace's
                if name.lower() not in self.desired:
                    body.pop(name, None)
        body.setdefault("Image", found["Config"]["Image"])
        body = self.routed(body)
        image = self.image or images.inspect(self.engine, found["Image"]) or {}
        carry(body, found, pick(image, "Config.Volumes") or {})
        # Left over from a run that was cut short before the swap: it never was in service.
        self.engine.delete(f"/containers/{self.beside('new')}", {"force": True, "v": True}, missing=None)
        return body

    def restore(self, found: Document, new: str, cause: BaseException) -> None:
        """Bring the old container back: its name, its id, and running if it ran."""
        old, state = found["Id"], found["State"]
        try:
            self.engine.delete(f"/containers/{new}", {"force": True, "v": True}, missing=None)
            self.rename(old, self.called(found))
            if state["Running"]:
                self.start(old)
            if state["Paused"]:
                self.engine.post(f"/containers/{old}/pause")
        except EngineError as error:
            raise EngineError(f"{cause}. Bringing the old container {old[:12]} back failed as well: {error}") from cause

    def called(self, found: Document) -> str:
        name: str = found["Name"].lstrip("/")
        return name

    def beside(self, word: str) -> str:
        """The temporary name of the old or the new container while both are there."""
        return f"{self.name}-dockside-{word}"

    def rename(self, container: str, name: str) -> None:
        current = self.engine.get(f"/containers/{container}/json")["Name"]
        if current != f"/{name}":
            self.engine.post(f"/containers/{container}/rename", None, {"name": name})

    def start(self, container: str) -> None:
        self.engine.post(f"/containers/{container}/start", patience=60)

    def stop(self, container: str) -> None:
        if self.params.get("force_kill"):
            self.engine.post(f"/containers/{container}/kill")
            return
        wait = self.params.get("stop_timeout")
        # Without a time of the task the container's own counts, which may be long.
        self.engine.post(f"/containers/{container}/stop", None, {"t": wait}, patience=None if wait is None else wait)

    def restart(self, container: str) -> None:
        wait = self.params.get("stop_timeout")
        self.engine.post(f"/containers/{container}/restart", None, {"t": wait}, patience=None if wait is None else wait)

    def remove(self, found: Document) -> None:
        clear = not self.params.get("keep_volumes")
        self.engine.delete(f"/containers/{found['Id']}", {"force": True, "v": clear}, missing=None, patience=60)
        for mount in found.get("Mounts") or []:
            # Anonymous volumes that came along from a replaced container are mounted by name, which v leaves alone.
            if clear and mount.get("Type") == "volume" and ANONYMOUS.fullmatch(mount.get("Name") or ""):
                try:
                    self.engine.delete(f"/volumes/{mount['Name']}", missing=None)
                except EngineError:  # in use by another container
                    continue

    def connect(self, container: str, network: str, config: Mapping[str, Any]) -> None:
        self.engine.post(f"/networks/{network}/connect", {"Container": container, "EndpointConfig": dict(config)})

    def disconnect(self, container: str, network: str) -> None:
        self.engine.post(f"/networks/{network}/disconnect", {"Container": container, "Force": True}, missing=None)

    def reconnect(self, container: str, network: str, connect: Any, old: Mapping[str, Any]) -> None:
        self.disconnect(container, network)
        try:
            connect()
        except EngineError:
            self.connect(container, network, old)
            raise

    # Waiting

    def settle(self, found: Document | None) -> Document | None:
        if self.state != "healthy" or not found:
            return found
        self.wait_healthy(found["Id"])
        return self.find()

    def wait_healthy(self, container: str) -> None:
        """Return when the container is healthy; EngineError when it is unhealthy, has ended or the time is up."""
        limit_at = time.monotonic() + self.params["healthy_wait_timeout"]
        while True:
            state = self.engine.get(f"/containers/{container}/json")["State"]
            health = state.get("Health") or {}
            status = health.get("Status", "none")
            if status == "healthy":
                return
            if status == "none":
                raise EngineError(f"container {self.name} has no health check, so it cannot become healthy")
            late = time.monotonic() > limit_at
            if status == "unhealthy" or not state["Running"] or late:
                said = "".join(probe.get("Output", "") for probe in (health.get("Log") or [])[-1:]).strip()
                what = "is unhealthy" if status == "unhealthy" else f"ended with exit code {state['ExitCode']}"
                if state["Running"] and late and status != "unhealthy":
                    what = f"is not healthy after {self.params['healthy_wait_timeout']} seconds"
                raise EngineError(
                    f"container {self.name} {what}" + (f"; its last check said: {said[:500]}" if said else "")
                )
            time.sleep(0.2)


def present(found: Document, api: Version) -> dict[str, Any]:
    """The create body of which the daemon would make this container again (`found` less what its image gave)."""
    config = {name: value for name, value in deepcopy(found["Config"]).items() if value is not None}
    if config.get("Hostname") == found["Id"][:12]:  # the daemon's own choice
        del config["Hostname"]
    host_config = deepcopy(found["HostConfig"])
    # "/other:/this/alias" is how inspect shows the link "other:alias".
    links = [text.split(":") for text in host_config.get("Links") or []]
    host_config["Links"] = [f"{other.lstrip('/')}:{alias.rpartition('/')[2]}" for other, alias in links]
    ends = {}
    main = mode(host_config.get("NetworkMode") or "")
    for name, endpoint in Networks().load(found)["networks"].items():
        shown = found["NetworkSettings"]["Networks"][name]
        chosen = endpoint.get("mac_address") == derived(shown.get("IPAddress") or "")
        # From API 1.44 to 1.51 inspect shows the address that was asked for here as well, and only that one.
        if (1, 44) <= api < (1, 52) and name == main:
            chosen = not config.pop("MacAddress", "")
        if chosen:  # by the daemon
            endpoint.pop("mac_address", None)
        ends[name] = endpoint_config(endpoint)
    return {**config, "HostConfig": host_config, "NetworkingConfig": {"EndpointsConfig": ends}}


def derived(address: str) -> str:
    """The MAC address that engines before 28.0 make of an IPv4 address."""
    return "02:42:" + ":".join(f"{int(part):02x}" for part in address.split(".")) if address else ""
