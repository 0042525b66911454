# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verbs of managed plugins (/plugins)."""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Callable

from .._engine import access
from .._engine.client import Engine
from .._engine.errors import APIError, EngineError
from .._engine.reference import Reference, parse_reference
from .._engine.registry import encode_auth
from .._state.converge import Document, Plan, Resource, Step
from .._state.fields import CREATE_ONLY, UPDATE, Change, Field, Modes, Schema, Values
from .._state.kinds import Map, Unfit
from .images import checked, failing, follow
from .plugin_files import contents, described, differences
from .registries import Registries

Privileges = list[dict[str, Any]]

TRIES = 20  # how often a plugin is made, while the engine clears away the files of one that was removed
PAUSE = 0.1
PATIENCE = 300  # for what takes the engine its time without a word: unpacking files, waiting for a plugin to end


@dataclass(frozen=True)
class Setting:
    """Something of a plugin that can be set, if it is `free`: its `field` is value, source or path.

    `value` is None for a variable that is not set; `default` is what the plugin was made with, None when nobody knows.
    """

    field: str
    free: bool
    value: str | None
    default: str | None


def settings(found: Document) -> dict[str, Setting]:
    """Name -> setting: variables, mounts, devices and the arguments, as inspect shows them."""
    config, present = found["Config"], found["Settings"]
    result = {}
    args = config["Args"]
    pairs = [("path", each) for each in present["Devices"] or []]
    pairs += [("source", each) for each in present["Mounts"] or []]
    free = "value" in (args["Settable"] or [])
    result[args["Name"]] = Setting("value", free, " ".join(present["Args"] or []), " ".join(args["Value"] or []))
    for field, each in pairs:
        # The engine writes what is set into the plugin's own configuration, too: the default is lost.
        result[each["Name"]] = Setting(field, field in (each["Settable"] or []), each[field.title()], None)
    variables = dict(pair.split("=", 1) for pair in present["Env"] or [])
    for each in config["Env"] or []:
        name, free = each["Name"], "value" in (each["Settable"] or [])
        result[name] = Setting("value", free, variables.get(name), each["Value"])
    result.pop("", None)
    return result


class Options(Map):
    """Settings as `docker plugin set` takes them: NAME, NAME.value, NAME.source and NAME.path."""

    def parse(self, option: Any) -> Any:
        return {re.sub(r"\.(value|source|path)$", "", name): value for name, value in super().parse(option).items()}


class Settings(Field):
    """The option that names some of the settings. They are compared one by one, and the diff shows no others."""

    def load(self, found: Mapping[str, Any]) -> Values:
        values = {name: each.value for name, each in settings(found).items() if each.value is not None}
        return {self.option: values}

    def compare(self, desired: Values, actual: Values, modes: Modes) -> Iterator[Change]:
        wanted, present = desired.get(self.option, {}), actual[self.option]
        differing = [name for name in wanted if wanted[name] != present.get(name)]
        if differing:
            before, after = ({name: values.get(name) for name in differing} for values in (present, wanted))
            yield Change(self.option, before, after, UPDATE)


class Plugin(Resource):
    """A managed plugin under a name of its own, from a registry or made of files, set up, and enabled or disabled.

    A plugin can only be set and upgraded while it is disabled. One that was enabled is enabled again, and when
    something fails, it is brought back to what it was.
    """

    word = "plugin"
    engine: Engine
    schema = Schema(Settings("plugin_options", Options(loose=True), ""))
    options = {
        "plugin_name": {"type": "str", "required": True, "aliases": ["name"]},
        "alias": {"type": "str"},
        "state": {"type": "str", "choices": ["absent", "present", "enable", "disable"], "default": "present"},
        "grant_all_permissions": {"type": "bool", "default": False},
        "privileges": {
            "type": "list",
            "elements": "dict",
            "options": {
                "name": {"type": "str", "required": True},
                "value": {"type": "list", "elements": "str", "required": True},
            },
        },
        "source_path": {"type": "path"},
        "recreate": {"type": "str", "choices": ["never", "options-changed", "always"], "default": "never"},
        "push": {"type": "bool", "default": False},
        "enable_timeout": {"type": "int", "default": 0},
        "force_disable": {"type": "bool", "default": False},
        "force_remove": {"type": "bool", "default": False},
        **access.SPEC,
    }
    rules = {
        "mutually_exclusive": [("source_path", "alias"), ("source_path", "privileges")],
        "required_together": access.TOGETHER,
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, {**params, "name": params["plugin_name"]})
        self.registries = Registries(engine, params)
        remote = checked(self.name, "plugin_name", "latest")
        self.local = remote._replace(tag=remote.tag or "latest", digest=None)
        if params["alias"]:
            self.local = checked(params["alias"], "alias", "latest")
            if self.local.digest:
                raise Unfit("must be a name with a tag, not with a digest", "alias")
        self.name = str(self.local)
        self.remote = remote._replace(tag=None) if remote.digest else remote  # as the engine keeps it
        # A name alone may be an alias that an earlier task gave, and then is no place to upgrade from.
        self.told_apart = bool(params["alias"] or remote.digest)
        self.source: str | None = params["source_path"]
        if self.source and remote.digest:
            raise Unfit("the files of source_path get their digest from the engine", "plugin_name")
        if params["privileges"] is not None and params["grant_all_permissions"]:
            raise Unfit("all are granted already by grant_all_permissions", "privileges")
        self.config: Document | None = None  # of the source
        self.asked: Privileges | None = None  # by the plugin that is to be installed
        self.fresh = False  # whether the plan brings other files to the engine

    def find(self) -> dict[str, Any] | None:
        found: dict[str, Any] | None = self.engine.get(f"/plugins/{self.name}/json", missing=None)
        return found

    # The plan.

    def plan(self, found: Document | None) -> Plan:
        plan = super().plan(found)
        if self.params["push"] and self.state != "absent":
            self.publish(plan)
        return plan

    def complete(self, found: Document | None) -> None:
        if not self.source:
            if self.remote.digest:  # older engines do not survive it
                self.engine.require([("plugin_name with a digest", (1, 45))])
            return
        try:
            self.config = described(self.source)
        except FileNotFoundError as error:
            self.obstacles.append(f"source_path: there is no {error.filename}")

    def creation(self) -> Plan:
        plan, self.fresh = super().creation(), True
        if self.source:
            plan.after["source_path"] = self.source
        else:
            plan.after["remote"] = str(self.remote)
            plan.after["privileges"] = self.privileges()
            plan.steps = [self.step("install", self.install)]
        if self.desired.get("plugin_options"):
            plan.steps.append(self.step("set", self.trying(None, self.set)))
        if self.state == "enable":
            plan.steps.append(self.step("enable", self.trying(None, self.enable)))
        return plan

    def changes(self, found: Document) -> list[Change]:
        changes = super().changes(found)
        reference = found.get("PluginReference")
        if self.source and self.config:
            before, after = differences(found["Config"], self.config)
            if before or after:
                changes.append(Change("source_path", before, after, CREATE_ONLY))
        elif self.told_apart and reference and parse_reference(reference) != self.remote:
            changes.append(Change("plugin_name", reference, str(self.remote), UPDATE))
        present = "enable" if found["Enabled"] else "disable"
        if self.state not in ("present", present):
            changes.append(Change("state", present, self.state, UPDATE))
        return changes

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        options = {change.option for change in changes}
        if self.source and (self.params["recreate"] == "always" or "source_path" in options):
            if self.params["recreate"] == "never":
                raise Unfit(self.refusal(changes))
            self.fresh = True
            return [self.step("recreate", self.trying(found, lambda: self.recreate(found, changes)))]
        upgrade, set_ = "plugin_name" in options, "plugin_options" in options
        if upgrade:
            self.fresh = True
            self.privileges()
        elif set_:
            self.check(found)
        running = found["Enabled"] if self.state == "present" else self.state == "enable"
        stop = found["Enabled"] and (upgrade or set_ or not running)
        steps = []
        if stop:
            self.warn_users()
            steps.append(self.step("disable", self.disable))
        if upgrade:
            steps.append(self.step("upgrade", self.trying(found, lambda: self.upgrade(self.remote, self.asked))))
        if set_:
            steps.append(self.step("set", self.trying(found, self.set)))
        if running and (stop or not found["Enabled"]):
            steps.append(self.step("enable", self.trying(found, self.enable)))
        return steps

    def refusal(self, changes: list[Change]) -> str:
        change = next(change for change in changes if change.action == CREATE_ONLY)
        return (
            f"plugin {self.name} has another configuration than {self.source} and no engine can change it: "
            f"it is {change.before}, wanted {change.after}. With recreate: options-changed it is removed and made anew"
        )

    def removal(self, found: Document) -> Plan:
        if found["Enabled"] and not self.params["force_remove"]:
            self.obstacles.append(f"plugin {self.name} is enabled; see force_remove")
        return super().removal(found)

    def privileges(self) -> Privileges:
        """What the plugin in the registry asks for (GET /plugins/privileges), if the task grants it; else Unfit."""
        with failing(f"plugin {self.remote} cannot be asked for its privileges"):
            self.asked = self.ask(self.remote)
        asked = [{"name": each["Name"], "value": each["Value"] or []} for each in self.asked]
        granted = self.params["privileges"] or []
        if not self.params["grant_all_permissions"] and tally(asked) != tally(granted):
            # Engines have the same answer for a plugin that asks for nothing and for a registry that has none.
            nothing = "none (or is not in the registry, which engines do not tell apart)"
            raise Unfit(
                f"plugin {self.remote} asks for the privileges {asked or nothing}, and the task grants "
                f"{granted or 'none'}; they must be the same, or see grant_all_permissions",
                "privileges",
            )
        return asked

    def ask(self, remote: Reference) -> Privileges:
        query, login = {"remote": str(remote)}, self.registries.headers(remote.domain)

        def get() -> Privileges:
            return list(self.engine.get("/plugins/privileges", query, headers=login, patience=PATIENCE) or [])

        return self.registries.patiently(get)

    def check(self, found: Document) -> None:
        """Unfit for a setting that the plugin does not have, or does not let be set."""
        known = settings(found)
        for name, value in self.desired.get("plugin_options", {}).items():
            if name not in known:
                names = ", ".join(sorted(each for each in known if known[each].free)) or "none at all"
                raise Unfit(f"the plugin has no such setting, it has {names}", f"plugin_options.{name}")
            if value != known[name].value and not known[name].free:
                raise Unfit(f"the plugin does not let it be set, it is {known[name].value}", f"plugin_options.{name}")

    def warn_users(self) -> None:
        """Only trying tells whether a plugin is in use. That volumes and networks are of it shows before."""
        if self.params["force_disable"]:
            return
        users = []
        for kind in ("volume", "network"):
            found = self.engine.get(f"/{kind}s", {"filters": {"driver": [self.name]}})
            listed = (found["Volumes"] if kind == "volume" else found) or []
            users += [f"{kind} {each['Name']}" for each in listed if each["Driver"] == self.name]
        if users:
            self.engine.warnings.append(
                f"plugin {self.name} may be in use by {', '.join(users)}, and then is not disabled; see force_disable"
            )

    # The verbs. Each of those that change a plugin which is there leaves it disabled.

    def install(self) -> None:
        """POST /plugins/pull, with the privileges that privileges() has found to be granted."""
        query = {"remote": str(self.remote), "name": self.name}
        with failing(f"plugin {self.remote} cannot be installed"):
            self.follow("/plugins/pull", query, self.remote, self.asked)

    def create(self) -> None:
        """POST /plugins/create, with the files of the source."""
        for left in range(TRIES, -1, -1):
            try:
                self.send(self.name)
                return
            except APIError as error:
                if self.refused(error) or not left:
                    raise EngineError(f"plugin {self.name} cannot be made of {self.source}: {error.message}") from error
            time.sleep(PAUSE)

    def send(self, name: str) -> None:
        headers = {"Content-Type": "application/x-tar"}
        body = contents(str(self.source))
        self.engine.post("/plugins/create", body, {"name": name}, headers=headers, patience=PATIENCE)

    def refused(self, error: APIError, own: str = "") -> bool:
        """Whether no plugin can be made of the source; False when only those of a removed plugin stand in the way.

        Engines refuse files that another plugin has: EngineError that names it, unless it is the one with the id `own`.
        """
        twin = re.search(r"content (sha256:[0-9a-f]{64}): already exists", error.message)
        if not twin:
            return True
        for each in self.engine.get("/plugins"):
            if twin.group(1) in files_of(each) and each["Id"] != own:
                raise EngineError(
                    f"plugin {self.name} cannot be made of {self.source}: plugin {each['Name']} has the same files, "
                    "and an engine takes them once only"
                ) from error
        return False

    def upgrade(self, remote: Reference, granted: Privileges | None) -> None:
        """POST /plugins/{name}/upgrade; the settings stay."""
        with failing(f"plugin {self.name} cannot be upgraded to {remote}"):
            self.follow(f"/plugins/{self.name}/upgrade", {"remote": str(remote)}, remote, granted)
        # The engine keeps the new reference in its memory only, until it saves the plugin for another reason.
        self.assign([])

    def set(self) -> None:
        found = self.present()
        self.check(found)
        self.put(self.desired["plugin_options"], found)

    def put(self, wanted: Mapping[str, str], found: Document) -> None:
        """Set what differs and lets itself be set."""
        pairs = [
            f"{name}.{each.field}={wanted[name]}"
            for name, each in settings(found).items()
            if each.free and name in wanted and wanted[name] != each.value
        ]
        if pairs:
            self.assign(pairs)

    def assign(self, pairs: list[str]) -> None:
        """POST /plugins/{name}/set: NAME.FIELD=VALUE."""
        self.engine.post(f"/plugins/{self.name}/set", pairs)

    def enable(self) -> None:
        timeout = self.params["enable_timeout"]
        patience = PATIENCE + 4 * timeout  # the engine tries several times, and on failure waits for the plugin to end
        with failing(f"plugin {self.name} cannot be enabled"):
            self.engine.post(f"/plugins/{self.name}/enable", params={"timeout": timeout}, patience=patience)

    def disable(self) -> None:
        force = self.params["force_disable"]
        try:
            self.engine.post(f"/plugins/{self.name}/disable", params={"force": force}, patience=PATIENCE)
        except APIError as error:
            hint = "; see force_disable" if "in use" in error.message else ""
            raise EngineError(f"plugin {self.name} cannot be disabled: {error.message}{hint}") from error

    def remove(self, found: Document) -> None:
        force = self.params["force_remove"]
        self.engine.delete(f"/plugins/{self.name}", params={"force": force}, missing=None, patience=PATIENCE)

    def recreate(self, found: Document, changes: list[Change]) -> None:
        """A new plugin of the source in place of this one, with the settings that were made, and enabled if it was."""
        self.rehearse(found)
        if found["Enabled"]:
            self.disable()
        self.remove(found)
        self.create()
        fresh = settings(self.present())
        kept = {
            name: each.value
            for name, each in settings(found).items()
            if name in fresh and fresh[name].free and each.value not in (None, each.default)
        }
        self.desired["plugin_options"] = {**kept, **self.desired.get("plugin_options", {})}
        self.set()
        if self.state == "enable" or (self.state == "present" and found["Enabled"]):
            self.enable()

    def rehearse(self, found: Document) -> None:
        """What the engine does not make a plugin of shall be refused while the old one still is there."""
        trial = f"dockside/trial:{os.urandom(6).hex()}"
        try:
            self.send(trial)
        except APIError as error:
            # The engine reads the configuration before it finds that it has the files already.
            if self.refused(error, found["Id"]):
                raise EngineError(f"plugin {self.name} cannot be made of {self.source}: {error.message}") from error
        else:
            self.engine.delete(f"/plugins/{trial}")

    # What fails is undone.

    def trying(self, found: Document | None, do: Callable[[], None]) -> Callable[[], None]:
        """The same call, which brings the plugin back to what was found when it fails."""

        def guarded() -> None:
            try:
                do()
            except (EngineError, ValueError) as error:
                try:
                    self.restore(found)
                except EngineError as second:
                    raise EngineError(f"{error}. It is not as it was, because: {second}") from error
                raise

        return guarded

    def restore(self, found: Document | None) -> None:
        if not found:  # this task has made it
            self.engine.delete(f"/plugins/{self.name}", params={"force": True}, missing=None, patience=PATIENCE)
            return
        present = self.present()
        if found.get("PluginReference") and found["PluginReference"] != present.get("PluginReference"):
            reference = parse_reference(found["PluginReference"])
            self.upgrade(reference, self.ask(reference))
            present = self.present()
        before, now = settings(found), settings(present)
        # What was not set before cannot be unset again, only be empty.
        self.put({name: before[name].value or "" for name in before if before[name] != now.get(name)}, present)
        if found["Enabled"] and not present["Enabled"]:
            self.enable()

    def present(self) -> Document:
        found = self.find()
        if not found:
            raise EngineError(f"plugin {self.name} is gone")
        return found

    # The way to a registry.

    def publish(self, plan: Plan) -> None:
        """Plan to push a plugin that is new here, or that the registry has none of: its digest here nobody tells."""
        there = self.registries.published(self.local)
        if there and not self.fresh:
            return
        plan.before[f"{self.name} in the registry"] = there
        plan.after[f"{self.name} in the registry"] = "this plugin"
        plan.changes.append(Change("push", there, "this plugin", UPDATE))
        plan.steps.append(self.step("push", self.push))

    def push(self) -> bool:
        """POST /plugins/{name}/push; answers whether the registry has something else now."""
        before = self.registries.published(self.local)
        with failing(f"plugin {self.name} cannot be pushed"):
            self.follow(f"/plugins/{self.name}/push", {}, self.local)
        return self.registries.published(self.local) != before

    def follow(self, path: str, query: Mapping[str, Any], name: Reference, body: Any = None) -> None:
        """A request that makes the engine speak to the registry of `name`."""
        # A push wants a login from everybody.
        headers = self.registries.headers(name.domain) or {"X-Registry-Auth": encode_auth({})}
        self.registries.patiently(lambda: follow(self.engine, path, query, body=body, headers=headers))

    def value(self, found: Document | None) -> dict[str, Any]:
        asked = {} if self.asked is None else {"privileges": self.asked}
        return {**super().value(found), **asked}


def tally(privileges: Privileges) -> dict[str, list[str]]:
    """Name -> values of privileges: engines list some more than once, and their order means nothing."""
    result: dict[str, list[str]] = {}
    for each in privileges:
        result[each["name"]] = sorted([*result.get(each["name"], []), *each["value"]])
    return result


def files_of(found: Document) -> list[str]:
    """The digests of a plugin's root file system."""
    rootfs = found["Config"].get("rootfs") or {}
    return list(rootfs.get("diff_ids") or [])
