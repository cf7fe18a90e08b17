"""Who you are: the e-mail address is the name."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser, BaseUserManager, PermissionsMixin
from django.db import models
from django.db.models import Case, F, Q, When
from django.utils import timezone
from uuid6 import uuid7


class UserManager(BaseUserManager["User"]):
    """Makes users; the address is kept in lower case so that one person has one account."""

    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        if not email:
            raise ValueError("A user needs an e-mail address.")
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, **{"is_staff": True, "is_superuser": True, **fields})

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A shopper or a member of staff."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    email = models.EmailField(unique=True, error_messages={"unique": "There is already an account with this address."})
    name = models.CharField(max_length=120, blank=True)
    is_staff = models.BooleanField("staff", default=False, help_text="May enter the admin.")
    is_active = models.BooleanField("active", default=True, help_text="Unset this instead of deleting the account.")
    date_joined = models.DateTimeField(default=timezone.now)
    language = models.CharField(
        max_length=8, blank=True, choices=settings.LANGUAGES, help_text="In which they read the shop, once they chose."
    )

    objects = UserManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    def __str__(self) -> str:
        return self.email

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Lower-cases the address: the database's unique constraint is what keeps one account per person."""
        self.email = self.email.strip().lower()
        super().save(*args, **kwargs)

    def get_full_name(self) -> str:
        return self.name or self.email

    def get_short_name(self) -> str:
        return self.name.split(" ")[0] if self.name else self.email


class Address(models.Model):
    """Where one member's parcels may go. One of them is the default, as long as there is any."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="addresses")
    name = models.CharField(max_length=120)
    phone = models.CharField(max_length=32)
    address = models.CharField(max_length=200)
    landmark = models.CharField(max_length=200, blank=True)
    city = models.CharField(max_length=80)
    postal_code = models.CharField(max_length=16)
    country = models.CharField(max_length=2, default="ID")
    is_default = models.BooleanField(default=False)
    created_at = models.DateTimeField()
    # Partial unique indexes do not exist on MariaDB: a column that is NULL unless it is the default does the same.
    default_of = models.GeneratedField(
        expression=Case(When(Q(is_default=True), then=F("user_id")), default=None),
        output_field=models.UUIDField(null=True),
        db_persist=True,
    )

    class Meta:
        verbose_name_plural = "addresses"
        constraints = [models.UniqueConstraint(fields=["default_of"], name="address_one_default_per_user")]

    def __str__(self) -> str:
        return f"{self.name}, {self.address}, {self.postal_code} {self.city}"
