"""Arrow tables, made uniform and recognised again."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["clean", "fingerprint"]


def clean(table: pa.Table) -> pa.Table:
    """One chunk per column; NaN and blank texts become null; texts may exceed 2 GB."""
    columns = []
    for field, column in zip(table.schema, table.columns, strict=True):
        kind = field.type
        if pa.types.is_dictionary(kind):
            column = column.cast(kind.value_type)
            kind = kind.value_type
        if pa.types.is_string(kind) or pa.types.is_string_view(kind):
            column = column.cast(pa.large_string())
        if pa.types.is_large_string(column.type):
            column = pc.if_else(pc.equal(pc.utf8_trim_whitespace(column), ""), None, column)
        elif pa.types.is_floating(column.type):
            column = pc.if_else(pc.is_nan(column), None, column)
        chunks = column.combine_chunks() if isinstance(column, pa.ChunkedArray) else column
        columns.append(chunks)
    return pa.Table.from_arrays(columns, names=table.column_names)


def fingerprint(table: pa.Table) -> str:
    """A hash of the schema and of all cells."""
    digest = hashlib.blake2b(digest_size=16)
    digest.update(table.schema.remove_metadata().to_string().encode())
    with pa.ipc.new_stream(_Digest(digest), table.schema) as writer:
        writer.write_table(table)
    return digest.hexdigest()


class _Digest:
    """A file that keeps nothing but the digest of what is written."""

    closed = False

    def __init__(self, digest: hashlib.blake2b) -> None:
        self._digest = digest
        self._written = 0

    def write(self, data: bytes) -> int:
        self._digest.update(data)
        self._written += len(data)
        return len(data)

    def tell(self) -> int:
        return self._written

    def flush(self) -> None:
        """Nothing is held back."""

    def close(self) -> None:
        self.closed = True
