# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Variables out of files, and variables that are secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._resources.container import Container
from ansible_collections.dockside.engine.plugins.module_utils._state.fields import HIDDEN
from ansible_collections.dockside.engine.plugins.module_utils._state.kinds import Unfit

from tests.matrix.containers import Containers, on_extremes
from tests.matrix.harness import Target


@on_extremes
def test_env_file(target: Target, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "env"
    file.write_text('# a comment\n\nA=1\nB=x y=z\nQUOTED="q"\nFROM_HERE\nNOT_HERE\n')
    monkeypatch.setenv("FROM_HERE", "here")
    monkeypatch.delenv("NOT_HERE", raising=False)
    bench = Containers(target, name="case", state="present", env_file=str(file))
    bench.agree({"env": {"A": "2", "C": "3"}})
    assert sorted(bench.find()["Config"]["Env"])[:4] == ["A=2", "B=x y=z", "C=3", "FROM_HERE=here"]
    bench.settled({"env": {"A": "2", "C": "3"}})
    bench.settled({"env": {"A": "2", "C": "3"}, "comparisons": {"env": "strict"}})
    done = bench.agree({})
    assert [(change.option, change.before["A"], change.after["A"]) for change in done.changes] == [("env", "2", "1")]
    file.write_text("A=4\n")
    assert bench.agree({}).changes[0].after["A"] == "4"
    bench.settled({})
    bench.refused({"env_file": str(tmp_path / "none")}, "env_file: cannot be read", Unfit)


@on_extremes
def test_secret_env(target: Target, tmp_path: Path) -> None:
    """A secret value is said to have changed, and is in nothing that a task tells; so also one out of a file."""
    file = tmp_path / "env"
    file.write_text("TOKEN=of the file\n")
    base = {"env_file": str(file), "secret_env": ["PASSWORD", "TOKEN"]}
    bench = Containers(target, name="case", state="present", **base)
    options = [{"env": {"PASSWORD": text, "OPEN": text[:1]}} for text in ("sesame one", "other two")]
    for number, option in enumerate(options):
        for done in (bench.check(option), bench.run(option)):
            told = json.dumps([done.result(), done.diff, [change.result() for change in done.changes]])
            assert not any(text in told for text in ("sesame one", "other two", "of the file"))
            assert done.diff["after"]["env"]["PASSWORD"] == HIDDEN
            assert [change.option for change in done.changes] == ["env"] * number
        assert f"PASSWORD={option['env']['PASSWORD']}" in bench.find()["Config"]["Env"]
        bench.settled(option)
    change = bench.check({"env": {"PASSWORD": "third"}}).changes[0]
    assert (change.before["PASSWORD"], change.after["PASSWORD"], change.before["OPEN"]) == (HIDDEN, HIDDEN, "o")
    assert Container.secrets(bench.params({"name": "case", **base, **options[0]})) == {"sesame one"}
