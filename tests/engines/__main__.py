"""`python3 tests/engines ...`: run as a directory, so its parent, not itself, has to be on the path."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parent.parent)

from engines.cli import main  # noqa: E402

sys.exit(main())
