# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The way to a daemon through the program ssh."""

from __future__ import annotations

import socket
import subprocess
import tempfile

from .endpoint import Endpoint
from .errors import EngineTimeout, UnreachableError
from .transport import reap


def connect(endpoint: Endpoint, children: list[subprocess.Popen[bytes]]) -> socket.socket:
    """A socket to `docker system dial-stdio`. Only an answer shows that the login worked."""
    command = ["ssh", "-T", "-oBatchMode=yes", "-oServerAliveInterval=30", f"-oConnectTimeout={endpoint.timeout:.0f}"]
    command += [f"-p{endpoint.port}"] if endpoint.port else []
    command += ["--", endpoint.host, "docker", *(["--host", f"unix://{endpoint.path}"] if endpoint.path else [])]
    sock, theirs = socket.socketpair()
    with theirs, tempfile.TemporaryFile() as stderr:
        pipe = theirs.fileno()
        try:
            # run_command belongs to modules, and cannot leave a program running
            child = subprocess.Popen(  # pylint: disable=ansible-bad-function
                [*command, "system", "dial-stdio"], stdin=pipe, stdout=pipe, stderr=stderr
            )
        except OSError as error:
            sock.close()
            raise UnreachableError(str(endpoint), f"no program ssh (Debian: openssh-client): {error}") from error
        theirs.close()
        kind, answer, words = UnreachableError, b"", ""
        try:
            sock.settimeout(endpoint.timeout + 2)  # ssh's own limit comes first, and with a reason
            sock.sendall(b"HEAD /_ping HTTP/1.1\r\nHost: docker\r\n\r\n")
            while b"\r\n\r\n" not in answer:
                answer += sock.recv(4096) or b"\r\n\r\n"
        except socket.timeout:
            kind, words = EngineTimeout, "no answer in time (option timeout) "
        except OSError:
            pass  # ssh is gone and has said why
        if answer.startswith(b"HTTP/"):
            children[:] = [child for child in children if child.poll() is None] + [child]
            return sock
        sock.close()
        reap(child)
        stderr.seek(0)
        said = (stderr.read(8192) + answer[:200]).decode(errors="replace").split()
        words += " ".join(word for word in said if word.strip("@"))
        raise kind(str(endpoint), words or f"ssh ended with status {child.returncode}")
