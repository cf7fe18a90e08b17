"""What staff type to change stock, and what it would come to."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from django import forms
from django.db import models

from inventory import services
from inventory.models import Location, StockItem
from shop.models import Variant

HIGHEST_NUMBER = 1_000_000


class Reason(models.TextChoices):
    """Why staff change stock."""

    COUNT = "Count", "Count"
    DAMAGE = "Damage", "Damage"
    RETURN = "Return to shelf", "Return to shelf"
    DELIVERY = "Delivery", "Delivery"
    CORRECTION = "Correction", "Correction"


@dataclass(frozen=True, slots=True)
class StockPlan:
    """What a change would do to one stock item, in units. `seen_on_hand` is the figure that it was decided on."""

    sku: str
    location: str
    seen_on_hand: int
    held: int
    allocated: int
    awaited: int
    backorder_limit: int
    on_hand_after: int
    backorder_limit_after: int

    @property
    def available(self) -> int:
        return max(self.seen_on_hand + self.backorder_limit - self.held - self.allocated - self.awaited, 0)

    @property
    def available_after(self) -> int:
        return max(self.room_after - self.awaited, 0)

    @property
    def room_after(self) -> int:
        return self.on_hand_after + self.backorder_limit_after - self.held - self.allocated

    @property
    def refusal(self) -> str:
        """Why it cannot be done, with the lowest number that can. Empty if it can."""
        if self.room_after >= 0:
            return ""
        # A new limit is bound by what is on hand, a new count by the limit.
        covered = self.seen_on_hand if self.on_hand_after == self.seen_on_hand else self.backorder_limit
        lowest = max(self.held + self.allocated - covered, 0)
        return services.BelowPromised(held=self.held, allocated=self.allocated, lowest=lowest, field="number").detail

    @property
    def rows(self) -> list[tuple[str, int, int]]:
        """Name, before and after of each figure, for people."""
        return [
            ("On hand", self.seen_on_hand, self.on_hand_after),
            ("Held", self.held, self.held),
            ("Allocated", self.allocated, self.allocated),
            ("Back-order limit", self.backorder_limit, self.backorder_limit_after),
            ("Available", self.available, self.available_after),
        ]


class StockForm(forms.Form):
    """A number and a reason. `seen_on_hand` comes back from the preview with the confirmation."""

    number = forms.IntegerField(min_value=0, max_value=HIGHEST_NUMBER)
    reason = forms.ChoiceField(choices=Reason)
    note = forms.CharField(max_length=150, help_text="What happened. It is kept in the ledger.")
    seen_on_hand = forms.IntegerField(required=False, widget=forms.HiddenInput)

    verb: ClassVar[str]

    @property
    def words(self) -> str:
        """The reason as the ledger keeps it."""
        note = self.cleaned_data["note"]
        return f"{self.cleaned_data['reason']}: {note}" if note else str(self.cleaned_data["reason"])

    def plan(self, item: StockItem) -> StockPlan:
        """What it would do to the item as it stands."""
        raise NotImplementedError

    def act(self, item: StockItem, *, actor: str, now: datetime) -> StockItem:
        """Do it. Raises what the service raises."""
        raise NotImplementedError

    @staticmethod
    def planned(item: StockItem, *, on_hand: int, backorder_limit: int) -> StockPlan:
        return StockPlan(
            sku=item.sku,
            location=item.location.name,
            seen_on_hand=item.on_hand,
            held=item.held,
            allocated=item.allocated,
            awaited=item.awaited,
            backorder_limit=item.backorder_limit,
            on_hand_after=on_hand,
            backorder_limit_after=backorder_limit,
        )


class AdjustForm(StockForm):
    """Correct what is on hand: to a count, or by a difference."""

    verb = "Adjust"

    SET = "set"
    CHANGE = "change"
    mode = forms.ChoiceField(
        label="What do you know?",
        choices=[(SET, "Count found: so many are here"), (CHANGE, "Change by: so many more, or fewer with a minus")],
        initial=SET,
        widget=forms.RadioSelect,
    )
    number = forms.IntegerField(min_value=-HIGHEST_NUMBER, max_value=HIGHEST_NUMBER)
    field_order = ["mode", "number", "reason", "note"]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        number = cleaned.get("number")
        if number is not None and number < 0 and cleaned.get("mode") == self.SET:
            self.add_error("number", "A count is 0 or more.")
        if number == 0 and cleaned.get("mode") == self.CHANGE:
            self.add_error("number", "Enter by how much it changes: 0 changes nothing.")
        return cleaned

    def plan(self, item: StockItem) -> StockPlan:
        return self.planned(
            item, on_hand=item.on_hand + self._change(item.on_hand), backorder_limit=item.backorder_limit
        )

    def act(self, item: StockItem, *, actor: str, now: datetime) -> StockItem:
        seen = self.cleaned_data["seen_on_hand"]
        seen = item.on_hand if seen is None else seen
        return services.adjust(
            stock_item_id=item.pk,
            change=self._change(seen),
            reason=self.words,
            actor=actor,
            now=now,
            seen_on_hand=seen,
        )

    def _change(self, on_hand: int) -> int:
        number: int = self.cleaned_data["number"]
        return number if self.cleaned_data["mode"] == self.CHANGE else number - on_hand


class BackorderForm(StockForm):
    """How many units may be promised beyond what is on hand."""

    verb = "Set back-order limit"
    number = forms.IntegerField(
        label="Limit",
        min_value=0,
        max_value=HIGHEST_NUMBER,
        help_text="Units that may be promised beyond what is on hand. 0 promises nothing that is not here.",
    )
    arrives_on = forms.DateField(
        label="Expected on",
        required=False,
        widget=forms.DateInput(attrs={"type": "date"}),
        help_text="When more arrives. Shoppers are offered a pre-order that names this day; without one, they are not.",
    )

    def plan(self, item: StockItem) -> StockPlan:
        return self.planned(item, on_hand=item.on_hand, backorder_limit=self.cleaned_data["number"])

    def act(self, item: StockItem, *, actor: str, now: datetime) -> StockItem:
        return services.set_backorder_limit(
            stock_item_id=item.pk,
            limit=self.cleaned_data["number"],
            arrives_on=self.cleaned_data["arrives_on"],
            reason=self.words,
            actor=actor,
            now=now,
        )


class ReceiveForm(StockForm):
    """A delivery. The first one of a SKU at a location makes the stock item."""

    verb = "Receive"

    sku = forms.CharField(label="SKU", max_length=64)
    location = forms.ModelChoiceField(Location.objects.order_by("priority", "pk"), empty_label=None)
    number = forms.IntegerField(label="Units", min_value=1, max_value=HIGHEST_NUMBER)
    reason = forms.ChoiceField(choices=Reason, initial=Reason.DELIVERY)
    note = forms.CharField(max_length=150, required=False, help_text="Such as the number of the delivery note.")
    field_order = ["sku", "location", "number", "reason", "note"]

    def clean_sku(self) -> str:
        sku: str = self.cleaned_data["sku"].strip().upper()
        if not Variant.objects.filter(sku=sku).exists():
            raise forms.ValidationError("No variant has this SKU. Add it to its product first.")
        return sku

    def item(self) -> StockItem:
        """The stock item that it goes to: the one there is, or an empty one that is not saved."""
        sku, location = self.cleaned_data["sku"], self.cleaned_data["location"]
        kept = StockItem.objects.filter(variant_id=sku, location=location).select_related("location").first()
        return kept or StockItem(variant_id=sku, location=location)

    def plan(self, item: StockItem) -> StockPlan:
        return self.planned(
            item, on_hand=item.on_hand + self.cleaned_data["number"], backorder_limit=item.backorder_limit
        )

    def act(self, item: StockItem, *, actor: str, now: datetime) -> StockItem:
        seen = self.cleaned_data["seen_on_hand"]
        return services.receive(
            sku=item.sku,
            location=item.location.code,
            quantity=self.cleaned_data["number"],
            reason=self.words,
            actor=actor,
            now=now,
            seen_on_hand=item.on_hand if seen is None else seen,
        )


class ReleaseForm(forms.Form):
    """Why holds are ended; for more than one, how many, so that a wrong selection is noticed."""

    reason = forms.CharField(
        label="Reason", max_length=200, help_text="Kept with the hold and in the ledger. Their units are free at once."
    )
    count = forms.IntegerField(label="How many holds do you end?", help_text="Type the number to confirm.")

    def __init__(self, *args: Any, holds: int, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.holds = holds
        if holds == 1:
            del self.fields["count"]

    def clean_count(self) -> int:
        count: int = self.cleaned_data["count"]
        if count != self.holds:
            raise forms.ValidationError(f"You chose {self.holds}. Look at the list again, then type {self.holds}.")
        return count
