"""What the steps of an erasure passed over is found, and gone through once more."""

from uuid import uuid4

import pytest
from django.utils import timezone

from accounts import mail
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import OutgoingMail
from rights import left, saga
from rights.models import Erasure, Export
from rights.models.erasures import Scope
from rights.services import erasures, exports
from tests.cast import PURGER, Cast

pytestmark = pytest.mark.django_db(databases=["default", "vault"])


def go_on(erasure: Erasure) -> Erasure:
    """Let the workers do what they can do now."""
    while mail.send_due(Actor.job(System.MAIL)):
        pass
    with acting_as(PURGER):
        Erasure.objects.filter(pk=erasure.pk).update(due_at=timezone.now())
    saga.carry_on(PURGER, erasure.pk)
    with acting_as(PURGER):
        return Erasure.objects.get(pk=erasure.pk)


def begun(cast: Cast, *done: str) -> Erasure:
    """An erasure of alice's account that believes some of its steps to be done."""
    reference = erasures.erase_everything(cast.alice, account=True, undo_hours=0)
    now = timezone.now().isoformat(timespec="seconds")
    with acting_as(PURGER):
        Erasure.objects.filter(reference=reference).update(steps=dict.fromkeys(done, now))
        return Erasure.objects.get(reference=reference)


def test_an_archive_that_a_step_passed_over_goes_the_second_time(cast: Cast) -> None:
    exports.request_export(cast.alice)

    first = go_on(begun(cast, "exports"))

    assert first.purged_at is None
    assert "exports" not in first.steps
    assert go_on(first).purged_at
    with acting_as(PURGER, about=cast.alice_id):
        assert not Export.objects.exists()


def test_what_names_her_under_another_name_is_found_too() -> None:
    nobody = uuid4()
    asked = Erasure(scope=Scope.ACCOUNT, user_id=nobody)
    assert left.anything(PURGER, asked) == []

    OutgoingMail.objects.create(issue="1" * 64, reader_id=nobody, sent_at=timezone.now())

    assert left.anything(PURGER, asked) == ["accounts_outgoingmail"]
