from django.apps import AppConfig


class SandboxConfig(AppConfig):
    """The built-in payment provider: a stranger that happens to live in the same house."""

    name = "orders.sandbox"
    label = "sandbox"
    verbose_name = "sandbox provider"

    def ready(self) -> None:
        """Refuse to start with faults that cannot be read. :raises ImproperlyConfigured:"""
        from orders.sandbox.faults import current_faults

        current_faults()
