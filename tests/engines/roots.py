"""Root file systems of engines, unpacked from Debian's packages and cached in .build/engines/roots/NAME.

No debootstrap: apt, with a state of its own and the machine's own mirror, resolves and downloads; dpkg-deb and tar
unpack. No maintainer script runs, so what those would have done and an engine needs is done in `_finish`.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from engines.flavours import ROOTS, Root
from engines.process import LabError, host_env, require_machine, run

CHECKOUT = Path(__file__).resolve().parents[2]
CACHE = CHECKOUT / ".build" / "engines" / "roots"
STAMP = ".dockside-root.json"
_RECIPE = 1  # raise it when the way a root is made changes
_KEYRINGS = ("debian-archive-keyring.gpg", "debian-archive-keyring.pgp")
_MIRROR = "DOCKSIDE_DEBIAN_MIRROR"


def ensure(name: str) -> Path:
    """The directory of the root NAME, made now when it is missing, incomplete or of an older recipe.

    Safe to call from several processes and threads at once: one makes it, the others wait for it.
    """
    root = ROOTS[name]
    place = CACHE / name
    if _complete(root, place):
        return place
    require_machine()
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w", encoding="ascii") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not _complete(root, place):
            _clear_leftovers(name)
            _make(root, place)
    return place


def ensure_all(names: list[str]) -> dict[str, Path]:
    """Several roots; the download of one goes on while another is unpacked."""
    with ThreadPoolExecutor(2) as pool:
        return dict(zip(names, pool.map(ensure, names), strict=True))


def installed(name: str) -> dict[str, str]:
    """Package -> version of a root that is there; empty when it is not."""
    try:
        packages: dict[str, str] = json.loads((CACHE / name / STAMP).read_text())["packages"]
    except FileNotFoundError:
        return {}
    return packages


def _recipe(root: Root) -> str:
    return hashlib.sha256(json.dumps([_RECIPE, root.suite, root.packages]).encode()).hexdigest()


def _complete(root: Root, place: Path) -> bool:
    try:
        return bool(json.loads((place / STAMP).read_text())["recipe"] == _recipe(root))
    except (FileNotFoundError, NotADirectoryError, ValueError, KeyError):
        return False


def _clear_leftovers(name: str) -> None:
    """What a maker that was killed left; only called with the lock of the root held."""
    for leftover in CACHE.glob(f"{name}.making-*"):
        shutil.rmtree(leftover)


def _make(root: Root, place: Path) -> None:
    with _work_dir(root.name) as work:
        debs = _download(root, work)
        tree = work / "tree"
        _unpack(debs, tree)
        _finish(tree)
        names = [deb.stem.split("_") for deb in debs]
        stamp = {"recipe": _recipe(root), "packages": {name[0]: name[1] for name in sorted(names)}}
        (tree / STAMP).write_text(json.dumps(stamp, indent=1))
        if place.exists():
            place.rename(work / "old")
        tree.rename(place)


@contextmanager
def _work_dir(name: str) -> Iterator[Path]:
    work = Path(tempfile.mkdtemp(prefix=f"{name}.making-", dir=CACHE))
    try:
        yield work
    finally:
        shutil.rmtree(work)


# ---- apt ----


def _download(root: Root, work: Path) -> list[Path]:
    keyring = _host_keyring()
    try:
        return _Apt(work / "apt", root.suite, keyring).download(root.packages)
    except _UnknownKey:
        # A suite younger than this machine's keyring. The stable suites in between are signed by keys it knows and
        # carry the newer keyring.
        for suite in ("trixie", "bookworm"):
            try:
                debs = _Apt(work / f"apt-{suite}", suite, keyring).download(("debian-archive-keyring",))
            except _UnknownKey:
                continue
            _unpack(debs, work / "keyring")
            newer = _keyring_in(work / "keyring" / "usr/share/keyrings")
            shutil.rmtree(work / "apt")
            return _Apt(work / "apt", root.suite, newer).download(root.packages)
        raise


class _UnknownKey(LabError):
    """The suite is signed by a key that the keyring lacks."""


class _Apt:
    """apt-get with one suite and a state of its own: it neither reads nor changes what the machine has installed."""

    def __init__(self, place: Path, suite: str, keyring: Path) -> None:
        for directory in (
            "state/lists/partial",
            "cache/archives/partial",
            "etc/sources",
            "etc/conf",
            "etc/preferences",
        ):
            (place / directory).mkdir(parents=True)
        (place / "status").touch()
        source = {"Types": "deb", "URIs": _mirror(), "Suites": suite, "Components": "main", "Signed-By": str(keyring)}
        (place / "etc/sources/suite.sources").write_text("".join(f"{key}: {value}\n" for key, value in source.items()))
        settings = {
            "APT::Install-Recommends": "false",
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Dir::Cache": str(place / "cache"),
            "Dir::Etc::main": "/dev/null",
            "Dir::Etc::parts": str(place / "etc/conf"),
            "Dir::Etc::preferencesparts": str(place / "etc/preferences"),
            "Dir::Etc::preferences": "/dev/null",
            "Dir::Etc::sourcelist": "/dev/null",
            "Dir::Etc::sourceparts": str(place / "etc/sources"),
            "Dir::State": str(place / "state"),
            "Dir::State::status": str(place / "status"),
        }
        lines = [f'{key} "{value}";' for key, value in settings.items()]
        (place / "apt.conf").write_text("\n".join(_acquire_settings() + lines) + "\n")
        self._archives = place / "cache/archives"
        self._env = {**host_env(), "APT_CONFIG": str(place / "apt.conf"), "DEBIAN_FRONTEND": "noninteractive"}

    def download(self, packages: tuple[str, ...]) -> list[Path]:
        """The .deb files of the packages and of everything they depend on."""
        update = self._apt("update")
        if "NO_PUBKEY" in update or "Missing key" in update:
            raise _UnknownKey(f"apt-get update: {update[-2000:]}")
        if re.search(r"^[EW]:.*(Failed to fetch|not signed|is not valid)", update, re.MULTILINE):
            raise LabError(f"apt-get update: {update[-2000:]}")
        self._apt("install", "--download-only", "--yes", *packages)
        return sorted(self._archives.glob("*.deb"))

    def _apt(self, *arguments: str) -> str:
        done = run(["apt-get", "--quiet", *arguments], env=self._env, timeout=900, check=False)
        said = done.stdout + done.stderr
        if done.returncode != 0 and "NO_PUBKEY" not in said:
            raise LabError(f"apt-get {' '.join(arguments)}: {(done.stderr or said)[-2000:]}")
        return said


def _acquire_settings() -> list[str]:
    """How this machine fetches packages (proxies, retries). Its hooks and index targets are left out on purpose."""
    dump = run(["apt-config", "dump"]).stdout.splitlines()
    return [
        line for line in dump if re.match(r"Acquire::(http|https|ftp|Retries|ForceIPv\d|Check|Max)\b.* \".+\";$", line)
    ]


def _mirror() -> str:
    """The Debian mirror that this machine's own apt sources name."""
    if os.environ.get(_MIRROR):
        return os.environ[_MIRROR]
    for path in [Path("/etc/apt/sources.list"), *sorted(Path("/etc/apt/sources.list.d").glob("*"))]:
        if path.suffix == ".sources":
            found = _from_deb822(path.read_text())
        elif path.suffix == ".list" and path.exists():
            found = _from_one_line(path.read_text())
        else:
            continue
        if found:
            return found
    raise LabError(
        "Engines are made from Debian's packages, and the apt sources of this machine name no Debian mirror. "
        f"Set {_MIRROR} to one (a URL that ends in /debian)."
    )


def _from_deb822(text: str) -> str | None:
    for paragraph in re.split(r"\n\s*\n", text):
        fields: dict[str, str] = {}
        key = ""
        for line in paragraph.splitlines():
            if line.startswith("#"):
                continue
            if line[:1] in (" ", "\t"):
                fields[key] += " " + line.strip()
            elif ":" in line:
                key, _colon, value = line.partition(":")
                key = key.strip().lower()
                fields[key] = value.strip()
        if fields.get("enabled", "yes").lower() in ("no", "false") or "deb" not in fields.get("types", "").split():
            continue
        for uri in fields.get("uris", "").split():
            if _is_debian(uri, fields.get("components", "").split()):
                return uri
    return None


def _from_one_line(text: str) -> str | None:
    for line in text.splitlines():
        words = re.sub(r"\[[^]]*\]", "", line.partition("#")[0]).split()
        if len(words) >= 4 and words[0] == "deb" and _is_debian(words[1], words[3:]):
            return words[1]
    return None


def _is_debian(uri: str, components: list[str]) -> bool:
    """True for the archive itself, not for debian-security nor for a vendor's own archive."""
    return bool(re.search(r"(^|[/.-])debian(\.list|\.txt)?/?$", uri)) and "main" in components


def _host_keyring() -> Path:
    return _keyring_in(Path("/usr/share/keyrings"))


def _keyring_in(directory: Path) -> Path:
    for name in _KEYRINGS:
        if (directory / name).exists():
            return directory / name
    raise LabError("Debian's archive keys are missing here (on Debian: apt-get install debian-archive-keyring)")


# ---- files ----


def _unpack(debs: list[Path], tree: Path) -> None:
    for directory in ("bin", "sbin", "lib", "lib64"):
        (tree / "usr" / directory).mkdir(parents=True)
        (tree / directory).symlink_to(f"usr/{directory}")
    for deb in debs:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(deb)], stdout=subprocess.PIPE) as unpacker:
            # The links of the merged /usr stay links, also for packages that still carry /bin or /lib.
            tar = [
                "tar",
                "--extract",
                "--keep-directory-symlink",
                "--directory",
                str(tree),
                "--exclude=./usr/share/doc/*",
            ]
            done = subprocess.run(tar, stdin=unpacker.stdout, capture_output=True, text=True, check=False)
        if done.returncode or unpacker.returncode:
            raise LabError(f"unpacking {deb.name}: {done.stderr[-500:]}")


def _finish(tree: Path) -> None:
    accounts = {
        "root": (0, "/root", "/bin/bash"),
        "sshd": (101, "/run/sshd", "/usr/sbin/nologin"),
        "nobody": (65534, "/nonexistent", "/usr/sbin/nologin"),
    }
    passwd = "".join(f"{name}:*:{uid}:{uid}::{home}:{shell}\n" for name, (uid, home, shell) in accounts.items())
    files = {
        "etc/passwd": passwd,
        "etc/group": "root:x:0:\ntty:x:5:\nsshd:x:101:\ndocker:x:102:\nnogroup:x:65534:\n",
        "etc/hosts": "127.0.0.1 localhost\n::1 localhost\n",
        # Look-ups of public registries fail at once: nobody answers there, and there is no route anyway.
        "etc/resolv.conf": "nameserver 127.0.0.1\n",
    }
    for name, text in files.items():
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text(text)
    for directory in ("proc", "sys", "dev", "run", "tmp", "root", "var/lib/docker"):
        (tree / directory).mkdir(parents=True, exist_ok=True)
    run_link = tree / "var/run"
    if run_link.is_dir() and not run_link.is_symlink():
        shutil.rmtree(run_link)
    if not run_link.is_symlink():
        run_link.symlink_to("/run")
    for program in ("iptables", "iptables-save", "iptables-restore"):
        for name in (program, program.replace("ip", "ip6", 1)):
            link = tree / "usr/sbin" / name
            link.unlink(missing_ok=True)
            link.symlink_to(name.replace("tables", "tables-nft", 1))
    run(["ldconfig", "-r", str(tree)])
