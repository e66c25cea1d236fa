"""The codes that people choose from, in plain words; the data file says where they come from."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from phr.display.words import each, one

_FILE: Final = Path(__file__).parents[2] / "data" / "value_sets.toml"
_DATA: Final = tomllib.loads(_FILE.read_text("utf-8"))


@dataclass(frozen=True, slots=True)
class ValueSet:
    """A FHIR ValueSet as it is offered: `codes` in their order, each with its words."""

    system: str
    codes: Mapping[str, str]

    def choices(self, empty: str = "") -> list[tuple[str, str]]:
        """Choices for a field; `empty` are the words of choosing none, "" when one must choose."""
        return [*([("", empty)] if empty else []), *self.codes.items()]

    def concept(self, code: str) -> dict[str, Any]:
        """A CodeableConcept of one of the codes."""
        return {"coding": [{"system": self.system, "code": code}]}

    def known(self, code: object) -> str:
        """The code, "" when it is not one that is offered."""
        return code if isinstance(code, str) and code in self.codes else ""

    def code_in(self, concept: object) -> str:
        """The code of this set in a CodeableConcept, "" when it has none that is offered."""
        for coding in each(one(concept).get("coding")):
            if coding.get("system") == self.system and (code := self.known(coding.get("code"))):
                return code
        return ""

    def named(self, text: str) -> dict[str, Any]:
        """A CodeableConcept of these words, coded where they are the words of a code."""
        for code, words in self.codes.items():
            if words.casefold() == text.casefold():
                return {**self.concept(code), "text": words}
        return {"text": text}


def value_set(name: str) -> ValueSet:
    """The value set of this name in the data file."""
    return ValueSet(_DATA[name]["system"], _DATA[name]["codes"])
