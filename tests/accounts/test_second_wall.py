"""What the database refuses in the middle of a request is answered as what is not there."""

from io import StringIO

import pytest
from django.http import HttpRequest, HttpResponse
from django.urls import path
from pytest_django import Settings

from accounts.acting import acting_as
from accounts.actors import Actor
from accounts.models import Patient
from phr.urls import urlpatterns as portal
from tests.cast import Cast, user_of
from tests.doors import sign_in

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
FORBIDDEN = "Quillfeather"


def page(request: HttpRequest) -> HttpResponse:
    """Makes a patient of somebody who is one: no wall lets a request of hers do so."""
    actor: Actor = request.actor  # type: ignore[attr-defined]
    with acting_as(actor):
        found = Patient.objects.get(user_id=user_of(actor))
        Patient.objects.create(user_id=found.pk, name_sealed=FORBIDDEN.encode())
    return HttpResponse("done")


urlpatterns = [path("refused/", page), *portal]
handler404 = "phr.views.errors.not_found"


def test_it_is_not_there_and_its_words_are_not_logged(
    cast: Cast, settings: Settings, log: StringIO
) -> None:
    del cast
    settings.ROOT_URLCONF = __name__
    alice = sign_in("alice@example.org")

    refused, unknown = alice.get("/refused/"), alice.get("/nothing/")

    assert refused.status_code == unknown.status_code == 404
    assert b"Quillfeather" not in refused.content
    said = log.getvalue()
    assert "The database refused a part of what was asked" in said
    assert FORBIDDEN.encode().hex() not in said
    assert "row-level" not in said
