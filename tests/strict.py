"""What every answer of the portal must carry (security.md §3.16), whatever it says."""

import re
from typing import Any

EXPECTED = {
    "Cache-Control": "no-store",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}
# What an app in a page of another site may read: it holds nothing of who asks (docs/links.md).
ELSEWHERE = re.compile(r"^/(link/[^/]+/manifest|link-file/[^/]+)$")
FOR_APPS = {
    "Access-Control-Allow-Origin": "*",
    "Cross-Origin-Resource-Policy": "cross-origin",
}
FEATURES = ("camera", "display-capture", "geolocation", "microphone", "payment", "usb")
PAGES = {
    "default-src": "'none'",
    "base-uri": "'none'",
    "object-src": "'none'",
    "frame-ancestors": "'none'",
    "form-action": "'self'",
    "connect-src": "'self'",
    "style-src": "'self'",
}
SANDBOX = "sandbox; default-src 'none'"
NONCE = re.compile(r"nonce-[\w+/=-]{16,}")


def laxities(answer: Any) -> list[str]:
    """What is missing from an answer's headers; empty when it is strict."""
    said, path = answer.headers, answer.request["PATH_INFO"]
    expected = EXPECTED | (FOR_APPS if ELSEWHERE.match(path) and answer.status_code != 405 else {})
    wrong = [name for name, value in expected.items() if said.get(name) != value]
    if answer.request["PATH_INFO"].startswith("/.well-known/status-lists/"):
        # The same for everybody, and made to be kept.
        wrong = [name for name in wrong if name != "Cache-Control"]
    wrong += [one for one in FEATURES if f"{one}=()" not in said.get("Permissions-Policy", "")]
    wrong += _policy(said.get("Content-Security-Policy", ""), path)
    wrong += _cookies(answer)
    return wrong


def _policy(policy: str, path: str) -> list[str]:
    """A page's policy, or the stricter one of a file; Django's admin knows no nonces."""
    if policy == SANDBOX:
        return []
    rules = dict(rule.strip().partition(" ")[::2] for rule in policy.split(";"))
    wrong = [name for name, value in PAGES.items() if rules.get(name) != value]
    wrong += ["unsafe"] if "unsafe-" in policy or "*" in policy or "http" in policy else []
    scripts = NONCE.sub("nonce", rules.get("script-src", "")).split()
    # Without a page that used the nonce there is no nonce, and then no script at all.
    allowed = {"'nonce'", "'strict-dynamic'"}
    if path.startswith("/admin/"):
        allowed.add("'self'")
    return wrong + ([] if {*scripts} <= allowed else ["script-src"])


def _cookies(answer: Any) -> list[str]:
    """Only the session's, which no script reads and no other site sends with a form (C47)."""
    return [
        f"cookie {cookie.key}"
        for cookie in answer.cookies.values()
        if cookie.value
        and not (cookie.key == "session" and cookie["httponly"] and cookie["samesite"] == "Lax")
    ]
