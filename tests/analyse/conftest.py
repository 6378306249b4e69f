from analyse.keeping import store

__all__ = ["store"]
