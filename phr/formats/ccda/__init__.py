"""C-CDA R2.1 documents, and any other CDA R2 document that has a structured body.

Read as a stream: each entry becomes resources as soon as it ends, and each section's narrative is
kept in one Composition at the end, so that nothing a person could read is lost.

Sources: HL7 CDA R2; HL7 Implementation Guide C-CDA Release 2.1.
"""

from collections.abc import Iterator

from phr.formats import hardened_xml, image, pdf
from phr.formats.ccda.reading import Reading
from phr.formats.ccda.tree import HL7
from phr.formats.json_stream import Read
from phr.formats.parsed import Limits, Output, Refused
from phr.formats.resource import made

NAME = "C-CDA"


def warm() -> None:
    """Load whatever is loaded on first use; nothing can be opened once the box is locked."""
    hardened_xml.warm()
    pdf.warm()
    image.warm()
    made({"resourceType": "Basic", "code": {"text": "x"}}, "")


def read(stream: Read, limits: Limits, filename: str) -> Iterator[Output]:  # noqa: ARG001
    """Person and Patient, the resources of the entries, the Composition. Raises Refused."""
    reading = Reading(limits)
    depth = 0
    for event, element in hardened_xml.events(stream, limits):
        depth += 1 if event == "start" else -1
        if depth == 1 and event == "start" and element.tag != f"{HL7}ClinicalDocument":
            raise Refused("The file is XML, but it does not begin as a C-CDA document does.")
        yield from reading.start(element) if event == "start" else reading.end(element)
    yield from reading.finish()
