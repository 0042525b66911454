# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The other way round: the options of which the engine would make an object that is there.

What the engine chose by itself, and would choose again, is left out; so is what the image gives to a container.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

from .._engine.client import Engine
from .._state.converge import Document
from .._state.fields import Field, Schema, Struct, Values
from .._state.kinds import Kind, Many, Version
from . import container_ports, images
from . import network_recreate as networks
from .config import Config
from .container import Container
from .container_image import present
from .container_mounts import ANONYMOUS, bind, read
from .container_networks import ENDPOINT
from .container_table import SCHEMA, SHARED, UNNETWORKED
from .network import Network
from .secret import FOREIGN, HASH, Secret
from .service import Service
from .service_table import SCALE
from .shared import MOUNT
from .volume import Volume

Options = dict[str, Any]


def options(schema: Schema, actual: Values, api: Version) -> Options:
    """The fields that say something, as a user writes them. Secret ones are left out, and so are other parts."""
    found = {}
    for part in schema.parts:
        if isinstance(part, Field) and not part.secret:
            found.update(named(part, actual, api))
    return found


def named(field: Field, values: Mapping[str, Any], api: Version) -> Options:
    """The option of a field, if it says more than a missing one, and if this API has it."""
    value = values.get(field.option)
    if value is None or value == field.unset or field.min_api > api:
        return {}
    shown = written(field.kind, value, api)
    return {} if shown == {} else {field.option: shown}


def written(kind: Kind, value: Any, api: Version) -> Any:
    """A value as a user writes it, without the members that say nothing."""
    if isinstance(kind, Struct):
        return {option: text for field in kind.fields for option, text in named(field, value, api).items()}
    if isinstance(kind, Many) and kind.key:  # the items of others are compared as a whole
        return [written(kind.item, entry, api) for entry in value]
    return kind.show(value)


# ---- networks and volumes ----


def network(resource: Network, found: Document) -> Options:
    body = networks.trim(networks.present(found, resource.engine.api))
    result = options(Network.schema, Network.schema.actual(body), resource.engine.api)
    if result.get("scope") == ("swarm" if found["Driver"] == "overlay" else "local"):
        del result["scope"]
    return result


def volume(resource: Volume, found: Document) -> Options:
    return options(Volume.schema, Volume.schema.actual(found), resource.engine.api)


# ---- secrets and configs ----


def secret(resource: Secret, found: Document) -> Options:
    """Without its data, which no engine gives back."""
    result = options(Secret.schema, Secret.schema.actual(found["Spec"]), resource.engine.api)
    labels = {name: text for name, text in result.pop("labels", {}).items() if name not in (HASH, FOREIGN)}
    return {**result, **({"labels": labels} if labels else {})}


def config(resource: Config, found: Document) -> Options:
    result = options(Config.schema, Config.schema.actual(found["Spec"]), resource.engine.api)
    data = found["Spec"].get("Data") or ""
    try:
        return {"data": base64.b64decode(data).decode(), **result}
    except ValueError:
        return {"data": data, "data_is_b64": True, **result}


# ---- services ----


def service(resource: Service, found: Document) -> Options:
    actual = Service.schema.actual(resource.named(found))
    result = options(Service.schema, actual, resource.engine.api)
    for option in ("secrets", "configs"):
        for each in result.get(option, ()):
            del each[f"{option[:-1]}_id"]  # the name leads to it, and elsewhere to another one
    scale = {option: actual[option] for option in SCALE if actual[option] is not None}
    if scale["mode"] == "replicated":
        del scale["mode"]
    return {**scale, **result}


# ---- containers ----


def container(resource: Container, found: Document) -> Options:
    """`resource`: of the container's name alone, with its complete() done for `found`."""
    api = resource.engine.api
    body = present(resource.own, api)
    host, ends = body.pop("HostConfig"), body.pop("NetworkingConfig")["EndpointsConfig"]
    seen = {**resource.own, "Config": body, "HostConfig": host, "NetworkSettings": {"Networks": ends}}
    actual = SCHEMA.actual(seen)
    result = {**options(SCHEMA, actual, api), **ports(actual), **mounts(seen, api)}
    result.pop("gpus", None)  # device_requests says the same
    given = (images.inspect(resource.engine, found["Image"]) or {}).get("Config") or {}
    for option, member in (("entrypoint", "Entrypoint"), ("stop_signal", "StopSignal")):
        if given.get(member) and given[member] != found["Config"].get(member):
            result[option] = actual[option]  # be it the default of engines, here it is not
    result = {option: value for option, value in result.items() if not chosen(resource.engine, option, value, actual)}
    for option in SHARED:
        if result.get(option, "").startswith("container:"):
            result[option] = f"container:{called(resource.engine, result[option].partition(':')[2])}"
    main = actual["network_mode"]
    if main not in UNNETWORKED and not main.startswith("container:"):
        result.pop("network_mode", None)  # it is the first of the networks
        result.update(of_networks(actual["networks"], main, api))
    if "host" in (main, actual["uts"]) or main.startswith("container:"):
        for option in ("hostname", "domainname"):  # of the other namespace
            result.pop(option, None)
    return {**image(resource, found), **state(found), **result}


def ports(actual: Values) -> Options:
    published = actual["published_ports"]
    exposed = [port for port in actual["exposed_ports"] if port not in published]
    shown = {"published_ports": container_ports.show(published), "exposed_ports": exposed}
    return {option: value for option, value in shown.items() if value}


def mounts(seen: Document, api: Version) -> Options:
    volumes, others = [], []
    for home, mount in read(seen):
        if ANONYMOUS.fullmatch(mount.get("source", "")):
            mount["source"] = ""
        if home == "Mounts":
            others.append(written(MOUNT, mount, api))
        else:
            volumes.append(bind(mount) if mount.get("source") else mount["target"])
    return {option: value for option, value in (("volumes", volumes), ("mounts", others)) if value}


def of_networks(ends: Mapping[str, Any], main: str, api: Version) -> Options:
    names = sorted(ends, key=lambda name: name != main)
    shown = [written(ENDPOINT, ends[name], api) for name in names]
    return {} if shown in ([], [{"name": "bridge"}]) else {"networks": shown}


def chosen(engine: Engine, option: str, value: Any, actual: Values) -> bool:
    """Whether the engine would choose this value by itself."""
    if option == "memory_swap":
        return bool(actual[option] == 2 * actual["memory"])
    if option in PATHS:
        return set(PATHS[option]) <= set(value)
    if option == "log_driver" and actual["log_options"]:
        return False
    info = engine.get("/info")
    private = any("cgroupns" in text for text in info.get("SecurityOptions") or [])
    return bool(
        value
        == {
            "shm_size": "64M",
            "runtime": info.get("DefaultRuntime"),
            "log_driver": info.get("LoggingDriver"),
            "ipc_mode": "private" if engine.api >= (1, 40) else "shareable",
            "cgroupns_mode": "private" if private else "host",
        }.get(option)
    )


# What every engine hides of /proc and /sys, and what it lets nobody write; newer ones add to it.
PATHS = {
    "masked_paths": ("/proc/kcore", "/proc/keys", "/proc/latency_stats", "/proc/timer_list", "/sys/firmware"),
    "readonly_paths": ("/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"),
}


def called(engine: Engine, ident: str) -> str:
    """The name of a container, or its id when it is gone."""
    other = engine.get(f"/containers/{ident}/json", missing=None)
    return str(other["Name"]).lstrip("/") if other else ident


def image(resource: Container, found: Document) -> Options:
    """The image by its name, unless that means another one by now."""
    name, engine = found["Config"]["Image"], resource.engine
    if (images.inspect(engine, name) or {}).get("Id") == found["Image"]:
        return {"image": name}
    if images.inspect(engine, found["Image"]):
        return {"image": found["Image"]}
    return {"image": name, "comparisons": {"image": "ignore"}}


def state(found: Document) -> Options:
    status = found["State"]["Status"]
    if status == "paused":
        return {"paused": True}
    kept = {"created": "present", "exited": "stopped", "dead": "stopped"}
    return {"state": kept[status]} if status in kept else {}
