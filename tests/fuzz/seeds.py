"""A few small files for each target to begin with, all made here."""

import orjson

from phr.formats.frames import encode
from phr.formats.parsed import Columns, Output, Person, Piece, Progress, Skipped
from tests.phr.formats.reading import read
from tests.worlds import apple, bulk_export, ccda
from tests.worlds.files import ct_slice, dicom, fhir, packed, pdf, picture

_HL7 = rb"""MSH|^~\&|LAB|North|PORTAL||20240302101500+0100||ORU^R01^ORU_R01|M1|P|2.5.1
PID|1||P-1^^^NORTH^MR||Archer^Alice||19800203|F
OBR|1|A1|B1|57021-8^CBC^LN|||20240302100000
OBX|1|NM|718-7^Haemoglobin^LN||13.5|g/dL|12-16|N|||F
OBX|2|ED|PDF^Report^L||^application^pdf^Base64^JVBERi0xLjQ=||||||F
NTE|1||Fasting \T\ rested
"""
_TABLE = (
    b"Date;Weight (kg);Pulse\n1.2.2024;72,5;60\n13.2.2024;73;61\n",
    b'date,"blood pressure",note\r\n2024-02-01,120/80,"a ""b"""\r\n',
    "Zeit\tGlukose\n2024-02-01 10:00\t5,4\n".encode("utf-16"),
)


def every() -> dict[str, list[bytes]]:
    """Seeds by the name of their target."""
    hl7 = _HL7.replace(b"\n", b"\r")
    bundles = [fhir(name) for name in ("searchset", "ips", "list", "observation", "history")]
    lines = b"\n".join(map(orjson.dumps, bulk_export.resources()))
    archive = packed(("a.json", bundles[3]), ("b.xml", apple.export()), ("c.txt", b"words"))
    frames = [encode(one) for one in _outputs()]
    return {
        "fhir": [*bundles, lines, '{"resourceType":"Basic","code":{"text":"é\\ud83d"}}'.encode()],
        "ccda": [ccda.RICH, ccda.section("<text>a<br/>b</text>")],
        "apple_health": [
            apple.export(
                apple.record("BodyMass", "70.5", "kg"), apple.record("StepCount", "9", "count")
            )
        ],
        "hl7v2": [
            hl7,
            b"\x0b" + hl7 + b"\x1c\r",
            b"FHS|^~\\&\rBHS|^~\\&\r" + hl7 + b"BTS|1\rFTS|1\r",
        ],
        "table": list(_TABLE),
        "pdf": [pdf(), pdf("Ängste (und) \\mehr")],
        "image": [picture("PNG"), picture("JPEG"), picture("TIFF", compression="tiff_lzw")],
        "dicom": [dicom(ct_slice())],
        "archive_zip": [archive, packed(("x.ndjson", lines), ("d/a.dcm", dicom(ct_slice())))],
        "detect": [
            b"a.xml\0<ClinicalDocument>",
            b"\0" + hl7[:60],
            b"a.csv\0a,b",
            b"a.zip\0PK\x03\x04",
        ],
        "frames": [b"".join(frames), *(one[8 : 8 + int.from_bytes(one[:4])] for one in frames)],
        "json_stream": [*bundles[2:4], b'[1.50,-0,1e5,true,null,"\\u00e9",{}]'],
    }


def _outputs() -> list[Output]:
    found = [*read(fhir("observation"), "a.json"), *read(picture("PNG"), "a.png")]
    return [
        *found,
        Person(("Alice",), "1980-02-03", ("a|b",), ("Patient/1",)),
        Piece(b"data", "text/plain", "a.txt", last=True),
        Columns(("a", "b"), (("1", "2"),), {"0": "date"}),
        Skipped("Entry 1", "it is empty"),
        Progress(1, 2, "bytes"),
    ]
