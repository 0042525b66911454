# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The ports of a container: exposed (Config.ExposedPorts) and published (HostConfig.PortBindings).

Engines before 29.0 publish a port only when it is exposed as well, and say nothing when it is not: every published
port is always sent in both places. HostConfig.PortBindings is what was asked for; NetworkSettings.Ports is what the
moment shows and is never compared.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._state.fields import RECREATE, Change, Modes, Part, Values, pick
from .._state.kinds import IGNORE, MORE, STRICT, Unfit

PROTOCOLS = ("tcp", "udp", "sctp")

PUBLISH = re.compile(r"(?:(?:(\[[0-9a-fA-F:.]+\]|[0-9]+(?:\.[0-9]+){3}):)?([0-9-]*):)?([^:]+)")

# A published port in canonical form: "80/tcp" -> sorted [[host address, host port or range or ""], ...].
# The host address None means that the task names none: any address that takes IPv4 from everywhere will do.
Bindings = dict[str, list[list[Any]]]
EVERYWHERE = ("", "0.0.0.0")  # noqa: S104 - nothing binds here; what an address that was not named may be


def span(text: str) -> range:
    """``80`` or ``8000-8010`` as a range of port numbers; raises ValueError."""
    first, dash, last = text.partition("-")
    if not first.isdigit() or (dash and not last.isdigit()):
        raise ValueError(f"{text!r} is no port and no range of ports")
    ports = range(int(first), int(last or first) + 1)
    if not ports or ports[0] < 1 or ports[-1] > 65535:
        raise ValueError(f"port {text} is out of range, ports go from 1 to 65535")
    return ports


def exposed(text: str) -> list[str]:
    """``80``, ``80/udp``, ``8000-8010/tcp`` as the daemon's keys ``80/tcp``; raises ValueError."""
    ports, _slash, protocol = str(text).partition("/")
    protocol = protocol.lower() or "tcp"
    if protocol not in PROTOCOLS:
        raise ValueError(f"{text!r} has the protocol {protocol!r}; there are {', '.join(PROTOCOLS)}")
    return [f"{port}/{protocol}" for port in span(ports)]


def published(text: str, default_address: Any) -> Iterator[tuple[str, list[Any]]]:
    """What ``docker run -p`` accepts, as (container port, [host address, host port]); raises ValueError."""
    match = PUBLISH.fullmatch(str(text))
    if not match:
        raise ValueError(
            f"{text!r} is no port to publish; write [ADDRESS:][HOSTPORT:]PORT[/PROTOCOL], IPv6 in brackets"
        )
    address, host, container = match.groups()
    keys = exposed(container)
    bound = canonical(address.strip("[]")) if address else default_address
    if not host:
        yield from ((key, [bound, ""]) for key in keys)
        return
    ports = span(host)
    if len(keys) == 1:  # one port of the container on the first free port of a range
        yield keys[0], [bound, host]
    elif len(keys) == len(ports):
        yield from ((key, [bound, str(port)]) for key, port in zip(keys, ports))
    else:
        raise ValueError(f"{text!r} has {len(ports)} host ports for {len(keys)} container ports")


class Ports(Part):
    """The options published_ports, exposed_ports and default_host_ip."""

    def spec(self) -> dict[str, dict[str, Any]]:
        return {
            "published_ports": {"type": "list", "elements": "str", "aliases": ["ports"]},
            "exposed_ports": {"type": "list", "elements": "str", "aliases": ["exposed", "expose"]},
            "default_host_ip": {"type": "str"},
        }

    def modes(self) -> dict[str, tuple[str, ...]]:
        return {"published_ports": (MORE, STRICT, IGNORE), "exposed_ports": (MORE, STRICT, IGNORE)}

    def parse(self, params: Mapping[str, Any]) -> Values:
        values: Values = {}
        option = "default_host_ip"
        try:
            default = params.get(option)
            if default:
                default = str(ipaddress.ip_address(default.strip("[]")))
            option = "exposed_ports"
            if params.get(option) is not None:
                values[option] = sorted({key for text in params[option] for key in exposed(text)})
            option = "published_ports"
            if params.get(option) is not None:
                values[option] = gather(pair for text in params[option] for pair in published(text, default))
        except ValueError as error:
            raise Unfit.at(option, error) from None
        return values

    def load(self, found: Mapping[str, Any]) -> Values:
        bindings = pick(found, "HostConfig.PortBindings") or {}
        pairs = (
            (key, [entry.get("HostIp") or "", entry.get("HostPort") or ""])
            for port, entries in bindings.items()
            for key in exposed(port)
            for entry in entries or [{}]
        )
        ports = pick(found, "Config.ExposedPorts") or {}
        return {
            "published_ports": gather(
                (key, [canonical(address), "" if port == "0" else port]) for key, (address, port) in pairs
            ),
            "exposed_ports": sorted({key for port in ports for key in exposed(port)}),
        }

    def compare(self, desired: Values, actual: Values, modes: Modes) -> Iterator[Change]:
        wanted, present = desired.get("published_ports"), actual["published_ports"]
        mode = modes["published_ports"]
        if wanted is not None and mode != IGNORE:
            extra = [key for key in present if key not in wanted] if mode == STRICT else []
            if extra or not all(accepts(wanted[key], present.get(key)) for key in wanted):
                after = self.after(desired, actual, modes)
                yield Change("published_ports", show(present), show(after), RECREATE)
        mode = modes["exposed_ports"]
        if "exposed_ports" in desired and mode != IGNORE:
            ports, before = set(desired["exposed_ports"]), set(actual["exposed_ports"])
            after_ports = self.exposed_after(desired, actual, modes)
            if not ports <= before or (mode == STRICT and before - set(after_ports)):
                yield Change("exposed_ports", sorted(before), after_ports, RECREATE)

    def after(self, desired: Values, actual: Values, modes: Modes) -> Bindings:
        """The published ports that hold in the end; a port that already is published as wanted keeps its address."""
        wanted, present = desired.get("published_ports"), actual.get("published_ports") or {}
        if wanted is None:
            return dict(present)
        laid = {key: present[key] if accepts(wanted[key], present.get(key)) else wanted[key] for key in wanted}
        return laid if modes["published_ports"] == STRICT else {**present, **laid}

    def exposed_after(self, desired: Values, actual: Values, modes: Modes) -> list[str]:
        """The exposed ports that hold in the end: those asked for and every published one."""
        present = set(actual.get("exposed_ports") or [])
        wanted = set(desired.get("exposed_ports") or [])
        published_after = set(self.after(desired, actual, modes))
        if "exposed_ports" in desired and modes["exposed_ports"] == STRICT:
            return sorted(wanted | published_after)
        gone = set(actual.get("published_ports") or {}) - published_after
        return sorted((present - gone) | wanted | published_after)

    def write(self, desired: Values, actual: Values, modes: Modes, body: dict[str, Any]) -> None:
        if "published_ports" in desired or "exposed_ports" in desired:
            ports = self.exposed_after(desired, actual, modes)
            body["ExposedPorts"] = {port: {} for port in ports}
            body.setdefault("HostConfig", {})["PortBindings"] = {
                key: [{"HostIp": address or "", "HostPort": port} for address, port in entries]
                for key, entries in self.after(desired, actual, modes).items()
            }

    def show(self, desired: Values) -> Values:
        shown: Values = {}
        if "published_ports" in desired:
            shown["published_ports"] = show(desired["published_ports"])
        if "exposed_ports" in desired:
            shown["exposed_ports"] = desired["exposed_ports"]
        return shown


def gather(pairs: Any) -> Bindings:
    """Bindings from (container port, binding) pairs, in an order of their own."""
    bindings: Bindings = {}
    for key, entry in pairs:
        entries = bindings.setdefault(key, [])
        if entry not in entries:
            entries.append(entry)
    return {key: sorted(bindings[key], key=repr) for key in sorted(bindings)}


def canonical(address: str) -> str:
    return str(ipaddress.ip_address(address)) if address else ""


def accepts(wanted: list[list[Any]], present: Any) -> bool:
    """True when the present bindings of a port are the wanted ones."""
    rest = list(present or [])
    for address, port in wanted:
        for entry in rest:
            if entry[1] == port and (entry[0] in EVERYWHERE if address is None else entry[0] == address):
                rest.remove(entry)
                break
        else:
            return False
    return not rest


def show(bindings: Bindings) -> list[str]:
    """Bindings as a user writes them."""
    texts = []
    for key, entries in bindings.items():
        for address, port in entries:
            host = f"[{address}]" if ":" in (address or "") else address
            texts.append(f"{host}:{port}:{key}" if host else f"{port}:{key}" if port else key)
    return texts
