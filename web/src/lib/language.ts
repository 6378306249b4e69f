// Must be imported before uPlot, which makes a number format of the browser's language as it is loaded: a Chromium
// started with LANG=C calls its language "en-US@posix", which is none, and the page would stay blank.

export function isLanguage(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

if (!isLanguage(navigator.language)) Object.defineProperty(navigator, "language", { value: "en-US" });
