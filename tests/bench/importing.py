"""How fast files become records, next to the same rows with nothing around them.

A file is read twice: `look` tells its owner what adding it would do, `add` adds it after her yes.
"""

import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import psycopg
from django.db import connection

from phr import forking
from phr.box import parse
from phr.formats.parsed import Parsed
from phr.services import imports, reviews, uploads
from phr.staging import Row, Sealer
from tests.bench.people import patient
from tests.bench.report import Report, server_seconds
from tests.cast import IMPORTER, hand_in
from tests.worlds.ccda import results
from tests.worlds.synthea import lines

RESOURCES = 10_000
REPEATS = 3
BATCH = 250
RESULTS = 2_000
FEW, MANY = 10_000, 100_000
# Resources a second that are added; the share of a batched INSERT's rate of both readings together;
# and how much longer a resource may take in a file ten times as long.
LEAST_RATE = 2500.0
LEAST_OF_INSERT = 0.2
MOST_LONGER = 1.25

COLUMNS = (
    "id, patient_id, resource_type, category, effective_at, dated, labels, tokens, digest,"
    " identity, version, body_sealed, created_at, updated_at"
)
COPY = f"COPY bare ({COLUMNS}) FROM STDIN"
INSERT = f"INSERT INTO bare ({COLUMNS}) VALUES ({', '.join(['%s'] * 14)})"  # noqa: S608


def run(report: Report) -> None:
    """Import, bare COPY and batched INSERT by turns; the median of three."""
    report.say(f"Import of a FHIR transaction bundle of {RESOURCES:,} resources, one worker")
    rates: dict[str, list[float]] = {"look": [], "add": [], "both": [], "copy": [], "insert": []}
    for seed in range(REPEATS):
        data = b"".join(lines(RESOURCES, seed=100 + seed))
        for name, found in _import(data, "bundle.json").items():
            rates[name].append(found)
        rows = _rows(data, "bundle.json")
        rates["copy"].append(_bare(rows, _copy))
        rates["insert"].append(_bare(rows, _insert))
    rate = {name: statistics.median(many) for name, many in rates.items()}
    report.say(f"  look through (box, what is known already):       {rate['look']:8,.0f} /s")
    report.say(f"  add (box, tokens, seal, publish, audit):         {rate['add']:8,.0f} /s")
    report.say(f"  both, one after the other:                       {rate['both']:8,.0f} /s")
    report.say(f"  bare COPY of the same rows, same indexes:        {rate['copy']:8,.0f} /s")
    report.say(f"  bare INSERT, {BATCH} a transaction:                {rate['insert']:8,.0f} /s")
    report.at_least("added, resources a second", rate["add"], LEAST_RATE)
    report.at_least("both : batched INSERT", rate["both"] / rate["insert"], LEAST_OF_INSERT)
    report.say(f"       added : bare COPY: {rate['add'] / rate['copy']:.2f}")
    _ccda(report)
    _linear(report)


def _ccda(report: Report) -> None:
    report.say(f"Import of a C-CDA document of {RESULTS:,} results")
    rates: dict[str, list[float]] = {"look": [], "add": [], "both": [], "copy": []}
    for seed in range(REPEATS):
        data = results(RESULTS, seed=seed)
        for name, found in _import(data, "results.xml").items():
            rates[name].append(found)
        rates["copy"].append(_bare(_rows(data, "results.xml"), _copy))
    rate = {name: statistics.median(many) for name, many in rates.items()}
    report.say(f"  look through:                                    {rate['look']:8,.0f} /s")
    report.say(f"  add:                                             {rate['add']:8,.0f} /s")
    report.say(f"  both, one after the other:                       {rate['both']:8,.0f} /s")
    report.say(f"  bare COPY of the same rows, same indexes:        {rate['copy']:8,.0f} /s")
    report.say(f"       added : bare COPY: {rate['add'] / rate['copy']:.2f}")


def _linear(report: Report) -> None:
    """By the processor's time, which a busy machine does not stretch as it does the clock's."""
    few, many = (_work(size) for size in (FEW, MANY))
    report.say(f"Processor time of a resource, looked through and added, among {MANY:,}")
    report.say(f"  worker, box and database:                        {many * 1e6:8,.0f} us")
    report.at_most(f"a resource in {MANY:,} : in {FEW:,}", many / few, MOST_LONGER)


def _work(size: int) -> float:
    """Seconds of processor that worker, box and database take for one resource of so many."""
    data = b"".join(lines(size, seed=200))
    began = _seconds()
    _import(data, "bundle.json")
    return (_seconds() - began) / size


def _seconds() -> float:
    ended = Path(f"/proc/{forking.server() or 'self'}/stat").read_text().rsplit(") ", 1)[1].split()
    box = sum(map(int, ended[13:15])) / os.sysconf("SC_CLK_TCK")
    return time.process_time() + server_seconds() + box


def _import(data: bytes, name: str) -> dict[str, float]:
    """Resources a second of each reading, and of both together."""
    person, _ = patient()
    upload_id = hand_in(person.actor, data, name)
    looked = _timed(lambda: imports.import_upload(IMPORTER, upload_id))
    reviews.confirm(person.actor, upload_id, about_me=True)
    added = _timed(lambda: imports.import_upload(IMPORTER, upload_id))
    row = uploads.upload(person.actor, upload_id).upload
    if not row.imported:
        raise SystemExit("nothing was added")
    many = row.imported + row.updated + row.duplicates
    return {"look": many / looked, "add": many / added, "both": many / (looked + added)}


def _timed(work: Callable[[], object]) -> float:
    began = time.perf_counter()
    work()
    return time.perf_counter() - began


def _rows(data: bytes, name: str) -> list[Row]:
    _, patient_id = patient()
    sealer = Sealer(patient_id, uuid4())
    found = parse([data], filename=name)
    return [sealer.row(item) for item in found if isinstance(item, Parsed)]


def _bare(
    rows: list[Row], write: Callable[["psycopg.Connection[tuple[object, ...]]", list[Row]], None]
) -> float:
    """Rows a second into a table with the indexes of `phr_record` and without walls or keys."""
    database = connection.settings_dict
    with psycopg.connect(
        host=database["HOST"], user=database["USER"], password=database["PASSWORD"],
        dbname=database["NAME"],
    ) as own:  # fmt: skip
        own.execute("CREATE UNLOGGED TABLE bare (LIKE phr_record INCLUDING ALL)")
        own.execute("ALTER TABLE bare SET LOGGED")
        own.commit()
        began = time.perf_counter()
        write(own, rows)
        own.commit()
        took = time.perf_counter() - began
        own.execute("DROP TABLE bare")
    return len(rows) / took


def _values(row: Row) -> tuple[object, ...]:
    return (
        row.id, row.id, row.resource_type, row.category, row.effective_at, row.dated, row.labels,
        row.tokens, row.digest, row.identity, 1, row.body_sealed, row.effective_at,
        row.effective_at,
    )  # fmt: skip


def _copy(own: "psycopg.Connection[tuple[object, ...]]", rows: list[Row]) -> None:
    with own.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(_values(row))


def _insert(own: "psycopg.Connection[tuple[object, ...]]", rows: list[Row]) -> None:
    for start in range(0, len(rows), BATCH):
        with own.cursor() as cursor:
            cursor.executemany(INSERT, [_values(row) for row in rows[start : start + BATCH]])
        own.commit()
