# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The kinds of objects that one task brings to their state together: what each needs of others, and leaves to them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Callable

from .._resources.config import Config
from .._resources.container import Container
from .._resources.container_table import SHARED
from .._resources.image import Image
from .._resources.network import Network
from .._resources.secret import Secret
from .._resources.service import Service
from .._resources.stored import DIGITS, Stored
from .._resources.volume import Volume
from .._state.converge import Document, Outcome, Resource
from .._state.fields import Change
from .apply_view import Promises, image_name

# What rolling_versions and hashed_versions put behind a name.
VERSIONED = re.compile(rf"_(v\d+|[0-9a-f]{{{DIGITS}}})$")
Key = tuple[str, str]  # the option whose items are of the kind, and the name of an object


# ---- resources, with what only matters where there are many ----


class Marked(Resource):
    """What gets the label of a project only when it is made, for only a new object can have another label.

    One that is there already would have to be replaced, be it without data or without its containers.
    """

    def complete(self, found: Document | None) -> None:
        super().complete(found)
        label = self.params.get("project_label")
        if found and label and (found.get("Labels") or {}).get(label) != self.desired["labels"][label]:
            del self.desired["labels"][label]


class MarkedNetwork(Marked, Network):
    pass


class MarkedVolume(Marked, Volume):
    pass


class NamedSecret(Secret):
    """A secret whose data need not be named when it is there: no engine gives it back."""

    rules = {name: rule for name, rule in Secret.rules.items() if name != "required_if"}

    def complete(self, found: Document | None) -> None:
        super().complete(found)
        if not found and not {"data", "driver"} & set(self.desired):
            self.obstacles.append(f"secret {self.name} does not exist, and data is needed to create it")


# ---- what an object needs ----


def of_network(network: Network) -> Iterator[Key]:
    if network.desired.get("config_from"):
        yield "networks", network.desired["config_from"]
    for name in network.desired.get("connected", ()):
        yield "containers", name


def of_image(image: Image) -> Iterator[Key]:
    if image.source in (None, "local"):
        yield "images", image.name  # another one may tag it so


def of_container(container: Container) -> Iterator[Key]:
    desired = container.desired
    yield from (("containers", name) for name in hosts(container))
    yield "networks", desired.get("network_mode", "")
    for name, end in desired.get("networks", {}).items():
        yield "networks", name
        yield from (("containers", link.partition(":")[0]) for link in end.get("links", ()))
    for text in (*desired.get("links", ()), *desired.get("volumes_from", ())):
        yield "containers", text.partition(":")[0]
    for option in ("volumes", "mounts"):
        yield from mounted(desired.get(option, {}).values())
    if container.reference:
        yield "images", image_name(container.reference)


def hosts(container: Container) -> Iterator[str]:
    """The containers in whose namespaces it lives."""
    for option in SHARED:
        kind, _colon, name = container.desired.get(option, "").partition(":")
        if kind == "container":
            yield name


def of_service(service: Service) -> Iterator[Key]:
    desired = service.desired
    for each in desired.get("networks", ()):
        yield "networks", each["name"]
    for option in ("secrets", "configs"):
        for each in desired.get(option, ()):
            yield from versions(option, each[f"{option[:-1]}_name"])
    where, _separator, name = desired.get("credential_spec", "").partition("://")
    if where == "config":
        yield from versions("configs", name)
    yield from mounted(desired.get("mounts", ()))
    if "image" in desired:
        yield "images", image_name(desired["image"])


def versions(option: str, name: str) -> Iterator[Key]:
    """A secret or a config by its name, which may be that of a version of it."""
    yield option, name
    yield option, VERSIONED.sub("", name)


def mounted(mounts: Iterable[Mapping[str, Any]]) -> Iterator[Key]:
    for mount in mounts:
        if mount["type"] == "volume" and mount.get("source"):
            yield "volumes", mount["source"]
        if mount["type"] == "image":
            yield "images", image_name(mount["source"])


def nothing(resource: Resource) -> Iterator[Key]:
    return iter(())


# ---- what others would find after it: only asked in check mode, of an object that changes ----


def verbs(outcome: Outcome) -> set[str]:
    return {text.partition(" ")[0] for text in outcome.actions}


def promise_network(network: Network, outcome: Outcome, promises: Promises) -> None:
    if "create" in verbs(outcome):
        promises.documents[f"/networks/{network.name}"] = {"Id": f"new {network.name}", "Name": network.name}


def promise_container(container: Container, outcome: Outcome, promises: Promises) -> None:
    path, found, done = f"/containers/{container.name}/json", outcome.value["container"], verbs(outcome)
    if container.state == "absent":
        promises.documents[path] = None
        promises.gone.add(found.get("Id", ""))
        return
    new = {"Id": f"new {container.name}", "Name": f"/{container.name}"}
    if "rename" in done:
        new = {**(container.look(container.params["rename_from"]) or {}), "Name": f"/{container.name}"}
    if {"create", "recreate", "rename", "bring"} & done:
        promises.documents[path] = new
    if "pull" in done and container.reference:
        promises.image(container.reference, container.image or {}, f"new {container.reference}")
    promises.left.update((found.get("Id", ""), name) for name in left(outcome.changes))


def left(changes: list[Change]) -> Iterator[str]:
    """The networks that a container leaves with these changes."""
    for change in changes:
        if change.option == "networks":
            yield from {end["name"] for end in change.before} - {end["name"] for end in change.after}
        if change.option == "network_mode":
            yield change.before


def promise_image(image: Image, outcome: Outcome, promises: Promises) -> None:
    found, done = outcome.value["image"], verbs(outcome)
    new = bool({"pull", "load", "import"} & done)
    names = [image.name] if new else []
    names += [str(name) for name in image.further if "tag" in done]
    if "push" in done:
        pushed = [str(name) for name in image.further or [image.reference]]
        names += pushed
        promises.pushed.update(image_name(name) for name in pushed)
    for name in names:
        promises.image(name, found, f"new {image.name}" if new else found["Id"])


def promise_stored(stored: Stored, outcome: Outcome, promises: Promises) -> None:
    if {"create", "recreate"} & verbs(outcome):
        document = {"ID": f"new {stored.next}", "Spec": {"Name": stored.next}, "CreatedAt": "9999"}
        promises.listed.setdefault(stored.path, []).append(document)


def promise_service(service: Service, outcome: Outcome, promises: Promises) -> None:
    found = outcome.value["service"]
    if found and service.state == "absent":
        promises.gone.add(found["ID"])
    elif found:
        promises.specs[found["ID"]] = service.body(found, {change.option for change in outcome.changes})


def promise_nothing(resource: Resource, outcome: Outcome, promises: Promises) -> None:
    """Nobody asks for it."""


@dataclass(frozen=True)
class Kind:
    """A kind of objects, and what its items may say.

    needs    what an object speaks of: the keys of other objects, whether they are there or not
    promise  puts into promises what others would find after a change
    shares   the beginnings of paths of which many objects may take one answer: what is not of the same kind
    ordered  whether an item may name others that come before it (depends_on)
    """

    resource: type[Resource]
    needs: Callable[[Any], Iterator[Key]] = nothing
    promise: Callable[[Any, Outcome, Promises], None] = promise_nothing
    shares: tuple[str, ...] = ()
    ordered: bool = False

    def argument_spec(self) -> dict[str, dict[str, Any]]:
        more = {"depends_on": {"type": "list", "elements": "str"}} if self.ordered else {}
        return {**self.resource.argument_spec(), **more}

    def rules(self) -> dict[str, Any]:
        return self.resource.rules

    def secrets(self, params: Mapping[str, Any]) -> set[str]:
        return self.resource.secrets(params)

    @property
    def labelled(self) -> bool:
        return "labels" in self.resource.schema.known


# In the order in which they usually come to be.
KINDS = {
    "networks": Kind(MarkedNetwork, of_network, promise_network),
    "volumes": Kind(MarkedVolume),
    "secrets": Kind(NamedSecret, nothing, promise_stored),
    "configs": Kind(Config, nothing, promise_stored),
    "images": Kind(Image, of_image, promise_image),
    "containers": Kind(
        Container,
        of_container,
        promise_container,
        # The list is asked for what recreates have left, and for who lives in a namespace of another.
        ("/images/", "/distribution/", "/networks/", "/containers/json", "/info"),
        ordered=True,
    ),
    "services": Kind(
        Service, of_service, promise_service, ("/distribution/", "/networks/", "/secrets", "/configs"), ordered=True
    ),
}
# Who may use objects of a kind: these are in their state, or gone, before one of the kind is removed.
USERS = {
    "networks": ("containers", "services"),
    "volumes": ("containers", "services"),
    "secrets": ("services",),
    "configs": ("services",),
    "images": ("containers", "services"),
}
