"""The mail the portal has handed over, as its reader finds it."""

import re
from email import message_from_bytes, policy
from pathlib import Path

from django.conf import settings


def letters(to: str) -> list[str]:
    """Subject and text of every mail to this address, oldest first."""
    files = sorted(
        Path(settings.EMAIL_FILE_PATH).glob("*.log"), key=lambda path: path.stat().st_mtime_ns
    )
    found = []
    for path in files:
        letter = message_from_bytes(
            path.read_bytes().rsplit(b"\n-----", 1)[0], policy=policy.default
        )
        body = letter.get_body(("plain",))
        if letter["To"] == to:
            found.append(f"{letter['Subject']}\n{body.get_content() if body else ''}")
    return found


def link(to: str) -> str:
    """The address in the newest mail to this person."""
    found = re.search(r"https?://\S+", letters(to)[-1])
    assert found, "There is no link in the newest mail."
    return found[0]
