"""A record on paper: one structure (`document`) behind the page to print and the PDF."""
