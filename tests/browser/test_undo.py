"""A patient sees what became of a file's entries, and takes the whole import back."""

import pytest

from tests.browser import kept
from tests.browser.conftest import Arrive
from tests.browser.portal import Portal

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module", autouse=True)
def people(ground: Portal) -> None:
    del ground
    kept.patient("wilma@example.org", "Wilma", kept.three_things())


def test_an_import_is_undone(arrive: Arrive) -> None:
    visitor = arrive(script=False)
    visitor.sign_in("wilma@example.org")
    visitor.follow("Upload")
    visitor.follow("What became of each entry of file")
    visitor.is_at("What became of each entry")
    visitor.reads("Added")
    visitor.look()

    visitor.follow("Back to the upload")
    visitor.follow("Undo this import of file")
    visitor.is_at("Undo this import?")
    visitor.reads("3 items came with this file alone.", "This cannot be undone.")
    visitor.look()
    visitor.press("Undo this import")

    visitor.reads("Being deleted", "What came with the file alone will be destroyed here")
    visitor.look()
    visitor.open("/records/")
    visitor.misses("Haemoglobin")
