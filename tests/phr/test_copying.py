"""What is copied in binary comes out of the database as it went in."""

from datetime import UTC, datetime
from uuid import UUID, uuid4

import pytest
from django.db import connection
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from phr import copying

pytestmark = pytest.mark.django_db
BIGINTS = st.lists(st.integers(-(2**63), 2**63 - 1), max_size=40)
INSTANTS = st.datetimes(datetime(1, 1, 1), datetime(9999, 1, 1)).map(  # noqa: DTZ001 - made aware
    lambda at: at.replace(tzinfo=UTC, fold=0)
)
TEXTS = st.text(st.characters(blacklist_categories=("Cs",), blacklist_characters="\0"), max_size=30)
ROWS = st.tuples(
    st.uuids(), st.integers(-(2**31), 2**31 - 1), TEXTS, st.none() | st.binary(max_size=50),
    INSTANTS, st.booleans(), BIGINTS, st.lists(st.uuids(), max_size=4),
)  # fmt: skip
MAKE = (
    "CREATE TEMPORARY TABLE copied (a uuid, b int4, c text, d bytea, e timestamptz, f bool,"
    " g bigint[], h uuid[])"
)
Row = tuple[UUID, int, str, bytes | None, datetime, bool, list[int], list[UUID]]


@settings(max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(rows=st.lists(ROWS, max_size=5))
def test_every_value_comes_back(rows: list[Row]) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TABLE IF EXISTS pg_temp.copied")
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
        found = cursor.fetchall()

    assert sorted(map(repr, rows)) == sorted(
        repr((a, b, c, d if d is None else bytes(d), e, f, g, h))
        for a, b, c, d, e, f, g, h in found
    )


def test_a_long_list_of_tokens(django_user_model: object) -> None:
    del django_user_model
    values = list(range(-5000, 5000))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE listed (a uuid, g bigint[])")
        with cursor.copy("COPY pg_temp.listed FROM STDIN WITH (FORMAT BINARY)") as copy:
            row = copying.row(copying.uuid(uuid4()), copying.bigints(values))
            copy.write(copying.HEADER + row + copying.TRAILER)
        cursor.execute("SELECT g FROM pg_temp.listed")
        assert cursor.fetchone() == (values,)
