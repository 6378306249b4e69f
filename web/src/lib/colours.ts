// Colours of the theme for the canvas, which knows nothing of variables.

const cache = new Map<string, string>();

/** The value of a colour variable such as --cpu under the theme that is shown, as the canvas understands it. */
export function colour(variable: string): string {
  const probe = document.createElement("i");
  probe.style.color = `var(${variable})`;
  probe.hidden = true;
  document.body.append(probe);
  const value = getComputedStyle(probe).color;
  probe.remove();
  return value;
}

/** The same colour, partly transparent. */
export function faded(rgb: string, alpha: number): string {
  const key = `${rgb} ${alpha}`;
  const known = cache.get(key);
  if (known !== undefined) return known;
  const numbers = rgb.match(/[\d.]+/g) ?? ["0", "0", "0"];
  const made = `rgba(${numbers.slice(0, 3).join(", ")}, ${alpha})`;
  cache.set(key, made);
  return made;
}

/** Diagonal lines: the sign of what is not known. */
export function hatch(context: CanvasRenderingContext2D, line: string): CanvasPattern | null {
  const ratio = devicePixelRatio;
  const size = Math.round(8 * ratio);
  const tile = document.createElement("canvas");
  tile.width = tile.height = size;
  const brush = tile.getContext("2d");
  if (brush === null) return null;
  brush.strokeStyle = line;
  brush.lineWidth = ratio;
  brush.beginPath();
  for (const shift of [-size, 0, size]) {
    brush.moveTo(shift, size);
    brush.lineTo(shift + size, 0);
  }
  brush.stroke();
  return context.createPattern(tile, "repeat");
}
