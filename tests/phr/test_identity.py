"""Whether two descriptions are of one person, and whether a file is about two."""

from dataclasses import replace

import pytest

from phr.formats.parsed import Output, Parsed, Person, Refused
from phr.identity import MOST_PEOPLE, MOST_SUBJECTS, TWO_PEOPLE, Crowd, Match, compare

ALICE = Person(("Alice Archer",), "1963-04-18")


@pytest.mark.parametrize(
    ("name", "born", "match"),
    [
        ("Alice Archer", "1963-04-18", Match.SAME),
        ("ARCHER, Alice", None, Match.SAME),
        ("Álicè Ärcher", "1963", Match.SAME),
        ("Dr. Alice Mary Archer", "1963-04", Match.SAME),
        ("A. Archer", None, Match.SAME),
        ("Alice M. Smith-Archer", None, Match.SAME),
        ("Alice Archer", "1963-04-19", Match.DIFFERS),
        ("Alice Archer", "1964", Match.DIFFERS),
        ("Alicia Archer", None, Match.DIFFERS),
        ("Alice Clark", "1963-04-18", Match.DIFFERS),
        ("Bob Brown", None, Match.DIFFERS),
        ("Bob Brown", "1963-04-18", Match.DIFFERS),
        ("Alice", None, Match.UNKNOWN),
        ("A. A.", None, Match.UNKNOWN),
        ("", None, Match.UNKNOWN),
        ("", "1963-04-18", Match.SAME),
        ("", "1963-04-17", Match.DIFFERS),
        ("1234 / 5678", None, Match.UNKNOWN),
    ],
)
def test_a_file_s_person_beside_the_owner(name: str, born: str | None, match: Match) -> None:
    assert compare(Person((name,), born), ALICE) is match


@pytest.mark.parametrize(
    ("one", "other", "born", "match"),
    [
        ("Jürgen Groß", "Juergen Gross", None, Match.SAME),
        ("Søren Łukasz", "Soren Lukasz", None, Match.SAME),
        ("山田 太郎", "山田 太郎", None, Match.SAME),
        ("Maria Anna Huber", "Maria Theresia Huber", None, Match.DIFFERS),
        ("Maria Anna Huber", "Maria Theresia Huber", "1950-01-01", Match.DIFFERS),
        ("Maria Huber", "Maria Theresia Huber", "1950-01-01", Match.SAME),
        ("Monika Müller Łuczak", "Erika Müller-Łuczak", "1980-02-29", Match.DIFFERS),
        ("María García López", "Ana García López", "1980-02-29", Match.DIFFERS),
        ("John A. Smith", "James A. Smith", "1980-02-29", Match.DIFFERS),
        ("John A. Smith", "John B. Smith", "1980-02-29", Match.DIFFERS),
        ("Monika E. Müller", "Erika Müller", "1980-02-29", Match.DIFFERS),
        ("John A. Smith", "SMITH, John Adam", "1980-02-29", Match.SAME),
        ("李 明", "李 明", None, Match.SAME),
        ("李 明", "李 红", "1980-02-29", Match.DIFFERS),
    ],
)
def test_names_of_many_kinds(one: str, other: str, born: str | None, match: Match) -> None:
    assert compare(Person((one,), born), Person((other,), born)) is match
    assert compare(Person((other,), born), Person((one,), born)) is match


def test_one_of_several_names_is_enough() -> None:
    assert compare(Person(("Alice Brown", "Alice Archer")), ALICE) is Match.SAME


def about(subject: str) -> Parsed:
    return Parsed("Condition", "", None, (), None, "", (), "", b"", subject=subject)


def crowd_of(*seen: Output) -> Crowd:
    crowd = Crowd()
    for one in seen:
        crowd.see(one)
    return crowd


def in_words(name: str, *links: str) -> Person:
    return Person((name,), links=links, in_words=True)


def test_resources_about_two_people_are_refused() -> None:
    crowd = Crowd()
    for one in (
        Person(("Ada One",), "1980-01-01", links=("urn:uuid:1", "Patient/1")),
        about("Patient/1"),
        Person(("Ben Two",), "1980-01-01", links=("Patient/2",)),
        about("Patient/2"),
    ):
        crowd.see(one)

    with pytest.raises(Refused, match="two different people") as refused:
        crowd.about()
    assert refused.value.sentence == TWO_PEOPLE


def test_twins_are_two_people() -> None:
    crowd = Crowd()
    for one in (
        Person(("Erika Müller Łuczak",), "1980-02-29", links=("Patient/1",)),
        Person(("Monika Müller Łuczak",), "1980-02-29", links=("Patient/2",)),
        about("Patient/1"),
        about("Patient/2"),
    ):
        crowd.see(one)

    with pytest.raises(Refused, match="two different people"):
        crowd.about()


def test_a_mother_whom_nothing_is_about_does_not_count() -> None:
    crowd = Crowd()
    for one in (
        Person(("Baby One",), "2025-01-01", links=("Patient/1",)),
        Person(("Ada One",), "1990-01-01", links=("Patient/2",)),
        about("Patient/1"),
    ):
        crowd.see(one)

    assert crowd.about() == [Person(("Baby One",), "2025-01-01")]


def test_the_same_person_from_two_systems_is_one() -> None:
    crowd = Crowd()
    for one in (
        Person(("Ada One",), "1980-01-01", links=("Patient/1",)),
        Person(("Ada B. One",), "1980", links=("Patient/2",)),
        about("Patient/1"),
        about("Patient/2"),
    ):
        crowd.see(one)

    assert len(crowd.about()) == 2


def test_nobody_is_named() -> None:
    crowd = Crowd()
    crowd.see(about("Patient/1"))

    assert crowd.about() == []


def test_more_people_than_can_be_told_apart_are_refused() -> None:
    crowd = Crowd()
    for number in range(MOST_PEOPLE):
        crowd.see(Person((f"Name {number}",), links=(f"Patient/{number}",)))

    with pytest.raises(Refused):
        crowd.see(Person(("One more",)))


ADA = Person(("Ada One",), "1980-01-01", links=("https://one.example.org/Patient/1", "Patient/1"))
BEN = Person(("Ben Two",), "1950-01-01", links=("Patient/2",))


def test_two_patients_and_nothing_else_are_two_people() -> None:
    with pytest.raises(Refused, match="two different people"):
        crowd_of(ADA, BEN).about()


@pytest.mark.parametrize(
    ("seen", "several"),
    [
        ((ADA, about("Patient/1")), False),
        ((ADA, about("Patient/1"), about("https://one.example.org/Patient/1/_history/3")), False),
        ((ADA, about("Patient/1"), about("https://two.example.org/Patient/1")), True),
        ((ADA, about("Patient/1"), about("Patient/2")), True),
        ((ADA, about("Patient/2")), True),
        ((about("Patient/2"), ADA), True),
        ((ADA, about("Patient/1"), about("Group/2")), False),
        ((ADA, about("Patient/1"), about("urn:uuid:2")), True),
        ((about("Patient/1"), about("https://one.example.org/Patient/1")), False),
        ((about("Patient/1"), about("Patient/2")), True),
        ((about("https://one.example.org/Patient/1"), about("urn:uuid:2")), True),
        ((Person(("Ada One",)), about("Patient/2")), False),
        ((Person(("Ada One",)), about("Patient/2"), about("Patient/3")), True),
        ((ADA, about("Patient/1"), Person((), links=("Patient/2",)), about("Patient/2")), True),
        ((Person((), links=("urn:uuid:1", "Patient/1")), *map(about, ("Patient/1", "urn:uuid:1"))),
         False),
    ],
)  # fmt: skip
def test_references_to_more_than_one_person(seen: tuple[Output, ...], several: bool) -> None:
    assert crowd_of(*seen).several() is several


def called(*links: str, by: tuple[str, ...] = ()) -> Person:
    return Person((), identifiers=by, links=links, in_words=True)


MINE = called(by=("urn:mrn|MINE-1",))
OTHER = called(by=("urn:mrn|OTHER-2",))
AMY = Person(("Amy One",), identifiers=("urn:mrn|MINE-1", "urn:other|7"), links=("Patient/1",))
UNPLACED = replace(AMY, links=())
NAMELESS = replace(AMY, names=())


@pytest.mark.parametrize(
    ("seen", "several"),
    [
        ((AMY, about("Patient/1"), MINE), False),
        ((MINE, AMY), False),
        ((AMY, about("Patient/1"), called(by=("|MINE-1",))), False),
        ((AMY, about("Patient/1"), called(by=("urn:gone|1", "urn:other|7"))), False),
        ((AMY, about("Patient/1"), OTHER), True),
        ((AMY, about("Patient/1"), called(by=("urn:other|MINE-1",))), True),
        ((AMY, about("Patient/1"), called(by=("|OTHER-2",))), True),
        ((OTHER, AMY), True),
        ((UNPLACED, OTHER), True),
        ((UNPLACED, MINE, about("Patient/2")), False),
        ((Person(("Amy One",)), OTHER), False),
        ((Person(("Amy One",)), OTHER, MINE), True),
        ((OTHER,), False),
        ((OTHER, OTHER), False),
        ((OTHER, MINE), True),
        ((about("Patient/1"), OTHER), True),
        ((NAMELESS, about("Patient/1"), MINE), False),
        ((NAMELESS, about("Patient/1"), OTHER), True),
        ((AMY, about("Patient/1"), called("Patient/2")), True),
        ((AMY, called("Patient/2")), True),
        ((AMY, about("Patient/1"), called("Patient/1")), False),
    ],
)
def test_identifiers_of_more_than_one_person(seen: tuple[Output, ...], several: bool) -> None:
    assert crowd_of(*seen).several() is several


def test_two_patients_of_whom_one_is_known_by_an_identifier_are_two_people() -> None:
    ben = replace(BEN, identifiers=("urn:mrn|OTHER-2",))
    assert crowd_of(AMY, ben, about("Patient/1"), MINE).about() == [
        replace(AMY, links=(), identifiers=())
    ]

    with pytest.raises(Refused, match="two different people"):
        crowd_of(AMY, ben, about("Patient/1"), OTHER).about()


def test_a_mother_who_takes_part_is_asked_about_and_not_refused() -> None:
    crowd = crowd_of(AMY, BEN, about("Patient/1"), called("Patient/1"), called("Patient/2"))

    assert crowd.several() is True
    assert [one.names for one in crowd.about()] == [("Amy One",)]


def test_more_identifiers_than_anybody_has_are_refused() -> None:
    crowd = crowd_of(*(called(by=(f"urn:mrn|{number}",)) for number in range(MOST_SUBJECTS)))

    with pytest.raises(Refused):
        crowd.see(OTHER)


def test_who_else_takes_part_is_not_whom_it_is_about() -> None:
    nurse = replace(about(""), resource_type="Practitioner", links=("urn:uuid:7",))
    seen = (AMY, about("Patient/1"), called("urn:uuid:7"), in_words("Zoe", "urn:uuid:7"), nurse)

    crowd = crowd_of(*seen)

    assert crowd.several() is False
    assert [one.names for one in crowd.about()] == [("Amy One",)]


def test_a_device_is_no_person() -> None:
    pump = replace(about(""), resource_type="Device", links=("urn:uuid:7",))
    seen = (ADA, about("Patient/1"), about("urn:uuid:7"), in_words("Pump", "urn:uuid:7"), pump)

    crowd = crowd_of(*seen)

    assert crowd.several() is False
    assert crowd.about() == [Person(("Ada One",), "1980-01-01")]


def test_who_is_named_in_words_alone_is_asked_about() -> None:
    otto = in_words("Otto Schmidt", "Patient/9")

    assert crowd_of(about("Patient/9"), otto).about() == [Person(("Otto Schmidt",))]
    known = crowd_of(ADA, about("Patient/1"), in_words("Otto Schmidt"), in_words("ONE, Ada"))
    assert [one.names for one in known.about()] == [("Ada One",), ("Otto Schmidt",)]
    assert compare(Person(("Patient 12",)), ALICE) is Match.UNKNOWN
