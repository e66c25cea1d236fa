"""Apple Health exports of any size, written by us in the shape the phone writes."""

from collections.abc import Iterator

DTD = b"""<!DOCTYPE HealthData [
<!-- HealthKit Export Version: 14 -->
<!ELEMENT HealthData (ExportDate,Me,(Record|Correlation|Workout|ActivitySummary)*)>
<!ATTLIST HealthData
  locale CDATA #REQUIRED
>
<!ELEMENT Record ((MetadataEntry|HeartRateVariabilityMetadataList)*)>
<!ATTLIST Record
  type          CDATA #REQUIRED
]>
"""
ME = (
    '<Me HKCharacteristicTypeIdentifierDateOfBirth="1980-05-02"'
    ' HKCharacteristicTypeIdentifierBiologicalSex="HKBiologicalSexFemale"'
    ' HKCharacteristicTypeIdentifierBloodType="HKBloodTypeNotSet"/>'
)
Q = "HKQuantityTypeIdentifier"


def record(
    kind: str, value: str, unit: str, at: str = "2024-03-01 08:15:00 +0100", source: str = "Watch"
) -> str:
    """One `<Record>`; `kind` without Apple's prefix when it is a quantity."""
    kind = kind if kind.startswith("HK") else Q + kind
    return (
        f'<Record type="{kind}" sourceName="{source}" sourceVersion="10.1" unit="{unit}"'
        f' creationDate="{at}" startDate="{at}" endDate="{at}" value="{value}">'
        '<MetadataEntry key="HKMetadataKeyHeartRateMotionContext" value="1"/></Record>\n'
    )


def export(*inside: str, me: str = ME, dtd: bytes = DTD) -> bytes:
    """A whole export.xml."""
    return b"".join(
        [
            b'<?xml version="1.0" encoding="UTF-8"?>\n',
            dtd,
            b'<HealthData locale="en_GB">\n <ExportDate value="2024-06-01 10:00:00 +0200"/>\n',
            me.encode(),
            "".join(inside).encode(),
            b"</HealthData>\n",
        ]
    )


def pulse(count: int, *, days: int = 10) -> Iterator[bytes]:
    """An export with so many heart rates, spread over so many days, piece by piece."""
    head, tail = export().split(b"</HealthData>")
    yield head
    for start in range(0, count, 1000):
        numbers = range(start, min(count, start + 1000))
        yield "".join(_beat(number, days) for number in numbers).encode()
    yield b"</HealthData>" + tail


def _beat(number: int, days: int) -> str:
    at = f"2024-03-{number % days + 1:02} 08:{number % 60:02}:00 +0100"
    return record("HeartRate", str(60 + number % 40), "count/min", at)
