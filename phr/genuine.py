"""Whether an archive is as this portal wrote it: a tag that nobody else can make."""

from hashlib import sha256
from hmac import compare_digest
from hmac import digest as hmac_digest

from accounts.keys import portal_key
from phr.formats.restored import Made


def tag_of(digest: str) -> str:
    """The tag (HMAC-SHA-256, hex) over the digest of a manifest."""
    return hmac_digest(portal_key("archive"), digest.encode(), sha256).hex()


def is_genuine(made: Made) -> bool:
    """Whether this portal wrote the archive: not another one, nobody by hand, no key of before."""
    return compare_digest(tag_of(made.digest).encode(), made.tag.encode())
