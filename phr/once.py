"""What a patient has already: the database keeps equal content once for each."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import IntegrityError, transaction

from phr.formats.parsed import Refused

KNOWN = "You already have exactly this in your record, so it was not added again."
_ONCE = "record_once_per_patient"


@contextmanager
def once() -> Iterator[None]:
    """Write a record inside. Raises `Refused` when she has another with this content."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as error:
        if _ONCE in str(error):
            raise Refused(KNOWN) from None
        raise
