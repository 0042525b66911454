# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The table of operations in the documentation, and how requests are told to be one of them."""

from __future__ import annotations

import pathlib

import pytest

from tests.integration import operations

pytestmark = pytest.mark.controller

DATA = pathlib.Path(__file__).absolute().parents[1] / "data/operations.csv"
OPERATIONS = DATA.read_text(encoding="utf-8").splitlines()[1:]


def test_the_table_has_each_operation_once_and_in_order() -> None:
    assert len(OPERATIONS) == 105
    assert list(operations.table()) == OPERATIONS
    assert operations.TABLE.read_text(encoding="utf-8").count("   * - ``") == len(OPERATIONS)


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_request_is_told_to_be_its_operation(operation: str) -> None:
    names = ["web:1", "reg.example.com:5000/shop/web:1"] if "{name}" in operation else ["5f3e"]
    for name in names:
        request = operation.replace("{id}", "a" * 64).replace("{name}", name).replace(" ", " /v1.33")
        assert operations.operation_of(request, OPERATIONS) == operation
        assert operations.operation_of(request + "?force=true&names=a", OPERATIONS) == operation


def test_what_is_no_operation() -> None:
    for request in ("GET /v1.51/unknown", "PUT /v1.51/info", "GET /v1.51/containers/a/b/json", "HEAD /_ping"):
        assert operations.operation_of(request, OPERATIONS) is None


def test_what_is_missing_is_told(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    wanted = {"GET /info": "host_info", "GET /images/{name}/json": "image_info", "POST /build": "image_build"}
    monkeypatch.setattr(operations, "table", lambda: wanted)
    sent = [("host_info", "GET /v1.51/info"), ("image", "GET /v1.51/images/a/b/json"), ("image", "GET /_ping")]
    assert operations.missing(sent) == ["GET /images/{name}/json: image_info (but image)", "POST /build: image_build"]
    assert operations.report(sent) == 1
    assert "2 of 3 were not sent" in capsys.readouterr().out
    done = [*sent, ("image_info", "GET /v1.51/images/a/json"), ("image_build", "POST /v1.51/build?t=a")]
    assert operations.report(done) == 0
