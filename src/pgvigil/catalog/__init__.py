"""The definitions that live as data: loading, checking, choosing.

`loader` reads packs · `folders` finds definitions in them · `section` a TOML table, key by key · `columns` what a
probe declares of its columns · `checks` whether all fits together · `guard` whether an SQL file is harmless, by a
`walk` over its tree and the `functions` it knows · `choose` the SQL for a server and what cannot be seen there ·
`lints` questions to a server whose answers are findings · `rules` questions to the store, told in `sentences` ·
`panels` what a page shows, with every word it says about it, of which `panel_page` makes a page · `waits` what a
session waits for, in plain words, of which `wait_page` makes a page · `quoting` names as SQL · `reference` the pages
about all of it.
"""

from pgvigil.catalog.choose import choose, invisible
from pgvigil.catalog.errors import CatalogError
from pgvigil.catalog.loader import SHIPPED, load
from pgvigil.catalog.quoting import identifier
from pgvigil.catalog.types import Catalog, Pack, Probe, Query

__all__ = ["SHIPPED", "Catalog", "CatalogError", "Pack", "Probe", "Query", "choose", "identifier", "invisible", "load"]
