"""What stands around every page: which sides of the portal its reader uses, and what is new to her."""

from dataclasses import dataclass

from django.db import connection

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient
from sharing.services import proxies

# One statement, for every page asks it. While she acts for a patient, the page is that patient's.
ASKED = """
    SELECT patient.id, patient.name_sealed, patient.restricted_at IS NOT NULL,
        EXISTS (SELECT FROM accounts_practitioner WHERE user_id = %(reader)s),
        (SELECT count(*) FROM sharing_notice
            WHERE seen_at IS NULL AND recipient_id = %(herself)s)
        + (SELECT count(*) FROM sharing_notice
            WHERE seen_at IS NULL AND recipient_id IS NULL AND patient_id = patient.id)
    FROM (VALUES (true)) AS one LEFT JOIN accounts_patient AS patient
        ON patient.user_id = %(herself)s OR patient.id = %(acting_for)s
"""


@dataclass(frozen=True, slots=True)
class Around:
    """Which sides of the portal a person uses, and what is new to her.

    `is_patient` and `is_restricted` are about whom she acts for, while she does: `acting_for` is that
    patient's name. `unseen_notices`: how many she has not marked as read; `decides`: whether she
    decides about the record that the page is about.
    """

    is_patient: bool = False
    is_practitioner: bool = False
    is_restricted: bool = False
    acting_for: str = ""
    unseen_notices: int = 0
    decides: bool = False


def around(actor: Actor) -> Around:
    """What every page shows its reader of herself; of who is not signed in nothing is asked."""
    if actor.user_id is None:
        return Around()
    acting = actor.acting_for
    reader = {
        "reader": actor.user_id,
        "herself": None if acting else actor.user_id,
        "acting_for": acting,
    }
    with acting_as(actor):
        with connection.cursor() as cursor:
            cursor.execute(ASKED, reader)
            patient_id, name, restricted, practitioner, unseen = cursor.fetchone()
        whose = Patient(id=patient_id, name_sealed=name) if patient_id and acting else None
        return Around(
            is_patient=patient_id is not None,
            is_practitioner=practitioner,
            is_restricted=bool(restricted),
            acting_for=accounts.name_of(whose) if whose else "",
            unseen_notices=unseen,
            decides=proxies.decides(actor),
        )
