"""What others sent in for her, and what they wrote beside what she shares."""

from accounts import services as accounts
from accounts.acting import acting_as
from phr.deliveries import Delivery, Remark
from phr.senders import open_text, senders
from phr.services.remarks import text_of
from rights.archive.account import Json, written
from rights.archive.room import Room
from rights.archive.times import instant
from sharing.models import DeliveryChoice, Unasked

TIMES = ("received_at", "accepted_at", "refused_at", "expired_at", "unreadable_at")


def exchange(room: Room) -> None:
    """`account/exchange.json`: every file that was sent in with her answer, and every remark."""
    with acting_as(room.actor, about=room.patient_id):
        own = Delivery.objects.filter(patient_id=room.patient_id).order_by("begun_at", "id")
        remarks = Remark.objects.filter(patient_id=room.patient_id).order_by("made_at", "id")
        choice = DeliveryChoice.objects.filter(patient_id=room.patient_id).first()
        content = {
            "files_that_nobody_asked_for": choice.unasked if choice else Unasked.REFUSE.value,
            "sent_in": _sent_in(list(own)),
            "written": _written(list(remarks)),
        }
    written(room, "account/exchange.json", content)


def _sent_in(rows: list[Delivery]) -> list[Json]:
    by = senders([row.pk for row in rows])
    return [
        {
            "upload": str(row.pk),
            "permission": str(row.grant_id) if row.grant_id else None,
            "file_name": open_text(row, "file_name", row.file_name_sealed),
            "sent_by": by[row.pk].words,
            "with_what_was_not_asked_for": row.outside_too,
            **{name: instant(at) if (at := getattr(row, name)) else None for name in TIMES},
        }
        for row in rows
    ]


def _written(rows: list[Remark]) -> list[Json]:
    people = accounts.people({row.by_id for row in rows})
    return [
        {
            "kind": row.kind,
            "permission": str(row.grant_id),
            "by": people[row.by_id].name if row.by_id in people else None,
            "item": str(row.record) if row.record else None,
            "text": text_of(row),
            "at": instant(row.made_at),
            "answer": row.answer or None,
        }
        for row in rows
    ]
