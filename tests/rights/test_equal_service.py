"""Whoever uses a right keeps everything: no page, limit, permission or price depends on it (C20)."""

import re
from pathlib import Path

import pytest
from django.apps import apps
from django.conf import settings
from django.test import Client

from phr.services import records
from rights.regimes import Jurisdiction, Right
from rights.services import cases, desk
from rights.transitions import Step
from sharing import policy
from sharing.policy import Action
from tests.cast import ALL, ORDINARY
from tests.doors import sign_in, text
from tests.worlds.cases import DO, Desk

pytestmark = [
    pytest.mark.django_db(databases=["default", "vault"]),
    pytest.mark.usefixtures("static_files"),
]
PLACES = (
    "/home/", "/records/", "/records/upload/", "/sharing/", "/sharing/new/", "/shared/", "/account/",
    "/account/consents/", "/rights/", "/rights/export/", "/rights/delete/", "/privacy/",
)  # fmt: skip
PASSING = re.compile(r'nonce="[^"]*"|\d{1,2}:\d\d(:\d\d)?')
ROOT = Path(settings.BASE_DIR)


def entitlements(desk_world: Desk, browsers: dict[str, Client]) -> dict[str, object]:
    """What alice and her doctor may do and what their pages offer."""
    found: dict[str, object] = {}
    for actor in (desk_world.cast.alice, desk_world.cast.bob):
        for action in Action:
            rows = policy.patients(actor, action).values_list("pk", flat=True)
            found[f"{actor.user_id} {action}"] = set(rows)
        timeline = records.timeline(actor, desk_world.cast.alice_id)
        found[f"{actor.user_id} sees"] = [one.id for one in timeline.items]
    for name, browser in browsers.items():
        for place in PLACES:
            answer = browser.get(place)
            found[f"{name} {place}"] = answer.status_code, PASSING.sub("", text(answer))
    return found


def test_nothing_she_may_do_changes_with_a_request() -> None:
    desk_world = Desk.enter()
    desk_world.cast.share(ALL)
    browsers = {name: sign_in(f"{name}@example.org") for name in ("alice", "bob")}
    before = entitlements(desk_world, browsers)

    for number, right in enumerate(Right):
        reference, pk = desk_world.ask(right, list(Jurisdiction)[number % len(Jurisdiction)])
        if number % 3 == 0:
            cases.withdraw(desk_world.cast.alice, reference)
        elif number % 3 == 1:
            desk.decide(desk_world.sam, pk, decision="refused", ground="not-held", text="No.")
            desk.confirm(desk_world.tom, pk)
        elif right is not Right.RESTRICTION:
            DO[Step.GRANT](desk_world.sam, pk)

    assert entitlements(desk_world, browsers) == before
    # And she can still do what she could: sharing goes on as ever.
    desk_world.cast.share(ORDINARY)


def test_no_code_outside_the_desk_knows_whether_somebody_asked() -> None:
    """The desk is the top floor: nothing below it can look at a case."""
    knowing = [
        path.name
        for app in ("accounts", "sharing", "phr")
        for path in ROOT.glob(f"{app}/**/*.py")
        if re.search(r"RightRequest|rights\.(models|services\.(cases|desk))", path.read_text())
        or ("rights_case" in path.read_text() and path.name != "privileges.py")
    ]

    assert knowing == []


def test_nothing_of_a_request_has_a_price() -> None:
    fields = {
        field.name
        for model in apps.get_app_config("rights").get_models()
        for field in model._meta.get_fields()
    }

    assert not [name for name in fields if re.search(r"fee|price|cost|paid|charge", name)]
