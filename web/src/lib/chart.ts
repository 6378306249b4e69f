// The one chart: uPlot with the axes, gaps, marks and lines that every chart of the page has.

import uPlot from "uplot";

import type { Unit } from "../api/types";
import { colour, faded } from "./colours";
import { alongAxis } from "./format";
import { FONT, Painter } from "./paint";
import { type Blank, BYTE_STEPS, niceTop, stack, type Values } from "./series";
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

export interface Stretch {
  readonly since: number;
  readonly until: number;
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
  /** The compared span, as dashed lines. */
  readonly behind: readonly Layer[];
  readonly blanks: readonly Blank[];
  readonly uncertain: readonly Stretch[];
  readonly marks: readonly Mark[];
  readonly threshold: Threshold | null;
  readonly unit: Unit;
  /** The axis never ends below this, so that next to nothing does not look like much. */
  readonly atLeast: number;
  /** The axis begins near the least value instead of at 0. */
  readonly closeUp: boolean;
  /** A small chart: marks bear no words, hovering tells them. */
  readonly small: boolean;
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

export class Chart {
  readonly #paint = new Painter();
  readonly #plot: uPlot;
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

  /** Puts the cursor on a point, as the arrow keys do, by the way a pointer takes: the other charts follow. */
  point(index: number | null): void {
    const at = index === null ? undefined : this.#picture.ts[index];
    const { over } = this.#plot;
    if (at === undefined) {
      over.dispatchEvent(new MouseEvent("mouseleave"));
      return;
    }
    const { left, top, height } = over.getBoundingClientRect();
    const place = { clientX: left + this.#plot.valToPos(at, "x"), clientY: top + height / 3 };
    over.dispatchEvent(new MouseEvent("mousemove", place));
  }

  /** Where the picture begins, beside its axis. */
  get left(): number {
    return this.#plot.bbox.left / devicePixelRatio;
  }

  /** The value at a height of the picture, by which the layer under the cursor is found. */
  valueAt(top: number): number {
    return this.#plot.posToVal(top, "y");
  }

  /** What is drawn, axes and all. */
  get canvas(): HTMLCanvasElement {
    return this.#plot.ctx.canvas;
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
    const behind = this.#picture.behind.map((layer) => layer.values);
    return [this.#picture.ts as number[], ...[...drawn, ...behind].map((values) => values as (number | null)[])];
  }

  #top(most: number | null): number {
    const { threshold, atLeast } = this.#picture;
    const needed = Math.max((most ?? 0) * 1.06, atLeast);
    const fits = threshold !== null && threshold.value <= needed * THRESHOLD_FITS;
    return niceTop(fits ? Math.max(needed, threshold.value * 1.1) : needed, this.#bytes);
  }

  get #bytes(): boolean {
    return this.#picture.unit.startsWith("bytes");
  }

  /** The axis from 0; near the values where the picture looks closer, and a little below the least of them. */
  #range(least: number | null, most: number | null): [number, number] {
    if (!this.#picture.closeUp || least === null || most === null) return [0, this.#top(most)];
    const room = Math.max((most - least) * 0.15, Math.abs(most) * 0.005);
    const whole = this.#picture.unit === "ratio" && most <= 1 ? 1 : Number.POSITIVE_INFINITY;
    return [Math.max(0, least - room), Math.min(whole, most + room)];
  }

  #options(width: number, height: number, sync: string, hooks: Hooks): uPlot.Options {
    return {
      width,
      height,
      legend: { show: false },
      padding: [this.#picture.small ? 8 : 22, 2, 0, 0],
      cursor: {
        y: false,
        points: { show: !this.#stacked },
        drag: { x: true, y: false, setScale: false },
        // The place of the cursor is shared, a drag is not: each chart would zoom.
        sync: { key: sync, filters: { pub: (type) => type === "mousemove" || type === "mouseleave" } },
        bind: { dblclick: () => () => null },
      },
      scales: { x: { time: true, auto: false }, y: { range: (_plot, least, most) => this.#range(least, most) } },
      axes: [this.#timeAxis(), this.#valueAxis()],
      series: [{}, ...this.#series()],
      bands: this.#stacked ? this.#picture.layers.slice(1).map((_, i) => ({ series: [i + 2, i + 1] })) : [],
      hooks: {
        drawClear: [(plot) => this.#paint.blanks(plot, this.#picture.blanks)],
        draw: [
          (plot) => {
            const { uncertain, unit, threshold, marks, small } = this.#picture;
            this.#paint.uncertain(plot, uncertain);
            // The numbers of the axis do not carry this unit themselves.
            if (unit === "sessions" && !small) this.#paint.unit(plot, "sessions");
            if (threshold !== null) this.#paint.threshold(plot, threshold);
            this.#paint.marks(plot, marks, !small);
          },
        ],
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
    const dashed = { width: 1, dash: [4, 4], points: { show: false }, spanGaps: false };
    const drawn = this.#picture.layers.map((layer): uPlot.Series => {
      const shade = colour(layer.colour);
      // A value between two that are not known has no line to be on.
      const points = { show: !this.#stacked, size: 4, fill: shade, filter: lonely };
      const common = { label: layer.title, points, spanGaps: false };
      return this.#stacked ? { ...common, width: 0, fill: faded(shade, 0.88) } : { ...common, width: 1.5, stroke: shade };
    });
    const behind = this.#picture.behind.map((layer) => ({
      ...dashed,
      label: layer.title,
      stroke: faded(colour(layer.colour), 0.75),
    }));
    return [...drawn, ...behind];
  }

  #timeAxis(): uPlot.Axis {
    return {
      stroke: this.#paint.colours.faint,
      font: FONT,
      grid: { show: false },
      ticks: { stroke: this.#paint.colours.line, width: GRID, size: 4 },
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
      stroke: this.#paint.colours.faint,
      font: FONT,
      grid: { stroke: this.#paint.colours.line, width: GRID },
      ticks: { show: false },
      gap: 6,
      ...(this.#bytes ? { incrs: [...BYTE_STEPS] } : {}),
      size: (_plot, labels) => 12 + DIGIT * Math.max(2, ...(labels ?? []).map((text) => text.length)),
      space: this.#picture.small ? 28 : 44,
      values: (_plot, marks) => alongAxis(marks, this.#picture.unit),
    };
  }
}

function lonely(plot: uPlot, series: number): number[] {
  const values = plot.data[series] ?? [];
  const known = (at: number): boolean => (values[at] ?? null) !== null;
  return Array.from(values, (_, at) => at).filter((at) => known(at) && !known(at - 1) && !known(at + 1));
}
