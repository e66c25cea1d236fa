"""Tables of measurements: what is guessed of their columns, and what their rows become."""

from collections.abc import Mapping
from io import BytesIO
from typing import Any

import orjson
import pytest

from phr.formats import detect, table
from phr.formats.parsed import Columns, Limits, Output, Parsed, Refused, Skipped
from tests.phr.formats.reading import read

Json = dict[str, Any]
GERMAN = "Datum;Gewicht (kg);Systolisch;Diastolisch;Puls;Notiz\r\n"


def asked(data: bytes | str) -> Columns:
    """What the owner of a table is asked."""
    found = read(data if isinstance(data, bytes) else data.encode(), "a.csv")
    (columns,) = (each for each in found if isinstance(each, Columns))
    return columns


def parts(columns: Columns) -> list[str]:
    return [columns.guess.get(str(at), "") for at in range(len(columns.names))]


def answered(data: bytes | str, **changes: str) -> list[Output]:
    """What the table becomes when the guess is right, but for the changes."""
    raw = data if isinstance(data, bytes) else data.encode()
    guess = asked(raw).guess
    day = next((at for at, part in guess.items() if part == "date"), "")
    options = {**guess, "order": guess.get(f"order{day}", ""), "zone": "", **changes}
    table.warm()
    return list(table.read(BytesIO(raw).read, Limits(), "a.csv", _only(options)))


def _only(options: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in options.items() if not (k.startswith("order") and k != "order")}


def kept(found: list[Output]) -> list[Json]:
    return [orjson.loads(each.body) for each in found if isinstance(each, Parsed)]


def skipped(found: list[Output]) -> list[tuple[str, str]]:
    return [(each.place, each.reason) for each in found if isinstance(each, Skipped)]


def raw(found: list[Output]) -> str:
    return "\n".join(each.body.decode() for each in found if isinstance(each, Parsed))


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        ("Date,Weight (lb),Systolic,Diastolic,Pulse", "date weight-lb upper lower pulse"),
        ("Datum,Körpergewicht,Puls,Blutzucker mg/dl", "date weight-kg pulse glucose-mg"),
        ("Date,Heure,Poids,Pouls,Glycémie (mmol/L)", "date time weight-kg pulse glucose-mmol"),
        ("Fecha,Hora,Peso,Sistólica,Diastólica", "date time weight-kg upper lower"),
        ("Dia,Peso,Frequência cardíaca", "date weight-kg pulse"),
        ("Data,Ora,Altezza (cm),Saturazione,Note", "date time height-cm oxygen note"),
        ("Datum,Tijd,Bloeddruk,Hartslag,Stappen", "date time pressure pulse steps"),
        ("timestamp,SpO2,bodyTemperature,HbA1c", "date oxygen temperature-c hba1c-percent"),
        ("date,type,value,unit,comment", "date what value unit note"),
        ("Datum,Messart,Wert,Einheit,Bemerkung", "date what value unit note"),
        ("Date,DIA,SYS", "date lower upper"),
        ("When,Favourite colour,Weight", " weight-kg"),
    ],
)
def test_columns_are_guessed_in_seven_languages(headings: str, expected: str) -> None:
    rows = f"{headings}\n" + ",".join("x" for _ in headings.split(",")) + "\n"
    found = parts(asked(rows))
    assert [each for each in found if each] == expected.split()


def test_what_is_guessed_from_the_numbers_themselves() -> None:
    found = asked("a,Temp,Blood sugar,HbA1c\n2024-03-01,98.6,110,48\n")
    assert parts(found) == ["date", "temperature-f", "glucose-mg", "hba1c-mmol"]


def test_the_first_rows_are_shown_and_nothing_else_follows() -> None:
    found = read(f"{GERMAN}01.02.2024;72,5;120;80;60;=1+1\n".encode())
    assert found == [
        Columns(
            ("Datum", "Gewicht (kg)", "Systolisch", "Diastolisch", "Puls", "Notiz"),
            (("01.02.2024", "72,5", "120", "80", "60", "=1+1"),),
            {
                "0": "date", "1": "weight-kg", "2": "upper", "3": "lower", "4": "pulse",
                "5": "note", "order0": "dmy", "point": ",", "head": "0",
            },
        )
    ]  # fmt: skip


def test_one_row_becomes_a_blood_pressure_and_other_measurements() -> None:
    found = answered(f"{GERMAN}01.02.2024 07:30;72,50;120;80;60;=cmd()\n")
    pressure, weight, pulse = kept(found)
    assert pressure["code"]["coding"][0]["code"] == "85354-9"
    assert [each["valueQuantity"]["value"] for each in pressure["component"]] == [120, 80]
    assert weight["code"]["coding"][0]["code"] == "29463-7"
    assert '"value":72.50,"unit":"kg"' in raw(found)
    assert weight["effectiveDateTime"] == "2024-02-01"
    assert weight["note"] == [{"text": "At 07:30. =cmd()"}]
    assert pulse["valueQuantity"]["code"] == "/min"
    assert {each.category for each in found if isinstance(each, Parsed)} == {"vital-signs"}


def test_one_row_a_reading_with_its_kind_and_unit() -> None:
    found = answered(
        "date,type,value,unit\n2024-03-04T08:00:00+01:00,Weight,160,lb\n2024-03-05,BP,120/80,\n"
        "2024-03-06,Diastolic,80,mmHg\n2024-03-07,Ferritin,<5.20,ng/ml\n2024-03-08,Weight,70,\n"
        "2024-03-09,Steps,10234,\n"
    )
    weight, pressure, lower, ferritin, steps = kept(found)
    assert weight["effectiveDateTime"] == "2024-03-04T08:00:00+01:00"
    assert weight["valueQuantity"]["code"] == "[lb_av]"
    assert len(pressure["component"]) == 2
    assert lower["code"]["coding"][0]["code"] == "8462-4"
    assert ferritin["code"] == {"text": "Ferritin"}
    assert ferritin["valueQuantity"]["comparator"] == "<"
    assert ferritin["valueQuantity"]["code"] == "ng/mL"
    assert '"value":5.20' in raw(found)
    assert steps["valueQuantity"]["value"] == 10234
    assert skipped(found) == [("row 6", "the unit of “Weight” is not said")]


def test_what_a_meter_writes_for_what_it_cannot_measure_is_kept_in_its_words() -> None:
    table_ = (
        "Date,Glucose (mg/dL),Weight (kg)\n2024-03-01,LO,\n2024-03-02,High,HI\n2024-03-03,99,\n"
    )
    found = answered(table_)
    low, high, number = kept(found)
    assert low["valueString"] == "LO (lower than the meter can measure)"
    assert high["valueString"] == "High (higher than the meter can measure)"
    assert "valueQuantity" not in low
    assert low["code"] == number["code"]
    assert low["category"][0]["coding"][0]["code"] == "laboratory"
    assert skipped(found) == [("row 3", "what stands under “Weight” is not a number")]
    rows = "2024-03-01,Glucose,Low,mmol/L\n2024-03-02,Weight,Low,kg\n2024-03-03,Glucose,HI,\n"
    (named,) = kept(answered(f"date,type,value,unit\n{rows}"))
    assert named["valueString"] == "Low (lower than the meter can measure)"


def test_a_number_that_fits_another_unit_is_kept_only_where_the_table_says_the_unit() -> None:
    rows = "2024-03-01,105\n2024-03-02,5.6\n2024-03-03,5.6 mmol/L\n2024-03-04,700\n"
    first, third, fourth = kept(found := answered(f"Date,Glucose\n{rows}"))
    assert [each["valueQuantity"]["unit"] for each in (first, third, fourth)] == [
        "mg/dL", "mmol/L", "mg/dL",
    ]  # fmt: skip
    why = "would be unusual in mg/dL and usual in mmol/L: write the unit beside it"
    assert skipped(found) == [("row 3", f"the number under “Blood sugar” {why}")]
    assert len(kept(answered("Date,Glucose (mg/dL)\n2024-03-01,105\n2024-03-02,30\n"))) == 2


def test_what_cannot_be_read_is_left_out_with_its_row_and_no_word_of_it() -> None:
    found = answered(
        f"{GERMAN}01.02.2024;SECRET;;;;\n;70;;;;\n31.02.2024;70;;;;\n01.01.2999;70;;;;\n"
        ";;;;;\n02.02.2024;7000;;;;\n02.02.2024;;80;120;;\n02.02.2024;;;;;SECRET\n"
        "02.02.2024;70 mg;;;;\n02.02.2024;;120;;;\n"
    )
    assert len(kept(found)) == 1
    assert skipped(found) == [
        ("row 2", "what stands under “Weight” is not a number"),
        ("row 3", "it has no date that can be read"),
        ("row 4", "it has no date that can be read"),
        ("row 5", "it has no date that can be read"),
        ("row 7", "the number under “Weight” is not possible in this unit"),
        ("row 8", "the upper number of the blood pressure is not above the lower one"),
        ("row 9", "it has no measurement in it"),
        ("row 10", "the unit beside the number under “Weight” does not fit it"),
    ]


@pytest.mark.parametrize(
    ("cell", "value"),
    [
        ("72.5", "72.5"), ("72,5", "72.5"), ("072,50 kg", "72.50"), (".5", "0.5"), ("70", "70"),
        ("60 kg", "60"), ("+70", "70"), ("1\u00a0234,5", None), ("7e1", None), ("NaN", None),
        ("12.345.678", None),
    ],
)  # fmt: skip
def test_numbers_keep_their_digits(cell: str, value: str | None) -> None:
    found = answered(f"Date\tWeight\n2024-01-01\t{cell}\n")
    assert f'"value":{value},' in raw(found) if value else not kept(found)


@pytest.mark.parametrize(
    ("rows", "value"),
    [
        ("2024-01-01;10.234\n2024-01-02;1,5\n", "10234"),
        ("2024-01-01;10.234\n2024-01-02;1.5\n", "10.234"),
        ("2024-01-01;1.234.567,5\n", None),
        ("2024-01-01;10'234\n", "10234"),
    ],
)
def test_a_sign_before_three_digits_is_what_it_is_in_the_whole_file(
    rows: str, value: str | None
) -> None:
    found = answered(f"Date;Steps\n{rows}")
    assert f'"value":{value},' in raw(found) if value else not kept(found)


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2024-03-01", "2024-03-01"), ("20240301", "2024-03-01"), ("1.3.24", "2024-03-01"),
        ("13/03/2024", "2024-03-13"), ("3/13/2024", "2024-03-13"), ("1 Mar 2024", "2024-03-01"),
        ("March 1st, 2024", "2024-03-01"), ("1. März 2024", "2024-03-01"),
        ("1 juillet 2024", "2024-07-01"), ("1 de mayo de 2024", "2024-05-01"),
        ("2024-03-01 08:15", "2024-03-01"), ("2024-03-01T08:15:00Z", "2024-03-01T08:15:00Z"),
        ("1/13/2024 2:05 PM", "2024-01-13"),
    ],
)  # fmt: skip
def test_days_as_people_write_them(cell: str, day: str) -> None:
    (found,) = kept(answered(f'Date,Weight\n"{cell}",70\n'))
    assert found["effectiveDateTime"] == day


def test_a_day_that_could_be_two_is_asked_about_only_where_no_row_tells() -> None:
    unsure = "Date,Weight\n" + "".join(f"03/0{n}/2024,70\n" for n in range(1, 9))
    assert asked(unsure).guess["order0"] == "either"
    late = unsure + "".join("03/04/2024,70\n" for _ in range(3000)) + "03/25/2024,70\n"
    assert asked(late).guess["order0"] == "mdy"
    (first, *_) = kept(answered(unsure, order="mdy"))
    assert first["effectiveDateTime"] == "2024-03-01"


@pytest.mark.parametrize("name", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252"])
def test_every_alphabet_of_spreadsheets(name: str) -> None:
    raw = "Datum;Körpergröße (cm)\r\n01.02.2024;181\r\n".encode(name)
    assert detect(raw).NAME == table.NAME
    assert asked(raw).names == ("Datum", "Körpergröße (cm)")
    (found,) = kept(answered(raw))
    assert found["code"]["text"] == "Height"


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_every_delimiter_and_end_of_line(sign: str) -> None:
    for end in ("\n", "\r\n", "\r"):
        rows = end.join(sign.join(row) for row in (("Date", "Note", "Pulse"),
                                                   ("2024-01-01", '"a, b; ""c"""', "60")))  # fmt: skip
        (found,) = kept(answered(rows))
        assert found["note"] == [{"text": 'a, b; "c"'}]


def test_lines_before_the_headings_and_none_at_all() -> None:
    above = asked(
        "Glucose Data,Generated on,3 May\nDevice,Time stamp,Glucose mg/dL\nx,2024-05-01,99\n"
    )
    assert above.names == ("Device", "Time stamp", "Glucose mg/dL")
    assert above.guess["head"] == "1"
    none = asked("2024-01-01,70\n2024-01-02,71\n")
    assert none.names == ("Column 1", "Column 2")
    assert parts(none) == ["date", ""]
    found = answered("2024-01-01,70\n2024-01-02,71\n", **{"1": "weight-kg"})
    assert len(kept(found)) == 2


def test_the_rows_of_a_table_do_not_stay_in_memory() -> None:
    limits = Limits(max_entries=50)
    data = b"Date,Pulse\n" + b"2024-01-01,60\n" * 100
    with pytest.raises(Refused, match="more than 50 rows"):
        list(table.read(BytesIO(data).read, limits, "", {"0": "date", "1": "pulse", "head": "0"}))


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"just words\nand more\n", "There is no table in the file"),
        (b'a,b\n1,"never closed' + b"x" * 200_000, "not divided as"),
        (b"a,b\n" + b"1," * 150 + b"\n", "more than 100 columns"),
        (b"a,b\n" + b"x" * 1_100_000, "longer than any table"),
        (b"%PDF-1.4", "named as CSV, but what is inside is PDF"),
    ],
)
def test_what_is_no_table(data: bytes, sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        read(data, "a.csv")


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"1": "weight-kg"}, "which column is the date"),
        ({"0": "date"}, "which column holds a measurement"),
        ({"0": "date", "1": "date"}, "Two columns"),
        ({"0": "date", "1": "value"}, "what was measured"),
        ({"0": "date", "1": "what"}, "The number"),
        ({"0": "date", "1": "nonsense"}, "one of the answers"),
    ],
)
def test_answers_that_do_not_make_a_table(options: dict[str, str], sentence: str) -> None:
    with pytest.raises(Refused, match=sentence):
        list(table.read(BytesIO(b"a,b\n1,2\n").read, Limits(), "", options))


@pytest.mark.parametrize(
    ("heading", "cell", "value", "unit"),
    [
        ("Weight", "11 st 4 lb", 158, "[lb_av]"),
        ("Weight", "11st 4.5", 158.5, "[lb_av]"),
        ("Weight (st)", "11.5", 161, "[lb_av]"),
        ("Weight (lb)", "160", 160, "[lb_av]"),
        ("Gewicht (g)", "3450", 3.45, "kg"),
        ("Gewicht (kg)", "3450 g", 3.45, "kg"),
        ("Height", "5'11\"", 71, "[in_i]"),
        ("Height", "5 ft 11 1", None, ""),
        ("Height", "5\u2032 7,5\u2033", 67.5, "[in_i]"),
        ("Height (ft)", "6", 72, "[in_i]"),
        ("Größe (m)", "1,78", 178, "cm"),
        ("Größe (cm)", "1,8 m", 180, "cm"),
        ("Height", "5'12\"", None, ""),
        ("Temperature (°F)", "98.6", 98.6, "[degF]"),
        ("Glucose", "97 mg/dL", 97, "mg/dL"),
        ("Glucose", "5,4 mmol/l", 5.4, "mmol/L"),
    ],
)
def test_units_people_write(heading: str, cell: str, value: float | None, unit: str) -> None:
    found = kept(answered(f"Date\t{heading}\n2024-03-01\t{cell}\n"))

    if value is None:
        assert found == []
        return
    (quantity,) = [one["valueQuantity"] for one in found]
    assert (quantity["value"], quantity["code"]) == (value, unit)
    assert quantity["system"] == "http://unitsofmeasure.org"


def test_what_was_scaled_says_how_it_stood_in_the_table() -> None:
    found = answered("Date,Height,Note\n2024-03-01,5'11\",no shoes\n")
    assert kept(found)[0]["note"] == [{"text": "In the table: 5'11\"."}, {"text": "no shoes"}]
    found = answered(
        "date,type,value,unit\n2024-03-01,Height,1.78,m\n2024-03-01,Weight,11 st 4 lb,\n"
    )
    height, weight = kept(found)
    assert height["note"] == [{"text": "In the table: 1.78 m."}]
    assert '"value":178,"unit":"cm"' in raw(found)
    assert (weight["valueQuantity"]["value"], weight["valueQuantity"]["unit"]) == (158, "lb")


@pytest.mark.parametrize(
    ("cell", "zone", "moment"),
    [
        ("45352", "", "2024-03-01"),
        ("45352.75", "", "2024-03-01"),
        ("45352,75", "Europe/Berlin", "2024-03-01T18:00:00+01:00"),
        ("2024-07-01 07:30", "Europe/Berlin", "2024-07-01T07:30:00+02:00"),
        ("2024-07-01 07:30", "America/St_Johns", "2024-07-01T07:30:00-02:30"),
        ("2024-10-27 02:30", "Europe/Berlin", "2024-10-27T02:30:00+02:00"),
        ("2024-03-31 02:30", "Europe/Berlin", "2024-03-31T02:30:00+01:00"),
        ("2024-07-01 07:30Z", "Europe/Berlin", "2024-07-01T07:30:00Z"),
        ("01.07.1885 07:30", "Europe/Amsterdam", "1885-07-01"),
        ("2024", "Europe/Berlin", None),
        ("99999", "Europe/Berlin", None),
    ],
)
def test_days_of_spreadsheets_and_times_where_she_was(
    cell: str, zone: str, moment: str | None
) -> None:
    table_ = f"Date\tWeight (kg)\n{cell}\t70\n"
    found = kept(answered(table_, zone=zone, order="dmy"))

    assert [one["effectiveDateTime"] for one in found] == ([moment] if moment else [])
    timed = moment is not None and "T" in moment
    assert not (timed and any("note" in one for one in found))


def test_where_she_was_is_asked_only_where_times_are() -> None:
    assert "zone" in asked("Date,Weight\n2024-03-01 07:30,70\n").guess
    assert "zone" in asked("Date,Time,Weight\n2024-03-01,07:30,70\n").guess
    assert "zone" in asked("Date,Weight\n45352.5,70\n").guess
    assert "zone" not in asked("Date,Weight\n2024-03-01T07:30:00Z,70\n").guess
    assert "zone" not in asked("Date,Steps\n2024-03-01,45352.5\n").guess
