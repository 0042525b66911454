# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Removal of what is not in use (/containers/prune, /images/prune, ... /build/prune).

Daemons cannot say what a prune would remove, so say() follows their rules over what they list. Later kinds are seen as
they will be after the earlier ones: an image is free once the containers of it are gone.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timezone
from functools import partial
from typing import Any, Callable

from .._engine.client import Engine
from .._state.filters import Filters, filters
from .._state.measures import Size
from .._state.times import local, moment
from .filters import labelled, truth
from .usage import image_size, usage, volume_data

Result = dict[str, Any]
Document = Mapping[str, Any]
# kind -> the filters of its prune, in the order of the requests.
KINDS = {
    "containers": ("label", "label!", "until"),
    "images": ("dangling", "label", "label!", "until"),
    "networks": ("label", "label!", "until"),
    "volumes": ("all", "label", "label!"),
    "builder_cache": ("until", "id", "parent", "type", "description", "inuse", "shared", "private"),
}
# option -> parameter of the API and the version it came with.
LIMITS = {
    "builder_cache_keep_storage": ("keep-storage", (1, 39)),
    "builder_cache_reserved_space": ("reserved-space", (1, 48)),
    "builder_cache_max_used_space": ("max-used-space", (1, 48)),
    "builder_cache_min_free_space": ("min-free-space", (1, 48)),
}
SPEC: dict[str, dict[str, Any]] = {
    **{kind: {"type": "bool", "default": False} for kind in KINDS},
    **{f"{kind}_filters": {"type": "dict"} for kind in KINDS},
    "builder_cache_all": {"type": "bool", "default": False},
    **{option: {"type": "str"} for option in LIMITS},
}
RULES: dict[str, Any] = {"mutually_exclusive": [("builder_cache_keep_storage", "builder_cache_reserved_space")]}
PREDEFINED = ("bridge", "host", "none", "default")
ANONYMOUS = "com.docker.volume.anonymous"


def prune(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    wanted = {
        kind: filters(params[f"{kind}_filters"], f"{kind}_filters", known)
        for kind, known in KINDS.items()
        if params[kind]
    }
    limits: dict[str, Any] = {}
    for option, (name, _since) in LIMITS.items():
        if params[option] is not None:
            try:
                limits[name] = Size().parse(params[option])
            except ValueError as error:
                raise ValueError(f"{option}: {error}") from error
    if params["builder_cache_all"]:
        limits["all"] = True
    engine.require(
        [(option, since) for option, (_name, since) in LIMITS.items() if params[option] is not None]
        + [("builder_cache_filters", (1, 39))] * bool(wanted.get("builder_cache"))
        + [("builder_cache_all", (1, 39))] * params["builder_cache_all"]
        + [("volumes_filters.all", (1, 42))] * ("all" in wanted.get("volumes", {}))
    )
    return partial(say, engine, wanted, limits), partial(act, engine, wanted, limits)


def act(engine: Engine, wanted: Mapping[str, Filters], limits: Mapping[str, Any]) -> Result:
    done: dict[str, tuple[Any, Any]] = {}
    result: Result = {}
    for kind, chosen in wanted.items():
        # The ids and names that a prune reports are those of layers and blobs, too.
        images = listed_images(engine) if kind == "images" else []
        params = {**({"filters": chosen} if chosen else {}), **(limits if kind == "builder_cache" else {})}
        path = "/build/prune" if kind == "builder_cache" else f"/{kind}/prune"
        answer = engine.post(path, params=params, patience=None)
        space = answer.get("SpaceReclaimed", 0)
        if kind == "images":
            entries = answer.get("ImagesDeleted") or []
            known = {image["Id"] for image in images}
            gone = {entry["Deleted"] for entry in entries if "Deleted" in entry} & known
            untagged = {entry["Untagged"] for entry in entries if "Untagged" in entry}
            result["images_untagged"] = sorted(untagged & {name for image in images for name in names(image)})
            done[kind] = sorted(gone), space
        else:
            word = "Caches" if kind == "builder_cache" else kind.capitalize()
            done[kind] = sorted(answer.get(f"{word}Deleted") or []), space
    return {**report(done, result)}


def report(done: Mapping[str, tuple[Any, Any]], result: Result) -> Result:
    """The return keys: what goes of each kind, and the bytes that are free then."""
    for kind, (gone, space) in done.items():
        result["builder_cache_caches_deleted" if kind == "builder_cache" else kind] = gone
        if kind != "networks":
            result[f"{kind}_space_reclaimed"] = space
    before = {key: value for key, value in result.items() if isinstance(value, list)}
    return {
        **result,
        "changed": any(result.values()),
        "diff": {"before": before, "after": {key: [] for key in before}},
    }


def say(engine: Engine, wanted: Mapping[str, Filters], limits: Mapping[str, Any]) -> Result:
    info = engine.get("/info")
    now = local(info["SystemTime"], datetime.now(timezone.utc))
    for chosen in wanted.values():
        for text in chosen.get("until", []):
            moment(text, now)  # a refusal does not depend on what is there
    containers = engine.get("/containers/json", {"all": True, "size": "containers" in wanted})
    sized = {"images": "images", "volumes": "volumes", "builder_cache": "build_cache"}
    kinds = [sized[kind] for kind in wanted if kind in sized]
    used = usage(engine, kinds) if kinds else {}
    done: dict[str, tuple[Any, Any]] = {}
    result: Result = {}
    doomed: list[Document] = []
    if "containers" in wanted:
        doomed = [
            each
            for each in containers
            if each["State"] in ("created", "exited", "dead")
            and labelled(wanted["containers"], each.get("Labels"))
            and old(engine, wanted["containers"], f"/containers/{each['Id']}/json", each["Created"], now)
        ]
        ids = {each["Id"] for each in doomed}
        containers = [each for each in containers if each["Id"] not in ids]
        done["containers"] = sorted(ids), sum(each.get("SizeRw") or 0 for each in doomed)
    if "images" in wanted:
        gone, untagged = images_to_go(engine, info, wanted["images"], containers, now)
        space = [each for each in used["images"]["objects"] if each["Id"] in gone]
        done["images"] = gone, sum(map(image_size, space))
        result["images_untagged"] = untagged
    if "networks" in wanted:
        done["networks"] = networks_to_go(engine, info, wanted["networks"], now), 0
    if "volumes" in wanted:
        gone = volumes_to_go(engine, wanted["volumes"], containers, doomed)
        sizes = {each["Name"]: volume_data(each, "Size") for each in used["volumes"]["objects"]}
        done["volumes"] = gone, sum(max(0, sizes.get(name, 0)) for name in gone)
    if "builder_cache" in wanted:
        caches = caches_to_go(wanted["builder_cache"], limits, used["build_cache"]["objects"], now)
        done["builder_cache"] = sorted(each["ID"] for each in caches), sum(each["Size"] for each in caches)
        if any(isinstance(limit, int) and limit is not True for limit in limits.values()):
            engine.warnings.append("With a limit of space, the engine chooses among the caches that are reported here")
    return report(done, result)


def old(engine: Engine, wanted: Filters, path: str, created: int, now: datetime) -> bool:
    """Whether an object passes `until`. Lists tell whole seconds only, daemons compare to the nanosecond."""
    limits = [moment(text, now) for text in wanted.get("until", [])]
    if any(created <= limit < created + 1 for limit in limits):
        found = engine.get(path, missing=None)
        return bool(found) and all(local(found["Created"], now).timestamp() <= limit for limit in limits)
    return all(created <= limit for limit in limits)


def listed_images(engine: Engine) -> list[Document]:
    found: list[Document] = engine.get("/images/json", {"all": True})
    return found


def names(image: Document) -> list[str]:
    """Tags and digests of an image, without the daemon's words for none."""
    found = [*(image.get("RepoTags") or []), *(image.get("RepoDigests") or [])]
    return [name for name in found if not name.startswith("<none>")]


def images_to_go(
    engine: Engine, info: Document, wanted: Filters, containers: list[Document], now: datetime
) -> tuple[list[str], list[str]]:
    """Ids of the images that go, and the names that go."""
    images = {image["Id"]: image for image in listed_images(engine)}
    parents = {image.get("ParentId") for image in images.values()}
    dangling = truth(wanted, "dangling", True)
    chosen = {
        id_
        for id_, image in images.items()
        if labelled(wanted, image.get("Labels"))
        and old(engine, wanted, f"/images/{id_}/json", image["Created"], now)
        and (id_ not in parents or (names(image) and not dangling))
        and not (dangling and tags_of(names(image)))
    }
    if ["driver-type", "io.containerd.snapshotter.v1"] in (info.get("DriverStatus") or []):
        return of_containerd(engine, {id_: images[id_] for id_ in chosen}, containers)
    used = {each["ImageID"] for each in containers}
    left = {id_: sorted(names(image)) for id_, image in images.items()}
    gone: set[str] = set()
    untagged = []
    for id_ in chosen:
        for name in list(left[id_]):
            # The last name of an image in use stays, and with a tag go the digests of its repository.
            if name in left[id_] and not (single(left[id_]) and id_ in used):
                left[id_].remove(name)
                untagged.append(name)
                repository = repository_of(name)
                if "@" not in name and repository not in map(repository_of, tags_of(left[id_])):
                    digests = [each for each in left[id_] if repository_of(each) == repository]
                    untagged += digests
                    left[id_] = [each for each in left[id_] if each not in digests]
    # An image goes once it has no name, no user and no child; with it go parents of which the same is true.
    again = True
    while again:
        again = False
        for id_ in images:
            children = [each for each, other in images.items() if other.get("ParentId") == id_ and each not in gone]
            reached = id_ in chosen or any(images[each].get("ParentId") == id_ for each in gone)
            if reached and id_ not in gone | used and not left[id_] and not children:
                gone.add(id_)
                again = True
    return sorted(gone), sorted(untagged)


def tags_of(found: list[str]) -> list[str]:
    return [name for name in found if "@" not in name]


def single(found: list[str]) -> bool:
    """Whether the daemon takes these for one name: one only, or a tag and the digests of the same repository."""
    tags = tags_of(found)
    repositories = {repository_of(name) for name in found if "@" in name}
    return len(found) <= 1 or (len(tags) <= 1 and repositories == {repository_of((tags or found)[0])})


def repository_of(name: str) -> str:
    stem = name.partition("@")[0]
    return stem.rpartition(":")[0] if ":" in stem.rpartition("/")[2] else stem


def of_containerd(
    engine: Engine, chosen: Mapping[str, Document], containers: list[Document]
) -> tuple[list[str], list[str]]:
    """The same with the containerd image store, where an image is a name of a digest."""
    used = {each["ImageID"] for each in containers}
    words = {engine.get(f"/containers/{each['Id']}/json")["Config"]["Image"] for each in containers}
    kept = {word if ":" in word.rpartition("/")[2] or "@" in word else f"{word}:latest" for word in words}
    gone, untagged = [], []
    for id_, image in chosen.items():
        tags = tags_of(names(image))
        going = [name for name in tags if name not in kept]
        by_id = any(id_.startswith((word, f"sha256:{word}")) for word in words)
        if by_id and len(going) == len(tags):
            going = going[:-1] if tags else []
        untagged += going
        if len(going) == len(tags) and not (id_ in used and (by_id or not tags)):
            gone.append(id_)
    return sorted(gone), sorted(untagged)


def networks_to_go(engine: Engine, info: Document, wanted: Filters, now: datetime) -> list[str]:
    gone, busy = [], None
    limits = [moment(text, now) for text in wanted.get("until", [])]
    for listed in engine.get("/networks"):
        if listed["Name"] in PREDEFINED or listed.get("Ingress") or listed.get("ConfigOnly"):
            continue
        created = local(listed["Created"], now).timestamp()
        if not labelled(wanted, listed.get("Labels")) or any(created > limit for limit in limits):
            continue
        if listed["Scope"] == "swarm":
            if not (info.get("Swarm") or {}).get("ControlAvailable"):
                continue  # only managers prune them
            busy = networks_of_services(engine) if busy is None else busy
            if listed["Id"] in busy:
                continue
        found = engine.get(f"/networks/{listed['Id']}", missing=None)
        if found and not found.get("Containers"):
            gone.append(listed["Name"])
    return sorted(gone)


def networks_of_services(engine: Engine) -> set[str]:
    """The networks that services, and tasks that have not ended, are attached to."""
    busy = set()
    for service in engine.get("/services"):
        spec = service["Spec"]
        for each in [*(spec["TaskTemplate"].get("Networks") or []), *(spec.get("Networks") or [])]:
            busy.add(each["Target"])
    for task in engine.get("/tasks"):
        if task["Status"]["State"] not in ("complete", "failed", "shutdown", "rejected", "orphaned", "remove"):
            busy |= {each["Network"]["ID"] for each in task.get("NetworksAttachments") or []}
    return busy


def volumes_to_go(engine: Engine, wanted: Filters, containers: list[Document], doomed: list[Document]) -> list[str]:
    def of(owners: list[Document]) -> set[str]:
        return {mount.get("Name", "") for each in owners for mount in each.get("Mounts") or []}

    free = {each["Name"] for each in engine.get("/volumes", {"filters": {"dangling": ["true"]}})["Volumes"] or []}
    free |= of(doomed) - of(containers)
    # Below API 1.42 a prune takes the named ones, too.
    every = engine.api < (1, 42) or truth(wanted, "all", False)
    return sorted(
        each["Name"]
        for each in engine.get("/volumes")["Volumes"] or []
        if each["Name"] in free and each["Driver"] == "local" and not each.get("Options")
        and (every or ANONYMOUS in (each.get("Labels") or {}))
        and labelled(wanted, each.get("Labels"))
    )  # fmt: skip


def caches_to_go(wanted: Filters, limits: Mapping[str, Any], caches: list[Document], now: datetime) -> list[Document]:
    every = limits.get("all", False)
    gone = []
    for cache in caches:
        if cache["InUse"] or (not every and (cache["Shared"] or cache["Type"] in ("internal", "frontend"))):
            continue
        used = local(cache.get("LastUsedAt") or cache["CreatedAt"], now).timestamp()
        if any(used > moment(text, now) for text in wanted.get("until", [])):
            continue
        members = {
            "id": [cache["ID"]],
            "parent": cache.get("Parents") or [cache.get("Parent", "")],
            "type": [cache["Type"]],
            "description": [cache["Description"]],
            "inuse": [str(cache["InUse"]).lower()],
            "shared": [str(cache["Shared"]).lower()],
            "private": [str(not cache["Shared"]).lower()],
        }
        if all(set(wanted[name]) & set(values) for name, values in members.items() if name in wanted):
            gone.append(cache)
    return gone
