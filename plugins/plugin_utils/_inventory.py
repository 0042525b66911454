# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the inventory plugins share: the source, the cache, the filters, and text that nobody takes for a template."""

from __future__ import annotations

import gc
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from ansible.errors import AnsibleParserError
from ansible.inventory.group import to_safe_group_name
from ansible.module_utils.parsing.convert_bool import boolean
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable, Constructable
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._module import CONNECTION
from ansible_collections.dockside.engine.plugins.plugin_utils._engine import VARIABLES, reported

try:
    from ansible.template import trust_as_template as trusted

    def untrusted(value: str) -> Any:
        return value

except ImportError:  # ansible-core before 2.19 trusts all text that is not marked
    from ansible.utils.unsafe_proxy import wrap_var as untrusted

    def trusted(value: str) -> str:  # type: ignore[misc]  # of two libraries
        return value


Document = dict[str, Any]
# The options that lead to an engine, by each of their names.
WAYS = {name for option, spec in CONNECTION.items() for name in (option, *spec.get("aliases", []))}
# The labels that name a project, the most telling one first.
PROJECTS = ("dockside.engine.project", "com.docker.compose.project", "com.docker.stack.namespace", "project")
ANYWHERE = (None, "", "0.0.0.0", "::")  # noqa: S104  # nobody listens here: it is what the engine calls all addresses
# No template, and no more than names and numbers where a conditional takes text for an expression: no call, no filter.
HARMLESS = re.compile(r"[\w\s.,:;/@+=~#-]*")


@contextmanager
def kept_objects() -> Iterator[None]:
    """Among what is made meanwhile nobody searches for garbage, now or later: hosts stay to the end of the process."""
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if collecting:
            gc.enable()


class EngineInventory(BaseInventoryPlugin, Constructable, Cacheable):
    """A source whose hosts come from engines. A plugin says what is asked, and what is made of the answers."""

    stems: tuple[str, ...]  # the name of a source ends with one of these, .yml or .yaml
    inventory: Any

    def asked(self) -> Any:
        """Look at the options; answers what will be asked of whom, as JSON. Raises EngineError, ValueError."""
        raise NotImplementedError

    def ask(self) -> Any:
        """What the engines answer, as JSON. Raises EngineError, ValueError."""
        raise NotImplementedError

    def build(self, answers: Any) -> None:
        """Add what was answered, now or some time ago, to the inventory."""
        raise NotImplementedError

    def verify_file(self, path: str) -> bool:
        ends = tuple(f"{stem}.{kind}" for stem in self.stems for kind in ("yml", "yaml"))
        return bool(super().verify_file(path)) and path.endswith(ends)

    @kept_objects()
    def parse(self, inventory: Any, loader: Any, path: str, cache: bool = True) -> None:
        super().parse(inventory, loader, path, cache)
        config = self._read_config_data(path)
        self.set_options(
            direct={key: self.templar.template(value) if key in WAYS else value for key, value in config.items()},
            var_options=self._vars,
        )
        with reported(AnsibleParserError):
            asked = self.asked()
            caching, key = self.get_option("cache"), self.get_cache_key(path)
            # What was asked is kept along: after a change of the source, old answers are no use.
            kept = self._cache.get(key) if caching and cache else None
            if not kept or kept["asked"] != asked:
                kept = {"asked": asked, "answers": self.ask()}
                if caching:
                    self._cache[key] = kept
        self.build(kept["answers"])

    def way(self) -> dict[str, Any]:
        """The options that lead to the engine."""
        return {name: self.get_option(name) for name in [*VARIABLES, "debug"]}

    def tell(self, engine: Engine) -> None:
        """Show the warnings of an engine, and with debug what it was asked."""
        for warning in engine.warnings:
            self.display.warning(warning)
        for request in engine.trace:
            self.display.vvv(request)

    def add(
        self, host: str, facts: Mapping[str, Any], groups: Iterable[str], more: Mapping[str, Any] | None = None
    ) -> None:
        """A host with variables and its groups, if the filters let it; expressions may also use `more` variables."""
        known = {**(more or {}), **facts}
        if not self._wanted(host, known):
            return
        self.inventory.add_host(host)
        variables = self.inventory.hosts[host]
        for key, value in facts.items():
            # inventory.set_variable() would copy each value, and mark all texts in it with the name of the source.
            variables.set_variable(key, value)
        strict = self.get_option("strict")
        self._set_composite_vars(self.get_option("compose"), known, host, strict=strict)
        self._add_host_to_composed_groups(self.get_option("groups"), known, host, strict=strict)
        self._add_host_to_keyed_groups(self.get_option("keyed_groups"), known, host, strict=strict)
        for group in groups:
            self.inventory.add_child(self.inventory.add_group(group), host)

    def grouped(self, names: Mapping[str, Iterable[str]]) -> list[str]:
        """The groups that group_by makes of the names of each kind."""
        wanted = [f"{kind}_{name}" for kind in self.get_option("group_by") for name in names[kind]]
        return [to_safe_group_name(group, force=True, silent=True) for group in wanted]

    def _compose(self, template: Any, variables: Any, *more: Any, **named: Any) -> Any:
        """The value of an expression of the source, as plain as all others in an export."""
        return plain(super()._compose(template, variables, *more, **named))

    def _wanted(self, host: str, known: Mapping[str, Any]) -> bool:
        for entry in self.get_option("filters"):
            if not isinstance(entry, dict) or [*entry] not in (["include"], ["exclude"]):
                raise AnsibleParserError(f"filters: {entry} must be either include or exclude with a condition")
            ((verdict, condition),) = entry.items()
            try:
                fits = condition
                if not isinstance(condition, bool):
                    fits = boolean(self._compose(condition, {**known, "inventory_hostname": plain(host)}), strict=False)
            except Exception as error:
                if self.get_option("strict"):
                    raise AnsibleParserError(f"filters: {condition} fails for {host}: {error}") from error
                continue
            if fits:
                return bool(verdict == "include")
        return True


def labelled(labels: Mapping[str, str], *names: str) -> list[str]:
    """The value of the first of these labels that there is."""
    return [labels[name] for name in names if labels.get(name)][:1]


def pairs(labels: Mapping[str, str]) -> list[str]:
    """Labels and their values as names of groups."""
    return [f"{label}_{value}" if value else label for label, value in labels.items()]


def plain(value: Any) -> Any:
    """The value as it is. Text that may be a template or an expression is never taken for one; all other text is
    plain, so that an export shows it and not {"__ansible_unsafe": TEXT}."""
    if isinstance(value, str):
        return trusted(value) if HARMLESS.fullmatch(value) else untrusted(value)
    if isinstance(value, dict):
        return {key: plain(each) for key, each in value.items()}
    if isinstance(value, list):
        return [plain(each) for each in value]
    return value
