// A chart as a picture to pass on: what is drawn, with its title, reason, legend and span, in the theme that is shown.

import { colour } from "./colours";
import { palette } from "./paint";

export interface Caption {
  readonly title: string;
  readonly why: string;
  readonly foot: string;
  readonly entries: readonly { readonly title: string; readonly colour: string }[];
}

const MARGIN = 16;
const HEAD = 48;
const FOOT = 44;
const FAMILY = 'Inter, ui-sans-serif, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** The chart framed by its words, as PNG; null where the browser cannot make one. */
export function framed(chart: HTMLCanvasElement, caption: Caption): Promise<Blob | null> {
  const ratio = devicePixelRatio;
  const canvas = document.createElement("canvas");
  canvas.width = chart.width + 2 * MARGIN * ratio;
  canvas.height = chart.height + (HEAD + FOOT + MARGIN) * ratio;
  const brush = canvas.getContext("2d");
  if (brush === null) return Promise.resolve(null);
  const { panel, text, faint, soft } = palette();
  brush.fillStyle = panel;
  brush.fillRect(0, 0, canvas.width, canvas.height);
  brush.drawImage(chart, MARGIN * ratio, HEAD * ratio);
  brush.scale(ratio, ratio);
  const width = canvas.width / ratio - 2 * MARGIN;
  write(brush, caption.title, MARGIN, 22, `600 14px ${FAMILY}`, text, width);
  write(brush, caption.why, MARGIN, 38, `11px ${FAMILY}`, faint, width);
  const below = canvas.height / ratio - FOOT;
  let left = MARGIN;
  for (const entry of caption.entries) {
    brush.fillStyle = colour(entry.colour);
    brush.fillRect(left, below + 6, 9, 9);
    left += 14 + write(brush, entry.title, left + 14, below + 14, `11px ${FAMILY}`, soft, width) + 12;
  }
  write(brush, caption.foot, MARGIN, below + 32, `11px ${FAMILY}`, faint, width);
  return new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
}

/** Writes a line, pressed into `width` where it is longer; returns how wide it came out. */
function write(
  brush: CanvasRenderingContext2D,
  words: string,
  left: number,
  base: number,
  font: string,
  shade: string,
  width: number,
): number {
  brush.font = font;
  brush.fillStyle = shade;
  brush.fillText(words, left, base, width);
  return Math.min(brush.measureText(words).width, width);
}
