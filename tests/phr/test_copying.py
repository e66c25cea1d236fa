"""What is copied in binary comes out of the database as it went in."""

from datetime import UTC, datetime, timedelta
from random import Random
from uuid import UUID

import pytest
from django.db import connection

from phr import copying

pytestmark = pytest.mark.django_db
MAKE = (
    "CREATE TEMPORARY TABLE copied (a uuid, b int4, c text, d bytea, e timestamptz, f bool,"
    " g bigint[], h uuid[]) ON COMMIT DROP"
)
Row = tuple[UUID, int, str, bytes | None, datetime, bool, list[int], list[UUID]]
EDGES: list[Row] = [
    (UUID(int=0), -(2**31), "", None, datetime(1, 1, 1, tzinfo=UTC), False, [], []),
    (
        UUID(int=2**128 - 1), 2**31 - 1, "ünï\t\\N\n中", b"", datetime(9999, 12, 31, tzinfo=UTC),
        True, [-(2**63), 2**63 - 1, 0], [UUID(int=1)] * 3,
    ),
    (
        UUID(int=5), 0, "x" * 70_000, bytes(range(256)),
        datetime(1999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC), True,
        list(range(-5000, 5000)), [],
    ),
]  # fmt: skip


def some_row(random: Random) -> Row:
    return (
        UUID(int=random.getrandbits(128)),
        random.randint(-(2**31), 2**31 - 1),
        random.randbytes(random.randint(0, 20)).hex(),
        random.randbytes(random.randint(0, 900)),
        datetime(1900, 1, 1, tzinfo=UTC) + timedelta(microseconds=random.getrandbits(52)),
        random.random() < 0.5,
        [random.getrandbits(64) - 2**63 for _ in range(random.randint(0, 120))],
        [UUID(int=random.getrandbits(128)) for _ in range(random.randint(0, 3))],
    )


def test_every_value_comes_back() -> None:
    random = Random(7)
    rows = EDGES + [some_row(random) for _ in range(100)]
    with connection.cursor() as cursor:
        cursor.execute(MAKE)
        with cursor.copy("COPY pg_temp.copied FROM STDIN WITH (FORMAT BINARY)") as copy:
            copy.write(copying.HEADER)
            for a, b, c, d, e, f, g, h in rows:
                copy.write(
                    copying.row(
                        copying.uuid(a), copying.integer(b), copying.text(c), copying.data(d),
                        copying.instant(e), copying.truth(f), copying.bigints(g), copying.uuids(h),
                    )
                )  # fmt: skip
            copy.write(copying.TRAILER)
        cursor.execute("SELECT * FROM pg_temp.copied")
        found = {row[0]: row for row in cursor.fetchall()}

    assert len(found) == len(rows)
    for wanted in rows:
        assert _plain(found[wanted[0]]) == wanted


def _plain(row: tuple[object, ...]) -> tuple[object, ...]:
    return tuple(bytes(one) if isinstance(one, memoryview) else one for one in row)
