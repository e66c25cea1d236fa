"""How fast a file is read, and how long that will still take, in words."""

from datetime import timedelta


def pace(done: int, total: int, unit: str, took: timedelta) -> str:
    """Rate and time left: "2.5 MB a second, about 2 minutes left". `unit` is bytes or entries."""
    seconds = took.total_seconds()
    if seconds < 1:
        return ""
    rate = done / seconds
    each = f"{rate:,.0f} entries" if unit == "entries" else f"{rate / 1_000_000:.1f} MB"
    left = max(0, total - done) / rate
    minutes = round(left / 60)
    if left < 60:
        words = "less than a minute left"
    else:
        words = f"about {minutes} minute{'s' if minutes > 1 else ''} left"
    return f"{each} a second, {words}"
