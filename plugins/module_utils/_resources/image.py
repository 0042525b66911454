# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The verbs of images (/images). An image has no settings to compare: what counts is which image a name points at."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from .._engine.client import Engine
from .._engine.errors import EngineError, StreamError
from .._engine.registry import Reference, encode_auth, is_id
from .._state.converge import Document, Plan, Resource, Step
from .._state.fields import UPDATE, Change, Schema
from .._state.kinds import Unfit
from .images import (
    checked,
    create,
    credentials,
    failing,
    follow,
    holds,
    inspect,
    newest,
    parts,
    published,
    pull,
    serves,
)

PIECE = 65536


class Image(Resource):
    """An image under a name, taken from a registry or from a root file system, and brought to a registry."""

    word = "image"
    engine: Engine
    schema = Schema()
    options = {
        "name": {"type": "str", "required": True},
        "tag": {"type": "str"},
        "state": {"type": "str", "choices": ["present", "absent"], "default": "present"},
        "source": {"type": "str", "choices": ["pull", "import", "local"]},
        "force_source": {"type": "bool", "default": False},
        "platform": {"type": "str"},
        "import_path": {"type": "path"},
        "changes": {"type": "list", "elements": "str"},
        "import_message": {"type": "str"},
        "repository": {"type": "str"},
        "force_tag": {"type": "bool", "default": False},
        "force_absent": {"type": "bool", "default": False},
        "push": {"type": "bool", "default": False},
    }
    rules = {"required_if": [("source", "import", ["import_path"])]}

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, params)
        name, tag = self.name, params.get("tag")
        self.source: str | None = params.get("source")
        self.platform: str | None = params.get("platform")
        self.by_id = is_id(name)
        self.reference = Reference("", name)  # of an id: never looked into
        self.further: Reference | None = None
        if self.platform:
            parts(self.platform)
        if not self.by_id:
            self.reference = checked(name, "name", None)
            if not self.reference.tag and not self.reference.digest:
                self.reference = checked(name + ("@" if ":" in (tag or "") else ":") + (tag or "latest"), "tag")
            self.name = str(self.reference)
        if self.by_id and self.source not in (None, "local"):
            raise Unfit(f"an image has no name to {self.source} it by when it is given as an id", "name")
        if self.source == "import" and self.reference.digest:
            raise Unfit("an imported image gets its digest from the engine", "name")
        if params.get("repository"):
            self.further = checked(params["repository"], "repository", self.reference.tag or "latest")
            if self.further.digest:
                raise Unfit("must be a name with a tag, not with a digest", "repository")
        if params.get("push") and (not self.further and (self.by_id or not self.reference.tag)):
            raise Unfit("what is pushed needs a name with a tag, see repository", "push")

    def find(self) -> dict[str, Any] | None:
        return inspect(self.engine, self.name)

    def plan(self, found: Document | None) -> Plan:
        if self.state == "absent":
            return self.removal(found) if found else Plan()
        if self.platform and self.source == "import":
            self.engine.require([("platform (with source=import)", (1, 42))])  # older engines take no notice of it
        plan = self.obtain(found)
        if self.further and (found or plan.steps):
            self.tag(plan, found, self.further)
        if self.params.get("push") and (found or plan.steps):
            self.publish(plan, found, self.further or self.reference)
        return plan

    # How the image comes to be there.

    def obtain(self, found: Document | None) -> Plan:
        """The plan that gets the image from its source, empty when it need not."""
        misfit = bool(found and self.platform) and not serves(self.engine, self.name, found or {}, str(self.platform))
        if self.source in (None, "local"):
            if misfit or not found:
                self.obstacles.append(self.absence(found))
            return Plan()
        if found and not misfit and not self.params.get("force_source"):
            return Plan()
        after = "a new image"
        if self.source == "import" and not os.path.isfile(self.params["import_path"]):
            self.obstacles.append(f"import_path: there is no file {self.params['import_path']}")
        elif self.source == "pull" and found and not misfit:
            # A digest means the same image for ever; a tag means what the registry says today.
            digest = self.reference.digest or newest(self.engine, self.name)
            if holds(found, self.reference, digest):
                return Plan()
            after = digest or after
        if found:
            plan = Plan([], [Change("source", found["Id"], after, UPDATE)], {"id": found["Id"]}, {"id": after})
        else:
            plan = Plan([], [], {"exists": False}, {"exists": True, "name": self.name})
        plan.steps = [self.step(str(self.source), partial(self.fetch, found["Id"] if found else None, plan))]
        return plan

    def absence(self, found: Document | None) -> str:
        there = f" for {self.platform} (only for {found['Os']}/{found['Architecture']})" if found else ""
        hint = "" if self.source else ", and the task does not say where to take it from: see source"
        return f"image {self.name} is not on the engine{there}{hint}"

    def fetch(self, before: str | None, plan: Plan) -> bool:
        """Get the image; answers whether the name now means another image than `before`."""
        if self.source == "pull":
            pull(self.engine, self.name, self.platform)
        else:
            self.load(before)
        found = inspect(self.engine, self.name)
        after = found and found["Id"]
        plan.after["id"] = after
        if before:
            plan.changes[0] = replace(plan.changes[0], after=after)
        return after != before

    def load(self, before: str | None) -> None:
        """Make the image of the files in a tar (POST /images/create with fromSrc=-)."""
        query = {
            "fromSrc": "-",
            "repo": self.reference.repository,
            "tag": self.reference.tag,
            "message": self.params.get("import_message"),
            "changes": tuple(self.params.get("changes") or ()),
            "platform": self.platform,
        }
        path = self.params["import_path"]
        try:
            with open(path, "rb") as file, failing(f"{path} cannot be imported as image {self.name}"):
                headers = {"Content-Type": "application/x-tar"}
                body = iter(partial(file.read, PIECE), b"")
                create(self.engine, query, body=body, headers=headers)
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

    def tag(self, plan: Plan, found: Document | None, name: Reference) -> None:
        """Plan to let `name` mean the same image."""
        other = inspect(self.engine, str(name))
        if other and found and other["Id"] == found["Id"] and not plan.steps:
            return
        if other and not self.params.get("force_tag"):
            self.engine.warnings.append(f"repository: {name} is there already and is left as it is, see force_tag")
            return
        before, after = other and other["Id"], found["Id"] if found and not plan.steps else f"of {self.name}"
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

    def publish(self, plan: Plan, found: Document | None, name: Reference) -> None:
        """Plan to let the registry have the same image under `name`."""
        there = published(self.engine, name)
        if found and not plan.steps and there and holds(found, name, there):
            return
        plan.before[f"{name} in the registry"] = there
        plan.after[f"{name} in the registry"] = f"of {self.name}"
        plan.changes.append(Change("push", there, f"of {self.name}", UPDATE))
        plan.steps.append(Step(f"push image {name}", partial(self.push, name, there)))

    def push(self, name: Reference, before: str | None) -> bool:
        """POST /images/{name}/push; answers whether the registry has another image than `before`."""
        headers = credentials(name) or {"X-Registry-Auth": encode_auth({})}  # the API wants one from everybody
        with failing(f"image {name} cannot be pushed"):
            follow(self.engine, f"/images/{name.repository}/push", {"tag": name.tag}, headers=headers)
        return before is None or published(self.engine, name) != before

    # And how it goes.

    def removal(self, found: Document) -> Plan:
        tags = found.get("RepoTags") or []
        if not self.params.get("force_absent") and (self.by_id or len(tags) < 2):
            if len(tags) > 1:
                self.obstacles.append(f"image {self.name} has the names {', '.join(tags)}; see force_absent")
            listed = self.engine.get("/containers/json", {"all": True, "filters": {"ancestor": [found["Id"]]}})
            names = sorted(each["Names"][0].lstrip("/") for each in listed if each["ImageID"] == found["Id"])
            if names:
                self.obstacles.append(f"image {self.name} is used by container {', '.join(names)}; see force_absent")
        plan = super().removal(found)
        plan.before["id"] = found["Id"]
        return plan

    def remove(self, found: Document) -> None:
        self.engine.delete(
            f"/images/{self.name}", params={"force": bool(self.params.get("force_absent"))}, missing=None
        )
