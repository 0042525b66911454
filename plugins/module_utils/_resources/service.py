# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of services (/services)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from .._engine import access
from .._engine.errors import APIError, EngineError
from .._engine.reference import Reference, is_id, parse_reference
from .._state.converge import Document, Plan, Step
from .._state.fields import RECREATE, UPDATE, Change, pick
from .._state.kinds import Unfit
from .cluster import Versioned, manager
from .service_table import FIELDS, OF_CONTAINERS, SCALE, SCHEMA
from .service_wait import Watch, until_gone
from .shared import variables

# What RESOLVE means as a boolean, in the words of community.docker.
RESOLVE = {True: "always", False: "never"}
CONTAINER = "TaskTemplate.ContainerSpec"
REPLACES = "dockside.engine.replaces"  # the label of a stand-in with the spec of the service that is being replaced


class Service(Versioned):
    """A service: its spec, which every update replaces as a whole, and how far its tasks have followed it."""

    word = "service"
    schema = SCHEMA
    options = {
        "name": {"type": "str", "required": True},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "comparisons": {"type": "dict"},
        "env_files": {"type": "list", "elements": "path"},
        "resolve_image": {"type": "raw", "choices": ["always", "changed", "never", True, False], "default": "changed"},
        "with_registry_auth": {"type": "bool", "default": False},
        "force_update": {"type": "bool", "default": False},
        "rollback": {"type": "bool", "default": False},
        "wait": {"type": "bool", "default": False},
        "wait_timeout": {"type": "int", "default": 300},
        **access.SPEC,
    }
    rules = {"required_together": access.TOGETHER}

    def __init__(self, engine: Any, params: Mapping[str, Any]) -> None:
        super().__init__(engine, {**params, "env": environment(params)})
        self.access = access.Access(engine, params)
        self.networks: dict[str, str] = {}  # id -> name
        self.platforms: list[dict[str, Any]] | None = None  # those of the image, when a registry was asked
        self.runtime: list[dict[str, Any]] = []  # the config that is the credential spec
        self.stand_in: Document | None = None  # left by a replacement that was cut short
        self.stand_in_name = f"dockside-stand-in-{hashlib.sha256(self.name.encode()).hexdigest()[:12]}"
        self.leaving = ""  # the id of the service that is removed
        self.rebuilt = False
        self.updated = False
        if params["rollback"] and (self.desired or params["force_update"] or self.state == "absent"):
            raise Unfit("goes with no option that describes the service or its state", "rollback")
        self.of_containers = sorted(OF_CONTAINERS & set(self.desired))
        if "plugin" in self.desired and self.of_containers:
            raise Unfit(f"does not go with what containers have: {', '.join(self.of_containers)}", "plugin")

    # ---- what only the engine knows ----

    def find(self) -> dict[str, Any] | None:
        if self.state == "absent" or "mode" in self.desired:  # else no service was to be replaced
            self.stand_in = self.look(self.stand_in_name)
        return self.look(self.name)

    def look(self, name: str) -> dict[str, Any] | None:
        with manager(self.engine):
            found: dict[str, Any] | None = self.engine.get(f"/services/{name}", missing=None)
        # The path also takes ids and the beginnings of ids.
        return found if found and found["Spec"]["Name"] == name else None

    def replaced(self) -> Document | None:
        """The service whose replacement was cut short when it was gone already, as far as its spec goes."""
        return {"Spec": json.loads(self.stand_in["Spec"]["Labels"][REPLACES])} if self.stand_in else None

    def complete(self, found: Document | None) -> None:
        plugin = pick(found, "Spec.TaskTemplate.PluginSpec")
        if found and (("plugin" in self.desired and not plugin) or (plugin and self.of_containers)):
            kind = "installs a plugin and runs no containers" if plugin else "runs containers and installs no plugin"
            self.obstacles.append(f"service {self.name} {kind}; one of them can only be removed and made anew")
        if "image" in self.desired:
            self.desired["image"] = self.image(self.desired["image"], pick(found, f"Spec.{CONTAINER}.Image"))
        elif not (found or self.stand_in or self.params["rollback"] or "plugin" in self.desired):
            self.obstacles.append(f"service {self.name} does not exist, and image is needed to create it")
        for option in ("secrets", "configs"):
            word = option[:-1]
            for entry in self.desired.get(option, []):
                if f"{word}_id" not in entry:
                    entry[f"{word}_id"] = self.ident(option, entry[f"{word}_name"])
        for entry in self.desired.get("networks", []):
            entry["name"] = self.network(entry["name"])
        where, _separator, name = self.desired.get("credential_spec", "").partition("://")
        if where == "config":
            # It has to be among the configs of the service, for the runtime instead of as a file.
            self.runtime = [{"ConfigID": self.ident("configs", name), "ConfigName": name, "Runtime": {}}]

    def ident(self, what: str, name: str) -> str:
        """The id of a secret or config; the daemon takes no names."""
        listed = self.engine.get(f"/{what}", {"filters": {"name": [name]}}) or []  # finds what begins so, too
        found = next((str(each["ID"]) for each in listed if each["Spec"]["Name"] == name), "")
        if not found:
            self.obstacles.append(f"{what}: {what[:-1]} {name} does not exist")
        return found

    def network(self, name: str) -> str:
        """The name of a network that is given by name or id. The swarm has a host network of its own, hence scope."""
        found = self.engine.get(f"/networks/{name}", {"scope": "swarm"}, missing=None)
        if found is None:
            self.obstacles.append(f"networks: the swarm has no network {name}")
            return name
        self.networks[found["Id"]] = found["Name"]
        return str(found["Name"])

    def image(self, text: str, present: str | None) -> str:
        """The image as it goes into the spec: with its tag, and with its digest where that is to be resolved."""
        policy = RESOLVE.get(self.params["resolve_image"], self.params["resolve_image"])
        if is_id(text):
            return text
        wanted = parse_reference(text)
        if wanted.digest:
            return wanted.name
        there = reference(present)
        same = bool(
            there and (there.domain, there.path, there.tag or "latest") == (wanted.domain, wanted.path, wanted.tag)
        )
        if policy == "always" or (policy == "changed" and not same):
            digest = self.digest(wanted)
            if digest:
                return f"{wanted.name}@{digest}"
        return str(present) if same else wanted.name

    def digest(self, image: Reference) -> str | None:
        """What the registry has under a name (GET /distribution/{name}/json); None with a warning when nobody knows."""
        try:
            answer = self.access.look(image)
        except EngineError as error:
            reason = error.message if isinstance(error, APIError) else str(error)
            self.engine.warnings.append(
                f"image {image.name} goes without a digest, so that each node looks for it on its own: {reason}"
            )
            return None
        self.platforms = [
            {"Architecture": each.get("architecture", ""), "OS": each.get("os", "")}
            for each in answer.get("Platforms") or []
        ]
        return str(answer["Descriptor"]["digest"])

    # ---- the plan ----

    def named(self, found: Document) -> dict[str, Any]:
        """The document that the table reads: with the names of the networks and of the credential spec's config."""
        attached = pick(found, "Spec.TaskTemplate.Networks") or pick(found, "Spec.Networks") or []
        for each in attached:
            ident = each["Target"]
            if ident not in self.networks:
                network = self.engine.get(f"/networks/{ident}", {"scope": "swarm"}, missing=None) or {}
                self.networks[ident] = network.get("Name", ident)
        configs = {each["ConfigID"]: each["ConfigName"] for each in pick(found, f"Spec.{CONTAINER}.Configs") or []}
        credential = dict(pick(found, f"Spec.{CONTAINER}.Privileges.CredentialSpec") or {})
        if credential.get("Config"):
            credential["Config"] = configs.get(credential["Config"], credential["Config"])
        return {
            **found,
            "Networks": [{**each, "Target": self.networks[each["Target"]]} for each in attached],
            "CredentialSpec": credential,
        }

    def changes(self, found: Document) -> list[Change]:
        changes = self.schema.changes(self.desired, self.schema.actual(self.named(found)), self.modes)
        if self.params["force_update"]:
            count = pick(found, "Spec.TaskTemplate.ForceUpdate") or 0
            changes.append(Change("force_update", count, count + 1, UPDATE))
        return changes

    def plan(self, found: Document | None) -> Plan:
        if not self.params["rollback"]:
            plan = super().plan(found)
            if self.stand_in:  # without the service, it has what the task may not name
                step = self.step("remove the unfinished replacement of", self.relieve)
                plan.steps.insert(0 if found else len(plan.steps), step)
            return plan
        if not found:
            raise Unfit(f"service {self.name} does not exist", "rollback")
        if (pick(found, "UpdateStatus.State") or "").startswith("rollback"):
            return Plan()  # a second one would bring back what was rolled back
        if not found.get("PreviousSpec"):
            raise Unfit(f"service {self.name} was never updated, there is nothing to go back to", "rollback")
        before, after = (
            self.schema.show(self.schema.actual(self.named({"Spec": found[key]}))) for key in ("Spec", "PreviousSpec")
        )
        changes = [
            Change(option, before[option], after[option], UPDATE)
            for option in before
            if before[option] != after[option]
        ]
        return Plan(
            [self.step("roll back", lambda: self.roll_back(found))],
            changes,
            {change.option: change.before for change in changes},
            {change.option: change.after for change in changes},
        )

    def removal(self, found: Document) -> Plan:
        self.leaving = found["ID"]
        return super().removal(found)

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        self.rebuilt = any(change.action == RECREATE for change in changes)
        return super().steps(found, changes)

    # ---- the verbs ----

    def body(self, found: Document | None, options: set[str]) -> dict[str, Any]:
        """The spec with these options of the task laid over what is there."""
        present = deepcopy(found["Spec"]) if found else {"Name": self.name}
        kept = deepcopy(pick(present, f"{CONTAINER}.Privileges.CredentialSpec"))
        runtime = [each for each in pick(present, f"{CONTAINER}.Configs") or [] if not each.get("File")]
        actual = self.schema.actual(self.named(found)) if found else {}
        desired = {option: value for option, value in self.desired.items() if option in options}
        body = self.schema.body(desired, actual, self.modes, into=present)
        template = body.setdefault("TaskTemplate", {})
        if "networks" in desired:
            body.pop("Networks", None)  # where old clients put them
        if template.get("PluginSpec"):
            template["Runtime"] = "plugin"
            return body
        container = template.setdefault("ContainerSpec", {})
        if "privileges" in desired and kept and "credential_spec" not in desired:
            container["Privileges"]["CredentialSpec"] = kept
        if "credential_spec" in desired:
            runtime = self.runtime
            if runtime:
                container["Privileges"]["CredentialSpec"]["Config"] = runtime[0]["ConfigID"]
        if runtime or "credential_spec" in desired:
            container["Configs"] = [each for each in container.get("Configs") or [] if each.get("File")] + runtime
        if self.platforms is not None and "image" in desired and "platforms" not in self.desired.get("placement", {}):
            placement = template.get("Placement") or {}
            template["Placement"] = {**placement, "Platforms": self.platforms}
        return body

    def login(self) -> dict[str, str]:
        """The header with the login for the image's registry, for the nodes to use."""
        image = reference(self.desired.get("image"))
        return self.access.headers(image.domain) if image and self.params["with_registry_auth"] else {}

    def create(self) -> None:
        self.post(self.body(self.replaced(), set(self.desired)))

    def post(self, body: dict[str, Any]) -> None:
        self.engine.post("/services/create", body, headers=self.login())
        self.updated = True

    def update(self, found: Document, changes: list[Change]) -> None:
        options = {change.option for change in changes}
        if options & set(SCALE):
            options |= set(SCALE)
        body = self.body(found, options)
        if "force_update" in options:
            body["TaskTemplate"]["ForceUpdate"] = (pick(found, "Spec.TaskTemplate.ForceUpdate") or 0) + 1
        query = {"version": found["Version"]["Index"], "registryAuthFrom": "spec"}
        self.engine.post(f"/services/{found['ID']}/update", body, query, headers=self.login())
        self.updated = True

    def recreate(self, found: Document, changes: list[Change]) -> None:
        """Replace the service, as its mode cannot be changed; what the daemon refuses leaves the old one."""
        body = self.body(found, {change.option for change in changes} | set(SCALE))
        self.stand_in = self.rehearse(body, found)
        self.remove(found)
        try:
            self.post(body)
        except EngineError:
            self.post(dict(found["Spec"]))
            self.relieve()
            raise
        self.relieve()

    def rehearse(self, body: Mapping[str, Any], found: Document) -> Document:
        """Let the manager look at a spec, under a name of its own and without a node that it fits or a port.

        The service that it makes stands in for the one that is replaced, and keeps the spec of that in a label.
        """
        trial = deepcopy(dict(body))
        trial["Name"] = self.stand_in_name
        trial["Labels"] = {**(trial.get("Labels") or {}), REPLACES: json.dumps(found["Spec"])}
        placement = trial["TaskTemplate"].get("Placement") or {}
        constraints = [*(placement.get("Constraints") or []), "node.id==none"]
        trial["TaskTemplate"]["Placement"] = {**placement, "Constraints": constraints}
        (trial.get("EndpointSpec") or {}).pop("Ports", None)
        made: Document = self.engine.post("/services/create", trial)
        return made

    def relieve(self) -> None:
        if self.stand_in:
            self.remove(self.stand_in)

    def roll_back(self, found: Document) -> None:
        query = {"version": found["Version"]["Index"], "rollback": "previous", "registryAuthFrom": "previous-spec"}
        self.engine.post(f"/services/{found['ID']}/update", found["Spec"], query)
        self.updated = True

    def remove(self, found: Document) -> None:
        self.engine.delete(f"/services/{found['ID']}", missing=None)

    def settle(self, found: Document | None) -> Document | None:
        if self.leaving and self.params["wait"]:
            until_gone(self.engine, self.leaving, self.name, self.params["wait_timeout"])
        if not found or not self.params["wait"]:
            return found
        watch = Watch(self.engine, found["ID"], self.name, acted=self.updated, back=self.params["rollback"])
        return watch.until_converged(self.params["wait_timeout"])

    def value(self, found: Document | None) -> dict[str, Any]:
        options = self.schema.show(self.schema.actual(self.named(found))) if found else {}
        for each in FIELDS:
            if found and each.min_api > self.engine.api:  # the daemon has no such thing, not even switched off
                options[each.option] = None
        return {"service": dict(found or {}), "swarm_service": options, "rebuilt": self.rebuilt}


def reference(text: str | None) -> Reference | None:
    """The image of a spec, None for one that is no name."""
    try:
        return parse_reference(text) if text else None
    except ValueError:
        return None


def environment(params: Mapping[str, Any]) -> Any:
    """The variables of env_files with those of env over them; raises ValueError."""
    paths, env = params.get("env_files"), params.get("env")
    if paths is None:
        return env
    return {**variables(paths, "env_files"), **SCHEMA.desired({"env": env}).get("env", {})}
