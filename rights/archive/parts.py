"""Everything that is in an archive, in one list.

The data map (`rights/data_map.py`) names a part for each field that a person gets, the manual
(docs/export.md) explains each path, and tests compare all three with what is written.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Sum

from accounts import audit
from accounts.acting import acting_as
from accounts.actors import Actor
from phr.models import Binary, Record
from rights.archive import (
    account,
    emergency,
    ending,
    exchange,
    fhir,
    items,
    links,
    log,
    originals,
    overview,
    paper,
    requests,
    results,
    visits,
)
from rights.archive.choice import Choice, narrowed
from rights.archive.pack import Pack, Sink
from rights.archive.room import BYTES_A_STEP, Room
from sharing import policy
from sharing.policy import Action


@dataclass(frozen=True, slots=True)
class Part:
    """One path of an archive (`*` where there may be several files), what it holds, who writes it.

    `part` is what the data map calls it. What does not belong to single items is there only with
    `everything`.
    """

    part: str
    path: str
    says: str
    write: Callable[[Room], None]
    everything: bool = False


PARTS = (
    Part(
        "records",
        "fhir/bundle.json",
        "Every item of your record as it came, in one FHIR R4 Bundle.",
        fhir.bundle,
    ),
    Part("records", "fhir/*.ndjson", "The same items, a file for each FHIR type.", fhir.ndjson),
    Part(
        "records",
        "results.csv",
        "Every number that was measured, with its range and where it is from: for a spreadsheet.",
        results.results,
    ),
    Part(
        "records",
        "items.ndjson",
        "What the portal noted about each item: its kind, its date, how sensitive it is.",
        items.items,
    ),
    Part(
        "versions",
        "versions/bundle.json",
        "Earlier versions of your items, as a FHIR R4 Bundle of type history.",
        fhir.versions,
    ),
    Part(
        "records",
        "provenance.ndjson",
        "Which file each version of each item came from, and when (FHIR R4 Provenance).",
        fhir.provenance,
    ),
    Part(
        "files", "originals/*", "The files that you uploaded, byte for byte.", originals.originals
    ),
    Part(
        "uploads",
        "originals/files.ndjson",
        "Each upload: the name of its file, when it came and what was found in it.",
        originals.uploads,
    ),
    Part(
        "files",
        "pictures/*",
        "Pictures made from your files, without hidden details.",
        originals.pictures,
    ),
    Part(
        "files",
        "parts/*",
        "Files that came inside others, such as in a ZIP, byte for byte.",
        originals.inner,
    ),
    Part("records", "files.ndjson", "Which file belongs to which item.", originals.files),
    Part(
        "records",
        "links.ndjson",
        "By which name one item refers to another.",
        links.links,
    ),
    Part(
        "access log",
        "log/who-looked.csv",
        "Who looked at your records, when, and what else happened to them: for a spreadsheet.",
        log.spreadsheet,
        everything=True,
    ),
    Part(
        "access log",
        "log/who-looked.ndjson",
        "The same list for programs, with the number of every item.",
        log.machine_readable,
        everything=True,
    ),
    Part(
        "access log",
        "log/account.ndjson",
        "When you signed in and out.",
        log.account,
        everything=True,
    ),
    Part(
        "account",
        "account/account.json",
        "Your name, your email addresses, your devices, and your entry as a care provider.",
        account.person,
        everything=True,
    ),
    Part(
        "consents",
        "account/consents.json",
        "What you agreed to and took back.",
        account.consents,
        everything=True,
    ),
    Part(
        "cases",
        "account/requests.json",
        "What you asked us for about your data, what was decided, and the messages.",
        requests.requests,
        everything=True,
    ),
    Part(
        "sharing",
        "account/sharing.json",
        "Everybody you ever shared with.",
        account.permissions,
        everything=True,
    ),
    Part(
        "sharing",
        "account/exchange.json",
        "What others sent in for you, and what they wrote beside what you share.",
        exchange.exchange,
        everything=True,
    ),
    Part(
        "sharing",
        "account/receipts.ndjson",
        "What each of them saw and copied, and when first.",
        account.receipts,
        everything=True,
    ),
    Part(
        "sharing",
        "account/notices.json",
        "What we told you about sharing, and what of it by email.",
        account.told,
        everything=True,
    ),
    Part(
        "sharing",
        "account/emergency.json",
        "Your emergency card without its code, and each time that somebody used it.",
        emergency.emergency,
        everything=True,
    ),
    Part("overview", "pages/*.html", "Your items as pages to read.", overview.categories),
    Part(
        "overview",
        "record.pdf",
        "The newest items of each kind, to print or to hand to a doctor.",
        paper.paper,
    ),
    Part("overview", "pages/files.html", "Your files as a page.", overview.files),
    Part(
        "overview",
        "pages/sharing.html",
        "Whom you share with, as a page.",
        overview.permissions,
        everything=True,
    ),
    Part("overview", "index.html", "Where to begin reading.", overview.index),
    Part("overview", "README.txt", "This list.", lambda room: ending.readme(room, said(room))),
    Part(
        "overview",
        "manifest.json",
        "Every other file with its size and its check sum (SHA-256), and how many items there are.",
        lambda room: ending.manifest(room, said(room)),
    ),
)


def of(choice: Choice | None) -> list[Part]:
    """The parts of an archive of what is chosen, in the order in which they are written."""
    return [part for part in PARTS if choice is None or not part.everything]


def said(room: Room) -> list[tuple[str, str]]:
    """Each path and what it holds."""
    return [(part.path, part.says) for part in of(room.choice)]


def write(
    actor: Actor,
    patient_id: UUID,
    sink: Sink,
    *,
    made_at: datetime,
    beat: Callable[[int], None],
    choice: Choice | None = None,
) -> Room:
    """Write a patient's archive into `sink`. Raises `Denied` unless the actor may copy all of it.

    Without a `choice` it is of everything. `beat` is called with the number of steps done since
    the last time; see `steps`.
    """
    with acting_as(actor, about=patient_id):
        patient = policy.require_patient(actor, Action.COPY, patient_id)
    with Pack(sink, made_at) as pack:
        room = Room(actor, patient_id, patient.user_id, pack, made_at, beat, choice)
        room.choice = visits.settled(room)
        for part in of(choice):
            part.write(room)
    return room


def steps(actor: Actor, patient_id: UUID, choice: Choice | None = None) -> int:
    """About how many steps `write` will tell `beat` of; of a part it may be fewer."""
    with acting_as(actor, about=patient_id):
        rows = policy.records(actor, Action.COPY, Record.objects.all(), patient_id)
        rows = narrowed(rows, patient_id, choice)
        opened = 3 * rows.count()
        files = Binary.objects.filter(patient_id=patient_id).exclude(use=Binary.Use.EXPORT)
        size = files.aggregate(size=Sum("size"))["size"] or 0
        return opened + int(size) // BYTES_A_STEP + 2 * audit.about(patient_id).count()
