"""A file whose row is purged before its first byte is written: it is not written at all."""

import pytest
from django.db import connection

from accounts.acting import acting_as
from accounts.actors import Denied
from phr import storage
from phr.formats.parsed import Preview
from phr.models import Binary
from phr.parts import Parts
from phr.services import uploads
from tests import raw
from tests.cast import IMPORTER, Cast

pytestmark = pytest.mark.django_db(databases=["default", "vault"])

# Plays the purge that comes right after the rows are there.
PURGED = """
CREATE FUNCTION test_purge() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp AS $$
BEGIN
  UPDATE phr_upload SET original_id = NULL WHERE original_id = NEW.{0};
  DELETE FROM phr_binary WHERE id = NEW.{0};
  RETURN NULL;
END $$;
CREATE TRIGGER test_purge AFTER INSERT ON {1} FOR EACH ROW EXECUTE FUNCTION test_purge()
"""


def purge_at_once(column: str, table: str) -> None:
    raw.open_walls()
    with raw.as_owner(), connection.cursor() as cursor:
        cursor.execute(PURGED.format(column, table))


def test_a_file_that_is_uploaded(cast: Cast) -> None:
    before = storage.names()
    purge_at_once("original_id", "phr_upload")

    with pytest.raises(Denied):
        uploads.begin_upload(cast.alice, file_name="letter.pdf")

    assert storage.names() == before


def test_a_picture_that_an_import_makes(cast: Cast) -> None:
    before = storage.names()
    purge_at_once("id", "phr_binary")

    with Parts(IMPORTER, cast.alice_id) as parts, pytest.raises(FileNotFoundError):
        parts.take(Preview("image/png", b"x", ""))

    with acting_as(IMPORTER, about=cast.alice_id):
        assert not Binary.objects.exists()
    assert storage.names() == before
