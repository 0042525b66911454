# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Containers (/containers): what a task wants of one, how that differs from what is there, and what has to be done.

How it is done: container_verbs.py.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping
from functools import cached_property, partial
from itertools import product
from typing import Any, Callable

from .._engine.client import Engine
from .._state.converge import Document, Plan, Step
from .._state.fields import HIDDEN, RECONNECT, RECREATE, UPDATE, Change, pick
from .._state.kinds import IGNORE, STRICT, Unfit
from . import images
from .container_image import alike, own, platform
from .container_networks import Networks
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
        self.ended: dict[str, Any] = {}  # with detach: false, how it ended
        # Who brings many containers to their state together lets them share the first, and fills in the second.
        self.namespaces = Namespaces()
        self.followers: set[str] = set()  # names of containers that will be recreated after this one anyway

    @cached_property
    def verbs(self) -> Any:
        """The Verbs of this container."""
        from .container_verbs import Verbs  # what is as it should be needs none of them

        return Verbs(self)

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
                self.verbs.wait_healthy(found["Id"])
            self.drop(old)

        def guarded(do: Callable[[], Any]) -> Any:
            try:
                return do()
            except BaseException as error:
                self.verbs.restore({**before, "Name": found["Name"]}, found["Id"], error, self.ran)
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
        of_image = [self.image_change(found), self.platform_change(found)]
        return [*filter(None, of_image), *changes]

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

    def platform_change(self, found: Document) -> Change | None:
        """Where one id stands for the images of several platforms; anywhere else another platform is another id."""
        asked, runs = self.params.get("platform"), platform(found)
        if not asked or not runs or self.image_mode == IGNORE or images.meant(images.parts(runs), asked):
            return None
        return Change("platform", runs, asked, RECREATE)

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
        return [self.step("wait for the end of", self.verbs.finish)]

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        costs = {change.action for change in changes}
        running, paused = found["State"]["Running"], found["State"]["Paused"]
        if RECREATE in costs or self.params.get("recreate"):
            steps = [*self.pulling(), self.step("recreate", lambda: self.verbs.recreate(found, changes))]
            steps += self.dependents(found)
            running = self.runs(found)
            steps += self.finishing()
        else:
            steps = []
            if UPDATE in costs:
                steps.append(self.step("update", lambda: self.verbs.update(found, changes)))
            if RECONNECT in costs:
                steps += self.links(found)
            if self.state == "stopped" and running:
                steps.append(self.step("stop", lambda: self.verbs.stop(found)))
            elif self.runs(found) and not running:
                steps += self.starting(found["Id"])
                running, paused = True, False
            elif self.params.get("restart") and running:
                steps.append(self.step("restart", lambda: self.verbs.restart(found["Id"])))
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
            yield Step("disconnect " + text % ("from", name), partial(self.verbs.disconnect, found["Id"], name))
        for name, end in after.items():
            connect = partial(self.connect, found["Id"], name, endpoint_config(end))
            if name not in before:
                yield Step("connect " + text % ("to", name), connect)
            elif end != before[name]:
                old = endpoint_config(before[name])
                yield Step(
                    "reconnect " + text % ("to", name), partial(self.verbs.reconnect, found["Id"], name, connect, old)
                )

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
        return [Step(f"recreate container {self.called(other)}", partial(self.verbs.follow, other)) for other in others]

    def removal(self, found: Document) -> Plan:
        plan = super().removal(found)
        if self.engine.podman:
            self.dependents(found)
        if found["State"]["Running"] and not self.params.get("force_kill"):
            plan.steps.insert(0, self.step("stop", lambda: self.verbs.stop(found)))
        return plan

    # The verbs

    def create(self) -> None:
        self.verbs.make(self.name, self.body())

    def remove(self, found: Document) -> None:
        self.verbs.remove(found)

    def called(self, found: Document) -> str:
        return str(found["Name"]).lstrip("/")

    def rename(self, container: str, name: str) -> None:
        if self.engine.get(f"/containers/{container}/json")["Name"] != f"/{name}":
            self.engine.post(f"/containers/{container}/rename", None, {"name": name})

    def post_to(self, container: str, verb: str) -> None:
        self.engine.post(f"/containers/{container}/{verb}")

    # Waiting

    def settle(self, found: Document | None) -> Document | None:
        if self.state != "healthy" or not found:
            return found
        self.verbs.wait_healthy(found["Id"])
        return self.find()

    def value(self, found: Document | None) -> dict[str, Any]:
        container = dict(found or {})
        if found and self.params.get("secret_env"):
            pairs = [text.partition("=") for text in found["Config"].get("Env") or []]
            env = [
                name + equals + (HIDDEN if name in self.params["secret_env"] else text) for name, equals, text in pairs
            ]
            container["Config"] = {**found["Config"], "Env": env}
        value = {"progress": self.progress} if self.progress else {}
        if not self.ended:
            return {"container": container, **value}
        container["Output"] = self.ended["output"]
        return {"container": container, "status": self.ended["status"], **value}
