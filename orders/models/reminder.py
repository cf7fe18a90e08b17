"""Who asked for an e-mail before a hold ends."""

from django.db import models

from orders.models.cart import Cart


class HoldReminder(models.Model):
    """One cart's wish to be told by e-mail before its holds end. It goes when no hold is left to tell of."""

    cart = models.OneToOneField(Cart, on_delete=models.CASCADE, related_name="reminder")
    email = models.EmailField()
    language = models.CharField(max_length=8, default="en")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return f"{self.email} for {self.cart_id}"
