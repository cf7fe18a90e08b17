"""The ORM's statements without the ORM's time, for the few paths where that time is the wall.

Turning a queryset into SQL takes half a millisecond, five times what MariaDB needs to answer it. Here the rows of one
model are written by one plain INSERT, and a queryset is turned into SQL once and asked again with other values.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

from django.db import connection
from django.db.models import AutoField, DateField, Field, Model, QuerySet
from django.db.models.sql import UpdateQuery

# Values that the driver takes as they are, whatever column they are for. An enum is a str, and none of these.
PLAIN = (str, int, type(None))

Reader = Callable[[Model], Any]


def insert(rows: Sequence[Model], *, waits: bool = True) -> None:
    """Write new rows of one model with a single INSERT. What `bulk_create` does, at a tenth of its price.

    Columns that the database fills (a counted key, a generated column) are left to it, and are not read back. Without
    `waits` the statement fails at once (error 1205) where it would have to wait for somebody's lock, on MariaDB; SQLite
    has one writer at a time anyway.

    :raises IntegrityError: if one of them is there already. None is written then.
    """
    if not rows:
        return
    table, columns, readers = _columns_of(type(rows[0]))
    at_once = "" if waits or connection.vendor != "mysql" else "SET STATEMENT innodb_lock_wait_timeout = 0 FOR "
    places = f"({', '.join(['%s'] * len(readers))})"
    # Names of our own tables and columns, and as many placeholders as there are values.
    statement = f"{at_once}INSERT INTO {table} ({columns}) VALUES {', '.join([places] * len(rows))}"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.execute(statement, [read(row) for row in rows for read in readers])
    for row in rows:
        row._state.adding = False
        row._state.db = connection.alias


@cache
def _columns_of(model: type[Model]) -> tuple[str, str, list[Reader]]:
    """The quoted table, its quoted columns, and for each column what reads a row's value for it."""
    fields = [
        field for field in model._meta.local_concrete_fields if not field.generated and not isinstance(field, AutoField)
    ]
    quote = connection.ops.quote_name
    columns = ", ".join(quote(str(field.column)) for field in fields)
    return str(quote(model._meta.db_table)), columns, [_reader_of(field) for field in fields]


def _reader_of(field: "Field[Any, Any]") -> Reader:
    name = field.attname
    if isinstance(field, DateField) and (field.auto_now or field.auto_now_add):
        return lambda row: field.get_db_prep_save(field.pre_save(row, add=True), connection)
    if field.get_internal_type() == "JSONField":
        return lambda row: field.get_db_prep_save(getattr(row, name), connection)

    def read(row: Model) -> Any:
        value = getattr(row, name)
        return value if value.__class__ in PLAIN else field.get_db_prep_save(value, connection)

    return read


@dataclass(frozen=True, slots=True)
class Prepared:
    """The SQL of a queryset with places for values that change from call to call.

    It is made with stand-ins: values that stand for others, each of them once known by name and found nowhere else.
    """

    sql: str
    params: tuple[Any, ...]
    names: Mapping[Any, str]
    convert: Callable[[Iterable[Sequence[Any]]], Iterable[Sequence[Any]]]

    def fetch(self, **values: Any) -> list[Sequence[Any]]:
        """The rows of a SELECT with these values."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self._filled(values))
            return list(self.convert(cursor.fetchall()))

    def run(self, **values: Any) -> int:
        """Run an UPDATE with these values; how many rows it found."""
        with connection.cursor() as cursor:
            cursor.execute(self.sql, self._filled(values))
            return cursor.rowcount

    def _filled(self, values: Mapping[str, Any]) -> list[Any]:
        return [values[self.names[param]] if param in self.names else param for param in self.params]


def prepare(rows: "QuerySet[Any, Any]", *, names: Mapping[Any, str]) -> Prepared:
    """A SELECT by `values_list`, to be asked again and again. `names` says which stand-in stands for which value."""
    compiler = rows.query.get_compiler(connection.alias)
    sql, params = compiler.as_sql()
    converters = compiler.get_converters(expression for expression, *_ in compiler.select)
    convert = partial(compiler.apply_converters, converters=converters) if converters else iter
    return Prepared(sql, tuple(params), names, convert)


def prepare_update(rows: "QuerySet[Any, Any]", changes: Mapping[str, Any], *, names: Mapping[Any, str]) -> Prepared:
    """An UPDATE of these rows, to be run again and again, as `rows.update(**changes)` would be."""
    query: UpdateQuery = rows.query.chain(UpdateQuery)  # type: ignore[assignment]
    query.add_update_values(dict(changes))
    sql, params = query.get_compiler(connection.alias).as_sql()
    return Prepared(sql, tuple(params), names, iter)


def columns_of(model: type[Model], *, prefix: str = "") -> list[str]:
    """The names of a model's columns, for `values_list`, in the order that `from_db` takes."""
    return [f"{prefix}{field.attname}" for field in model._meta.concrete_fields]


def as_param(model: type[Model], value: Any) -> Any:
    """A key of a model as the driver gets it: a stand-in has to be recognised."""
    return model._meta.pk.get_db_prep_value(value, connection)
