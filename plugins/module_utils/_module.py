# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The only file that knows AnsibleModule: the frame around resources, info queries and actions."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Callable, ClassVar, NoReturn, Protocol

from ansible.module_utils.basic import AnsibleModule

from . import _process  # the first, for it changes how the others are loaded
from ._engine.client import Engine
from ._engine.endpoint import resolve
from ._engine.errors import EngineError

Spec = dict[str, dict[str, Any]]
Result = dict[str, Any]
# Looks, and answers two calls: one says what the other one does. Both answer a result, which may carry a `diff`.
Action = Callable[[Engine, Mapping[str, Any]], tuple[Callable[[], Result], Callable[[], Result]]]
# Finds in the options of a task what nobody may see.
Secrets = Callable[[Mapping[str, Any]], set[str]]

# The twin of the doc fragment `connection`. Nothing has a default here: the endpoint resolver looks further,
# into the environment and the docker CLI's contexts.
CONNECTION: Spec = {
    "docker_host": {"type": "str", "aliases": ["docker_url"]},
    "context": {"type": "str"},
    "api_version": {"type": "str", "aliases": ["docker_api_version"]},
    "timeout": {"type": "int"},
    "tls": {"type": "bool"},
    "validate_certs": {"type": "bool", "aliases": ["tls_verify"]},
    "tls_hostname": {"type": "str"},
    "ca_path": {"type": "path", "aliases": ["ca_cert", "tls_ca_cert", "cacert_path"]},
    "client_cert": {"type": "path", "aliases": ["tls_client_cert", "cert_path"]},
    "client_key": {"type": "path", "aliases": ["tls_client_key", "key_path"]},
    "use_ssh_client": {"type": "bool"},
    "debug": {"type": "bool", "default": False},
}
CONNECTION_RULES: dict[str, Any] = {
    "mutually_exclusive": [("docker_host", "context")],
    "required_together": [("client_cert", "client_key")],
}


class Outcome(Protocol):
    """What run() needs of _state.converge.Outcome; named here, so that modules that only read do not carry it along."""

    @property
    def diff(self) -> dict[str, Any]: ...

    def result(self) -> dict[str, Any]: ...


class Resource(Protocol):
    """What run() needs of _state.converge.Resource."""

    rules: ClassVar[dict[str, Any]]
    done: list[str]

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None: ...

    @classmethod
    def argument_spec(cls) -> Spec: ...

    @classmethod
    def secrets(cls, params: Mapping[str, Any]) -> set[str]: ...

    def converge(self, check_mode: bool) -> Outcome: ...


# Shows a line while the module runs. A process can show nothing before its end; a worker of Ansible sets this.
tell: Callable[[str], None] | None = None


def none(params: Mapping[str, Any]) -> set[str]:
    return set()


def connect(params: Mapping[str, Any]) -> Engine:
    """The engine that a task's options and this process's environment point at."""
    engine = Engine(resolve(params, os.environ))
    engine.tell = tell or engine.tell
    return engine


def frame(
    spec: Spec,
    rules: Mapping[str, Any],
    work: Callable[[AnsibleModule, list[str]], dict[str, Any]],
    secrets: Secrets = none,
) -> NoReturn:
    """Run `work` inside a module and report its result; an error comes with the steps that were done before it.

    What `secrets` finds in the options, which may not fit, appears neither in the result nor in the log of the host.
    """

    class Module(AnsibleModule):
        def _log_invocation(self) -> None:  # called by the constructor, and the first to write anything
            self.no_log_values |= secrets(self.params)
            super()._log_invocation()  # type: ignore[no-untyped-call]

        def fail_json(self, *args: Any, **kwargs: Any) -> NoReturn:  # also called for options that do not fit
            self.no_log_values |= secrets(self.params)
            super().fail_json(*args, **kwargs)

    _process.end_quickly()
    rules = {**rules, **{name: [*own, *rules.get(name, [])] for name, own in CONNECTION_RULES.items()}}
    module = Module({**CONNECTION, **spec}, supports_check_mode=True, **rules)  # type: ignore[no-untyped-call]
    done: list[str] = []
    try:
        result = work(module, done)
    except (EngineError, ValueError) as error:
        module.fail_json(msg=str(error), **{"actions": done, **getattr(error, "result", {})})
    for warning in result.pop("warnings", []):
        module.warn(warning)
    module.exit_json(**result)


def finish(engine: Engine, result: dict[str, Any]) -> dict[str, Any]:
    """Close the engine; its warnings, and with debug the requests that were sent, go along with the result."""
    engine.close()
    more = {"warnings": engine.warnings, "requests": engine.trace}
    return {**result, **{key: value for key, value in more.items() if value}}


def run(kind: type[Resource]) -> NoReturn:
    """A module that brings one object to a state."""

    def work(module: AnsibleModule, done: list[str]) -> dict[str, Any]:
        engine = connect(module.params)
        resource = kind(engine, module.params)
        resource.done = done
        outcome = resource.converge(module.check_mode)
        result = outcome.result()
        if module._diff:
            result["diff"] = outcome.diff
        return finish(engine, result)

    frame(kind.argument_spec(), kind.rules, work, kind.secrets)


def run_info(spec: Spec, query: Callable[[Engine, Mapping[str, Any]], dict[str, Any]], **rules: Any) -> NoReturn:
    """A module that only reads: `query` answers its return keys; `rules` as for run_action()."""

    def work(module: AnsibleModule, done: list[str]) -> dict[str, Any]:
        engine = connect(module.params)
        return finish(engine, {"changed": False, **query(engine, module.params)})

    frame(spec, rules, work)


def chosen(calls: tuple[Callable[[], Result], Callable[[], Result]], check_mode: bool, diff: bool) -> Result:
    """What the one of an action's two calls answers that the task gets."""
    say, act = calls
    result = say() if check_mode else act()
    if not diff:
        result.pop("diff", None)
    return result


def run_action(spec: Spec, action: Action, secrets: Secrets = none, **rules: Any) -> NoReturn:
    """A module that does something; `rules`: further arguments of AnsibleModule, such as required_one_of.

    secrets: see frame().
    """

    def work(module: AnsibleModule, done: list[str]) -> dict[str, Any]:
        engine = connect(module.params)
        return finish(engine, chosen(action(engine, module.params), module.check_mode, module._diff))

    frame(spec, rules, work, secrets)
