"""An erasure from its request to its end, as orders for the worker of `worker.py`."""

import io
from uuid import UUID

from django.core.management import call_command
from django.test import override_settings

from accounts.acting import acting_as
from rights.models import Erasure
from tests.cast import PURGER
from tests.chaos.endings import Story
from tests.chaos.states import sound
from tests.worlds.leaving import Town, delete_account


def prepare(_about: str) -> None:
    """What an operator does before the first start."""
    for alias in ("default", "vault"):
        call_command("migrate", database=alias, verbosity=0)
    call_command("prepare_keys", stdout=io.StringIO())
    call_command("collectstatic", interactive=False, verbosity=0)


@override_settings(PASSWORD_HASHERS=["django.contrib.auth.hashers.MD5PasswordHasher"])
def leave(_about: str) -> UUID:
    """Somebody deletes her account. Returns the Erasure's id."""
    leaver = Town.enter().leaver(1)
    delete_account(str(leaver.actor.user_id))
    story = Story.of(leaver)
    story.let_time_pass()
    return story.erasure_id


def steps(erasure_id: str) -> list[str]:
    with acting_as(PURGER):
        return list(Erasure.objects.get(pk=erasure_id).steps)


def finish(erasure_id: str) -> bool:
    """Take it up again, to its end. Returns whether files, rows and keys agree then."""
    with acting_as(PURGER):
        row = Erasure.objects.get(pk=erasure_id)
    if row.user_id is None or row.patient_id is None:
        raise AssertionError("it is at its end already")
    story = Story(row.user_id, row.patient_id, row.pk)
    story.finish()
    left = set(story.ending().rows)
    return sound() and not left & {
        "accounts_patient",
        "phr_record",
        "phr_binary",
        "vault_patientkey",
    }
