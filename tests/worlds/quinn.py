"""Quinn, who wrote a word of its own into every field and every place that a person can fill."""

import re
from dataclasses import dataclass, field
from io import BytesIO
from typing import Any, Final
from uuid import UUID

import orjson
from allauth.mfa.models import Authenticator
from django.core import mail as outbox
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from PIL import Image

from accounts import mail, news, purposes
from accounts import services as accounts
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import Patient, Practitioner, User
from accounts.purposes import Purpose
from phr.services import imports, records, uploads
from rights.models import RightRequest
from rights.services import building, desk
from sharing.services import granting
from tests.cast import ALL, IMPORTER, Cast, join
from tests.doors import body, visitor
from tests.worlds.files import ct_slice, dicom, pdf

# Where people write, and a word that stands nowhere else in the world.
WORDS: Final = {
    **{
        place: f"qz{place}zq"
        for place in (
            *("password", "wrongpassword", "name", "filename", "refusedname", "resource"),
            *("narrative", "letter", "patientname", "study", "metadata", "search", "deleted"),
            *("case", "message", "reply"),
            *("doctor", "profession", "specialty", "licence", "passkey", "browser", "otherbrowser"),
        )
    },
    **{place: f"qz{place}zq@example.org" for place in ("address", "second", "invited")},
    "network": "203.0.113.77",
    "othernetwork": "203.0.113.78",
}
EMAIL: Final = WORDS["address"]
PASSWORD: Final = f"violet {WORDS['password']} harbour 1912"


def browser_of(name: str = "browser", network: str = "network") -> Client:
    """A browser that tells the portal its name and its network address."""
    browser = visitor()
    browser.defaults |= {"HTTP_USER_AGENT": WORDS[name], "REMOTE_ADDR": WORDS[network]}
    return browser


@dataclass
class Quinn:
    """Who she is, and the browser that she is signed in with."""

    browser: Client = field(default_factory=browser_of)
    user_id: UUID = field(init=False)
    patient_id: UUID = field(init=False)

    @property
    def actor(self) -> Actor:
        return Actor.session(self.user_id)

    @classmethod
    def enter(cls, cast: Cast) -> "Quinn":
        quinn = cls()
        quinn.sign_up()
        quinn._keep()
        quinn._share(cast)
        quinn.work(cast)
        quinn._ask(cast)
        quinn._come_and_go()
        return quinn

    def post(self, address: str, **form: Any) -> Any:
        """Send a form as she does; it must lead on."""
        answer = self.browser.post(address, form)
        assert answer.status_code == 302, (address, _complaint(answer))
        return answer

    def sign_up(self) -> None:
        self.post("/accounts/signup/", email=EMAIL, password1=PASSWORD)
        self.post(_link_in_mail(r"/accounts/confirm-email/[^/\s]+/"), password=PASSWORD)
        self.sign_in()
        self.user_id = User.objects.get(email=EMAIL).pk
        self.post(
            "/welcome/patient/",
            name=f"Quinn {WORDS['name']}",
            agrees="on",
            sha256=purposes.current(Purpose.KEEP).sha256,
        )
        with acting_as(self.actor):
            self.patient_id = Patient.objects.get(user_id=self.user_id).pk

    def sign_in(self) -> None:
        if "_auth_user_id" not in self.browser.session:
            self.post("/accounts/login/", login=EMAIL, password=PASSWORD)

    def _keep(self) -> None:
        for name, data in _files().items():
            self.post("/records/upload/", files=SimpleUploadedFile(name, data))
        imports.import_due(IMPORTER)
        for followed in uploads.uploads(self.actor):
            self.post(f"/records/upload/{followed.upload.pk}/confirm/", about_me="on")
        imports.import_due(IMPORTER)
        items = records.timeline(self.actor, self.patient_id).items
        assert len(items) >= 5
        for item in items:
            page = body(self.browser.get(f"/records/{item.id}/")).decode()
            for address in set(re.findall(r'(?:href|src)="(/records/[^"#]+/)"', page)):
                body(self.browser.get(address))
        gone = next(item for item in items if WORDS["deleted"] in item.title)
        self.post(f"/rights/erase/{gone.id}/")
        found = body(self.browser.get("/records/", {"q": WORDS["search"]}))
        assert WORDS["search"].encode() in found

    def _share(self, cast: Cast) -> None:
        """She invites somebody unknown, gives bob a look, and takes it back."""
        form = {
            "categories": ["allergies"],
            "may_copy": "no",
            "purpose": "TREAT",
            "confirmed": "yes",
        }
        self.post("/sharing/new/", email=WORDS["invited"], **form)
        grant_id = granting.grant(self.actor, "bob@example.org", scope=ALL)
        granting.accept(cast.bob, grant_id)
        records.timeline(cast.bob, self.patient_id)
        granting.revoke(self.actor, grant_id)

    def work(self, cast: Cast) -> None:
        """She is a professional too, and has been offered somebody's record."""
        self.post(
            "/welcome/professional/",
            name=f"Dr {WORDS['doctor']}",
            profession=WORDS["profession"],
            specialty=WORDS["specialty"],
            licence_number=WORDS["licence"],
        )
        with acting_as(self.actor):
            practitioner_id = Practitioner.objects.get(user_id=self.user_id).pk
        accounts.verify_practitioner(cast.sam, practitioner_id)
        granting.grant(cast.alice, EMAIL, scope=ALL)

    def _ask(self, cast: Cast) -> None:
        """She asks the rights desk for something, staff answer, and she takes everything away."""
        form = {"right": "objection", "jurisdiction": "eu", "words": f"Please {WORDS['case']}"}
        page = self.post("/rights/new/", **form, confirmed="yes").headers["Location"]
        self.post(page, text=f"And also {WORDS['message']}")
        with acting_as(cast.sam):
            request_id = RightRequest.objects.get().pk
        desk.acknowledge(cast.sam, request_id)
        desk.write(cast.sam, request_id, text=f"We have {WORDS['reply']}")
        page = self.post("/rights/export/").headers["Location"]
        building.build_due(Actor.job(System.EXPORT))
        assert body(self.browser.get(f"{page}file/")).startswith(b"PK")

    def _come_and_go(self) -> None:
        """A second address, a passkey, news; a wrong password and a forgotten one elsewhere."""
        self.post("/accounts/email/", email=WORDS["second"], action_add="")
        self.post("/accounts/reauthenticate/?next=/accounts/email/", password=PASSWORD)
        data = {"name": WORDS["passkey"], "credential": {}}
        Authenticator.objects.create(user_id=self.user_id, type="webauthn", data=data)
        self.post(
            "/account/consents/",
            purpose=Purpose.NEWS.value,
            agree="yes",
            sha256=purposes.current(Purpose.NEWS).sha256,
        )
        news.send_news(Actor.job(System.MAIL), subject="News", text="There is news.")
        nothing = self.browser.get("/nothing/here/", {"q": WORDS["search"]})
        assert nothing.status_code == 404
        elsewhere = browser_of("otherbrowser", "othernetwork")
        form = {"login": EMAIL, "password": WORDS["wrongpassword"]}
        assert elsewhere.post("/accounts/login/", form).status_code == 200
        assert elsewhere.post("/accounts/password/reset/", {"email": EMAIL}).status_code == 302


def _complaint(answer: Any) -> str:
    """What a page said was wrong."""
    return " ".join(re.findall(r'<li><a href="#id_[^>]*>([^<]*)', body(answer).decode()))


def _link_in_mail(pattern: str) -> str:
    """What a link in the last mail leads to."""
    mail.send_due(Actor.job(System.MAIL))
    found = re.search(pattern, str(outbox.outbox[-1].body))
    assert found, "no link in the last mail"
    return found[0]


def _files() -> dict[str, bytes]:
    return {
        f"{WORDS['filename']}.json": _bundle(),
        f"{WORDS['filename']}.pdf": pdf(WORDS["letter"]),
        f"{WORDS['filename']}.dcm": dicom(
            ct_slice(PatientName=WORDS["patientname"], StudyDescription=WORDS["study"])
        ),
        f"{WORDS['filename']}.png": _photo(),
        f"{WORDS['deleted']}.png": _photo("green"),
        f"{WORDS['refusedname']}.exe": b"MZ of no use",
    }


def _bundle() -> bytes:
    allergy = {
        "resourceType": "AllergyIntolerance",
        "code": {"text": f"Allergy to {WORDS['resource']} and {WORDS['search']}"},
        "patient": {"display": WORDS["resource"]},
        "text": {
            "status": "generated",
            "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{WORDS["narrative"]}</div>',
        },
    }
    return orjson.dumps(
        {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": allergy}]}
    )


def _photo(colour: str = "navy") -> bytes:
    exif = Image.Exif()
    exif[270] = WORDS["metadata"]
    out = BytesIO()
    Image.new("RGB", (40, 30), colour).save(out, "PNG", exif=exif)
    return out.getvalue()


def neighbour(cast: Cast) -> tuple[Actor, UUID]:
    """Somebody who has nothing to do with her: dora, with a record and a permission of her own."""
    dora = Actor.session(join("dora@example.org").pk)
    patient_id = accounts.begin_record(dora, name="Dora Dean")
    granting.accept(cast.bob, granting.grant(dora, "bob@example.org", scope=ALL))
    return dora, patient_id
