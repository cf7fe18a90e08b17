"""The ORM's statements without the ORM's time, for the few paths where that time is the wall.

Turning a queryset into SQL takes half a millisecond, five times what MariaDB needs to answer it. Here the rows of one
model are written by one plain INSERT, and a queryset is turned into SQL once and asked again with other values.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, partial
from threading import local
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models import AutoField, DateField, Field, Model, QuerySet
from django.db.models.sql import UpdateQuery

# Values that the driver takes as they are, whatever column they are for. An enum is a str, and none of these.
PLAIN = (str, int, type(None))

# The error of a SIGNAL.
SIGNALLED = 1644

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
    _send(statement, [read(row) for row in rows for read in readers])
    for row in rows:
        row._state.adding = False
        row._state.db = connection.alias


@contextmanager
def one_transaction() -> Iterator[None]:
    """Write all of this or nothing: on MariaDB in a transaction of a single round trip, elsewhere one by one.

    What is written is there at the end of the block, and an error comes there too. Inside a transaction it is part of
    that one, statement by statement.
    """
    if connection.vendor != "mysql" or connection.in_atomic_block:
        with transaction.atomic():
            yield
        return
    _packed.statements = []
    try:
        yield
        _unpack(_packed.statements)
    finally:
        _packed.statements = None


# What this thread has to say in one trip: SQL, its values, and what to raise if it finds no row.
_packed = local()


def _send(sql: str, params: list[Any], *, otherwise: Exception | None = None) -> None:
    statements = getattr(_packed, "statements", None)
    if statements is not None:
        statements.append((sql, params, otherwise))
        return
    with connection.cursor() as cursor:
        cursor.execute(sql, params)
        if otherwise is not None and not cursor.rowcount:
            raise otherwise


def _unpack(statements: list[tuple[str, list[Any], Exception | None]]) -> None:
    """One compound statement. What found no row says its number, and the rest is not done any more.

    Without the handler an error would leave the transaction open on a connection that is used again.
    """
    handler = "DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; RESIGNAL; END;"
    parts, params = [], []
    for number, (sql, values, otherwise) in enumerate(statements):
        parts.append(f"{sql};")
        params += values
        if otherwise is not None:
            signal = f"SIGNAL SQLSTATE '45000' SET MESSAGE_TEXT = '{number}'"
            parts.append(f"IF ROW_COUNT() = 0 THEN {signal}; END IF;")
    with connection.cursor() as cursor:
        try:
            cursor.execute(f"BEGIN NOT ATOMIC {handler} START TRANSACTION; {' '.join(parts)} COMMIT; END", params)
        except OperationalError as error:
            if error.args[0] != SIGNALLED:
                raise
            otherwise = statements[int(error.args[1])][2]
            assert otherwise is not None, "only what must find a row says that it found none"
            raise otherwise from error


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

    def run(self, otherwise: Exception, **values: Any) -> None:
        """Run an UPDATE with these values. `otherwise` is raised if it finds no row."""
        _send(self.sql, self._filled(values), otherwise=otherwise)

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
