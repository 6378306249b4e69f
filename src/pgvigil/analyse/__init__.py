"""Pure functions and store queries behind the page and the alerts."""
