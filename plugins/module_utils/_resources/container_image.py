# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What an image gives to its containers, told apart from what a container asked for itself.

The daemon merges the configuration of the image into that of the container at create (moby: daemon/commit.go) and
inspect shows the sum. own() takes the image's part out again: then a strict comparison means the task's words alone,
and a replacement made of another image gets that image's values instead of the old one's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from copy import deepcopy
from typing import Any

from .._engine.reference import is_id, parse_reference
from .._state.kinds import Version
from .container_mounts import inherited
from .container_networks import Link, Networks, mode
from .container_networks import config as endpoint_config
from .shared import clean

# Config members that the daemon takes from the image as a whole, with the option that names them.
WHOLE = {
    "User": "user",
    "WorkingDir": "working_dir",
    "StopSignal": "stop_signal",
    "Entrypoint": "entrypoint",
}
# Members that are merged key by key; ExposedPorts and Volumes are sets written as maps.
KEYED = {"Labels": "labels", "ExposedPorts": "exposed_ports", "Volumes": "volumes"}

UNLABELED = "label=disable"


def own(found: Mapping[str, Any], image: Mapping[str, Any], desired: Mapping[str, Any]) -> dict[str, Any]:
    """A copy of a container's inspect without what its image gave, except where the task names the very same thing."""
    result = {**found, "Config": deepcopy(found["Config"])}
    config, given = result["Config"], image.get("Config") or {}
    if found["HostConfig"].get("Binds"):  # the volumes of the image that a replacement took over
        volumes = {clean(path) for path in given.get("Volumes") or {}}
        volumes -= {*desired.get("volumes", ()), *desired.get("mounts", ())}
        binds = [text for text in found["HostConfig"]["Binds"] if inherited(text) not in volumes]
        result["HostConfig"] = {**found["HostConfig"], "Binds": binds}
    host = result["HostConfig"]
    if host.get("Privileged") or "host" in (host.get("PidMode"), host.get("IpcMode")):  # the daemon adds it to these
        kept = [text for text in host.get("SecurityOpt") or [] if text != UNLABELED]
        if UNLABELED not in desired.get("security_opts", ()):
            result["HostConfig"] = {**host, "SecurityOpt": kept}
    # The image's command comes with the image's entry point only: a named one leaves it out, be it the same one.
    both = all(config.get(name) == given.get(name) for name in ("Entrypoint", "Cmd"))
    alone = "entrypoint" in desired and desired["entrypoint"] == config.get("Entrypoint")
    if "command" not in desired and both and not alone:
        config["Cmd"] = None
    for member, option in WHOLE.items():
        if option not in desired and config.get(member) == given.get(member):
            config[member] = None
    for member, option in KEYED.items():
        if config.get(member):
            config[member] = without(config[member], given.get(member) or {}, desired.get(option) or ())
    named, of_image = desired.get("env") or {}, set(given.get("Env") or [])
    env = [entry for entry in config.get("Env") or [] if entry not in of_image or entry.partition("=")[0] in named]
    there = {entry.partition("=")[0] for entry in env}
    # Wanted not to be there, and not there: as good as taken away by the container itself.
    config["Env"] = env + [name for name, text in named.items() if text is None and name not in there]
    if config.get("Healthcheck"):
        check, base = config["Healthcheck"], given.get("Healthcheck") or {}
        names = (
            HEALTH
            if "healthcheck" not in desired
            else [name for name in HEALTH if HEALTH[name] not in desired["healthcheck"]]
        )
        config["Healthcheck"] = {
            name: value for name, value in check.items() if name not in names or base.get(name) != value
        }
        config["Healthcheck"] = config["Healthcheck"] or None
    return result


HEALTH = {
    "Test": "test",
    "Interval": "interval",
    "Timeout": "timeout",
    "Retries": "retries",
    "StartPeriod": "start_period",
    "StartInterval": "start_interval",
}


def alike(first: str, second: str, image: str = "") -> bool:
    """True when two texts name one image: the same reference once it is complete, or an id, which needs no name.

    `image` is the id that either may be the beginning of.
    """
    if first == second or is_id(first, image) or is_id(second, image):
        return True
    try:
        return str(parse_reference(first)) == str(parse_reference(second))
    except ValueError:  # a text that only an older daemon took
        return first == second


def platform(found: Mapping[str, Any]) -> str | None:
    """The platform that a container's image is of; only the containerd image store has to tell (API 1.48)."""
    there = (found.get("ImageManifestDescriptor") or {}).get("platform") or {}
    return "/".join(there[key] for key in ("os", "architecture", "variant") if there.get(key)) or None


def without(present: Mapping[str, Any], given: Mapping[str, Any], named: Iterable[str]) -> dict[str, Any]:
    """The entries of a map that are not the image's, or that the task names."""
    return {key: value for key, value in present.items() if key in named or key not in given or given[key] != value}


def present(found: Mapping[str, Any], api: Version) -> dict[str, Any]:
    """The create body of which the daemon would make this container again (`found` less what its image gave)."""
    config = {name: value for name, value in deepcopy(found["Config"]).items() if value is not None}
    if config.get("Hostname") == found["Id"][:12]:  # the daemon's own choice
        del config["Hostname"]
    host_config = deepcopy(found["HostConfig"])
    host_config["Links"] = [Link().load(text) for text in host_config.get("Links") or []]
    ends = {}
    main = mode(host_config.get("NetworkMode") or "")
    for name, endpoint in Networks().load(found)["networks"].items():
        shown = found["NetworkSettings"]["Networks"][name]
        chosen = endpoint.get("mac_address") == derived(shown.get("IPAddress") or "")
        # From API 1.44 to 1.51 inspect shows the address that was asked for here as well, and only that one.
        if (1, 44) <= api < (1, 52) and name == main:
            chosen = not config.pop("MacAddress", "")
        if chosen:  # by the daemon
            endpoint.pop("mac_address", None)
        ends[name] = endpoint_config(endpoint)
    return {**config, "HostConfig": host_config, "NetworkingConfig": {"EndpointsConfig": ends}}


def derived(address: str) -> str:
    """The MAC address that engines before 28.0 make of an IPv4 address."""
    return "02:42:" + ":".join(f"{int(part):02x}" for part in address.split(".")) if address else ""
