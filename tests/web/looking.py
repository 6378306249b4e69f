"""What the browser tests of several pages look at in the same way."""

import re
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

PASS = 30_000
"""Milliseconds within which the numbers of a pass, due every 10 s, must be there on a busy machine."""

PHONE = 390
SMALLEST = 320
"""Widths in pixels: of a phone, and the least at which nothing may have to be moved sideways."""


def address(page: Page) -> dict[str, str]:
    """What the page's address says."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def says(page: Page, words: str, *, so: bool = True) -> None:
    """Wait until the page's address holds these words, or no longer: the browser tells of a change of it later."""
    pattern = re.compile(rf"[?&]{words}(&|$)")
    if so:
        expect(page).to_have_url(pattern)
    else:
        expect(page).not_to_have_url(pattern)


def settled(page: Page, title: str) -> None:
    """Wait until the page of this title is there and nothing that it asked for is still under way."""
    expect(page).to_have_title(title)
    expect(page.locator("main [aria-busy]").first).to_be_attached(timeout=PASS)
    expect(page.locator("main [aria-busy=true]")).to_have_count(0, timeout=PASS)


def shift(page: Page) -> float:
    """How far the page jumped since it was opened, as Chromium counts it, without what followed an input."""
    moved: float = page.evaluate(
        """new Promise((resolve) => {
          let sum = 0;
          new PerformanceObserver((list) => {
            for (const entry of list.getEntries()) if (!entry.hadRecentInput) sum += entry.value;
          }).observe({ type: 'layout-shift', buffered: true });
          setTimeout(() => resolve(sum), 200);
        })"""
    )
    return moved
