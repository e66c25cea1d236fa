"""The queue of licences: a register answers, a person decides, and it is due again."""

from datetime import date, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from django.conf import LazySettings
from django.db import transaction
from django.utils import timezone

from accounts import licences, services
from accounts.actors import Actor, Denied, System
from accounts.models import LicenceCheck, Practitioner
from accounts.registry import Outcome
from tests.cast import Cast, user_of
from tests.doors import give_second_factor, sign_in, text
from tests.raw import as_owner, login

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

DIRECTORY = Actor.job(System.DIRECTORY)


def bobs(cast: Cast) -> Practitioner:
    return Practitioner.objects.get(user_id=user_of(cast.bob))


def test_what_a_register_says_is_written_down_and_verifies_nobody(
    cast: Cast, settings: LazySettings, tmp_path: Path
) -> None:
    register = tmp_path / "licences.csv"
    register.write_text("number,name\nGMC 123,Bob Brown\n")
    settings.PHR_LICENCE_REGISTER = str(register)

    assert licences.look_up(cast.sam, bobs(cast).pk) is Outcome.FOUND

    check = LicenceCheck.objects.get()
    assert (check.outcome, check.registered_name) == ("found", "Bob Brown")
    assert check.checked_by_id == cast.sam.user_id
    assert bobs(cast).verified_at is None


def test_without_a_register_nothing_is_written_down(cast: Cast) -> None:
    assert licences.look_up(cast.sam, bobs(cast).pk) is None
    assert not LicenceCheck.objects.exists()


def test_only_staff_look_up_and_doubt_and_nobody_herself(cast: Cast) -> None:
    pk = bobs(cast).pk
    for somebody in (cast.bob, cast.alice, Actor.staff(user_of(cast.bob)), DIRECTORY):
        for act in (licences.look_up, licences.doubt):
            with pytest.raises(Denied):
                act(somebody, pk)


def test_a_licence_is_due_again_after_the_months_of_the_setting(
    cast: Cast, settings: LazySettings
) -> None:
    settings.PHR_LICENCE_MONTHS = 6
    services.verify_practitioner(cast.sam, bobs(cast).pk)
    today = timezone.now().date()
    assert bobs(cast).recheck_on == licences.later(today, 6)
    assert licences.mark_due(DIRECTORY) == 0
    with pytest.raises(Denied):
        services.verify_practitioner(cast.sam, bobs(cast).pk)

    with as_owner():
        Practitioner.objects.update(recheck_on=today - timedelta(days=1))
    assert licences.mark_due(DIRECTORY) == 1
    assert licences.mark_due(DIRECTORY) == 0
    assert bobs(cast).recheck_due_at
    services.verify_practitioner(cast.sam, bobs(cast).pk)

    again = bobs(cast)
    assert (again.recheck_due_at, again.recheck_on) == (None, licences.later(today, 6))


def test_who_is_doubted_is_unverified_from_then_on(cast: Cast) -> None:
    services.verify_practitioner(cast.sam, bobs(cast).pk)

    licences.doubt(cast.sam, bobs(cast).pk)

    row = bobs(cast)
    assert (row.verified_at, row.verified_by, row.recheck_on) == (None, None, None)


@pytest.mark.parametrize(
    ("day", "months", "then"),
    [
        (date(2026, 1, 31), 1, date(2026, 2, 28)),
        (date(2027, 12, 31), 2, date(2028, 2, 29)),
        (date(2026, 11, 23), 12, date(2027, 11, 23)),
        (date(2026, 12, 1), 1, date(2027, 1, 1)),
    ],
)
def test_months_later_is_the_same_day_or_the_last_of_the_month(
    day: date, months: int, then: date
) -> None:
    assert licences.later(day, months) == then


class Asked(BaseHTTPRequestHandler):
    """A register that looks, while it is asked, which transactions are open in the portal."""

    open_ones: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        with login() as opened:
            rows = opened.execute(
                "SELECT query FROM pg_stat_activity WHERE state LIKE 'idle in transaction%'"
                " AND datname = current_database()"
            )
            self.open_ones.extend(query for (query,) in rows)
        self.send_response(503)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.mark.django_db(databases=["default", "vault"], transaction=True)
@pytest.mark.usefixtures("static_files")
def test_no_transaction_waits_for_a_register(cast: Cast, settings: LazySettings) -> None:
    with transaction.atomic(), as_owner():
        Practitioner.objects.update(licence_number="1234567893")
    sam = sign_in("sam@example.org", secret=give_second_factor("sam@example.org"))
    server = HTTPServer(("127.0.0.1", 0), Asked)
    thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    settings.PHR_LICENCE_REGISTER = f"http://127.0.0.1:{server.server_port}/"

    chosen = {"action": "look_up", "_selected_action": str(bobs(cast).pk)}
    page = sam.post("/admin/accounts/practitioner/", chosen, follow=True)

    server.shutdown()
    server.server_close()
    thread.join()
    assert Asked.open_ones == []
    assert LicenceCheck.objects.get().outcome == Outcome.NO_ANSWER
    assert "Dr Bob Brown: no-answer" in text(page)
