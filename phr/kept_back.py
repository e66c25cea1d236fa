"""What a patient keeps from everybody is not changed by a file that who acts for her brought."""

from typing import Any

from phr.models import Upload

# As a thing of its own, which its bringer sees: not known by the numbers of what is kept back.
_APART = """
    UPDATE pg_temp.staged s SET outcome = 'new', record_id = NULL, identity = NULL, others = ''
    FROM phr_record r
    WHERE r.id = s.record_id AND r.patient_id = %(patient)s AND r.never_shared
      AND s.outcome IN ('alike', 'changed', 'older')
"""


def put_apart(cursor: Any, upload: Upload) -> None:
    """Of what is staged and settled, add what belongs to such an item as another one.

    What says the very same is not added twice. Nothing is done for what she brought herself, what
    who decides for her brought, and what was sent in, which she is asked about.
    """
    patient = upload.patient
    if upload.by_id not in {None, patient.user_id, patient.opened_by_id}:
        cursor.execute(_APART, {"patient": upload.patient_id})
