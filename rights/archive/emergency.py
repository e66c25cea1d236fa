"""What she let be opened in an emergency, and each time that it was."""

from accounts import services as accounts
from accounts.acting import acting_as
from rights.archive.account import written
from rights.archive.room import Room
from rights.archive.times import instant
from sharing.models import EmergencyAccess, EmergencyPlan
from sharing.services.emergencies import reason_of
from sharing.tokens import labels_of


def emergency(room: Room) -> None:
    """`account/emergency.json`: the emergency card without its code, and who used it."""
    with acting_as(room.actor, about=room.patient_id):
        plan = EmergencyPlan.objects.filter(patient_id=room.patient_id).first()
        rows = EmergencyAccess.objects.filter(patient_id=room.patient_id)
        opened = list(rows.select_related("organization").order_by("opened_at", "id"))
        people = accounts.people({row.person_id for row in opened})
        content = {
            "card": plan
            and {
                "armed_at": instant(plan.armed_at) if plan.armed_at else None,
                "kinds": plan.categories,
                "sensitivity": [one.value for one in labels_of(plan.pk, plan.labels)],
                "says_name": plan.names_her,
                "says_birth_date": plan.says_birth_date,
            },
            "opened": [
                {
                    "permission": str(row.grant_id),
                    "opened_at": instant(row.opened_at),
                    "person": people[row.person_id].name,
                    "facility": row.organization.name,
                    "reason": reason_of(row),
                    "closed_at": instant(row.closed_at) if row.closed_at else None,
                    "outcome": row.outcome,
                }
                for row in opened
            ],
        }
    written(room, "account/emergency.json", content)
