"""The shop's own settings, and beside its addresses two that do nothing."""

from shop.settings import *  # noqa: F403

ROOT_URLCONF = "tests.benchmarks.urls"
