"""Whether a file is about the person whose record it is to join: a wrong patient is the worst error.

Names are compared without accents, case, order and titles; one side may leave middle names out or
write initials. Who only has the same name is not asked about, whose birth date differs always is.
Twins share the day and every name but one, so where each side has a name that the other has not it
is asked, whatever the day.
"""

import re
import unicodedata
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from itertools import combinations

from phr.formats.parsed import Output, Parsed, Person, Refused
from phr.formats.restored import Made
from phr.formats.subjects import may_be_person

TWO_PEOPLE = (
    "This file is about two different people. A record is about one person, so nothing was added."
)
MOST_PEOPLE = 100
MOST_SUBJECTS = 10_000
# What else than a patient a resource may be about, or name among those who take part.
_THINGS = frozenset((
    "Device", "Group", "HealthcareService", "Location", "Organization", "Practitioner",
    "PractitionerRole", "RelatedPerson", "Substance",
))  # fmt: skip
_TITLES = frozenset(
    ("dr", "herr", "frau", "mr", "mrs", "ms", "miss", "mx", "prof", "sir", "patient")
)
# Letters that are not made of a letter and an accent.
_LETTERS = str.maketrans({"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "a", "œ": "o"})
# From here on Unicode has the signs of Korean, Japanese and Chinese.
_SIGNS_BEGIN = "\u1100"
# Pairs often written for an umlaut.
_PAIRS = re.compile("(?<=[aou])e|(?<=a)a")


class Match(StrEnum):
    """How well two descriptions of a person agree."""

    SAME = "same"
    UNKNOWN = "unknown"
    DIFFERS = "differs"


def compare(person: Person, owner: Person) -> Match:
    """Whether the file's person is the record's owner, as far as names and birth dates tell."""
    born = _dates(person.birth_date, owner.birth_date)
    named = _any_name(person.names, owner.names)
    if Match.DIFFERS in (born, named):
        return Match.DIFFERS
    return Match.SAME if Match.SAME in (born, named) else Match.UNKNOWN


def differs(people: Iterable[Person], owner: Person) -> bool:
    """Whether any of them looks like somebody else than the owner."""
    return any(compare(person, owner) is Match.DIFFERS for person in people)


def _dates(one: str | None, other: str | None) -> Match:
    """FHIR dates, which may be a year or a month only: as far as both go."""
    if not one or not other:
        return Match.UNKNOWN
    shorter = min(len(one), len(other))
    return Match.SAME if one[:shorter] == other[:shorter] else Match.DIFFERS


def _any_name(ones: Iterable[str], others: Iterable[str]) -> Match:
    found = {
        _names(parts(one), parts(other))
        for one in ones
        for other in others
        if parts(one) and parts(other)
    }
    for match in (Match.SAME, Match.UNKNOWN, Match.DIFFERS):
        if match in found:
            return match
    return Match.UNKNOWN


def parts(name: str) -> tuple[str, ...]:
    """The words of a name, folded: "Dr. José MÜLLER" gives ("jose", "muller")."""
    plain = unicodedata.normalize("NFKD", name.casefold())
    letters = "".join(one for one in plain if not unicodedata.combining(one)).translate(_LETTERS)
    found = (_PAIRS.sub("", word) for word in re.findall(r"[^\W\d_]+", letters))
    return tuple(word for word in found if word not in _TITLES)


def _names(one: tuple[str, ...], other: tuple[str, ...]) -> Match:
    fewer, more = sorted((one, other), key=len)
    ones, others = ({word for word in each if not _is_initial(word)} for each in (one, other))
    whole = ones & others
    if ones - whole and others - whole:
        return Match.DIFFERS
    left = list(more)
    for word in sorted(fewer, key=len, reverse=True):
        fit = next((each for each in left if each == word), None)
        fit = fit or next((each for each in left if _initial(word, each)), None)
        if fit is None:
            return Match.DIFFERS
        left.remove(fit)
    if not whole:
        return Match.UNKNOWN
    return Match.SAME if len(fewer) > 1 else Match.UNKNOWN


def _is_initial(word: str) -> bool:
    """Whether it is one letter, and not a whole name as one sign of Chinese is."""
    return len(word) == 1 and word < _SIGNS_BEGIN


def _initial(one: str, other: str) -> bool:
    """Whether one is the first letter of the other."""
    return 1 in (len(one), len(other)) and one[:1] == other[:1]


@dataclass(frozen=True, slots=True)
class _Known:
    """One person a file names; who has neither name nor birth date is known by one of the links."""

    names: tuple[str, ...]
    birth_date: str | None
    link: str = ""


class Crowd:
    """The people a file names while it is read, and which of them its resources are about."""

    def __init__(self) -> None:
        self._people: dict[_Known, set[str]] = {}
        self._numbers: dict[_Known, set[str]] = {}
        self._in_words: dict[tuple[str, ...], tuple[str, set[str]]] = {}
        self._subjects: set[str] = set()
        self._taking_part: set[str] = set()
        self._numbered: set[tuple[str, ...]] = set()
        self._things: set[str] = set()
        self._gathered = False

    def see(self, item: Output) -> None:
        """Take in one output of the box. Raises Refused when it names too many people."""
        if isinstance(item, Person):
            self._meet(item)
        elif isinstance(item, Made):
            self._gathered = True
        elif isinstance(item, Parsed):
            if item.subject:
                self._subjects.add(item.subject)
            if item.resource_type in _THINGS and len(self._things) < MOST_SUBJECTS:
                self._things.update(item.links)
        named = (len(self._subjects), len(self._taking_part), len(self._numbered))
        if max(named) > MOST_SUBJECTS:
            raise Refused(TWO_PEOPLE)

    def _meet(self, item: Person) -> None:
        links = set(item.links) or {""}
        if item.in_words and not item.names:
            self._taking_part.update(item.links)
            self._numbered.update([item.identifiers] if item.identifiers else [])
        elif item.in_words:
            words = parts(item.names[0])
            self._in_words.setdefault(words, (item.names[0], set()))[1].update(links)
        else:
            nameless = not item.names and not item.birth_date
            link = min(links) if nameless else ""
            known = _Known(item.names, item.birth_date, link)
            self._people.setdefault(known, set()).update(links)
            self._numbers.setdefault(known, set()).update(_each_way(item.identifiers))
        if max(len(self._people), len(self._in_words)) > MOST_PEOPLE:
            raise Refused(TWO_PEOPLE)

    def owner(self) -> list[str]:
        """What the file calls the person it is about, as far as it says who that is."""
        links = {link for found in self._people.values() for link in found} & self._subjects
        every = {link for found in self._people.values() if found & links for link in found}
        linked = any(found - {""} for found in self._people.values())
        alone = self._subjects if len(self._subjects) == 1 and not linked else set()
        return sorted(every | {name for name in alone if may_be_person(name)})

    def about(self) -> list[Person]:
        """Whom the resources are about. Raises Refused when these are two different people.

        Somebody whom nothing refers to, such as the mother of a newborn, does not count, unless
        there is nobody else.
        """
        everybody = [Person(one.names, one.birth_date) for one in self._people]
        if self._gathered:
            # Her record may hold what knows her by another name: said yes to once, asked again.
            return everybody
        numbered = {number for numbers in self._numbered for number in numbers}
        named = [
            Person(one.names, one.birth_date)
            for one, links in self._people.items()
            if "" in links or links & self._subjects or self._numbers[one] & numbered
        ]
        found = named or everybody
        if _two(found):
            raise Refused(TWO_PEOPLE)
        return [*found, *self._others(found)]

    def _others(self, found: list[Person]) -> list[Person]:
        """Whom the file names in words only, unless one of those who were `found` is meant."""
        named = [Person((name,)) for name, links in self._in_words.values() if links - self._things]
        return [
            one for one in named
            if not found or all(compare(one, each) is Match.DIFFERS for each in found)
        ]  # fmt: skip

    def several(self) -> bool:
        """Whether resources are about more than one person as far as references and numbers tell.

        Of at least one of them the file has no Patient, so that nobody can tell who it is, or two
        who differ take part. One Patient without any address is whom the only reference means.
        """
        named = self._subjects | self._taking_part
        whole = {*named, *(link for links in self._people.values() for link in links)}
        key = _one_address(whole)
        groups = {key(link): who for who, links in self._people.items() for link in links if link}
        told = {who for who in self._people if not who.link and (who.names or who.birth_date)}
        about = {
            groups.get(key(name)) or key(name)
            for name in named - self._things
            if may_be_person(name)
        }
        by_number = self._by_number() - told
        unknown = (about - told) | by_number
        if self._gathered:
            return False
        if not unknown:
            return _two(who for who in told if who in about)
        placed = any(
            self._people[who] - {""} or (by_number and self._numbers[who]) for who in told
        )  # fmt: skip
        return len(unknown) + placed > 1

    def _by_number(self) -> set[_Known | tuple[str, ...]]:
        """Those who are referred to by an identifier: the Patient who has it, else the identifier."""
        whose = {number: who for who, numbers in self._numbers.items() for number in numbers}
        return {
            next((whose[number] for number in numbers if number in whose), numbers)
            for numbers in self._numbered
        }


def _two(people: Iterable[Person | _Known]) -> bool:
    """Whether two of them differ, as a mother who takes part in what is about her child."""
    found = [Person(one.names, one.birth_date) for one in people]
    return any(compare(one, other) is Match.DIFFERS for one, other in combinations(found, 2))


def _each_way(identifiers: Iterable[str]) -> Iterable[str]:
    """Each as `system|value`, and as `|value`, which is how a system is left unsaid."""
    return {way for one in identifiers for way in (one, f"|{one.partition('|')[2]}")}


def _one_address(names: Iterable[str]) -> Callable[[str], str]:
    """How a Patient is called, whether by `Patient/1` or by its only absolute address.

    FHIR R4 references, section 2.3.0.1: versions of a resource are the resource.
    """
    servers: dict[str, set[str]] = {}
    for name in names:
        whole = name.partition("/_history/")[0]
        if "://" in whole:
            servers.setdefault("/".join(whole.rsplit("/", 2)[1:]), set()).add(whole)

    def key(name: str) -> str:
        whole = name.partition("/_history/")[0]
        short = "/".join(whole.rsplit("/", 2)[1:]) if "://" in whole else whole
        return whole if len(servers.get(short, ())) > 1 else short

    return key
