# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Makes `ansible_collections.dockside.engine` importable for every test, by ansible-core's own loader."""

from __future__ import annotations

import pathlib

ROOT = pathlib.Path(__file__).absolute().parent.parent


def _load_collection() -> None:
    if ROOT.parts[-3:] == ("ansible_collections", "dockside", "engine"):
        return  # ansible-test runs us inside a collection tree and has its own loader
    if not (ROOT / ".build/ansible_collections/dockside/engine").exists():
        raise SystemExit("no .build/ansible_collections/dockside/engine: run ./dev setup first")
    from ansible.plugins.loader import init_plugin_loader

    init_plugin_loader([str(ROOT / ".build")])


_load_collection()
