"""A worker may be quicker than the operator's command."""

import threading
import time
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from accounts.acting import acting_as
from accounts.actors import Actor, System
from phr.management.commands.import_file import Command
from phr.models import Upload
from phr.services import imports
from tests.cast import IMPORTER, Cast, receive
from tests.worlds.files import pdf

pytestmark = pytest.mark.django_db(databases=["default", "vault"], transaction=True)


def let_go_soon() -> None:
    """The other worker dies after half a second: its lease runs out."""
    time.sleep(0.5)
    with acting_as(IMPORTER):
        Upload.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
    connections.close_all()


def test_a_file_in_a_worker_s_hands_is_waited_for(cast: Cast) -> None:
    upload_id = receive(cast.alice, pdf(), "letter.pdf")
    assert imports._claim(IMPORTER, upload_id)
    other = threading.Thread(target=let_go_soon)
    other.start()

    followed = Command()._read(Actor.job(System.OPERATOR), upload_id, cast.alice_id)

    other.join()
    assert followed.state == "finished"
    assert followed.upload.imported == 1
