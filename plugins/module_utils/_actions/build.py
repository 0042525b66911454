# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Images of Dockerfiles (/build), by the classic builder or by BuildKit."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Callable

from .._engine.archive import pack
from .._engine.build_config import config_header, proxies
from .._engine.build_log import BuildLog
from .._engine.client import Engine
from .._engine.context import Context
from .._engine.errors import APIError, EngineError, StreamError, UnreachableError
from .._engine.exports import Taken
from .._engine.filesync import folders, key
from .._engine.reference import Reference, parse_reference
from .._engine.session import Method, agents, logins, secrets, session
from .._engine.streams import messages, raise_for_error
from .._resources.images import inspect, parts, serves
from .._resources.shared import Ulimit, host_address
from .._state.fields import Field, Schema
from .._state.kinds import Flag, Many, Map, Number, Text, Unfit
from .._state.measures import Size

Result = dict[str, Any]

LABEL = "dockside.engine.build"  # what the image was built of, see rebuild
_LOG = 256 * 1024  # characters of the log that are returned
_BUILDKIT = (1, 38)  # the API version that it came with


class Hosts(Map):
    """Host names to addresses; the API takes NAME:ADDRESS, as often as needed."""

    def __init__(self) -> None:
        super().__init__(canon=host_address)

    def dump(self, value: Any) -> Any:
        return tuple(f"{name}:{address}" for name, address in value.items())


class Platform(Text):
    """A platform; a list of one is one, for the module that users come from takes a list."""

    def spec(self) -> dict[str, Any]:
        return {"type": "list", "elements": "str"}

    def parse(self, option: Any) -> Any:
        if len(option) != 1:
            raise ValueError("must name one platform: the engine builds for one at a time")
        try:
            parts(option[0])
        except Unfit as error:
            raise ValueError(error.reason) from None
        return option[0]


OFF = {"default": False}
# Each option is a parameter of the request.
SCHEMA = Schema(
    Field("args", Map(loose=True), "buildargs"),
    Field("cache_from", Many(Text(), ordered=True), "cachefrom"),
    Field("cgroup_parent", Text(), "cgroupparent"),
    Field("cpu_period", Number(0), "cpuperiod"),
    Field("cpu_quota", Number(0), "cpuquota"),
    Field("cpu_shares", Number(0), "cpushares"),
    Field("cpuset_cpus", Text(), "cpusetcpus"),
    Field("cpuset_mems", Text(), "cpusetmems"),
    Field("etc_hosts", Hosts(), "extrahosts"),
    Field("force_rm", Flag(), "forcerm", extra=OFF),
    Field("labels", Map(loose=True), "labels"),
    Field("memory", Size(), "memory"),
    Field("memory_swap", Size(unlimited=-1), "memswap"),
    Field("network", Text(), "networkmode"),
    Field("nocache", Flag(), "nocache", extra=OFF),
    Field("platform", Platform(), "platform"),
    Field("pull", Flag(), "pull", extra=OFF),
    Field("rm", Flag(), "rm", extra={"default": True}),
    Field("shm_size", Size(), "shmsize"),
    Field("squash", Flag(), "squash", extra=OFF),
    Field("target", Text(), "target", min_api=(1, 37)),
    Field("ulimits", Many(Ulimit(), ordered=True), "ulimits"),
)
# The options that say what the image is to be; the others say how it comes to be.
CONTENT = ("args", "etc_hosts", "labels", "network", "platform", "squash", "target")
CLASSIC = ("cgroup_parent", "cpu_period", "cpu_quota", "cpu_shares", "cpuset_cpus", "cpuset_mems", "memory",
           "memory_swap", "squash")  # fmt: skip
BUILDKIT = ("secrets", "ssh")
# What the classic builder has had for long, and BuildKit knows from this version on.
LATER = {"shm_size": (1, 42), "ulimits": (1, 42)}
SPEC: dict[str, dict[str, Any]] = {
    "name": {"type": "str", "required": True},
    "tag": {"type": "str", "default": "latest"},
    "path": {"type": "path"},
    "remote": {"type": "str"},
    "dockerfile": {"type": "str"},
    "dockerfile_inline": {"type": "str"},
    "builder": {"type": "str", "choices": ["classic", "buildkit"]},
    "rebuild": {"type": "str", "choices": ["never", "always", "when_context_changed"], "default": "never"},
    "secrets": {
        "type": "list",
        "elements": "dict",
        "no_log": False,
        "options": {
            "id": {"type": "str", "required": True},
            "type": {"type": "str", "choices": ["file", "env", "value"], "required": True},
            "src": {"type": "path"},
            "env": {"type": "str"},
            "value": {"type": "str", "no_log": True},
        },
        "required_if": [("type", "file", ["src"]), ("type", "env", ["env"]), ("type", "value", ["value"])],
    },
    "outputs": {
        "type": "list",
        "elements": "dict",
        "options": {
            "type": {"type": "str", "choices": ["image", "local", "tar"], "required": True},
            "name": {"type": "list", "elements": "str"},
            "dest": {"type": "path"},
        },
        "required_if": [("type", "image", ["name"]), ("type", "local", ["dest"]), ("type", "tar", ["dest"])],
    },
    "ssh": {
        "type": "list",
        "elements": "dict",
        "options": {"id": {"type": "str", "default": "default"}, "socket": {"type": "path"}},
    },
    **SCHEMA.argument_spec(),
}
RULES: dict[str, Any] = {
    "required_one_of": [("path", "remote", "dockerfile_inline")],
    "mutually_exclusive": [("path", "remote"), ("remote", "dockerfile_inline"), ("dockerfile", "dockerfile_inline")],
}


class BuildError(EngineError):
    """A build that failed; `result` holds the log as far as it came."""

    def __init__(self, message: str, log: BuildLog) -> None:
        super().__init__(message)
        self.result = {"stdout": log.text}


def build(engine: Engine, params: Mapping[str, Any]) -> tuple[Callable[[], Result], Callable[[], Result]]:
    work = Build(engine, params)
    return work.say, work.act


class Build:
    """One task: what it wants, what there is, and what that takes.

    why      why the image is to be built, "" when it is not
    names    further names that it is to get
    exports  outputs that are to be written
    """

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        self.engine, self.params = engine, params
        self.name = _name(params["name"], params["tag"], "name")
        self.desired = SCHEMA.desired(params)
        self.classic = (params["builder"] or self._default_builder()) == "classic"
        self._check_options()
        self.secrets, self.agents = secret_values(params["secrets"] or ()), agent_sockets(params["ssh"] or ())
        self.context: Context | None = None  # the engine gets a remote one by itself
        self.obstacle = ""
        if not params["remote"]:
            try:
                self.context = Context(params["path"], params["dockerfile"], params["dockerfile_inline"], self.classic)
            except EngineError as error:
                self.obstacle = error.message
        self.label = self._label()
        self.found = inspect(engine, str(self.name))
        self.why = self.obstacle or self._why(self.found)
        self.names = [name for name in self._further_names() if self.why or self._id(name) != self._id(self.name)]
        outputs = [output for output in params["outputs"] or () if output["type"] != "image"]
        self.exports = [output for output in outputs if self.why or not os.path.lexists(output["dest"])]

    def _default_builder(self) -> str:
        """The one that the engine recommends, which the docker CLI takes, too."""
        with self.engine.stream("GET", "/_ping") as answer:
            modern = answer.headers.get("Builder-Version") == "2" and self.engine.api >= _BUILDKIT
        return "buildkit" if modern else "classic"

    def _check_options(self) -> None:
        """Unfit, or VersionError, for what this builder, or this engine, does not have."""
        other, mine = ("BuildKit", "classic") if self.classic else ("the classic builder", "buildkit")
        exports = [
            f"outputs[{index}].type={output['type']}"
            for index, output in enumerate(self.params["outputs"] or ())
            if output["type"] != "image"
        ]
        useless = [option for option in (BUILDKIT if self.classic else CLASSIC) if self._given(option)]
        useless += exports if self.classic else []
        if useless:
            raise Unfit(f"only {other} has this, and builder is {mine}", ", ".join(useless))
        needs = SCHEMA.requirements(self.desired)
        if not self.classic:
            needs += [("builder=buildkit", _BUILDKIT), *((export, (1, 40)) for export in exports)]
            later = [(option, since) for option, since in LATER.items() if self._given(option)]
            needs += [(f"{option} (with builder=buildkit)", since) for option, since in later]
        self.engine.require(needs)

    def _given(self, option: str) -> bool:
        return bool(self.desired.get(option) or self.params.get(option))

    def _label(self) -> str:
        """What the image is built of, "" where that does not matter."""
        if self.params["rebuild"] != "when_context_changed" or self.obstacle:
            return ""
        options = {name: value for name, value in self.desired.items() if name in CONTENT and value}
        if self.context:
            return self.context.digest(json.dumps(options, sort_keys=True))
        told = json.dumps([options, self.params["remote"], self.params["dockerfile"]], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()

    def _why(self, found: Mapping[str, Any] | None) -> str:
        if not found:
            return "it is not there"
        if self._misfit(found):
            return f"it is not there for {self.desired['platform']}"
        if self.params["rebuild"] == "always":
            return "it is asked for"
        known = (found["Config"].get("Labels") or {}).get(LABEL)
        if not self.label or self.label == known:
            return ""
        return "its context or options changed" if known else "it does not tell what it was built of"

    def _misfit(self, image: Mapping[str, Any]) -> bool:
        """Whether the image is for another platform than the task wants."""
        platform = self.desired.get("platform", "")
        return platform != "" and not serves(self.engine, image["Id"], image, platform)

    def _further_names(self) -> Iterator[Reference]:
        for index, output in enumerate(self.params["outputs"] or ()):
            if output["type"] == "image":
                for number, name in enumerate(output["name"]):
                    yield _name(name, "latest", f"outputs[{index}].name[{number}]")

    def _id(self, name: Reference) -> str | None:
        return (inspect(self.engine, str(name)) or {}).get("Id")

    # What is done.

    def say(self) -> Result:
        if self.obstacle:
            self.engine.warnings.append(f"this would fail: {self.obstacle}")
        changed = bool(self.why or self.names or self.exports)
        return self._result(changed, self.found or {}, "a new image" if self.why else self.before, "")

    def act(self) -> Result:
        if self.obstacle:
            raise EngineError(self.obstacle)
        log = BuildLog(_LOG, self.secrets.values())
        image: Mapping[str, Any] = self._build(log) if self.why else self.found or {}
        changed = image["Id"] != self.before
        for name in self.names:
            changed = self._id(name) != image["Id"] or changed
            self.engine.post(f"/images/{image['Id']}/tag", None, {"repo": name.repository, "tag": name.tag})
        for output in self.exports:
            changed = self._export(log, output["type"], output["dest"]) or changed
        self.engine.warnings += log.warnings
        return self._result(changed, image, image["Id"], log.text)

    @property
    def before(self) -> str | None:
        return (self.found or {}).get("Id")

    def _result(self, changed: bool, image: Mapping[str, Any], after: str | None, log: str) -> Result:
        actions = [f"build image {self.name}: {self.why}"] if self.why else []
        actions += [f"tag image {self.name} as {name}" for name in self.names]
        actions += [f"export image {self.name} to {output['dest']}" for output in self.exports]
        diff = {"before": {"id": self.before}, "after": {"id": after}}
        return {"changed": changed, "actions": actions, "image": image, "stdout": log, "diff": diff}

    def _build(self, log: BuildLog) -> Mapping[str, Any]:
        """The image that a build made."""
        self._run(log, {"t": str(self.name)})
        image = self._made(log)
        if self._misfit(image):
            # The cache of the classic builder of older engines does not look at the platform.
            self._run(log, {"t": str(self.name), "nocache": True})
            image = self._made(log)
        return image

    def _made(self, log: BuildLog) -> Mapping[str, Any]:
        image = inspect(self.engine, log.image_id or str(self.name))
        if not image:
            raise BuildError(f"image {self.name} was built, and is not there any more", log)
        return image

    def _export(self, log: BuildLog, kind: str, dest: str) -> bool:
        """Write what a build makes, out of its cache, to this machine; answers whether that changed something."""
        taken = Taken(dest)
        method = taken.archive() if kind == "tar" else taken.tree()
        self._run(log, {"outputs": [{"Type": kind, "Attrs": {}}], "nocache": False}, method)
        return taken.changed

    def _run(self, log: BuildLog, more: Mapping[str, Any], methods: Mapping[str, Method] | None = None) -> None:
        """A build with further parameters and methods; BuildError when it fails."""
        try:
            self._request(log, {**SCHEMA.body(self.desired, {}, SCHEMA.modes()), **more}, methods or {})
        except APIError as error:
            raise BuildError(f"image {self.name} cannot be built: {error.message}", log) from error
        except StreamError as error:
            written = "\n".join(log.failed)
            known = not written or f"\n{written}" in error.message  # some errors repeat it
            text = "" if known else f"\nThe step wrote:\n{written}"
            raise BuildError(f"image {self.name} cannot be built: {error.message}{text}", log) from error
        except UnreachableError as error:
            raise BuildError(f"image {self.name}: {error.message}; whether it was built is not known", log) from error

    def _request(self, log: BuildLog, query: dict[str, Any], methods: Mapping[str, Method]) -> None:
        """POST /build, and all that it answers."""
        own = query.get("buildargs", {})
        query["buildargs"] = {**proxies(self.engine.endpoint.url, os.environ, own), **own}
        if self.label:
            query["labels"] = {**query.get("labels", {}), LABEL: self.label}
        if not self.context:
            query["remote"], query["dockerfile"] = self.params["remote"], self.params["dockerfile"]
        if self.classic:
            headers = config_header(os.environ, self.engine.warnings)
            if self.context:
                query["dockerfile"] = self.context.sent_name
                headers["Content-Type"] = "application/x-tar"
                self._post(log, query, body=pack(self.context.archive()), headers=headers)
            else:
                self._post(log, query, headers=headers)
            return
        methods = {**methods, **logins(os.environ), **secrets(self.secrets), **agents(self.agents)}
        if self.context:
            methods.update(folders(self.context))
            query["remote"], query["dockerfile"] = "client-session", self.context.name
        with session(self.engine, methods, key(self.context) if self.context else "") as lent:
            try:
                self._post(log, {**query, "version": "2", "session": lent.id})
            except StreamError as error:
                untold = "".join(f"; {reason}" for reason in lent.errors[-1:] if reason not in error.message)
                raise StreamError(error.message + untold) from error

    def _post(self, log: BuildLog, query: Mapping[str, Any], **how: Any) -> None:
        with self.engine.stream("POST", "/build", query, **how) as stream:
            for message in messages(stream.chunks()):
                try:
                    log.take(message)
                except ValueError as error:
                    raise StreamError(f"the engine's log of it cannot be read: {error}") from error
                raise_for_error(message)


def _name(name: str, tag: str, option: str) -> Reference:
    try:
        reference = parse_reference(name, tag)
    except ValueError as error:
        raise Unfit.at(option, error) from None
    if reference.digest:
        raise Unfit("a new image gets its digest from the engine", option)
    return reference


def secret_values(options: Iterable[Mapping[str, Any]]) -> dict[str, bytes]:
    """Id -> the secret; Unfit for one that cannot be had."""
    found = {}
    for index, option in enumerate(options):
        kind = option["type"]
        if kind == "value":
            value = option["value"].encode()
        elif kind == "env":
            if option["env"] not in os.environ:
                raise Unfit(f"the environment of the task has no variable {option['env']}", f"secrets[{index}].env")
            value = os.fsencode(os.environ[option["env"]])
        else:
            try:
                with open(option["src"], "rb") as file:
                    value = file.read()
            except OSError as error:
                raise Unfit(f"{option['src']} cannot be read: {error.strerror}", f"secrets[{index}].src") from error
        found[option["id"]] = value
    return found


def agent_sockets(options: Iterable[Mapping[str, Any]]) -> dict[str, str]:
    """Id -> the socket of an ssh agent; Unfit when there is none."""
    found = {}
    for index, option in enumerate(options):
        path = option["socket"] or os.environ.get("SSH_AUTH_SOCK")
        if not path:
            raise Unfit("must be given, for the environment of the task has no SSH_AUTH_SOCK", f"ssh[{index}].socket")
        found[option["id"]] = path
    return found
