# Copyright (c) 2026, the dockside.engine contributors
# GNU General Public License v3.0 or later (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Builds by the classic builder and by BuildKit: every option, what makes a build needed, where contexts come from."""

from __future__ import annotations

import base64
import json
import os
import re
import shutil
import stat
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ansible_collections.dockside.engine.plugins.module_utils._actions.build import LABEL
from ansible_collections.dockside.engine.plugins.module_utils._engine.errors import EngineError, VersionError
from engines import Lab, Registry

from tests.matrix.builds import Builds, everywhere, with_buildkit
from tests.matrix.harness import Target
from tests.matrix.web import served

BASE = "FROM dockside/web:1\n"


@pytest.fixture
def builds(target: Target, builder: str) -> Builds:
    return Builds(target, builder)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "context"
    made.mkdir()
    (made / "Dockerfile").write_text("FROM scratch\nCOPY . /\n")
    (made / "file").write_text("one")
    return made


# ---- options ----

SHOW = """
ARG word=none
ARG number
RUN echo word=$word number=$number; grep -c somewhere /etc/hosts; echo devices $(ls /sys/class/net)
RUN ulimit -n; df /dev/shm
FROM dockside/web:1 AS last
RUN echo last stage
"""


@everywhere()
def test_what_the_image_is_to_be(builds: Builds) -> None:
    """Each of these options is a part of the digest."""
    options: dict[str, Any] = {
        "dockerfile_inline": BASE.replace("\n", " AS first") + SHOW,
        "args": {"word": "hello", "number": 1.5},
        "etc_hosts": {"somewhere": "192.0.2.7"},
        "labels": {"color": "blue", "flag": True},
        "network": "none",
        "target": "first",
        "platform": [f"linux/{builds.target.ask('GET', '/version')['Arch']}"],
        "rebuild": "when_context_changed",
    }
    if builds.target.api < (1, 37):
        with pytest.raises(VersionError, match=r"target needs API 1\.37"):
            builds.run(**options)
        # The last stage, which is the default, has to be the one that shows something.
        options.update(target=None, dockerfile_inline=BASE + SHOW.split("FROM", maxsplit=1)[0])
    first = builds.made(**options)
    for said in ("word=hello number=1.5", "1", "devices lo"):
        assert re.search(rf"^(#\d+ )?{said}$", first["stdout"], re.MULTILINE), said
    labels = first["image"]["Config"]["Labels"]
    assert (labels["color"], labels["flag"]) == ("blue", "true")
    assert first["actions"] == ["build image made/image:latest: it is not there"]
    builds.settled(**options)
    builds.settled(**{**options, "args": {"number": "1.5", "word": "hello"}})
    for changed in (
        {"args": {"word": "bye"}},
        {"etc_hosts": {"somewhere": "192.0.2.8"}},
        {"labels": {"color": "red"}},
        {"network": "default"},
        {"dockerfile_inline": options["dockerfile_inline"] + "\n"},
        *([{"target": "last"}] if options["target"] else []),
    ):
        said = builds.check(**{**options, **changed})
        assert said["actions"] == ["build image made/image:latest: its context or options changed"], changed
    # The build cache of the classic builder does not look at the network.
    options.update(args={"word": "bye"}, network="default", labels={"color": "red"})
    done = builds.made(**options)
    assert done["image"]["Config"]["Labels"]["color"] == "red"
    assert "devices eth0 lo" in done["stdout"]
    # What only says how to build is no reason to build.
    how: dict[str, Any] = {"pull": True, "nocache": True, "rm": False, "force_rm": True, "cache_from": ["a"]}
    builds.settled(**options, **how)


@everywhere()
def test_limits_of_both_builders(builds: Builds) -> None:
    options = {
        "dockerfile_inline": BASE + SHOW.split("FROM", maxsplit=1)[0],
        "shm_size": "3M",
        "ulimits": ["nofile:77:88"],
    }
    if builds.builder == "buildkit" and builds.target.api < (1, 42):
        for option in ("shm_size", "ulimits"):
            with pytest.raises(VersionError, match=rf"{option} \(with builder=buildkit\) needs API 1.42"):
                builds.run(**options)
        return
    done = builds.made(**options)
    assert re.search(r"^(#\d+ )?77$", done["stdout"], re.MULTILINE)
    assert re.search(r"^(#\d+ )?\S+ +3072 ", done["stdout"], re.MULTILINE)
    builds.settled(**options)
    builds.settled(**{**options, "shm_size": "4M"})


LIMITS = {
    "cgroup_parent": ("/dockside-build", "CgroupParent", "/dockside-build"),
    "cpu_period": (50000, "CpuPeriod", 50000),
    "cpu_quota": (25000, "CpuQuota", 25000),
    "cpu_shares": (512, "CpuShares", 512),
    "cpuset_cpus": ("0", "CpusetCpus", "0"),
    "cpuset_mems": ("0", "CpusetMems", "0"),
    "memory": ("64M", "Memory", 64 << 20),
    "memory_swap": ("unlimited", "MemorySwap", -1),
}


@everywhere()
def test_limits_of_the_classic_builder(builds: Builds) -> None:
    options = {name: option for name, (option, _member, _value) in LIMITS.items()}
    task = {**options, "dockerfile_inline": BASE + "RUN true"}
    if builds.builder == "buildkit":
        for name, option in options.items():
            with pytest.raises(
                ValueError, match=f"^{name}: only the classic builder has this, and builder is buildkit"
            ):
                builds.check(**{"dockerfile_inline": BASE, name: option})
        return
    # The container of a step stays with rm=false, and shows what it was made with.
    builds.made(**task, rm=False)
    (left,) = builds.target.ask("GET", "/containers/json?all=1")
    found = builds.target.ask("GET", f"/containers/{left['Id']}/json")["HostConfig"]
    assert {member: found[member] for _name, (_option, member, _value) in LIMITS.items()} == {
        member: value for _name, (_option, member, value) in LIMITS.items()
    }
    builds.settled(**task)
    builds.settled(**{**task, "memory": "65M"})


@everywhere()
def test_containers_of_a_build(builds: Builds) -> None:
    """What is left of them; BuildKit has none."""
    left = {True: 0, False: int(builds.builder == "classic")}
    for option in (True, False):
        for name, script in (("rm", "true"), ("force_rm", "false")):
            task = {"dockerfile_inline": f"{BASE}RUN echo {name} {option}; {script}", name: option}
            if script == "false":
                with pytest.raises(EngineError, match=f"The step wrote:\n{name} {option}$"):
                    builds.run(**task, rebuild="always")
            else:
                builds.run(**task, rebuild="always")
            assert len(builds.target.ask("GET", "/containers/json?all=1")) == left[option], name
            builds.target.reset()


@everywhere()
def test_the_build_cache(builds: Builds) -> None:
    task = {"dockerfile_inline": BASE + "RUN date +%N", "rebuild": "always"}
    first = builds.made(**task)
    again = builds.run(**task)
    assert (again["changed"], again["image"]["Id"]) == (False, first["image"]["Id"])
    assert again["actions"] == ["build image made/image:latest: it is asked for"]
    assert again["diff"]["before"] == again["diff"]["after"]
    assert "CACHED" in again["stdout"] or "Using cache" in again["stdout"]
    other = builds.made(**task, nocache=True)
    assert other["image"]["Id"] != first["image"]["Id"]
    if builds.builder == "classic":
        # The given images are its whole cache.
        assert not builds.run(**task, cache_from=["made/image"])["changed"]
        assert builds.run(**task, cache_from=["no/such"])["changed"]
    else:
        done = builds.run(**task, cache_from=["127.0.0.1:1/no/such"])
        assert "importing cache manifest from 127.0.0.1:1/no/such" in done["stdout"]


@everywhere()
def test_newer_base_images(builds: Builds, registry: Registry) -> None:
    engine = builds.target.engine
    base = f"{registry.name}/base:1"

    def publish(text: str) -> None:
        engine.image(base, files={"/www/index.html": text.encode()})
        engine.docker("push", base)

    task = {"dockerfile_inline": f"FROM {base}\nRUN echo got $(cat /www/index.html)", "rebuild": "always"}
    publish("newer")
    engine.image(base, files={"/www/index.html": b"older"})
    # With the containerd image store, BuildKit always asks.
    asks = builds.target.containerd and builds.builder == "buildkit"
    assert ("got newer" if asks else "got older") in builds.made(**task)["stdout"]
    assert "got newer" in builds.run(**task, pull=True, nocache=True)["stdout"]


@everywhere()
def test_platforms(builds: Builds, folder: Path) -> None:
    """No emulator is needed for an image without a step that runs something."""
    task = {"path": str(folder), "platform": ["linux/arm64"]}
    made = builds.made(**task)
    assert made["image"]["Architecture"] == "arm64"
    builds.settled(**task)
    done = builds.agree(**{**task, "platform": ["linux/s390x"]})
    assert done["actions"] == ["build image made/image:latest: it is not there for linux/s390x"]
    assert done["changed"]
    builds.settled(path=str(folder))
    for platform, message in ((["a", "b"], "must name one platform"), (["a/b/c/d"], "must look like linux/arm64/v8")):
        with pytest.raises(ValueError, match=f"^platform: {message}"):
            builds.run(**{**task, "platform": platform})


def test_squash(lab: Lab) -> None:
    engine = lab.engine("28.5", daemon={"experimental": True})
    target = Target("experimental", engine, None)
    builds = Builds(target, "classic")
    target.image()
    task: dict[str, Any] = {
        "dockerfile_inline": BASE + "RUN echo 1 > /1\nRUN echo 2 > /2",
        "rebuild": "when_context_changed",
    }
    layers = len(builds.made(**task)["image"]["RootFS"]["Layers"])
    done = builds.agree(**task, squash=True)
    assert done["changed"]
    assert len(done["image"]["RootFS"]["Layers"]) == layers - 1
    builds.settled(**task, squash=True)


@everywhere()
def test_squash_is_experimental(builds: Builds) -> None:
    message = "experimental mode" if builds.builder == "classic" else "squash: only the classic builder has this"
    with pytest.raises((EngineError, ValueError), match=message):
        builds.run(dockerfile_inline=BASE, squash=True)


# ---- what else becomes of the image ----


@everywhere()
def test_further_names(builds: Builds, folder: Path) -> None:
    task: dict[str, Any] = {"path": str(folder), "outputs": [{"type": "image", "name": ["made/other", "made/other:2"]}]}
    done = builds.made(**task)
    assert done["actions"][1:] == [
        "tag image made/image:latest as made/other:latest",
        "tag image made/image:latest as made/other:2",
    ]
    for name in ("made/other", "made/other:2"):
        assert builds.target.ask("GET", f"/images/{name}/json")["Id"] == done["image"]["Id"]
    builds.settled(**task)
    builds.target.ask("POST", f"/images/{builds.target.image()}/tag?repo=made/other&tag=2")
    again = builds.agree(**task)
    assert (again["changed"], again["actions"]) == (True, ["tag image made/image:latest as made/other:2"])
    builds.settled(**task)
    same = builds.run(**task, rebuild="always")
    assert not same["changed"]
    for names, message in (
        (["No"], "'No' is not an image name"),
        (["a@sha256:" + "0" * 64], "a new image gets its digest"),
    ):
        with pytest.raises(ValueError, match=rf"^outputs\[0\]\.name\[0\]: {message}"):
            builds.run(path=str(folder), outputs=[{"type": "image", "name": names}])


@everywhere()
def test_exports(builds: Builds, folder: Path, tmp_path: Path) -> None:
    (folder / "sub").mkdir(mode=0o750)
    (folder / "sub/script").write_bytes(os.urandom(300_000))
    (folder / "sub/script").chmod(0o755)
    (folder / "link").symlink_to("sub/script")
    (folder / "empty").write_text("")
    os.utime(folder / "file", (1, 1_600_000_000))
    tree, archive = tmp_path / "out/tree", tmp_path / "out.tar"
    outputs = [{"type": "tar", "dest": str(archive)}, {"type": "local", "dest": str(tree)}]
    task: dict[str, Any] = {"path": str(folder), "outputs": outputs}
    if builds.builder == "classic":
        with pytest.raises(
            ValueError, match=r"^outputs\[0\]\.type=tar, outputs\[1\]\.type=local: only BuildKit has this"
        ):
            builds.check(**task)
        return
    done = builds.made(**task)
    assert done["actions"][1:] == [
        f"export image made/image:latest to {archive}",
        f"export image made/image:latest to {tree}",
    ]

    def listed(place: Path) -> dict[str, Any]:
        found = {}
        for path in place.rglob("*"):
            status = path.lstat()
            contents = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
            found[str(path.relative_to(place))] = (stat.filemode(status.st_mode), contents)
        return found

    assert listed(tree) == listed(folder)
    assert (tree / "file").stat().st_mtime == 1_600_000_000
    with tarfile.open(archive) as packed:
        assert {info.name.rstrip("/") for info in packed} == set(listed(folder))
        assert packed.extractfile("sub/script").read() == (folder / "sub/script").read_bytes()  # type: ignore[union-attr]
    builds.settled(**task)
    assert not builds.run(**task, rebuild="always")["changed"]
    # What is exported into a folder leaves the rest of it alone.
    (tree / "own").write_text("own")
    (tree / "sub/script").unlink()
    (tree / "sub/script").symlink_to("/nowhere")
    (tree / "link").unlink()
    (tree / "link").write_text("was a link")
    assert builds.run(**task, rebuild="always")["changed"]
    assert listed(tree) == {**listed(folder), "own": ("-rw-r--r--", b"own")}
    archive.unlink()
    again = builds.agree(**task)
    assert (again["changed"], again["actions"]) == (True, [f"export image made/image:latest to {archive}"])
    assert sorted(path.name for path in tmp_path.iterdir()) == ["context", "out", "out.tar"]
    # And nothing is overwritten that is of another kind.
    shutil.rmtree(tree)
    (tree / "file").mkdir(parents=True)
    for output, message in (
        (outputs[1], "is a folder, and a file is exported there"),
        ({"type": "tar", "dest": str(tree)}, "is a folder"),
    ):
        with pytest.raises(EngineError, match=message):
            builds.run(**{**task, "outputs": [output]}, rebuild="always")


# ---- what makes a build needed ----


@everywhere()
def test_rebuild(builds: Builds, folder: Path) -> None:
    task = {"path": str(folder), "name": "made/image:1"}
    first = builds.made(**task)
    assert first["image"]["RepoTags"] == ["made/image:1"]
    assert LABEL not in (first["image"]["Config"].get("Labels") or {})
    (folder / "file").write_text("two")
    builds.settled(**task)
    builds.settled(**{**task, "name": "made/image", "tag": "1"})
    second = builds.agree(**task, rebuild="always")
    assert second["changed"]
    done = builds.made(**task, rebuild="when_context_changed")
    assert done["actions"] == ["build image made/image:1: it does not tell what it was built of"]
    builds.settled(**task, rebuild="when_context_changed")
    builds.settled(**task)
    os.utime(folder / "file", (1, 1))
    builds.settled(**task, rebuild="when_context_changed")
    (folder / "file").write_text("three")
    done = builds.made(**task, rebuild="when_context_changed")
    assert done["actions"] == ["build image made/image:1: its context or options changed"]
    builds.settled(**task, rebuild="when_context_changed")
    # Another image has taken the name.
    builds.target.ask("POST", f"/images/{builds.target.image()}/tag?repo=made/image&tag=1")
    back = builds.made(**task, rebuild="when_context_changed")
    assert back["image"]["Id"] == done["image"]["Id"]


@everywhere()
def test_contexts(builds: Builds, folder: Path, tmp_path: Path) -> None:
    """Where the Dockerfile can be, and that it is in the image only as far as Docker's own client puts it there."""
    show = "COPY . /ctx/\nRUN cd /ctx && echo held $(find . -type f | sort)\n"

    def held(**options: Any) -> str:
        done = builds.run(path=str(folder), rebuild="always", nocache=True, **options)
        return re.search(r"^(?:#\d+ )?held (.*)$", done["stdout"], re.MULTILINE)[1]  # type: ignore[index]

    (folder / "Dockerfile").write_text(BASE + show)
    assert held() == "./Dockerfile ./file"
    (folder / "sub").mkdir()
    (folder / "Dockerfile").rename(folder / "sub/Other")
    for name in ("sub/Other", str(folder / "sub/Other")):
        assert held(dockerfile=name) == "./file ./sub/Other"
    (folder / ".dockerignore").write_text("sub\n.dockerignore\n")
    assert held(dockerfile="sub/Other") == "./file"
    (folder / "sub/Other").rename(tmp_path / "Outside")
    for name in ("../Outside", str(tmp_path / "Outside")):
        assert held(dockerfile=name) == "./file"
    (folder / ".dockerignore").unlink()
    (folder / "sub").rmdir()
    assert held(dockerfile_inline=BASE + show + "# inline") == "./file"
    (folder / "dockerfile").write_text(BASE + show + "# lower")
    assert held() == "./dockerfile ./file"
    (folder / "dockerfile.dockerignore").write_text("file")
    expected = "./dockerfile ./dockerfile.dockerignore"
    assert held() == (expected if builds.builder == "buildkit" else f"{expected} ./file")


@with_buildkit()
def test_only_what_changed_is_sent_again(builds: Builds, folder: Path) -> None:
    (folder / "large").write_bytes(os.urandom(1 << 20))
    task = {"path": str(folder), "rebuild": "always"}
    builds.made(**task)
    (folder / "large").chmod(0o600)
    (folder / "file").write_text("two")
    os.chmod(folder / "large", 0o644)
    kept = (folder / "large").stat()
    with open(folder / "large", "r+b") as file:
        file.write(b"other")
    os.utime(folder / "large", ns=(kept.st_atime_ns, kept.st_mtime_ns))
    # Its time and size are as they were, so nobody asks for it: what is in the image shows that.
    done = builds.made(**task)
    engine = builds.target.engine
    made = engine.docker("create", done["image"]["Id"], "none").stdout.strip()
    assert engine.docker("cp", f"{made}:/file", "-").stdout.count("two") == 1
    engine.docker("cp", f"{made}:/large", "/tmp/large")
    assert engine.exec(["head", "-c", "5", "/tmp/large"]).stdout != "other"


@everywhere()
def test_contexts_of_the_engine_itself(builds: Builds, lab: Lab, folder: Path, tmp_path: Path) -> None:
    web = tmp_path / "web"
    web.mkdir()
    (folder / "Dockerfile").write_text(BASE + "COPY file /\nRUN echo got $(cat /file)\n")
    with tarfile.open(web / "context.tar.gz", "w:gz") as archive:
        archive.add(folder, ".")
    (web / "Dockerfile").write_text(BASE + "RUN echo got nothing")
    repository = tmp_path / "repository"
    (repository / "below").mkdir(parents=True)
    (repository / "below/Other").write_text((folder / "Dockerfile").read_text())
    (repository / "below/file").write_text("of git")
    (repository / "Dockerfile").write_text(BASE + "RUN echo got the root")
    git = ["git", "-C", str(repository), "-c", "user.name=a", "-c", "user.email=a@b"]
    subprocess.run([*git, "init", "--quiet", "--initial-branch=v2"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "--quiet", "--message=one"], check=True)
    subprocess.run(["git", "clone", "--quiet", "--bare", str(repository), str(web / "shop.git")], check=True)
    with served(web, f"10.210.{lab.number}.1") as url:
        for number, (options, said) in enumerate(
            (
                ({"remote": f"{url}/context.tar.gz"}, "got one"),
                ({"remote": f"{url}/Dockerfile"}, "got nothing"),
                ({"remote": f"{url}/shop.git#v2"}, "got the root"),
                ({"remote": f"{url}/shop.git#v2:below", "dockerfile": "Other"}, "got of git"),
            )
        ):
            if (builds.target.name, builds.builder, number) == ("20.10", "buildkit", 3):
                with pytest.raises(EngineError, match="subdir not supported yet"):
                    builds.run(**options)
                continue
            task = {**options, "name": f"made/remote:{number}", "rebuild": "when_context_changed"}
            assert said in builds.made(**task)["stdout"]
            builds.settled(**task)
        other = {"name": "made/remote:2", "remote": f"{url}/shop.git#v3", "rebuild": "when_context_changed"}
        assert builds.check(**other)["changed"]
        with pytest.raises(EngineError, match=r"image made/image:latest cannot be built: .*(404|no such|not found)"):
            builds.run(remote=f"{url}/nosuch.tar")


# ---- logins and secrets ----


@pytest.fixture(scope="module")
def locked(lab: Lab) -> Registry:
    return lab.registry(users={"ann": "secret word"})


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The docker CLI's configuration of the task's user."""
    made = tmp_path / "docker"
    made.mkdir()
    monkeypatch.setenv("DOCKER_CONFIG", str(made))
    yield made / "config.json"


@everywhere()
def test_a_base_image_that_wants_a_login(builds: Builds, locked: Registry, config: Path) -> None:
    engine = builds.target.engine
    base = f"{locked.name}/{builds.target.name}-{builds.builder}:1"
    login = {"auths": {locked.name: {"auth": base64.b64encode(b"ann:secret word").decode()}}}
    config.write_text(json.dumps(login))
    engine.image(base)
    engine.bind(config.parent)
    engine.docker("--config", str(config.parent), "push", base)
    builds.target.ask("DELETE", f"/images/{base}")
    if (builds.target.name, builds.builder) == ("20.10", "buildkit"):
        engine.restart()  # only then it looks which authorities it is to trust
    task = {"dockerfile_inline": f"FROM {base}\nRUN echo made of it"}
    for wrong in ({}, {"auths": {locked.name: {"auth": base64.b64encode(b"ann:guessed").decode()}}}):
        config.write_text(json.dumps(wrong))
        with pytest.raises(
            EngineError, match=r"cannot be built: .*(401|no basic auth|authorization failed|unauthorized)"
        ):
            builds.run(**task)
    # One that is asked for the login, and one that fails and is not needed.
    helper = config.parent / "docker-credential-test"
    helper.write_text('#!/bin/sh\necho \'{"Username": "ann", "Secret": "secret word"}\'\n')
    helper.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PATH", f"{config.parent}:{os.environ['PATH']}")
        config.write_text(json.dumps({"credHelpers": {locked.name: "test", "other.example": "nosuch"}}))
        assert "made of it" in builds.made(**task)["stdout"]
    failed = ["The credential helper docker-credential-nosuch"] if builds.builder == "classic" else []
    assert [warning.partition(" (from")[0] for warning in builds.warnings] == failed
    config.write_text(json.dumps(login))
    assert "made of it" in builds.made(**task, name="made/other", nocache=True)["stdout"]
    assert builds.warnings == []


@everywhere()
def test_proxies(builds: Builds, config: Path) -> None:
    config.write_text(json.dumps({"proxies": {"default": {"httpProxy": "http://192.0.2.1:1", "noProxy": "a"}}}))
    task = {
        "dockerfile_inline": BASE + "RUN echo by $http_proxy $HTTP_PROXY $NO_PROXY",
        "rebuild": "when_context_changed",
    }
    done = builds.made(**task, args={"NO_PROXY": "b"})
    assert "by http://192.0.2.1:1 http://192.0.2.1:1 b" in done["stdout"]
    config.unlink()
    builds.settled(**task, args={"NO_PROXY": "b"})


@with_buildkit()
def test_secrets(builds: Builds, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret").write_text("of a file\nof two lines\n")
    monkeypatch.setenv("A_SECRET", "of the environment")
    mounts = " ".join(f"--mount=type=secret,id={name}" for name in ("a", "b", "c"))
    task: dict[str, Any] = {
        "dockerfile_inline": f"{BASE}RUN {mounts} cd /run/secrets && cat a b c && echo && wc -c a b c",
        "secrets": [
            {"id": "a", "type": "file", "src": str(tmp_path / "secret")},
            {"id": "b", "type": "env", "env": "A_SECRET"},
            {"id": "c", "type": "value", "value": "given"},
        ],
        "rebuild": "when_context_changed",
    }
    done = builds.made(**task)
    sizes = re.findall(r"^#\d+ +(\d+) [abc]$", done["stdout"], re.MULTILINE)
    assert sizes == ["23", "18", "5"]
    assert re.findall(r"^#\d+ (\*.*|.*of .*)$", done["stdout"], re.MULTILINE) == ["********", "********", "*" * 16]
    builds.settled(**task)
    # It is in no layer, and another value is no reason to build.
    (tmp_path / "secret").write_text("changed")
    builds.settled(**task)
    history = json.dumps(builds.target.ask("GET", "/images/made/image/history"))
    assert "of the environment" not in history
    missing = f"{BASE}RUN --mount=type=secret,id=d,required cat /run/secrets/d"
    with pytest.raises(EngineError, match=r"(secret d|d): not found"):
        builds.run(**{**task, "dockerfile_inline": missing})


@everywhere()
def test_secrets_that_cannot_be_had(builds: Builds, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSH_AUTH_SOCK", raising=False)
    for options, message in (
        ({"secrets": [{"id": "a", "type": "file", "src": "/nosuch"}]}, r"secrets\[0\]\.src: /nosuch cannot be read"),
        (
            {"secrets": [{"id": "a", "type": "env", "env": "NO_SUCH"}]},
            r"secrets\[0\]\.env: the environment of the task",
        ),
        ({"ssh": [{}]}, r"ssh\[0\]\.socket: must be given"),
    ):
        expected = message if builds.builder == "buildkit" else f"^{next(iter(options))}: only BuildKit has this"
        with pytest.raises(ValueError, match=expected):
            builds.check(dockerfile_inline=BASE, **options)


# ---- errors ----


@everywhere()
def test_a_step_that_fails(builds: Builds) -> None:
    present = builds.made(dockerfile_inline=BASE)
    script = "for i in $(seq 30); do echo line $i; done; echo the reason; exit 3"
    with pytest.raises(EngineError) as caught:
        builds.run(dockerfile_inline=f"{BASE}RUN echo fine\nRUN {script}", rebuild="always")
    message, _words, written = str(caught.value).partition("\nThe step wrote:\n")
    assert message.startswith("image made/image:latest cannot be built: ")
    assert re.search(r"(exit code: |non-zero code: )3", message)
    assert written.split("\n") == [*(f"line {number}" for number in range(12, 31)), "the reason"]
    log: str = caught.value.result["stdout"]  # type: ignore[attr-defined]
    assert log.count("line 1\n") == 1
    assert "fine" in log
    assert builds.target.ask("GET", "/images/made/image/json")["Id"] == present["image"]["Id"]


@everywhere()
def test_what_cannot_be_built(builds: Builds, folder: Path) -> None:
    for options, message in (
        ({"dockerfile_inline": "NOSUCH instruction"}, "unknown instruction: nosuch"),
        ({"dockerfile_inline": ""}, "file.*(empty|no build stage|no instructions)"),
        ({"dockerfile_inline": "FROM 127.0.0.1:1/no/such:1"}, "127.0.0.1:1"),
        (
            {"path": str(folder), "dockerfile_inline": "FROM scratch\nCOPY nosuch /"},
            "(nosuch.*not found|no such file|nosuch: file does not exist)",
        ),
    ):
        with pytest.raises(EngineError, match=f"(?i)^image made/image:latest cannot be built: .*{message}"):
            builds.run(**options)
    if builds.target.api >= (1, 37):
        with pytest.raises(EngineError, match=r"^image made/image:latest cannot be built: .*nosuch"):
            builds.run(dockerfile_inline=BASE, target="nosuch")


@everywhere()
def test_what_is_refused(builds: Builds, folder: Path) -> None:
    (folder / "locked").mkdir()
    for options, message in (
        ({}, "one of the following is required: path, remote, dockerfile_inline"),
        ({"path": "/a", "remote": "http://b"}, "mutually exclusive: path|remote"),
        ({"name": "No", "dockerfile_inline": BASE}, "name: 'No' is not an image name"),
        ({"name": "a@sha256:" + "0" * 64, "dockerfile_inline": BASE}, "name: a new image gets its digest"),
        ({"etc_hosts": {"a": "nowhere"}, "dockerfile_inline": BASE}, "etc_hosts.a: 'nowhere'"),
        ({"memory": "much", "dockerfile_inline": BASE}, "memory: must be a size"),
        ({"ulimits": ["nofile"], "dockerfile_inline": BASE}, r"ulimits\[0\]: must be NAME:SOFT"),
        ({"path": "/nosuch"}, "path: there is no folder /nosuch"),
        ({"path": str(folder), "dockerfile": "Nosuch"}, f"dockerfile: there is no file {folder}/Nosuch"),
    ):
        with pytest.raises((EngineError, ValueError), match=message):
            builds.run(**options)
    # What is not there may be made by an earlier task of the play.
    said = builds.check(path="/nosuch")
    assert said["changed"]
    assert builds.warnings == ["this would fail: path: there is no folder /nosuch"]


@pytest.mark.parametrize("session_target", ["20.10", "28.5", "20.10-api1.33"], indirect=True)
def test_the_builder_that_the_engine_recommends(target: Target) -> None:
    builds = Builds(target, "")
    done = builds.run(builder=None, dockerfile_inline=BASE)
    assert done["stdout"].startswith("#1 " if target.name == "28.5" else "Step 1/1 ")
    if target.api < (1, 38):
        with pytest.raises(VersionError, match=r"builder=buildkit needs API 1\.38"):
            builds.run(builder="buildkit", dockerfile_inline=BASE)
