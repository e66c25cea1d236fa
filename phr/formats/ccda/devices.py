"""Devices, implants and what else somebody uses. Sources: C-CDA R2.1, Non-Medicinal Supply Activity
(V2) 2.16.840.1.113883.10.20.22.4.50, Product Instance …4.37, Medical Equipment Organizer …4.135;
https://hl7.org/fhir/R4/device.html, https://hl7.org/fhir/R4/deviceusestatement.html
"""

from collections.abc import Iterator
from typing import Any

from phr.formats.ccda.context import Context, Draft, identifiers
from phr.formats.ccda.notes import notes, reasons
from phr.formats.ccda.times import period, when
from phr.formats.ccda.tree import every, get, negated, null, one, templates, words
from phr.formats.ccda.values import concept, said
from phr.formats.hardened_xml import Element

Json = dict[str, Any]

_INSTANCE = "22.4.37"
# Whoever assigns Unique Device Identifiers: FDA, GS1, HIBCC, ICCBBA.
_UDI = ("2.16.840.1.113883.3.3719", "1.3.160", "1.0.15961.10.816", "2.16.840.1.113883.6.18")
_STATUS = {
    "active": "active", "completed": "completed", "aborted": "stopped", "suspended": "on-hold",
    "nullified": "entered-in-error",
}  # fmt: skip


def instances(statement: Element, context: Context) -> list[Draft]:
    """The Devices a statement names as Product Instances."""
    roles = every(statement, "participant/participantRole")
    found = (_device(role, context) for role in roles if _INSTANCE in templates(role))
    return [each for each in found if each]


def supplies(statement: Element, context: Context) -> Iterator[Draft]:
    """The Device of a supply, and the DeviceUseStatement that says that she has it.

    What was not supplied is neither.
    """
    if negated(statement):
        return
    found = instances(statement, context)
    yield from found
    for device in found[:1] or _unnamed(statement, context):
        if device not in found:
            yield device
        yield _use(statement, device, context)


def _use(statement: Element, device: Draft, context: Context) -> Draft:
    status = _STATUS.get(get(one(statement, "statusCode"), "code"), "active")
    time = one(statement, "effectiveTime")
    between, at = period(time), when(time)
    body = one(statement, "targetSiteCode")
    return context.draft(
        "DeviceUseStatement",
        statement,
        status="intended" if get(statement, "moodCode") in ("INT", "RQO") else status,
        device={"reference": device.url},
        timingPeriod=between,
        timingDateTime=None if between else at,
        reasonCode=reasons(statement, context),
        bodySite=concept(body, context),
        note=notes(statement, context),
    )


def _unnamed(statement: Element, context: Context) -> list[Draft]:
    """A thing of which only the kind is said."""
    product = one(statement, "product/manufacturedProduct/manufacturedMaterial/code")
    kind = concept(product, context) or said(context.says(one(statement, "text")))
    return [context.draft("Device", None, status="active", type=kind)] if kind else []


def _device(role: Element, context: Context) -> Draft | None:
    playing = one(role, "playingDevice")
    kind = concept(one(playing, "code"), context)
    model = words(one(playing, "manufacturerModelName"))
    udi = [get(each, "extension") for each in every(role, "id") if get(each, "root") in _UDI]
    if not (kind or model or identifiers(role)):
        return None
    return context.draft(
        "Device",
        role,
        udiCarrier=[{"carrierHRF": each} for each in udi if each],
        status="active",
        manufacturer=words(one(role, "scopingEntity/desc")),
        deviceName=[{"name": model, "type": "model-name"}] if model and not null(playing) else [],
        type=kind,
    )
