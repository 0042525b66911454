# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Structs that several resources share; each has its twin in the doc fragments."""

from __future__ import annotations

import os
import re
import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from .._state.fields import Field, Struct
from .._state.kinds import IGNORE, STRICT, Flag, Kind, Many, Map, Number, Text, Unfit, address
from .._state.measures import Duration, Size


class Command(Kind):
    """A command line: a list, or text that is split as a shell would split it (no variables, no globs)."""

    type = "raw"

    def parse(self, option: Any) -> Any:
        if isinstance(option, str):
            return shlex.split(option)
        if not isinstance(option, list):
            raise ValueError(f"must be a list or text, not {option!r}")
        for word in option:
            if isinstance(word, (dict, list, bool)) or word is None:
                raise ValueError(f"must be a list of words, and {word!r} is none; put quotes around it")
        return [str(word) for word in option]

    def load(self, api: Any) -> Any:
        # Engines before 29.0 keep a plain string as they got it; [""] is how "none" is sent.
        words = [api] if isinstance(api, str) else list(api)
        return [] if words == [""] else words


def capability(text: str) -> str:
    """A capability as the docker CLI sends it: in capitals, with CAP_ in front; daemons keep any spelling."""
    name = text.upper()
    return name if name == "ALL" or name.startswith("CAP_") else f"CAP_{name}"


# The signals of Linux from 1 on; those from 34 on are RTMIN+n and RTMAX-n.
SIGNALS = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
    "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
    "WINCH", "IO", "PWR", "SYS",
]  # fmt: skip


def signal(text: str) -> str:
    """The name of a signal without SIG and in capitals, also of one that is given by its number."""
    if not text.isdigit():
        return text.upper().removeprefix("SIG")
    number = int(text)
    if 0 < number <= len(SIGNALS):
        return SIGNALS[number - 1]
    if 34 <= number <= 64:
        word, distance = ("RTMIN+", number - 34) if number < 50 else ("RTMAX-", 64 - number)
        return f"{word}{distance}" if distance else word[:-1]
    return text


def host_address(text: str) -> str:
    """The address of an entry of /etc/hosts; host-gateway is the daemon's word for the host itself."""
    return text if text == "host-gateway" else address(text)


class Ulimit(Kind):
    """A resource limit, ``NAME:SOFT[:HARD]``; -1 is unlimited and HARD is SOFT where it is left out."""

    def parse(self, option: Any) -> Any:
        name, *numbers = str(option).replace("=", ":", 1).split(":")
        if not name or not numbers or len(numbers) > 2 or not all(re.fullmatch(r"-1|\d+", text) for text in numbers):
            raise ValueError(f"must be NAME:SOFT or NAME:SOFT:HARD, not {option!r}")
        return {"name": name, "soft": int(numbers[0]), "hard": int(numbers[-1])}

    def dump(self, value: Any) -> Any:
        return {"Name": value["name"], "Soft": value["soft"], "Hard": value["hard"]}

    def load(self, api: Any) -> Any:
        return {"name": api["Name"], "soft": api.get("Soft", 0), "hard": api.get("Hard", 0)}

    def show(self, value: Any) -> Any:
        return f"{value['name']}:{value['soft']}:{value['hard']}"


class Device(Kind):
    """A device, ``HOST[:CONTAINER[:PERMISSIONS]]``; the daemon fills nothing in, so both defaults are sent along."""

    def parse(self, option: Any) -> Any:
        path, *rest = str(option).split(":")
        inside, access = path, "rwm"
        for text in rest:
            if text.startswith("/"):
                inside = text
            elif text and set(text) <= set("rwm"):
                access = "".join(letter for letter in "rwm" if letter in text)
            else:
                raise ValueError(
                    f"must be HOST[:CONTAINER[:PERMISSIONS]] with permissions of r, w and m, not {option!r}"
                )
        if not path.startswith("/") or len(rest) > 2:
            raise ValueError(
                f"must start with a path, not {option!r}; CDI names go into device_requests with driver: cdi"
            )
        return {"path": path, "inside": inside, "access": access}

    def dump(self, value: Any) -> Any:
        return {
            "PathOnHost": value["path"],
            "PathInContainer": value["inside"],
            "CgroupPermissions": value["access"],
        }

    def load(self, api: Any) -> Any:
        path, letters = api["PathOnHost"], api.get("CgroupPermissions") or "rwm"
        access = "".join(letter for letter in "rwm" if letter in letters)
        return {"path": path, "inside": api.get("PathInContainer") or path, "access": access}

    def show(self, value: Any) -> Any:
        return f"{value['path']}:{value['inside']}:{value['access']}"


def sorted_words(text: str) -> str:
    return ",".join(sorted(filter(None, text.split(","))))


class Tmpfs(Map):
    """In-memory file systems, a list of ``PATH[:OPTIONS]``. API: a map of paths to options in any order."""

    def __init__(self) -> None:
        super().__init__(canon=sorted_words)

    def spec(self) -> dict[str, Any]:
        return {"type": "list", "elements": "str"}

    def parse(self, option: Any) -> Any:
        mounts = {}
        for text in option:
            path, _colon, words = str(text).partition(":")
            if not path.startswith("/"):
                raise ValueError(f"must be PATH[:OPTIONS] with a PATH that starts with /, not {text!r}")
            mounts[clean(path)] = sorted_words(words)
        return mounts

    def show(self, value: Any) -> Any:
        return [f"{path}:{words}" if words else path for path, words in value.items()]


class Probe(Kind):
    """The test of a health check: text for the shell, a list with CMD, CMD-SHELL or NONE in front, or NONE."""

    type = "raw"

    def parse(self, option: Any) -> Any:
        if isinstance(option, str):
            return ["NONE"] if option.strip().upper() == "NONE" else ["CMD-SHELL", option]
        words = [str(word) for word in option] if isinstance(option, list) else []
        if not words or words[0] not in ("NONE", "CMD", "CMD-SHELL"):
            raise ValueError(f"must be text, or a list that starts with CMD, CMD-SHELL or NONE, not {option!r}")
        return ["NONE"] if words[0] == "NONE" else words


class Health(Struct):
    """A health check. With NONE nothing else counts: the daemon keeps the other members and does not use them."""

    @staticmethod
    def off(value: Any) -> bool:
        return bool(value) and value.get("test") == ["NONE"]

    def merge(self, desired: Any, actual: Any, mode: str) -> Any:
        return desired if self.off(desired) else super().merge(desired, {} if self.off(actual) else actual, mode)

    def same(self, desired: Any, actual: Any, mode: str) -> bool:
        return self.off(actual) if self.off(desired) else not self.off(actual) and super().same(desired, actual, mode)


HEALTHCHECK = Health(
    Field("test", Probe(), "Test"),
    Field("interval", Duration(), "Interval", unset=0),
    Field("timeout", Duration(), "Timeout", unset=0),
    Field("retries", Number(0), "Retries", unset=0),
    Field("start_period", Duration(), "StartPeriod", unset=0),
    Field("start_interval", Duration(), "StartInterval", min_api=(1, 44), unset=0),
)


class Alternatives(Kind):
    """A list of lists of words: any one of the lists has to be met, with all its words."""

    modes = (STRICT, IGNORE)

    def spec(self) -> dict[str, Any]:
        return {"type": "list", "elements": "list"}

    def parse(self, option: Any) -> Any:
        return [[str(word) for word in words] for words in option]


class Mode(Kind):
    """File permissions, written in octal (C(1770)); the API has a plain integer."""

    def parse(self, option: Any) -> Any:
        try:
            return int(str(option), 8)
        except ValueError:
            raise ValueError(f"must be an octal number such as 1777, not {option!r}") from None

    def show(self, value: Any) -> Any:
        return f"{value:o}"


class TmpfsOptions(Kind):
    """Further options of a tmpfs: a list of maps of one name (value null for a bare name). API: lists of one or two."""

    type = "list"

    def spec(self) -> dict[str, Any]:
        return {"type": "list", "elements": "dict"}

    def parse(self, option: Any) -> Any:
        return sorted([str(n)] + ([] if v is None else [str(v)]) for entry in option for n, v in entry.items())

    def load(self, api: Any) -> Any:
        return sorted(list(entry) for entry in api)

    def show(self, value: Any) -> Any:
        return [{entry[0]: entry[1] if len(entry) > 1 else None} for entry in value]


def clean(path: str) -> str:
    """A path as the daemon cleans it: no doubled and no trailing slashes."""
    parts = [part for part in path.split("/") if part not in ("", ".")]
    return ("/" if path.startswith("/") else "") + "/".join(parts) if parts else path[:1]


def unprivate(text: str) -> str:
    return "" if text == "rprivate" else text  # what a missing propagation means


PROPAGATION = ("private", "rprivate", "shared", "rshared", "slave", "rslave")
TYPES = ("bind", "cluster", "image", "npipe", "tmpfs", "volume")
MOUNT = Struct(
    Field("target", Text(canon=clean), "Target", extra={"required": True}),
    Field("type", Text(TYPES, since={"cluster": (1, 42), "image": (1, 48)}), "Type", extra={"default": "volume"}),
    Field("source", Text(canon=clean), "Source", unset=""),
    Field("read_only", Flag(), "ReadOnly", unset=False),
    Field("propagation", Text(PROPAGATION, canon=unprivate), "BindOptions.Propagation", unset=""),
    Field("non_recursive", Flag(), "BindOptions.NonRecursive", min_api=(1, 40), unset=False),
    Field("create_mountpoint", Flag(), "BindOptions.CreateMountpoint", min_api=(1, 42), unset=False),
    Field("read_only_non_recursive", Flag(), "BindOptions.ReadOnlyNonRecursive", min_api=(1, 44), unset=False),
    Field("read_only_force_recursive", Flag(), "BindOptions.ReadOnlyForceRecursive", min_api=(1, 44), unset=False),
    Field("no_copy", Flag(), "VolumeOptions.NoCopy", unset=False),
    Field("labels", Map(), "VolumeOptions.Labels", unset={}),
    Field("volume_driver", Text(), "VolumeOptions.DriverConfig.Name", unset=""),
    Field("volume_options", Map(loose=True), "VolumeOptions.DriverConfig.Options", unset={}),
    Field("subpath", Text(), "VolumeOptions.Subpath", min_api=(1, 45), unset=""),
    Field("tmpfs_size", Size(), "TmpfsOptions.SizeBytes", unset=0),
    Field("tmpfs_mode", Mode(), "TmpfsOptions.Mode", unset=0),
    Field("tmpfs_options", TmpfsOptions(), "TmpfsOptions.Options", min_api=(1, 46), unset=[]),
)  # fmt: skip
# Which sub-options go with which type; the daemon refuses the others from API 1.42 on and dropped them before.
BIND = ("propagation", "non_recursive", "create_mountpoint", "read_only_non_recursive", "read_only_force_recursive")
VOLUME = ("no_copy", "labels", "volume_driver", "volume_options", "subpath")
OF_TYPE = {
    "bind": BIND,
    "npipe": (),
    "volume": VOLUME,
    "cluster": (),
    "image": ("subpath",),
    "tmpfs": ("tmpfs_size", "tmpfs_mode", "tmpfs_options"),
}


def checked(mount: dict[str, Any], of_type: Mapping[str, tuple[str, ...]]) -> dict[str, Any]:
    """A mount whose members go together (`of_type`: sub-options that only some types have); raises ValueError."""
    kind = mount["type"]
    if not mount["target"].startswith("/"):
        raise Unfit(f"must start with /, not {mount['target']!r}", "target")
    if not mount.get("source") and kind in ("bind", "image", "cluster", "npipe"):
        raise Unfit(f"a mount of type {kind} needs a source", "source")
    if mount.get("source") and kind == "tmpfs":
        raise Unfit("a mount of type tmpfs has no source", "source")
    special = {name for names in of_type.values() for name in names}
    for name in mount:
        if name in special and name not in of_type[kind]:
            raise Unfit(f"does not go with a mount of type {kind}", name)
    return mount


class Whole(Struct):
    """A struct that is compared as a whole: its canonical form has every member."""

    def parse(self, option: Any) -> Any:
        return {**{each.option: each.unset for each in self.fields}, **super().parse(option)}

    def load(self, api: Any) -> Any:
        return {**{each.option: each.unset for each in self.fields}, **super().load(api)}

    def show(self, value: Any) -> Any:
        return super().show({name: member for name, member in value.items() if member})


# A request to a device driver, such as one for GPUs.
DEVICE_REQUEST = Whole(
    Field("driver", Text(), "Driver", unset=""),
    Field("count", Number(-1), "Count", unset=0),
    Field("device_ids", Many(Text(), ordered=True), "DeviceIDs", unset=[]),
    Field("capabilities", Alternatives(), "Capabilities", unset=[]),
    Field("options", Map(loose=True), "Options", unset={}),
)


class Gpus(Many):
    """``docker run --gpus``: ``all``, a number, or ``device=ID,capabilities=utility,driver=nvidia`` (quoted lists)."""

    def __init__(self) -> None:
        super().__init__(DEVICE_REQUEST, ordered=True)

    def spec(self) -> dict[str, Any]:
        return {"type": "str"}

    def parse(self, option: Any) -> Any:
        request: dict[str, Any] = {"capabilities": [["gpu"]]}
        import csv  # nobody else needs it

        for row in csv.reader([str(option)]):
            for word in row:
                name, equals, text = word.partition("=")
                if not equals:
                    name, text = "count", word
                if name == "count":
                    request["count"] = -1 if text == "all" else Number(0).parse(int(text))
                elif name == "device":
                    request["device_ids"] = text.split(",")
                elif name == "capabilities":
                    request["capabilities"] = [["gpu", *text.split(",")]]
                elif name == "driver":
                    request["driver"] = text
                else:
                    raise ValueError(f"has the unknown member {name!r}; there are count, device, capabilities, driver")
        if "device_ids" not in request:
            request.setdefault("count", 1)
        return [DEVICE_REQUEST.parse(request)]


def variables(paths: Iterable[str], option: str) -> dict[str, str]:
    """What files with a NAME=VALUE on each line say, later ones over earlier ones; raises ValueError."""
    read = {}
    for path in paths:
        try:
            with open(path, encoding="utf-8") as file:
                lines = [line.strip() for line in file]
        except (OSError, UnicodeDecodeError) as error:
            raise Unfit(f"cannot be read: {error}", option) from error
        for line in lines:
            name, equals, value = line.partition("=")
            if not line or line.startswith("#"):
                continue
            if equals:
                read[name] = value
            elif name in os.environ:  # a name alone takes the value it has here
                read[name] = os.environ[name]
    return read
