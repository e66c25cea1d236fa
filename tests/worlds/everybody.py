"""Everybody with a browser of their own, in a world where every kind of thing exists once."""

import re
import time
from dataclasses import replace
from datetime import timedelta
from typing import Any

from allauth.account.models import EmailAddress
from django.db import transaction
from django.test import Client
from django.utils import timezone

from accounts import consents
from accounts.acting import acting_as, note
from accounts.actors import Actor
from accounts.models import AuditEvent, LicenceCheck, OutgoingMail, Practitioner, User
from rights.backups import catalogue
from rights.backups.repository import Kind
from rights.models import RightRequest
from rights.models.erasures import reference_of
from rights.regimes import Jurisdiction, Right
from rights.services import cases
from rights.services import erasures as rights
from sharing.services import attestations, links
from tests.cast import ALL, put_in, user_of
from tests.doors import body, give_second_factor, sign_in, visitor
from tests.worlds.archive import made
from tests.worlds.both_ways import both_ways
from tests.worlds.facilities import founded
from tests.worlds.files import pdf
from tests.worlds.held import ask_for
from tests.worlds.shared_record import Shared

# Bob may copy, lou may only look, rob's access was taken back, carol has a record of her own; sam
# is staff and proved a second factor, una is staff and did not.
PEOPLE = ("nobody", "alice", "bob", "lou", "rob", "carol", "sam", "una")
METHODS = ("GET", "POST", "PUT", "DELETE", "HEAD")
# What stands for a part of an address that is no id of this world.
PARTS = {
    "code": "unknown",
    "kind": "medication",
    "app_label": "accounts",
    "key": "unknown",
    "number": "1",
    "object_id": "1",
    "pk": "1",
    "secret": "unknown",
    "ticket": "unknown",
    "token": "unknown",
    "uidb36": "1",
    "url": "nothing",
}
PART = re.compile(r"\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)|<(?:\w+:)?(\w+)>")


class Everybody:
    """The people, their browsers, and what addresses can name."""

    def __init__(self) -> None:
        self.shared = Shared.enter()
        self.ids = dict[str, Any](self.shared.ids) | {"patient_id": self.shared.cast.alice_id}
        self.ids["consent_id"] = consents.history(self.shared.cast.alice)[0].pk
        self.ids["case_reference"] = cases.open_case(
            self.shared.cast.alice, right=Right.ACCESS, jurisdiction=Jurisdiction.EU, words="Please"
        )
        self.ids |= founded(self.shared.cast)
        week = replace(ALL, ends_at=timezone.now() + timedelta(days=7))
        self.link_id = links.make(self.shared.cast.alice, "Dr Lee", scope=week).grant_id
        self.ids |= both_ways(self.shared.cast, self.ids["record_id"])
        self.ids["attestation_id"] = self._asked_about_copies()
        self.rows = self._rows_for_staff()
        self.ids["export_id"] = made(self.shared.cast.alice)
        self.ids |= {"reference": reference_of(self.rows["rights/erasure"]), "stage": 1}
        una = User.objects.create_superuser("una@example.org")
        una.password = User.objects.get(email="sam@example.org").password
        una.save()
        EmailAddress.objects.create(user=una, email=una.email, verified=True, primary=True)
        secret = give_second_factor("sam@example.org")
        self.browsers: dict[str, Client] = {"nobody": visitor()}
        for name in PEOPLE[1:]:
            given = secret if name == "sam" else ""
            self.browsers[name] = sign_in(f"{name}@example.org", secret=given)
        for browser in self.browsers.values():
            browser.raise_request_exception = False
        self._come_back_at = 0.0

    def _rows_for_staff(self) -> dict[str, Any]:
        cast = self.shared.cast
        put_in(cast.alice, pdf("gone"), "gone.pdf")
        gone = self.shared.item("gone.pdf")
        mail = OutgoingMail(message_sealed=b"sealed")
        mail.save()
        with acting_as(cast.sam):
            event = AuditEvent.objects.order_by("at").first()
            request = RightRequest.objects.first()
        assert event is not None
        assert request is not None
        return {
            "accounts/auditevent": event.pk,
            "accounts/licencecheck": self._looked_up(),
            "accounts/outgoingmail": mail.pk,
            "accounts/practitioner": Practitioner.objects.get(name="Dr Bob Brown").pk,
            "accounts/user": cast.bob.user_id,
            "phr/upload": self.ids["upload_id"],
            "sharing/organization": self.ids["organization_id"],
            "rights/hold": ask_for(cast, cast.alice_id, self.ids["weight_id"]),
            "rights/rightrequest": request.pk,
            "rights/erasure": rights.erase_record(cast.alice, gone),
            "vault/backupset": catalogue.begin(Kind.VAULT).pk,
        }

    def _asked_about_copies(self) -> Any:
        """Rob had copied something before it was taken back."""
        alice, grant_id = self.shared.cast.alice, self.ids["revoked_id"]
        with acting_as(Actor.session(User.objects.get(email="rob@example.org").pk)) as act:
            note("copy", patient_id=self.shared.cast.alice_id, basis=f"grant:{grant_id}")
        with acting_as(alice):
            attestations.ask(alice, self.shared.cast.alice_id, [grant_id])
        return attestations.asked_of_me(act.actor)[0].row.pk

    def _looked_up(self) -> Any:
        with acting_as(self.shared.cast.sam):
            return LicenceCheck.objects.create(
                practitioner_id=self.ids["practitioner_id"], registry="list", outcome="found",
                checked_at=timezone.now(), checked_by_id=user_of(self.shared.cast.sam),
            ).pk  # fmt: skip

    def address(self, route: str, ids: dict[str, Any] | None = None) -> str:
        """The path of a route of the URL map, its parts filled from `ids` or from this world."""
        found = PARTS | self.ids
        found["binary_id"] = self.ids["picture_id" if "pictures" in route else "original_id"]
        if "invitations" in route:
            found["grant_id"] = self.ids["invitation_id"]
            found["role_id"] = self.ids["role_invitation_id"]
        if "pass-on" in route:
            found["grant_id"] = self.ids["passing_id"]
        if "sharing/links" in route:
            found["grant_id"] = self.link_id
        if "versions" in route:
            found["record_id"] = self.ids["weight_id"]
        if route.endswith("/correct/"):
            found["record_id"] = self.ids["secret_id"]
        for model, pk in self.rows.items():
            if f"admin/{model}/" in route:
                found["object_id"] = pk
        found |= ids or {}
        filled = PART.sub(lambda part: str(found[part[1] or part[2]]), route)
        return "/" + re.sub(r"[\^$]", "", filled)

    def ask(self, name: str, method: str, path: str) -> Any:
        """One request, its whole body in `.whole`; its consequences are undone."""
        self._be_there()
        client = self.browsers[name]
        cookies: Any = client.cookies.copy()
        with transaction.atomic():
            answer: Any = client.generic(method, path)
            answer.whole = body(answer)
            transaction.set_rollback(True)
        client.cookies = cookies
        return answer

    def _be_there(self) -> None:
        """What the first request of a minute writes, each would write again, as it is undone."""
        if time.monotonic() < self._come_back_at:
            return
        for name in PEOPLE[1:]:
            session = self.browsers[name].session
            session.pop("seen_at", None)
            session.save()
            self.browsers[name].get("/")
        self._come_back_at = time.monotonic() + 50
