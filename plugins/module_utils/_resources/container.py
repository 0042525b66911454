# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of containers (/containers)."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from functools import partial
from itertools import product
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.errors import Conflict, DroppedError, EngineError
from .._engine.streams import frames
from .._state.converge import Document, Plan, Step
from .._state.fields import HIDDEN, RECONNECT, RECREATE, UPDATE, Change, pick
from .._state.kinds import IGNORE, STRICT, Unfit
from . import images
from .container_image import alike, own, present
from .container_mounts import ANONYMOUS, carry, renew
from .container_networks import Networks, mode
from .container_networks import config as endpoint_config
from .container_new import NewContainer
from .container_table import CLEARABLE, KERNEL, RATES

STARTED = ("started", "healthy")
# What follows the name of a container while two of them are there; "-ran": the old one ran before.
BESIDE = "-dockside-(old|new)(-ran)?$"
# What a step makes of a container that is there already, for the diff.
LIFE = {"start": "running", "restart": "restarted", "unpause": "running", "pause": "paused", "stop": "exited"}


def beside(name: str, word: str, ran: bool) -> str:
    """The temporary name of the old or the new container while both are there; see BESIDE."""
    return f"{name}-dockside-{word}{'-ran' if ran else ''}"


class Ended(EngineError):
    """A container that was waited for ended with another exit code than 0."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.result = {"status": status}


class Namespaces:
    """The namespaces that containers live in, by id. They never change, so that each container is looked at once."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.known: dict[str, list[str]] = {}

    def of(self, engine: Engine, container: str) -> list[str]:
        with self.lock:
            if container not in self.known:
                found = engine.get(f"/containers/{container}/json", missing=None) or {"HostConfig": {}}
                self.known[container] = [
                    found["HostConfig"].get(key, "") for key in ("NetworkMode", "IpcMode", "PidMode")
                ]
            return self.known[container]


class Container(NewContainer):
    """A container: its configuration, its networks and whether it runs.

    A difference that the daemon can change in place is changed in place; any other makes a replacement beside the old
    container, which is only removed once the replacement runs.
    """

    options = {
        **NewContainer.options,
        "name": {"type": "str", "required": True},
        "state": {
            "type": "str",
            "choices": ["absent", "present", "stopped", "started", "healthy"],
            "default": "started",
        },
        "comparisons": {"type": "dict"},
        "image_comparison": {
            "type": "str",
            "choices": ["desired-image", "current-image"],
            "default": "desired-image",
        },
        "image_label_mismatch": {"type": "str", "choices": ["ignore", "fail"], "default": "ignore"},
        "image_name_mismatch": {"type": "str", "choices": ["ignore", "recreate"], "default": "recreate"},
        "purge_networks": {"type": "bool", "default": False},
        "recreate": {"type": "bool", "default": False},
        "recreate_dependents": {"type": "bool", "default": False},
        "rename_from": {"type": "str"},
        "restart": {"type": "bool", "default": False},
        "paused": {"type": "bool"},
        "detach": {"type": "bool", "default": True},
        "cleanup": {"type": "bool", "default": False},
        "force_kill": {"type": "bool", "default": False, "aliases": ["forcekill"]},
        "kill_signal": {"type": "str"},
        "keep_volumes": {"type": "bool", "default": True},
        "renew_anonymous_volumes": {"type": "bool", "default": False},
        "healthy_wait_timeout": {"type": "float", "default": 300},
        "removal_wait_timeout": {"type": "float"},
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        comparisons = dict(params.get("comparisons") or {})
        image = comparisons.pop("image", None)
        if image not in (None, STRICT, IGNORE):
            raise Unfit(f"can be {IGNORE} or {STRICT}, not {image!r}", "comparisons.image")
        self.image_mode = image or comparisons.get("*", STRICT)
        super().__init__(engine, {**params, "comparisons": comparisons})
        if params.get("purge_networks"):
            self.modes["networks"] = STRICT
        self.own: Document = {}  # inspect of the container less what its image gave
        self.compared: Document = {}  # the same, less what the image of image_comparison gives
        self.ran = False  # before an earlier recreate that was cut short
        self.replaced: dict[str, str] = {}  # ids of old containers to those of their replacements
        self.ended: dict[str, Any] = {}  # with detach: false, how it ended
        # Who brings many containers to their state together lets them share the first, and fills in the second.
        self.namespaces = Namespaces()
        self.followers: set[str] = set()  # names of containers that will be recreated after this one anyway

    # Finding

    def find(self) -> Document | None:
        return self.look(self.name)

    def look(self, name: str) -> Document | None:
        found: Document | None = self.engine.get(f"/containers/{name}/json", missing=None)
        if found and found["Name"] != f"/{name}" and not (len(name) >= 12 and found["Id"].startswith(name)):
            return None  # the path also takes the beginnings of ids
        return found

    def translated(self, found: Document, desired: Mapping[str, Any]) -> Document:
        """A container as Docker would show it."""
        if self.engine.podman:
            from .container_podman import translated  # nobody else needs it

            return translated(found, desired)
        return found

    def leftovers(self) -> dict[tuple[str, bool], str]:
        """What a recreate that was cut short has left: ("old" or "new", whether it ran) to a container's id."""
        # Those of all containers, which are few: many that are looked at together can share the answer.
        listed = self.engine.get("/containers/json", {"all": True, "filters": {"name": [BESIDE]}}) or []
        known = {f"/{beside(self.name, *key)}": key for key in product(("old", "new"), (True, False))}
        return {known[name]: entry["Id"] for entry in listed for name in entry["Names"] if name in known}

    def plan(self, found: Document | None) -> Plan:
        first: list[Step] = []
        found = self.translated(found, self.desired) if found else None
        left = self.leftovers()
        old, new = ({word: container for (word, _ran), container in left.items()}.get(word) for word in ("old", "new"))
        self.ran = any(ran for _word, ran in left)
        if old and found and found["State"]["Status"] == "created":  # it took the name, but never was in service
            unused = found["Id"]
            first.append(self.step("remove the unfinished replacement of", lambda: self.drop(unused, volumes=True)))
            found = None
        if new and (found or old):
            spare = new
            first.append(self.step("remove the unfinished replacement of", lambda: self.drop(spare, volumes=True)))
        if not found and (old or new):  # cut short while nothing had the name
            found = self.renamed(str(old or new), first, "bring back")
            old = None
        elif not found and self.params.get("rename_from") and self.state != "absent":
            other = self.look(self.params["rename_from"])
            found = self.renamed(other["Id"], first, f"rename {self.params['rename_from']} to") if other else None
        plan = super().plan(found)
        ends = [LIFE[verb] for verb in (step.text.partition(" ")[0] for step in plan.steps) if verb in LIFE]
        if found and ends and self.state != "absent":
            plan.before["status"], plan.after["status"] = found["State"]["Status"], ends[-1]
        if old and found:  # cut short before it was removed
            plan.steps = self.succeeding(found, old, plan.steps)
        plan.steps = [*first, *plan.steps]
        return plan

    def succeeding(self, found: Document, old: str, steps: list[Step]) -> list[Step]:
        """The steps with the end of a recreate after them; when one fails, the predecessor is back."""
        before = self.translated(self.engine.get(f"/containers/{old}/json"), {})

        def end() -> None:
            if self.state == "healthy":
                self.wait_healthy(found["Id"])
            self.drop(old)

        def guarded(do: Callable[[], Any]) -> Any:
            try:
                return do()
            except BaseException as error:
                self.restore({**before, "Name": found["Name"]}, found["Id"], error, self.ran)
                raise

        last = self.step("remove the predecessor of", end)
        if self.state == "absent":
            return [*steps, self.step("remove the predecessor of", lambda: self.drop(old))]
        return [Step(step.text, partial(guarded, step.do)) for step in [*steps, last]]

    def renamed(self, container: str, steps: list[Step], verb: str) -> Document:
        """The container as it will be called; the step that renames it goes into `steps`."""
        steps.append(self.step(verb, lambda: self.rename(container, self.name)))
        found = self.translated(self.engine.get(f"/containers/{container}/json"), self.desired)
        return {**found, "Name": f"/{self.name}"}

    def complete(self, found: Document | None) -> None:
        super().complete(found)
        if found:
            current = self.image
            if not current or current["Id"] != found["Image"]:
                current = images.inspect(self.engine, found["Image"]) or {}
            self.own = self.compared = own(found, current, self.desired)
            if self.image and self.image is not current and self.params.get("image_comparison") == "desired-image":
                self.compared = own(found, self.image, self.desired)
        if self.image and self.params.get("image_label_mismatch") == "fail" and self.modes["labels"] == STRICT:
            labels = pick(self.image, "Config.Labels") or {}
            stray = sorted(set(labels) - set(self.desired.get("labels", labels)))
            if stray:
                raise Unfit(
                    f"image {self.reference} has the labels {', '.join(stray)}, which the task does not", "labels"
                )

    # Comparing

    def changes(self, found: Document) -> list[Change]:
        actual, desired = self.schema.actual(self.compared), self.desired
        if not found["State"]["Running"] and "networks" in desired:
            # The MAC address is only shown while the container runs.
            known = actual["networks"]
            networks = {
                name: {key: value for key, value in end.items() if key != "mac_address" or known.get(name, {}).get(key)}
                for name, end in desired["networks"].items()
            }
            desired = {**desired, "networks": networks}
        changes = [self.cost(change, found) for change in self.schema.changes(desired, actual, self.modes)]
        if any(change.option in KERNEL for change in changes):
            changes = self.possible(changes)
        changes = [self.masked(self.spoken(change)) for change in changes]
        image = self.image_change(found)
        return [image, *changes] if image else changes

    def image_change(self, found: Document) -> Change | None:
        if not self.reference or self.image_mode == IGNORE:
            return None
        before, after = found["Config"]["Image"], self.reference
        if self.pull or not self.image:
            after = f"{after} (to be pulled)"
        elif self.image["Id"] != found["Image"]:
            before, after = f"{before} ({found['Image']})", f"{after} ({self.image['Id']})"
        elif self.params.get("image_name_mismatch") == "ignore" or alike(before, after, found["Image"]):
            return None
        return Change("image", before, after, RECREATE)

    def cost(self, change: Change, found: Document) -> Change:
        """The same change, costing what this API version and this value make of it."""
        option, api, host = change.option, self.engine.api, found["HostConfig"]
        if option in RATES and api >= (1, 55):
            return change._replace(action=UPDATE)
        if change.action == UPDATE:
            stuck = (
                option not in CLEARABLE and not self.desired[option]
            )  # zero means "unchanged" to the update endpoint
            quota = host.get("CpuQuota") or host.get("CpuPeriod")
            clash = quota if option == "cpus" else host.get("NanoCpus") if option in ("cpu_quota", "cpu_period") else 0
            if stuck or clash or (option == "pids_limit" and api < (1, 40)):
                return change._replace(action=RECREATE)
        if change.action == RECONNECT and api < (1, 54) and self.loses_mac(found):
            return change._replace(action=RECREATE)
        return change

    def loses_mac(self, found: Document) -> bool:
        """True when an endpoint that has to be made anew asks for a MAC address, which connect leaves out."""
        before = self.schema.actual(self.own)["networks"]
        after = Networks().after(self.desired, {"networks": before}, self.modes)
        anew = [name for name, end in after.items() if end != before.get(name)]
        asked = found["Config"].get("MacAddress")
        return any(
            self.desired["networks"].get(name, {}).get("mac_address")
            or (asked and asked == before.get(name, {}).get("mac_address"))
            for name in anew
        )

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

    def spoken(self, change: Change) -> Change:
        """The same change in the task's words: newer daemons have mac_address in an endpoint."""
        if change.option != "networks" or self.params.get("networks") is not None:
            return change
        before, after = (ends[0].get("mac_address") if ends else None for ends in (change.before, change.after))
        return change._replace(option="mac_address", before=before, after=after)

    def masked(self, change: Change) -> Change:
        if change.option != "env" or not self.params.get("secret_env"):
            return change
        return change._replace(before=self.hidden(change.before), after=self.hidden(change.after))

    def hidden(self, env: Any) -> Any:
        """Environment variables with the secret ones' values hidden."""
        return {name: HIDDEN if name in self.params["secret_env"] else value for name, value in (env or {}).items()}

    # Planning

    def creation(self) -> Plan:
        plan = super().creation()
        plan.after["image"] = self.reference
        if self.params.get("secret_env") and "env" in plan.after:
            plan.after["env"] = self.hidden(plan.after["env"])
        plan.steps = [*self.pulling(), *plan.steps]
        if self.state in STARTED:
            plan.steps += self.starting(self.name)
        if self.state in STARTED and self.params.get("paused"):
            plan.steps.append(self.step("pause", lambda: self.post_to(self.name, "pause")))
        return plan

    def starting(self, container: str) -> list[Step]:
        return [self.step("start", lambda: self.start(container)), *self.finishing()]

    def finishing(self) -> list[Step]:
        if self.params.get("detach", True) or self.state not in STARTED:
            return []
        return [self.step("wait for the end of", self.finish)]

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        costs = {change.action for change in changes}
        running, paused = found["State"]["Running"], found["State"]["Paused"]
        if RECREATE in costs or self.params.get("recreate"):
            steps = [*self.pulling(), self.step("recreate", lambda: self.recreate(found, changes))]
            steps += self.dependents(found)
            running = self.runs(found)
            steps += self.finishing()
        else:
            steps = []
            if UPDATE in costs:
                steps.append(self.step("update", lambda: self.update(found, changes)))
            if RECONNECT in costs:
                steps += self.links(found)
            if self.state == "stopped" and running:
                steps.append(self.step("stop", lambda: self.stop(found)))
            elif self.runs(found) and not running:
                steps += self.starting(found["Id"])
                running, paused = True, False
            elif self.params.get("restart") and running:
                steps.append(self.step("restart", lambda: self.restart(found["Id"])))
                paused = False
        wanted = self.params.get("paused")
        if running and self.state != "stopped" and wanted is not None and wanted != paused:
            verb = "pause" if wanted else "unpause"
            steps.append(self.step(verb, lambda: self.post_to(self.called(found), verb)))
        return steps

    def runs(self, found: Document) -> bool:
        """True when this container, or its replacement, is to run."""
        return self.state in STARTED or (self.state == "present" and self.in_service(found))

    def in_service(self, found: Document) -> bool:
        """True when a container runs, or ran before a recreate that was cut short."""
        return bool(found["State"]["Running"]) or (self.ran and self.called(found) == self.name)

    def links(self, found: Document) -> Iterator[Step]:
        """The steps that bring the networks in place: one for each network that differs."""
        actual = self.schema.actual(self.own)
        before, after = actual["networks"], Networks().after(self.desired, actual, self.modes)
        text = f"container {self.name} %s network %s"
        for name in [name for name in before if name not in after]:
            yield Step("disconnect " + text % ("from", name), partial(self.disconnect, found["Id"], name))
        for name, end in after.items():
            connect = partial(self.connect, found["Id"], name, endpoint_config(end))
            if name not in before:
                yield Step("connect " + text % ("to", name), connect)
            elif end != before[name]:
                old = endpoint_config(before[name])
                yield Step("reconnect " + text % ("to", name), partial(self.reconnect, found["Id"], name, connect, old))

    def dependents(self, found: Document) -> list[Step]:
        """The steps that bring back the containers which live in a namespace of a recreated one."""
        shared = f"container:{found['Id']}"
        others = []
        for entry in self.engine.get("/containers/json", {"all": True}):
            if shared in self.namespaces.of(self.engine, entry["Id"]):
                other = self.engine.get(f"/containers/{entry['Id']}/json", missing=None)
                if other and self.called(other) not in self.followers:
                    others.append(self.translated(other, {}))
        names = ", ".join(sorted(self.called(other) for other in others))
        if others and self.engine.podman:
            self.obstacles.append(f"{names} live in a namespace of container {self.name}, so Podman does not remove it")
        elif others and not self.params.get("recreate_dependents"):
            self.engine.warnings.append(
                f"{names} live in a namespace of container {self.name}, which is recreated: they lose it until they "
                "are recreated as well (recreate_dependents: true)"
            )
            return []
        return [Step(f"recreate container {self.called(other)}", partial(self.follow, other)) for other in others]

    def removal(self, found: Document) -> Plan:
        plan = super().removal(found)
        if self.engine.podman:
            self.dependents(found)
        if found["State"]["Running"] and not self.params.get("force_kill"):
            plan.steps.insert(0, self.step("stop", lambda: self.stop(found)))
        return plan

    # The verbs

    def create(self) -> None:
        self.make(self.name, self.body())

    def make(self, name: str, body: dict[str, Any]) -> str:
        """Create the container that the task wants, under this name; answers its id."""
        created = self.post(name, body, self.params.get("platform"))
        try:
            self.kept(created, set(self.desired))
        except EngineError:
            self.drop(created, volumes=True)
            raise
        return created

    def update(self, found: Document, changes: list[Change]) -> Any:
        named = {change.option for change in changes if change.action == UPDATE}
        wanted = {option: value for option, value in self.desired.items() if option in named}
        body = self.schema.body(wanted, self.schema.actual(self.own), self.modes).get("HostConfig", {})
        self.agree(body, found["HostConfig"])
        if self.engine.podman and "NanoCpus" in body:  # the same in the only words that it hears here
            body.update(CpuPeriod=100_000, CpuQuota=body.pop("NanoCpus") // 10_000)
        known = len(self.engine.warnings)
        self.engine.post(f"/containers/{found['Id']}/update", body)
        self.kept(found["Id"], named)
        return len(self.engine.warnings) == known or not self.vain(found["Id"], named)

    def vain(self, container: str, options: set[str]) -> bool:
        """True when a container differs from the task in all these options still.

        The kernel of the host cannot do them then, and the daemon drops them with no more than a warning.
        """
        return options <= self.differing(container)

    def differing(self, container: str) -> set[str]:
        """The options in which a container differs from the task."""
        found = self.translated(self.engine.get(f"/containers/{container}/json"), self.desired)
        image = images.inspect(self.engine, found["Image"]) or {}
        actual = self.schema.actual(own(found, image, self.desired))
        return {change.option for change in self.schema.changes(self.desired, actual, self.modes)}

    def kept(self, container: str, named: set[str]) -> None:
        """DroppedError for those of the options that Podman has left out."""
        lost = sorted(self.differing(container) & named) if self.engine.podman else []
        if lost:
            raise DroppedError(lost)

    def agree(self, body: dict[str, Any], before: Mapping[str, Any]) -> None:
        """Members of HostConfig that hang together: a named one takes along the others that are not named."""
        named = self.desired
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

    def replacement(self, found: Document) -> dict[str, Any]:
        """The create body of a container that differs from the present one in nothing but what the task names."""
        base, actual = present(self.own, self.engine.api), self.schema.actual(self.own)
        host, before, named = base["HostConfig"], found["HostConfig"], self.desired
        if named.get("log_driver", actual["log_driver"]) != actual["log_driver"]:  # another driver has other options
            host["LogConfig"]["Config"] = actual["log_options"] = {}
        if named.get("privileged", actual["privileged"]) != actual["privileged"]:  # what the daemon made of it goes
            host["MaskedPaths"] = host["ReadonlyPaths"] = None
            host["SecurityOpt"] = [text for text in host.get("SecurityOpt") or [] if text != "label=disable"]
        if "network_mode" in named and mode(before["NetworkMode"]) != named["network_mode"]:
            gone = mode(before["NetworkMode"])
            pick(base, "NetworkingConfig.EndpointsConfig").pop(gone, None)
            actual["networks"].pop(gone, None)
        body = self.schema.body(named, actual, self.modes, into=base)
        self.agree(host, before)
        if host["NetworkMode"].partition(":")[0] in ("host", "container"):
            for member in ("Hostname", "Domainname"):  # these are the other namespace's
                if member.lower() not in named:
                    body.pop(member, None)
        body.setdefault("Image", found["Config"]["Image"])
        if not self.reference or self.image_mode == IGNORE:
            body["Image"] = found["Image"]  # its name may stand for another image by now
        if self.params.get("renew_anonymous_volumes"):
            renew(body)
        else:
            image = self.image or images.inspect(self.engine, found["Image"]) or {}
            carry(body, found, pick(image, "Config.Volumes") or {})
        return body

    def recreate(self, found: Document, changes: list[Change]) -> Any:
        options = {change.option for change in changes}
        forced = self.params.get("recreate")
        pulled = options == {"image"} and alike(found["Config"]["Image"], self.reference or "")
        if pulled and self.image and self.image["Id"] == found["Image"] and not forced:
            return False  # what was pulled is what the container runs already
        body = self.routed(self.replacement(found))
        return self.swap(found, partial(self.make, body=body), self.runs(found), set() if forced else options)

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
        self.swap(other, partial(self.post, body=body), other["State"]["Running"])

    def swap(self, found: Document, make: Callable[[str], str], run: bool, why: Iterable[str] = ()) -> bool:
        """Make the replacement beside the old container, swap them, and swap back when the replacement does not run.

        `make` makes a container of this name and answers its id.
        False when the replacement turned out to differ from the task in all options of `why` as well.
        """
        old, state, name, ran = found["Id"], found["State"], self.called(found), self.in_service(found)
        known = len(self.engine.warnings)
        new = make(beside(name, "new", ran))
        if why and len(self.engine.warnings) > known and self.vain(new, set(why)):
            self.drop(new, volumes=True)
            return False
        try:
            if state["Running"]:
                self.stop(found)
            if self.fleeting(found):
                self.gone(old)
            else:
                self.rename(old, beside(name, "old", ran))
            self.rename(new, name)
            if run:
                self.start(new)
                if self.state == "healthy" and old not in self.replaced and name == self.name:
                    self.wait_healthy(new)
                if state["Paused"] and self.params.get("paused") is None:
                    self.post_to(new, "pause")
        except BaseException as error:
            self.restore(found, new, error, ran)
            raise
        self.replaced[old] = new
        self.drop(old)
        return True

    def fleeting(self, found: Document) -> bool:
        """True for a container that the daemon removes as soon as it is stopped."""
        return bool(found["HostConfig"].get("AutoRemove") and found["State"]["Running"])

    def restore(self, found: Document, new: str, cause: BaseException, run: bool) -> None:
        """Bring the old container back: its name, its id, and running if it ran."""
        old, state, name = found["Id"], found["State"], self.called(found)
        try:
            # Podman would take the volumes along that came from the old container: nobody else uses them now.
            self.drop(new, volumes=not (self.engine.podman and self.fleeting(found)))
            if self.fleeting(found) and self.look(name) is None:  # its id is lost, its definition is not
                image = images.inspect(self.engine, found["Image"]) or {}
                old = self.post(name, present(own(found, image, {}), self.engine.api))
            self.rename(old, name)
            if run:
                self.start(old)
            if state["Paused"]:
                self.post_to(old, "pause")
        except EngineError as error:
            raise EngineError(f"{cause}. Bringing the old container {old[:12]} back failed as well: {error}") from cause

    def called(self, found: Document) -> str:
        return str(found["Name"]).lstrip("/")

    def rename(self, container: str, name: str) -> None:
        if self.engine.get(f"/containers/{container}/json")["Name"] != f"/{name}":
            self.engine.post(f"/containers/{container}/rename", None, {"name": name})

    def post_to(self, container: str, verb: str) -> None:
        self.engine.post(f"/containers/{container}/{verb}")

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
        self.drop(found["Id"], volumes=clear)
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
            self.connect(container, network, old)
            raise

    # Waiting

    def finish(self) -> None:
        """Wait for the container's end and take its output; EngineError for an exit code other than 0."""
        found = self.engine.get(f"/containers/{self.name}/json")
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
        self.ended = {"status": status, "output": output}
        if self.params.get("cleanup"):
            self.drop(found["Id"], volumes=not self.params.get("keep_volumes"))
        if status:
            said = f": {output}" if output else ""
            raise Ended(f"container {self.name} ended with exit code {status}{said}", status)

    def settle(self, found: Document | None) -> Document | None:
        if self.state != "healthy" or not found:
            return found
        self.wait_healthy(found["Id"])
        return self.find()

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
                    f"container {self.name} {trouble}" + (f"; its last check said: {said[:500]}" if said else "")
                )
            time.sleep(0.2)

    def value(self, found: Document | None) -> dict[str, Any]:
        container = dict(found or {})
        if found and self.params.get("secret_env"):
            pairs = [text.partition("=") for text in found["Config"].get("Env") or []]
            env = [
                name + equals + (HIDDEN if name in self.params["secret_env"] else text) for name, equals, text in pairs
            ]
            container["Config"] = {**found["Config"], "Env": env}
        value = {"progress": self.registries.progress} if self.registries.progress else {}
        if not self.ended:
            return {"container": container, **value}
        container["Output"] = self.ended["output"]
        return {"container": container, "status": self.ended["status"], **value}
