"""Tries everything the other files promise on real engines, then looks for whatever might be left of it."""

from __future__ import annotations

import http.client
import os
import socket
import ssl
import subprocess
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from engines import images, state
from engines.engine import Engine
from engines.flavours import FLAVOURS
from engines.lab import Lab
from engines.process import LabError, run, wait_for

_PING = "GET /_ping HTTP/1.0\r\n\r\n"


def check(flavours: list[str]) -> int:
    """0 when all is well, 1 otherwise; prints a line per step."""
    before = _mounts_and_namespaces()
    failures: list[str] = []
    started = time.monotonic()
    with Lab() as lab:
        record = lab.record
        engines = lab.engines(*flavours)
        print(f"{len(engines)} engines up after {time.monotonic() - started:.1f} s", flush=True)
        namespaces = {os.readlink(f"/proc/{engine.sandbox.process.pid}/ns/net") for engine in engines}
        with ThreadPoolExecutor(2) as pool:
            for failed in pool.map(_try_engine, engines):
                failures += failed
        docker = next((engine for engine in engines if FLAVOURS[engine.flavour].program == "dockerd"), None)
        if docker:
            failures += _run(f"{docker.flavour} TLS registry", lambda: _try_registry(lab, docker))
            failures += _run(f"{docker.flavour} registry with tokens", lambda: _try_tokens(lab, docker))
            failures += _run(f"{docker.flavour} tcp, tls, ssh", lambda: _try_ways(lab, docker.flavour))
            failures += _run(f"{docker.flavour} swarm, unplugged", lambda: _try_swarm(lab, docker.flavour))
    left = _left(record, namespaces) + sorted(_mounts_and_namespaces() ^ before)
    failures += [f"left behind: {what}" for what in left]
    for failure in failures:
        print(f"FAILED {failure}")
    print(f"selfcheck: {'failed' if failures else 'all is well'}, {time.monotonic() - started:.1f} s")
    return 1 if failures else 0


def _run(name: str, steps: Callable[[], None]) -> list[str]:
    try:
        steps()
    except (AssertionError, LabError, OSError) as error:
        return [f"{name}: {error!r}"]
    print(f"ok {name}", flush=True)
    return []


def _equal(found: object, expected: object) -> None:
    if found != expected:
        raise AssertionError(f"found {found!r} instead of {expected!r}")


def _try_engine(engine: Engine) -> list[str]:
    steps = [_try_container, _try_daemon]
    if FLAVOURS[engine.flavour].program == "dockerd":
        steps.append(_try_plain_registry)
    failures = []
    for step in steps:
        name = f"{engine.flavour} ({engine.version}, API {engine.api}) {step.__name__.removeprefix('_try_')}"
        failures += _run(name, lambda step=step: step(engine))  # type: ignore[misc]
    return failures


def _create(engine: Engine, name: str, **config: object) -> None:
    made = engine.ask("POST", f"/containers/create?name={name}", {"Image": images.WEB, **config})
    engine.ask("POST", f"/containers/{made['Id']}/start")


def _try_container(engine: Engine) -> None:
    """Image, bind mount from the host, published port, labels; SIGTERM; reset leaves nothing but the image."""
    engine.image(changes=[*images.CHANGES, "LABEL made=here", "ENV A=b"])
    with tempfile.TemporaryDirectory() as place:
        Path(place, "index.html").write_text(engine.flavour)
        engine.bind(place)
        ports = {"80/tcp": [{"HostPort": "8080"}]}
        _create(
            engine, "web", ExposedPorts={"80/tcp": {}}, HostConfig={"PortBindings": ports, "Binds": [f"{place}:/www"]}
        )
        _equal(engine.fetch(8080), (200, engine.flavour))
        _equal(engine.containers(), ["web"])
        _equal(engine.ask("GET", "/containers/web/json")["Config"]["Labels"]["made"], "here")
        engine.ask("POST", "/networks/create", {"Name": "front"})
        engine.ask("POST", "/volumes/create", {"Name": "data"})
        engine.ask("POST", "/containers/web/stop?t=60")
        _equal(engine.ask("GET", "/containers/web/json")["State"]["ExitCode"], 0)
        engine.reset()
    names = [network["Name"] for network in engine.ask("GET", "/networks")]
    _equal((engine.containers(), "front" in names, engine.ask("GET", "/volumes")["Volumes"] or []), ([], False, []))


def _try_daemon(engine: Engine) -> None:
    """restart, kill and start, freeze and thaw; a container with a restart policy comes back."""
    _create(engine, "back", HostConfig={"RestartPolicy": {"Name": "always"}})
    version = engine.version
    engine.restart()
    engine.kill()
    try:
        engine.get("/_ping", timeout=2)
    except OSError:
        pass
    else:
        raise AssertionError("a killed daemon answers")
    engine.start()
    _equal((engine.version, engine.containers()), (version, ["back"]))
    engine.freeze()
    try:
        engine.get("/_ping", timeout=1)
    except TimeoutError:
        pass
    else:
        raise AssertionError("a frozen daemon answers")
    finally:
        engine.thaw()
    _equal(engine.get("/_ping")[0], 200)
    engine.reset()


def _try_plain_registry(engine: Engine) -> None:
    registry = engine.registry()
    name = f"{registry.name}/team/web:1"
    engine.docker("tag", images.WEB, name)
    engine.docker("push", name)
    _equal(registry.tags("team/web"), ["1"])
    engine.docker("image", "rm", name)
    engine.docker("pull", name)


def _try_registry(lab: Lab, engine: Engine) -> None:
    registry = lab.registry(users={"somebody": "secret"})
    name = f"{registry.name}/web:1"
    engine.docker("tag", images.WEB, name)
    if engine.docker("push", name, check=False).returncode == 0:
        raise AssertionError("a push without a login was taken")
    login = ["login", "--username=somebody", "--password-stdin", registry.name]
    if engine.docker(*login, stdin="wrong", check=False).returncode == 0:
        raise AssertionError("a wrong password was taken")
    engine.docker(*login, stdin="secret")
    engine.docker("push", name)
    _equal(registry.tags("web"), ["1"])


def _try_tokens(lab: Lab, engine: Engine) -> None:
    registry = lab.registry(users={"somebody": "secret"}, tokens=True)
    assert registry.tokens
    name = f"{registry.name}/web:1"
    platforms = registry.upload("web", "1", {"linux/amd64": engine.root_tar(), "linux/arm64": engine.root_tar()})
    if engine.docker("pull", name, check=False).returncode == 0:
        raise AssertionError("a pull without a login was taken")
    engine.docker("login", "--username=somebody", "--password-stdin", registry.name, stdin="secret")
    _equal(list(registry.tokens.identity.values()), ["somebody"])
    _equal(engine.docker("pull", "--quiet", "--platform=linux/arm64", name).stdout.strip(), name)
    _equal(registry.tokens.asked[-1], "identity token")
    _equal(platforms in str(engine.ask("GET", f"/images/{name}/json")["RepoDigests"]), True)


def _try_ways(lab: Lab, flavour: str) -> None:
    engine = lab.engine(flavour, listen=("unix", "tcp", "tls", "ssh"))
    assert engine.certs and engine.certs_stranger
    plain = http.client.HTTPConnection(engine.address, 2375, timeout=10)
    plain.request("GET", "/_ping")
    _equal(plain.getresponse().read(), b"OK")
    plain.close()
    _equal(_ping_tls(engine, engine.certs, engine.certs), b"OK")
    for trusted, shown in ((engine.certs_stranger, engine.certs), (engine.certs, engine.certs_stranger)):
        try:
            _ping_tls(engine, trusted, shown)
        except (OSError, http.client.HTTPException):
            continue
        raise AssertionError("a wrong certificate was taken")
    for name, place in engine.ssh_clients.items():
        dial = [str(place / "ssh"), f"root@{engine.address}", "docker", "system", "dial-stdio"]
        done = subprocess.run(dial, input=_PING, capture_output=True, text=True, timeout=20, check=False)
        _equal((name, done.stdout.endswith("OK")), (name, name == "good"))


def _ping_tls(engine: Engine, trusted: Path, shown: Path) -> bytes:
    context = ssl.create_default_context(cafile=str(trusted / "ca.pem"))
    context.load_cert_chain(shown / "cert.pem", shown / "key.pem")
    connection = http.client.HTTPSConnection(engine.address, 2376, timeout=10, context=context)
    try:
        connection.request("GET", "/_ping")
        return connection.getresponse().read()
    finally:
        connection.close()


def _try_swarm(lab: Lab, flavour: str) -> None:
    """A swarm of two nodes; an unplugged node is out of reach of the network, not of its socket."""
    manager, worker = lab.swarm(managers=1, workers=1, flavours=[flavour])
    _equal(manager.ask("GET", "/info")["Swarm"]["Nodes"], 2)
    _equal(worker.ask("GET", "/info")["Swarm"]["ControlAvailable"], False)
    _equal(_reachable(manager.address, 2377), True)
    manager.unplug()
    _equal((_reachable(manager.address, 2377), manager.get("/_ping")[0]), (False, 200))
    manager.plug()
    wait_for("a plugged engine", lambda: _reachable(manager.address, 2377), 20)


def _reachable(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), timeout=2).close()
    except OSError:
        return False
    return True


# ---- what is left ----


def _mounts_and_namespaces() -> set[str]:
    """The host's mounts that have to do with labs, and its named network namespaces."""
    mounts = {line for line in Path("/proc/self/mounts").read_text().splitlines() if "dockside" in line}
    return mounts | set(run(["ip", "netns", "list"]).stdout.splitlines())


def _left(record: state.Record, namespaces: set[str]) -> list[str]:
    left = [f"process {process.pid}" for process in record.processes if process.alive]
    for entry in os.scandir("/proc"):
        if not entry.name.isdigit():
            continue
        try:
            inside = os.readlink(f"{entry.path}/ns/net") in namespaces
            mounted = f"{record.directory}/" in Path(entry.path, "mountinfo").read_text()
        except OSError:
            continue
        if inside or mounted:
            left.append(f"process {entry.name} in a sandbox's namespaces")
    places = [record.directory, Path("/sys/class/net", record.link)]
    places += [mount / cgroup for mount in state.cgroup_mounts() for cgroup in record.cgroups]
    return left + [str(place) for place in places if place.exists()]
