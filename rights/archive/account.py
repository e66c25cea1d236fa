"""What is kept of the person herself: account, devices, whom she shares with, what she agreed to."""

from collections.abc import Iterator
from datetime import datetime
from uuid import UUID

import orjson
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.db import connection
from django.db.models import Q

from accounts import services as accounts
from accounts.acting import acting_as
from accounts.models import Consent, Patient, User
from rights.archive import work
from rights.archive.room import Room
from rights.archive.times import instant
from sharing.models import Grant, Notice, Organization, Path, ShareLink
from sharing.opening import recipient_of
from sharing.scopes import agreement_of, scope_of
from sharing.services import attestations, listing, notices

Json = dict[str, object]
ROWS_AT_ONCE = 1000
# The first time somebody saw or copied each record, under each permission.
FIRST_TIMES = """
    SELECT e.basis, e.action, r.id, min(e.at) FROM accounts_auditevent e
    CROSS JOIN LATERAL unnest(e.records) AS r (id)
    WHERE e.patient_id = %s AND e.outcome = 'success' AND e.action IN ('read', 'copy')
      AND e.basis LIKE 'grant:%%'
    GROUP BY 1, 2, 3 ORDER BY 1, 4
"""


def written(room: Room, path: str, content: object) -> None:
    """Write one file of JSON that a person can read too."""
    text = orjson.dumps(content, option=orjson.OPT_INDENT_2)
    room.pack.text(path, text.decode() + "\n")


def person(room: Room) -> None:
    """`account/account.json`: name, addresses, devices, and the entry of a care provider."""
    with acting_as(room.actor, about=room.patient_id):
        patient = Patient.objects.select_related("user").get(pk=room.patient_id)
        born = accounts.born_of(patient)
        content = {
            "name": accounts.name_of(patient),
            "birth_date": born.isoformat() if born else None,
            "patient": str(patient.pk),
            "record_started_at": instant(patient.created_at),
            "restricted_since": instant(patient.restricted_at) if patient.restricted_at else None,
            "user": _user(patient.user),
            "email_addresses": list(
                EmailAddress.objects.filter(user_id=room.user_id)
                .order_by("-primary", "email")
                .values("email", "verified", "primary")
            ),
            "devices": [_device(row) for row in _devices(room)],
            "care_provider": work.care_provider(room.user_id),
            "facilities": work.facilities(room.user_id),
        }
    written(room, "account/account.json", content)


def _user(user: User) -> Json:
    return {
        "id": str(user.pk),
        "email": user.email,
        "joined_at": instant(user.date_joined),
        "last_signed_in_at": instant(user.last_login) if user.last_login else None,
        "active": user.is_active,
        "staff": user.is_staff,
        "may_do_everything_at_the_desk": user.is_superuser,
    }


def _devices(room: Room) -> Iterator[UserSession]:
    yield from UserSession.objects.filter(user_id=room.user_id).order_by("created_at", "pk")


def _device(row: UserSession) -> Json:
    # The number of the session itself is left out: who had it would be signed in as her.
    return {
        "browser": row.user_agent,
        "network_address": row.ip,
        "signed_in_at": instant(row.created_at),
        "last_seen_at": instant(row.last_seen_at),
    }


def consents(room: Room) -> None:
    """`account/consents.json`: what she agreed to, in which words, and what she took back."""
    with acting_as(room.actor, about=room.patient_id):
        rows = Consent.objects.filter(user_id=room.user_id).order_by("given_at", "pk")
        content = [
            {
                "purpose": row.purpose,
                "version_of_the_words": row.version,
                "language": row.locale,
                "sha256_of_the_words": row.sha256,
                "given_at": instant(row.given_at),
                "withdrawn_at": instant(row.withdrawn_at) if row.withdrawn_at else None,
                "withdrawn_through": row.withdrawn_by or None,
            }
            for row in rows
        ]
    written(room, "account/consents.json", content)


def permissions(room: Room) -> None:
    """`account/sharing.json`: every permission she ever gave, with its state."""
    with acting_as(room.actor, about=room.patient_id):
        given = Grant.objects.filter(patient_id=room.patient_id).select_related("organization")
        rows = list(given.order_by("created_at", "id"))
        people = accounts.people({row.grantee_id for row in rows if row.grantee_id})
        content = [_permission(row, people) for row in rows]
    written(room, "account/sharing.json", content)


def _permission(row: Grant, people: dict[UUID, accounts.Person]) -> Json:
    person = people.get(row.grantee_id) if row.grantee_id else None
    scope = scope_of(row)
    times = (
        "created_at",
        "starts_at",
        "ends_at",
        "invitation_ends_at",
        "accepted_at",
        "paused_at",
        "revoked_at",
        "data_from",
        "data_until",
    )
    return {
        "permission": str(row.pk),
        "state": listing.Held(row, scope, accounts.Person("")).state,
        "path": row.path,
        "invited": row.invited_email,
        "link": _link(row) if row.path == Path.LINK else None,
        "person": {"name": person.name, "title": person.title} if person else None,
        "facility": _facility(row.organization) if row.organization else None,
        "kinds": [one.value for one in scope.categories],
        "sensitivity": [one.value for one in scope.labels],
        "types": row.types,
        "tags": len(row.tags),
        "items": [str(one) for one in row.records],
        "without": [str(one) for one in row.besides],
        "may_copy": row.may_copy,
        "may_pass_on": row.may_reshare,
        "passed_on_from": str(row.via_id) if row.via_id else None,
        "may_send_in": [one.value for one in scope.inward_categories],
        "may_send_in_sensitivity": [one.value for one in scope.inward_labels],
        "purpose": row.purpose,
        "agreement": agreement_of(row),
        "replaces": str(row.replaces) if row.replaces else None,
        "copies": _copies(row),
        **{name: instant(at) if (at := getattr(row, name)) else None for name in times},
    }


def _facility(row: Organization) -> Json:
    return {
        "name": row.name,
        "place": row.place,
        "law": row.regime,
        "policy": row.policy_url,
        "policy_version_today": row.policy_version,
    }


def _copies(row: Grant) -> Json | None:
    """What was asked and answered about copies, where something had been copied."""
    asked = attestations.of_permission(row)
    if asked is None:
        return None
    return {
        "asked_at": instant(asked.row.asked_at),
        "due_at": instant(asked.row.due_at),
        "answer": asked.row.answer or None,
        "reason": asked.row.reason or None,
        "words": asked.words,
        "answered_by": asked.who,
        "answered_at": instant(asked.row.answered_at) if asked.row.answered_at else None,
    }


def told(room: Room) -> None:
    """`account/notices.json`: what she was told about sharing, and what of it by email."""
    with acting_as(room.actor, about=room.patient_id):
        hers = Q(recipient=room.user_id) | Q(recipient=None, patient=room.patient_id)
        rows = Notice.objects.filter(hers).order_by("made_at", "id")
        content = {
            "in_the_account_only": sorted(notices.quiet_of(room.user_id)),
            "notices": [
                {
                    "what": row.kind,
                    "made_at": instant(row.made_at),
                    "permission": str(row.grant_id) if row.grant_id else None,
                    "mailed_at": instant(row.mailed_at) if row.mailed_at else None,
                    "read_at": instant(row.seen_at) if row.seen_at else None,
                }
                for row in rows
            ],
        }
    written(room, "account/notices.json", content)


def _link(row: Grant) -> Json:
    """For whom a link was made and what it has left; never what opens it."""
    link = ShareLink.objects.get(grant=row)
    return {
        "recipient": recipient_of(link),
        "passcode": bool(link.passcode_hash),
        "uses_left": link.uses_left,
        "wrong_passcodes_left": link.attempts_left,
    }


def receipts(room: Room) -> None:
    """`account/receipts.ndjson`: what was seen and copied first when, under which permission."""
    with (
        room.pack.file("account/receipts.ndjson") as out,
        acting_as(room.actor, about=room.patient_id),
        connection.chunked_cursor() as cursor,
    ):
        cursor.execute(FIRST_TIMES, [room.patient_id])
        while rows := cursor.fetchmany(ROWS_AT_ONCE):
            for row in rows:
                out.write(orjson.dumps(_receipt(*row)) + b"\n")


def _receipt(basis: str, action: str, record: UUID, at: datetime) -> Json:
    return {
        "permission": basis.removeprefix("grant:"),
        "what": "copied" if action == "copy" else "seen",
        "record": str(record),
        "first_at": instant(at),
    }
