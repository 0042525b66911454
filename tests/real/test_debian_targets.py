# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Modules on what targets really have: Debian's own Python, and nothing else.

ansible-core packs the module; Debian's Python runs it in a root made of Debian's packages, next to a real engine.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from ansible.executor import module_common
from ansible.parsing.dataloader import DataLoader
from ansible.template import Templar
from engines import Engine, Lab, roots

pytestmark = pytest.mark.engines

HOME = Path(__file__).absolute().parents[2] / ".build/ansible_collections/dockside/engine"

# In a mount namespace of its own: the root under an overlay, so that it stays as it is, and what the module needs.
SCRIPT = """
set -e
mount -t tmpfs none "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=$2,upperdir=$1/upper,workdir=$1/work" "$1/root"
mkdir -p "$1/root/run/engine" "$1/root/proc" "$1/root/tmp"
mount --bind "$(dirname "$3")" "$1/root/run/engine"
mount -t proc none "$1/root/proc"
cat >"$1/root/tmp/module"
exec chroot "$1/root" /usr/bin/env -i PATH=/usr/bin:/bin LANG=C.UTF-8 "${@:4}" /usr/bin/python3 /tmp/module
"""


def packed(name: str, options: dict[str, Any]) -> bytes:
    """A module with its options, as ansible-core sends it to a target."""
    built = module_common.modify_module(
        module_name=f"dockside.engine.{name}",
        module_path=str(HOME / f"plugins/modules/{name}.py"),
        module_args=options,
        templar=Templar(loader=DataLoader()),
        task_vars={"ansible_python_interpreter": "/usr/bin/python3"},
        module_compression="ZIP_DEFLATED",
    )
    return bytes(built.b_module_data)


def on_target(root: str, engine: Engine, place: Path, module: str, **options: Any) -> dict[str, Any]:
    """Run a module in a root; answers what it printed."""
    options = {"docker_host": f"unix:///run/engine/{Path(engine.socket).name}", **options}
    command = ["unshare", "--mount", "--propagation", "private", "bash", "-c", SCRIPT, "bash"]
    place.mkdir()
    run = subprocess.run(
        [*command, str(place), str(roots.ensure(root)), engine.socket],
        input=packed(module, options),
        capture_output=True,
        timeout=120,
        check=False,
    )
    assert run.stdout, run.stderr.decode()
    answer: dict[str, Any] = json.loads(run.stdout)
    return answer


@pytest.fixture(scope="module")
def engine(lab: Lab) -> Engine:
    return lab.engine("28.5")


@pytest.mark.parametrize("root", ["target-debian12", "target-debian13"])
def test_a_module_runs_with_debians_own_python(root: str, engine: Engine, tmp_path: Path) -> None:
    made = on_target(root, engine, tmp_path / "1", "network", name=root, labels={"made": "here"})
    assert (made.get("msg"), made.get("changed")) == (None, True), made.get("exception", made)
    assert engine.ask("GET", f"/networks/{root}")["Labels"] == {"made": "here"}
    again = on_target(root, engine, tmp_path / "2", "network", name=root, labels={"made": "here"})
    assert not again["changed"]
