"""The shape of the archives this portal writes (`rights.archive`) and reads (`own_archive`)."""

FORMAT = "phr-archive"
# 2: files.ndjson, links.ndjson, parts/, and whether it is everything.
FORMAT_VERSION = 2

MANIFEST = "manifest.json"
BUNDLE, VERSIONS = "fhir/bundle.json", "versions/bundle.json"
# How the manifest ends, and what stands before that: the tag over the manifest without it.
TAG, END = b',\n  "tag": "TAG"', b"\n}\n"
ITEMS, FILES, LINKS = "items.ndjson", "files.ndjson", "links.ndjson"
PROVENANCE, UPLOADS = "provenance.ndjson", "originals/files.ndjson"
ACCOUNT = "account/account.json"
# The extensions of a Provenance: which version, the place in the file, what became of it, and the
# upload, gone since, in which its relative references mean something.
VERSION, PLACE, OUTCOME = "urn:phr:version", "urn:phr:place", "urn:phr:outcome"
SCOPE = "urn:phr:scope"
