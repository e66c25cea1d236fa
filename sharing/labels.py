"""Sensitivity labels: what a person may want to keep apart when sharing.

Source: HL7 v3-ActCode, _InformationSensitivityPolicy, carried in Resource.meta.security
(FHIR R4 Security Labels). N is the v3-Confidentiality code for ordinary health information.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, Final

from sharing.rules import FILED, NESTED, TELLING, Rules


class Sensitivity(StrEnum):
    """One label. The value is what is stored, `label` is what a person reads.

    ETH, PSY, HIV, SEX, GDIS and VIO are HL7 v3-ActCode codes: substance abuse, psychiatry, HIV/AIDS,
    sexuality and reproductive health, genetic disease, violence. N (v3-Confidentiality) marks a
    record that was checked and found ordinary; unclassified one that could hold anything.
    """

    N = "N"
    ETH = "ETH"
    PSY = "PSY"
    HIV = "HIV"
    SEX = "SEX"
    GDIS = "GDIS"
    VIO = "VIO"
    UNCLASSIFIED = "unclassified"

    @property
    def label(self) -> str:
        """What a person reads."""
        return _WORDS[self]


_WORDS: Final = {
    Sensitivity.N: "Ordinary",
    Sensitivity.ETH: "Alcohol and drug use",
    Sensitivity.PSY: "Mental health",
    Sensitivity.HIV: "HIV",
    Sensitivity.SEX: "Sexual health, pregnancy and birth",
    Sensitivity.GDIS: "Genetic conditions",
    Sensitivity.VIO: "Violence and abuse",
    Sensitivity.UNCLASSIFIED: "Not sorted",
}


_LABELS: Final = [
    (1 << at, label) for at, label in enumerate(Sensitivity) if label is not Sensitivity.N
]
_BIT: Final = {str(label): bit for bit, label in _LABELS}
_UNCLASSIFIED: Final = _BIT["unclassified"]
_RULES: Final = Rules(_BIT)
_SECURITY: Final = {**_BIT, **_RULES.security, "R": _UNCLASSIFIED, "V": _UNCLASSIFIED}
_DEEPEST: Final = 3


def suggest(resource: Mapping[str, Any]) -> list[Sensitivity]:
    """Suggest the labels of a FHIR R4 resource; never empty, in the order of `Sensitivity`.

    `resource` is parsed JSON of any shape; wrong types are read as absent, nothing is raised.
    Security tags already on it are honoured and never lower anything. Codes are looked up in
    data/sensitivity.toml, and so are the words of displays, texts and titles. A coded resource
    that matches nothing is ordinary; one without codes, with codes alone of a system that nothing
    here knows, or whose content is not read here (documents, pictures, attached reports), is
    unclassified until its owner has seen to it.
    """
    seen = _Seen()
    seen.walk(resource, 0)
    bits = seen.bits | _security(resource)
    resource_type = resource.get("resourceType")
    if isinstance(resource_type, str):
        bits |= _RULES.types.get(resource_type, 0)
        if resource_type in _RULES.opaque or resource.get("presentedForm"):
            bits |= _UNCLASSIFIED
        elif resource_type in _RULES.ordinary:
            seen.coded = True
    if not bits and not seen.coded:
        bits = _UNCLASSIFIED
    return [label for bit, label in _LABELS if bits & bit] or [Sensitivity.N]


def _security(resource: Mapping[str, Any]) -> int:
    meta = resource.get("meta")
    tags = meta.get("security") if isinstance(meta, dict) else None
    bits = 0
    for tag in tags if isinstance(tags, list) else ():
        code = tag.get("code") if isinstance(tag, dict) else None
        if isinstance(code, str):
            bits |= _SECURITY.get(code, 0)
    return bits


class _Seen:
    """What was met while walking one resource: label bits, and whether anything was coded."""

    __slots__ = ("bits", "coded")

    def __init__(self) -> None:
        self.bits = 0
        self.coded = False

    def walk(self, node: Mapping[str, Any], depth: int) -> None:
        for name, value in node.items():
            role = _RULES.fields.get(name)
            if role is None:
                continue
            for item in value if isinstance(value, list) else (value,):
                if isinstance(item, dict):
                    if role & (TELLING | FILED):
                        self.concept(item, role)
                    if role & NESTED and depth < _DEEPEST:
                        self.walk(item, depth + 1)
                elif isinstance(item, str):
                    self.bits |= _RULES.of_text(item)

    def concept(self, concept: Mapping[str, Any], role: int) -> None:
        """Read a CodeableConcept, a Coding, a Reference or an Annotation."""
        codings = concept.get("coding", concept)
        display, text = None, concept.get("text")
        named = isinstance(text, str) and bool(text)
        for coding in codings if isinstance(codings, list) else (codings,):
            if isinstance(coding, dict):
                self.coding(coding, role, named=named)
                display = coding.get("display")
        if isinstance(text, str) and text != display:
            self.bits |= _RULES.of_text(text)

    def coding(self, coding: Mapping[str, Any], role: int, *, named: bool) -> None:
        code, system, display = coding.get("code"), coding.get("system"), coding.get("display")
        if isinstance(code, str) and code:
            if role & TELLING and not self.coded:
                self.coded = named or isinstance(display, str) or _RULES.knows(system)
            if isinstance(system, str):
                self.bits |= _RULES.of_code(system, code)
        if isinstance(display, str):
            self.bits |= _RULES.of_text(display)
