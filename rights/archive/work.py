"""What is kept of somebody as a care provider: her entry, her licence, where she works, her shifts."""

from uuid import UUID

from accounts.models import LicenceCheck, Practitioner
from rights.archive.times import instant
from sharing.models import PractitionerRole, Shift

Json = dict[str, object]


def care_provider(user_id: UUID) -> Json | None:
    """Her entry in the directory of care professionals; None for who has none. Within an act."""
    row = Practitioner.objects.filter(user_id=user_id).first()
    if row is None:
        return None
    return {
        "name": row.name,
        "profession": row.profession,
        "specialty": row.specialty,
        "place": row.place,
        "licence_number": row.licence_number,
        "registered_at": instant(row.created_at),
        "checked_at": instant(row.verified_at) if row.verified_at else None,
        "to_be_checked_again_on": row.recheck_on.isoformat() if row.recheck_on else None,
        "in_the_directory_since": instant(row.listed_at) if row.listed_at else None,
        "looked_up": [_check(one) for one in row.licence_checks.order_by("checked_at")],
    }


def _check(row: LicenceCheck) -> Json:
    return {
        "at": instant(row.checked_at),
        "register": row.registry,
        "outcome": row.outcome,
        "name_there": row.registered_name,
    }


def facilities(user_id: UUID) -> list[Json]:
    """Where she works or worked, and when she was or is on call. Within an act."""
    rows = PractitionerRole.objects.filter(user_id=user_id).select_related("organization")
    return [_role(row) for row in rows.order_by("created_at", "id")]


def _role(row: PractitionerRole) -> Json:
    times = ("starts_at", "ends_at", "accepted_at", "suspended_at")
    return {
        "facility": row.organization.name,
        "role": row.code,
        "invited": row.invited_email,
        **{name: instant(at) if (at := getattr(row, name)) else None for name in times},
        "on_call": [_shift(one) for one in row.shifts.order_by("starts_at")],
    }


def _shift(row: Shift) -> Json:
    return {"starts_at": instant(row.starts_at), "ends_at": instant(row.ends_at)}
