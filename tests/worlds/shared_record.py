"""Alice's record with something of every kind in it, shared with some people and not with others.

Every field that a person or a file can fill carries `MARK`, so that a leak anywhere shows.
"""

from dataclasses import dataclass, field
from io import BytesIO
from typing import Any
from uuid import UUID

import orjson
from PIL import Image

from accounts import services as accounts
from accounts.actors import Actor
from phr.services import marks, records
from sharing.categories import Category
from sharing.labels import Sensitivity
from sharing.scopes import Scope
from sharing.services import granting
from tests.cast import ALL, ORDINARY, Cast, join, put_in
from tests.worlds.files import ct_slice, dicom, pdf

MARK = "Quillfeather"
SNOMED = "http://snomed.info/sct"


@dataclass
class Shared:
    """The world after everything happened; `ids` names what addresses can name."""

    cast: Cast
    ids: dict[str, UUID] = field(default_factory=dict)

    @classmethod
    def enter(cls) -> "Shared":
        world = cls(Cast.enter())
        world._fill()
        world._share()
        return world

    def _fill(self) -> None:
        alice = self.cast.alice
        put_in(alice, weight(70), f"{MARK}-weight.json")
        put_in(alice, weight(72), f"{MARK}-weight-again.json")
        put_in(alice, bundle(), f"{MARK}-bundle.json")
        put_in(alice, dicom(ct_slice(PatientName=MARK, StudyDescription=MARK)), f"{MARK}.dcm")
        put_in(alice, pdf(MARK), f"{MARK}.pdf")
        self.ids["upload_id"] = put_in(alice, photo(), f"{MARK}.png").upload.pk
        self.ids["failed_id"] = put_in(alice, MARK.encode(), f"{MARK}.exe").upload.pk
        for item in records.timeline(alice, self.cast.alice_id).items:
            opened = records.open_record(alice, self.cast.alice_id, item.id)
            if item.category is Category.VITAL_SIGNS:
                self.ids["weight_id"] = item.id
            if "HIV" in item.title:
                self.ids["secret_id"] = item.id
            if item.title.endswith(".png"):
                self.ids["record_id"] = item.id
                self.ids |= {f"{binary.use}_id": binary.pk for binary in opened.files}
        marks.tag(alice, self.ids["record_id"], name=MARK)
        opened = records.open_record(alice, self.cast.alice_id, self.ids["record_id"])
        assert opened.marks
        self.ids["tag_id"] = opened.marks.tags[0].id

    def item(self, title: str) -> UUID:
        """The id of alice's item with this title."""
        page = records.timeline(self.cast.alice, self.cast.alice_id)
        return next(item.id for item in page.items if item.title == title)

    def _share(self) -> None:
        self.ids["grant_id"] = self.cast.share()
        self.ids["lou_grant_id"] = self._share_with("lou", ORDINARY)
        revoked = self._share_with("rob", ALL)
        granting.revoke(self.cast.alice, revoked)
        self.ids["revoked_id"] = revoked
        self.ids["invitation_id"] = granting.grant(
            self.cast.alice, "bob@example.org", scope=ORDINARY
        )

    def _share_with(self, name: str, scope: Scope) -> UUID:
        """Lou may look at everything but keep nothing; rob's access was taken back."""
        user = join(f"{name}@example.org")
        actor = Actor.session(user.pk)
        accounts.register_practitioner(
            actor, name=f"Dr {name.title()}", profession="Doctor", specialty="", licence_number="9"
        )
        looking = Scope(scope.categories, tuple(Sensitivity), may_copy=name == "rob", ends_at=None)
        grant_id = granting.grant(self.cast.alice, f"{name}@example.org", scope=looking)
        granting.accept(actor, grant_id)
        return grant_id


def weight(kilograms: int) -> bytes:
    """A body weight with a business identifier, so that another value is a newer version of it."""
    return orjson.dumps(
        {
            "resourceType": "Observation",
            "identifier": [{"system": "http://example.org/weights", "value": MARK}],
            "status": "final",
            "category": [
                {
                    "coding": [
                        {
                            "system": "http://terminology.hl7.org/CodeSystem/observation-category",
                            "code": "vital-signs",
                        }
                    ]
                }
            ],
            "code": _concept("http://loinc.org", "29463-7", "Body weight"),
            "effectiveDateTime": "2024-03-12T10:00:00Z",
            "valueQuantity": {"value": kilograms, "unit": "kg"},
            "performer": [{"display": MARK}],
            "note": [{"text": MARK}],
        }
    )


def _concept(system: str, code: str, display: str) -> dict[str, Any]:
    return {"coding": [{"system": system, "code": code, "display": display}], "text": display}


def bundle() -> bytes:
    """A diagnosis people keep to themselves, a medicine and an allergy."""
    subject = {"display": MARK, "reference": f"Patient/{MARK}"}
    active = _concept(
        "http://terminology.hl7.org/CodeSystem/condition-clinical", "active", "Active"
    )
    resources = [
        {
            "resourceType": "Condition",
            "id": MARK,
            "clinicalStatus": active,
            "code": _concept(SNOMED, "86406008", f"HIV infection {MARK}"),
            "subject": subject,
            "onsetDateTime": "2020-05-05",
            "note": [{"text": MARK}],
        },
        {
            "resourceType": "MedicationStatement",
            "status": "active",
            "medicationCodeableConcept": {"text": f"Amoxicillin {MARK}"},
            "subject": subject,
            "effectiveDateTime": "2021-06-06",
        },
        {
            "resourceType": "AllergyIntolerance",
            "code": _concept(SNOMED, "91936005", f"Allergy to penicillin {MARK}"),
            "patient": subject,
            "recordedDate": "2019-04-04",
        },
        {"resourceType": "OperationOutcome", "issue": [
            {"severity": "error", "code": "invalid", "diagnostics": MARK}
        ]},
    ]  # fmt: skip
    entries = [{"resource": resource} for resource in resources]
    return orjson.dumps({"resourceType": "Bundle", "type": "collection", "entry": entries})


def photo() -> bytes:
    """A PNG that says the mark in its metadata."""
    exif = Image.Exif()
    exif[270] = MARK
    out = BytesIO()
    Image.new("RGB", (40, 30), "navy").save(out, "PNG", exif=exif)
    return out.getvalue()
