"""The command `python3 tests/engines`: roots, lasting labs, cleaning."""

from __future__ import annotations

import argparse
import json
import shlex
import sys
from typing import Any

from engines import images, listeners, roots, selfcheck, state
from engines.flavours import FLAVOURS
from engines.lab import Lab
from engines.process import PACKAGES, LabError, require_machine


def main(arguments: list[str] | None = None) -> int:
    options = _parser().parse_args(arguments)
    try:
        result: int = options.run(options)
    except LabError as error:
        print(f"engines: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return result


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python3 tests/engines", description="Throw-away real engines on this machine."
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    def command(name: str, run: Any, text: str) -> argparse.ArgumentParser:
        added: argparse.ArgumentParser = commands.add_parser(name, help=text, description=text)
        added.set_defaults(run=run)
        return added

    flavours = list(FLAVOURS)
    made = command("roots", _roots, "make the root file systems that are missing")
    made.add_argument("flavour", nargs="*", choices=[*flavours, []], help=f"of {', '.join(flavours)}; none: all")
    up = command("up", _up, "start an engine that lasts until `down`; prints lines for a shell's eval")
    up.add_argument("flavour", choices=flavours)
    up.add_argument("--listen", action="append", default=[], choices=listeners.KINDS, help="also listen there")
    up.add_argument("--image", action="append", default=[], metavar="NAME", help=f"make an image, e.g. {images.WEB}")
    up.add_argument("--name", help="a lab of this name that runs already is taken instead of starting one")
    up.add_argument("--json", action="store_true", help="print JSON")
    down = command("down", _down, "end a lasting lab")
    down.add_argument("lab", nargs="?", help="its number or name; none: every lasting lab of this checkout")
    listed = command("list", _list, "show the labs of this machine")
    listed.add_argument("--json", action="store_true", help="print JSON")
    clean = command("clean", _clean, "remove what dead labs left")
    clean.add_argument("--all", action="store_true", help="and end every lab of this checkout, whoever uses it")
    command("packages", _packages, "print the Debian packages that this machine needs")
    check = command("selfcheck", _selfcheck, "start engines, try everything on them, and check that nothing is left")
    check.add_argument("flavour", nargs="*", choices=[*flavours, []], help="none: all")
    return parser


def _roots(options: argparse.Namespace) -> int:
    names = sorted({FLAVOURS[flavour].root for flavour in options.flavour or FLAVOURS})
    for name, place in roots.ensure_all(names).items():
        packages = roots.installed(name)
        print(f"{name}: {packages.get('docker.io') or packages.get('podman')} in {place}")
    return 0


def _up(options: argparse.Namespace) -> int:
    require_machine()
    state.remove_dead()
    record = next((found for found in _of_this_checkout() if options.name and found.name == options.name), None)
    if record is None:
        with Lab() as lab:
            engine = lab.engine(options.flavour, listen=("unix", *options.listen))
            for name in options.image:
                engine.image(name)
            lab.keep(options.name)
            record = lab.record
    shown = _shown(record)
    if options.json:
        print(json.dumps(shown))
        return 0
    first = shown["engines"][0]
    variables = {"DOCKER_HOST": first["host"], "DOCKSIDE_LAB": shown["lab"], "DOCKSIDE_ADDRESS": first["address"]}
    for variable, value in variables.items():
        print(f"export {variable}={shlex.quote(str(value))}")
    return 0


def _down(options: argparse.Namespace) -> int:
    require_machine()
    if options.lab is None:
        wanted = [record for record in _of_this_checkout() if record.owner is None]
    else:
        wanted = [record for record in _of_this_checkout() if options.lab in (str(record.number), record.name)]
        if not wanted:
            raise LabError(f"no lab {options.lab} of this checkout; see `python3 tests/engines list`")
    for record in wanted:
        state.remove(record)
        print(f"lab {record.number}: removed")
    return 0


def _list(options: argparse.Namespace) -> int:
    shown = [_shown(record) for record in state.records()]
    if options.json:
        print(json.dumps(shown))
        return 0
    for lab in shown:
        print(f"lab {lab['lab']}  {lab['name'] or '-'}  {lab['state']}  {lab['checkout']}")
        for engine in lab["engines"]:
            version = f"{engine['flavour']}  {engine['version']} (API {engine['api']})"
            print(f"  {version}  {engine['host']}  {engine['address']}")
    return 0


def _clean(options: argparse.Namespace) -> int:
    require_machine()
    removed = state.remove_dead()
    if options.all:
        for record in _of_this_checkout():
            state.remove(record)
            removed.append(record.number)
    print(f"labs removed: {', '.join(str(number) for number in removed) or 'none'}")
    return 0


def _packages(_options: argparse.Namespace) -> int:
    print("\n".join(PACKAGES))
    return 0


def _selfcheck(options: argparse.Namespace) -> int:
    return selfcheck.check(options.flavour or list(FLAVOURS))


def _of_this_checkout() -> list[state.Record]:
    return [record for record in state.records() if record.checkout == str(roots.CHECKOUT)]


def _shown(record: state.Record) -> dict[str, Any]:
    condition = "dead" if record.dead else f"of process {record.owner.pid}" if record.owner else "lasting"
    return {
        "lab": record.number,
        "name": record.name,
        "state": condition,
        "checkout": record.checkout,
        "engines": record.engines,
    }
