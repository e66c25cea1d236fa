"""Cells of tables that people open with a spreadsheet."""


def formula_safe(cell: str) -> str:
    """A cell that no spreadsheet runs (OWASP ASVS 5.0, 1.2.10)."""
    return f"'{cell}" if cell[:1] in "=+-@\t\r\n" and cell else cell
