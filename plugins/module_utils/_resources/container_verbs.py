# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What is done to containers: how they are changed in place, replaced, stopped, removed and waited for."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from functools import partial
from typing import Any, Callable

from .._engine.errors import Conflict, DroppedError, EngineError
from .._engine.streams import frames
from .._state.converge import Document
from .._state.fields import UPDATE, Change, pick
from .._state.kinds import IGNORE
from . import images
from .container import Container, beside
from .container_image import alike, own, platform, present
from .container_mounts import ANONYMOUS, carry, renew
from .container_networks import mode


class Ended(EngineError):
    """A container that was waited for ended with another exit code than 0."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.result = {"status": status}


class Verbs:
    """The verbs of a Container, which plans them."""

    def __init__(self, container: Container) -> None:
        self.box, self.engine, self.params = container, container.engine, container.params
        self.replaced: dict[str, str] = {}  # ids of old containers to those of their replacements

    def make(self, name: str, body: dict[str, Any], fallback: str | None = None) -> str:
        """Create the container that the task wants, under this name; answers its id.

        `fallback` is the platform where the task names none.
        """
        created = self.box.post(name, body, self.params.get("platform") or fallback)
        try:
            self.kept(created, set(self.box.desired))
        except EngineError:
            self.box.drop(created, volumes=True)
            raise
        return created

    def update(self, found: Document, changes: list[Change]) -> Any:
        named = {change.option for change in changes if change.action == UPDATE}
        wanted = {option: value for option, value in self.box.desired.items() if option in named}
        body = self.box.schema.body(wanted, self.box.schema.actual(self.box.own), self.box.modes).get("HostConfig", {})
        self.agree(body, found["HostConfig"])
        if self.engine.podman and "NanoCpus" in body:  # the same in the only words that it hears here
            body.update(CpuPeriod=100_000, CpuQuota=body.pop("NanoCpus") // 10_000)
        known = len(self.engine.warnings)
        self.engine.post(f"/containers/{found['Id']}/update", body)
        self.kept(found["Id"], named)
        return len(self.engine.warnings) == known or not self.vain(found["Id"], named)

    def agree(self, body: dict[str, Any], before: Mapping[str, Any]) -> None:
        """Members of HostConfig that hang together: a named one takes along the others that are not named."""
        named = self.box.desired
        if "RestartPolicy" in body:
            restart = {**before["RestartPolicy"], **body["RestartPolicy"]}
            if restart["Name"] != "on-failure" and "restart_retries" not in named:
                restart["MaximumRetryCount"] = 0
            body["RestartPolicy"] = restart
        swap = before.get("MemorySwap", 0)
        if "memory" in named and "memory_swap" not in named and "Memory" in body and swap in (0, 2 * before["Memory"]):
            body["MemorySwap"] = 2 * body["Memory"]  # what the daemon makes of a missing one at create
        if "CpuQuota" in body and "NanoCpus" in body:  # the body of a replacement; the daemon takes one of the two ways
            for way, other in ((("cpus",), ("CpuQuota", "CpuPeriod")), (("cpu_quota", "cpu_period"), ("NanoCpus",))):
                if any(named.get(option) for option in way):
                    body.update(dict.fromkeys(other, 0))

    def kept(self, container: str, named: set[str]) -> None:
        """DroppedError for those of the options that Podman has left out."""
        lost = sorted(self.differing(container) & named) if self.engine.podman else []
        if lost:
            raise DroppedError(lost)

    def differing(self, container: str) -> set[str]:
        """The options in which a container differs from the task."""
        found = self.box.translated(self.engine.get(f"/containers/{container}/json"), self.box.desired)
        image = images.inspect(self.engine, found["Image"]) or {}
        actual = self.box.schema.actual(own(found, image, self.box.desired))
        return {change.option for change in self.box.schema.changes(self.box.desired, actual, self.box.modes)}

    def vain(self, container: str, options: set[str]) -> bool:
        """True when a container differs from the task in all these options still.

        The kernel of the host cannot do them then, and the daemon drops them with no more than a warning.
        """
        return options <= self.differing(container)

    # The safe recreate

    def recreate(self, found: Document, changes: list[Change]) -> Any:
        options = {change.option for change in changes}
        forced = self.params.get("recreate")
        pulled = options == {"image"} and alike(found["Config"]["Image"], self.box.reference or "")
        if pulled and self.box.image and self.box.image["Id"] == found["Image"] and not forced:
            return False  # what was pulled is what the container runs already
        body = self.box.routed(self.replacement(found))
        stays = found["Image"] in (body["Image"], pick(self.box.image, "Id"))
        make = partial(self.make, body=body, fallback=platform(found) if stays else None)
        return self.swap(found, make, self.box.runs(found), set() if forced else options)

    def replacement(self, found: Document) -> dict[str, Any]:
        """The create body of a container that differs from the present one in nothing but what the task names."""
        base, actual = present(self.box.own, self.engine.api), self.box.schema.actual(self.box.own)
        host, before, named = base["HostConfig"], found["HostConfig"], self.box.desired
        if named.get("log_driver", actual["log_driver"]) != actual["log_driver"]:  # another driver has other options
            host["LogConfig"]["Config"] = actual["log_options"] = {}
        if named.get("privileged", actual["privileged"]) != actual["privileged"]:  # what the daemon made of it goes
            host["MaskedPaths"] = host["ReadonlyPaths"] = None
            host["SecurityOpt"] = [text for text in host.get("SecurityOpt") or [] if text != "label=disable"]
        if "network_mode" in named and mode(before["NetworkMode"]) != named["network_mode"]:
            gone = mode(before["NetworkMode"])
            pick(base, "NetworkingConfig.EndpointsConfig").pop(gone, None)
            actual["networks"].pop(gone, None)
        body = self.box.schema.body(named, actual, self.box.modes, into=base)
        self.agree(host, before)
        if host["NetworkMode"].partition(":")[0] in ("host", "container"):
            for member in ("Hostname", "Domainname"):  # these are the other namespace's
                if member.lower() not in named:
                    body.pop(member, None)
        body.setdefault("Image", found["Config"]["Image"])
        if not self.box.reference or self.box.image_mode == IGNORE:
            body["Image"] = found["Image"]  # its name may stand for another image by now
        if self.params.get("renew_anonymous_volumes"):
            renew(body)
        else:
            image = self.box.image or images.inspect(self.engine, found["Image"]) or {}
            carry(body, found, pick(image, "Config.Volumes") or {})
        return body

    def follow(self, other: Document) -> None:
        """Recreate a dependent, so that it lives in the namespaces of the replacement."""
        body = present(own(other, images.inspect(self.engine, other["Image"]) or {}, {}), self.engine.api)
        for key in ("NetworkMode", "IpcMode", "PidMode"):
            kind, _colon, container = (body["HostConfig"].get(key) or "").partition(":")
            if container in self.replaced:
                body["HostConfig"][key] = f"{kind}:{self.replaced[container]}"
        if body["HostConfig"]["NetworkMode"].startswith("container:"):
            del body["NetworkingConfig"]
            body.pop("Hostname", None)
        carry(body, other, {})
        self.swap(other, partial(self.box.post, body=body, platform=platform(other)), other["State"]["Running"])

    def swap(self, found: Document, make: Callable[[str], str], run: bool, why: Iterable[str] = ()) -> bool:
        """Make the replacement beside the old container, swap them, and swap back when the replacement does not run.

        `make` makes a container of this name and answers its id.
        False when the replacement turned out to differ from the task in all options of `why` as well.
        """
        old, state, name, ran = found["Id"], found["State"], self.box.called(found), self.box.in_service(found)
        known = len(self.engine.warnings)
        new = make(beside(name, "new", ran))
        if why and len(self.engine.warnings) > known and self.vain(new, set(why)):
            self.box.drop(new, volumes=True)
            return False
        try:
            if state["Running"]:
                self.stop(found)
            if self.fleeting(found):
                self.box.gone(old)
            else:
                self.box.rename(old, beside(name, "old", ran))
            self.box.rename(new, name)
            if run:
                self.box.start(new)
                if self.box.state == "healthy" and old not in self.replaced and name == self.box.name:
                    self.wait_healthy(new)
                if state["Paused"] and self.params.get("paused") is None:
                    self.box.post_to(new, "pause")
        except BaseException as error:
            self.restore(found, new, error, ran)
            raise
        self.replaced[old] = new
        self.box.drop(old)
        return True

    def fleeting(self, found: Document) -> bool:
        """True for a container that the daemon removes as soon as it is stopped."""
        return bool(found["HostConfig"].get("AutoRemove") and found["State"]["Running"])

    def restore(self, found: Document, new: str, cause: BaseException, run: bool) -> None:
        """Bring the old container back: its name, its id, and running if it ran."""
        old, state, name = found["Id"], found["State"], self.box.called(found)
        try:
            # Podman would take the volumes along that came from the old container: nobody else uses them now.
            self.box.drop(new, volumes=not (self.engine.podman and self.fleeting(found)))
            if self.fleeting(found) and self.box.look(name) is None:  # its id is lost, its definition is not
                image = images.inspect(self.engine, found["Image"]) or {}
                old = self.box.post(name, present(own(found, image, {}), self.engine.api), platform(found))
            self.box.rename(old, name)
            if run:
                self.box.start(old)
            if state["Paused"]:
                self.box.post_to(old, "pause")
        except EngineError as error:
            raise EngineError(f"{cause}. Bringing the old container {old[:12]} back failed as well: {error}") from cause

    # Its life

    def stop(self, found: Document) -> None:
        path = f"/containers/{found['Id']}"
        if found["State"]["Paused"]:  # a frozen process does not hear the signal
            self.engine.post(f"{path}/unpause")
        if self.params.get("force_kill"):
            self.engine.post(f"{path}/kill", None, {"signal": self.params.get("kill_signal")})
            # Only the signal has been sent by now.
            self.engine.post(f"{path}/wait", None, {"condition": "not-running"}, missing=None, patience=self.patience())
        else:
            self.engine.post(f"{path}/stop", None, self.grace(), patience=self.patience())

    def restart(self, container: str) -> None:
        self.engine.post(f"/containers/{container}/restart", None, self.grace(), patience=self.patience())

    def grace(self) -> dict[str, Any]:
        return {"t": self.params.get("stop_timeout")}

    def patience(self) -> float | None:
        wait: int | None = self.params.get("stop_timeout")
        return wait  # without a time of the task the container's own counts, which may be long

    def remove(self, found: Document) -> None:
        clear = not self.params.get("keep_volumes")
        self.box.drop(found["Id"], volumes=clear)
        for mount in found.get("Mounts") or []:
            # Anonymous volumes that came along from a replaced container are mounted by name, which v leaves alone.
            if clear and mount.get("Type") == "volume" and ANONYMOUS.fullmatch(mount.get("Name") or ""):
                try:
                    self.engine.delete(f"/volumes/{mount['Name']}", missing=None)
                except Conflict:  # in use by another container
                    continue

    def disconnect(self, container: str, network: str) -> None:
        self.engine.post(f"/networks/{network}/disconnect", {"Container": container, "Force": True}, missing=None)

    def reconnect(self, container: str, network: str, connect: Any, old: Mapping[str, Any]) -> None:
        self.disconnect(container, network)
        try:
            connect()
        except EngineError:
            self.box.connect(container, network, old)
            raise

    # Waiting

    def finish(self) -> None:
        """Wait for the container's end and take its output; EngineError for an exit code other than 0."""
        found = self.engine.get(f"/containers/{self.box.name}/json")
        status = self.engine.post(f"/containers/{found['Id']}/wait", patience=None, missing={"StatusCode": 0})[
            "StatusCode"
        ]
        output = ""
        if not found["HostConfig"].get("AutoRemove"):
            query = {"stdout": True, "stderr": True}
            with self.engine.stream("GET", f"/containers/{found['Id']}/logs", query) as stream:
                pieces = (
                    stream.chunks() if found["Config"]["Tty"] else (data for _number, data in frames(stream.chunks()))
                )
                output = b"".join(pieces).decode(errors="replace")
        self.box.ended = {"status": status, "output": output}
        if self.params.get("cleanup"):
            self.box.drop(found["Id"], volumes=not self.params.get("keep_volumes"))
        if status:
            said = f": {output}" if output else ""
            raise Ended(f"container {self.box.name} ended with exit code {status}{said}", status)

    def wait_healthy(self, container: str) -> None:
        """Return when the container is healthy; EngineError when it is unhealthy, has ended or the time is up."""
        wait, begin = self.params["healthy_wait_timeout"], time.monotonic()
        while True:
            state = self.engine.get(f"/containers/{container}/json")["State"]
            health = state.get("Health") or {}
            status = health.get("Status", "none")
            if status == "healthy":
                return
            trouble = ""
            if status == "none":
                trouble = "has no health check, so it cannot become healthy"
            elif not state["Running"]:
                trouble = f"ended with exit code {state['ExitCode']}"
            elif status == "unhealthy":
                trouble = "is unhealthy"
            elif 0 < wait < time.monotonic() - begin:
                trouble = f"is not healthy after {wait} seconds"
            if trouble:
                said = "".join(probe.get("Output", "") for probe in (health.get("Log") or [])[-1:]).strip()
                raise EngineError(
                    f"container {self.box.name} {trouble}" + (f"; its last check said: {said[:500]}" if said else "")
                )
            time.sleep(0.2)
