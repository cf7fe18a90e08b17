"""How passwords are kept."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class ModestArgon2PasswordHasher(Argon2PasswordHasher):
    """Argon2id at OWASP's first recommendation: 19 MiB, two passes, one lane.

    Django's default takes 100 MiB a hash: eight people who log in at once are 800 MiB.
    Source: OWASP Password Storage Cheat Sheet, Argon2id.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
