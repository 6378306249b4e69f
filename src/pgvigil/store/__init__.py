"""The store: DuckDB tables derived from the catalog; knows series, not PostgreSQL.

`store` the whole as others see it · `writer` the same for asyncio, with a thread and a buffer of its own ·
`engine` the encrypted file, locked down · `key`, `location` what it takes to open it · `series` what the catalog
means for the tables · `schema` makes and migrates them · `pack`, `frame`, `append` from a batch to one transaction ·
`tiers`, `boundaries`, `maintenance` roll-up, sorted rewrite and retention · `views` reading across tiers ·
`query`, `guard`, `bounds` our own questions and the user's · `sql/` the statements.
"""

from pgvigil.store.boundaries import Retention
from pgvigil.store.errors import StoreError
from pgvigil.store.query import Table
from pgvigil.store.store import Store, open_store
from pgvigil.store.writer import Writer

__all__ = ["Retention", "Store", "StoreError", "Table", "Writer", "open_store"]
