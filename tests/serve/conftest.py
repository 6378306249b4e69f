from serve.filled import client, keeper, store, watch

__all__ = ["client", "keeper", "store", "watch"]
