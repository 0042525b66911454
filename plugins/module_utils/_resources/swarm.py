# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table and the verbs of swarms (/swarm): a cluster, and whether an engine is in it."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from copy import deepcopy
from typing import Any, Callable

from .._engine.client import Engine
from .._engine.endpoint import resolve
from .._engine.errors import EngineError, ServerError
from .._state.converge import Document, Plan, Step
from .._state.fields import CREATE_ONLY, UPDATE, Change, Field, Schema, Struct, pick
from .._state.kinds import IGNORE, STRICT, Flag, Many, Map, Number, Subnet, Text
from .._state.measures import Duration
from .cluster import Versioned, advice, came, manager, removable, title

CA = "Spec.CAConfig."


class Span(Duration):
    """A span of time; a number alone is nanoseconds, as in community.docker."""

    def parse(self, option: Any) -> Any:
        text = str(option).strip()
        return int(text) if text.isdecimal() else super().parse(option)


class DataPort(Number):
    """The UDP port of the data path, where 0 stands for the usual one."""

    def __init__(self) -> None:
        super().__init__(0, 49151)

    def parse(self, option: Any) -> Any:
        port = super().parse(option) or 4789
        if port < 1024:
            raise ValueError(f"must be at least 1024, not {port}")
        return port


def pem(text: str) -> str:
    return text.strip() + "\n" if text.strip() else ""


EXTERNAL_CA = Struct(
    Field("url", Text(), "URL", extra={"required": True}),
    Field("protocol", Text(("cfssl",)), "Protocol", unset="cfssl", extra={"default": "cfssl"}),
    Field("options", Map(), "Options", unset={}),
    Field("ca_cert", Text(canon=pem), "CACert", unset=""),
)

# Rotations: what a task asks for with a flag, and the parameter of POST /swarm/update (none: a counter in the spec).
ROTATIONS = {
    "rotate_worker_token": ("the worker token", "rotateWorkerToken"),
    "rotate_manager_token": ("the manager token", "rotateManagerToken"),
    "rotate_unlock_key": ("the unlock key", "rotateManagerUnlockKey"),
    "rotate_ca": ("the root CA", ""),
}


class Swarm(Versioned):
    """A swarm, and the part of the task's engine in it.

    found is GET /swarm for state present, the member Swarm of GET /info for join and absent, the node for remove.
    """

    word = "swarm"
    schema = Schema(
        Field("name", Text(("default",)), "Spec.Name", on_change=UPDATE),
        Field("labels", Map(), "Spec.Labels", on_change=UPDATE, unset={}),
        Field(
            "task_history_retention_limit",
            Number(),
            "Spec.Orchestration.TaskHistoryRetentionLimit",
            on_change=UPDATE,
            unset=0,
        ),
        Field("snapshot_interval", Number(0), "Spec.Raft.SnapshotInterval", on_change=UPDATE, unset=0),
        Field("keep_old_snapshots", Number(0), "Spec.Raft.KeepOldSnapshots", on_change=UPDATE, unset=0),
        Field(
            "log_entries_for_slow_followers",
            Number(0),
            "Spec.Raft.LogEntriesForSlowFollowers",
            on_change=UPDATE,
            unset=0,
        ),
        Field("heartbeat_tick", Number(1), "Spec.Raft.HeartbeatTick", on_change=UPDATE, unset=0),
        Field("election_tick", Number(1), "Spec.Raft.ElectionTick", on_change=UPDATE, unset=0),
        Field("dispatcher_heartbeat_period", Span(), "Spec.Dispatcher.HeartbeatPeriod", on_change=UPDATE, unset=0),
        Field("node_cert_expiry", Span(), CA + "NodeCertExpiry", on_change=UPDATE, unset=0),
        Field("external_ca", Many(EXTERNAL_CA, key="url"), CA + "ExternalCAs", on_change=UPDATE, unset=[], mode=STRICT),
        # What was sent is not given back; the certificate that is in force is.
        Field(
            "signing_ca_cert",
            Text(canon=pem),
            CA + "SigningCACert",
            read="TLSInfo.TrustRoot",
            on_change=UPDATE,
            unset="",
        ),
        Field("signing_ca_key", Text(canon=pem), CA + "SigningCAKey", secret=True, mode=IGNORE),
        Field("ca_force_rotate", Number(0), CA + "ForceRotate", on_change=UPDATE, unset=0),
        Field("autolock_managers", Flag(), "Spec.EncryptionConfig.AutoLockManagers", on_change=UPDATE, unset=False),
        Field(
            "default_addr_pool", Many(Subnet()), "DefaultAddrPool", min_api=(1, 39), on_change=CREATE_ONLY, mode=STRICT
        ),
        Field("subnet_size", Number(1, 32), "SubnetSize", min_api=(1, 39), on_change=CREATE_ONLY),
        Field("data_path_port", DataPort(), "DataPathPort", min_api=(1, 40), on_change=CREATE_ONLY),
    )
    options = {
        "state": {"type": "str", "choices": ["present", "join", "absent", "remove"], "default": "present"},
        "advertise_addr": {"type": "str"},
        "listen_addr": {"type": "str", "default": "0.0.0.0:2377"},
        "data_path_addr": {"type": "str"},
        "availability": {"type": "str", "choices": ["active", "pause", "drain"]},
        "remote_addrs": {"type": "list", "elements": "str"},
        "join_token": {"type": "str", "no_log": True},
        "manager_host": {"type": "str"},
        "join_role": {"type": "str", "choices": ["worker", "manager"], "default": "worker"},
        "node_id": {"type": "str"},
        "force": {"type": "bool", "default": False},
        "force_new_cluster": {"type": "bool", "default": False},
        **{name: {"type": "bool", "default": False, "no_log": False} for name in ROTATIONS},
    }
    rules = {
        "required_if": [
            ("state", "join", ("join_token", "manager_host"), True),
            ("state", "remove", ("node_id",)),
        ],
        "required_by": {"join_token": "remote_addrs", "signing_ca_key": "signing_ca_cert"},
        "mutually_exclusive": [("join_token", "manager_host"), ("remote_addrs", "manager_host")],
    }

    def __init__(self, engine: Engine, params: Mapping[str, Any]) -> None:
        super().__init__(engine, params)
        self.info: dict[str, Any] = {}
        self.lost = False  # a manager, but the swarm has no leader

    def step(self, verb: str, do: Callable[[], Any]) -> Step:
        return Step(f"{verb} swarm", do)

    # Finding.

    def find(self) -> dict[str, Any] | None:
        self.info = self.engine.get("/info").get("Swarm") or {}
        state = self.info.get("LocalNodeState") or "inactive"
        if self.state == "remove":
            with manager(self.engine):
                node: dict[str, Any] | None = self.engine.get(f"/nodes/{self.params['node_id']}", missing=None)
            return node
        if state == "inactive":
            return None
        return self.swarm() if self.state == "present" else self.info

    def swarm(self) -> dict[str, Any]:
        """GET /swarm; empty when the swarm has lost its leader and the task wants a new cluster then."""
        try:
            with manager(self.engine):
                found: dict[str, Any] = self.engine.get("/swarm")
        except ServerError as error:
            if "does not have a leader" not in error.message:
                raise
            if not self.params["force_new_cluster"]:
                raise EngineError(
                    f"{error}; if the other managers are gone for good, force_new_cluster: true goes on without them"
                ) from error
            self.lost = True
            return {"Spec": {}}
        self.lost = False
        return found

    # The plan.

    def plan(self, found: Document | None) -> Plan:
        if self.state == "join":
            return self.joining(found)
        if self.state == "absent":
            return self.leaving(found)
        if self.state == "remove":
            return self.removal(found) if found else Plan()
        return super().plan(found)

    def creation(self) -> Plan:
        plan = super().creation()
        plan.after.pop("name")
        return plan

    def changes(self, found: Document) -> list[Change]:
        return [] if self.lost else super().changes(found)

    def steps(self, found: Document, changes: list[Change]) -> list[Step]:
        if self.lost or self.params["force"]:
            return [self.step("make this manager the only one of a new", lambda: self.renew(found))]
        steps = super().steps(found, changes)
        rotated = [f"rotate {text} of" for name, (text, _key) in ROTATIONS.items() if self.params[name]]
        if rotated:  # with the update in one call, which the versions of the swarm want
            verbs = (["update"] if changes else []) + rotated
            return [self.step(" swarm, ".join(verbs), lambda: self.update(found, changes))]
        return steps

    def refusal(self, changes: list[Change]) -> str:
        differences = ", ".join(f"{change.option} is {change.before}, wanted {change.after}" for change in changes)
        return f"the swarm differs in what is only chosen when one is made: {differences}"

    def joining(self, found: Document | None) -> Plan:
        token, addresses, members = self.params["join_token"], self.params["remote_addrs"], None
        if self.params["manager_host"]:
            try:
                token, addresses, members = self.ask_manager()
            except EngineError as error:
                self.obstacles.append(f"manager_host: {error}")
        steps = [self.step("join", lambda: self.join(token, addresses))]
        if found:
            stranger = members is not None and found["NodeID"] not in members
            if stranger and not self.params["force"]:
                self.obstacles.append(
                    f"the engine is in another swarm than {self.params['manager_host']}; force: true leaves it first"
                )
            if not stranger:
                if found["LocalNodeState"] in ("locked", "error"):
                    self.obstacles.append(self.unfit())
                steps = []
            elif self.params["force"]:
                steps.insert(0, self.step("leave", self.leave))
        present = {"joined": bool(found)}
        return Plan(steps, [], present, {"joined": True})

    def unfit(self) -> str:
        return advice(self.engine, "the engine cannot join")

    def ask_manager(self) -> tuple[str, list[str], set[str]]:
        """(token, addresses, ids of the nodes) of the swarm of manager_host."""
        options = {**self.params, "docker_host": self.params["manager_host"], "context": None}
        other = Engine(resolve(options, os.environ))
        try:
            with manager(other):
                tokens = other.get("/swarm")["JoinTokens"]
                members = {each["ID"] for each in other.get("/nodes")}
            info = other.get("/info")["Swarm"]
        finally:
            other.close()
        managers = sorted(info["RemoteManagers"], key=lambda each: bool(each["NodeID"] != info["NodeID"]))
        return tokens[self.params["join_role"].capitalize()], [each["Addr"] for each in managers], members

    def leaving(self, found: Document | None) -> Plan:
        if not found:
            return Plan()
        if not self.params["force"]:
            if found["LocalNodeState"] == "locked":
                self.obstacles.append("the engine is a locked manager; force: true leaves all the same")
            elif found.get("ControlAvailable") and found.get("Managers") == 1:
                self.obstacles.append(
                    "the engine is the last manager: its leaving is the end of the swarm, with all services, secrets "
                    "and configs; force: true does it"
                )
            elif found.get("ControlAvailable"):
                self.obstacles.append(
                    "the engine is a manager: make it a worker first (dockside.engine.node, role: worker), "
                    "or force: true leaves all the same, and the swarm is a manager short"
                )
        return Plan([self.step("leave", self.leave)], [], {"joined": True}, {"joined": False})

    def removal(self, found: Document) -> Plan:
        self.obstacles += removable(found, self.params["force"])
        step = Step(f"remove node {title(found)} from swarm", lambda: self.remove(found))
        return Plan([step], [], {"exists": True}, {"exists": False})

    # The verbs.

    def where(self) -> dict[str, Any]:
        """How other nodes reach this one; what the task does not name, the engine finds out."""
        names = {"ListenAddr": "listen_addr", "AdvertiseAddr": "advertise_addr", "DataPathAddr": "data_path_addr",
                 "Availability": "availability"}  # fmt: skip
        return {key: self.params[name] for key, name in names.items() if self.params[name]}

    def create(self) -> None:
        self.init({}, None)

    def renew(self, found: Document) -> None:
        address = {"AdvertiseAddr": self.info["NodeAddr"]} if self.info.get("NodeAddr") else {}
        before = (self.info.get("Cluster") or {}) if self.lost else found
        self.init({**address, "ForceNewCluster": True}, before if before.get("Spec") else None)

    def init(self, body: dict[str, Any], before: Document | None) -> None:
        """POST /swarm/init, then an update if that is not enough: it takes over no zero and no empty values."""
        spec = deepcopy(before["Spec"]) if before else {}
        # The engine would add them to those that it has.
        spec.get("CAConfig", {}).pop("ExternalCAs", None)
        actual = self.schema.actual(before) if before else {}
        body = self.schema.body(self.desired, actual, self.modes, into={**body, **self.where(), "Spec": spec})
        # On its own, the flag at the top is overwritten by the spec.
        body["AutoLockManagers"] = bool(pick(body, "Spec.EncryptionConfig.AutoLockManagers"))
        self.form(body)
        found = self.swarm()
        wanted = self.laid_over({**found, "Spec": before["Spec"]} if before else found)
        if wanted != found["Spec"]:
            self.write(found, wanted, {})

    def form(self, body: dict[str, Any]) -> None:
        """POST /swarm/init; an engine that was a manager until now may find its own port still taken for a moment."""
        for left in reversed(range(10)):
            try:
                self.engine.post("/swarm/init", body)
                return
            except ServerError as error:
                if not left or "address already in use" not in error.message:
                    raise
                time.sleep(0.5)

    def update(self, found: Document, changes: list[Change]) -> None:
        spec = self.laid_over(found)
        if self.params["rotate_ca"]:
            spec["CAConfig"]["ForceRotate"] = (pick(found, CA + "ForceRotate") or 0) + 1
        self.write(found, spec, {key: True for name, (_text, key) in ROTATIONS.items() if self.params[name] and key})

    def laid_over(self, found: Document) -> dict[str, Any]:
        """The spec with what the task names, and all the rest of the present one: an update replaces it whole."""
        into = deepcopy(dict(found))
        spec: dict[str, Any] = self.schema.body(self.desired, self.schema.actual(found), self.modes, into=into)["Spec"]
        return spec

    def write(self, found: Document, spec: dict[str, Any], rotations: dict[str, Any]) -> None:
        self.engine.post("/swarm/update", spec, {"version": found["Version"]["Index"], **rotations})

    def join(self, token: str, addresses: list[str]) -> None:
        try:
            self.engine.post("/swarm/join", {**self.where(), "JoinToken": token, "RemoteAddrs": addresses})
        except ServerError as error:
            if "in the background" not in error.message:  # else settle() waits on
                raise

    def leave(self) -> None:
        self.engine.post("/swarm/leave", None, {"force": self.params["force"]})

    def remove(self, found: Document) -> None:
        self.engine.delete(f"/nodes/{found['ID']}", None, {"force": self.params["force"]}, missing=None)

    def settle(self, found: Document | None) -> Document | None:
        patience = self.engine.endpoint.timeout
        if self.state == "join" and self.info.get("LocalNodeState") != "active":
            if not came(lambda: (self.find() or {}).get("LocalNodeState") == "active", patience):
                raise EngineError(self.unfit())
            return self.info
        if self.state == "present" and found and found.get("RootRotationInProgress"):
            if not came(lambda: not self.swarm().get("RootRotationInProgress"), patience):
                self.engine.warnings.append("the root CA is not rotated yet: not every node has its new certificate")
            return self.find()
        return found

    def value(self, found: Document | None) -> dict[str, Any]:
        result: dict[str, Any] = {"swarm": {}, "swarm_facts": {}, "node_id": self.info.get("NodeID") or ""}
        if self.state == "present" and found and not self.lost:
            result["swarm"] = {name: value for name, value in found.items() if name != "JoinTokens"}
            result["swarm_facts"] = {**found, **unlock_key(self.engine, found)}
        return result


def unlock_key(engine: Engine, swarm: Document) -> dict[str, Any]:
    """{"UnlockKey": text} for a swarm that locks its managers, else empty."""
    return dict(engine.get("/swarm/unlockkey")) if pick(swarm, "Spec.EncryptionConfig.AutoLockManagers") else {}
