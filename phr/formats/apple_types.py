"""What Apple's measurements are called in LOINC and their units in UCUM.

Source: Apple HealthKit `HKQuantityTypeIdentifier`; FHIR R4 vital signs profiles
(https://hl7.org/fhir/R4/observation-vitalsigns.html); UCUM 2.1. What is not listed keeps Apple's
own identifier and unit.
"""

import re

LOINC = "http://loinc.org"
UCUM = "http://unitsofmeasure.org"
APPLE = "http://developer.apple.com/documentation/healthkit"

SYSTOLIC = "HKQuantityTypeIdentifierBloodPressureSystolic"
DIASTOLIC = "HKQuantityTypeIdentifierBloodPressureDiastolic"
PRESSURES = {SYSTOLIC: "8480-6", DIASTOLIC: "8462-4"}
BLOOD_PRESSURE = "85354-9"

_PREFIX = "HKQuantityTypeIdentifier"
_TYPE = re.compile(r"HK(?:Quantity|Category|Data)Type(?:Identifier)?([A-Z][A-Za-z0-9]{0,60})")
_WORD = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")

# The LOINC codes of each type, and the shelf it belongs on (FHIR R4 observation-category).
_CODES = {
    "HeartRate": ("8867-4", "vital-signs"),
    "RestingHeartRate": ("40443-4", "vital-signs"),
    "RespiratoryRate": ("9279-1", "vital-signs"),
    "OxygenSaturation": ("2708-6 59408-5", "vital-signs"),
    "BodyTemperature": ("8310-5", "vital-signs"),
    "BodyMass": ("29463-7", "vital-signs"),
    "Height": ("8302-2", "vital-signs"),
    "BodyMassIndex": ("39156-5", "vital-signs"),
    "BodyFatPercentage": ("41982-0", "vital-signs"),
    "WaistCircumference": ("8280-0", "vital-signs"),
    "HeartRateVariabilitySDNN": ("80404-7", "vital-signs"),
    "BloodGlucose": ("", "laboratory"),
    "StepCount": ("55423-8", "activity"),
}
# Glucose has one code by mass and one by substance.
_GLUCOSE = {"mg/dL": "2339-0", "mmol/L": "15074-8"}

# Measured now and then, so that each measurement matters by itself.
SINGLE = frozenset(
    _PREFIX + name
    for name in (
        "BodyMass", "Height", "BodyMassIndex", "BodyFatPercentage", "LeanBodyMass",
        "WaistCircumference", "BodyTemperature", "BloodGlucose",
    )
)  # fmt: skip
# HealthKit's cumulative types: parts of a day add up.
_COUNTED = re.compile(
    _PREFIX + r"(StepCount|PushCount|SwimmingStrokeCount|FlightsClimbed|Distance\w+|Dietary\w+"
    r"|(Active|Basal)EnergyBurned|AppleExerciseTime|AppleStandTime|AppleMoveTime|NikeFuel"
    r"|NumberOfTimesFallen|NumberOfAlcoholicBeverages|InhalerUsage|InsulinDelivery"
    r"|TimeInDaylight)"
)

_UNITS = {
    "count": "{count}", "count/min": "/min", "count/s": "/s", "%": "%",
    "kg": "kg", "g": "g", "mg": "mg", "mcg": "ug", "lb": "[lb_av]", "oz": "[oz_av]",
    "st": "[stone_av]",
    "km": "km", "m": "m", "cm": "cm", "mm": "mm", "mi": "[mi_i]", "ft": "[ft_i]", "in": "[in_i]",
    "yd": "[yd_i]", "degC": "Cel", "degF": "[degF]", "mmHg": "mm[Hg]", "kPa": "kPa",
    "mg/dL": "mg/dL", "mmol/L": "mmol/L", "kcal": "kcal", "Cal": "kcal", "cal": "cal", "kJ": "kJ",
    "hr": "h", "min": "min", "s": "s", "ms": "ms", "mL": "mL", "L": "L", "L/min": "L/min",
    "mL/min·kg": "mL/(min.kg)", "m/s": "m/s", "km/hr": "km/h", "mi/hr": "[mi_i]/h", "W": "W",
    "fl_oz_us": "[foz_us]", "IU": "[iU]", "dBASPL": "dB[SPL]", "kcal/hr·kg": "kcal/(h.kg)",
}  # fmt: skip
_MOLES = re.compile(r"mmol<[\d.]+>/L")


def known(identifier: str) -> bool:
    """Whether this is shaped like one of Apple's type identifiers."""
    return _TYPE.fullmatch(identifier) is not None


def words(identifier: str) -> str:
    """ "HKQuantityTypeIdentifierBodyMass" as "Body mass"."""
    found = _TYPE.fullmatch(identifier)
    first, *others = _WORD.split(found[1] if found else identifier)
    return " ".join([first, *(o if o[1:2].isupper() else o.lower() for o in others)])


def counted(identifier: str) -> bool:
    """Whether the parts of a day add up, as steps do."""
    return _COUNTED.fullmatch(identifier) is not None


def codes(identifier: str, unit: str) -> tuple[str, ...]:
    """The LOINC codes of a type, the one FHIR names first; none where there is none."""
    name = identifier.removeprefix(_PREFIX)
    if name == "BloodGlucose":
        return (_GLUCOSE[unit],) if unit in _GLUCOSE else ()
    return tuple(_CODES.get(name, ("", ""))[0].split())


def category(identifier: str) -> str:
    """The FHIR R4 observation-category of a type."""
    return _CODES.get(identifier.removeprefix(_PREFIX), ("", "activity"))[1]


def plain(unit: str) -> str:
    """Apple's unit without the molar mass it writes into it."""
    return "mmol/L" if _MOLES.fullmatch(unit) else unit


def ucum(unit: str) -> str:
    """The unit in UCUM, "" where it is not known."""
    return _UNITS.get(unit, "")
