"""The signed lists from which a system that took a copy learns that a permission has ended."""

from django.db import models


class StatusList(models.Model):
    """One Token Status List as it is served: a signed token, and its hash to be asked for by.

    No permission with a serial below `made_up_to` is still to come.
    """

    number = models.PositiveIntegerField(primary_key=True)
    token = models.TextField()
    made_up_to = models.BigIntegerField()
    etag = models.CharField(max_length=64)
    made_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"StatusList {self.number}"
