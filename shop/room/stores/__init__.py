"""Where a room keeps what changes every second: in Redis, or in the database where there is none."""

from functools import lru_cache

from django.conf import settings

from shop.room.stores.base import Store


@lru_cache(maxsize=4)
def _store_at(url: str) -> Store:
    if url:
        from shop.room.stores.redis import RedisStore

        return RedisStore(url)
    from shop.room.stores.database import DatabaseStore

    return DatabaseStore()


def current_store() -> Store:
    """The store that the settings name."""
    return _store_at(settings.ROOM_REDIS_URL)
