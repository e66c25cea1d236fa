"""Words for what a template has only as a code."""

from django import template

from phr.display import kind

register = template.Library()


@register.filter
def kind_of(resource_type: str) -> str:
    """Return plain words for a FHIR R4 resource type, such as "Medicine" for MedicationRequest."""
    return kind(resource_type)
