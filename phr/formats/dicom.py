"""DICOM Part 10 files, one instance each, as an `ImagingStudy` with a picture.

Sources: DICOM PS3.10, PS3.3; https://hl7.org/fhir/R4/imagingstudy.html
"""

import codecs
import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from io import BytesIO
from typing import Any

import pydicom
from pydicom.charset import python_encoding
from pydicom.dataset import FileDataset

from phr.formats import dicom_picture
from phr.formats.document import base_name, built
from phr.formats.effective import by_clock, utc
from phr.formats.json_stream import Read
from phr.formats.meaning import bounded
from phr.formats.parsed import Limits, Output, Person, Refused, Skipped
from phr.formats.terms import clean
from sharing.categories import category_of
from sharing.labels import suggest

Json = dict[str, Any]

NAME = "DICOM"
_DCM = "http://dicom.nema.org/resources/ontology/DCM"
_DICOMDIR = "1.2.840.10008.1.3.10"
_UID = re.compile(r"(0|[1-9][0-9]*)(\.(0|[1-9][0-9]*))+")
_MOST = 2**31 - 1


def warm() -> None:
    """Load whatever is loaded on first use: character sets and decoders of pixels."""
    suggest({"resourceType": "ImagingStudy"})
    category_of({"resourceType": "ImagingStudy"})
    for name in set(python_encoding.values()):
        with suppress(LookupError):
            codecs.lookup(name)
    dicom_picture.warm()


def read(stream: Read, limits: Limits, filename: str) -> Iterator[Output]:
    """Whom it shows, one ImagingStudy and, where there are pixels, its Preview. Raises Refused."""
    data = stream(limits.max_bytes + 1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pydicom.config.settings.reading_validation_mode = pydicom.config.IGNORE
        dataset = _open(data)
        study = imaging_study(dataset, filename)
        uid = study["identifier"][0]["value"]
        if somebody := person(dataset):
            yield somebody
        yield built(
            study,
            data,
            by_clock(study.get("started", "")),
            identity=f"ImagingStudy|urn:dicom:uid|{uid}",
        )
        if "Rows" not in dataset:
            yield Skipped("the picture", "there are no pixels in this file")
        else:
            yield dicom_picture.draw(dataset, limits)


def _open(data: bytes) -> FileDataset:
    try:
        dataset = pydicom.dcmread(BytesIO(data))
        kind = str(dataset.file_meta.get("MediaStorageSOPClassUID", ""))
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 - pydicom raises many kinds on damaged files
        raise Refused("The DICOM file is damaged or cut off and cannot be read.") from None
    if kind == _DICOMDIR:
        raise Refused("This is a DICOMDIR, a table of contents; please upload the images it names.")
    return dataset


def imaging_study(dataset: FileDataset, filename: str) -> Json:
    """The FHIR R4 ImagingStudy of one instance. Raises Refused without the three UIDs."""
    modality = _coding(dataset)
    instance = {
        "uid": _uid(dataset, "SOPInstanceUID"),
        "sopClass": {
            "system": "urn:ietf:rfc:3986",
            "code": f"urn:oid:{_uid(dataset, 'SOPClassUID')}",
        },
        "number": _count(dataset, "InstanceNumber"),
        "title": base_name(filename),
    }
    series = {
        "uid": _uid(dataset, "SeriesInstanceUID"),
        "number": _count(dataset, "SeriesNumber"),
        "modality": modality,
        "description": _text(dataset, "SeriesDescription"),
        "numberOfInstances": 1,
        "bodySite": _display(_text(dataset, "BodyPartExamined")),
        "instance": [_without_empty(instance)],
    }
    study = {
        "resourceType": "ImagingStudy",
        "identifier": _identifiers(dataset),
        "status": "available",
        "modality": [modality],
        "subject": _subject(dataset),
        "started": _started(dataset),
        "referrer": _display(_name(dataset, "ReferringPhysicianName")),
        "numberOfSeries": 1,
        "numberOfInstances": 1,
        "description": _text(dataset, "StudyDescription"),
        "series": [_without_empty(series)],
    }
    return _without_empty(study)


def _identifiers(dataset: FileDataset) -> list[Json]:
    uid = {"system": "urn:dicom:uid", "value": f"urn:oid:{_uid(dataset, 'StudyInstanceUID')}"}
    number = _text(dataset, "AccessionNumber")
    system = "http://terminology.hl7.org/CodeSystem/v2-0203"
    accession = {"type": {"coding": [{"system": system, "code": "ACSN"}]}, "value": number}
    return [uid, accession] if number else [uid]


def _subject(dataset: FileDataset) -> Json:
    number, name = _text(dataset, "PatientID"), _name(dataset, "PatientName")
    subject: Json = {"identifier": {"value": number}} if number else {}
    return subject | {"display": name or "Name not given"}


def person(dataset: FileDataset) -> Person | None:
    """Whom the patient module describes (PS3.3 C.7.1.1); None when it names nobody and no day."""
    names, day = _names(dataset, "PatientName"), _day(_text(dataset, "PatientBirthDate"))
    number, issuer = _text(dataset, "PatientID"), _text(dataset, "IssuerOfPatientID")
    numbers = (bounded(f"{issuer}|{number}"),) if number else ()
    return Person(names, day or None, numbers) if names or day else None


def _coding(dataset: FileDataset) -> Json:
    code = _text(dataset, "Modality")
    return {"system": _DCM, "code": code if re.fullmatch(r"[A-Z0-9_]{2,16}", code) else "OT"}


def _started(dataset: FileDataset) -> str:
    """The day of the study; with the time only if the file names its time zone."""
    found = _day(_text(dataset, "StudyDate"))
    time = re.match(r"(\d\d):?(\d\d):?(\d\d)", _text(dataset, "StudyTime"))
    zone = re.fullmatch(r"([+-]\d\d)(\d\d)", _text(dataset, "TimezoneOffsetFromUTC"))
    if (
        time
        and zone
        and utc(exact := f"{found}T{':'.join(time.groups())}{':'.join(zone.groups())}")
    ):
        return exact
    return found


def _day(text: str) -> str:
    """A DICOM date (PS3.5 §6.2 DA, or as before version 3.0 with dots) as a FHIR date, or ""."""
    parts = re.fullmatch(r"(\d{4})\.?(\d\d)\.?(\d\d)", text)
    found = "-".join(parts.groups()) if parts else ""
    return found if utc(found) else ""


def _uid(dataset: FileDataset, keyword: str) -> str:
    uid = _text(dataset, keyword)
    if len(uid) > 64 or not _UID.fullmatch(uid):
        spaced = re.sub(r"(?<=[a-z])(?=[A-Z])|(?<=P)(?=[CI][a-z])", " ", keyword)
        raise Refused(f"The DICOM file has no correct {spaced}.")
    return uid


def _name(dataset: FileDataset, keyword: str) -> str:
    """A DICOM person name as people write it, the first of its spellings."""
    return next(iter(_names(dataset, keyword)), "")


def _names(dataset: FileDataset, keyword: str) -> tuple[str, ...]:
    """Every spelling of a person name: alphabetic, ideographic, phonetic (PS3.5 §6.2.1.2).

    Each is family^given^middle^prefix^suffix.
    """
    found = []
    for group in _text(dataset, keyword).split("="):
        parts = [part.strip() for part in group.split("^")]
        family, given, middle, prefix, suffix = (parts + [""] * 5)[:5]
        found.append(" ".join(part for part in (prefix, given, middle, family, suffix) if part))
    return tuple(dict.fromkeys(filter(None, found)))


def _text(dataset: FileDataset, keyword: str) -> str:
    """A tag as clean text; "" when it is missing or cannot be read."""
    try:
        value = dataset.get(keyword)
        return "" if value is None else clean(str(value))
    except Exception:  # noqa: BLE001 - a tag may hold anything
        return ""


def _count(dataset: FileDataset, keyword: str) -> int | None:
    text = _text(dataset, keyword)
    return int(text) if re.fullmatch(r"[0-9]{1,10}", text) and int(text) <= _MOST else None


def _display(text: str) -> Json | None:
    return {"display": text} if text else None


def _without_empty(values: Json) -> Json:
    return {k: v for k, v in values.items() if v not in (None, "")}
