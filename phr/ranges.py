"""Part of a file, so that a download that broke off can go on (RFC 9110 section 14)."""

import re

_ONE = re.compile(r"bytes=(?:(\d{1,18})-(\d{0,18})|-(\d{1,18}))", re.ASCII)


class NotSatisfiable(Exception):
    """The range lies outside the file (RFC 9110 section 15.5.17)."""


def wanted(header: str, size: int) -> tuple[int, int] | None:
    """The bytes `[start, end)` that a Range header asks for of `size` bytes; None for all of them.

    What is not one range in bytes is ignored, as RFC 9110 section 14.2 allows. Raises
    NotSatisfiable.
    """
    found = _ONE.fullmatch(header.strip())
    if found is None:
        return None
    first, last, suffix = found.groups()
    if suffix is not None:
        start, end = max(0, size - int(suffix)), size
    else:
        start, end = int(first), min(size, int(last) + 1 if last else size)
        if last and int(last) < start:
            return None
    if start >= end:
        raise NotSatisfiable
    return start, end
