# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What cannot be done is said clearly, and nothing is changed."""

from __future__ import annotations

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError

from tests.matrix.containers import Containers, on_extremes
from tests.matrix.harness import Options, Target

REFUSALS: dict[str, tuple[Options, str]] = {
    "port": ({"published_ports": ["70000:80"]}, "published_ports.*port 70000 is out of range"),
    "network": ({"networks": [{"name": "none-such"}]}, "network none-such does not exist"),
    "neighbour": ({"ipc_mode": "container:none-such"}, "ipc_mode: container none-such does not exist"),
    "image": ({"image": "dockside/none:1", "pull": "never"}, "dockside/none:1 is not there"),
    "type": ({"env": {"A": 1}}, "env.A: must be text, not 1"),
    "mount": ({"mounts": [{"target": "/m", "type": "bind", "source": "/no/such"}]}, "/no/such"),
    "comparisons": ({"comparisons": {"labels": "some"}}, "comparisons.labels: can be"),
}


@on_extremes
@pytest.mark.parametrize("options, message", REFUSALS.values(), ids=REFUSALS)
def test_refused(target: Target, options: Options, message: str) -> None:
    bench = Containers(target, name="case")
    bench.refused(options, message, (ValueError, EngineError))
    bench.run({})
    bench.refused(options, message, (ValueError, EngineError))
