"""Every address, every method and everybody, against the table in matrix.toml."""

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from django.test import override_settings
from django.urls import URLPattern, URLResolver, get_resolver

from tests.standing import Standing
from tests.strict import laxities
from tests.worlds.everybody import METHODS, PEOPLE, Everybody

pytestmark = [pytest.mark.slow, pytest.mark.timeout(400)]

Said = tuple[int, bytes, list[tuple[str, bytes]]]
Asked = dict[tuple[str, str, str], Said]
TABLE: dict[str, dict[str, str]] = tomllib.loads(
    Path(__file__).with_name("matrix.toml").read_text(encoding="utf-8")
)
# Who asks where the method alone decides: HEAD is GET without its body, and 405 is for everybody.
FEW = ("nobody", "alice")
# How is asked for what does not exist, to compare the answers.
COMPARED = ("GET", "POST")
# What differs between two answers that say the same: the page's nonce and its form's token.
PASSING = re.compile(
    rb"nonce-[\w+/=-]+|nonce=\"[^\"]*\"|name=\"csrfmiddlewaretoken\" value=\"\w+\""
)


@pytest.fixture(scope="module")
def world(
    standing: Standing,  # noqa: ARG001 - what a request changes is undone with it
    static_files: None,  # noqa: ARG001 - what pages name
) -> Iterator[Everybody]:
    # Nobody is asked to sign in again, however slow the machine is.
    with override_settings(ACCOUNT_REAUTHENTICATION_TIMEOUT=3600):
        yield Everybody()


@pytest.fixture(scope="module")
def asked() -> Asked:
    """What one test learned and the other need not ask again: who, how, which address."""
    return {}


def addresses() -> list[str]:
    """Every route of the URL map, as Django spells it."""
    return sorted(_routes(get_resolver().url_patterns, ""))


def _routes(patterns: list[URLPattern | URLResolver], above: str) -> Iterator[str]:
    for pattern in patterns:
        route = above + str(pattern.pattern)
        if isinstance(pattern, URLResolver):
            yield from _routes(pattern.url_patterns, route)
        else:
            yield route


def listed(route: str, method: str) -> str:
    """The table's row, with one space between the columns; HEAD is answered like GET."""
    wanted = "GET" if method == "HEAD" else method
    for methods, row in TABLE.get(route, {}).items():
        if wanted in methods.split():
            return " ".join(row.split())
    return ""


def asking(row: str, method: str) -> list[int]:
    """Which columns of a row are asked."""
    few = method == "HEAD" or set(row.split()) <= {"L", "405"}
    return [number for number, name in enumerate(PEOPLE) if name in FEW or not few]


def told(answer: Any) -> str:
    """The answer in a word of the table: L is a redirect to sign in, 2 one to a second factor."""
    place = answer.headers.get("Location", "")
    if answer.status_code == 302 and place.startswith("/accounts/login/"):
        return "L"
    if answer.status_code == 302 and place.startswith("/accounts/2fa/"):
        return "2"
    return str(answer.status_code)


def said(answer: Any) -> Said:
    """All that the asker can learn from an answer, but for what is new in each."""
    headers = [(k, PASSING.sub(b"", v.encode())) for k, v in sorted(answer.headers.items())]
    return answer.status_code, PASSING.sub(b"", answer.whole), headers


def test_every_address_is_in_the_table_and_nothing_else_is() -> None:
    assert addresses() == sorted(TABLE)


@pytest.mark.parametrize("method", METHODS)
def test_everybody_gets_what_the_table_says_and_every_answer_is_strict(
    world: Everybody, asked: Asked, method: str
) -> None:
    wrong = []
    for route in addresses():
        path, row = world.address(route), listed(route, method)
        names = [PEOPLE[number] for number in asking(row, method)]
        answers = [world.ask(name, method, path) for name in names]
        asked |= {
            (name, method, path): said(answer)
            for name, answer in zip(names, answers, strict=True)
            if method in COMPARED and answer.status_code == 404
        }
        got = [told(answer) for answer in answers]
        if not row or got != [row.split()[number] for number in asking(row, method)]:
            wrong.append(f"{method} {route}: {' '.join(got)}")
        lax = {missing for answer in answers for missing in laxities(answer)}
        if lax:
            wrong.append(f"{method} {route} lacks {sorted(lax)}")
        if method == "HEAD":
            wrong += [f"HEAD {route} has a body" for one in answers if one.whole]
    assert not wrong, "\n".join(wrong)


def test_what_one_may_not_see_is_answered_like_what_does_not_exist(
    world: Everybody, asked: Asked
) -> None:
    wrong, compared = [], 0
    for route in [one for one in addresses() if "_id>" in one]:
        for method in COMPARED:
            for name, column in zip(PEOPLE, listed(route, method).split(), strict=True):
                if column != "404":
                    continue
                compared += 1
                key = name, method, world.address(route)
                forbidden = asked.get(key) or said(world.ask(*key))
                for unknown in _unknown(world, route):
                    nothing = said(world.ask(name, method, world.address(route, unknown)))
                    if nothing != forbidden:
                        wrong.append(f"{name} {method} {route}")
    assert not wrong, "\n".join(wrong)
    assert compared > 100


def _unknown(world: Everybody, route: str) -> list[dict[str, Any]]:
    """Ids of nothing at all; and of nothing within a patient who exists."""
    nothing: dict[str, Any] = {name: uuid4() for name in [*world.ids, "binary_id", "object_id"]}
    inside = {name: one for name, one in nothing.items() if name != "patient_id"}
    return [nothing, inside] if "patient_id" in route else [nothing]
