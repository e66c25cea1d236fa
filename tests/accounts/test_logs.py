"""What logs leave out: whatever in an address opens something by itself."""

import re
from collections.abc import Iterator
from io import StringIO
from pathlib import Path
from urllib.parse import quote

import pytest
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import StringConverter
from django.urls.resolvers import RoutePattern

from accounts.logs import without_secrets

SECRET = "AB CD-7k"
ROOT = Path(__file__).resolve().parents[2]
NAMED = re.compile(r"<(?:(\w+):)?(\w+)>|\(\?P<(\w+)>(?:[^()]|\([^()]*\))*\)")
# Of the libraries: the names of pages, files and apps.
OPEN_TO_ALL = ("admin/", "static/", "media/")


def opening(patterns: list[URLPattern | URLResolver], above: str = "") -> Iterator[str]:
    """Each address of the URL map that has a text of anybody's choice in it, with the secret there."""
    for one in patterns:
        route = above + str(one.pattern).lstrip("^")
        if isinstance(one, URLResolver):
            yield from opening(one.url_patterns, route)
        elif not route.startswith(OPEN_TO_ALL) and _takes_text(one):
            yield "/" + NAMED.sub(SECRET, route).rstrip("$")


def _takes_text(one: URLPattern) -> bool:
    if isinstance(one.pattern, RoutePattern):
        return any(type(kind) is StringConverter for kind in one.pattern.converters.values())
    return "(?P<" in str(one.pattern)


def test_whatever_opens_something_is_cut_from_every_address() -> None:
    found = list(opening(get_resolver().url_patterns))
    assert {"/emergency/AB CD-7k/", "/link/AB CD-7k/manifest", "/link-file/AB CD-7k"} <= {*found}
    assert len(found) >= 8
    for address in found:
        once = f"/accounts/login/?next={quote(address, safe='')}&a=1"
        for said in (address, f"Not Found: {address}", once, f"/x/?next={quote(once, safe='')}"):
            kept = without_secrets(said)
            assert "CD" not in kept, said
            assert "7k" not in kept, said


@pytest.mark.parametrize(
    "said",
    ["/sharing/links/", "Not Found: /records/0b0e4a3f-70c5-4b22-9d2d-4b4b8a2b9a39/", "/emergency/"],
)
def test_what_opens_nothing_stays(said: str) -> None:
    assert without_secrets(said) == said


@pytest.mark.django_db(databases=["default", "vault"])
@pytest.mark.usefixtures("static_files")
def test_a_page_that_is_not_there_is_logged_without_it(client: Client, log: StringIO) -> None:
    for address in ("/link/AB CD-7k/", "/emergency/AB CD-7k/none/"):
        assert client.get(address).status_code == 404
    assert "…" in log.getvalue()
    assert "CD" not in log.getvalue()


def test_the_manual_keeps_it_out_of_the_log_of_a_proxy() -> None:
    """The nginx of the manual writes the same places as our own logs, and nothing behind them."""
    manual = (ROOT / "docs" / "operations.md").read_text(encoding="utf-8")
    (rule,) = re.findall(r'"~\*(\^\(\?<place>.+)" "\$place\.\.\."', manual)
    cut = re.compile(rule.replace("?<place>", "?P<place>"), re.IGNORECASE)

    for address in opening(get_resolver().url_patterns):
        for asked in (quote(address), "/accounts/login/?next=" + quote(address, safe="")):
            found = cut.match(asked)
            assert found, asked
            assert quote(SECRET) not in found["place"]
