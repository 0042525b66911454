# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""with_engine.py FLAVOUR CONFIG COMMAND…: runs a command beside a throw-away engine that ends with it.

CONFIG is a YAML file for ansible-test, with the variables that integration targets have; the command has them in its
environment, in capitals: docker_host, engine_version, engine_api ("1.51"), engine_address (published ports are there),
test_image (a web server on port 80), test_root_tar (that image's root file system), test_python_root (the directory of
a root file system with a Python), test_directory (empty, at the same path in the engine), test_registry,
test_registry_user and test_registry_password (a registry with TLS that wants this login).
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).absolute().parent.parent))

from engines import Lab, LabError, roots


def main(flavour: str, config: str, *command: str) -> int:
    with Lab() as lab, tempfile.TemporaryDirectory(prefix="dockside-") as directory:
        engine = lab.engine(flavour)
        test_image = "dockside/web:1"
        engine.image(test_image)
        user, password = "ann", "secret word"
        registry = lab.registry(users={user: password})
        shared = Path(directory, "shared")
        shared.mkdir()
        engine.bind(shared)
        root_tar = Path(directory, "root.tar")
        root_tar.write_bytes(engine.root_tar())
        variables = {
            "docker_host": engine.host,
            "engine_version": engine.version,
            "engine_api": ".".join(str(part) for part in engine.api),
            "engine_address": engine.address,
            "test_image": test_image,
            "test_root_tar": str(root_tar),
            "test_python_root": str(roots.ensure("target-debian12")),
            "test_directory": str(shared),
            "test_registry": registry.name,
            "test_registry_user": user,
            "test_registry_password": password,
        }
        Path(config).write_text(json.dumps(variables), encoding="utf-8")  # JSON is YAML
        print(f"engine {engine.version} at {engine.host}", flush=True)
        environment = {**os.environ, **{name.upper(): value for name, value in variables.items()}}
        return subprocess.run(command, check=False, env=environment).returncode


if __name__ == "__main__":
    try:
        sys.exit(main(*sys.argv[1:]))
    except LabError as error:
        sys.exit(str(error))
