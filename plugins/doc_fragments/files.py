# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What copies into containers and out of them share; the twin of SPEC in module_utils/_actions/trees.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  container:
    description:
      - The name or id of the container, which need not run.
    type: str
    required: true
  mode:
    description:
      - The permissions of the files. If it is not set, they are those of the source.
      - A number is taken as it is, so V(0644) without quotes works, as YAML reads it in octal. Text is octal.
      - The bits that let a program run as its owner or group are only taken from a source with O(archive=true), as
        they were meant for that owner.
    type: raw
  directory_mode:
    description:
      - The permissions of the directories, written as those of O(mode).
      - If it is not set, a new directory has those of the source, and one that is there keeps its own.
    type: raw
  archive:
    description:
      - Whether the numbers of owner and group, and the time of the last change, are those of the source, too. They are
        then compared and corrected, also where the content is the same. Times are whole seconds.
      - Without it, a file that is written has the time of the source, and its owner is left as it is.
    type: bool
    default: false
  parents:
    description:
      - Whether to make missing directories above the place of the copy. Without it, a missing directory is an error.
    type: bool
    default: false
"""
