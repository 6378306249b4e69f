// Giving the reader a file, or the clipboard something.

/** Saves a file where the browser saves files. */
export function save(content: Blob, name: string): void {
  const address = URL.createObjectURL(content);
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
  // The browser has taken it by then; what is never released stays in memory as long as the page.
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}

/** Puts it into the clipboard; false where the browser does not let us. */
export async function copy(content: Blob): Promise<boolean> {
  try {
    const text = content.type.startsWith("text/");
    if (text) await navigator.clipboard.writeText(await content.text());
    else await navigator.clipboard.write([new ClipboardItem({ [content.type]: content })]);
    return true;
  } catch (error) {
    if (error instanceof DOMException || error instanceof TypeError || error instanceof ReferenceError) return false;
    throw error;
  }
}

/** A name that every file system takes. */
export function fileName(...parts: readonly string[]): string {
  return parts.map((part) => part.replaceAll(/[^\w.-]+/g, "_")).join("-");
}
