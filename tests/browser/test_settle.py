"""A file says something else than she wrote: she looks at both and chooses."""

import pytest

from accounts.acting import acting_as
from accounts.actors import Actor
from phr.models import Record
from phr.services import entries
from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.cast import put_in
from tests.phr.test_updates import condition

pytestmark = pytest.mark.browser
WILMA = "wilma.wrote@example.org"


@pytest.fixture(scope="module")
def wilmas() -> Actor:
    """Somebody who corrected an item of which a file says something else."""
    wilma = kept.patient(WILMA, "Wilma Wrote", condition("Asthma"))
    with acting_as(wilma):
        row = Record.objects.get()
    said = {"code": {"code": {"text": "Hay fever"}}}
    entries.correct(wilma, row.pk, said, reason="It is not asthma", version=1)
    put_in(wilma, condition("Severe asthma"))
    return wilma


def test_she_keeps_what_she_wrote_and_later_takes_what_a_file_says(
    arrive: Arrive, wilmas: Actor
) -> None:
    wilma = arrive(script=False)
    wilma.sign_in(WILMA)
    wilma.follow("Hay fever")
    wilma.follow("See what the file says, and choose")
    wilma.reads("Which is right?", "Severe asthma", "It is not asthma")
    wilma.press("Keep what I wrote")
    wilma.reads("What you wrote stays", "Corrected by you")
    wilma.misses("See what the file says")

    put_in(wilmas, condition("Mild asthma"))
    wilma.open("/records/")
    wilma.follow("Hay fever")
    wilma.follow("See what the file says, and choose")
    wilma.press("Take what the file says")
    wilma.is_at("Mild asthma")
    wilma.reads("The item now says what the file says", "when you took over what a file says")
    wilma.misses("Corrected by you")
