"""What can go wrong with the store, each a sentence with the way out."""

from pgvigil.model import KeeperBusyError, PgvigilError


class StoreError(PgvigilError):
    """Base of every error of the store."""


class StoreUrlError(StoreError):
    """The store's URL is not one we know."""


class StoreKeyError(StoreError):
    """There is no key, it is too short, or it is not the one the file was made with."""


class StoreLockedError(StoreError):
    """Another process holds the file."""


class StoreDamagedError(StoreError):
    """The file cannot be read as it should."""


class StoreVersionError(StoreError):
    """The file was made by a newer pgvigil."""


class EncryptionUnavailableError(StoreError):
    """Encrypting is not possible here, and nothing is ever kept in the clear."""


class StoreFailedError(StoreError, KeeperBusyError):
    """The disk or the memory did not suffice; the same may work later."""


class BatchRefusedError(StoreError):
    """A batch that does not fit the catalog; trying again will not help."""


class QueryRefusedError(StoreError):
    """A query that may not run, that failed, or that asked for too much."""


class BackupError(StoreError):
    """A backup could not be made or brought back."""


class SocketError(StoreError):
    """The running server could not be asked, or its socket could not be made."""
