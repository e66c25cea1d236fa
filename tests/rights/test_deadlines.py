"""Due dates: every vector of the law as it is counted by regulators, and the reckoning in words."""

from datetime import date

import pytest

from rights.calendars import CALENDARS, Calendar, easter
from rights.deadlines import CLARIFICATION, IDENTITY, Due, Event, Kind, due
from rights.regimes import RULES, Jurisdiction, Right, Rule, applying, rule_of

EASTER_MONDAY_ALONE = Calendar("Easter Monday", easter=(1,))


def rule(regime: str, right: str, on: str) -> Rule:
    held = [one for one in RULES if (one.regime, one.right) == (regime, right)]
    return max(
        (one for one in held if one.effective_from <= date.fromisoformat(on)),
        key=lambda one: one.effective_from,
    )


def events(received: str, *more: str) -> list[Event]:
    """`paused identity 2026-03-20` and the like, after the start."""
    found = [Event(Kind.STARTED, date.fromisoformat(received))]
    for text in more:
        kind, *reason, day = text.split()
        found.append(Event(Kind(kind), date.fromisoformat(day), "".join(reason)))
    return found


def reckon(regime: str, right: str, received: str, *more: str) -> Due:
    return due(rule(regime, right, received), events(received, *more))


ASKED = ("paused clarification 2026-03-20", "resumed clarification 2026-03-27")
PROVED = ("paused identity 2026-03-12", "resumed identity 2026-04-02")


@pytest.mark.parametrize(
    ("regime", "right", "received", "more", "legal_and_safe"),
    [
        ("gdpr", "access", "2026-01-31", (), "2026-03-02 2026-02-27"),
        ("gdpr", "access", "2028-01-31", (), "2028-02-29 2028-02-28"),
        ("gdpr", "access", "2026-03-05", (), "2026-04-07 2026-04-02"),
        ("gdpr", "erasure", "2026-08-31", (), "2026-09-30 2026-09-29"),
        ("gdpr", "access", "2026-01-31", ("extended 2026-02-20",), "2026-04-28 2026-04-27"),
        ("gdpr", "access", "2026-03-10", ASKED, "2026-04-17 2026-04-16"),
        ("gdpr", "access", "2026-03-10", PROVED, "2026-05-04 2026-04-30"),
        ("uk-gdpr", "access", "2026-09-03", (), "2026-10-05 2026-10-02"),
        ("uk-gdpr", "access", "2026-03-10", ASKED, "2026-04-20 2026-04-17"),
        ("uk-gdpr", "access", "2026-03-10", PROVED, "2026-05-05 2026-05-01"),
        ("uk-gdpr", "erasure", "2026-03-10", ASKED, "2026-04-10 2026-04-09"),
        ("ccpa", "access", "2026-01-20", (), "2026-03-06 2026-03-05"),
        ("ccpa", "access", "2026-01-20", PROVED, "2026-03-06 2026-03-05"),
        ("ccpa", "access", "2026-01-20", ("extended 2026-03-01",), "2026-04-20 2026-04-17"),
        ("ccpa", "objection", "2026-01-20", (), "2026-02-10 2026-02-09"),
        ("hipaa", "access", "2026-01-31", (), "2026-03-02 2026-03-02"),
        ("hipaa", "access", "2026-01-31", ("extended 2026-02-20",), "2026-04-01 2026-04-01"),
        ("hipaa", "access", "2026-01-31", ASKED, "2026-03-02 2026-03-02"),
        ("hipaa", "rectification", "2026-01-31", (), "2026-04-01 2026-04-01"),
        ("hipaa", "accounting", "2026-01-31", (), "2026-04-01 2026-04-01"),
        ("hipaa", "rectification", "2026-01-31", ("extended 2026-03-09",), "2026-05-01 2026-05-01"),
        ("hipaa", "accounting", "2026-01-31", ("extended 2026-03-09",), "2026-05-01 2026-05-01"),
        ("fadp", "access", "2026-01-31", (), "2026-03-02 2026-02-27"),
        ("portal", "access", "2026-01-31", (), "2026-02-28 2026-02-27"),
        ("portal", "consent", "2026-01-30", (), "2026-02-02 2026-02-02"),
    ],
)  # fmt: skip
def test_the_last_day(
    regime: str, right: str, received: str, more: tuple[str, ...], legal_and_safe: str
) -> None:
    found = reckon(regime, right, received, *more)

    assert f"{found.legal} {found.safe}" == legal_and_safe


def test_good_friday_is_worked_where_it_is_no_holiday() -> None:
    found = due(rule("gdpr", "access", "2026-03-05"), events("2026-03-05"),
                calendar=EASTER_MONDAY_ALONE)  # fmt: skip

    assert (found.legal, found.safe) == (date(2026, 4, 7), date(2026, 4, 3))


def test_receipt_is_confirmed_within_ten_working_days_in_california() -> None:
    assert reckon("ccpa", "access", "2026-01-20").acknowledge == date(2026, 2, 3)
    assert reckon("gdpr", "access", "2026-01-20").acknowledge is None


def test_a_complaint_in_the_united_kingdom_is_confirmed_since_the_law_asks_for_it() -> None:
    before = applying(Right.COMPLAINT, Jurisdiction.UK, date(2026, 6, 18))
    since = applying(Right.COMPLAINT, Jurisdiction.UK, date(2026, 6, 19))

    assert [one.regime for one in before] == ["portal"]
    assert [one.cite for one in since] == ["Data Protection Act 2018 s.164A"]
    assert due(since[0], events("2026-06-19")).acknowledge == date(2026, 7, 19)


@pytest.mark.parametrize(
    ("right", "place", "regimes"),
    [
        ("access", "eu", ["gdpr"]),
        ("access", "switzerland", ["fadp"]),
        ("access", "uk", ["uk-gdpr"]),
        ("access", "california", ["ccpa", "hipaa"]),
        ("erasure", "california", ["ccpa"]),
        ("erasure", "other-us", ["portal"]),
        ("accounting", "other-us", ["hipaa"]),
        ("complaint", "eu", ["portal"]),
        ("access", "elsewhere", ["portal"]),
        ("consent", "eu", ["portal"]),
    ],
)
def test_which_laws_judge_a_request(right: str, place: str, regimes: list[str]) -> None:
    found = applying(Right(right), Jurisdiction(place), date(2026, 11, 23))

    assert [one.regime for one in found] == regimes


def test_every_right_has_a_clock_everywhere() -> None:
    for right in Right:
        for place in Jurisdiction:
            assert applying(right, place, date(2026, 11, 23))
    with pytest.raises(LookupError):
        applying(Right.ACCESS, Jurisdiction.EU, date(2018, 5, 24))


def test_a_request_keeps_the_rule_it_began_with() -> None:
    before, since = (
        applying(Right.ACCESS, Jurisdiction.UK, day)[0]
        for day in (date(2026, 2, 4), date(2026, 2, 5))
    )

    assert before.version != since.version
    assert rule_of(before.version) == before
    with pytest.raises(KeyError):
        rule_of("gdpr/access/1999-01-01")


@pytest.mark.parametrize(
    ("regime", "right", "received", "more", "words"),
    [
        (
            "gdpr", "access", "2026-01-31", (),
            ("Received 31 January 2026. "
            "One month later is 28 February, a Saturday, so it moves to Monday 2 March 2026. "
            "To be safe we work to Friday 27 February 2026."),
        ),
        (
            "uk-gdpr", "access", "2026-03-10", ASKED,
            ("Received 10 March 2026. We asked you what exactly you want on 20 March 2026, and you "
            "answered on 27 March 2026. The days between do not count. One month and 8 days later "
            "is 18 April, a Saturday, so it moves to Monday 20 April 2026. "
            "To be safe we work to Friday 17 April 2026."),
        ),
        (
            "uk-gdpr", "access", "2026-03-10", PROVED,
            ("Received 10 March 2026. We asked you to show who you are on 12 March 2026, and you "
            "answered on 2 April 2026. So the time begins on 2 April 2026. One month later is "
            "2 May, a Saturday, so it moves to Tuesday 5 May 2026. "
            "To be safe we work to Friday 1 May 2026."),
        ),
        (
            "ccpa", "access", "2026-01-20", (PROVED[0], "extended 2026-03-02"),
            ("Received 20 January 2026. We asked you to show who you are on 12 March 2026. This rule "
            "does not stop the clock for that. We told you on 2 March 2026 that we need 45 days "
            "more. 45 days and 45 more days later is Monday 20 April 2026. "
            "To be safe we work to Friday 17 April 2026. "
            "We confirm that we have it by Tuesday 3 February 2026."),
        ),
        (
            "portal", "complaint", "2026-11-25", (),
            ("Received 25 November 2026. One month later is Friday 25 December 2026. The law names "
            "no number of days for this; this limit is our own. "
            "To be safe we work to Wednesday 23 December 2026."),
        ),
        (
            "gdpr", "access", "2026-11-25", ("paused identity 2026-11-30",),
            ("Received 25 November 2026. We asked you to show who you are on 30 November 2026. The "
            "time that you take to answer will be added. One month later is 25 December, a holiday, "
            "so it moves to Monday 28 December 2026. "
            "To be safe we work to Wednesday 23 December 2026."),
        ),
    ],
)  # fmt: skip
def test_the_reckoning_in_words(
    regime: str, right: str, received: str, more: tuple[str, ...], words: str
) -> None:
    assert " ".join(reckon(regime, right, received, *more).derivation) == words


def test_more_time_is_told_by_the_last_day_and_only_once() -> None:
    fresh = reckon("uk-gdpr", "access", "2026-03-10", *ASKED)
    later = reckon("uk-gdpr", "access", "2026-03-10", *ASKED, "extended 2026-04-01")

    assert fresh.extend_by == fresh.legal == date(2026, 4, 20)
    assert later.extend_by is None
    assert later.legal == date(2026, 6, 18)
    with pytest.raises(ValueError, match="knows no extension"):
        reckon("ccpa", "objection", "2026-01-20", "extended 2026-01-21")
    with pytest.raises(ValueError, match="never started"):
        due(rule("gdpr", "access", "2026-01-31"), [])


def test_an_open_question_is_told_only_where_it_stops_the_clock() -> None:
    assert reckon("gdpr", "access", "2026-03-10", PROVED[0]).paused_since == date(2026, 3, 12)
    assert reckon("gdpr", "access", "2026-03-10", *PROVED).paused_since is None
    assert reckon("gdpr", "erasure", "2026-03-10", ASKED[0]).paused_since is None
    assert reckon("hipaa", "access", "2026-03-10", PROVED[0]).paused_since is None


@pytest.mark.parametrize("regime", ["gdpr", "uk-gdpr", "hipaa"])
def test_a_question_that_is_dropped_moves_nothing(regime: str) -> None:
    dropped = (PROVED[0], "dropped identity 2026-03-20")
    plain, without = (reckon(regime, "access", "2026-03-10", *more) for more in ((), dropped))
    assert (without.legal, without.safe, without.paused_since) == (plain.legal, plain.safe, None)
    assert not any("you answered" in one or "will be added" in one for one in without.derivation)
    again = reckon("gdpr", "access", "2026-03-10", *dropped, "paused identity 2026-03-22")
    assert again.paused_since == date(2026, 3, 22)


def test_two_questions_at_once_count_each_day_once() -> None:
    both = reckon("gdpr", "access", "2026-03-10", "paused identity 2026-03-20",
                  "paused clarification 2026-03-22", "resumed identity 2026-03-25",
                  "resumed clarification 2026-03-27")  # fmt: skip

    assert both.legal == date(2026, 4, 17)
    assert {IDENTITY, CLARIFICATION} == {"identity", "clarification"}


@pytest.mark.parametrize(
    ("year", "sunday"),
    [(1961, (4, 2)), (2024, (3, 31)), (2026, (4, 5)), (2027, (3, 28)), (2038, (4, 25)), (2285, (3, 22))],
)  # fmt: skip
def test_easter(year: int, sunday: tuple[int, int]) -> None:
    assert easter(year) == date(year, *sunday)


@pytest.mark.parametrize(
    ("calendar", "year", "holidays"),
    [
        ("england-and-wales", 2026, "0101 0403 0406 0504 0525 0831 1225 1228"),
        ("england-and-wales", 2022, "0103 0415 0418 0502 0602 0603 0829 0919 1226 1227"),
        ("england-and-wales", 2021, "0101 0402 0405 0503 0531 0830 1227 1228"),
        ("us-federal", 2026, "0101 0119 0216 0525 0619 0703 0907 1012 1111 1126 1225"),
        ("us-federal", 2021, "0101 0118 0215 0531 0618 0705 0906 1011 1111 1125 1224 1231"),
        ("eu", 2026, "0101 0406 0501 1225"),
    ],
)
def test_holidays_on_weekdays(calendar: str, year: int, holidays: str) -> None:
    days = [date.fromordinal(date(year, 1, 1).toordinal() + number) for number in range(365)]
    found = [
        f"{day:%m%d}" for day in days if day.weekday() < 5 and CALENDARS[calendar].is_holiday(day)
    ]

    # In 2022 the spring bank holiday was moved from 30 May to 2 June; both are kept.
    assert [one for one in found if (year, one) != (2022, "0530")] == holidays.split()
