# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What the guide says of AWX, run as AWX runs it: ansible-runner transmit | worker | process, on each ansible-core.

AWX writes a directory with the project, the inventory and what the injectors of credentials make; the worker gets it as
a stream, in another place, and so do the results come back.
"""

from __future__ import annotations

import json
import pathlib
import re
import subprocess
from collections.abc import Iterator, Mapping
from typing import Any

import jinja2
import pytest
import yaml
from engines import Engine, Lab, Registry

pytestmark = pytest.mark.engines
ROOT = pathlib.Path(__file__).absolute().parents[2]
GUIDE = ROOT / "docs/docsite/rst/controller.rst"
CORES = sorted(path.name for path in (ROOT / ".build/venv").glob("core-*"))
PASSWORD = "a secret word"


def blocks() -> list[str]:
    """The YAML blocks of the chapter on AWX, in their order."""
    chapter = GUIDE.read_text(encoding="utf-8").partition("AWX and Automation Platform\n---")[2]
    found = re.findall(r"^\.\. code-block:: yaml\n\n((?: {4}.*\n|\n)+)", chapter, re.MULTILINE)
    return [re.sub(r"^ {4}", "", block, flags=re.MULTILINE) for block in found]


ENGINE_INPUT, ENGINE_INJECTOR, REGISTRY_INPUT, REGISTRY_INJECTOR, SOURCE, PLAYBOOK, SURVEY = blocks()


class Job:
    """A job of AWX: `sent` is the directory that it writes, `there` the one that the worker makes of it."""

    def __init__(self, core: str, place: pathlib.Path) -> None:
        self.core, self.sent, self.there, self.back = core, place / "sent", place / "there", place / "back"
        self.envvars: dict[str, str] = {}
        self.extravars: dict[str, Any] = {}
        (self.sent / "env").mkdir(parents=True)
        (self.sent / "project").mkdir()

    def credential(self, kind: str, injector: str, inputs: Mapping[str, str]) -> None:
        """Take the fields of a credential and inject them, as its type says."""
        declared = yaml.safe_load(kind)
        assert set(inputs) == {field["id"] for field in declared["fields"]} >= set(declared["required"])
        wanted = yaml.safe_load(injector)
        names = {}
        for key, template in wanted.get("file", {}).items():
            path = self.sent / "env" / f"tmp_{key.partition('.')[2]}"
            path.write_text(jinja2.Template(template).render(inputs), encoding="utf-8")
            names[key.partition(".")[2]] = str(self.there / "env" / path.name)
        values = {**inputs, "tower": {"filename": names}}
        for target, section in ((self.envvars, "env"), (self.extravars, "extra_vars")):
            target.update({key: jinja2.Template(text).render(values) for key, text in wanted.get(section, {}).items()})

    def run(self) -> None:
        """Run the command in the file args, else the playbook, in a clean home; fail with its output when it fails."""
        (self.sent / "env/envvars").write_text(json.dumps(self.envvars), encoding="utf-8")
        (self.sent / "env/extravars").write_text(json.dumps(self.extravars), encoding="utf-8")
        path = f"{ROOT}/.build/venv/{self.core}/bin:/usr/bin:/bin"
        home = self.sent.parent / "home"
        home.mkdir()
        env = {"PATH": path, "HOME": str(home), "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".build"), "LC_ALL": "C.UTF-8"}
        commands = (
            ("transmit", str(self.sent), "--playbook", "shop.yml"),
            ("worker", "--private-data-dir", str(self.there)),
            ("process", str(self.back)),
        )
        stream = b""
        for command in commands:
            done = subprocess.run(
                ["ansible-runner", *command], input=stream, env=env, capture_output=True, timeout=300, check=False
            )
            stream = done.stdout
            assert b'"status": "error"' not in stream, stream.decode() + done.stderr.decode()
        self.output = (self.back / "artifacts/stdout").read_text(encoding="utf-8")
        assert (self.back / "artifacts/rc").read_text() == "0", self.output

    def events(self, kind: str) -> list[dict[str, Any]]:
        files = (self.back / "artifacts/job_events").glob("*.json")
        found = [json.loads(file.read_text(encoding="utf-8")) for file in files]
        return [event["event_data"] for event in found if event["event"] == kind]


@pytest.fixture(scope="module")
def engine(lab: Lab) -> Engine:
    return lab.engine("28.5", listen=("unix", "tls"))


@pytest.fixture(scope="module")
def registry(lab: Lab, engine: Engine) -> Registry:
    """A registry that wants a login and has the image of the playbook."""
    made = lab.registry(users={"awx": PASSWORD})
    engine.docker("tag", engine.image(), f"{made.name}/web:1")
    engine.docker("login", "--username", "awx", "--password", PASSWORD, made.name)
    engine.docker("push", f"{made.name}/web:1")
    engine.docker("logout", made.name)
    engine.docker("rmi", f"{made.name}/web:1")
    return made


@pytest.fixture(params=CORES)
def jobs(request: pytest.FixtureRequest, engine: Engine, tmp_path: pathlib.Path) -> Iterator[Any]:
    """Makes a job with the credential of the engine."""
    files = {name: (pathlib.Path(engine.certs) / f"{name}.pem").read_text() for name in ("ca", "cert", "key")}

    def made(name: str) -> Job:
        job = Job(request.param, tmp_path / name)
        job.credential(ENGINE_INPUT, ENGINE_INJECTOR, {"host": engine.tls, **files})
        return job

    yield made
    engine.reset()


def inventory(job: Job) -> dict[str, Any]:
    """The inventory source of the guide, as AWX updates it."""
    (job.sent / "project/shop.containers.yml").write_text(SOURCE)
    job.envvars.update(ANSIBLE_INVENTORY_EXPORT="True", ANSIBLE_INVENTORY_UNPARSED_FAILED="True")
    result = job.there / "artifacts/output.json"
    command = f"ansible-inventory --list --export -i {job.there}/project/shop.containers.yml --output {result}"
    (job.sent / "args").write_text(command)
    (job.there / "artifacts").mkdir(parents=True)
    job.run()
    found: dict[str, Any] = json.loads(result.read_text())
    return found


def shop(job: Job, registry: Registry, hosts: Mapping[str, Any]) -> None:
    """The job template of the guide, on an inventory as AWX hands it on: a program that shows it."""
    job.credential(REGISTRY_INPUT, REGISTRY_INJECTOR, {"url": registry.name, "username": "awx", "password": PASSWORD})
    for question in yaml.safe_load(SURVEY)["spec"]:
        job.extravars[question["variable"]] = question["default"]
    (job.sent / "inventory").mkdir()
    script = job.sent / "inventory/hosts"
    script.write_text(f"#!/bin/sh\ncat <<'END'\n{json.dumps(hosts)}\nEND\n")
    script.chmod(0o700)
    (job.sent / "project/shop.yml").write_text(PLAYBOOK)
    job.run()


def test_the_guide(jobs: Any, registry: Registry, engine: Engine) -> None:
    first = jobs("first")
    shop(first, registry, {"_meta": {"hostvars": {}}})
    (stats,) = first.events("playbook_on_stats")
    assert stats["changed"] == {"localhost": 2}  # the login, and the task with both containers
    assert sorted(engine.containers()) == ["shop-web-1", "shop-web-2"]
    assert PASSWORD not in first.output

    update = jobs("update")
    hosts = inventory(update)
    assert (
        sorted(hosts["service_web"]["hosts"]) == sorted(hosts["state_running"]["hosts"]) == ["shop-web-1", "shop-web-2"]
    )
    variables = hosts["_meta"]["hostvars"]["shop-web-1"]
    assert variables["ansible_connection"] == "dockside.engine.container"
    assert variables["docker_config"]["Labels"]["project"] == "shop"
    assert "__ansible_unsafe" not in json.dumps(hosts)
    assert "ansible_docker_ca_cert" not in variables

    second = jobs("second")
    shop(second, registry, hosts)
    (stats,) = second.events("playbook_on_stats")
    assert stats["changed"] == {"localhost": 1}  # the login, in a home of its own
    assert sorted(stats["ok"]) == ["localhost", "shop-web-1", "shop-web-2"]
    served = [each["res"]["stdout_lines"] for each in second.events("runner_on_ok") if each["host"] == "shop-web-1"]
    assert served == [["index.html"]]
