# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Every option of plugins, with a driver of volumes that is made here, and a registry of the engine's own."""

from __future__ import annotations

import base64
import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, VersionError
from ansible_collections.dockside.engine.plugins.module_utils._resources.plugin import Plugin
from engines import Lab, Registry, plugins

from tests.matrix.harness import Bench, Target

NAME = "dockside/volumes:1"
AUTH = {"username": "ann", "password": "secret word"}
# Where a plugin starts and stops, which takes its time. Image stores and old APIs make no difference to plugins.
running = pytest.mark.parametrize("session_target", ["20.10", "26.1", "28.5"], indirect=True)


@pytest.fixture
def bench(target: Target) -> Iterator[Bench]:
    yield Bench(Plugin, target)
    target.reset()  # volumes without their plugin are hard to remove
    for each in target.ask("GET", "/plugins"):
        target.ask("DELETE", f"/plugins/{each['Name']}?force=1")


@pytest.fixture
def source(tmp_path: Path, request: pytest.FixtureRequest) -> Path:
    """The files of a plugin, which are others in each test."""
    return plugins.files(tmp_path / "plugin", request.node.name)


def inspect(target: Target, name: str = NAME) -> Any:
    status, found = target.engine.get(f"/plugins/{name}/json")
    return found if status == 200 else None


def env(target: Target, name: str = NAME) -> dict[str, str]:
    return dict(pair.split("=", 1) for pair in inspect(target, name)["Settings"]["Env"])


def packed(source: Path, mode: str = "w") -> Path:
    path = source.with_name(f"plugin-{mode.replace(':', '-')}.tar")
    with tarfile.open(path, mode) as archive:
        archive.add(source / "rootfs", "rootfs")
        archive.add(source / "config.json", "./config.json")
    return path


def pushed(target: Target, name: str, source: Path) -> str:
    """Bring a plugin of these files to the registry, and none of it stays on the engine. Answers its digest there."""
    Bench(Plugin, target).run({"plugin_name": name, "source_path": str(source), "push": True})
    target.ask("DELETE", f"/plugins/{name}")
    header = base64.urlsafe_b64encode(json.dumps(AUTH).encode()).decode()
    answer = target.engine.ask("GET", f"/distribution/{name}/json", headers={"X-Registry-Auth": header})
    return str(answer["Descriptor"]["digest"])


# ---- made of files ----


@pytest.mark.parametrize("tar", [False, True], ids=["directory", "tar"])
def test_made_of_files(bench: Bench, target: Target, source: Path, tar: bool) -> None:
    options = {"plugin_name": NAME, "source_path": str(packed(source) if tar else source)}
    done = bench.agree(options)
    assert done.actions == [f"create plugin {NAME}"]
    assert done.diff["before"] == {"exists": False}
    assert done.diff["after"] == {"exists": True, "name": NAME, "source_path": options["source_path"]}
    assert done.value["plugin"] == inspect(target)
    assert not inspect(target)["Enabled"]
    bench.settled(options)
    bench.settled({"plugin_name": NAME})
    bench.settled({"plugin_name": "docker.io/dockside/volumes:1", "state": "disable"})
    absent = {"plugin_name": NAME, "state": "absent"}
    assert bench.agree(absent).actions == [f"remove plugin {NAME}"]
    bench.settled(absent)


def test_another_configuration(bench: Bench, target: Target, source: Path) -> None:
    options = {"plugin_name": NAME, "source_path": str(source), "plugin_options": {"GREETING": "hi", "place": "/var"}}
    bench.run(options)
    # Written as some people do, and with what engines do not know: all the same to them.
    other = {key.title(): value for key, value in plugins.CONFIG.items()}
    (source / "config.json").write_text(json.dumps({**other, "IpcHost": False, "user": {"uid": 0}, "x-ours": "1"}))
    bench.settled(options)
    plugins.files(source, "2", description="Other volumes")
    was = inspect(target)
    bench.refused(options, "description.*Volumes for tests.*wanted.*Other volumes.*recreate: options-changed")
    del options["plugin_options"]
    options["recreate"] = "options-changed"
    done = bench.agree(options)
    assert [(change.option, change.before, change.after) for change in done.changes] == [
        ("source_path", {"description": "Volumes for tests"}, {"description": "Other volumes"})
    ]
    assert inspect(target)["Id"] != was["Id"]
    assert (inspect(target)["Config"]["Description"], env(target)["GREETING"]) == ("Other volumes", "hi")
    assert inspect(target)["Settings"]["Mounts"][0]["Source"] == "/var"
    bench.settled(options)
    options["recreate"] = "always"
    was = inspect(target)
    assert bench.agree(options).actions == [f"recreate plugin {NAME}"]
    assert inspect(target)["Id"] != was["Id"]


def test_only_the_configuration_changed(bench: Bench, target: Target, source: Path) -> None:
    """The engine has the root file system already, of the plugin that is to be replaced."""
    options = {"plugin_name": NAME, "source_path": str(source), "recreate": "options-changed"}
    bench.run(options)
    version = (source / "rootfs/version").read_text()
    (source / "config.json").write_text(json.dumps({**plugins.CONFIG, "description": "Other volumes"}))
    assert bench.agree(options).changed
    assert inspect(target)["Config"]["Description"] == "Other volumes"
    assert version == (source / "rootfs/version").read_text()


def test_what_cannot_be_made_leaves_the_old_one(bench: Bench, target: Target, source: Path) -> None:
    options = {"plugin_name": NAME, "source_path": str(source), "recreate": "options-changed"}
    bench.run(options)
    (source / "config.json").write_text(json.dumps({**plugins.CONFIG, "entrypoint": "/driver"}))
    bench.refused(options, f"plugin {NAME} cannot be made of .*: .*cannot unmarshal string", EngineError)


def test_the_same_files_twice(bench: Bench, source: Path) -> None:
    bench.run({"plugin_name": "dockside/first:1", "source_path": str(source)})
    options = {"plugin_name": NAME, "source_path": str(source)}
    text = f"plugin {NAME} cannot be made of .*: plugin dockside/first:1 has the same files"
    bench.refused(options, text, EngineError)
    # But again after the first is gone, though the engine clears its files away later.
    bench.run({"plugin_name": "dockside/first:1", "state": "absent"})
    assert bench.run(options).changed


def test_files_that_make_no_plugin(bench: Bench, source: Path) -> None:
    def refused(text: str, path: Path = source) -> None:
        bench.refused({"plugin_name": NAME, "source_path": str(path)}, text)

    refused("source_path: there is no .*/nothing", source / "nothing")
    refused(r"source_path: no plugin can be made of .*\.tar: ", packed(source, "w:gz"))
    (source / "config.json").write_text("{")
    refused("source_path: no plugin can be made of .*plugin: Expecting")
    (source / "config.json").write_text("[]")
    refused(r"source_path: config\.json of .* holds no object")
    (source / "config.json").unlink()
    refused(r"source_path: there is no .*/plugin/config\.json")
    (source / "config.json").write_text("{}")
    (source / "rootfs").rename(source / "root")
    refused(r"source_path: there is no .*/plugin/rootfs")
    with tarfile.open(source / "p.tar", "w") as archive:
        archive.add(source / "config.json", "config.json")
    refused(r"source_path: no plugin can be made of .*/p\.tar: it holds no rootfs", source / "p.tar")


def test_options_that_do_not_fit(bench: Bench, source: Path) -> None:
    of_files = {"plugin_name": NAME, "source_path": str(source)}
    bench.refused({"plugin_name": "Volumes"}, "plugin_name: 'Volumes' is not an image name")
    bench.refused({"plugin_name": NAME, "alias": "a b"}, "alias: 'a b' is not an image name")
    bench.refused({"plugin_name": NAME, "alias": f"a@sha256:{64 * '0'}"}, "alias: must be a name with a tag")
    bench.refused({**of_files, "alias": "a"}, "mutually exclusive: source_path.alias")
    bench.refused({**of_files, "privileges": []}, "mutually exclusive: source_path.privileges")
    bench.refused({**of_files, "plugin_name": f"a@sha256:{64 * '0'}"}, "plugin_name: the files of source_path get")
    both = {"plugin_name": NAME, "privileges": plugins.PRIVILEGES, "grant_all_permissions": True}
    bench.refused(both, "privileges: all are granted already")
    bench.refused({**of_files, "plugin_options": {"a": ["b"]}}, r"plugin_options\.a: must be text")


# ---- settings ----


def test_settings(bench: Bench, target: Target, source: Path) -> None:
    bench.run({"plugin_name": NAME, "source_path": str(source)})
    first = {"GREETING": "hi there", "UNSET": "", "place.source": "/var", "disk": "/dev/zero", "args": "-c d=e"}
    options = {"plugin_name": NAME, "plugin_options": first}
    done = bench.agree(options)
    assert done.actions == [f"set plugin {NAME}"]
    assert [(change.before, change.after) for change in done.changes] == [
        (
            {"GREETING": "hello", "UNSET": None, "place": "/tmp", "disk": "/dev/null", "args": "-a -b"},
            {"GREETING": "hi there", "UNSET": "", "place": "/var", "disk": "/dev/zero", "args": "-c d=e"},
        )
    ]
    found = inspect(target)["Settings"]
    assert env(target) == {"GREETING": "hi there", "UNSET": "", "FIXED": "1"}
    assert (found["Mounts"][0]["Source"], found["Devices"][0]["Path"]) == ("/var", "/dev/zero")
    assert found["Args"] == ["-c", "d=e"]
    bench.settled(options)
    # What is not named stays; numbers and booleans are text; files that are compared do not undo what was set.
    again = {"plugin_name": NAME, "source_path": str(source), "plugin_options": {"GREETING.value": 5, "UNSET": True}}
    assert bench.agree(again).changed
    assert env(target) == {"GREETING": "5", "UNSET": "true", "FIXED": "1"}
    assert inspect(target)["Settings"]["Args"] == ["-c", "d=e"]
    bench.settled(again)
    bench.settled({"plugin_name": NAME, "plugin_options": {"FIXED": 1}})
    one = {"plugin_name": NAME, "plugin_options": {"GREETING": "x", "FIXED": "2"}}
    bench.refused(one, r"plugin_options\.FIXED: the plugin does not let it be set, it is 1")
    one = {"plugin_name": NAME, "plugin_options": {"GREETING": "x", "GREETINGS": "2"}}
    text = r"plugin_options\.GREETINGS: the plugin has no such setting, it has GREETING, UNSET, args, disk, place"
    bench.refused(one, text)


def test_a_new_plugin_with_a_wrong_setting_is_removed(bench: Bench, source: Path) -> None:
    options = {"plugin_name": NAME, "source_path": str(source), "plugin_options": {"NONE": "1"}}
    bench.refused(options, r"plugin_options\.NONE: the plugin has no such setting")


# ---- enabled and disabled ----


@running
def test_enabled_and_disabled(bench: Bench, target: Target, source: Path) -> None:
    options = {"plugin_name": NAME, "source_path": str(source), "state": "enable", "enable_timeout": 20}
    done = bench.agree(options)
    assert done.actions == [f"create plugin {NAME}", f"enable plugin {NAME}"]
    assert inspect(target)["Enabled"]
    bench.settled(options)
    bench.settled({"plugin_name": NAME})

    # Set while it is enabled, and a volume through it.
    options = {"plugin_name": NAME, "plugin_options": {"GREETING": "good day"}}
    done = bench.agree(options)
    assert done.actions == [f"disable plugin {NAME}", f"set plugin {NAME}", f"enable plugin {NAME}"]
    bench.settled(options)
    target.ask("POST", "/volumes/create", {"Name": "case", "Driver": NAME})
    target.container("reader", HostConfig={"Binds": ["case:/volume"]})
    assert target.engine.docker("exec", "reader", "cat", "/volume/greeting").stdout == "good day"

    # In use, it is neither disabled nor set, unless that is forced.
    for change in ({"state": "disable"}, {"plugin_options": {"GREETING": "bye"}}):
        said = bench.check({"plugin_name": NAME, **change})
        assert said.value["warnings"] == [
            f"plugin {NAME} may be in use by volume case, and then is not disabled; see force_disable"
        ]
        bench.refused({"plugin_name": NAME, **change}, "cannot be disabled: .*in use; see force_disable", EngineError)
    text = f"plugin {NAME} is enabled; see force_remove"
    bench.refused({"plugin_name": NAME, "state": "absent"}, text)
    target.ask("DELETE", "/containers/reader?force=1")
    target.ask("DELETE", "/volumes/case")

    # It does not start with this mount: everything is as it was.
    was = inspect(target)
    with pytest.raises(EngineError, match=f"plugin {NAME} cannot be enabled: .*nowhere"):
        bench.run({"plugin_name": NAME, "plugin_options": {"place": "/nowhere", "UNSET": "x", "GREETING": "no"}})
    settings = inspect(target)["Settings"]
    settings["Env"].remove("UNSET=")  # what was not set cannot be unset again
    assert (settings, inspect(target)["Enabled"]) == (was["Settings"], True)

    done = bench.agree({"plugin_name": NAME, "state": "disable"})
    assert (done.actions, done.changes[0].before) == ([f"disable plugin {NAME}"], "enable")
    bench.settled({"plugin_name": NAME, "state": "disable"})


@running
def test_forced(bench: Bench, target: Target, source: Path) -> None:
    bench.run({"plugin_name": NAME, "source_path": str(source), "state": "enable"})
    target.ask("POST", "/volumes/create", {"Name": "case", "Driver": NAME})
    done = bench.agree({"plugin_name": NAME, "state": "disable", "force_disable": True})
    assert "warnings" not in done.value or not done.value["warnings"]
    bench.run({"plugin_name": NAME, "state": "enable"})
    target.ask("DELETE", "/volumes/case")
    # Made anew with its settings, and enabled again.
    bench.run({"plugin_name": NAME, "plugin_options": {"GREETING": "kept"}})
    plugins.files(source, "other", description="Other volumes")
    options = {"plugin_name": NAME, "source_path": str(source), "recreate": "options-changed"}
    assert bench.agree(options).actions == [f"recreate plugin {NAME}"]
    assert (inspect(target)["Enabled"], env(target)["GREETING"]) == (True, "kept")
    done = bench.agree({"plugin_name": NAME, "state": "absent", "force_remove": True})
    assert done.actions == [f"remove plugin {NAME}"]


@running
def test_a_new_plugin_that_does_not_start_is_removed(bench: Bench, source: Path) -> None:
    options = {
        "plugin_name": NAME,
        "source_path": str(source),
        "plugin_options": {"place": "/nowhere"},
        "state": "enable",
    }
    bench.refused(options, f"plugin {NAME} cannot be enabled: .*nowhere", EngineError)


# ---- from a registry and to it ----


def test_push(bench: Bench, target: Target, source: Path, registry: Registry) -> None:
    name = f"{registry.name}/dockside/pushed-{len(registry.tags('dockside/pushed'))}:1"
    options = {"plugin_name": name, "source_path": str(source), "push": True}
    done = bench.agree(options)
    assert done.actions == [f"create plugin {name}", f"push plugin {name}"]
    assert registry.tags(name.removeprefix(f"{registry.name}/").removesuffix(":1")) == ["1"]
    bench.settled(options)
    # Another one of the name is pushed over it.
    plugins.files(source, "pushed twice", description="Other volumes")
    done = bench.agree({**options, "recreate": "options-changed"})
    assert done.actions == [f"recreate plugin {name}", f"push plugin {name}"]
    bench.settled(options)
    with pytest.raises(EngineError, match=r"plugin 127\.0\.0\.1:1/volumes:1 cannot be pushed: .*refused"):
        plugins.files(source, "pushed nowhere")
        bench.run({**options, "plugin_name": "127.0.0.1:1/volumes:1"})


@running
def test_install_and_upgrade(bench: Bench, target: Target, source: Path, registry: Registry) -> None:
    first, second = (f"{registry.name}/dockside/volumes:{version}" for version in "12")
    digest = pushed(target, first, source)
    plugins.files(source, f"{source} 2", description="Newer volumes", network={"type": "bridge"})
    pushed(target, second, source)

    # Privileges are granted by name, or all.
    options: dict[str, Any] = {"plugin_name": first, "alias": "volumes"}
    text = r"privileges: plugin \S+volumes:1 asks for the privileges .*CAP_SYS_ADMIN.* and the task grants none"
    bench.refused(options, text)
    with pytest.raises(ValueError, match=text):
        bench.check(options)
    bench.refused({**options, "privileges": plugins.PRIVILEGES[1:]}, r"asks for .*'host'.* grants \[.*'mount'")
    options["privileges"] = plugins.PRIVILEGES[::-1]
    done = bench.agree(options)
    assert done.actions == ["install plugin volumes:latest"]
    assert done.diff["after"]["remote"] == first
    assert done.diff["after"]["privileges"] == plugins.PRIVILEGES
    assert [each["Name"] for each in done.value["privileges"]] == ["network", "mount", "device", "capabilities"]
    assert inspect(target, "volumes")["PluginReference"] == first
    bench.settled(options)
    bench.settled({"plugin_name": first, "alias": "volumes"})
    bench.settled({"plugin_name": "volumes", "state": "disable"})

    # Enabled and set up, and then another version: the settings stay, and it is enabled again.
    bench.run({**options, "state": "enable", "plugin_options": {"GREETING": "kept"}})
    newer = {"plugin_name": second, "alias": "volumes"}
    bench.refused({**newer, "privileges": plugins.PRIVILEGES}, "privileges: plugin .* asks for")
    newer["grant_all_permissions"] = True
    done = bench.agree(newer)
    assert done.actions == [f"{verb} plugin volumes:latest" for verb in ("disable", "upgrade", "enable")]
    assert [(change.option, change.before, change.after) for change in done.changes] == [("plugin_name", first, second)]
    bench.settled(newer)
    target.engine.restart()
    bench.settled(newer)
    found = inspect(target, "volumes")
    assert (found["Enabled"], found["Config"]["Description"]) == (True, "Newer volumes")
    assert env(target, "volumes")["GREETING"] == "kept"

    # By digest, together with a setting.
    pinned = {"plugin_name": f"{first}@{digest}", "alias": "volumes", "grant_all_permissions": True}
    pinned["plugin_options"] = {"GREETING": "pinned"}
    if target.api < (1, 45):
        bench.refused(pinned, "plugin_name with a digest needs API 1.45", VersionError)
    else:
        verbs = ("disable", "upgrade", "set", "enable")
        assert bench.agree(pinned).actions == [f"{verb} plugin volumes:latest" for verb in verbs]
        bench.settled(pinned)
        assert inspect(target, "volumes")["Config"]["Description"] == "Volumes for tests"
    done = bench.agree({"plugin_name": "volumes", "state": "absent", "force_remove": True})
    assert inspect(target, "volumes") is None


@running
def test_an_upgrade_that_does_not_start_is_undone(
    bench: Bench, target: Target, source: Path, registry: Registry
) -> None:
    good, broken, none = (f"{registry.name}/dockside/undone:{tag}" for tag in ("good", "broken", "none"))
    pushed(target, good, source)
    plugins.files(source, f"{source} broken", entrypoint=["/nowhere"])
    pushed(target, broken, source)
    grant = {"grant_all_permissions": True, "alias": "volumes"}
    bench.run({"plugin_name": good, "state": "enable", "plugin_options": {"GREETING": "kept"}, **grant})
    was = inspect(target, "volumes")
    for other, text in ((broken, "cannot be enabled: .*nowhere"), (none, f"cannot be upgraded to {none}: ")):
        with pytest.raises(EngineError, match=f"plugin volumes:latest {text}"):
            bench.run({"plugin_name": other, "plugin_options": {"GREETING": "new"}, **grant})
        assert inspect(target, "volumes") == was


def test_nothing_to_install(bench: Bench, registry: Registry) -> None:
    name = f"{registry.name}/dockside/none:1"
    bench.refused({"plugin_name": name}, f"plugin {name} cannot be installed: ", EngineError)
    granted = {"plugin_name": name, "privileges": plugins.PRIVILEGES}
    bench.refused(granted, rf"privileges: plugin {name} asks for the privileges none \(or is not in the registry")


@running
def test_a_registry_that_wants_a_login(
    bench: Bench, source: Path, lab: Lab, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = lab.registry(users={AUTH["username"]: AUTH["password"]})
    name = f"{locked.name}/dockside/locked:1"
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    with pytest.raises(EngineError, match=f"plugin {name} cannot be pushed: .*(401|auth)"):
        bench.run({"plugin_name": name, "source_path": str(source), "push": True})
    login = base64.b64encode(f"{AUTH['username']}:{AUTH['password']}".encode()).decode()
    (tmp_path / "config.json").write_text(json.dumps({"auths": {locked.name: {"auth": login}}}))
    assert bench.run({"plugin_name": name, "push": True}).actions == [f"push plugin {name}"]
    bench.run({"plugin_name": name, "state": "absent"})
    assert bench.agree({"plugin_name": name, "grant_all_permissions": True}).changed
