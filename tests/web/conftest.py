from fix_browser import browser, open_page, serve, watched

__all__ = ["browser", "open_page", "serve", "watched"]
