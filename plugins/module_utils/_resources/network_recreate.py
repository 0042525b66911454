# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""How a network is made anew, for the daemon changes none that is there, and its containers come back to it."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from .._engine.errors import EngineError
from .._state.converge import Document
from .._state.fields import pick
from .._state.kinds import Unfit, Version, address
from .network import Network

# What inspect shows of a connected container that belongs to its configuration, not to the moment.
ENDPOINT = ("IPAMConfig", "Links", "Aliases", "DriverOpts", "GwPriority", "MacAddress")
# What inspect shows of a network that a create body takes.
MEMBERS = ("Driver", "Options", "IPAM", "EnableIPv6", "Internal", "Attachable", "Ingress", "Scope", "ConfigOnly",
           "ConfigFrom", "Labels")  # fmt: skip


def recreate(network: Network, found: Document) -> None:
    """Replace the network and bring every container back with its endpoint; on failure the old network is back."""
    members = [network.engine.get(f"/containers/{each['Id']}/json") for each in network.members(found)]
    ends = {member["Id"]: endpoint(member, found) for member in members}
    old = present(found, network.engine.api)
    new, actual = deepcopy(old), network.schema.actual(found)
    if network.desired.get("driver", found["Driver"]) != found["Driver"]:  # another driver has other options
        new["Options"] = actual["driver_options"] = {}
        new.pop("Scope", None)
    body = trim(network.schema.body(network.desired, actual, network.modes, into=new))
    fits(body, members, ends)
    try:
        replace(network, body, ends)
        network.kept()
    except EngineError as error:
        try:
            replace(network, old, ends)
        except EngineError as second:
            raise EngineError(f"{error}; and the old network did not come back: {second}") from error
        raise


def replace(network: Network, body: dict[str, Any], ends: Mapping[str, dict[str, Any]]) -> None:
    """What has the network's name goes, a network of this body comes, and the containers are connected to it."""
    going = network.engine.get(f"/networks/{network.name}", missing=None)
    if going:
        for each in network.members(going):
            network.disconnect(each["Id"])
        network.engine.delete(f"/networks/{going['Id']}", missing=None)
    network.post(body)
    for container, config in ends.items():
        network.connect(container, config)


def fits(body: Mapping[str, Any], members: list[Document], ends: Mapping[str, Mapping[str, Any]]) -> None:
    """Raise ValueError when a container's own address has no place in the new pools."""
    pools = [ipaddress.ip_network(pool["Subnet"], strict=False) for pool in pick(body, "IPAM.Config") or []]
    for member in members:
        for key in ("IPv4Address", "IPv6Address"):
            text = pick(ends[member["Id"]], f"IPAMConfig.{key}")
            if text and not any(ipaddress.ip_address(text) in pool for pool in pools):
                container = member["Name"].lstrip("/")
                raise Unfit(f"container {container} has the address {text}, which the new subnets lack", "ipam_config")


def endpoint(container: Document, network: Document) -> dict[str, Any]:
    """The EndpointConfig that brings a container back to a network, taken from the container's inspect."""
    networks = container["NetworkSettings"]["Networks"]
    settings = networks.get(network["Name"]) or networks.get(network["Id"]) or {}
    config = {name: settings[name] for name in ENDPOINT if settings.get(name)}
    if "Aliases" in config:
        # Below API 1.45 the daemon adds the short id (and sometimes the host name) to the aliases that were asked for.
        added = (container["Id"][:12], container["Config"].get("Hostname"))
        config["Aliases"] = [alias for alias in config["Aliases"] if alias not in added]
    return config


def present(network: Document, api: Version) -> dict[str, Any]:
    """The create body of which the daemon would make this network."""
    body = {name: deepcopy(network[name]) for name in MEMBERS if network.get(name)}
    if body.get("Driver") == "null" and network.get("ConfigOnly"):
        del body["Driver"], body["Scope"]  # shown, but refused when sent
    if api >= (1, 48):
        body["EnableIPv4"] = network.get("EnableIPv4", True)
    for pool in pick(body, "IPAM.Config") or []:
        if pool.get("Gateway"):
            pool["Gateway"] = address(pool["Gateway"])
    # The allocator of swarm networks writes its own numbers here; sent back, they would be refused.
    body.get("Options", {}).pop("com.docker.network.driver.overlay.vxlanid_list", None)
    if pick(body, "ConfigFrom.Network"):
        body.pop("Labels", None)  # these are the other network's, and none are taken beside them
    return body


def trim(body: dict[str, Any]) -> dict[str, Any]:
    """Drop what the old network had and the new one cannot have."""
    if not body.get("EnableIPv6") and pick(body, "IPAM.Config"):
        body["IPAM"]["Config"] = [pool for pool in body["IPAM"]["Config"] if ":" not in pool["Subnet"]]
    if pick(body, "ConfigFrom.Network"):  # everything below comes from the other network
        for name in ("IPAM", "Options", "Internal", "EnableIPv6", "EnableIPv4"):
            body.pop(name, None)
    if body.get("ConfigOnly"):  # settings for other networks, and nothing of its own
        for name in ("Driver", "Scope", "Internal", "Attachable", "Ingress"):
            body.pop(name, None)
    return body
