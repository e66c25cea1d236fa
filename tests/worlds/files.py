"""Small files of every kind a person uploads, made on the spot from nothing but numbers."""

import zipfile
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import Dataset, FileDataset, FileMetaDataset
from pydicom.uid import UID, CTImageStorage, ExplicitVRLittleEndian

FHIR = Path(__file__).parent / "fhir"
STUDY_UID = "1.2.826.0.1.3680043.8.498.1"
# What scanners write into a slice, by DICOM keyword (PS3.6).
SLICE: dict[str, Any] = {
    "SOPClassUID": CTImageStorage,
    "SOPInstanceUID": f"{STUDY_UID}.2.1",
    "StudyInstanceUID": STUDY_UID,
    "SeriesInstanceUID": f"{STUDY_UID}.2",
    "Modality": "CT",
    "StudyDate": "20240302",
    "StudyTime": "101112",
    "StudyDescription": "CT HEAD",
    "SeriesDescription": "Axial 5 mm",
    "SeriesNumber": 2,
    "InstanceNumber": 17,
    "AccessionNumber": "A-100",
    "PatientID": "P-1",
    "PatientName": "Testperson^Ada",
    "ReferringPhysicianName": "Example^Robin^^Dr.",
    "BodyPartExamined": "HEAD",
    "Rows": 32,
    "Columns": 32,
    "SamplesPerPixel": 1,
    "PhotometricInterpretation": "MONOCHROME2",
    "BitsAllocated": 16,
    "BitsStored": 16,
    "HighBit": 15,
    "PixelRepresentation": 1,
    "RescaleIntercept": -1024,
    "RescaleSlope": 1,
    "WindowCenter": 40,
    "WindowWidth": 400,
}


def fhir(name: str) -> bytes:
    """A hand-made FHIR file from the folder `fhir`."""
    return (FHIR / f"{name}.json").read_bytes()


def picture(
    kind: str, *, size: tuple[int, int] = (60, 40), mode: str = "RGB", **save: Any
) -> bytes:
    """A picture with a bright left and a dark right half; `kind` as Pillow spells it."""
    image = Image.new("L", size, 40)
    image.paste(220, (0, 0, size[0] // 2, size[1]))
    out = BytesIO()
    image.convert(mode).save(out, kind, **save)
    return out.getvalue()


def pdf(text: str = "Hello", *, created: str = "D:20240302101112Z") -> bytes:
    """A one-page PDF with a line of text, written by hand."""
    drawing = f"BT /F1 24 Tf 72 720 Td ({text}) Tj ET".encode()
    fonts = b"/Resources << /Font << /F1 5 0 R >> >>"
    objects = [
        b"<< /Type /Catalog /Pages 2 0 R >>",
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        b"<< /Type /Page /Parent 2 0 R /Contents 4 0 R /MediaBox [0 0 612 792] %s >>" % fonts,
        b"<< /Length %d >>\nstream\n%s\nendstream" % (len(drawing), drawing),
        b"<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        b"<< /CreationDate (%s) >>" % created.encode(),
    ]
    out, offsets = bytearray(b"%PDF-1.4\n"), []
    for n, body in enumerate(objects, 1):
        offsets.append(len(out))
        out += b"%d 0 obj\n%s\nendobj\n" % (n, body)
    start = len(out)
    out += b"xref\n0 %d\n0000000000 65535 f \n" % (len(objects) + 1)
    out += b"".join(b"%010d 00000 n \n" % at for at in offsets)
    out += b"trailer\n<< /Size %d /Root 1 0 R /Info 6 0 R >>\n" % (len(objects) + 1)
    return bytes(out + b"startxref\n%d\n%%%%EOF\n" % start)


def ct_slice(**changes: Any) -> FileDataset:
    """A 32 by 32 CT slice: water with a bright square. `changes` by DICOM keyword; None removes."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID = CTImageStorage
    meta.MediaStorageSOPInstanceUID = UID(f"{STUDY_UID}.2.1")
    meta.TransferSyntaxUID = ExplicitVRLittleEndian
    dataset = FileDataset("", {}, file_meta=meta, preamble=b"\0" * 128)
    pixels = np.full((32, 32), 1024, dtype=np.int16)
    pixels[8:24, 8:24] = 1324
    for keyword, value in (SLICE | {"PixelData": pixels.tobytes()} | changes).items():
        if value is not None:
            setattr(dataset, keyword, value)
    return dataset


def dicom(dataset: Dataset) -> bytes:
    """The bytes of a DICOM file."""
    out = BytesIO()
    pydicom.dcmwrite(out, dataset, enforce_file_format=True)
    return out.getvalue()


def packed(
    *files: tuple[str | zipfile.ZipInfo, bytes], method: int = zipfile.ZIP_DEFLATED
) -> bytes:
    """A ZIP archive of these files, by name."""
    out = BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, data in files:
            archive.writestr(name, data)
    return out.getvalue()
