"""Very many rows in seconds, for measurements and query plans: copies made inside the database.

A copied body does not open (it is sealed to the row it came from), so copies are older than
everything real and never reach the first pages.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from uuid import UUID

from django.db import connection, transaction


@contextmanager
def as_owner(*tables: str) -> Iterator[Any]:
    """A cursor of the tables' owner, who is let through the walls until the end of the block."""
    role = connection.settings_dict["OPTIONS"]["assume_role"]
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        cursor.execute("SET LOCAL ROLE NONE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
        yield cursor
        cursor.execute("SET CONSTRAINTS ALL IMMEDIATE")
        for table in tables:
            cursor.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
            cursor.execute(f"ANALYZE {table}")
        cursor.execute(f"SET LOCAL ROLE {role}")


def count_rows() -> None:
    """Let the planner know what is in the table, as the server does by itself within a minute."""
    with as_owner("phr_record"):
        pass


RECORDS = """
    WITH common AS (
        SELECT token FROM phr_record, unnest(tokens) token WHERE patient_id = %(patient)s
        GROUP BY token HAVING count(*) > 3
    ), real AS MATERIALIZED (
        SELECT id, patient_id, resource_type, category, effective_at, dated, labels, version,
               ARRAY(SELECT unnest(tokens) INTERSECT SELECT token FROM common) AS tokens,
               body_sealed
        FROM phr_record WHERE patient_id = %(patient)s LIMIT 1000
    )
    INSERT INTO phr_record (id, patient_id, resource_type, category, effective_at, dated, labels,
                            tokens, digest, version, body_sealed)
    SELECT gen_random_uuid(), patient_id, resource_type, category,
           effective_at - interval '30 years' - random() * interval '9000 days', dated, labels,
           tokens, sha256((id::text || copy)::bytea), version, body_sealed
    FROM real CROSS JOIN generate_series(1, %(copies)s) copy
    LIMIT %(most)s
"""


def multiply_records(patient_id: UUID, total: int) -> None:
    """Copy the patient's records until there are `total`; she has at least a few hundred."""
    with as_owner("phr_record") as cursor:
        about = {"patient": patient_id, "copies": total // 100 + 1, "most": total}
        cursor.execute("SELECT count(*) FROM phr_record WHERE patient_id = %(patient)s", about)
        about["most"] = total - cursor.fetchone()[0]
        cursor.execute(RECORDS, about)


PEOPLE = """
    WITH people AS (
        INSERT INTO accounts_user (id, email, password, is_active, is_staff, is_superuser,
                                   date_joined)
        SELECT gen_random_uuid(), gen_random_uuid() || '@example.org', '', true, false, false, now()
        FROM generate_series(1, %(many)s - (
            SELECT count(*) FROM accounts_patient WHERE name_sealed = '\\x00'
        )) RETURNING id
    )
    INSERT INTO accounts_patient (id, user_id, name_sealed, access_epoch, created_at)
    SELECT gen_random_uuid(), id, '\\x00', 1, now() FROM people
"""
# Older than what was really given, so that no list of the newest shows one.
COPIED = """
    INSERT INTO sharing_grant (id, patient_id, path, grantee_id, organization_id, invited_email,
                               categories, labels, may_copy, invitation_ends_at, accepted_at,
                               starts_at, created_at)
    SELECT gen_random_uuid(), {patient}, g.path, {grantee}, g.organization_id, g.invited_email,
           g.categories, g.labels, g.may_copy, g.invitation_ends_at, g.accepted_at,
           g.starts_at - {age}, g.created_at - {age}
    FROM sharing_grant g, accounts_patient o
    WHERE g.id = %(grant)s AND {others} LIMIT %(many)s
"""
EMPTY = {"others": "o.name_sealed = '\\x00'", "age": "interval '1 year'"}
GRANTS = COPIED.format(patient="o.id", grantee="g.grantee_id", **EMPTY)
GRANTEES = COPIED.format(patient="g.patient_id", grantee="o.user_id", **EMPTY)
NAMED = COPIED.format(
    patient="o.id", grantee="g.grantee_id", others="o.id = ANY (%(patients)s)", age="interval '0'"
)


def multiply_grants(grant_id: UUID, many: int) -> None:
    """Let `many` more patients give what one permission gives to the same holder.

    Their records are empty, and their names do not open.
    """
    _copy(GRANTS, grant=grant_id, many=many)


def multiply_grantees(grant_id: UUID, many: int) -> None:
    """Let the patient of one permission give the same to `many` more people."""
    _copy(GRANTEES, grant=grant_id, many=many)


def give_too(grant_id: UUID, patients: Sequence[UUID]) -> None:
    """Let these patients, too, give what one permission gives to the same holder."""
    _copy(NAMED, grant=grant_id, many=0, patients=list(patients))


def _copy(statement: str, *, grant: UUID, many: int, patients: Sequence[UUID] = ()) -> None:
    values = {"grant": grant, "many": many or len(patients), "patients": patients}
    with as_owner("accounts_user", "accounts_patient", "sharing_grant") as cursor:
        cursor.execute(PEOPLE, {"many": many})
        cursor.execute(statement, values)
