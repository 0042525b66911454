# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of services: every option with its place in POST /services/create and in inspect."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from .._state.fields import RECREATE, UPDATE, Change, Field, Modes, Part, Schema, Struct, Values, pick
from .._state.kinds import IGNORE, STRICT, Address, Flag, Kind, Many, Map, Need, Number, Text, Unfit
from .._state.measures import Cpus, Duration, Size
from .service_kinds import (
    MOUNT,
    SECOND,
    CredentialSpec,
    Generic,
    Hosts,
    Networks,
    Plugin,
    Ports,
    Preference,
    Privilege,
    Profile,
    References,
    Replaced,
    Variables,
    constraint,
    pace,
)
from .service_tasks import COUNTED, MODES, mode
from .shared import HEALTHCHECK, Command, Ulimit, capability, clean, signal

SCALE = ("mode", "replicas", "max_concurrent")


class Scale(Part):
    """How many tasks there are: the options mode, replicas and max_concurrent. API: the one member of Mode."""

    def spec(self) -> dict[str, dict[str, Any]]:
        return {
            "mode": {"type": "str", "choices": list(MODES)},
            "replicas": {"type": "int"},
            "max_concurrent": {"type": "int"},
        }

    def modes(self) -> dict[str, tuple[str, ...]]:
        return dict.fromkeys(SCALE, (STRICT, IGNORE))

    def parse(self, params: Mapping[str, Any]) -> Values:
        values = {option: params[option] for option in SCALE if params.get(option) is not None}
        if values.get("replicas") == -1:  # community.docker's word for "as it is"
            del values["replicas"]
        for option in ("replicas", "max_concurrent"):
            if option in values:
                Number(0).parse(values[option])
        if "mode" in values:
            self.fits(values, values["mode"])
        return values

    @staticmethod
    def fits(values: Values, kind: str) -> None:
        """Raise ValueError for a number that a mode does not have."""
        if "replicas" in values and kind not in COUNTED:
            raise Unfit(f"a service of mode {kind} has no number of replicas", "replicas")
        if "max_concurrent" in values and kind != "replicated-job":
            raise Unfit(f"only mode replicated-job has it, and this is {kind}", "max_concurrent")

    def load(self, found: Mapping[str, Any]) -> Values:
        api = pick(found, "Spec.Mode") or {}
        kind = mode(api)
        inner = api.get(MODES[kind]) or {}
        return {
            "mode": kind,
            "replicas": inner.get(COUNTED[kind], inner.get("MaxConcurrent", 1)) if kind in COUNTED else None,
            "max_concurrent": inner.get("MaxConcurrent", 1) if kind == "replicated-job" else None,
        }

    def needs(self, desired: Values) -> Iterator[Need]:
        if desired.get("mode", "").endswith("-job"):
            yield f"mode={desired['mode']}", (1, 41)
        if "max_concurrent" in desired:
            yield "max_concurrent", (1, 41)

    def compare(self, desired: Values, actual: Values, modes: Modes) -> Iterator[Change]:
        if "mode" not in desired:
            self.fits(desired, actual["mode"])
        for option in SCALE:
            if option in desired and modes[option] != IGNORE and desired[option] != actual[option]:
                cost = RECREATE if option == "mode" else UPDATE
                yield Change(option, actual[option], desired[option], cost)

    def write(self, desired: Values, actual: Values, modes: Modes, body: dict[str, Any]) -> None:
        if not any(option in desired for option in SCALE):
            return
        merged = {**{name: value for name, value in actual.items() if name in SCALE and value is not None}, **desired}
        kind = merged.get("mode", "replicated")
        inner: dict[str, Any] = {}
        if kind in COUNTED:
            inner[COUNTED[kind]] = merged.get("replicas", 1)
        if kind == "replicated-job":
            inner["MaxConcurrent"] = merged.get("max_concurrent", merged.get("replicas", 1))
        body["Mode"] = {MODES[kind]: inner}

    def show(self, desired: Values) -> Values:
        return {option: desired[option] for option in SCALE if option in desired}


def spec(option: str, kind: Kind, path: str, **more: Any) -> Field:
    """A member of the spec, which every update replaces."""
    return Field(option, kind, path, read=f"Spec.{path}", on_change=UPDATE, **more)


def task(option: str, kind: Kind, path: str, **more: Any) -> Field:
    return spec(option, kind, f"TaskTemplate.{path}", **more)


def inside(option: str, kind: Kind, path: str, **more: Any) -> Field:
    """A member of the container spec."""
    return task(option, kind, f"ContainerSpec.{path}", **more)


LIMITS = Struct(
    Field("cpus", Cpus(), "NanoCPUs", unset=0),
    Field("memory", Size(), "MemoryBytes", unset=0),
    Field("pids", Number(0), "Pids", min_api=(1, 41), unset=0),
)
RESERVATIONS = Struct(
    Field("cpus", Cpus(), "NanoCPUs", unset=0),
    Field("memory", Size(), "MemoryBytes", unset=0),
    Field("generic_resources", Replaced(Generic()), "GenericResources", unset=[]),
)
RESTART = Struct(
    Field("condition", Text(("none", "on-failure", "any")), "Condition", unset="any"),
    Field("delay", Duration(), "Delay", unset=5 * SECOND),
    Field("max_attempts", Number(0), "MaxAttempts", unset=0),
    Field("window", Duration(), "Window", unset=0),
)
PLATFORM = Struct(
    Field("architecture", Text(), "Architecture", unset=""),
    Field("os", Text(), "OS", unset=""),
)
PLACEMENT = Struct(
    Field("constraints", Replaced(Text(canon=constraint)), "Constraints", unset=[]),
    Field("preferences", Replaced(Preference(), ordered=True), "Preferences", unset=[]),
    Field("replicas_max_per_node", Number(0), "MaxReplicas", min_api=(1, 40), unset=0),
    Field("platforms", Replaced(PLATFORM), "Platforms", unset=[]),
)
LOGGING = Struct(
    Field("driver", Text(), "Name", unset=""),
    Field("options", Map(loose=True), "Options", unset={}),
)
SECCOMP = Struct(
    Field("mode", Text(("default", "unconfined", "custom")), "Mode", unset="default"),
    Field("profile", Profile(), "Profile"),
)
SELINUX = Struct(
    Field("disable", Flag(), "Disable", unset=False),
    Field("user", Text(), "User", unset=""),
    Field("role", Text(), "Role", unset=""),
    Field("type", Text(), "Type", unset=""),
    Field("level", Text(), "Level", unset=""),
)
APPARMOR = Struct(Field("mode", Text(("default", "disabled")), "Mode", unset="default"))
PRIVILEGES = Struct(
    Field("no_new_privileges", Flag(), "NoNewPrivileges", min_api=(1, 44), unset=False),
    Field("seccomp", SECCOMP, "Seccomp", min_api=(1, 44), unset={}),
    Field("apparmor", APPARMOR, "AppArmor", min_api=(1, 44), unset={}),
    Field("selinux_context", SELINUX, "SELinuxContext", unset={}),
)

PLUGIN = Plugin(
    Field("name", Text(), "Name", extra={"required": True}),
    Field("remote", Text(), "Remote", unset=""),
    Field("disabled", Flag(), "Disabled", unset=False),
    Field("privileges", Replaced(Privilege()), "privileges", unset=[]),
    Field("env", Replaced(Text(), ordered=True), "env", min_api=(1, 41), unset=[]),
)

FIELDS = (
    spec("labels", Map(), "Labels", unset={}),
    spec("endpoint_mode", Text(("vip", "dnsrr")), "EndpointSpec.Mode", unset="vip"),
    spec("publish", Ports(), "EndpointSpec.Ports", unset=[]),
    spec("update_config", pace("continue", "pause", "rollback"), "UpdateConfig", unset={}),
    spec("rollback_config", pace("continue", "pause"), "RollbackConfig", unset={}),
    # Where and how the tasks run.
    task("limits", LIMITS, "Resources.Limits", unset={}),
    task("reservations", RESERVATIONS, "Resources.Reservations", unset={}),
    task("memory_swap", Size(unlimited=-1), "Resources.SwapBytes", min_api=(1, 52)),
    task("memory_swappiness", Number(-1, 100), "Resources.MemorySwappiness", min_api=(1, 52)),
    task("restart_config", RESTART, "RestartPolicy", unset={}),
    task("placement", PLACEMENT, "Placement", unset={}),
    task("logging", LOGGING, "LogDriver", unset={}),
    # The daemon shows ids here and in credential_spec: the resource looks the names up, into members of their own.
    Field("networks", Networks(), "TaskTemplate.Networks", read="Networks", on_change=UPDATE, unset=[]),
    task("plugin", PLUGIN, "PluginSpec", unset={}),
    # What runs, and as whom.
    inside("image", Text(), "Image"),
    inside("command", Command(), "Command", unset=[]),
    inside("args", Many(Text(), ordered=True), "Args", unset=[]),
    inside("env", Variables(), "Env", unset={}),
    inside("container_labels", Map(), "Labels", unset={}),
    inside("working_dir", Text(canon=clean), "Dir", unset=""),
    inside("user", Text(), "User", unset=""),
    inside("groups", Many(Text()), "Groups", unset=[]),
    inside("hostname", Text(), "Hostname", unset=""),
    inside("tty", Flag(), "TTY", unset=False),
    inside("interactive", Flag(), "OpenStdin", unset=False),
    inside("read_only", Flag(), "ReadOnly", unset=False),
    inside("init", Flag(), "Init", min_api=(1, 38)),
    inside("isolation", Text(("default", "process", "hyperv")), "Isolation", min_api=(1, 35), unset="default"),
    inside("stop_signal", Text(canon=signal), "StopSignal", unset=""),
    inside("stop_grace_period", Duration(), "StopGracePeriod", unset=10 * SECOND),
    inside("healthcheck", HEALTHCHECK, "Healthcheck", unset={}),
    # Files, names, rights.
    inside("mounts", Many(MOUNT, key="target"), "Mounts", unset=[]),
    inside("secrets", References("secret"), "Secrets", unset=[], extra={"no_log": False}),  # names, no data
    inside("configs", References("config"), "Configs", unset=[]),
    inside("hosts", Hosts(), "Hosts", unset={}),
    inside("dns", Many(Address(), ordered=True), "DNSConfig.Nameservers", unset=[]),
    inside("dns_search", Many(Text(), ordered=True), "DNSConfig.Search", unset=[]),
    inside("dns_options", Many(Text(), ordered=True), "DNSConfig.Options", unset=[]),
    inside("sysctls", Map(loose=True), "Sysctls", min_api=(1, 40), unset={}),
    inside("cap_add", Many(Text(canon=capability)), "CapabilityAdd", min_api=(1, 41), unset=[]),
    inside("cap_drop", Many(Text(canon=capability)), "CapabilityDrop", min_api=(1, 41), unset=[]),
    inside("ulimits", Many(Ulimit(), key="name"), "Ulimits", min_api=(1, 41), unset=[]),
    inside("oom_score_adj", Number(-1000, 1000), "OomScoreAdj", min_api=(1, 46), unset=0),
    inside("privileges", PRIVILEGES, "Privileges", unset={}),
    Field("credential_spec", CredentialSpec(), "TaskTemplate.ContainerSpec.Privileges.CredentialSpec",
          read="CredentialSpec", on_change=UPDATE, unset=""),
)  # fmt: skip

SCHEMA = Schema(Scale(), *FIELDS)

# The options of containers, which a plugin has not.
OF_CONTAINERS = {each.option for each in FIELDS if each.path.startswith("TaskTemplate.ContainerSpec")}
