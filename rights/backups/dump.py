"""From the database into the repository and, to be sure, back again; plaintext only in pipes."""

from collections import Counter
from collections.abc import Iterator

from phr.privileges import BACKUP
from rights.backups.contents import LEFT_OUT, Contents
from rights.backups.manifest import Manifest
from rights.backups.programs import PIECE, Feed, running
from rights.backups.repository import Repository
from rights.backups.sealing import Sealed, seal, unseal

DUMP = "dump"
# Our bodies are ciphertext already: more effort shrinks nothing.
FORMAT = ("--format=custom", "--compress=1", "--no-privileges", "--schema=public")


class Incomplete(Exception):
    """What lies in the repository is not what the database held; one sentence for the operator."""


def put(repository: Repository, place: str, key: bytes, contents: Contents) -> Sealed:
    """Dump what `contents` counted, sealed on its way. Raises `ProgramFailed`."""
    left_out = [f"--exclude-table-data=public.{name}" for name in LEFT_OUT]
    seeing = (f"--role={BACKUP}", "--enable-row-security", f"--snapshot={contents.snapshot}")
    with (
        running(repository.kind, contents.server, "pg_dump", *FORMAT, *seeing, *left_out) as out,
        repository.writing(f"{place}/{DUMP}") as into,
    ):
        return seal(into, key, DUMP, iter(lambda: out.read(PIECE), b""))


def plain(repository: Repository, manifest: Manifest) -> Feed:
    """The dump in clear, read from the repository. Raises `Unopenable` where it was changed."""
    with repository.reading(f"{manifest.id}/{DUMP}") as source:
        yield from unseal(source, manifest.key(), DUMP, manifest.dump)


def check(repository: Repository, manifest: Manifest) -> None:
    """Read the dump back and count its rows. Raises `Incomplete`, `Unopenable`, `ProgramFailed`."""
    found = Counter[str]()
    reading = ("--data-only", "--file=-")
    feed = plain(repository, manifest)
    with running(repository.kind, manifest.server, "pg_restore", *reading, feed=feed) as script:
        for table, rows in _copied(script):
            found[table] += rows
    wrong = [name for name, rows in manifest.tables.items() if found.pop(name, 0) != rows]
    wrong += list(found)
    if wrong:
        raise Incomplete(f"The backup does not hold what the database held: {', '.join(wrong)}.")


def _copied(script: Iterator[bytes]) -> Iterator[tuple[str, int]]:
    """Table and number of rows of each COPY in a script; a row is one line, its ends escaped."""
    for line in script:
        if line.startswith(b"COPY public."):
            name = line[len(b"COPY public.") :].split(b" ", 1)[0].decode().strip('"')
            rows = 0
            for row in script:
                if row == b"\\.\n":
                    break
                rows += 1
            yield name, rows
