# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The option mounts; the twin of MOUNT in _resources/shared.py."""

from __future__ import annotations


class ModuleDocFragment:
    DOCUMENTATION = r"""
options:
  mounts:
    description:
      - What is mounted into the file system of the container, each with its options by name.
      - An option that does not go with the O(mounts[].type) of its mount is an error.
    type: list
    elements: dict
    suboptions:
      target:
        description:
          - The path in the container. It starts with V(/) and may be there only once.
        type: str
        required: true
      type:
        description:
          - What is mounted. V(volume) is a volume of the engine, V(bind) a file or directory of the engine's machine,
            V(tmpfs) an empty file system in memory, V(image) the content of an image, V(cluster) a cluster volume of
            a swarm, V(npipe) a named pipe of Windows.
          - V(cluster) needs API 1.42, V(image) needs API 1.48.
        type: str
        choices: [bind, cluster, image, npipe, tmpfs, volume]
        default: volume
      source:
        description:
          - The name of the volume or image, or the path on the engine's machine.
          - V(tmpfs) has none. V(volume) without one gets an anonymous volume. All other types need one.
        type: str
      read_only:
        description:
          - Whether the container can only read there.
        type: bool
      propagation:
        description:
          - Whether mounts that are made below one of the two paths later are seen at the other one. For V(bind). The
            engine's default is V(rprivate).
        type: str
        choices: [private, rprivate, shared, rshared, slave, rslave]
      non_recursive:
        description:
          - Whether the mounts below the source stay out. For V(bind).
          - Needs API 1.40.
        type: bool
      create_mountpoint:
        description:
          - Whether the engine makes the source as a directory when it is not there. Without it a missing source is an
            error. For V(bind).
          - Needs API 1.42.
        type: bool
      read_only_non_recursive:
        description:
          - Whether O(mounts[].read_only) leaves the mounts below the source writable. For V(bind).
          - Needs API 1.44.
        type: bool
      read_only_force_recursive:
        description:
          - Whether it is an error when the mounts below the source cannot be made read-only as well. For V(bind).
          - Needs API 1.44.
        type: bool
      no_copy:
        description:
          - Whether an empty volume stays empty, instead of getting what the image has at this path. For V(volume).
        type: bool
      labels:
        description:
          - Labels of the volume, should the engine have to make it. For V(volume).
        type: dict
      volume_driver:
        description:
          - The driver of the volume, should the engine have to make it. For V(volume).
        type: str
      volume_options:
        description:
          - Options for O(mounts[].volume_driver). For V(volume).
        type: dict
      subpath:
        description:
          - The path inside the volume or image that is mounted instead of all of it. For V(volume) and V(image).
          - Needs API 1.45.
        type: str
      tmpfs_size:
        description:
          - The most that fits in, such as V(64M). V(0) is no limit. For V(tmpfs).
        type: str
      tmpfs_mode:
        description:
          - The permissions of the directory in octal, such as V("1777"). Put quotes around it. For V(tmpfs).
        type: str
      tmpfs_options:
        description:
          - Further options of the file system, each a dictionary of one name. The value of an option without a value
            is V(null). For V(tmpfs).
          - Needs API 1.46.
        type: list
        elements: dict
"""
