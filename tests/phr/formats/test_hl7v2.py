"""Laboratory messages as HL7 v2 sends them: what becomes of each part, and what is left out."""

import base64
import json
import time

import pytest

from phr.box import parse
from phr.formats.parsed import (
    MB,
    Limits,
    Output,
    Parsed,
    Person,
    Piece,
    Preview,
    Progress,
    Skipped,
)
from tests.phr.formats.reading import Json, read, refusal
from tests.worlds.files import pdf, picture

MSH = r"MSH|^~\&|LAB|North Clinic|PORTAL||20240302101500+0100||ORU^R01^ORU_R01|M1|P|2.5.1"
PID = "PID|1||771^^^North&2.16.840.1.9999&ISO^MR||Example^Alice^Ann^^Dr||19800229|F|||1 Road^^Town"
OBR = "OBR|1|P9|F77^LAB|24331-1^Lipids^LN|||202403020800|||||||||||||||||LAB|F"
OBX = "OBX|1|NM|2093-3^Cholesterol^LN|1|7.20|mmol/L^^UCUM|3.5-5.0|H|||F"


def message(*segments: str, end: str = "\r") -> bytes:
    return end.join(segments).encode()


def resources(data: bytes, kind: str = "Observation") -> list[Json]:
    found = [each for each in read(data, "a.hl7") if isinstance(each, Parsed)]
    return [json.loads(each.body) for each in found if each.resource_type == kind]


def one(obx: str, *more: str) -> Json:
    (found,) = resources(message(MSH, PID, OBR, obx, *more))
    return found


def skipped(data: bytes) -> list[tuple[str, str]]:
    return [(each.place, each.reason) for each in read(data) if isinstance(each, Skipped)]


def test_a_message_becomes_patient_report_and_results() -> None:
    person, patient, result, report = read(message(MSH, PID, OBR, OBX), "result.hl7")
    assert isinstance(person, Person)
    assert isinstance(patient, Parsed)
    assert isinstance(result, Parsed)
    assert isinstance(report, Parsed)
    assert person.names == ("Alice Ann Example",)
    assert person.birth_date == "1980-02-29"
    assert person.identifiers == ("urn:oid:2.16.840.1.9999|771",)
    assert {result.subject, report.subject} == set(person.links)
    body = json.loads(report.body)
    assert body["result"] == [{"reference": result.links[0]}]
    assert (body["status"], body["effectiveDateTime"]) == ("final", "2024-03-02T08:00:00+01:00")
    assert result.category == report.category == "laboratory"
    assert result.effective_at == "2024-03-02T08:00:00Z"
    assert b'"value":7.20' in result.body
    assert result.place == "message 1, segment 4 (OBX)"


def test_a_result_has_unit_range_and_flag() -> None:
    found = one(OBX)
    quantity = {"value": 7.2, "unit": "mmol/L", "system": "http://unitsofmeasure.org"}
    assert found["valueQuantity"] == quantity | {"code": "mmol/L"}
    assert found["referenceRange"][0]["low"]["value"] == 3.5
    assert found["referenceRange"][0]["text"] == "3.5-5.0"
    assert found["interpretation"][0]["coding"][0]["code"] == "H"
    assert found["code"]["coding"][0]["system"] == "http://loinc.org"


@pytest.mark.parametrize(
    ("kind", "written", "name", "value"),
    [
        ("NM", "+.5", "valueQuantity", {"value": 0.5, "unit": "mg"}),
        ("NM", "-007", "valueQuantity", {"value": -7, "unit": "mg"}),
        ("NM", ">90", "valueQuantity", {"comparator": ">", "value": 90, "unit": "mg"}),
        ("NM", "≤ 0,125", "valueQuantity", {"comparator": "<=", "value": 0.125, "unit": "mg"}),
        ("NM", "5,9", "valueQuantity", {"value": 5.9, "unit": "mg"}),
        ("NM", "250,000", "valueString", "250,000 mg"),
        ("NM", "1.234,5", "valueString", "1.234,5 mg"),
        ("NM", "200 *", "valueString", "200 * mg"),
        ("ST", "< 0.1", "valueQuantity", {"comparator": "<", "value": 0.1, "unit": "mg"}),
        ("ST", "not found", "valueString", "not found"),
        ("NM", ".", "valueString", "."),
        ("NM", "NaN", "valueString", "NaN"),
        ("SN", ">^100", "valueQuantity", {"comparator": ">", "value": 100, "unit": "mg"}),
        ("SN", "^1^:^128", "valueRatio", {"numerator": {"value": 1}, "denominator": {"value": 128}}),
        ("SN", "^2^+", "valueString", "2+"),
        ("ST", r"a \F\ b \S\ c \T\ d \R\ e \E\ f", "valueString", r"a | b ^ c & d ~ e \ f"),
        ("ST", r"C:\folder\x", "valueString", r"C:\folder\x"),
        ("FT", r"one\.br\two\.sp2\three\X0741\ ", "valueString", "one\ntwo\nthreeA"),
        ("TX", "one~two", "valueString", "one\ntwo"),
        ("DT", "20240229", "valueDateTime", "2024-02-29"),
        ("DT", "20230229", "valueString", "20230229"),
        ("TS", "20240302101500.5-0500", "valueDateTime", "2024-03-02T10:15:00.5-05:00"),
        ("TM", "1015", "valueTime", "10:15:00"),
        ("TM", "9915", "valueString", "9915"),
        ("CWE", "POS^Found^HL70078", "valueCodeableConcept", {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v2-0078",
                        "code": "POS", "display": "Found"}], "text": "Found"}),
        ("CE", "^Only words", "valueCodeableConcept", {"text": "Only words"}),
        ("CE", "L1^Local^99X", "valueCodeableConcept", {
            "coding": [{"code": "L1", "display": "Local"}], "text": "Local"}),
    ],
)  # fmt: skip
def test_each_type_of_value(kind: str, written: str, name: str, value: object) -> None:
    assert one(f"OBX|1|{kind}|X^Test||{written}|mg|||||F")[name] == value


@pytest.mark.parametrize("written", ["10^9/L", "x10^9/L", "10^9"])
def test_a_power_of_ten_in_a_unit_is_not_divided(written: str) -> None:
    found = one(f"OBX|1|NM|777-3^Platelets^LN||250|{written}|150-400|||||F")
    assert found["valueQuantity"] == {"value": 250, "unit": written}
    assert found["referenceRange"][0]["high"] == {"value": 400, "unit": written}


def test_digits_without_a_unit_in_a_text_stay_a_text() -> None:
    assert one("OBX|1|ST|X^Type||0042||||||F")["valueString"] == "0042"


def test_a_range_with_decimal_commas_has_bounds() -> None:
    found = one("OBX|1|NM|2823-3^Kalium^LN||5,9|mmol/l|3,5-5,1|HH||||F")
    bounds = found["referenceRange"][0]
    assert (bounds["low"]["value"], bounds["high"]["value"]) == (3.5, 5.1)


def test_a_long_text_comes_a_line_in_each_segment() -> None:
    found = one("OBX|1|TX|X^Report||First.||||||F", "OBX|2|TX|X^Report||Second.||||||F")
    assert found["valueString"] == "First.\nSecond."


@pytest.mark.parametrize(
    ("said", "status"),
    [("F", "final"), ("C", "corrected"), ("P", "preliminary"), ("I", "registered"),
     ("X", "cancelled"), ("W", "entered-in-error"), ("", "final"), ("?", "unknown")],
)  # fmt: skip
def test_each_status(said: str, status: str) -> None:
    assert one(f"OBX|1|NM|X^Test||1||||||{said}")["status"] == status


def test_a_corrected_result_is_the_same_thing_again() -> None:
    first, second = (
        next(e for e in read(message(MSH, PID, OBR, obx)) if _is(e, "Observation"))
        for obx in (OBX, OBX.replace("7.20", "5.20").replace("|F", "|C"))
    )
    assert isinstance(first, Parsed)
    assert isinstance(second, Parsed)
    assert first.identity == second.identity is not None
    assert first.digest != second.digest


def _is(item: Output, kind: str) -> bool:
    return isinstance(item, Parsed) and item.resource_type == kind


def test_two_results_alike_in_one_order_are_two() -> None:
    items = [e for e in read(message(MSH, PID, OBR, OBX, OBX)) if _is(e, "Observation")]
    assert len({e.identity for e in items if isinstance(e, Parsed)}) == 2


def test_what_was_measured_twice_under_one_order_is_two_with_a_report_each() -> None:
    later = OBR.replace("|202403020800|", "|202403021000|")
    for second, result in ((later, OBX), (OBR, OBX.replace("7.20", "9.00"))):
        found = read(message(MSH, PID, OBR, OBX, second, result))
        items = [each for each in found if isinstance(each, Parsed)]
        assert len({each.identity for each in items[1:]}) == 4
        (first,), (last,) = (
            [ref["reference"] for ref in json.loads(each.body)["result"]]
            for each in items if _is(each, "DiagnosticReport")
        )  # fmt: skip
        assert first != last


def test_a_later_result_alone_is_not_the_earlier_one_of_its_order() -> None:
    result = f"{OBX}|||"
    eight, ten = (
        next(e for e in read(message(MSH, PID, OBR, f"{result}{at}")) if _is(e, "Observation"))
        for at in ("202403020800", "202403021000")
    )
    assert isinstance(eight, Parsed)
    assert isinstance(ten, Parsed)
    assert eight.identity != ten.identity


def test_notes_follow_what_they_are_about() -> None:
    data = message(MSH, PID, OBR, "NTE|1||Fasting.", OBX, "NTE|1||High.", "NTE|2||Call.")
    (found,), (report,) = resources(data), resources(data, "DiagnosticReport")
    assert found["note"] == [{"text": "High.\nCall."}]
    assert report["conclusion"] == "Fasting."


@pytest.mark.parametrize("zone", ["", "+0060", "-1360", "+2300"])
def test_without_a_time_zone_that_there_is_only_the_date_is_kept(zone: str) -> None:
    head = MSH.replace("+0100", zone)
    (found,) = resources(message(head, PID, OBR, OBX))
    assert found["effectiveDateTime"] == "2024-03-02"


def test_several_messages_in_frames_and_in_a_batch() -> None:
    framed = b"".join(b"\x0b" + message(MSH, PID, OBR, OBX) + b"\r\x1c\r" for _ in range(3))
    items = read(framed)
    assert sum(isinstance(each, Person) for each in items) == 1
    assert sum(_is(each, "Observation") for each in items) == 3
    batch = message(r"FHS|^~\&|", r"BHS|^~\&|", MSH, PID, OBR, OBX, "BTS|1", "FTS|1", end="\r\n")
    assert len(resources(batch)) == 1
    assert len(resources(message(MSH, PID, OBR, OBX, end="\n"))) == 1


@pytest.mark.parametrize(
    ("charset", "codec"),
    [("", "utf-8"), ("", "latin-1"), ("UNICODE UTF-8", "utf-8"), ("8859/1", "latin-1"),
     ("ASCII", "utf-8")],
)  # fmt: skip
def test_the_alphabet_named_in_the_head(charset: str, codec: str) -> None:
    head = f"{MSH}||||||{charset}"
    data = "\r".join([head, PID.replace("Alice", "Zoë"), OBR, OBX]).encode(codec)
    (person,) = [each for each in read(data) if isinstance(each, Person)]
    assert person.names == ("Zoë Ann Example",)


@pytest.mark.parametrize(
    ("segments", "sentence"),
    [
        ([MSH.replace("ORU^R01^ORU_R01", "ADT^A01")], "Message 1 is of type ADT^A01; of HL7"),
        ([MSH, PID, MSH.replace("ORU^R01", "secret^x")], "Message 2 is of another kind; of HL7"),
        ([MSH + "||||||JIS"], "Message 1 is written in an alphabet that is not read"),
        (["MSH||||"], "Message 1 does not say in MSH-1 and MSH-2"),
        (["MSH|"], "Message 1 does not say in MSH-1 and MSH-2"),
        ([r"MSH|^^\&|LAB", PID], "Message 1 does not say in MSH-1 and MSH-2"),
        ([MSH, "MSHabcde"], "Message 2 does not say in MSH-1 and MSH-2"),
        ([r"BHS|^~\&", PID], "The file does not begin with the head of an HL7 message"),
        ([r"BHS|^~\&"], "The file has no HL7 message in it."),
    ],
)
def test_what_is_refused(segments: list[str], sentence: str) -> None:
    assert refusal(message(*segments)).startswith(sentence)


@pytest.mark.parametrize("kept", ["OBX|1|NM|2345-7^Glucose^LN||19", "OBX|1|NM|2345-7^Glu"])
def test_a_file_that_ends_within_a_result_is_refused(kept: str) -> None:
    """It was 199: the beginning of a number is another number."""
    cut = message(MSH, PID, OBR).rstrip() + b"\r" + kept.encode()
    assert refusal(cut) == "The file ends in the middle of a result. Ask for it again."
    assert resources(cut + b"\r")


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        ("OBX|1|ED|X^Scan||a^b^c^Base64||||||F", "there is no file in it"),
        ("OBX|1|NM|||7||||||F", "it does not say what was measured"),
        ("OBX|1|XAD|X^Test||7||||||F", "the type of its value is not read"),
        ("OBX|1|NM|X^Test||||||||U", "it only says that an earlier result is now final"),
        ("OBX|1|NM|X^Test||||||||O", "it only describes what was ordered"),
        ("patient fell asleep", "the line does not begin with the name of a segment"),
    ],
)
def test_one_bad_segment_is_left_out_with_its_reason(segment: str, reason: str) -> None:
    data = message(MSH, PID, OBR, segment, OBX)
    ((place, said),) = skipped(data)
    assert place.startswith("message 1, segment 4")
    assert said.startswith(reason)
    assert len(resources(data)) == 1


def test_bytes_outside_the_named_alphabet_cost_one_segment() -> None:
    data = message(MSH + "||||||UNICODE UTF-8", PID, OBR, OBX) + b"\rOBX|1|ST|X||\xff||||||F"
    assert skipped(data) == [
        ("message 1, segment 5", "it is not in the alphabet that the message names")
    ]


def test_control_characters_and_names_of_nobody() -> None:
    found = one("OBX|1|ST|X^Te\x00st\x07||a\x01b\x1b[31m||||||F", "PID|1", "PID|||||^^^^")
    assert found["code"]["text"] == "Test"
    assert found["valueString"] == "ab[31m"


def test_endless_things_are_bounded() -> None:
    started = time.monotonic()
    limits = Limits(max_bytes=20 * MB, max_resource_bytes=MB)
    assert "longer than 1 MB" in refusal(message(MSH, "OBX|" + "x" * 3 * MB), limits=limits)
    many = message(MSH, *["NTE|"] * 1001)
    assert "more than 1000 segments" in refusal(many, limits=Limits(max_entries=1000))
    assert one("OBX|1|CE|X^Test||" + "a^b~" * 50_000 + "||||||F")["status"] == "final"
    assert skipped(message(MSH, "OBX" + "|" * MB))
    assert skipped(message(MSH, "OBX|1|ST|" + "^" * MB + "||\\" * 9))
    assert len(skipped(message(MSH, *["ZZ"] * 100_000))) == 100_000
    assert time.monotonic() - started < 8


def test_through_the_box() -> None:
    data = message(MSH + "||||||8859/15", PID, OBR, OBX)
    out = [e for e in parse([data], filename="a.oru") if not isinstance(e, Progress)]
    assert out == read(data, "a.oru")
    assert len(out) == 4


def file(data: bytes, kind: str = "AP", subtype: str = "PDF", status: str = "F") -> str:
    """An OBX that holds a file."""
    packed = base64.b64encode(data).decode()
    return f"OBX|2|ED|PDF^Report as PDF^LAB|1|LAB^{kind}^{subtype}^Base64^{packed}||||||{status}"


def test_a_pdf_in_a_message_becomes_a_document_with_its_file() -> None:
    data = pdf("Ferritin within limits")
    found = read(message(MSH, PID, OBR, OBX, file(data), "NTE|1||Read by phone"), "a.hl7")
    (paper,) = (p for p in found if isinstance(p, Parsed) and "ferritin" in p.terms)
    after = found[found.index(paper) + 1 :]
    pieces = [each for each in after if isinstance(each, Piece)]
    assert b"".join(each.data for each in pieces) == data
    assert [each.last for each in pieces] == [False] * (len(pieces) - 1) + [True]
    body = json.loads(paper.body)
    (report,) = (
        p for p in found if isinstance(p, Parsed) and p.resource_type == "DiagnosticReport"
    )
    assert body["type"]["text"] == "Report as PDF"
    assert body["context"]["related"] == [{"reference": report.links[0]}]
    assert body["content"][0]["attachment"]["contentType"] == "application/pdf"
    assert paper.subject == report.subject
    assert paper.attachments == ()
    again = read(message(MSH, PID, OBR, OBX, file(data)), "a.hl7")
    assert paper.identity in [p.identity for p in again if isinstance(p, Parsed)]


def test_a_file_that_was_taken_back_is_the_same_one_marked_so() -> None:
    kinds = [message(MSH, PID, OBR, file(pdf(), status=each)) for each in "FD"]
    (first,), (second,) = (
        [p for p in read(each) if isinstance(p, Parsed) and p.resource_type == "DocumentReference"]
        for each in kinds
    )
    assert first.identity == second.identity
    assert json.loads(second.body)["status"] == "entered-in-error"
    assert not [each for each in read(kinds[1]) if isinstance(each, Piece)]


def test_a_picture_and_a_text_in_a_message() -> None:
    found = read(message(MSH, PID, OBR, file(picture("PNG"), "IM", "PNG")))
    assert [type(each) for each in found[2:-1]] == [Parsed, Preview, Piece]
    text = "OBX|2|ED|L^Letter^LAB|1|LAB^TEXT^^A^All is well||||||F"
    *_, piece, _report = read(message(MSH, PID, OBR, text))
    assert piece == Piece(b"All is well", "text/plain", "Letter", last=True)


@pytest.mark.parametrize(
    ("segment", "reason"),
    [
        (file(b"%PDF-1.4 cut off"), "cut off in the middle"),
        (file(picture("PNG")[:60], "IM", "PNG"), "cannot be read: the picture is damaged"),
        (file(pdf()).replace("^Base64^", "^Base64^!"), "damaged"),
        (file(pdf()).replace("^Base64^", "^Hex^"), "damaged"),
        ("OBX|2|ED|L^Letter^LAB|1|||||||F", "no file in it"),
        ("OBX|2|RP|L^Letter^LAB|1|http://example.org/x||||||F", "only says where a file is"),
    ],
)
def test_files_that_are_left_out(segment: str, reason: str) -> None:
    ((place, said),) = skipped(message(MSH, PID, OBR, segment))
    assert place == "message 1, segment 4 (OBX)"
    assert reason in said


def test_a_file_comes_through_the_box_too() -> None:
    data = message(MSH, PID, OBR, file(picture("PNG"), "IM", "PNG"), file(pdf()))
    found = [e for e in parse([data], filename="a.hl7") if not isinstance(e, Progress)]
    assert found == read(data, "a.hl7")
