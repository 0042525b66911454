# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which files of a build context stay out of it: patterns, read and matched as Docker does."""

from __future__ import annotations

import posixpath
import re
import warnings
from collections.abc import Iterable, Sequence
from typing import Callable

_WILD = re.compile(r"[*\[\]?^\\]")


def parse(data: bytes) -> list[str]:
    """The patterns in a .dockerignore file, in order."""
    found = []
    for raw in data.removeprefix(b"\xef\xbb\xbf").split(b"\n"):
        if raw.startswith(b"#"):
            continue
        text = raw.decode("utf-8", "surrogateescape").strip()
        exception, text = text.startswith("!"), text.removeprefix("!").strip()
        if text:
            text = _clean(text)
            text = text[1:] if text[0] == "/" and text != "/" else text
        if text or exception:
            found.append("!" * exception + text)
    return found


class Pattern:
    """One pattern; `exception`: it began with an exclamation mark, which is no part of `text`."""

    def __init__(self, text: str) -> None:
        text = _clean(text.strip())
        self.exception, self.text = text.startswith("!"), text.removeprefix("!")
        if not self.text:
            raise ValueError("an exclamation mark alone is no pattern")
        if not _wellformed(self.text):
            raise ValueError(f"{self.text!r} is no pattern")
        self.match = _matcher(self.text)

    @property
    def start(self) -> str:
        """What the path of each match begins with, when not `wild`."""
        return self.text.removesuffix("/**").removesuffix("/*")

    @property
    def wild(self) -> bool:
        return bool(_WILD.search(self.start))


class Patterns:
    """Patterns in order, of which the last that matches counts. ValueError for what is no pattern."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.all = [Pattern(text) for text in texts if text.strip()]
        self.exceptions = [pattern for pattern in self.all if pattern.exception]

    def match(self, path: str, above: Sequence[bool] = ()) -> tuple[bool, list[bool]]:
        """Whether the patterns match `path`, and which of them do; `above` is the latter for the folder it is in."""
        matched, each = False, []
        for index, pattern in enumerate(self.all):
            hit = bool(above and above[index]) or (pattern.exception == matched and pattern.match(path))
            each.append(hit)
            if hit:
                matched = not pattern.exception
        return matched, each


def _clean(path: str) -> str:
    path = posixpath.normpath(path)
    return path[1:] if path.startswith("//") else path


def _wellformed(pattern: str) -> bool:
    """Whether brackets are closed and hold something, and each backslash has something to escape."""
    one = r"(?:\\.|[^\\\]\-])"
    return bool(re.fullmatch(rf"(?:[^\\\[]|\\.|\[(?:\^|(?!\^))(?:{one}(?:-{one})?)+\])*", pattern, re.DOTALL))


def _matcher(pattern: str) -> Callable[[str], bool]:
    """How Docker matches a pattern, with the special cases that it has for some with two asterisks."""
    words = re.findall(r"\*\*/?|\\.|.", pattern, re.DOTALL)
    kind, expression = "exact", ""
    for index, word in enumerate(words):
        if word.startswith("**"):
            last = index == len(words) - 1
            kind = "prefix" if last and kind == "exact" else "regex"
            expression += ".*" if last else "(?:.*/)?"
            kind = "suffix" if index == 0 else kind
        elif word in "*?":
            kind, expression = "regex", expression + ("[^/]*" if word == "*" else "[^/]")
        elif word in ".+()|{}$":
            expression += "\\" + word
        else:
            # As it is: an escape, a bracket or a circumflex means in the expression what it means there.
            kind = "regex" if word[0] in "\\[]" else kind
            expression += word
    if kind == "exact":
        return lambda path: path == pattern
    if kind == "prefix":
        return lambda path: path.startswith(pattern[:-2])
    if kind == "suffix":
        end = pattern[2:]
        return lambda path: path.endswith(end) or (end[0] == "/" and path == end[1:])
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of sets in sets, which some later Python may have
            matches = re.compile(expression, re.ASCII).fullmatch
    except re.error as error:
        raise ValueError(f"{pattern!r} is no pattern: {error}") from None
    return lambda path: bool(matches(path))
