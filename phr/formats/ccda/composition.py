"""The document itself: FHIR R4 Composition with the narrative of every section.

Sources: C-CDA R2.1, US Realm Header; https://hl7.org/fhir/R4/composition.html
"""

from typing import Any

from phr.formats.ccda.context import Context, Draft, full, identifiers
from phr.formats.ccda.people import shown
from phr.formats.ccda.times import moment, period
from phr.formats.ccda.tree import every, get, one, words
from phr.formats.ccda.values import concept, said
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_RELATES = {"RPLC": "replaces", "APND": "appends", "XFRM": "transforms"}
_ABSENT = "http://hl7.org/fhir/StructureDefinition/data-absent-reason"
_CONFIDENTIALITY = ("N", "R", "V", "L", "M", "U")


def composition(root: Element, sections: list[Json], context: Context) -> Draft:
    """The Composition of a document whose sections were read already."""
    confidentiality = get(one(root, "confidentialityCode"), "code")
    title = words(one(root, "title")) or get(one(root, "code"), "displayName")
    keeper = one(root, "custodian/assignedCustodian/representedCustodianOrganization/name")
    draft = context.draft(
        "Composition",
        None,
        identifier=next(iter(identifiers(root)), None),
        status="final",
        type=concept(one(root, "code"), context) or said("Clinical document"),
        author=authors(root) or [{"display": "Not said in the document"}],
        title=title or "Clinical document",
        confidentiality=confidentiality if confidentiality in _CONFIDENTIALITY else None,
        attester=_attested(root),
        custodian=full(display=words(keeper)),
        relatesTo=_related(root),
        event=[{"period": at}] if (at := _event(root)) else [],
        section=sections,
        **_date(root),
    )
    return Draft(draft.resource, context.name("Composition", context.document), None)


def _date(root: Element) -> Json:
    found = moment(get(one(root, "effectiveTime"), "value"))
    if found:
        return {"date": found}
    return {"_date": {"extension": [{"url": _ABSENT, "valueCode": "unknown"}]}}


def authors(root: Element) -> list[Json]:
    """Who wrote a document or a section, in words."""
    found = (shown(each) for each in every(root, "author/assignedAuthor"))
    return [each for each in found if each]


def _attested(root: Element) -> list[Json]:
    found = []
    for path, mode in (("legalAuthenticator", "legal"), ("authenticator", "professional")):
        for each in every(root, path):
            who, at = shown(one(each, "assignedEntity")), moment(get(one(each, "time"), "value"))
            if who or at:
                found.append(full(mode=mode, time=at, party=who))
    return found


def _related(root: Element) -> list[Json]:
    parents = (
        (_RELATES.get(get(each, "typeCode")), identifiers(one(each, "parentDocument")))
        for each in every(root, "relatedDocument")
    )
    return [{"code": c, "targetIdentifier": n[0]} for c, n in parents if c and n]


def _event(root: Element) -> Json | None:
    return period(one(root, "documentationOf/serviceEvent/effectiveTime"))


def section(element: Element, text: str, inner: list[Json], urls: list[str], c: Context) -> Json:
    """Composition.section: heading, narrative, the resources its entries became, and its parts."""
    kept = {"text": {"status": "additional", "div": text}} if text else {}
    found = full(
        title=words(one(element, "title")),
        code=concept(one(element, "code"), c),
        author=authors(element),
        entry=[{"reference": url} for url in urls],
        section=inner,
    )
    return found | kept
