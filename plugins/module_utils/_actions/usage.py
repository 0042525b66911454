# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Disk usage (/system/df), whose shape changed with API 1.52, in one shape."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Callable

from .._engine.client import Engine

# kind -> the word for it in a request, the list of the old shape, the member of the new one.
KINDS = {
    "images": ("image", "Images", "ImageUsage"),
    "containers": ("container", "Containers", "ContainerUsage"),
    "volumes": ("volume", "Volumes", "VolumeUsage"),
    "build_cache": ("build-cache", "BuildCache", "BuildCacheUsage"),
}


def usage(engine: Engine, kinds: Iterable[str]) -> dict[str, dict[str, Any]]:
    """kind -> total_count, active_count, size and reclaimable (bytes), objects (as the daemon shows them)."""
    params: dict[str, Any] = {}
    if engine.api >= (1, 42):
        params["type"] = tuple(KINDS[kind][0] for kind in kinds)
    if engine.api >= (1, 52):
        params["verbose"] = True
    # A daemon takes its time to count the bytes on its disks.
    answer = engine.get("/system/df", params, patience=None)
    return {kind: shaped(kind, answer) for kind in kinds}


def ordered(kind: str, items: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    """A list of a daemon, by name where its order is another one each time."""
    named = kind in ("networks", "plugins", "volumes")
    return sorted(items, key=lambda item: str(item["Name"])) if named else list(items)


def shaped(kind: str, answer: Mapping[str, Any]) -> dict[str, Any]:
    _word, old, new = KINDS[kind]
    if new in answer:
        found = answer[new] or {}
        members = {"total_count": "TotalCount", "active_count": "ActiveCount", "size": "TotalSize"}
        result = {key: found.get(name, 0) for key, name in members.items()}
        return {
            **result,
            "reclaimable": found.get("Reclaimable", 0),
            "objects": ordered(kind, found.get("Items") or []),
        }
    items = answer.get(old) or []
    # What is counted once for several, such as a shared layer, belongs to none of them; -1 is "not known".
    size, active = OLD[kind]
    used = [each for each in items if active(each)]
    total = answer.get("LayersSize", 0) if kind == "images" else sum(max(0, size(each)) for each in items)
    return {
        "total_count": len(items),
        "active_count": len(used),
        "size": total,
        "reclaimable": max(0, total - sum(max(0, size(each)) for each in used)),
        "objects": ordered(kind, items),
    }


def image_size(image: Mapping[str, Any]) -> int:
    return int(image["Size"] - max(0, image["SharedSize"]))


def volume_data(volume: Mapping[str, Any], name: str) -> int:
    return int((volume.get("UsageData") or {}).get(name, 0))


# kind -> the bytes of an item, and whether it is in use.
OLD: dict[str, tuple[Callable[[Mapping[str, Any]], int], Callable[[Mapping[str, Any]], bool]]] = {
    "images": (image_size, lambda image: image["Containers"] > 0),
    "containers": (
        lambda container: container.get("SizeRw") or 0,
        lambda container: container["State"] in ("running", "paused", "restarting"),
    ),
    "volumes": (lambda volume: volume_data(volume, "Size"), lambda volume: volume_data(volume, "RefCount") > 0),
    "build_cache": (lambda cache: 0 if cache["Shared"] else cache["Size"], lambda cache: cache["InUse"]),
}
