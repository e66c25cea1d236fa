"""The FHIR R4 schema and the script that makes it."""
