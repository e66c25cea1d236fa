"""Very many rows in seconds, for measurements and query plans: copies made inside the database.

A copied body does not open (it is sealed to the row it came from), so copies are older than
everything real and never reach the first pages.
"""

from collections.abc import Iterator
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
        FROM generate_series(1, %(many)s) RETURNING id
    )
    INSERT INTO accounts_patient (id, user_id, name_sealed, access_epoch, created_at)
    SELECT gen_random_uuid(), id, '\\x00', 1, now() FROM people
"""
GRANTS = """
    INSERT INTO sharing_grant (id, patient_id, grantee_id, invited_email, categories, labels,
                               may_copy, invitation_ends_at, accepted_at)
    SELECT gen_random_uuid(), p.id, g.grantee_id, g.invited_email, g.categories, g.labels,
           g.may_copy, g.invitation_ends_at, g.accepted_at
    FROM sharing_grant g, accounts_patient p
    WHERE g.id = %(grant)s AND p.name_sealed = '\\x00'
      AND NOT EXISTS (SELECT 1 FROM sharing_grant h
                      WHERE h.patient_id = p.id AND h.grantee_id = g.grantee_id)
"""


def multiply_grants(grant_id: UUID, many: int) -> None:
    """Make `many` more patients, each with a copy of one grant to the same grantee."""
    with as_owner("accounts_patient", "sharing_grant") as cursor:
        cursor.execute(PEOPLE, {"many": many})
        cursor.execute(GRANTS, {"grant": grant_id})
