"""``python -m mqlab`` is the command ``mqlab``."""

from __future__ import annotations

import sys

from mqlab.cli import main

if __name__ == "__main__":
    sys.exit(main())
