"""Throw-away real Docker engines for tests and for a first look; see README.md beside this file.

::

    from engines import Lab              # with tests/ on sys.path
    with Lab() as lab:
        engine = lab.engine("28.5")
        print(engine.host, engine.version, engine.api)
"""

from __future__ import annotations

from engines.engine import Engine
from engines.flavours import FLAVOURS
from engines.lab import Lab
from engines.process import LabError
from engines.registry import Registry

__all__ = ["FLAVOURS", "Engine", "Lab", "LabError", "Registry"]
