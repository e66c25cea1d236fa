"""C-CDA documents of our own: a rich one, one of words alone, and what a person may put around."""

from pathlib import Path

RICH = (Path(__file__).parent / "ccda.xml").read_bytes()

_HEAD = """<ClinicalDocument xmlns="urn:hl7-org:v3"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><id root="1.2.3.999.1" extension="doc-2"/>
<code code="11488-4" codeSystem="2.16.840.1.113883.6.1" displayName="Consult note"/>
<effectiveTime value="2024"/><recordTarget><patientRole><id root="1.2.3.999.2" extension="MRN-7"/>
<patient><name><given>Alice</given><family>Example</family></name></patient></patientRole>
</recordTarget>"""


def document(body: str, *, before: str = "") -> bytes:
    """A document with this in its body; `before` stands before its first element."""
    return f"{before}{_HEAD}<component>{body}</component></ClinicalDocument>".encode()


def section(inner: str, code: str = "10164-2") -> bytes:
    """A document of one section."""
    start = f'<code code="{code}" codeSystem="2.16.840.1.113883.6.1"/><title>Story</title>'
    return document(
        f"<structuredBody><component><section>{start}{inner}</section></component></structuredBody>"
    )


def results(many: int, *, seed: int = 1) -> bytes:
    """A document with so many different results."""
    entries = "".join(
        '<entry><observation classCode="OBS" moodCode="EVN">'
        '<templateId root="2.16.840.1.113883.10.20.22.4.2"/>'
        f'<id root="1.2.3.999.9" extension="{seed}-{number}"/>'
        '<code code="2345-7" codeSystem="2.16.840.1.113883.6.1" displayName="Glucose"/>'
        f'<statusCode code="completed"/><effectiveTime value="{2000 + number % 25}0102"/>'
        f'<value xsi:type="PQ" value="{number}.{seed}" unit="mg/dL"/></observation></entry>'
        for number in range(many)
    )
    return section(f"<text>x</text>{entries}", "30954-2")


def result(value: str, besides: str = "") -> bytes:
    """A document with one result, whose value is this element."""
    return section(
        '<text>x</text><entry><observation classCode="OBS" moodCode="EVN">'
        '<templateId root="2.16.840.1.113883.10.20.22.4.2"/>'
        '<code code="2345-7" codeSystem="2.16.840.1.113883.6.1"/><statusCode code="completed"/>'
        f"{besides}{value}</observation></entry>",
        "30954-2",
    )
