# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option healthcheck; the twin of HEALTHCHECK in _resources/shared.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  healthcheck:
    description:
      - How the engine finds out whether the application works.
      - What is not named here is left as it is. On a new container that is what the image says.
      - Times are written as in V(1m30s), V(5s) or V(500ms), with the units V(h), V(m), V(s), V(ms), V(us) and V(ns).
        V(0) stands for what the image says, and where it says nothing for the engine's own default.
    type: dict
    suboptions:
      test:
        description:
          - The command that checks. It succeeds with the exit code 0.
          - Text is run by the shell of the container. A list starts with V(CMD), which runs the words behind it as
            they are, with V(CMD-SHELL), which gives the text behind it to the shell, or with V(NONE).
          - V(NONE) switches off the health check that comes with the image.
        type: raw
      interval:
        description:
          - The time between two checks. The engine's default is V(30s).
        type: str
      timeout:
        description:
          - How long a check may take. The engine's default is V(30s).
        type: str
      retries:
        description:
          - After how many failed checks in a row the container is unhealthy. The engine's default is V(3).
        type: int
      start_period:
        description:
          - For how long after the start a failed check does not count. The engine's default is V(0s).
        type: str
      start_interval:
        description:
          - The time between two checks during O(healthcheck.start_period). The engine's default is V(5s).
          - Needs API 1.44.
        type: str
"""
