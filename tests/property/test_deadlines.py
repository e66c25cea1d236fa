"""Whatever happens in a case, its due dates keep the order that the laws and the desk rely on."""

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rights.deadlines import CLARIFICATION, IDENTITY, Event, Kind, due
from rights.regimes import RULES, Rule

pytestmark = pytest.mark.property

DAYS = st.dates(date(2026, 7, 1), date(2060, 12, 31))
RULE = st.sampled_from(RULES)
REASON = st.sampled_from([IDENTITY, CLARIFICATION])


@st.composite
def stories(draw: st.DrawFn) -> list[Event]:
    """A start, and questions that are answered one after the other; the last may stay open."""
    day = draw(DAYS)
    story = [Event(Kind.STARTED, day)]
    for _ in range(draw(st.integers(0, 3))):
        reason = draw(REASON)
        day += timedelta(days=draw(st.integers(0, 9)))
        story.append(Event(Kind.PAUSED, day, reason))
        day += timedelta(days=draw(st.integers(0, 60)))
        story.append(Event(Kind.RESUMED, day, reason))
    return story[:-1] if len(story) > 1 and draw(st.booleans()) else story


@settings(max_examples=300, deadline=None)
@given(RULE, stories())
def test_safe_comes_after_receipt_and_not_after_the_last_day(
    rule: Rule, story: list[Event]
) -> None:
    found = due(rule, story)

    assert story[0].on < found.safe <= found.legal
    assert found.acknowledge is None or story[0].on < found.acknowledge
    if rule.roll == "forward":
        assert rule.calendar.is_working(found.legal)
    if rule.safe == "day-before":
        assert rule.calendar.is_working(found.safe)


@settings(max_examples=200, deadline=None)
@given(st.sampled_from([rule for rule in RULES if rule.extension]), stories())
def test_more_time_only_moves_the_days_later(rule: Rule, story: list[Event]) -> None:
    plain, longer = due(rule, story), due(rule, [*story, Event(Kind.EXTENDED, story[-1].on)])

    assert plain.extend_by == plain.legal
    assert longer.legal > plain.legal
    assert longer.safe > plain.safe
    assert longer.acknowledge == plain.acknowledge


@settings(max_examples=200, deadline=None)
@given(RULE, DAYS, st.integers(1, 30))
def test_who_asks_later_is_never_due_earlier(rule: Rule, day: date, later: int) -> None:
    first, second = (
        due(rule, [Event(Kind.STARTED, one)]) for one in (day, day + timedelta(days=later))
    )

    assert first.legal <= second.legal
    assert first.safe <= second.safe


@settings(max_examples=200, deadline=None)
@given(RULE, stories(), REASON)
def test_a_question_never_brings_the_day_forward(
    rule: Rule, story: list[Event], reason: str
) -> None:
    before = due(rule, story)
    day = story[-1].on
    answered = [*story, Event(Kind.PAUSED, day, reason), Event(Kind.RESUMED, day, reason)]

    assert due(rule, answered).legal >= before.legal
    if rule.waits(reason) == "runs":
        assert due(rule, answered).legal == before.legal


@settings(max_examples=100, deadline=None)
@given(RULE, stories())
def test_it_is_a_pure_function_that_explains_itself(rule: Rule, story: list[Event]) -> None:
    found = due(rule, story)

    assert due(rule, list(story)) == found
    said = " ".join(found.derivation)
    assert said.startswith("Received ")
    for day in (found.legal, found.safe):
        assert f"{day:%A} {day.day} {day:%B %Y}" in said
    assert all(one.endswith(".") for one in found.derivation)
