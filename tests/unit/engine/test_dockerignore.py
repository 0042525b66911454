# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Patterns of .dockerignore, how they are read and what they match; tests/matrix has Docker's client beside them."""

from __future__ import annotations

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.dockerignore import Pattern, Patterns, parse


@pytest.mark.parametrize(
    ("text", "patterns"),
    [
        (b"", []),
        (b"a\nb\n", ["a", "b"]),
        (b"a\r\nb", ["a", "b"]),
        (b"\xef\xbb\xbfa\n", ["a"]),
        (b"# a\n#\n #b\n", ["#b"]),
        (b"  a b \t\n\n   \n", ["a b"]),
        (b"/a\n/\n//b\n", ["a", "/", "b"]),
        (b"a/\n./b/./c//d\na/../b\n../a\n", ["a", "b/c/d", "b", "../a"]),
        (b"!a\n! /b/ \n!!c\n!\n", ["!a", "!b", "!!c", "!"]),
        (b"\xff\xe4\n", ["\udcff\udce4"]),
    ],
)
def test_reading(text: bytes, patterns: list[str]) -> None:
    assert parse(text) == patterns


@pytest.mark.parametrize(
    ("pattern", "matched", "not_matched"),
    [
        ("a", ["a"], ["b", "a/b", "b/a"]),
        ("a.c", ["a.c"], ["abc"]),
        ("*", ["a", ".a", "a b"], ["a/b"]),
        ("*.c", [".c", "a.c"], ["a.cc", "b/a.c"]),
        ("*/a", ["b/a"], ["a", "b/c/a"]),
        ("a?", ["ab", "aü"], ["a", "a/", "abc"]),
        ("[a-c]x", ["ax", "cx"], ["dx", "x"]),
        ("[^a-c]x", ["dx"], ["ax"]),
        ("[!a]x", ["!x", "ax"], ["bx"]),
        (r"[\]]", ["]"], ["\\"]),
        (r"\*", ["*"], ["a"]),
        (r"\!a", ["!a"], ["a"]),
        ("a+b(c)|{d}$", ["a+b(c)|{d}$"], ["aab"]),
        ("**", ["a", "a/b"], []),
        ("**/a", ["a", "b/a", "b/c/a"], ["ba", "a/b"]),
        ("**/a*", ["a", "ab", "c/ab"], ["ca", "ab/c"]),
        ("**a", ["a", "ba", "c/ba"], ["ab"]),
        ("a/**", ["a/b", "a/b/c"], ["a", "ab"]),
        ("a**", ["a", "ab", "a/b"], ["ba"]),
        ("a/**/b", ["a/b", "a/c/b", "a/c/d/b"], ["ab", "a/cb"]),
        ("a/**/*.c", ["a/b.c", "a/b/c.c"], ["b.c", "a/b.c/d"]),
        ("**/**/a", ["a", "b/a"], ["ba"]),
        ("a^b", ["a^b"], ["ab"]),
        ("^ab*", ["abc"], ["^abc"]),  # as for Docker, a circumflex is only itself when the pattern is no expression
    ],
)
def test_one_pattern(pattern: str, matched: list[str], not_matched: list[str]) -> None:
    match = Pattern(pattern).match
    assert [path for path in matched + not_matched if match(path)] == matched


@pytest.mark.parametrize("text", ["[", "[]", "[^]", "[^]a]", "[a", "[a-]", "[-a]", "[a-c-e]", "a\\", "!", r"\q*"])
def test_what_is_no_pattern(text: str) -> None:
    with pytest.raises(ValueError, match="no pattern"):
        Patterns(["a", text])


@pytest.mark.parametrize(
    ("texts", "excluded"),
    [
        (["a"], ["a", "a/b", "a/b/c"]),
        (["a", "!a/b"], ["a"]),
        (["!a/b", "a"], ["a", "a/b", "a/b/c"]),
        (["a", "!a/b", "a/b/c"], ["a", "a/b/c"]),
        (["*", "!x"], ["a", "a/b", "a/b/c"]),
        (["a/*", "!a/b"], []),
    ],
)
def test_the_last_that_matches_counts(texts: list[str], excluded: list[str]) -> None:
    patterns, above, found = Patterns(texts), [], []
    for path in ("a", "a/b", "a/b/c"):
        out, above = patterns.match(path, above)
        found += [path] if out else []
    assert found == excluded


def test_where_matches_begin() -> None:
    starts = {
        text: (pattern.start, pattern.wild)
        for text in ("a/b", "a/*", "a/**", "a/*.c", "**/a")
        for pattern in [Pattern(text)]
    }
    assert starts == {
        "a/b": ("a/b", False),
        "a/*": ("a", False),
        "a/**": ("a", False),
        "a/*.c": ("a/*.c", True),
        "**/a": ("**/a", True),
    }
