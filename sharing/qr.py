"""QR codes (ISO/IEC 18004) as pictures that stand in the page itself."""

from django.utils.html import format_html
from django.utils.safestring import SafeString
from qrcode import constants
from qrcode.main import QRCode


def svg(text: str, *, label: str) -> SafeString:
    """The code of a text as inline SVG, one unit a module, with the quiet zone it needs."""
    code: QRCode = QRCode(error_correction=constants.ERROR_CORRECT_M, border=4)
    code.add_data(text)
    code.make(fit=True)
    rows = code.get_matrix()
    dark = "".join(
        f"M{x} {y}h1v1h-1z" for y, row in enumerate(rows) for x, one in enumerate(row) if one
    )
    return format_html(
        '<svg class="app-qr" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {0} {0}" role="img"'
        ' aria-label="{1}" shape-rendering="crispEdges">'
        '<path class="app-qr__light" d="M0 0h{0}v{0}H0z"/><path class="app-qr__dark" d="{2}"/></svg>',
        len(rows),
        label,
        dark,
    )
