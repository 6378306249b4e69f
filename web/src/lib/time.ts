// Moments are seconds since the epoch, shown in the reader's own time zone on a 24-hour clock.

import { duration, show } from "./format";

const two = (value: number): string => String(value).padStart(2, "0");
const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

const date = (moment: number): Date => new Date(moment * 1000);

export function clock(moment: number): string {
  const at = date(moment);
  return `${two(at.getHours())}:${two(at.getMinutes())}`;
}

export function clockWithSeconds(moment: number): string {
  return `${clock(moment)}:${two(date(moment).getSeconds())}`;
}

export function day(moment: number): string {
  const at = date(moment);
  return `${at.getDate()} ${MONTHS[at.getMonth()] ?? ""}`;
}

export function sameDay(one: number, other: number): boolean {
  return date(one).toDateString() === date(other).toDateString();
}

/** As short as can be told apart from now: the time today, the day with it otherwise. */
export function moment(at: number, now: number): string {
  return sameDay(at, now) ? clock(at) : `${day(at)} ${clock(at)}`;
}

export function full(at: number): string {
  return `${day(at)} ${date(at).getFullYear()} ${clockWithSeconds(at)}`;
}

export function span(since: number, until: number): string {
  const start = `${day(since)} ${clock(since)}`;
  return sameDay(since, until) ? `${start} to ${clock(until)}` : `${start} to ${day(until)} ${clock(until)}`;
}

/** How long something has been so, in whole units: 42 s, 3 min, 5 h, 4 d. */
export function age(seconds: number): string {
  const { text, unit } = duration(Math.max(1, Math.round(seconds)));
  return show({ text: String(Math.round(Number(text))), unit });
}

export function ago(at: number, now: number): string {
  const seconds = Math.max(0, now - at);
  return seconds < 2.5 ? "just now" : `${age(seconds)} ago`;
}

/** Labels of a time axis: seconds only where the marks are closer than a minute, the day where it changes. */
export function axisLabels(marks: readonly number[], apart: number): string[] {
  return marks.map((at, i) => {
    if (apart >= 86_400) return day(at);
    const text = apart < 60 ? clockWithSeconds(at) : clock(at);
    const before = marks[i - 1];
    const first = before === undefined ? apart >= 3600 : !sameDay(before, at);
    return first ? `${text}\n${day(at)}` : text;
  });
}

/** What a datetime-local input takes and gives. */
export function toInput(at: number): string {
  const d = date(at);
  return `${d.getFullYear()}-${two(d.getMonth() + 1)}-${two(d.getDate())}T${clock(at)}`;
}

export function fromInput(text: string): number | null {
  const parsed = new Date(text).getTime();
  return Number.isNaN(parsed) ? null : parsed / 1000;
}
