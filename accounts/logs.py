"""Logs tell that something failed and where in the code, never with whose data."""

import logging
import re
import traceback

# The part of an address that opens something by itself; ids are shorter.
OPENS = re.compile(r"[\w.:~-]{40,}")


class Discreet(logging.Filter):
    """Replaces a traceback by its error's class and place: error texts may quote a record.

    Of addresses it leaves out what would open a link.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        if isinstance(record.args, tuple):
            record.args = tuple(map(_without_secrets, record.args))
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])
            place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
            record.msg = f"{record.exc_info[0].__name__} in {place}"
            record.args = ()
            record.exc_info = None
            record.exc_text = None
        return True


def _without_secrets(said: object) -> object:
    return OPENS.sub("…", said) if isinstance(said, str) else said
