# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The connection plugin over every way to an engine: bytes both ways in full, and containers without programs."""

from __future__ import annotations

import hashlib
import os
import pathlib
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pytest
from ansible.errors import AnsibleConnectionFailure, AnsibleError
from ansible.playbook.play_context import PlayContext
from ansible.plugins.loader import become_loader, connection_loader, shell_loader
from engines import Engine, Lab

pytestmark = pytest.mark.engines
WAYS = ("unix", "tcp", "tls", "ssh")
# Asks as sudo does; the mark of success comes, as Ansible has it, from the command that is run.
ASK = "printf 'PROMPT' >&2; read -r word; test $word = right || {{ echo 'Sorry, try again.' >&2; exit 1; }}; {}"


@pytest.fixture(scope="module")
def engine(lab: Lab) -> Engine:
    return lab.engine("28.5", listen=WAYS)


@pytest.fixture
def container(engine: Engine) -> Iterator[str]:
    body = {"Image": engine.image(), "Cmd": ["/bin/idle"]}
    made: str = engine.ask("POST", "/containers/create?name=connected", body)["Id"]
    engine.ask("POST", f"/containers/{made}/start")
    yield made
    engine.reset()


def options(engine: Engine, way: str) -> dict[str, Any]:
    pem = {"validate_certs": True, "ca_path": "ca.pem", "client_cert": "cert.pem", "client_key": "key.pem"}
    hosts = {"unix": engine.host, "tcp": engine.tcp, "tls": engine.tls, "ssh": engine.ssh}
    found = {"docker_host": hosts[way]}
    if way == "tls":
        found.update({key: f"{engine.certs}/{value}" if value is not True else True for key, value in pem.items()})
    return found


def connection(engine: Engine, way: str = "unix", **more: Any) -> Any:
    made = connection_loader.get("dockside.engine.container", PlayContext())
    made.set_options(direct={"remote_addr": "connected", **options(engine, way), **more})
    made._shell = shell_loader.get("sh")
    return made


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


@pytest.mark.parametrize("way", WAYS)
def test_commands_and_files(
    way: str, engine: Engine, container: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert engine.ssh_clients
    monkeypatch.setenv("PATH", f"{engine.ssh_clients['good']}:{os.environ['PATH']}")
    there = connection(engine, way)
    data = os.urandom(3_000_001)
    assert there.exec_command("cat; echo err >&2; exit 4", data) == (4, data, b"err\n")
    assert there.exec_command("cat") == (0, b"", b"")  # without input, there is an end of it
    if way == "unix":  # elsewhere the network may lose what a command said that left input unread
        assert there.exec_command("true", data)[0] == 0

    (tmp_path / "sent").write_bytes(data)
    there.put_file(str(tmp_path / "sent"), "/home/app/ä ö.bin")
    assert there.exec_command("sha256sum < '/home/app/ä ö.bin'")[1].split()[0].decode() == digest(data)
    there.fetch_file("/home/app/ä ö.bin", str(tmp_path / "back"))
    assert digest((tmp_path / "back").read_bytes()) == digest(data)

    become = become_loader.get("sudo")
    become.set_options(direct={"become_pass": "right"})
    become.prompt, become.success = "PROMPT", "BECOME-SUCCESS-xyz"
    there.set_become_plugin(become)
    command = ASK.format("echo BECOME-SUCCESS-xyz; cat")
    assert there.exec_command(command, data) == (0, data, b"")
    become.set_options(direct={"become_pass": "wrong"})
    with pytest.raises(AnsibleError, match="Incorrect sudo password"):
        there.exec_command(command, data)
    there.close()


def test_a_file_is_its_users_and_reaches_every_mount(engine: Engine, tmp_path: pathlib.Path) -> None:
    body = {"Image": engine.image(), "Cmd": ["/bin/idle"], "User": "app", "HostConfig": {"ReadonlyRootfs": True}}
    body["HostConfig"]["Tmpfs"] = {"/tmp": "mode=1777"}
    made = engine.ask("POST", "/containers/create?name=connected", body)["Id"]
    engine.ask("POST", f"/containers/{made}/start")
    (tmp_path / "sent").write_bytes(b"x")
    there = connection(engine)
    there.put_file(str(tmp_path / "sent"), "/tmp/sent")
    assert there.exec_command("stat -c %U /tmp/sent; cat /tmp/sent") == (0, b"app\nx", b"")
    with pytest.raises(AnsibleError, match=r"cannot be written to /etc/sent in the container: .*[Rr]ead-only"):
        there.put_file(str(tmp_path / "sent"), "/etc/sent")
    there.close()
    engine.reset()


def test_a_container_without_programs(engine: Engine, container: str, tmp_path: pathlib.Path) -> None:
    there = connection(engine, remote_user="1000:1000")
    assert connection(engine).exec_command("ln -s sent /home/app/link; rm -r /bin")[0] == 0
    data = os.urandom(2_000_003)
    (tmp_path / "sent").write_bytes(data)
    there.put_file(str(tmp_path / "sent"), "/home/app/sent")
    there.fetch_file("/home/app/link", str(tmp_path / "back"))
    assert digest((tmp_path / "back").read_bytes()) == digest(data)
    with pytest.raises(AnsibleError, match=r"/home/app/none: .*404"):
        there.fetch_file("/home/app/none", str(tmp_path / "back"))
    with pytest.raises(AnsibleError, match="/home/app in the container is not a file"):
        there.fetch_file("/home/app", str(tmp_path / "back"))
    there.close()


@pytest.mark.parametrize("programs", [True, False])
def test_files_of_any_size_are_streamed(programs: bool, engine: Engine, container: str, tmp_path: pathlib.Path) -> None:
    size, limit = 64 << 20, 4 << 20  # bytes
    with (tmp_path / "sent").open("wb") as file:
        file.truncate(size)
    there = connection(engine)
    if not programs:
        assert there.exec_command("rm -r /bin")[0] == 0
    tracemalloc.start()
    try:
        there.put_file(str(tmp_path / "sent"), "/home/app/sent")
        there.fetch_file("/home/app/sent", str(tmp_path / "back"))
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        there.close()
    assert (tmp_path / "back").stat().st_size == size
    assert peak < limit


def test_who_and_where(engine: Engine, container: str) -> None:
    there = connection(engine, remote_user="app", working_dir="/www", extra_env={"A": "b c"})
    assert there.exec_command('id -un; pwd; echo "$A"') == (0, b"app\n/www\nb c\n", b"")
    there.close()


def test_what_cannot_be_reached(engine: Engine, container: str) -> None:
    with pytest.raises(AnsibleConnectionFailure, match="did not end within 1 seconds"):
        connection(engine, command_timeout=1).exec_command("sleep 30")
    with pytest.raises(AnsibleConnectionFailure, match="404 Not Found: No such container: gone"):
        connection(engine, remote_addr="gone").exec_command("true")
    with pytest.raises(AnsibleConnectionFailure, match="Cannot reach the Docker daemon"):
        connection(engine, docker_host="unix:///nonexistent.sock").exec_command("true")
