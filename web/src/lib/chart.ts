// The one chart: uPlot with the axes, gaps, marks and lines that every chart of the page has.

import uPlot from "uplot";

import type { Unit } from "../api/types";
import { colour, faded, hatch } from "./colours";
import { quantity, show } from "./format";
import { type Blank, niceTop, stack, type Values } from "./series";
import { axisLabels } from "./time";

export interface Layer {
  readonly key: string;
  readonly title: string;
  /** A colour variable, such as --cpu. */
  readonly colour: string;
  readonly values: Values;
}

export interface Mark {
  readonly ts: number;
  readonly title: string;
}

export interface Threshold {
  readonly value: number;
  readonly title: string;
}

export interface Picture {
  readonly from: number;
  readonly to: number;
  readonly ts: readonly number[];
  readonly layers: readonly Layer[];
  readonly blanks: readonly Blank[];
  readonly marks: readonly Mark[];
  readonly threshold: Threshold | null;
  readonly unit: Unit;
  /** The axis never ends below this, so that next to nothing does not look like much. */
  readonly atLeast: number;
}

export interface Hooks {
  /** The index of the point under the cursor and where it is, or null when the cursor left. */
  readonly hovered: (index: number | null, left: number, top: number) => void;
  readonly zoomed: (from: number, to: number) => void;
}

const GRID = 1;
const DIGIT = 7;

// The threshold belongs in the picture unless it would press everything else to the floor.
const THRESHOLD_FITS = 4;

/** The theme's colours, looked up once: a chart lives as long as its theme. */
function palette() {
  return {
    text: colour("--text"),
    faint: colour("--faint"),
    line: colour("--line"),
    accent: colour("--accent"),
    panel: colour("--panel"),
  };
}

export class Chart {
  readonly #colours = palette();
  readonly #plot: uPlot;
  #hatch: CanvasPattern | null = null;
  #picture: Picture;
  readonly #stacked: boolean;

  constructor(box: HTMLElement, picture: Picture, stacked: boolean, height: number, sync: string, hooks: Hooks) {
    this.#picture = picture;
    this.#stacked = stacked;
    this.#plot = new uPlot(this.#options(box.clientWidth, height, sync, hooks), this.#data(), box);
    this.#show();
  }

  /** New numbers for the same layers. */
  update(picture: Picture): void {
    this.#picture = picture;
    this.#plot.batch(() => {
      this.#plot.setData(this.#data(), false);
      this.#show();
    });
  }

  resize(width: number, height: number): void {
    if (width !== this.#plot.width || height !== this.#plot.height) this.#plot.setSize({ width, height });
  }

  /** Puts the cursor on a point, as the arrow keys do. */
  point(index: number | null): void {
    const at = index === null ? undefined : this.#picture.ts[index];
    if (at === undefined) this.#plot.setCursor({ left: -10, top: -10 });
    else this.#plot.setCursor({ left: this.#plot.valToPos(at, "x"), top: this.#plot.bbox.height / devicePixelRatio / 3 });
  }

  /** Where the picture begins, beside its axis. */
  get left(): number {
    return this.#plot.bbox.left / devicePixelRatio;
  }

  /** The value at a height of the picture, by which the layer under the cursor is found. */
  valueAt(top: number): number {
    return this.#plot.posToVal(top, "y");
  }

  destroy(): void {
    this.#plot.destroy();
  }

  #show(): void {
    this.#plot.setScale("x", { min: this.#picture.from, max: this.#picture.to });
  }

  #data(): uPlot.AlignedData {
    const layers = this.#picture.layers.map((layer) => layer.values);
    const drawn = this.#stacked ? stack(layers) : layers;
    return [this.#picture.ts as number[], ...drawn.map((values) => values as (number | null)[])];
  }

  #top(most: number | null): number {
    const { threshold, atLeast } = this.#picture;
    const needed = Math.max((most ?? 0) * 1.06, atLeast);
    const fits = threshold !== null && threshold.value <= needed * THRESHOLD_FITS;
    return niceTop(fits ? Math.max(needed, threshold.value * 1.1) : needed);
  }

  #options(width: number, height: number, sync: string, hooks: Hooks): uPlot.Options {
    return {
      width,
      height,
      legend: { show: false },
      padding: [22, 2, 0, 0],
      cursor: {
        y: false,
        points: { show: !this.#stacked },
        drag: { x: true, y: false, setScale: false },
        sync: { key: sync },
        bind: { dblclick: () => () => null },
      },
      scales: { x: { time: true, auto: false }, y: { range: (_plot, _min, most) => [0, this.#top(most)] } },
      axes: [this.#timeAxis(), this.#valueAxis()],
      series: [{}, ...this.#series()],
      bands: this.#stacked ? this.#picture.layers.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : [],
      hooks: {
        drawClear: [(plot) => this.#drawBlanks(plot)],
        draw: [(plot) => this.#drawUnit(plot), (plot) => this.#drawThreshold(plot), (plot) => this.#drawMarks(plot)],
        setCursor: [
          (plot) => hooks.hovered((plot.cursor.left ?? -1) < 0 ? null : (plot.cursor.idx ?? null), plot.cursor.left ?? 0, plot.cursor.top ?? 0),
        ],
        setSelect: [
          (plot) => {
            const { left, width: dragged } = plot.select;
            if (dragged > 4) hooks.zoomed(plot.posToVal(left, "x"), plot.posToVal(left + dragged, "x"));
            plot.setSelect({ left: 0, top: 0, width: 0, height: 0 }, false);
          },
        ],
      },
    };
  }

  #series(): uPlot.Series[] {
    return this.#picture.layers.map((layer) => {
      const shade = colour(layer.colour);
      const common = { label: layer.title, points: { show: false }, spanGaps: false };
      return this.#stacked ? { ...common, width: 0, fill: faded(shade, 0.88) } : { ...common, width: 1.5, stroke: shade };
    });
  }

  #timeAxis(): uPlot.Axis {
    return {
      stroke: this.#colours.faint,
      font: FONT,
      grid: { show: false },
      ticks: { stroke: this.#colours.line, width: GRID, size: 4 },
      gap: 4,
      size: (_plot, labels) => ((labels ?? []).some((text) => text.includes("\n")) ? 36 : 24),
      space: 80,
      values: (plot, marks, _axis, _space, apart) => {
        const labels = axisLabels(marks, apart);
        // A label that the edge would cut is left out.
        return labels.map((text, i) => (this.#fits(plot, marks[i] ?? 0, text) ? text : ""));
      },
    };
  }

  #fits(plot: uPlot, mark: number, text: string): boolean {
    const most = Math.max(...text.split("\n").map((row) => row.length));
    const width = plot.bbox.width / devicePixelRatio || plot.width;
    return width - plot.valToPos(mark, "x") > (most * DIGIT) / 2 - 4;
  }

  #valueAxis(): uPlot.Axis {
    return {
      stroke: this.#colours.faint,
      font: FONT,
      grid: { stroke: this.#colours.line, width: GRID },
      ticks: { show: false },
      gap: 6,
      size: (_plot, labels) => 12 + DIGIT * Math.max(2, ...(labels ?? []).map((text) => text.length)),
      space: 44,
      values: (_plot, marks) => marks.map((value) => show(quantity(value, this.#picture.unit))),
    };
  }

  #drawBlanks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    this.#hatch ??= hatch(ctx, faded(this.#colours.faint, 0.35));
    if (this.#hatch === null) return;
    ctx.save();
    clip(plot);
    ctx.fillStyle = this.#hatch;
    for (const blank of this.#picture.blanks) {
      const left = plot.valToPos(blank.since, "x", true);
      ctx.fillRect(left, bbox.top, plot.valToPos(blank.until, "x", true) - left, bbox.height);
    }
    ctx.restore();
  }

  /** A unit that the numbers of the axis do not carry themselves. */
  #drawUnit({ ctx }: uPlot): void {
    if (this.#picture.unit !== "sessions") return;
    ctx.save();
    ctx.fillStyle = this.#colours.faint;
    ctx.font = scaledFont(devicePixelRatio);
    ctx.textAlign = "left";
    ctx.textBaseline = "top";
    ctx.fillText("sessions", 0, 0);
    ctx.restore();
  }

  #drawThreshold(plot: uPlot): void {
    const { threshold } = this.#picture;
    if (threshold === null) return;
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    const above = threshold.value > (plot.scales["y"]?.max ?? 0);
    const y = above ? bbox.top : plot.valToPos(threshold.value, "y", true);
    ctx.save();
    ctx.fillStyle = ctx.strokeStyle = this.#colours.text;
    if (!above) dashed(ctx, [5, 4], () => line(ctx, bbox.left, y, bbox.left + bbox.width, y));
    ctx.font = scaledFont(ratio);
    ctx.textAlign = "right";
    ctx.textBaseline = above ? "top" : "bottom";
    const text = above ? `${threshold.title} ↑` : threshold.title;
    label(ctx, text, bbox.left + bbox.width - 4 * ratio, y + (above ? 2 : -2) * ratio, this.#colours.panel);
    ctx.restore();
  }

  #drawMarks(plot: uPlot): void {
    const { ctx, bbox } = plot;
    const ratio = devicePixelRatio;
    ctx.save();
    clip(plot);
    ctx.strokeStyle = ctx.fillStyle = this.#colours.accent;
    ctx.font = scaledFont(ratio);
    ctx.textBaseline = "top";
    let free = Number.NEGATIVE_INFINITY;
    for (const mark of gathered(this.#picture.marks, (ts) => plot.valToPos(ts, "x", true), 10 * ratio)) {
      dashed(ctx, [2, 3], () => line(ctx, mark.x, bbox.top, mark.x, bbox.top + bbox.height));
      const width = ctx.measureText(mark.title).width + 6 * ratio;
      const left = mark.x + width > bbox.left + bbox.width ? mark.x - width : mark.x;
      // A label that would cover the one before is left out: hovering tells it.
      if (left < free) continue;
      ctx.textAlign = "left";
      label(ctx, mark.title, left + 4 * ratio, bbox.top + 2 * ratio, this.#colours.panel);
      free = left + width;
    }
    ctx.restore();
  }
}

const FONT = '11px Inter, ui-sans-serif, system-ui, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

const scaledFont = (ratio: number): string => FONT.replace("11px", `${11 * ratio}px`);

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
