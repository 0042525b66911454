# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The mounts of a container: HostConfig.Binds (short form), HostConfig.Mounts and Config.Volumes (anonymous ones).

All three say the same things, so all are read into one map, target -> mount (a canonical MOUNT): a container that the
docker CLI made with ``-v`` satisfies a task that writes ``mounts``, and the other way round.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping
from typing import Any

from .._state.fields import RECREATE, Change, Modes, Part, Values, pick
from .._state.kinds import IGNORE, MORE, STRICT, Need, Unfit
from .shared import MOUNT, OF_TYPE, PROPAGATION, checked, clean, unprivate

Mount = dict[str, Any]
ANONYMOUS = re.compile(r"[0-9a-f]{64}")  # the names that the daemon gives
OPTIONS = ("volumes", "mounts")
HOMES = {"volumes": ("Binds", "Volumes"), "mounts": ("Mounts",)}


def short(text: str, asked: bool = True) -> Mount:
    """``source:target[:options]`` or ``target`` as a mount; raises ValueError.

    What a task asks for (`asked`) must be known; of what an engine shows, further words are passed over (Podman's
    ``rbind`` and ``nosuid``), but for its ``bind``.
    """
    source, target, words = ("", text, "") if ":" not in text else (text.split(":") + [""])[:3]
    if text.count(":") > 2 or not target.startswith("/"):
        raise ValueError(f"{text!r} is no volume; write [SOURCE:]TARGET[:OPTIONS], with a TARGET that starts with /")
    if source[:1] in ("~", "."):  # as the docker CLI does: a path of the machine that the task runs on
        source = os.path.abspath(os.path.expanduser(source))
    # The short form says all there is: what it leaves out is not wanted.
    mount: Mount = {"target": clean(target), "type": "volume", "read_only": False, "no_copy": False}
    if source.startswith("/"):
        mount = {"target": clean(target), "type": "bind", "read_only": False, "propagation": ""}
    if source:
        mount["source"] = clean(source)
    for word in filter(None, words.split(",")):
        if word in ("ro", "rw"):
            mount["read_only"] = word == "ro"
        elif word in ("z", "Z"):
            mount["relabel"] = word
        elif word == "nocopy":
            mount["no_copy"] = True
        elif word in PROPAGATION:
            mount["propagation"] = unprivate(word)
        elif word == "bind" and not asked:
            mount["non_recursive"] = True
        elif asked and word not in ("consistent", "cached", "delegated"):  # these mean nothing on Linux
            raise ValueError(f"{text!r} has the unknown option {word!r}")
    return mount


def bind(mount: Mount) -> str:
    """A mount in the short form."""
    words = [word for name, word in (("read_only", "ro"), ("no_copy", "nocopy")) if mount.get(name)]
    words += [mount[name] for name in ("relabel", "propagation") if mount.get(name)]
    source = f"{mount['source']}:" if mount.get("source") else ""
    return f"{source}{mount['target']}" + (f":{','.join(words)}" if words else "")


def entry(mount: Mount) -> dict[str, Any]:
    """A mount as an element of HostConfig.Mounts."""
    fitting = {*OF_TYPE[mount["type"]], "target", "type", "source", "read_only"}
    api: dict[str, Any] = MOUNT.dump({name: value for name, value in mount.items() if name in fitting})
    if mount["type"] == "image" and "VolumeOptions" in api:
        api["ImageOptions"] = api.pop("VolumeOptions")
    return api


def read(found: Mapping[str, Any]) -> Iterator[tuple[str, Mount]]:
    """Every mount that was asked for, with its home: Binds, Mounts or Volumes."""
    targets = set()
    for text in pick(found, "HostConfig.Binds") or []:
        mount = short(text, asked=False)
        if mount["type"] == "bind":
            mount["create_mountpoint"] = True  # the short form always makes a missing source
        targets.add(mount["target"])
        yield "Binds", mount
    for api in pick(found, "HostConfig.Mounts") or []:
        mount = MOUNT.load({**api, "VolumeOptions": api.get("VolumeOptions") or api.get("ImageOptions")})
        targets.add(mount["target"])
        yield "Mounts", mount
    for target in pick(found, "Config.Volumes") or {}:
        if clean(target) not in targets:
            yield "Volumes", {"target": clean(target), "type": "volume", "read_only": False}


class Mounts(Part):
    """The options volumes and mounts. In desired a map target -> mount, in actual target -> (home, mount)."""

    def spec(self) -> dict[str, dict[str, Any]]:
        inner = MOUNT.spec()
        return {
            "volumes": {"type": "list", "elements": "str"},
            "mounts": {"type": "list", "elements": "dict", "options": inner["options"]},
        }

    def modes(self) -> dict[str, tuple[str, ...]]:
        return dict.fromkeys(OPTIONS, (MORE, STRICT, IGNORE))

    def parse(self, params: Mapping[str, Any]) -> Values:
        values: Values = {}
        taken: dict[str, str] = {}
        for option in OPTIONS:
            if params.get(option) is None:
                continue
            values[option] = {}
            for index, text in enumerate(params[option]):
                where = f"{option}[{index}]"
                try:
                    mount = short(text) if option == "volumes" else checked(MOUNT.parse(text), OF_TYPE)
                except ValueError as error:
                    raise Unfit.at(where, error) from None
                if mount["target"] in taken:
                    raise Unfit(f"{mount['target']} is the target of {taken[mount['target']]} already", where)
                taken[mount["target"]] = where
                values[option][mount["target"]] = mount
        return values

    def load(self, found: Mapping[str, Any]) -> Values:
        present = {}
        for home, mount in read(found):
            if mount["type"] == "volume" and ANONYMOUS.fullmatch(mount.get("source", "")):
                mount["source"] = ""
            present[mount["target"]] = (home, mount)
        return dict.fromkeys(OPTIONS, present)

    def needs(self, desired: Values) -> Iterator[Need]:
        for index, mount in enumerate(desired.get("mounts", {}).values()):
            yield from MOUNT.needs(mount, f"mounts[{index}]")

    def compare(self, desired: Values, actual: Values, modes: Modes) -> Iterator[Change]:
        for option in OPTIONS:
            if option in desired and modes[option] != IGNORE:
                present = actual[option]
                named = [target for target, mount in desired[option].items() if not accepts(mount, present.get(target))]
                extra = self.unwanted(option, desired, present, modes)
                if named or extra:
                    before = [present[target][1] for target in named + extra if target in present]
                    after = [merged(desired[option][target], present.get(target)) for target in named]
                    yield Change(option, show(option, before), show(option, after), RECREATE)

    def unwanted(self, option: str, desired: Values, present: Mapping[str, Any], modes: Modes) -> list[str]:
        """The targets that a strict comparison does not want."""
        if option not in desired or modes[option] != STRICT:
            return []
        wanted = {target for each in OPTIONS for target in desired.get(each, {})}
        return [target for target, (home, _mount) in present.items() if home in HOMES[option] and target not in wanted]

    def write(self, desired: Values, actual: Values, modes: Modes, body: dict[str, Any]) -> None:
        host = body.setdefault("HostConfig", {})
        for option in OPTIONS:
            present = actual.get(option) or {}
            for target in self.unwanted(option, desired, present, modes):
                drop(body, target)
            for target, mount in desired.get(option, {}).items():
                if accepts(mount, present.get(target)):
                    continue
                drop(body, target)
                whole = merged(mount, present.get(target))
                if option == "mounts":
                    host["Mounts"] = [*(host.get("Mounts") or []), entry(whole)]
                elif whole.get("source"):
                    host["Binds"] = [*(host.get("Binds") or []), bind(whole)]
                else:
                    body["Volumes"] = {**(body.get("Volumes") or {}), target: {}}

    def show(self, desired: Values) -> Values:
        return {option: show(option, list(desired[option].values())) for option in OPTIONS if option in desired}


def accepts(wanted: Mount, present: Any) -> bool:
    """True when the present mount is as wanted."""
    if present is None:
        return False
    return MOUNT.same(wanted, present[1], MORE) and wanted.get("relabel") == present[1].get("relabel")


def merged(wanted: Mount, present: Any) -> Mount:
    """The wanted mount over the present one; a mount of another type leaves nothing behind."""
    kept = present[1] if present and present[1]["type"] == wanted["type"] else {}
    return {
        **kept,
        **MOUNT.merge(wanted, kept, MORE),
        **({"relabel": wanted["relabel"]} if "relabel" in wanted else {}),
    }


def show(option: str, mounts: list[Mount]) -> list[Any]:
    return [bind(mount) if option == "volumes" else MOUNT.show(mount) for mount in mounts]


def drop(body: dict[str, Any], target: str) -> None:
    """Take a target out of a create body, wherever it is."""
    host = body["HostConfig"]
    host["Binds"] = [text for text in host.get("Binds") or [] if short(text, asked=False)["target"] != target]
    host["Mounts"] = [api for api in host.get("Mounts") or [] if clean(api["Target"]) != target]
    body["Volumes"] = {path: {} for path in body.get("Volumes") or {} if clean(path) != target}


def carry(body: dict[str, Any], found: Mapping[str, Any], volumes: Mapping[str, Any]) -> None:
    """Give a replacement the anonymous volumes of the old container, wherever it would get new ones.

    `volumes` are the volumes of the replacement's image.
    """
    host = body["HostConfig"]
    waiting = {clean(path) for path in {**volumes, **(body.get("Volumes") or {})}}
    waiting -= {short(text, asked=False)["target"] for text in host.get("Binds") or []}
    entries = {clean(api["Target"]): api for api in host.get("Mounts") or []}
    waiting -= set(entries)
    for mount in found.get("Mounts") or []:
        target, name = clean(mount["Destination"]), mount.get("Name") or ""
        if mount.get("Type") != "volume" or not ANONYMOUS.fullmatch(name):
            continue
        if target in waiting:
            host["Binds"] = [
                *(host.get("Binds") or []),
                bind({"source": name, "target": target, "read_only": not mount["RW"]}),
            ]
        elif target in entries and entries[target].get("Type") == "volume" and not entries[target].get("Source"):
            entries[target]["Source"] = name


def inherited(text: str) -> str:
    """The target of a bind of an anonymous volume, as replacements get them by carry(); empty for any other bind."""
    mount = short(text, asked=False)
    return str(mount["target"]) if ANONYMOUS.fullmatch(mount.get("source", "")) else ""


def renew(body: dict[str, Any]) -> None:
    """Give a replacement new anonymous volumes for those that it would take over by their names."""
    host = body["HostConfig"]
    for target in filter(None, map(inherited, host.get("Binds") or [])):
        drop(body, target)
        body["Volumes"][target] = {}
    for api in host.get("Mounts") or []:
        if ANONYMOUS.fullmatch(api.get("Source") or ""):
            api["Source"] = ""
