"""`make fuzz SECONDS=60 TARGET=fhir`: search one target, or each, for so long with atheris.

A target is searched in a process of its own, gently (nice 19). A finding is whatever ends that
process: an exception that is no `Refused`, an output that the wire between box and parent does not
carry, ten seconds over one file, 1.5 GB of memory, or a crash of a library. The file that did it is
kept in `.fuzz/<target>/`, beside the corpus, with which the next search begins.
"""

import os
import subprocess
import sys
from pathlib import Path

import atheris

FOLDER = Path(__file__).resolve().parents[2] / ".fuzz"
# Whose branches guide the search, besides the readers'.
LIBRARIES = {"pdf": ["pypdf"], "dicom": ["pydicom"], "archive_zip": ["zipfile"]}
BOUNDS = [
    "-timeout=10",
    "-rss_limit_mb=1500",
    "-max_len=60000",
    "-len_control=0",
    "-print_final_stats=1",
]


def search(name: str, seconds: int) -> None:
    """Search one target in this process, which ends with it."""
    with atheris.instrument_imports(include=["phr.formats", *LIBRARIES.get(name, [])]):
        # Only what is imported in here is watched.
        from tests.fuzz import seeds, targets

        target = targets.every()[name]
    corpus = FOLDER / name / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(seeds.every()[name]):
        (corpus / f"seed-{number}").write_bytes(data)
    os.nice(19)
    asked = [f"-max_total_time={seconds}", f"-artifact_prefix={FOLDER / name}/", str(corpus)]
    atheris.Setup([sys.argv[0], *BOUNDS, *asked], target)
    atheris.Fuzz()


def main(seconds: int, chosen: list[str]) -> int:
    """Search the targets one after the other. Returns in how many something was found."""
    from tests.fuzz import targets

    found = 0
    for name in chosen or targets.every():
        log = FOLDER / name / "log"
        log.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "tests.fuzz", "--here", str(seconds), name]
        with log.open("wb") as out:
            ended = subprocess.run(command, stdout=out, stderr=out, check=False).returncode
        runs = log.read_bytes().rpartition(b"number_of_executed_units: ")[2].split(b"\n")[0]
        print(f"{name}: {runs.decode()} files, {f'FOUND, see {log}' if ended else 'nothing'}")
        found += bool(ended)
    return found


if __name__ == "__main__":
    if sys.argv[1:2] == ["--here"]:
        search(sys.argv[3], int(sys.argv[2]))
    sys.exit(main(int(sys.argv[1]), sys.argv[2:]))
