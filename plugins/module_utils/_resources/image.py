# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of images (/images). An image has no settings to compare: what counts is which image a name points at."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from functools import partial
from typing import Any

from .._engine import access
from .._engine.client import Engine
from .._engine.errors import EngineError, StreamError
from .._engine.reference import Reference, is_id
from .._state.converge import Document, Plan, Resource, Step
from .._state.fields import UPDATE, Change, Schema
from .._state.kinds import Unfit
from .images import checked, failing, follow, for_platform, holds, inspect, oci, parts, serves, shipped
from .registries import Registries

PIECE = 65536
# The API versions from which on engines take notice of `platform`, by what the task does.
PLATFORM = {"source=import": (1, 42), "push=true": (1, 46), "source=load": (1, 48), "state=absent": (1, 50)}


class Image(Resource):
    """An image under a name, taken from a registry, an archive or a root file system, and brought to a registry."""

    word = "image"
    engine: Engine
    schema = Schema()
    options = {
        "name": {"type": "list", "elements": "str", "required": True},
        "tag": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "source": {"type": "str", "choices": ["pull", "load", "import", "local"]},
        "pull": {"type": "raw"},
        "force_source": {"type": "bool", "default": False},
        "platform": {"type": "str"},
        "load_path": {"type": "path"},
        "import_path": {"type": "path"},
        "import_url": {"type": "str"},
        "changes": {"type": "list", "elements": "str"},
        "import_message": {"type": "str"},
        "repository": {"type": "list", "elements": "str"},
        "force_tag": {"type": "bool", "default": False},
        "force_absent": {"type": "bool", "default": False, "aliases": ["force"]},
        "prune": {"type": "bool", "default": True},
        "push": {"type": "bool", "default": False},
        **access.SPEC,
    }
    rules = {
        "required_if": [("source", "import", ["import_path", "import_url"], True), ("source", "load", ["load_path"])],
        "mutually_exclusive": [("import_path", "import_url")],
        "required_together": access.TOGETHER,
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        names = params["name"]
        if not names:
            raise Unfit("must name an image", "name")
        super().__init__(engine, {**params, "name": names[0]})
        if names[1:] and self.state != "absent":
            raise Unfit("can be several only with state=absent", "name")
        self.others = [Image(engine, {**params, "name": [name]}) for name in names[1:]]
        self.registries = Registries(engine, params)
        self.going: list[dict[str, str]] = []  # what the removal takes away, as the API answers it
        self.source, self.force, self.platform = sourced(params)
        if self.platform:
            parts(self.platform)
        self.by_id = is_id(self.name)
        self.reference = Reference("", self.name)  # of an id: never looked into
        if not self.by_id:
            self.reference, tag = checked(self.name, "name", None), params.get("tag")
            if not self.reference.tag and not self.reference.digest:
                self.reference = checked(self.name + ("@" if ":" in (tag or "") else ":") + (tag or "latest"), "tag")
            self.name = str(self.reference)
        if self.by_id and self.source in ("pull", "import"):
            raise Unfit(f"an image has no name to {self.source} it by when it is given as an id", "name")
        if self.source == "import" and self.reference.digest:
            raise Unfit("an imported image gets its digest from the engine", "name")
        self.further = [
            checked(text, "repository", self.reference.tag or "latest") for text in params.get("repository") or []
        ]
        if any(name.digest for name in self.further):
            raise Unfit("must be a name with a tag, not with a digest", "repository")
        if params.get("push") and (not self.further and (self.by_id or not self.reference.tag)):
            raise Unfit("what is pushed needs a name with a tag, see repository", "push")
        pushed = (self.further or [self.reference]) if params.get("push") else []
        for name in [*pushed, *([self.reference] if self.source == "pull" else [])]:
            self.registries.reach(name.domain)

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> set[str]:
        return set(re.findall(r"://[^/@:]*:([^/@]+)@", params.get("import_url") or ""))

    def find(self) -> dict[str, Any] | None:
        return inspect(self.engine, self.name)

    def plan(self, found: Document | None) -> Plan:
        if self.state == "absent":
            return self.removals(found)
        self.require_platform(f"source={self.source}", "push=true" if self.params.get("push") else "")
        plan = self.obtain(found)
        if found or plan.steps:
            known = None if plan.steps else found  # nobody knows the image that is still to come
            for name in self.further:
                self.tag(plan, known, name)
            for name in (self.further or [self.reference]) if self.params.get("push") else ():
                self.publish(plan, known, name)
        return plan

    def require_platform(self, *uses: str) -> None:
        needs = [(f"platform (with {use})", PLATFORM[use]) for use in uses if use in PLATFORM and self.platform]
        self.engine.require(needs)

    # How the image comes to be there.

    def obtain(self, found: Document | None) -> Plan:
        """The plan that gets the image from its source, empty when it need not."""
        misfit = bool(found and self.platform) and not serves(self.engine, self.name, found or {}, str(self.platform))
        if self.source in (None, "local"):
            if misfit or not found:
                self.obstacles.append(self.absence(found))
            return Plan()
        if found and not misfit and not self.force:
            return Plan()
        after = "a new image"
        path = self.params.get(f"{self.source}_path")
        if path and not os.path.isfile(path):
            self.obstacles.append(f"{self.source}_path: there is no file {path}")
        if self.source == "load" and not self.obstacles:
            if self.archived(found) and not misfit:
                return Plan()
        elif self.source == "pull" and found and not misfit:
            # A digest means the same image for ever; a tag means what the registry says today.
            digest = self.reference.digest or self.registries.newest(self.reference)
            if holds(found, self.reference, digest):
                return Plan()
            after = digest or after
        if found:
            plan = Plan([], [Change("source", found["Id"], after, UPDATE)], {"id": found["Id"]}, {"id": after})
        else:
            plan = Plan([], [], {"exists": False}, {"exists": True, "name": self.name})
        if found and misfit:
            there = f"{found['Os']}/{found['Architecture']}"
            plan.changes = [Change("platform", there, self.platform, UPDATE)]
            plan.before["platform"], plan.after["platform"] = there, self.platform
        plan.steps = [self.step(str(self.source), partial(self.fetch, found["Id"] if found else None, plan, misfit))]
        return plan

    def archived(self, found: Document | None) -> bool:
        """Whether the archive has the very image that is there; what it has not becomes an obstacle."""
        from .image_archive import read  # few tasks need it

        held = read(self.params["load_path"])
        if held is None:  # only the engine understands it
            return False
        own = [image for image in held if self.name in image.names or image.ids & {self.name, f"sha256:{self.name}"}]
        if not own:
            names = ", ".join(sorted(name for image in held for name in image.names or image.ids))
            self.obstacles.append(f"load_path: {self.params['load_path']} holds no image {self.name}, but {names}")
        elif self.platform and not own[0].fits(self.platform):
            text = f"load_path: {self.params['load_path']} holds {self.name}, but not for {self.platform}"
            self.obstacles.append(text)
        return bool(own) and found is not None and own[0].same(found)

    def absence(self, found: Document | None) -> str:
        there = f"{for_platform(self.platform)} (only for {found['Os']}/{found['Architecture']})" if found else ""
        hint = "" if self.source else ", and the task does not say where to take it from: see source"
        return f"image {self.name} is not on the engine{there}{hint}"

    def fetch(self, before: str | None, plan: Plan, misfit: bool) -> bool:
        """Get the image; answers whether the name now means another image than `before`, which was a `misfit` if it is
        for other platforms only."""
        if self.source == "pull":
            self.registries.pull(self.name, self.platform)
        elif self.source == "load":
            from .image_archive import load  # few tasks need it

            load(self.engine, self.params["load_path"], self.platform)
        else:
            self.make(before)
        found = inspect(self.engine, self.name)
        if not found:
            raise EngineError(f"{self.source}: there is no image {self.name} afterwards")
        after = found["Id"]
        plan.after["id"] = after
        if before and not misfit:
            plan.changes[0] = plan.changes[0]._replace(after=after)
        return misfit or after != before

    def make(self, before: str | None) -> None:
        """Make the image of the files in a tar (POST /images/create with fromSrc)."""
        path, url = self.params["import_path"], self.params["import_url"]
        query = {
            "fromSrc": url or "-",
            "repo": self.reference.repository,
            "tag": self.reference.tag,
            "message": self.params.get("import_message"),
            "changes": tuple(self.params.get("changes") or ()),
            "platform": self.platform,
        }
        try:
            with failing(f"{url or path} cannot be imported as image {self.name}"):
                if url:
                    follow(self.engine, "/images/create", query)
                    return
                with open(path, "rb") as file:
                    body, headers = iter(partial(file.read, PIECE), b""), {"Content-Type": "application/x-tar"}
                    follow(self.engine, "/images/create", query, body=body, headers=headers)
        except StreamError:
            # The containerd image store names an image before it has unpacked it, and leaves it so.
            broken = inspect(self.engine, self.name)
            if broken and broken["Id"] != before:
                if before:
                    self.name_it(before, self.reference)
                self.engine.delete(f"/images/{broken['Id']}", params={"force": True}, missing=None)
            raise
        except OSError as error:
            raise EngineError(f"import_path: {path} cannot be read: {error.strerror}") from error

    # A further name.

    def tag(self, plan: Plan, known: Document | None, name: Reference) -> None:
        """Plan to let `name` mean the same image."""
        other = inspect(self.engine, str(name))
        if other and known and other["Id"] == known["Id"]:
            return
        if other and not self.params.get("force_tag"):
            self.engine.warnings.append(f"repository: {name} is there already and is left as it is, see force_tag")
            return
        before, after = other and other["Id"], known["Id"] if known else f"of {self.name}"
        plan.before[str(name)], plan.after[str(name)] = before, after
        plan.changes.append(Change("repository", before, after, UPDATE))
        plan.steps.append(Step(f"tag image {self.name} as {name}", partial(self.point, name)))

    def point(self, name: Reference) -> bool:
        """Let `name` mean the image; answers whether it did not before."""
        image, other = inspect(self.engine, self.name) or {"Id": self.name}, inspect(self.engine, str(name)) or {}
        if image["Id"] == other.get("Id"):
            return False
        self.name_it(image["Id"], name)
        return True

    def name_it(self, image: str, name: Reference) -> None:
        self.engine.post(f"/images/{image}/tag", None, {"repo": name.repository, "tag": name.tag})

    # The way to a registry.

    def publish(self, plan: Plan, known: Document | None, name: Reference) -> None:
        """Plan to let the registry have the same image under `name`."""
        there = self.registries.published(name)
        if known and there and self.has(there, name, known):
            return
        plan.before[f"{name} in the registry"] = there
        plan.after[f"{name} in the registry"] = f"of {self.name}"
        plan.changes.append(Change("push", there, f"of {self.name}", UPDATE))
        plan.steps.append(Step(f"push image {name}", partial(self.push, name, there)))

    def has(self, digest: str, name: Reference, image: Document) -> bool:
        """Whether the registry's digest is what a push of the image would make it."""
        if holds(image, name, digest) and not (self.platform and "Descriptor" in image):
            return True
        return digest in shipped(self.engine, self.name, image, self.platform)

    def push(self, name: Reference, before: str | None) -> bool:
        """Push; answers whether the registry has another image than `before`."""
        self.registries.push(name, self.platform)
        return before is None or self.registries.published(name) != before

    # And how it goes.

    def removals(self, found: Document | None) -> Plan:
        """The plan that removes all that the task names."""
        images = [self, *self.others]
        names = {image.name for image in images}
        plans = [
            image.removal_of(there, names) if there else Plan()
            for image, there in [(self, found), *((other, other.find()) for other in self.others)]
        ]
        self.obstacles = list(dict.fromkeys(text for image in images for text in image.obstacles))
        if not self.others:
            return plans[0]
        named = [(image.name, plan) for image, plan in zip(images, plans)]
        return Plan(
            [step for plan in plans for step in plan.steps],
            [],
            {name: plan.before for name, plan in named},
            {name: plan.after for name, plan in named},
        )

    def removal_of(self, found: Document, names: set[str]) -> Plan:
        """The plan that removes this image; `names` are all that the task removes."""
        force, tags = self.params.get("force_absent"), set(found.get("RepoTags") or [])
        self.require_platform("state=absent")
        if self.platform:
            if not serves(self.engine, self.name, found, self.platform):
                return Plan()
            if "Descriptor" in found:
                return self.thinning(found)
        last = self.by_id or not tags - names
        if last and not force:
            if self.by_id and len(tags) > 1:
                text = f"image {self.name} has the names {', '.join(sorted(tags))}; see force_absent"
                self.obstacles.append(text)
            listed = self.engine.get("/containers/json", {"all": True, "filters": {"ancestor": [found["Id"]]}})
            users = sorted(each["Names"][0].lstrip("/") for each in listed if each["ImageID"] == found["Id"])
            if users:
                self.obstacles.append(f"image {self.name} is used by container {', '.join(users)}; see force_absent")
        self.going = [{"Untagged": tag} for tag in sorted(tags if self.by_id else {self.name})]
        self.going += [{"Deleted": found["Id"]}] if last else []
        plan = super().removal(found)
        plan.before["id"] = found["Id"]
        return plan

    def thinning(self, found: Document) -> Plan:
        """The plan that removes what is there for one platform of several, which the containerd image store can."""
        if not self.params.get("force_absent"):
            text = f"image {self.name} would lose {self.platform} under all its names; see force_absent"
            self.obstacles.append(text)
        self.going = [{"Deleted": digest} for digest in shipped(self.engine, self.name, found, self.platform)]
        step = Step(f"remove image {self.name}{for_platform(self.platform)}", lambda: self.remove(found))
        return Plan([step], [], {"platform": self.platform}, {"platform": None})

    def remove(self, found: Document) -> None:
        query = {
            "force": bool(self.params.get("force_absent")),
            "noprune": not self.params.get("prune", True),
            "platforms": oci(self.platform) if self.platform else None,
        }
        self.going = self.engine.delete(f"/images/{self.name}", params=query, missing=None) or []

    def value(self, found: Document | None) -> dict[str, Any]:
        value = super().value(found)
        if self.registries.progress:
            value["progress"] = self.registries.progress
        if self.state == "absent":
            going = [entry for image in (self, *self.others) for entry in image.going]
            for key in ("Untagged", "Deleted"):
                value[key.lower()] = [entry[key] for entry in going if key in entry]
        return value


def sourced(params: Mapping[str, Any]) -> tuple[str | None, bool, str | None]:
    """source, force_source and platform, with what the option pull says of them in fewer words."""
    source, force, platform = params.get("source"), bool(params.get("force_source")), params.get("platform")
    rule = params.get("pull")
    if isinstance(rule, Mapping):
        if set(rule) - {"platform"} or platform not in (None, rule.get("platform")):
            raise Unfit("as a dictionary it has just a platform, which no other option names", "pull")
        return source, force, rule.get("platform")
    if rule is None:
        return source, force, platform
    if rule not in ("missing", "not_present", "always", "never"):
        raise Unfit(f"must be missing, always or never, not {rule!r}", "pull")
    if source not in (None, "pull"):
        raise Unfit(f"does not go with source={source}", "pull")
    return "local" if rule == "never" else "pull", force or rule == "always", platform
