"""What a waiting room must not forget, whatever becomes of its store: the room itself, and who was let in."""

import secrets
from datetime import datetime, timedelta
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import Q

from shop.room.draw import commitment_to


def new_secret() -> str:
    """What the lot of a room hangs on; nobody can guess it."""
    return secrets.token_hex(32)


class Room(models.Model):
    """A waiting room. `key` is the sale's own name for itself."""

    key = models.SlugField(max_length=100, unique=True)
    name = models.CharField(max_length=120, help_text="What the sale is called on the page.")
    address = models.CharField(max_length=200, help_text="Where one goes from here: the path of the sale's page.")
    opens_at = models.DateTimeField(help_text="When the sale starts, and lots are drawn for everybody who is here.")
    ends_at = models.DateTimeField(null=True, blank=True, help_text="When the sale ends. Empty: when staff end it.")
    is_stopped = models.BooleanField(
        default=False, help_text="Nobody is let in while it is set; all keep their places."
    )
    ended_at = models.DateTimeField(null=True, blank=True)
    cap_per_minute = models.PositiveIntegerField(
        null=True, blank=True, help_text="Let in at most so many a minute. Empty: as many as the shop can serve."
    )
    secret = models.CharField(max_length=64, default=new_secret, editable=False)
    drawn_at = models.DateTimeField(null=True, blank=True, editable=False)
    lots = models.TextField(blank=True, editable=False, help_text="The lots in the order that was drawn, one a line.")
    numbers_reserved = models.PositiveIntegerField(default=0, editable=False)
    restores = models.PositiveIntegerField(default=0, editable=False, help_text="How often a store began to know it.")

    def __str__(self) -> str:
        return self.name

    @property
    def doors_at(self) -> datetime:
        """When one may begin to wait."""
        return self.opens_at - timedelta(minutes=settings.ROOM_EARLY_MINUTES)

    @property
    def commitment(self) -> str:
        """The digest of the secret, shown before the draw: afterwards nobody can have chosen another one."""
        return commitment_to(self.secret)


class AdmissionQuerySet(models.QuerySet["Admission"]):
    """Admissions by who may use them."""

    def of_cart(self, cart_id: UUID) -> Self:
        """Those that no other cart has used."""
        return self.filter(Q(cart_id=None) | Q(cart_id=cart_id))

    def of_member(self, user_id: UUID | None) -> Self:
        """Those that are no other member's."""
        return self.filter(Q(user_id=None) | Q(user_id=user_id))


class Admission(models.Model):
    """One shopper who was let in. One ticket, one admission, one cart."""

    room = models.ForeignKey(Room, on_delete=models.CASCADE, related_name="admissions")
    ticket = models.CharField(max_length=32, unique=True)
    number = models.PositiveIntegerField()
    user_id = models.UUIDField(null=True, blank=True, help_text="The member it is bound to.")
    cart_id = models.UUIDField(null=True, blank=True, db_index=True, help_text="The one cart that may use it.")
    admitted_at = models.DateTimeField()
    expires_at = models.DateTimeField()

    objects = AdmissionQuerySet.as_manager()

    class Meta:
        indexes = [models.Index(fields=["room", "number"], name="admission_room_number")]

    def __str__(self) -> str:
        return f"number {self.number}"


class StoreEntry(models.Model):
    """One value of the store that lives in the database: for the demo, and wherever there is no Redis."""

    space = models.CharField(max_length=160)
    name = models.CharField(max_length=160)
    value = models.TextField(blank=True)
    rank = models.BigIntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["space", "name"], name="storeentry_one_per_name")]

    def __str__(self) -> str:
        return f"{self.space} {self.name}"


class Rule(models.TextChoices):
    """Why somebody was limited."""

    ROOM_PASS = "ROOM_PASS", "No pass of the waiting room"
    ROOM_ADDRESS = "ROOM_ADDRESS", "Places of one address in a room"
    SHOPPER = "SHOPPER", "Units one shopper holds"
    SKU = "SKU", "Units of one thing one shopper holds"
    ADDRESS = "ADDRESS", "Units one address holds"
    BURST = "BURST", "Too many tries at once"
    SHORTER = "SHORTER", "Shorter holds"


class Limited(models.Model):
    """Somebody was limited: by which rule, how often in this hour, and what they were told to do about it."""

    rule = models.CharField(max_length=12, choices=Rule)
    who = models.CharField(max_length=254, help_text="An e-mail address, a cart, or an internet address.")
    about = models.CharField(max_length=100, blank=True, help_text="The SKU or the room.")
    hour_at = models.DateTimeField(help_text="The hour that is counted here.")
    times = models.PositiveIntegerField(default=1)
    told = models.TextField(help_text="What the shopper was told: the limit and the remedy.")
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()

    class Meta:
        verbose_name = "limited shopper"
        constraints = [
            models.UniqueConstraint(fields=["rule", "who", "about", "hour_at"], name="limited_one_per_hour"),
        ]
        indexes = [models.Index(fields=["last_at"], name="limited_last_at")]

    def __str__(self) -> str:
        return f"{self.who}: {self.get_rule_display()}"
