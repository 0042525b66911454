# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""with_engine.py [--operations] FLAVOUR CONFIG COMMAND…: runs a command beside throw-away engines that end with it.

CONFIG is a YAML file for ansible-test, with the variables that integration targets have; the command has them in its
environment, in capitals: docker_host, engine_version, engine_api ("1.51"), engine_address (published ports are there),
other_docker_host, other_engine_address (a second engine), other_engine_restart (a URL: a POST to it restarts that
engine), test_image (a web server on port 80), test_root_tar (that image's root file system), test_plugin (the files of
a plugin that makes volumes), test_python_root (the directory of a root file system with a Python), test_directory
(empty, at the same path in the engine), test_registry, test_registry_user and test_registry_password (a registry with
TLS that wants this login).

With --operations, it fails unless each operation of the API is sent by the target that the documentation names.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parent.parent))

import operations
from engines import Engine, Lab, LabError, plugins, roots
from engines.recorder import Recorder


@contextmanager
def restarts(engine: Engine) -> Iterator[str]:
    """A URL: what is posted to it restarts the engine, and the answer comes when it is up again."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            engine.restart()
            self.send_response(204)
            self.end_headers()

        def log_message(self, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def run(command: Sequence[str], environment: Mapping[str, str], recorders: Sequence[Recorder]) -> int:
    """The exit code of the command. Requests are noted with the target that ansible-test has announced last."""
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, encoding="utf-8", errors="replace"
    ) as child:
        assert child.stdout
        try:
            for line in child.stdout:
                print(line, end="", flush=True)
                target = re.match(r"Running (\S+) integration test role", line)
                for recorder in recorders if target else ():
                    recorder.label = target.group(1) if target else ""
        except BaseException:
            child.kill()
            raise
    return child.returncode


def main(whole: bool, flavour: str, config: str, *command: str) -> int:
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="dockside-") as name:
        directory = Path(name)
        engine, other = lab.engines(flavour, flavour)
        test_image = "dockside/web:1"
        engine.image(test_image)
        user, password = "ann", "secret word"
        registry = lab.registry(users={user: password})
        shared = directory / "shared"
        shared.mkdir()
        engine.bind(shared)
        root_tar = directory / "root.tar"
        root_tar.write_bytes(engine.root_tar())
        with (
            Recorder(directory / "docker.sock", engine.socket) as recorder,
            Recorder(directory / "other.sock", other.socket) as other_recorder,
            restarts(other) as restart,
        ):
            variables = {
                "docker_host": recorder.host,
                "engine_version": engine.version,
                "engine_api": ".".join(str(part) for part in engine.api),
                "engine_address": engine.address,
                "other_docker_host": other_recorder.host,
                "other_engine_address": other.address,
                "other_engine_restart": restart,
                "test_image": test_image,
                "test_root_tar": str(root_tar),
                "test_plugin": str(plugins.files(directory / "plugin")),
                "test_python_root": str(roots.ensure("target-debian12")),
                "test_directory": str(shared),
                "test_registry": registry.name,
                "test_registry_user": user,
                "test_registry_password": password,
            }
            Path(config).write_text(json.dumps(variables), encoding="utf-8")  # JSON is YAML
            print(f"engine {engine.version} at {engine.host}", flush=True)
            environment = {**os.environ, **{name.upper(): value for name, value in variables.items()}}
            code = run(command, environment, (recorder, other_recorder))
            return code or (operations.report([*recorder.requests, *other_recorder.requests]) if whole else 0)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    whole = arguments[0] == "--operations"
    try:
        sys.exit(main(whole, *arguments[whole:]))
    except LabError as error:
        sys.exit(str(error))
