"""What people measure: its LOINC code, its UCUM unit, and what is possible and usual in it."""

import tomllib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

LOINC: Final = "http://loinc.org"
UCUM: Final = "http://unitsofmeasure.org"
CATEGORY: Final = "http://terminology.hl7.org/CodeSystem/observation-category"
# Blood pressure panel and its parts: FHIR R4 vital signs, `bp`; both ends are inclusive, in mmHg.
PRESSURE, SYSTOLIC, DIASTOLIC = "85354-9", "8480-6", "8462-4"
POSSIBLE_PRESSURE: Final = {"upper": (20, 400), "lower": (5, 300)}

_FILE: Final = Path(__file__).parents[1] / "data" / "value_sets.toml"


@dataclass(frozen=True, slots=True)
class Measurement:
    """Something that is measured: its LOINC code, its UCUM unit, what is possible and usual in it."""

    key: str
    name: str
    code: str
    display: str
    unit: str
    ucum: str
    possible: tuple[float, float]
    usual: tuple[float, float]
    category: str = "vital-signs"


@cache
def measurements() -> dict[str, Measurement]:
    """By their key, in the order they are offered."""
    tables = tomllib.loads(_FILE.read_text("utf-8"))["measurements"]
    return {each["key"]: Measurement(**each) for each in tables}
