"""The error that a user can cause: its text is a sentence that helps, and is all that the user sees."""


class PgvigilError(Exception):
    """Base of every error whose text is meant for the user: what, which value, what is allowed or what to do."""


class KeeperBusyError(PgvigilError):
    """A keeper cannot take more just now; what was given is not kept, and may be given again."""
