// What every chart draws beside its lines: stretches without knowledge, uncertain ones, limits and events.

import type uPlot from "uplot";

import type { Mark, Stretch, Threshold } from "./chart";
import { colour, faded, hatch } from "./colours";
import type { Blank } from "./series";

// High enough to be seen, too low to be taken for a value.
const BAND = 4;

/** The theme's colours, looked up once: a chart lives as long as its theme. */
export function palette() {
  return {
    text: colour("--text"),
    soft: colour("--soft"),
    faint: colour("--faint"),
    line: colour("--line"),
    accent: colour("--accent"),
    warn: colour("--warn"),
    panel: colour("--panel"),
  };
}

export class Painter {
  readonly colours = palette();
  #hatch: CanvasPattern | null = null;

  blanks(plot: uPlot, blanks: readonly Blank[]): void {
    const { ctx, bbox } = plot;
    this.#hatch ??= hatch(ctx, faded(this.colours.faint, 0.35));
    if (this.#hatch === null) return;
    ctx.save();
    clip(plot);
    ctx.fillStyle = this.#hatch;
    for (const blank of blanks) {
      const left = plot.valToPos(blank.since, "x", true);
      ctx.fillRect(left, bbox.top, plot.valToPos(blank.until, "x", true) - left, bbox.height);
    }
    ctx.restore();
  }

  /** A band at the foot of the picture. */
  uncertain(plot: uPlot, stretches: readonly Stretch[]): void {
    const { ctx, bbox } = plot;
    const height = BAND * devicePixelRatio;
    ctx.save();
    clip(plot);
    ctx.fillStyle = this.colours.warn;
    for (const { since, until } of stretches) {
      const left = plot.valToPos(since, "x", true);
      const width = Math.max(plot.valToPos(until, "x", true) - left, height);
      ctx.fillRect(left, bbox.top + bbox.height - height, width, height);
    }
    ctx.restore();
  }

  unit({ ctx }: uPlot, text: string): void {
    ctx.save();
    ctx.fillStyle = this.colours.faint;
    ctx.font = scaledFont(devicePixelRatio);
    ctx.textAlign = "left";
    ctx.textBaseline = "top";
    ctx.fillText(text, 0, 0);
    ctx.restore();
  }

  threshold(plot: uPlot, threshold: Threshold): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const above = threshold.value > (plot.scales["y"]?.max ?? 0);
    const y = above ? bbox.top : plot.valToPos(threshold.value, "y", true);
    ctx.save();
    ctx.fillStyle = ctx.strokeStyle = this.colours.text;
    if (!above) dashed(ctx, [5, 4], () => line(ctx, bbox.left, y, bbox.left + bbox.width, y));
    ctx.font = scaledFont(ratio);
    ctx.textAlign = "right";
    ctx.textBaseline = above ? "top" : "bottom";
    const text = above ? `${threshold.title} ↑` : threshold.title;
    label(ctx, text, bbox.left + bbox.width - 4 * ratio, y + (above ? 2 : -2) * ratio, this.colours.panel);
    ctx.restore();
  }

  marks(plot: uPlot, marks: readonly Mark[], named: boolean): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    clip(plot);
    ctx.strokeStyle = ctx.fillStyle = this.colours.accent;
    ctx.font = scaledFont(ratio);
    ctx.textBaseline = "top";
    let free = Number.NEGATIVE_INFINITY;
    for (const mark of gathered(marks, (ts) => plot.valToPos(ts, "x", true), 10 * ratio)) {
      dashed(ctx, [2, 3], () => line(ctx, mark.x, bbox.top, mark.x, bbox.top + bbox.height));
      if (!named) continue;
      const width = ctx.measureText(mark.title).width + 6 * ratio;
      const left = mark.x + width > bbox.left + bbox.width ? mark.x - width : mark.x;
      // A label that would cover the one before is left out: hovering tells it.
      if (left < free) continue;
      ctx.textAlign = "left";
      label(ctx, mark.title, left + 4 * ratio, bbox.top + 2 * ratio, this.colours.panel);
      free = left + width;
    }
    ctx.restore();
  }
}

export const FONT = '11px Inter, ui-sans-serif, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

export const scaledFont = (ratio: number): string => FONT.replace("11px", `${11 * ratio}px`);

function clip({ ctx, bbox }: uPlot): void {
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
}

function line(ctx: CanvasRenderingContext2D, x1: number, y1: number, x2: number, y2: number): void {
  ctx.beginPath();
  ctx.moveTo(x1, y1);
  ctx.lineTo(x2, y2);
  ctx.stroke();
}

function dashed(ctx: CanvasRenderingContext2D, pattern: readonly number[], draw: () => void): void {
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash(pattern.map((length) => length * devicePixelRatio));
  draw();
  ctx.setLineDash([]);
}

/** Text that stays readable on a coloured layer: a rim in the colour of the panel around it. */
function label(ctx: CanvasRenderingContext2D, text: string, x: number, y: number, rim: string): void {
  ctx.save();
  ctx.strokeStyle = rim;
  ctx.lineWidth = 3 * devicePixelRatio;
  ctx.lineJoin = "round";
  ctx.strokeText(text, x, y);
  ctx.restore();
  ctx.fillText(text, x, y);
}

interface Gathered {
  x: number;
  title: string;
  count: number;
}

/** Marks too close to be told apart become one. */
function gathered(marks: readonly Mark[], place: (ts: number) => number, apart: number): readonly Gathered[] {
  const found: Gathered[] = [];
  for (const mark of [...marks].sort((one, other) => one.ts - other.ts)) {
    const x = place(mark.ts);
    const last = found.at(-1);
    if (last === undefined || x - last.x > apart) found.push({ x, title: mark.title, count: 1 });
    else {
      last.count += 1;
      last.title = `${last.count} events`;
    }
  }
  return found;
}
