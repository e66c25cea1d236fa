"""The pictures of the walk through bringing records in: one file of each format, as Carol has them."""

import json
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page

from tests.worlds import apple, ccda, files, synthea

SEGMENTS = (
    r"MSH|^~\&|LAB|North Clinic|PORTAL||20240302101500+0100||ORU^R01^ORU_R01|M1|P|2.5.1",
    "PID|1||771^^^North&2.16.840.1.9999&ISO^MR||Clark^Carol||19710909|F",
    "OBR|1|P9|F77^LAB|24331-1^Lipids^LN|||202403020800|||||||||||||||||LAB|F",
    "OBX|1|NM|2093-3^Cholesterol^LN|1|5.20|mmol/L^^UCUM|3.5-5.0|H|||F",
    "OBX|2|NM|2085-9^HDL cholesterol^LN|1|1.40|mmol/L^^UCUM|1.0-1.9||||F",
)
HL7 = "\r".join(SEGMENTS).encode()
TABLE = "Date,Weight (kg),Systolic,Diastolic\n" + "".join(
    f"2024-03-{day:02},{70 + day / 10},{118 + day},{76 + day % 5}\n" for day in range(1, 15)
)
# The others look the same.
PICTURED = ("hospital.json", "from-the-clinic.zip", "somebody.xml")
WORKER = 120_000


def carols_files() -> dict[str, bytes]:
    """What she has, by file name."""
    watch = apple.export(
        *(
            apple.record("HeartRate", str(60 + n), "count/min", f"2024-05-{n:02} 08:00:00 +0200")
            for n in range(1, 20)
        )
    )
    scan = files.dicom(files.ct_slice(PatientName="Clark^Carol", PatientBirthDate=""))
    document = ccda.RICH.replace(
        b"<given>Alice</given><given>B.</given><family>Example",
        b"<given>Carol</given><family>Clark",
    )
    return {
        "hospital.json": json.dumps(_about_carol(synthea.bundle(60))).encode(),
        "summary.xml": document,
        "laboratory.hl7": HL7,
        "export.zip": files.packed(("apple_health_export/export.xml", watch)),
        "weights.csv": TABLE.encode(),
        "letter.pdf": files.pdf("Discharge letter: knee much better"),
        "card.jpg": files.picture("JPEG", size=(600, 400)),
        "scan.dcm": scan,
        "from-the-clinic.zip": files.packed(
            ("results/laboratory.hl7", HL7), ("letters/letter.pdf", files.pdf("A second letter"))
        ),
        "somebody.xml": ccda.RICH,
    }


def _about_carol(bundle: synthea.Json) -> synthea.Json:
    for entry in bundle["entry"]:
        if entry["resource"]["resourceType"] == "Patient":
            entry["resource"]["name"] = [{"given": ["Carol"], "family": "Clark"}]
    return bundle


def walk(page: Page, keep: Callable[[str], None]) -> None:
    """Through one file of each format, a picture of each step that differs."""
    with TemporaryDirectory() as folder:
        for name, data in carols_files().items():
            (Path(folder) / name).write_bytes(data)
        page.goto("/records/upload/")
        keep("in-upload")
        for name in carols_files():
            _one(page, Path(folder) / name, keep)


def _one(page: Page, path: Path, keep: Callable[[str], None]) -> None:
    page.goto("/records/upload/")
    page.get_by_label("Choose files").set_input_files(path)
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url("**/records/upload/*-*/")
    if path.suffix == ".csv":
        _match(page, keep)
    page.get_by_text("Please check", exact=True).wait_for(timeout=WORKER)
    if path.name in PICTURED:
        keep(f"in-{path.name.replace('.', '-')}")
    if path.name == "somebody.xml":
        page.get_by_role("button", name="Cancel and delete this file").click()
        return
    page.get_by_role("button", name="Add to my record").click()
    page.get_by_text("Done", exact=True).wait_for(timeout=WORKER)
    if path.name == "hospital.json":
        keep("in-done")


def _match(page: Page, keep: Callable[[str], None]) -> None:
    page.get_by_role("link", name="Match the columns").click(timeout=WORKER)
    keep("in-columns")
    page.get_by_role("button", name="Read the table").click()
