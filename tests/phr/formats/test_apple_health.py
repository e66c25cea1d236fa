"""Apple Health: folded into days, whatever the size, and nothing hostile gets in."""

import json
import tracemalloc
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from phr.box import parse
from phr.formats import apple_health, r4
from phr.formats.parsed import Limits, Output, Parsed, Person, Progress, Refused, Skipped
from tests.phr.formats.reading import kept, read, refusal
from tests.worlds.apple import DTD, ME, Q, export, pulse, record


def told(data: bytes) -> list[Output]:
    return [each for each in read(data, "export.xml") if not isinstance(each, Progress)]


def observations(*inside: str) -> list[dict[str, Any]]:
    found = [json.loads(each.body) for each in kept(export(*inside))]
    assert not [r4.problem(each) for each in found if r4.problem(each)]
    return [each for each in found if each["resourceType"] == "Observation"]


def statistics(observation: dict[str, Any]) -> dict[str, float]:
    return {
        each["code"]["coding"][0]["code"]: each["valueQuantity"]["value"]
        for each in observation["component"]
    }


def streamed(pieces: Iterator[bytes]) -> Callable[[int], bytes]:
    rest = bytearray()

    def give(size: int) -> bytes:
        while len(rest) < size and (piece := next(pieces, None)):
            rest.extend(piece)
        data = bytes(rest[:size])
        del rest[:size]
        return data

    return give


def test_the_person_comes_first_and_has_no_name() -> None:
    who, patient, *_ = told(export())
    assert who == Person((), "1980-05-02", (), ("Patient/me",))
    assert isinstance(patient, Parsed)
    resource = json.loads(patient.body)
    assert (resource["birthDate"], resource["gender"]) == ("1980-05-02", "female")
    assert patient.identity == "Patient|apple-health|me"


def test_a_pulse_becomes_one_observation_a_day() -> None:
    first, second = observations(
        *(record("HeartRate", value, "count/min") for value in ("60", "71.5", "100")),
        record("HeartRate", "55", "count/min", "2024-03-02 00:10:00 +0100"),
    )
    assert statistics(first) == {"minimum": 60, "maximum": 100, "average": 77.16666667, "count": 3}
    assert first["code"]["coding"][0] == {"system": "http://loinc.org", "code": "8867-4"}
    assert first["code"]["text"] == "Heart rate"
    assert first["effectivePeriod"] == {"start": "2024-03-01", "end": "2024-03-01"}
    assert first["valueQuantity"]["code"] == "/min"
    assert first["subject"] == {"reference": "Patient/me"}
    assert second["effectivePeriod"]["start"] == "2024-03-02"


def test_steps_add_up_and_two_devices_are_not_added_together() -> None:
    (found,) = observations(
        record("StepCount", "1000", "count", source="Phone"),
        record("StepCount", "900", "count", source="Watch"),
        record("StepCount", "500", "count", source="Watch"),
    )
    assert statistics(found) == {"sum": 1400, "count": 3}
    assert found["valueQuantity"]["value"] == 1400
    assert "2 devices or apps counted" in found["note"][0]["text"]
    assert found["code"]["coding"][0]["code"] == "55423-8"


def test_what_is_measured_now_and_then_stays_as_it_is() -> None:
    morning, evening = observations(
        record("BodyMass", "70.50", "kg"),
        record("BodyMass", "71", "kg", "2024-03-01 20:00:00 +0100"),
    )
    assert morning["effectiveDateTime"] == "2024-03-01T08:15:00+01:00"
    assert morning["device"] == {"display": "Watch"}
    assert evening["valueQuantity"]["value"] == 71
    body = kept(export(record("BodyMass", "70.50", "kg")))[1].body
    assert b'"value":70.50' in body


def test_a_sensor_that_measures_all_day_is_folded_after_all() -> None:
    readings = [
        record(
            "BloodGlucose",
            "5.5",
            "mmol&lt;180.1558800000541&gt;/L",
            f"2024-03-01 {n:02}:00:00 +0100",
        )
        for n in range(24)
    ]
    (found,) = observations(*readings)
    assert statistics(found)["count"] == 24
    assert found["code"]["coding"][0]["code"] == "15074-8"
    assert found["valueQuantity"]["code"] == "mmol/L"


def test_both_blood_pressures_are_one_observation_though_apple_writes_them_twice() -> None:
    pair = record("BloodPressureSystolic", "120", "mmHg") + record(
        "BloodPressureDiastolic", "80", "mmHg"
    )
    inside = f'<Correlation type="HKCorrelationTypeIdentifierBloodPressure">{pair}</Correlation>'
    (found,) = observations(pair, inside)
    assert found["code"]["coding"][0]["code"] == "85354-9"
    assert [(c["code"]["coding"][0]["code"], c["valueQuantity"]["value"])
            for c in found["component"]] == [("8480-6", 120), ("8462-4", 80)]  # fmt: skip


def test_a_meal_is_not_counted_twice() -> None:
    food = record("DietaryProtein", "20", "g")
    inside = f'<Correlation type="HKCorrelationTypeIdentifierFood">{food}</Correlation>'
    (found,) = observations(food, inside)
    assert found["valueQuantity"]["value"] == 20


@pytest.mark.parametrize(
    ("kind", "value", "unit", "expected"),
    [
        ("OxygenSaturation", "0.97", "%", ("2708-6", 97, "%")),
        ("OxygenSaturation", "97", "%", ("2708-6", 97, "%")),
        ("BodyTemperature", "98.6", "degF", ("8310-5", 98.6, "[degF]")),
        ("Height", "172", "cm", ("8302-2", 172, "cm")),
        ("BodyMassIndex", "22.1", "count", ("39156-5", 22.1, "{count}")),
        ("RespiratoryRate", "14", "count/min", ("9279-1", 14, "/min")),
        ("WalkingSpeed", "4.1", "km/hr", (f"{Q}WalkingSpeed", 4.1, "km/h")),
        ("VO2Max", "40.2", "mL/min·kg", (f"{Q}VO2Max", 40.2, "mL/(min.kg)")),
        ("WalkingSpeed", "3", "furlongs", (f"{Q}WalkingSpeed", 3, None)),
    ],
)
def test_codes_and_units(
    kind: str, value: str, unit: str, expected: tuple[str, float, str | None]
) -> None:
    (found,) = observations(record(kind, value, unit))
    shown = found["valueQuantity"]
    assert (found["code"]["coding"][0]["code"], shown["value"], shown.get("code")) == expected


def test_next_month_the_same_day_has_the_same_identity() -> None:
    before = kept(export(record("StepCount", "100", "count")))[1]
    after = kept(
        export(
            record("HeartRate", "60", "count/min"),
            record("StepCount", "100", "count"),
            record("StepCount", "50", "count"),
        )
    )
    same = [each for each in after if each.identity == before.identity]
    assert before.identity == f"Observation|apple-health|{Q}StepCount|2024-03-01"
    assert len(same) == 1
    assert same[0].digest != before.digest


def test_two_units_on_one_day_are_two_observations() -> None:
    found = kept(export(record("WalkingSpeed", "4", "km/hr"), record("WalkingSpeed", "2", "mi/hr")))
    assert len({each.identity for each in found}) == 3


def test_what_is_left_out_is_counted() -> None:
    found = told(
        export(
            '<Workout workoutActivityType="x"><WorkoutRoute/></Workout>' * 1200,
            '<ClinicalRecord type="x" identifier="y"/>',
            record(
                "HKCategoryTypeIdentifierSleepAnalysis", "HKCategoryValueSleepAnalysisAsleep", ""
            ),
            record("HeartRate", "fast", "count/min"),
            record("HeartRate", "60", "count/min", "yesterday"),
            record("<>".replace("<", "&lt;"), "1", "count"),
        )
    )
    skipped = {each.place: each.reason for each in found if isinstance(each, Skipped)}
    assert set(skipped) == {
        "Workouts", "Clinical records", "Sleep analysis", "Heart rate", "Other entries",
    }  # fmt: skip
    assert skipped["Workouts"].startswith("1,200 entries are not kept.")
    assert skipped["Heart rate"].startswith("2 entries are not kept.")
    assert not any(isinstance(each, Parsed) for each in found[2:])


def test_places_and_identities_tell_nothing_of_what_was_measured() -> None:
    for each in kept(export(record("BodyMass", "70", "kg"), record("StepCount", "9", "count")))[1:]:
        assert each.place in ("record 1", "from record 2")


BOMB = b"""<!DOCTYPE HealthData [
<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;&a;&a;">
]>
"""


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (export(dtd=BOMB), "defines entities"),
        (
            export(dtd=b'<!DOCTYPE HealthData [<!ENTITY x SYSTEM "file:///etc/passwd">]>'),
            "entities",
        ),
        (export("&undefined;"), "not proper XML"),
        (export(record("HeartRate", "&x;", "count/min")), "not proper XML"),
        (export()[:-20], "cut off or damaged: line"),
        (export("<a>" * 5000), "not proper XML"),
        (export("</HealthData><HealthData>"), "not proper XML"),
        (export(f"<!DOCTYPE HealthData [{'<!ENTITY a b>'}]>"), "not proper XML"),
        (export("\x00"), "not proper XML"),
        (export('<Record type="\xff">'.encode("latin-1").decode("latin-1"))[:-3], "not proper XML"),
        (b"<!DOCTYPE HealthData [" + b"<!-- x -->" * 200_000, "beginning of the file"),
        (b"<!DOCTYPE HealthData [", "beginning of the file"),
        (export(ME.replace("1980", "1990")), "two people"),
        (b"<x><HealthData/></x>", "not an Apple Health export"),
    ],
)
def test_hostile_files_are_refused_with_a_sentence(data: bytes, sentence: str) -> None:
    assert sentence in refusal(data, "export.xml")


def test_a_line_number_counts_apple_s_own_lines() -> None:
    before = DTD.count(b"\n") + 3
    assert f"line {before + 3} " in refusal(export("\n\n<<"))


def test_an_external_document_type_is_never_fetched() -> None:
    found = told(export(dtd=b'<!DOCTYPE HealthData SYSTEM "http://127.0.0.1:9/x.dtd">\n'))
    assert len(found) == 2


def test_hostile_words_are_cleaned() -> None:
    (found,) = observations(
        record("BodyMass", "70", "k\u202eg", source="A\u200b&lt;script&gt;" * 50)
    )
    assert found["device"]["display"].startswith("A <script>A")
    assert len(found["device"]["display"]) <= 200
    assert found["valueQuantity"]["unit"] == "k g"


def test_more_days_than_allowed_are_refused() -> None:
    beats = [
        record("HeartRate", "60", "count/min", f"2024-03-{n:02} 08:00:00 +0100")
        for n in range(1, 20)
    ]
    assert "more than 10 days" in refusal(export(*beats), limits=Limits(max_entries=10))
    assert len(kept(export(*beats))) == 20


def peak(count: int) -> int:
    apple_health.warm()
    tracemalloc.start()
    found = list(apple_health.read(streamed(pulse(count)), Limits(), "export.xml"))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert sum(isinstance(each, Parsed) for each in found) == 11
    return most


def test_memory_follows_the_days_and_not_the_records() -> None:
    assert peak(10_000) < 2 * peak(1_000) + 1_000_000


def test_the_box_gives_what_the_reader_gives() -> None:
    data = b"".join(pulse(3000))
    found = [i for i in parse([data], filename="export.xml") if not isinstance(i, Progress)]
    assert found == told(data)


def test_the_box_refuses_with_the_reader_s_sentence() -> None:
    for data in (export()[:-20], export(dtd=BOMB), export("&x;")):
        with pytest.raises(Refused) as refused:
            list(parse([data], filename="export.xml"))
        assert refused.value.sentence == refusal(data)
