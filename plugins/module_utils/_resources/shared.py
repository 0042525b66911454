# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Structs that several resources share; each has its twin in the doc fragments."""

from __future__ import annotations

import shlex
from typing import Any

from .._state.fields import Field, Struct
from .._state.kinds import Duration, Flag, Kind, Map, Number, Size, Text


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
