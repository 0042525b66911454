# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What a copy wants of permissions, owners and times, and what is said of it."""

from __future__ import annotations

import tarfile
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.trees import (
    LIMIT,
    Attributes,
    Content,
    Report,
    permissions,
    shown,
)


def info(mode: int = 0o644, kind: bytes = tarfile.REGTYPE, **more: Any) -> tarfile.TarInfo:
    made = tarfile.TarInfo("x")
    made.mode, made.type = mode, kind
    for name, value in more.items():
        setattr(made, name, value)
    return made


def attributes(owners: bool = True, **params: Any) -> Attributes:
    made = Attributes({"mode": None, "directory_mode": None, "archive": False, **params}, owners=owners)
    made.owner = lambda: (7, 8)
    return made


@pytest.mark.parametrize(
    ("value", "how", "bits"),
    [
        (None, "modern", None),
        (0o640, "modern", 0o640),
        ("640", "modern", 0o640),
        ("0640", "modern", 0o640),
        ("0o640", "modern", 0o640),
        ("420", "legacy", 0o644),
        (420, "legacy", 0o644),
        ("0640", "octal_string_only", 0o640),
    ],
)
def test_permissions(value: Any, how: str, bits: int | None) -> None:
    assert permissions({"mode": value, "mode_parse": how}, "mode") == bits


@pytest.mark.parametrize("value", ["", "rw", "999", "-1", -1, 0o10000, True, 1.5, [], {}])
def test_what_are_no_permissions(value: Any) -> None:
    with pytest.raises(ValueError, match="mode: must be 0644 or such"):
        permissions({"mode": value}, "mode")


@pytest.mark.parametrize(
    ("source", "present", "params", "expected"),
    [
        # (mode, uid, gid)
        (info(0o640, uid=1), None, {}, (0o640, 7, 8)),
        (info(0o640, uid=1), info(0o600, uid=5, gid=6), {}, (0o640, 5, 6)),
        (info(0o640, uid=1), info(0o777, tarfile.SYMTYPE, uid=5, gid=6), {}, (0o640, 7, 8)),
        (info(0o6755), None, {}, (0o755, 7, 8)),
        (info(0o6755, uid=1, gid=2), None, {"archive": True}, (0o6755, 1, 2)),
        (info(0o6755, uid=1, gid=2), None, {"archive": True, "owner_id": 3}, (0o6755, 3, 2)),
        (info(0o644), None, {"mode": 0o4755}, (0o4755, 7, 8)),
        (info(0o2775, tarfile.DIRTYPE), None, {"mode": 0o600}, (0o2775, 7, 8)),
        (info(0o755, tarfile.DIRTYPE), info(0o700, tarfile.DIRTYPE, uid=5), {}, (0o700, 5, 0)),
        (info(0o755, tarfile.DIRTYPE), info(0o700, tarfile.DIRTYPE), {"archive": True}, (0o755, 0, 0)),
        (info(0o755, tarfile.DIRTYPE), info(0o700, tarfile.DIRTYPE), {"directory_mode": "711"}, (0o711, 0, 0)),
    ],
)
def test_what_is_wanted(
    source: tarfile.TarInfo, present: tarfile.TarInfo | None, params: dict[str, Any], expected: tuple[int, int, int]
) -> None:
    wanted = attributes(**params).lay(source, present)
    assert (wanted.mode, wanted.uid, wanted.gid) == expected


def test_owners_that_cannot_be_kept() -> None:
    """Without its owner, a program is not to run as anybody else."""
    wanted = attributes(owners=False, archive=True).lay(info(0o4755, uid=1, gid=2), None)
    assert (wanted.mode, wanted.uid, wanted.gid) == (0o755, 7, 8)


@pytest.mark.parametrize(("time", "expected"), [(5.9, 5), (-5, 0), (10**10, 0), (2**33, 2**33)])
def test_times_as_engines_keep_them(time: float, expected: int) -> None:
    assert attributes().lay(info(mtime=time), None).mtime == expected


def test_names_of_another_archive_are_not_taken_along() -> None:
    source = info(pax_headers={"path": "elsewhere", "SCHILY.xattr.security.capability": "x"})
    assert attributes().lay(source, None).pax_headers == {"SCHILY.xattr.security.capability": "x"}


def test_a_report() -> None:
    report = Report()
    report.add("/a", {"state": ("absent", "file")}, None, Content(2, b"a\n"))
    report.add("/b", {"content": (None, None), "mode": ("0644", "0600")}, Content(1, b"\0"), Content(1, b"\1\0"[1:]))
    report.add("/c", {"content": (None, None)}, Content(LIMIT + 1), Content(3, b"\xffc\n"))
    report.add("/no\udcff", {"target": ("a", "b")})
    result = report.result()
    assert result["actions"] == [
        "create /a",
        "change /b: content, mode 0644 -> 0600",
        "change /c: content",
        "change /no\ufffd: target a -> b",
    ]
    assert [(each["before_header"], each["before"], each["after"]) for each in result["diff"]] == [
        ("/a", {"state": "absent"}, {"state": "file"}),
        ("/a", "", "a\n"),
        ("/b", {"mode": "0644"}, {"mode": "0600"}),
        ("/b", "1 bytes, which are no text\n", "other 1 bytes, which are no text\n"),
        ("/c", f"{LIMIT + 1} bytes, which are too many to be shown\n", "3 bytes, which are no text\n"),
        ("/no\ufffd", {"target": "a"}, {"target": "b"}),
    ]
    assert result["changes"][1] == {"path": "/b", "action": "change", "why": ["content", "mode"]}
    assert shown("no\udcff") == "no\ufffd"


def test_a_report_of_much() -> None:
    report = Report()
    for number in range(1000):
        report.add(f"/{number}", {"content": (None, None)}, Content(1, b"a"), Content(50_000, b"b" * 50_000))
    result = report.result()
    assert (len(result["changes"]), result["actions"][-1]) == (1000, "and 980 more")
    assert len(result["diff"]) == 101
    assert result["diff"][-1] == {"prepared": "and 900 more\n"}
    assert sum(len(str(each)) for each in result["diff"]) < 1_200_000


def test_a_report_of_nothing() -> None:
    assert Report().result() == {"changed": False, "changes": [], "actions": [], "diff": []}
