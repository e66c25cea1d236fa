"""Whether what must hold between tables, files, keys and walls does hold."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import connections
from django.utils import timezone

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient
from phr import storage
from phr.models import Binary

# A file that is arriving right now has a row, but is not complete yet.
ARRIVING = timedelta(hours=1)
# An archive of a long record with many scans is written for hours.
MAKING = timedelta(days=2)

UNFORCED = """
    SELECT c.relname FROM pg_class c
    JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = 'public'
    JOIN pg_attribute a ON a.attrelid = c.oid AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND NOT (c.relrowsecurity AND c.relforcerowsecurity)
      AND (a.attname = 'patient_id' OR c.relname = 'accounts_patient')
    GROUP BY c.relname ORDER BY c.relname
"""


@dataclass(frozen=True, slots=True)
class Beside:
    """What floors above keep in the file store and the vault: names of files, which of them must be
    there (with the id of their row), and whose keys must be."""

    files: set[str] = field(default_factory=set)
    whole: dict[str, UUID] = field(default_factory=dict)
    keys: set[UUID] = field(default_factory=set)


def nothing(_actor: Actor) -> Beside:
    return Beside()


@dataclass(frozen=True, slots=True)
class Findings:
    """What is wrong; every list is empty in a sound portal."""

    patients: int
    files: int
    files_without_row: list[str]
    rows_without_file: list[UUID]
    patients_without_key: list[UUID]
    tables_without_wall: list[str]

    @property
    def sound(self) -> bool:
        return not (
            self.files_without_row
            or self.rows_without_file
            or self.patients_without_key
            or self.tables_without_wall
        )


def check(actor: Actor, *, beside: Callable[[Actor], Beside] = nothing) -> Findings:
    """Look at every file, row, key and table once; `beside` tells what is known above this floor."""
    with acting_as(actor):
        patient_ids = list(Patient.objects.filter(erasing_at=None).values_list("pk", flat=True))
        # Files are listed before rows: a file that arrives in between has its row already.
        files = set(storage.names())
        columns = ("pk", "name", "complete_at", "created_at", "use", "arriving_until")
        rows = list(Binary.objects.values_list(*columns))
        missing = [pk for pk, name, complete, *_ in rows if complete and not storage.exists(name)]
        above = beside(actor)
        missing += [pk for name, pk in above.whole.items() if not storage.exists(name)]
        unwalled = [name for alias in connections for name in _tables_without_wall(alias)]
    return Findings(
        len(patient_ids),
        len(files),
        sorted(files - {name for _, name, *_ in rows} - above.files),
        missing + [pk for pk, _, complete, *rest in rows if not complete and _late(*rest)],
        [pk for pk in [*patient_ids, *above.keys] if not keys.has_key(pk)],
        unwalled,
    )


def _late(made: datetime, use: str, until: datetime | None) -> bool:
    within = MAKING if use == Binary.Use.EXPORT else 2 * ARRIVING
    return max(made, until or made) < timezone.now() - within


def _tables_without_wall(alias: str) -> Iterator[str]:
    with connections[alias].cursor() as cursor:
        cursor.execute(UNFORCED)
        yield from (name for (name,) in cursor.fetchall())
