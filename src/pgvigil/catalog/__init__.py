"""The definitions that live as data: loading, checking, choosing."""
