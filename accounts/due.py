"""Working through due rows, so that one that fails never holds up the others."""

import logging
from collections.abc import Callable, Iterable
from uuid import UUID

log = logging.getLogger(__name__)


def each(ids: Iterable[UUID], work: Callable[[UUID], bool]) -> int:
    """Do `work` for each due row; what fails stays due, and is told in the log by class alone.

    Returns how many were taken up and finished.
    """
    done = 0
    for one in ids:
        try:
            done += work(one)
        except Exception:
            log.exception("A due row failed and stays due.")
    return done
