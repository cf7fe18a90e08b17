"""Puts the shop's own admin site in the place of Django's."""

from django.contrib.admin.apps import AdminConfig


class StaffAdminConfig(AdminConfig):
    """Listed in INSTALLED_APPS instead of `django.contrib.admin`."""

    default_site = "shop.admin_site.StaffAdminSite"
