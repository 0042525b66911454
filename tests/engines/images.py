"""Images made here, for no registry can be reached: the static busybox and a few files, imported as a tar."""

from __future__ import annotations

import functools
import io
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path

WEB = "dockside/web:1"

# busybox's httpd ignores SIGTERM as the first process of a container; a shell with a trap stops at once, as a real
# web server does.
_SERVE = """#!/bin/sh
trap 'kill $!; exit 0' TERM INT
httpd -f -p "${PORT:-80}" -h /www "$@" &
wait $!
"""
_IDLE = """#!/bin/sh
trap 'exit 0' TERM INT
sleep infinity &
wait $!
"""

_FILES: dict[str, tuple[bytes, int]] = {
    "/bin/serve": (_SERVE.encode(), 0o755),
    "/bin/idle": (_IDLE.encode(), 0o755),
    "/etc/passwd": (b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1000:app:/home/app:/bin/sh\n", 0o644),
    "/etc/group": (b"root:x:0:\napp:x:1000:\n", 0o644),
    "/www/index.html": (b"<h1>Hello from a container</h1>\n", 0o644),
}
_DIRECTORIES = {
    "bin": 0o755,
    "etc": 0o755,
    "home/app": 0o755,
    "root": 0o700,
    "tmp": 0o1777,
    "usr/bin": 0o755,
    "www": 0o755,
}

CHANGES = ('CMD ["/bin/serve"]', "EXPOSE 80")
"""What an image gets when its maker names no changes: a web server on port 80 that serves /www."""


def root_tar(root: Path, files: Mapping[str, bytes] | None = None) -> bytes:
    """A root file system as a tar: the busybox of the engine root `root` with a link per applet, /bin/serve (web
    server), /bin/idle (waits, stops at once), users root and app, and `files` {"/path": contents} over it.
    """
    wanted = {**_FILES, **{path: (data, 0o644) for path, data in (files or {}).items()}}
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, mode in _DIRECTORIES.items():
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        busybox = root / "usr/bin/busybox"
        _add(tar, "bin/busybox", busybox.read_bytes(), 0o755)
        for applet in _applets(busybox):
            link = tarfile.TarInfo(f"bin/{applet}")
            # The mode of a hard link's entry is laid on the file itself.
            link.type, link.linkname, link.mode = tarfile.LNKTYPE, "bin/busybox", 0o755
            tar.addfile(link)
        for path, (data, mode) in wanted.items():
            _add(tar, path.lstrip("/"), data, mode)
    return buffer.getvalue()


def _add(tar: tarfile.TarFile, name: str, data: bytes, mode: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = len(data), mode
    tar.addfile(entry, io.BytesIO(data))


@functools.cache
def _applets(busybox: Path) -> list[str]:
    # Statically linked, so the program of any root runs here.
    listed = subprocess.run([str(busybox), "--list"], capture_output=True, text=True, check=True).stdout
    return [name for name in listed.split() if name != "busybox"]
