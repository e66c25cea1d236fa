"""Prove that holders of the ledger for billing cannot tell whose record was used."""

from typing import Any

from django.core.management.base import CommandError

from accounts.actors import Actor, System
from accounts.commands import Gated
from phr.services import usage_proof


class Command(Gated):
    help = "Exit 0 when no reference resolves without a facility's key and no column says more."

    def handle(self, *_args: Any, **_options: Any) -> None:
        proof = usage_proof.prove(Actor.job(System.OPERATOR))
        if proof.columns != usage_proof.COLUMNS:
            raise CommandError("The ledger has other columns than action, time, user, reference.")
        if not proof.holds:
            raise CommandError(f"{proof.resolved} of {proof.tried} ids: the ledger resolves them.")
        if not proof.shows_something:
            raise CommandError(
                f"Nothing is shown: there are {proof.rows} rows, and with the facilities' keys"
                f" {proof.with_key} of {proof.tried} ids resolve.",
                returncode=2,
            )
        rows = f"{proof.rows} row{'' if proof.rows == 1 else 's'}"
        self.stdout.write(
            f"{rows}, {proof.tried} ids tried without a key: none resolves."
            f" With the facilities' keys {proof.with_key} do."
        )
