# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The networks of a container: NetworkingConfig.EndpointsConfig at create, connect and disconnect afterwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._state.fields import RECONNECT, Change, Field, Modes, Part, Struct, Values, pick
from .._state.kinds import IGNORE, MORE, STRICT, Address, Kind, Many, Map, Need, Number, Text, Unfit

Endpoint = dict[str, Any]


class Link(Kind):
    """A legacy link, ``CONTAINER:ALIAS``; a container alone is its own alias."""

    def parse(self, option: Any) -> Any:
        name, _colon, alias = str(option).lstrip("/").partition(":")
        if not name or "/" in name + alias:
            raise ValueError(f"must be CONTAINER or CONTAINER:ALIAS, not {option!r}")
        return f"{name}:{alias or name}"

    def load(self, api: Any) -> Any:
        # "/other:/this/alias" is how inspect shows the link "other:alias" of the default bridge.
        name, _colon, alias = str(api).partition(":")
        return f"{name.lstrip('/')}:{alias.rpartition('/')[2]}"


def mode(text: str) -> str:
    return "bridge" if text in ("", "default") else text  # three words for one thing; engines keep what they get


def mac(text: str) -> str:
    return text.lower().replace("-", ":")


ENDPOINT = Struct(
    Field("name", Text(), "name", extra={"required": True}),
    Field("ipv4_address", Address(), "IPAMConfig.IPv4Address", unset=""),
    Field("ipv6_address", Address(), "IPAMConfig.IPv6Address", unset=""),
    Field("link_local_ips", Many(Address()), "IPAMConfig.LinkLocalIPs", unset=[]),
    Field("aliases", Many(Text()), "Aliases", unset=[]),
    Field("links", Many(Link()), "Links", unset=[]),
    Field("driver_opts", Map(loose=True), "DriverOpts", unset={}),
    Field("mac_address", Text(canon=mac), "MacAddress", min_api=(1, 44), unset=""),
    Field("gw_priority", Number(), "GwPriority", min_api=(1, 48), unset=0),
)  # fmt: skip


def config(endpoint: Endpoint) -> dict[str, Any]:
    """An endpoint as EndpointConfig of create and connect."""
    api: dict[str, Any] = ENDPOINT.dump(endpoint)
    del api["name"]
    return api


class Networks(Part):
    """The option networks. In desired and actual a map network name -> canonical ENDPOINT."""

    def spec(self) -> dict[str, dict[str, Any]]:
        return {"networks": {"type": "list", "elements": "dict", "options": ENDPOINT.spec()["options"]}}

    def modes(self) -> dict[str, tuple[str, ...]]:
        return {"networks": (MORE, STRICT, IGNORE)}

    def parse(self, params: Mapping[str, Any]) -> Values:
        if params.get("networks") is None:
            return {}
        networks: dict[str, Endpoint] = {}
        for index, option in enumerate(params["networks"]):
            try:
                endpoint = ENDPOINT.parse(option)
            except ValueError as error:
                raise Unfit.at(f"networks[{index}]", error) from None
            if endpoint["name"] in networks:
                raise Unfit(f"network {endpoint['name']} is there more than once", f"networks[{index}]")
            networks[endpoint["name"]] = endpoint
        return {"networks": networks}

    def load(self, found: Mapping[str, Any]) -> Values:
        # Below API 1.45 the daemon adds the short id (and sometimes the host name) to the aliases that were asked for.
        added = (found["Id"][:12], pick(found, "Config.Hostname"))
        main, networks = mode(pick(found, "HostConfig.NetworkMode") or ""), {}
        for name, api in (pick(found, "NetworkSettings.Networks") or {}).items():
            aliases = [alias for alias in api.get("Aliases") or [] if alias not in added]
            # Hidden while the container does not run, but not so in Config; before the first start an empty text.
            address = api.get("MacAddress") or (pick(found, "Config.MacAddress") if name == main else None)
            networks[name] = ENDPOINT.load({**api, "name": name, "Aliases": aliases, "MacAddress": address})
        return {"networks": networks}

    def needs(self, desired: Values) -> Iterator[Need]:
        for index, endpoint in enumerate(desired.get("networks", {}).values()):
            yield from ENDPOINT.needs(endpoint, f"networks[{index}]")

    def compare(self, desired: Values, actual: Values, modes: Modes) -> Iterator[Change]:
        mode = modes["networks"]
        if "networks" not in desired or mode == IGNORE:
            return
        wanted, present = desired["networks"], actual["networks"]
        named = [name for name in wanted if name not in present or not agree(wanted[name], present[name], mode)]
        extra = [name for name in present if mode == STRICT and name not in wanted]
        if named or extra:
            after = self.after(desired, actual, modes)
            yield Change(
                "networks",
                [seen(present[name], wanted.get(name)) for name in named + extra if name in present],
                [seen(after[name], wanted[name]) for name in named],
                RECONNECT,
            )

    def after(self, desired: Values, actual: Values, modes: Modes) -> dict[str, Endpoint]:
        """The endpoints that hold in the end."""
        wanted, present = desired.get("networks", {}), actual.get("networks") or {}
        mode = modes["networks"]
        laid = {
            name: {**present.get(name, {}), **ENDPOINT.merge(endpoint, present.get(name), mode)}
            for name, endpoint in wanted.items()
        }
        return laid if mode == STRICT and "networks" in desired else {**present, **laid}

    def write(self, desired: Values, actual: Values, modes: Modes, body: dict[str, Any]) -> None:
        if "networks" in desired:
            ends = {name: config(endpoint) for name, endpoint in self.after(desired, actual, modes).items()}
            body["NetworkingConfig"] = {"EndpointsConfig": ends}

    def show(self, desired: Values) -> Values:
        if "networks" not in desired:
            return {}
        return {"networks": [ENDPOINT.show(endpoint) for endpoint in desired["networks"].values()]}


def agree(wanted: Endpoint, present: Endpoint, mode: str) -> bool:
    """True when every named member is as wanted; strict holds for the lists and maps in it."""
    return all(each.kind.same(value, other, mode) for each, value, other in ENDPOINT.pairs(wanted, present))


def seen(endpoint: Endpoint, named: Any) -> Any:
    """An endpoint in a diff: of a named one the named members, else everything that was configured."""
    names = set(named or [name for name, value in endpoint.items() if value])
    return {name: value for name, value in ENDPOINT.show(endpoint).items() if name in {"name", *names}}
