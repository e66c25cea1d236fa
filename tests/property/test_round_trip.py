"""Whatever a small record holds, its archive gives the same record, and twice nothing more."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import orjson
import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts import services as accounts
from accounts.actors import Actor
from phr.formats.resource import decimal
from phr.services import entries, marks, records
from sharing.labels import Sensitivity
from tests.cast import join, put_in
from tests.phr.test_own_archive import originals, whole
from tests.worlds.archive import archive_of

pytestmark = [pytest.mark.property, pytest.mark.django_db(databases=["default", "vault"])]

Json = dict[str, Any]
THOROUGH = settings.get_current_profile_name() == "thorough"

words = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1, max_size=9)
decimals = st.from_regex(r"(0|[1-9][0-9]{0,3})(\.[0-9]{1,4})?", fullmatch=True).map(decimal)
days = st.dates().map(lambda day: f"{day.year:04}-{day.month:02}-{day.day:02}")
dates = st.one_of(days, days.map(lambda day: day[:7]), days.map(lambda day: day[:4]))
numbers = st.sampled_from(["1", "2"])


def _with(**elements: st.SearchStrategy[Any]) -> st.SearchStrategy[Json]:
    """Some of these elements."""
    return st.fixed_dictionaries({}, optional=elements)


identified = _with(
    id=numbers,
    identifier=numbers.map(lambda n: [{"system": "urn:oid:1.2.3", "value": n}]),
    extension=decimals.map(lambda d: [{"url": "http://example.org/x", "valueDecimal": d}]),
)
observations = st.builds(
    lambda who, text, value, rest: {
        "resourceType": "Observation", "status": "final", "code": {"text": text},
        "valueQuantity": {"value": value, "unit": "g"}, **who, **rest,
    },
    identified, words, decimals, _with(effectiveDateTime=dates),
)  # fmt: skip
medications = st.builds(
    lambda who, text: {"resourceType": "Medication", "code": {"text": text}, **who},
    identified, words,
)  # fmt: skip
statements = st.builds(
    lambda who, number, rest: {
        "resourceType": "MedicationStatement", "status": "active",
        "subject": {"display": "She"}, "medicationReference": {"reference": f"Medication/{number}"},
        **who, **rest,
    },
    identified, numbers, _with(dateAsserted=days),
)  # fmt: skip
resources = st.one_of(observations, medications, statements)
urls = st.one_of(
    st.just(""),
    st.uuids(version=4).map(lambda u: f"urn:uuid:{u}"),
    numbers.map(lambda n: f"http://example.org/fhir/%s/{n}"),
)
entry = st.builds(
    lambda url, resource: (
        {"fullUrl": url.replace("%s", resource["resourceType"]), "resource": resource}
        if url
        else {"resource": resource}
    ),
    urls,
    resources,
)
bundles = st.lists(entry, min_size=1, max_size=4).map(
    lambda some: {"resourceType": "Bundle", "type": "collection", "entry": some}
)


@dataclass(frozen=True)
class Marked:
    """What she does to one of her items."""

    tags: list[str] = field(default_factory=list)
    favourite: bool = False
    never_shared: bool = False
    labels: list[Sensitivity] = field(default_factory=list)


@dataclass(frozen=True)
class Life:
    """Files she puts in, what she writes and corrects, and her marks on her first items."""

    files: list[Json]
    written: list[tuple[str, str]]
    marked: list[Marked]


lives = st.builds(
    Life,
    st.lists(bundles, max_size=2),
    st.lists(st.tuples(words, words), max_size=2, unique_by=lambda pair: pair[0]),
    st.lists(
        st.builds(
            Marked, st.lists(words, max_size=2), st.booleans(), st.booleans(),
            st.lists(st.sampled_from([Sensitivity.PSY, Sensitivity.HIV]), unique=True),
        ),
        max_size=2,
    ),
)  # fmt: skip


@contextmanager
def undone() -> Iterator[None]:
    with transaction.atomic(), transaction.atomic("vault"):
        yield
        transaction.set_rollback(True)
        transaction.set_rollback(True, "vault")


def enter(name: str) -> tuple[Actor, Any]:
    actor = Actor.session(join(f"{name}@example.org").pk)
    return actor, accounts.begin_record(actor, name="Ada Archer")


def live(actor: Actor, patient_id: Any, life: Life) -> None:
    for number, bundle in enumerate(life.files):
        put_in(actor, orjson.dumps(bundle), f"{number}.json")
    for text, reason in life.written:
        resource = {"resourceType": "Condition", "subject": {"display": "Me"}}
        pk = entries.enter(actor, resource | {"code": {"text": text}})
        corrected = {"code": {"code": {"text": f"{text} or so"}}}
        entries.correct(actor, pk, corrected, reason=reason, version=1)
    items = records.timeline(actor, patient_id).items
    for item, mark in zip(items, life.marked, strict=False):
        for name in mark.tags:
            marks.tag(actor, item.id, name=name)
        marks.favour(actor, item.id, favourite=mark.favourite)
        marks.keep_back(actor, item.id, never_shared=mark.never_shared)
        if mark.labels:
            records.classify(actor, item.id, labels=mark.labels)


@settings(
    max_examples=100 if THOROUGH else 4,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(lives)
def test_a_record_comes_back_as_it_was(life: Life) -> None:
    with undone():
        (she, hers), (other, theirs) = enter("ada"), enter("bea")
        live(she, hers, life)
        before = whole(she, hers)
        told = put_in(other, archive_of(hers).data, "all.zip")
        if not before:
            assert told.state == "failed" or told.upload.imported == 0
            return
        assert (told.state, told.upload.skipped) == ("finished", 0), told.report
        assert whole(other, theirs) == before
        assert originals(other) == originals(she)
        again = put_in(other, archive_of(hers).data, "all.zip")
        assert (again.upload.imported, again.upload.updated) == (0, 0)
