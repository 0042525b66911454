# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""What goes into a process in a container and comes out of it; the twin of SPEC, STREAMS and TEXT in
module_utils/_actions/process.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  argv:
    description:
      - The command as a list of words, which need no quotes.
      - Mutually exclusive with O(command).
    type: list
    elements: str
  command:
    description:
      - The command as text, which is split into words as a shell does it. It is not given to a shell, so there are no
        variables, pipes or patterns. Use O(argv) with C(sh -c) for these.
      - Mutually exclusive with O(argv).
    type: str
"""

    # For those that have a command line of their own.
    STREAMS = r"""
options:
  stdin:
    description:
      - What the command reads from its standard input, followed by the end of it.
      - Without O(stdin) and O(stdin_path) the command has no standard input.
    type: str
  stdin_path:
    description:
      - A file whose content the command reads from its standard input, of any size. It is read where the module runs.
      - Mutually exclusive with O(stdin).
    type: path
  stdin_add_newline:
    description:
      - Whether to put a newline at the end of O(stdin). Not done with O(encoding=base64).
    type: bool
    default: true
  console_size:
    description:
      - The size of the terminal, height and width, such as V([40, 120]). Only with O(tty=true).
      - Below API 1.42 the engine can only be told when the command has begun.
    type: list
    elements: int
  command_timeout:
    description:
      - For how many seconds the command may run. If it takes longer, the task fails with what was written until then.
      - If it is not set, there is no limit. The option O(timeout) is about single answers of the engine.
    type: int
"""

    # Of what is only read.
    TEXT = r"""
options:
  strip_empty_ends:
    description:
      - Whether to leave out empty lines at the end of RV(stdout) and RV(stderr). Not done with O(encoding=base64).
    type: bool
    default: true
  encoding:
    description:
      - How standard input and output are written here. V(base64) keeps every byte. With V(utf-8), output that is
        no text in UTF-8 loses the bytes that do not fit.
    type: str
    choices:
      - utf-8
      - base64
    default: utf-8
"""
