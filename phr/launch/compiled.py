"""The portal's own code, compiled beside its sources before many processes load it.

Python does that by itself, but not where an account may not write, nor where it was told not to:
there each process compiles all it imports, a quarter of what its start takes.
"""

import compileall
import os
from pathlib import Path

APPS = ("accounts", "phr", "rights", "sharing")


def compile_apps(tree: Path) -> None:
    """Compile what has changed in the checkout `tree`; whatever cannot be written is left out."""
    before = os.umask(0o022)
    try:
        for app in APPS:
            compileall.compile_dir(tree / app, quiet=2)
    finally:
        os.umask(before)
