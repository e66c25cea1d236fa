"""A warm reader loads nothing more: once the box is locked nothing can be opened or imported."""

import pickle
import subprocess
import sys
from pathlib import Path
from random import Random

from phr.formats import names
from tests.fuzz import mutations, seeds

ROOT = Path(__file__).resolve().parents[3]
# As the fork server is, without anything that a test has loaded.
PROGRAM = f"""
import sys; sys.path.insert(0, {str(ROOT)!r})
import logging, pickle, warnings
from importlib import import_module
from importlib.util import find_spec
from io import BytesIO
from phr.formats import names
from phr.formats.__main__ import main
from phr.formats.parsed import Columns, Limits, Refused
for name in names():
    import_module(name).warm()
logging.disable()
warnings.simplefilter("ignore")
found, reading = set(), False
def hook(event, arguments):
    if reading and event in ("import", "open", "os.listdir", "ctypes.dlopen"):
        found.add((reading, event, str(arguments[0])))
sys.addaudithook(hook)
for name, file in pickle.load(sys.stdin.buffer):
    reading, module = name, sys.modules[name]
    try:
        for item in module.read(BytesIO(file).read, Limits(max_pixels=2_000_000), ""):
            if isinstance(item, Columns):
                list(module.read(BytesIO(file).read, Limits(), "", options=item.guess))
    except Refused:
        pass
    reading = False
# A word for an encoding that does not exist is looked up, and nothing is found.
found = [one for one in found if one[1] != "import" or find_spec(one[2])]
print(*sorted(found), sep="\\n")
"""
FILES = 150


def test_damaged_files_make_no_reader_load_anything() -> None:
    chance, files = Random(1), list[tuple[str, bytes]]()
    for name in sorted(names()):
        known = seeds.every()[name.removeprefix("phr.formats.")]
        files += [(name, data) for data in known]
        files += [
            (name, mutations.damaged(chance.choice(known), known, chance)) for _ in range(FILES)
        ]
    done = subprocess.run(
        [sys.executable, "-I", "-c", PROGRAM],
        input=pickle.dumps(files), capture_output=True, check=True, timeout=100,
    )  # fmt: skip
    assert done.stdout.decode().strip() == ""
