"""What refers to something sensitive in the same file is as sensitive: labels along references.

A report tells of its results, a prescription of its reason, a plan of what it addresses. Not so
what merely happened to the same person, at the same visit or by the same hands.
"""

from typing import Any
from uuid import UUID

from django.db import connection

from phr.formats.meaning import AROUND
from sharing.labels import Sensitivity
from sharing.tokens import label_tokens

# A dispense names its prescription, which names its reason: longer chains than this are none.
MOST_STEPS = 4
_ABOUT_WHOM = ("Patient", "Person", "RelatedPerson", "Group")
_TELLING = """
    CREATE TEMPORARY TABLE telling ON COMMIT DROP AS
    SELECT DISTINCT n.name, l.label
    FROM pg_temp.staged s, unnest(s.names) AS n (name), unnest(s.labels) AS l (label)
    WHERE l.label = ANY (%(sensitive)s::bigint[]) AND s.resource_type <> ALL (%(beside)s)
"""
_INHERIT = """
    UPDATE pg_temp.staged s SET labels = ARRAY(
        SELECT own FROM unnest(s.labels) AS o (own) WHERE own <> %(ordinary)s
        UNION SELECT unnest(g.labels)
    )
    FROM (
        SELECT r.id, array_agg(DISTINCT t.label) AS labels
        FROM (SELECT id, unnest(refs) AS name FROM pg_temp.staged) r
        JOIN pg_temp.telling t ON t.name = r.name
        GROUP BY r.id
    ) g
    WHERE g.id = s.id AND NOT s.labels @> g.labels AND s.resource_type <> ALL (%(whom)s)
"""


def inherit(patient_id: UUID) -> None:
    """Give what is staged the labels of what it refers to, in the transaction that publishes it.

    "Not sorted" is not handed on: a document that nobody has read says nothing of what lists it.
    """
    tokens = label_tokens(patient_id)
    plain = (Sensitivity.N, Sensitivity.UNCLASSIFIED)
    about: dict[str, Any] = {
        "sensitive": [token for label, token in tokens.items() if label not in plain],
        "ordinary": tokens[Sensitivity.N],
        "whom": list(_ABOUT_WHOM),
        "beside": [*_ABOUT_WHOM, *AROUND],
    }
    with connection.cursor() as cursor:
        for _ in range(MOST_STEPS):
            cursor.execute("DROP TABLE IF EXISTS pg_temp.telling")
            cursor.execute(_TELLING, about)
            if not cursor.rowcount:
                return
            cursor.execute("ANALYZE pg_temp.telling")
            cursor.execute(_INHERIT, about)
            if not cursor.rowcount:
                return
