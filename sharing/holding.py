"""Who writes into another's record: what lets her is held until it is written."""

from uuid import UUID

from django.db import connection


def hold(patient_id: UUID) -> None:
    """Let nobody take from the actor what she has of this patient until the open act ends.

    Call before deciding. Who takes it away waits for the act, or the act for her: then nothing is
    written that was decided before. It holds up nobody whom the patient lets see nothing.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT phr_hold(%s)", [patient_id])
