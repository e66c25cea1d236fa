"""What was kept before is brought up to date: found by its words, its visit and its day, known again."""

import hashlib
import json
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import keys
from accounts.acting import acting_as
from accounts.actors import Actor, System
from accounts.models import Patient
from phr.former import FORMER
from phr.models import Record, RecordVersion, Renewal
from phr.narrowing import Narrowing
from phr.past import stand_anew, standing
from phr.search import RECKONING, Tokeniser
from phr.services import entries, records, renewing, settling
from phr.services.reports import report
from sharing.tokens import Keyed
from tests.cast import IMPORTER, Cast, put_in
from tests.phr.test_updates import condition

pytestmark = pytest.mark.django_db(databases=["default", "vault"])
RENEWER = Actor.job(System.RENEW)
EVENING = "2024-03-02T21:30:00-05:00"
BUNDLE = {
    "resourceType": "Bundle", "type": "collection",
    "entry": [
        {"resource": {
            "resourceType": "Encounter", "id": "e1", "status": "finished", "class": {"code": "AMB"},
            "subject": {"display": "Alice"}, "period": {"start": EVENING},
        }},
        {"resource": {
            "resourceType": "Observation", "id": "o1", "status": "final",
            "code": {"text": "Haemoglobin"}, "subject": {"display": "Alice"},
            "encounter": {"reference": "Encounter/e1"}, "effectiveDateTime": EVENING,
            "valueQuantity": {"value": 7.2, "unit": "mmol/L"},
        }},
    ],
}  # fmt: skip


FOUND = "Haemoglobin: 7.2 mmol/L"


def file(*, visit: str = "e1", result: str = "o1") -> bytes:
    """The numbers of one source; a decimal whose spelling a float forgets."""
    text = json.dumps(BUNDLE).replace("e1", visit).replace('"o1"', f'"{result}"')
    return text.replace("7.2,", "7.20,").encode()


def as_before(cast: Cast) -> None:
    """As an import kept things before there were these columns: by words alone, under UTC's day."""
    with acting_as(IMPORTER, about=cast.alice_id):
        Record.objects.filter(patient_id=cast.alice_id, dated=True).update(
            likeness=None, tokens=[], effective_at=datetime(2024, 3, 3, 2, 30, tzinfo=UTC)
        )


def renewed(cast: Cast) -> Renewal:
    with acting_as(RENEWER, about=cast.alice_id):
        return Renewal.objects.get(pk=cast.alice_id)


def titles(cast: Cast, **asked: Any) -> list[str]:
    narrowing = Narrowing(**asked)
    return [one.title for one in records.timeline(cast.alice, cast.alice_id, asked=narrowing).items]


def test_what_was_kept_before_is_found_and_known_again(cast: Cast) -> None:
    put_in(cast.alice, file())
    as_before(cast)
    assert titles(cast, text="haemo") == []
    with acting_as(cast.alice):
        visit = Record.objects.get(resource_type="Encounter")
        epoch = Patient.objects.get(pk=cast.alice_id).access_epoch

    assert renewing.renew_due(RENEWER) >= 1

    assert titles(cast, text="haemo") == titles(cast, visit=visit.pk) == [FOUND]
    day = datetime(2024, 3, 2, tzinfo=UTC).date()
    assert len(titles(cast, since=day, until=day)) == 2
    with acting_as(cast.alice):
        assert Patient.objects.get(pk=cast.alice_id).access_epoch > epoch
    told = put_in(cast.alice, file(visit="e9", result="o9"))
    found = {one.outcome for one in report(cast.alice, told.upload.pk).entries}
    assert (told.upload.imported, found) == (0, {"alike"})


def test_it_ends_and_begins_again_with_the_next_reckoning(cast: Cast) -> None:
    put_in(cast.alice, condition("Asthma"))
    renewing.renew_due(RENEWER)
    assert (renewed(cast).version, renewed(cast).place) == (RECKONING, None)
    with acting_as(IMPORTER, about=cast.alice_id):
        before = list(Record.objects.values())

    assert renewing.renew_due(RENEWER) == 0
    with acting_as(RENEWER, about=cast.alice_id):
        Renewal.objects.update(version=RECKONING - 1)
    assert renewing.renew_due(RENEWER) == 1
    with acting_as(IMPORTER, about=cast.alice_id):
        (row,), (was,) = map(dict[str, Any], Record.objects.values()), map(dict[str, Any], before)
    assert {name for name in row if row[name] != was[name]} <= {"tokens"}
    assert set(row["tokens"]) == set(was["tokens"])


def test_it_goes_on_where_a_killed_worker_stopped_and_nobody_takes_it_from_another(
    cast: Cast,
) -> None:
    put_in(cast.alice, file())
    as_before(cast)
    with acting_as(RENEWER, about=cast.alice_id):
        first = Record.objects.order_by("pk").values_list("pk", flat=True)[0]
        soon = timezone.now() + timedelta(minutes=1)
        Renewal.objects.create(patient_id=cast.alice_id, place=first, lease_until=soon)
    assert renewing.renew(RENEWER, cast.alice_id) is False

    with acting_as(RENEWER, about=cast.alice_id):
        Renewal.objects.update(lease_until=timezone.now() - timedelta(minutes=1))
    assert renewing.renew(RENEWER, cast.alice_id) is True

    with acting_as(IMPORTER, about=cast.alice_id):
        made = {row.pk: bool(row.tokens) for row in Record.objects.all()}
    assert [made[first], *(made[pk] for pk in made if pk != first)] == [False, True]


def test_her_correction_and_what_she_corrected_are_told_apart_again(cast: Cast) -> None:
    put_in(cast.alice, condition("Asthma", onsetDateTime="2020-02-03"))
    record_id = _only(cast)
    said = {"code": {"code": {"text": "Hay fever"}}}
    entries.correct(cast.alice, record_id, said, reason="", version=1)
    with acting_as(IMPORTER, about=cast.alice_id):
        first = RecordVersion.objects.get()
        Record.objects.update(likeness=first.likeness)
        RecordVersion.objects.update(likeness=None)

    renewing.renew_due(RENEWER)

    number = [{"system": "http://example.net/other", "value": "B2"}]
    for text, outcome in (("Hay fever", "alike"), ("Asthma", "aside")):
        other = condition(text, onsetDateTime="2020-02-03", identifier=number)
        told = put_in(cast.alice, other)
        assert report(cast.alice, told.upload.pk).entries[0].outcome == outcome
    settling.keep_mine(cast.alice, record_id, version=4)


def _only(cast: Cast) -> UUID:
    with acting_as(cast.alice):
        return Record.objects.get().pk


def test_whoever_changes_the_tokens_raises_the_reckoning() -> None:
    tokeniser = Tokeniser(b"k" * 32)
    made = [
        *sorted(tokeniser.tokens(["Hämoglobin E11.9 東京都", "ﬁ", "น้ำ दिन 10.20"])),
        *sorted(tokeniser.head(["Levothyroxine 50 µg"])),
        *tokeniser.visits(["a|Encounter/1"]), *tokeniser.telling_of([1]), *tokeniser.codes(["x|1"]),
    ]  # fmt: skip
    digest = hashlib.sha256(json.dumps(made).encode()).hexdigest()[:16]
    assert (RECKONING, digest) == (3, "0a1a9ba2da23cb3f")
    former = [sorted({*old("Łódź 東京都 10.20 दिन")}) for old in FORMER]
    assert former == [
        ["10.", "10.2", "10.20", "łod", "łodz", "द", "न", "東京都"],
        ["10.", "10.2", "10.20", "lod", "lodz", "द", "न", "京", "京都", "東", "東京", "都"],
        ["10.", "10.2", "lod", "lodz", "दिन", "京", "京都", "東", "東京", "都"],
    ]
    assert len(FORMER) == RECKONING


def test_what_an_earlier_reckoning_made_of_its_words_goes_and_all_else_stays(cast: Cast) -> None:
    put_in(cast.alice, condition("Łódź fever"))
    record_id = _only(cast)
    said = {"code": {"code": {"text": "Hay fever 東京都"}}}
    entries.correct(cast.alice, record_id, said, reason="", version=1)
    with acting_as(IMPORTER, about=cast.alice_id):
        token = Keyed(keys.subkey(cast.alice_id, keys.Purpose.INDEX)).token
        texts = ("Łódź fever", "Hay fever 東京都")
        old = {token(f"word:{part}") for text in texts for part in FORMER[0](text)}
        name = token("link:http://example.net/Condition/7")
        row, past = Record.objects.get(), RecordVersion.objects.get()
        now, then = {*row.tokens}, {*_tokens(past)}
        assert len(old - now - then) == 3
        Record.objects.update(tokens=sorted(now | old | {name}))
        was = {token(f"word:{part}") for part in FORMER[0](texts[0])}
        stand_anew(past, {"tokens": sorted(then | was | {name})})
        past.save()
        Renewal.objects.update_or_create(patient_id=cast.alice_id, defaults={"version": 0})

    with CaptureQueriesContext(connection) as asked:
        assert renewing.renew_due(RENEWER) >= 1

    writes = [one["sql"] for one in asked.captured_queries if 'UPDATE "phr_record"' in one["sql"]]
    assert len(writes) == 1, "what comes and what goes is one statement"
    with acting_as(IMPORTER, about=cast.alice_id):
        assert {*Record.objects.get().tokens} == now | {name}
        assert {*_tokens(RecordVersion.objects.get())} == then | {name}
    assert titles(cast, text="hay") == titles(cast, text="東京") == ["Hay fever 東京都"]
    assert titles(cast, text="lodz") == []


def _tokens(past: RecordVersion) -> list[int]:
    known = standing(past)
    assert known
    return list(known["tokens"])
