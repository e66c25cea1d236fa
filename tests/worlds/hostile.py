"""Files that harm, lie or break off, each with `CANARY` among what it says."""

import json

from tests.worlds import apple, ccda
from tests.worlds.files import ct_slice, dicom, fhir, packed, pdf, picture

CANARY = "Quillfeather"
_MANY = 1_000_000


def files() -> dict[str, bytes]:
    """Every file by its name."""
    return _json() | _xml() | _archives() | _cut_off() | _mislabelled()


def _observation(before: str) -> bytes:
    """An observation of which this, and the canary, stand first."""
    whole = json.dumps({"resourceType": "Observation", "status": "final", "code": {"text": CANARY}})
    return f"{{{before},{whole[1:]}".encode()


def _json() -> dict[str, bytes]:
    deep = "[" * 100_000
    entries = b'{"id":"%b"}' % CANARY.encode() + b',{"id":"a"}' * _MANY
    return {
        "deep.json": _observation(f'"note":{deep}'),
        "deep-and-closed.json": _observation(f'"note":{"[" * 90}{"]" * 90}'),
        "huge.json": _observation(f'"x":"{CANARY * 1_000_000}"'),
        "twice.json": _observation('"status":"final"'),
        "not-a-number.json": _observation('"valueQuantity":{"value":NaN}'),
        "half-a-character.json": _observation('"id":"\\ud800"'),
        "not-utf8.json": _observation('"id":"x"').replace(b'"x"', b'"\xff\xfe"'),
        "wrong-word.json": _observation(f'"subject":{{"{CANARY} is ill":1}}'),
        "million.json": b'{"resourceType":"Bundle","type":"collection","entry":[%b]}' % entries,
    }


def _xml() -> dict[str, bytes]:
    laughs = "".join(f'<!ENTITY a{n} "{f"&a{n - 1};" * 10}">' for n in range(1, 10))
    bomb = f'<!DOCTYPE ClinicalDocument [<!ENTITY a0 "{CANARY}">{laughs}]>'
    outside = '<!DOCTYPE ClinicalDocument [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
    said = f"<title>{CANARY}</title>"
    return {
        "laughs.xml": ccda.document("<component>&a9;</component>", before=bomb + said),
        "outside.xml": ccda.document("<component>&x;</component>", before=outside + said),
        "apple-entity.xml": apple.export(
            apple.record("BodyMass", "70", "kg").replace("70", "&x;"),
            dtd=b'<!DOCTYPE HealthData [<!ENTITY x "%b">]>' % CANARY.encode(),
        ),
        "deep.xml": ccda.document(f"{'<component>' * 5000}{CANARY}"),
    }


def _archives() -> dict[str, bytes]:
    bomb = packed((f"{CANARY}.json", b'{"resourceType":"' + bytes(60_000_000)))
    nested = packed(("inner.zip", packed(("a.zip", packed((f"{CANARY}.json", b"{}"))))))
    return {
        "bomb.zip": bomb,
        "slip.zip": packed((f"../../{CANARY}.json", fhir("observation"))),
        "nested.zip": nested,
        "nothing-we-take.zip": packed((f"{CANARY}.exe", b"MZ")),
    }


def _whole() -> dict[str, bytes]:
    named = json.dumps({"resourceType": "Patient", "name": [{"text": CANARY}]}).encode()
    return {
        "cut.json": named,
        "cut.xml": ccda.document(f"<component>{CANARY}</component>"),
        "cut-apple.xml": apple.export(apple.record("BodyMass", CANARY, "kg")),
        "cut.pdf": pdf(CANARY),
        "cut.png": picture("PNG"),
        "cut.jpg": picture("JPEG"),
        "cut.tif": picture("TIFF", compression="tiff_lzw"),
        "cut.dcm": dicom(ct_slice(PatientName=CANARY)),
        "cut.zip": packed((f"{CANARY}.json", named)),
    }


def _cut_off() -> dict[str, bytes]:
    return {name: data[: len(data) * 2 // 3] for name, data in _whole().items()} | {
        "empty.json": b""
    }


def _mislabelled() -> dict[str, bytes]:
    page = f"<html><script>{CANARY}</script></html>".encode()
    return {
        "really-a-pdf.json": pdf(CANARY),
        "really-a-picture.pdf": picture("PNG"),
        "really-fhir.dcm": fhir("observation"),
        "really-a-page.xml": page,
        "really-a-page.pdf": page,
        "really-a-program.json": b"MZ" + CANARY.encode(),
        "really-nothing.csv": b"\0\1\2" + CANARY.encode(),
        "really-text.hl7": CANARY.encode(),
    }
