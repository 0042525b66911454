# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

from __future__ import annotations

DOCUMENTATION = r"""
name: container
short_description: Run tasks in containers
version_added: 0.1.0
author:
  - dockside.engine contributors (@dockside)
description:
  - Runs the commands of tasks in a container that is running and brings files in and out, over the API of its Docker
    Engine. Nothing but a shell is needed in the container, and no Docker CLI on the controller.
  - Files go through a process of the user of the tasks, who then owns them, and reach every mount of the container.
    Only where the container has no C(cat), the engine copies them itself.
extends_documentation_fragment:
  - dockside.engine.connection
  - dockside.engine.connection_variables
  - ansible.builtin.connection_pipelining
options:
  remote_addr:
    description:
      - The name or id of the container.
    type: str
    default: inventory_hostname
    vars:
      - name: inventory_hostname
      - name: ansible_host
      - name: ansible_docker_host
  remote_user:
    description:
      - Who runs the commands in the container, as a name or number of a user, with V(:GROUP) behind it if wanted.
      - If it is not set, it is the user of the container.
    type: str
    vars:
      - name: ansible_user
      - name: ansible_docker_user
    ini:
      - section: defaults
        key: remote_user
    env:
      - name: ANSIBLE_REMOTE_USER
    cli:
      - name: user
    keyword:
      - name: remote_user
  working_dir:
    description:
      - The directory in the container in which commands start. If it is not set, it is the one of the container.
      - Needs API 1.35.
    type: str
    vars:
      - name: ansible_docker_working_dir
  extra_env:
    description:
      - Environment variables for the commands, besides those of the container.
    type: dict
    default: {}
    vars:
      - name: ansible_docker_extra_env
  privileged:
    description:
      - Whether the commands may do everything that root on the engine's machine may do.
    type: bool
    default: false
    vars:
      - name: ansible_docker_privileged
  command_timeout:
    description:
      - How many seconds a command, or the copy of a file, may take. If it is not set, there is no limit.
      - What is over its time is left running in the container, as the engine has no request that ends it.
    type: int
    vars:
      - name: ansible_docker_command_timeout
notes:
  - The options O(docker_host) and so on, if they are not set, come from the environment of the controller, as they do
    for modules.
seealso:
  - plugin: dockside.engine.containers
    plugin_type: inventory
"""

import os
import posixpath
import shutil
import time
from collections.abc import Iterable, Iterator
from typing import IO, Any, Callable

from ansible.errors import AnsibleConnectionFailure, AnsibleError, AnsibleFileNotFound
from ansible.plugins.connection import ConnectionBase
from ansible.utils.display import Display
from ansible_collections.dockside.engine.plugins.module_utils._engine.archive import Entry, header
from ansible_collections.dockside.engine.plugins.module_utils._engine.client import Engine
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError
from ansible_collections.dockside.engine.plugins.module_utils._engine.files import Files
from ansible_collections.dockside.engine.plugins.module_utils._engine.hijack import Deadline, ended, hijack
from ansible_collections.dockside.engine.plugins.module_utils._engine.streams import frames
from ansible_collections.dockside.engine.plugins.module_utils._module import CONNECTION
from ansible_collections.dockside.engine.plugins.plugin_utils._engine import connect, reported

display = Display()
PIECE = 65536
NO_SUCH_PROGRAM = (126, 127)  # the exit codes that the engine gives when a command cannot be run, as a shell does
Take = Callable[[int, bytes], Any]


class Connection(ConnectionBase):
    """Commands and files over /containers/{id}/exec, /exec/{id} and /containers/{id}/archive."""

    transport = "dockside.engine.container"
    has_pipelining = True
    _engine: Engine

    def _connect(self) -> Connection:
        if not self._connected:
            options = {name: self.get_option(name) for name in CONNECTION}
            # Ansible gives the timeout of its own connections, or that of a task, to every option of this name.
            if str(self.get_option_and_origin("timeout")[1]).startswith("keyword"):
                del options["timeout"]
            with reported(AnsibleConnectionFailure):
                self._engine = connect(options)
            self._connected = True
        return self

    def close(self) -> None:
        if self._connected:
            self._engine.close()
            self._connected = False

    def reset(self) -> None:
        self.close()
        self._connect()

    def exec_command(self, cmd: str, in_data: bytes | None = None, sudoable: bool = True) -> tuple[int, bytes, bytes]:
        become = self.become if sudoable and self.become and self.become.expect_prompt() else None
        dialog = BecomeDialog(become, self._play_context) if become else None
        output = {1: bytearray(), 2: bytearray()}

        def take(stream: int, data: bytes) -> None:
            output[stream] += data
            if dialog:
                dialog.look(output)

        def stdin() -> Iterator[bytes]:
            if dialog:
                yield from dialog.password()
            data = in_data or b""
            yield from (data[start : start + PIECE] for start in range(0, len(data), PIECE))

        display.vvv(f"EXEC {cmd}", host=self.get_option("remote_addr"))
        shell = [self._play_context.executable or "/bin/sh", "-c", cmd]
        code = self._run(shell, stdin() if in_data is not None or dialog else None, take)
        return code, bytes(output[1]), bytes(output[2])

    def put_file(self, in_path: str, out_path: str) -> None:
        display.vvv(f"PUT {in_path} TO {out_path}", host=self.get_option("remote_addr"))
        if not os.path.isfile(in_path):
            raise AnsibleFileNotFound(file_name=in_path)
        said = bytearray()
        with open(in_path, "rb") as file:
            command = self._shell_of('cat > "$1"', out_path)
            code = self._run(command, iter(lambda: file.read(PIECE), b""), lambda stream, data: said.extend(data))
        if code in NO_SUCH_PROGRAM:
            with reported(AnsibleError, f"{out_path}: "):
                self._put_archive(in_path, out_path)
        elif code:
            raise AnsibleError(f"{in_path} cannot be written to {out_path} in the container: {_text(said)}")

    def fetch_file(self, in_path: str, out_path: str) -> None:
        display.vvv(f"FETCH {in_path} TO {out_path}", host=self.get_option("remote_addr"))
        said = bytearray()
        with open(out_path, "wb") as file:
            command = self._shell_of('exec cat < "$1"', in_path)
            code = self._run(command, None, lambda stream, data: file.write(data) if stream == 1 else said.extend(data))
            if code in NO_SUCH_PROGRAM:
                file.truncate(0)
                file.seek(0)
                with reported(AnsibleError, f"{in_path}: "):
                    self._fetch_archive(in_path, file)
        if code and code not in NO_SUCH_PROGRAM:
            raise AnsibleError(f"{in_path} in the container cannot be read: {_text(said)}")

    def _run(self, command: list[str], stdin: Iterable[bytes] | None, take: Take) -> int:
        """Run a command in the container and give what it writes to `take`; answers its exit code."""
        self._connect()
        engine, seconds = self._engine, self.get_option("command_timeout")
        until = None if seconds is None else time.monotonic() + seconds
        directory, container = self.get_option("working_dir"), self.get_option("remote_addr")
        body = {
            "Cmd": command,
            "Env": [f"{name}={value}" for name, value in self.get_option("extra_env").items()],
            "WorkingDir": directory or "",
            "User": self.get_option("remote_user") or "",
            "Privileged": self.get_option("privileged"),
            "AttachStdin": stdin is not None,
            "AttachStdout": True,
            "AttachStderr": True,
        }
        try:
            if directory:
                engine.require([("working_dir", (1, 35))])
            made = engine.post(f"/containers/{container}/exec", body)["Id"]

            def look() -> Any:
                return engine.get(f"/exec/{made}/json")

            with hijack(engine, f"/exec/{made}/start", {"Detach": False, "Tty": False}) as wire:
                for stream, data in frames(wire.exchange(stdin, look, until)):
                    take(stream, data)
            found = ended(look, until)
        except Deadline:
            raise AnsibleConnectionFailure(
                f"The command did not end within {seconds} seconds (ansible_docker_command_timeout)"
            ) from None
        except (EngineError, ValueError) as error:
            raise AnsibleConnectionFailure(str(error)) from error
        for warning in engine.warnings:
            display.warning(warning)
        for request in engine.trace:
            display.vvv(request, host=container)
        engine.warnings, engine.trace = [], []
        return int(found["ExitCode"])

    def _shell_of(self, script: str, path: str) -> list[str]:
        return [self._play_context.executable or "/bin/sh", "-c", script, "sh", path]

    def _files(self) -> Files:
        return Files(self._engine, self.get_option("remote_addr"))

    def _absolute(self, path: str) -> str:
        return posixpath.normpath(posixpath.join("/", self.get_option("working_dir") or "", path))

    def _put_archive(self, in_path: str, out_path: str) -> None:
        directory, name = posixpath.split(self._absolute(out_path))
        info = header(in_path, name, follow=True)
        info.mode, info.mtime = 0o600, int(time.time())
        user, _colon, group = (self.get_option("remote_user") or "").partition(":")
        # Names of users are known only inside.
        info.uid, info.gid = (int(number) if number.isdecimal() else 0 for number in (user, group))
        self._files().write(directory, [Entry(info, in_path)])

    def _fetch_archive(self, in_path: str, file: IO[bytes]) -> None:
        path, files = self._absolute(in_path), self._files()
        found = files.find(path)
        with files.read(found.target or path if found else path) as members:
            for _name, _info, reader in members:
                if reader is None:
                    raise AnsibleError(f"{in_path} in the container is not a file")
                shutil.copyfileobj(reader, file, PIECE)


class BecomeDialog:
    """The talk with a become program that asks for a password, before the command has its input and output."""

    def __init__(self, become: Any, play_context: Any) -> None:
        self._become, self._play_context = become, play_context
        self._asked = self._through = False

    def look(self, output: dict[int, bytearray]) -> None:
        """Follow what was written so far; AnsibleError when the password is wrong or missing."""
        if self._through:
            return
        for data in output.values():
            lines = bytes(data).splitlines()
            if any(self._become.check_success(line) for line in lines):
                self._through = True
                self._strip(output)
                return
            if self._asked and any(self._become.check_incorrect_password(line) for line in lines):
                raise AnsibleError(f"Incorrect {self._become.name} password")
            if self._asked and any(self._become.check_missing_password(line) for line in lines):
                raise AnsibleError(f"Missing {self._become.name} password")
            self._asked = self._asked or self._become.check_password_prompt(bytes(data))

    def password(self) -> Iterator[bytes]:
        """Nothing until the program asks, then the password; ends when the command itself runs."""
        while not self._asked and not self._through:
            yield b""
        if self._asked:
            password = self._become.get_option("become_pass", playcontext=self._play_context)
            if not password:
                raise AnsibleError(f"{self._become.name} asks for a password, but there is no ansible_become_password")
            yield password.encode("utf-8", "surrogateescape") + b"\n"
        while not self._through:
            yield b""

    def _strip(self, output: dict[int, bytearray]) -> None:
        """Take out the prompt and the mark of success, which the command did not write."""
        for stream, data in output.items():
            lines = bytes(data).splitlines(keepends=True)
            kept = [
                line
                for line in lines
                if not self._become.check_success(line) and not self._become.check_password_prompt(line)
            ]
            output[stream][:] = b"".join(kept)


def _text(said: bytearray) -> str:
    return said.decode(errors="replace").strip()
