# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Kinds that only services have: mounts, ports, secrets and configs, networks, update and rollback settings."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._state.fields import Field, Struct
from .._state.kinds import MORE, STRICT, Flag, Kind, Many, Map, Need, Number, Text, Unfit, address
from .._state.measures import Duration, Pairs, Size
from .shared import PROPAGATION, Mode, TmpfsOptions, checked, clean

SECOND = 10**9


class Replaced(Many):
    """A list inside a struct that is replaced as a whole: what the task does not name in it goes."""

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        return desired

    def same(self, desired: Any, actual: Any, mode: str) -> bool:
        return bool(desired == (actual or []))


class Variables(Pairs):
    """Environment variables: a map, a list of NAME=VALUE, or such a list with commas; null (NAME alone) unsets one."""

    type = "raw"

    def __init__(self) -> None:
        super().__init__(null=True)

    def parse(self, option: Any) -> Any:
        if isinstance(option, str):
            option = option.split(",")
        if isinstance(option, list):
            for entry in option:
                if not isinstance(entry, str) or not entry.partition("=")[0]:
                    raise ValueError(f"must be NAME=VALUE, not {entry!r}; put quotes around it")
            return self.load(option)
        if not isinstance(option, dict):
            raise ValueError(f"must be a dictionary or a list, not {option!r}")
        return super().parse(option)


class Hosts(Map):
    """Entries of /etc/hosts, each name to an address or a list of them. API: a list of ``ADDRESS NAME [NAME...]``."""

    def __init__(self) -> None:
        super().__init__(canon=address)

    def value(self, name: str, value: Any) -> Any:
        addresses = value if isinstance(value, list) else [value]
        if not addresses or "" in addresses or name.split() != [name]:
            raise Unfit("needs a name without blanks and an address", name)
        return [super(Hosts, self).value(name, each) for each in addresses]

    def dump(self, value: Any) -> Any:
        return [f"{each} {name}" for name, addresses in value.items() for each in addresses]

    def load(self, api: Any) -> Any:
        result: dict[str, list[str]] = {}
        for entry in api:
            where, *names = entry.split()
            for name in names:
                result.setdefault(name, []).append(Text(canon=address).load(where))
        return result

    def show(self, value: Any) -> Any:
        return {name: addresses[0] if len(addresses) == 1 else addresses for name, addresses in value.items()}


class FileMode(Mode):
    """File permissions: a number as it is (YAML reads 0444 as octal), text as octal."""

    type = "raw"

    def parse(self, option: Any) -> Any:
        if isinstance(option, bool) or not isinstance(option, int):
            option = super().parse(option)
        if not 0 <= option <= 0o7777:
            raise ValueError(f"must be file permissions such as 0444, not {option!r}")
        return option

    def show(self, value: Any) -> Any:
        return f"{value:04o}"


class Ratio(Kind):
    """A fraction from 0 to 1; the daemon keeps no more than seven digits of it."""

    type = "float"

    def parse(self, option: Any) -> Any:
        if not 0 <= float(option) <= 1:
            raise ValueError(f"must be from 0 to 1, not {option!r}")
        return round(float(option), 6)

    def load(self, api: Any) -> Any:
        return round(float(api), 6)


class Generic(Kind):
    """A resource that nodes advertise: ``gpu=2`` is a count, ``gpu=UUID1`` one by its name."""

    def parse(self, option: Any) -> Any:
        kind, equals, value = str(option).partition("=")
        if not (kind and equals and value):
            raise ValueError(f"must be KIND=COUNT or KIND=NAME, not {option!r}")
        return {"kind": kind, "value": int(value) if value.isdigit() else value}

    def dump(self, value: Any) -> Any:
        which = "DiscreteResourceSpec" if isinstance(value["value"], int) else "NamedResourceSpec"
        return {which: {"Kind": value["kind"], "Value": value["value"]}}

    def load(self, api: Any) -> Any:
        spec = api.get("DiscreteResourceSpec") or api.get("NamedResourceSpec") or {}
        return {"kind": spec.get("Kind", ""), "value": spec.get("Value", 0)}

    def show(self, value: Any) -> Any:
        return f"{value['kind']}={value['value']}"


class Preference(Kind):
    """What tasks are spread over: ``{spread: node.labels.zone}``."""

    type = "dict"

    def parse(self, option: Any) -> Any:
        if list(option) != ["spread"] or not isinstance(option["spread"], str):
            raise ValueError(f"must have the one member spread, not {option!r}")
        return dict(option)

    def dump(self, value: Any) -> Any:
        return {"Spread": {"SpreadDescriptor": value["spread"]}}

    def load(self, api: Any) -> Any:
        return {"spread": (api.get("Spread") or {}).get("SpreadDescriptor", "")}


class Privilege(Kind):
    """What a plugin may do: ``{name: network, value: [host]}``, and a description."""

    type = "dict"

    def parse(self, option: Any) -> Any:
        if not isinstance(option.get("name"), str) or not isinstance(option.get("value"), list):
            raise ValueError(f"must have a name and a list as value, not {option!r}")
        return self.load(option)

    def load(self, api: Any) -> Any:
        return {
            "name": str(api["name"]),
            "description": str(api.get("description") or ""),
            "value": [str(each) for each in api.get("value") or []],
        }


class Plugin(Struct):
    """A plugin that the nodes install; engines show its members in small letters."""

    def load(self, api: Any) -> Any:
        return super().load({**api, **{name.capitalize(): value for name, value in api.items()}})


class CredentialSpec(Kind):
    """A credential spec of Windows: ``config://NAME``, ``file://NAME`` or ``registry://NAME``."""

    MEMBERS = {"config": "Config", "file": "File", "registry": "Registry"}

    def parse(self, option: Any) -> Any:
        where, found, name = str(option).partition("://")
        if not found or where not in self.MEMBERS or not name:
            raise ValueError(f"must be config://NAME, file://NAME or registry://NAME, not {option!r}")
        return option

    def dump(self, value: Any) -> Any:
        where, _found, name = value.partition("://")
        return {self.MEMBERS[where]: name}

    def load(self, api: Any) -> Any:
        return next((f"{where}://{api[key]}" for where, key in self.MEMBERS.items() if api.get(key)), "")

    def needs(self, value: Any, path: str) -> Iterator[Need]:
        if value.startswith("config:"):
            yield path, (1, 40)


class Profile(Kind):
    """A seccomp profile: JSON as text or as a dictionary. API: its text in base64."""

    type = "raw"

    def parse(self, option: Any) -> Any:
        try:
            return self.canon(json.loads(option) if isinstance(option, str) else option)
        except (ValueError, TypeError):
            raise ValueError("must be a seccomp profile in JSON") from None

    @staticmethod
    def canon(profile: Any) -> str:
        return json.dumps(profile, sort_keys=True, separators=(",", ":"))

    def dump(self, value: Any) -> Any:
        return base64.b64encode(value.encode()).decode()

    def load(self, api: Any) -> Any:
        text = base64.b64decode(api).decode(errors="replace")
        try:
            return self.canon(json.loads(text))
        except ValueError:
            return text


class Pace(Struct):
    """How an update or a rollback goes on. Parallelism is 1 without the object, but 0 (all) in one that lacks it."""

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        return {"parallelism": 1, **super().merge(desired, actual, mode)}


def pace(*actions: str) -> Pace:
    return Pace(
        Field("parallelism", Number(0), "Parallelism", unset=1),
        Field("delay", Duration(), "Delay", unset=0),
        Field("failure_action", Text(actions), "FailureAction", unset="pause"),
        Field("monitor", Duration(), "Monitor", unset=5 * SECOND),
        Field("max_failure_ratio", Ratio(), "MaxFailureRatio", unset=0.0),
        Field("order", Text(("start-first", "stop-first")), "Order", unset="stop-first"),
    )


class Mount(Struct):
    """A mount; one of another type keeps nothing of the old one."""

    def parse(self, option: Any) -> Any:
        return checked(super().parse(option), OF_TYPE)

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        kept = actual if actual and actual.get("type") == desired["type"] else {}
        return super().merge(desired, kept, mode)


# Which sub-options go with which type.
OF_TYPE = {
    "bind": ("propagation", "non_recursive"),
    "volume": ("no_copy", "labels", "driver_config", "subpath"),
    "tmpfs": ("tmpfs_size", "tmpfs_mode", "tmpfs_options"),
    "npipe": (),
    "cluster": (),
}
TYPES = ("bind", "volume", "tmpfs", "npipe", "cluster")
DRIVER = Struct(Field("name", Text(), "Name", unset=""), Field("options", Map(loose=True), "Options", unset={}))
MOUNT = Mount(
    Field("target", Text(canon=clean), "Target", extra={"required": True}),
    Field("source", Text(canon=clean), "Source", unset=""),
    Field("type", Text(TYPES, since={"cluster": (1, 42)}), "Type", extra={"default": "bind"}),
    Field("readonly", Flag(), "ReadOnly", unset=False),
    Field("propagation", Text(PROPAGATION), "BindOptions.Propagation", unset="rprivate"),
    Field("non_recursive", Flag(), "BindOptions.NonRecursive", min_api=(1, 40), unset=False),
    Field("no_copy", Flag(), "VolumeOptions.NoCopy", unset=False),
    Field("labels", Map(), "VolumeOptions.Labels", unset={}),
    Field("driver_config", DRIVER, "VolumeOptions.DriverConfig", unset={}),
    Field("subpath", Text(), "VolumeOptions.Subpath", min_api=(1, 45), unset=""),
    Field("tmpfs_size", Size(), "TmpfsOptions.SizeBytes", unset=0),
    Field("tmpfs_mode", FileMode(), "TmpfsOptions.Mode", unset=0),
    Field("tmpfs_options", TmpfsOptions(), "TmpfsOptions.Options", min_api=(1, 46), unset=[]),
)  # fmt: skip

PORT = Struct(
    Field("published_port", Number(0, 65535), "PublishedPort", unset=0),
    Field("target_port", Number(1, 65535), "TargetPort", extra={"required": True}),
    Field("protocol", Text(("tcp", "udp", "sctp"), since={"sctp": (1, 37)}), "Protocol", extra={"default": "tcp"}),
    Field("mode", Text(("ingress", "host")), "PublishMode", unset="ingress"),
    Field("name", Text(), "Name", unset=""),
)


class Ports(Many):
    """Published ports. Those of one port of the task (target and protocol) are replaced together; others may stay."""

    def __init__(self) -> None:
        super().__init__(PORT)

    def parse(self, option: Any) -> Any:
        # 0 asks for any port, and the one that is there is one.
        ports = [{**port, "published_port": port.get("published_port") or None} for port in option]
        return super().parse(ports)

    @staticmethod
    def inner(port: Mapping[str, Any]) -> tuple[Any, Any]:
        return port["target_port"], port.get("protocol", "tcp")

    def pairs(self, desired: Any, actual: Any) -> list[tuple[Any, Any]]:
        """Each desired port with the present one that fits it best, or None."""
        left = list(actual or [])
        found = []
        for port in sorted(desired, key=lambda port: not port.get("published_port")):  # exact ones choose first
            fitting = [other for other in left if self.inner(other) == self.inner(port)]
            fitting.sort(key=lambda other: not PORT.same(port, other, MORE))
            found.append((port, fitting[0] if fitting else None))
            left = [other for other in left if not fitting or other is not fitting[0]]
        return found

    def others(self, desired: Any, actual: Any) -> list[Any]:
        """The present ports of which the task names nothing."""
        named = {self.inner(port) for port in desired}
        return [port for port in actual or [] if self.inner(port) not in named]

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        laid = [port if other is None else PORT.merge(port, other, MORE) for port, other in self.pairs(desired, actual)]
        return self.sort(laid + (self.others(desired, actual) if mode == MORE else []))

    def same(self, desired: Any, actual: Any, mode: str) -> bool:
        others = self.others(desired, actual)
        if len(desired) != len(actual or []) - len(others) or (mode == STRICT and others):
            return False
        return all(other is not None and PORT.same(port, other, MORE) for port, other in self.pairs(desired, actual))


class References(Many):
    """Secrets or configs as files in the tasks, keyed by the file: another secret at the same place takes it over."""

    DEFAULTS = {"uid": "0", "gid": "0", "mode": 0o444}  # the daemon fills in nothing

    def __init__(self, word: str) -> None:
        self.word = word
        item = Struct(
            Field(f"{word}_id", Text(), f"{word.capitalize()}ID"),
            Field(f"{word}_name", Text(), f"{word.capitalize()}Name", extra={"required": True}),
            Field("filename", Text(), "File.Name"),
            Field("uid", Text(), "File.UID", unset=self.DEFAULTS["uid"]),
            Field("gid", Text(), "File.GID", unset=self.DEFAULTS["gid"]),
            Field("mode", FileMode(), "File.Mode", unset=self.DEFAULTS["mode"]),
        )
        super().__init__(item, key="filename")

    def parse(self, option: Any) -> Any:
        return super().parse(
            [{**each, "filename": each.get("filename") or each.get(f"{self.word}_name")} for each in option]
        )

    def load(self, api: Any) -> Any:
        return super().load([each for each in api if each.get("File")])  # else the runtime's, as a credential spec

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        return [{**self.DEFAULTS, **each} for each in super().merge(desired, actual, mode)]


class Attachment(Struct):
    """A network of a service: its name, or a dictionary with name, aliases and options."""

    def spec(self) -> dict[str, Any]:
        return {"type": "raw"}

    def parse(self, option: Any) -> Any:
        option = {"name": option} if isinstance(option, str) else option
        if not isinstance(option, dict) or not isinstance(option.get("name"), str):
            raise ValueError(f"must be the name of a network or a dictionary with name, not {option!r}")
        unknown = sorted(set(option) - {each.option for each in self.fields})
        if unknown:
            raise ValueError(f"has the unknown member {unknown[0]!r}; there are name, aliases, options")
        for name, kind in (("aliases", list), ("options", dict)):
            if option.get(name) is not None and not isinstance(option[name], kind):
                raise Unfit(f"must be a {kind.__name__}, not {option[name]!r}", name)
        return super().parse(option)


class Networks(Many):
    """The networks of a service, keyed by name; the daemon takes names and keeps ids."""

    def __init__(self) -> None:
        super().__init__(
            Attachment(
                Field("name", Text(), "Target"),
                Field("aliases", Replaced(Text()), "Aliases", unset=[]),
                Field("options", Map(loose=True), "DriverOpts", unset={}),
            ),
            key="name",
        )


def constraint(text: str) -> str:
    """A placement constraint without the spaces around its operator."""
    return re.sub(r"\s*(==|!=)\s*", r"\1", text.strip())
