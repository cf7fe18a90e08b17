"""The provider's books, read from the provider itself, over HTTP: not what the shop believes of them."""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Self

import httpx

from tests.drill.books import Row

TIMEOUT_SECONDS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class Charge(Row):
    """Money that was taken for one of the shop's attempts."""

    merchant_reference: str
    amount: int
    currency: str
    is_charged_back: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SentBack(Row):
    """A refund that the shop asked for, under the shop's key."""

    key: str
    merchant_reference: str
    amount: int
    currency: str
    status: str

    @property
    def is_through(self) -> bool:
        return self.status == "succeeded"


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderBooks:
    """All that the provider took and sent back, and what it did wrong on purpose."""

    charges: list[Charge]
    refunds: list[SentBack]
    webhooks: dict[str, int]
    calls: int
    faults: dict[str, int]

    @classmethod
    def read(cls, document: dict[str, Any]) -> Self:
        """From the JSON of the provider's API."""
        return cls(
            charges=[Charge.read(row) for row in document["charges"]],
            refunds=[SentBack.read(row) for row in document["refunds"]],
            webhooks=document["webhooks"],
            calls=document["calls"],
            faults=document["faults"],
        )

    def kept(self) -> dict[str, Counter[str]]:
        """Payment to what is left of its money at the provider, by currency, in minor units."""
        left: dict[str, Counter[str]] = {}
        for charge in self.charges:
            purse = left.setdefault(charge.merchant_reference, Counter())
            purse[charge.currency] += 0 if charge.is_charged_back else charge.amount
        for refund in self.refunds:
            if refund.is_through:
                left.setdefault(refund.merchant_reference, Counter())[refund.currency] -= refund.amount
        return left


def ask_provider(*, api_url: str, key: str) -> ProviderBooks:
    """What the provider says at this moment. :raises httpx.HTTPError: if it does not answer."""
    reply = httpx.get(
        f"{api_url}/books/", headers={"Authorization": f"Bearer {key}"}, timeout=TIMEOUT_SECONDS, trust_env=False
    )
    reply.raise_for_status()
    return ProviderBooks.read(reply.json())
