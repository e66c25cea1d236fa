"""Logs tell that something failed and where in the code, never with whose data."""

import logging
import re
import traceback

# What opens something by itself: all that stands in an address behind these words, also where that
# address is quoted in another; and whatever is longer than an id.
PLACES = ("claim", "confirm-email", "drop", "emergency", "key", "link", "link-file", "stop")
SLASH = r"(?:/|%(?:25)*2f)"
OPENS = re.compile(
    rf"({SLASH}(?:{'|'.join(PLACES)}){SLASH})[^/\n]+?(?={SLASH}|$)|[\w.:~-]{{40,}}",
    re.IGNORECASE | re.MULTILINE,
)


class Discreet(logging.Filter):
    """Replaces a traceback by its error's class and place: error texts may quote a record.

    Of addresses it leaves out what would open a link.
    """

    def filter(self, record: logging.LogRecord) -> bool:
        record.msg, record.args = without_secrets(record.getMessage()), ()
        if record.exc_info and record.exc_info[0]:
            frames = traceback.extract_tb(record.exc_info[2])
            place = f"{frames[-1].name}:{frames[-1].lineno}" if frames else "?"
            record.msg = f"{record.exc_info[0].__name__} in {place}"
            record.args = ()
            record.exc_info = None
            record.exc_text = None
        return True


def without_secrets(said: str) -> str:
    """The same words with "…" in the place of what would open something."""
    return OPENS.sub(r"\1…", said)
