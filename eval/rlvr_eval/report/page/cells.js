/* Cells of tables: a value with its interval below it. */

import { MISSING, crossoverInterval, crossoverText, interval, percent, pointAt, signed } from "./format.js";
import { html } from "./nodes.js";

/** @import { Interval, PageView } from "./page" */
/** @import { Crossover } from "./summary" */

/**
 * pass@k with its interval; both extremes where undecided verdicts leave it open.
 * @param {PageView} view
 * @param {number} k
 */
export function passAt(view, k) {
  return withUpper(pointAt(view.curve, k), pointAt(view.curve_upper, k));
}

/**
 * @param {Interval | null} lower
 * @param {Interval | null} upper
 */
export function withUpper(lower, upper) {
  return upper ? [stacked(lower), html("small", {}, "to"), stacked(upper)] : stacked(lower);
}

/**
 * D(k) with its interval, and what undecided verdicts leave possible.
 * @param {PageView} view
 * @param {number} k
 */
export function differenceAt(view, k) {
  return withRange(pointAt(view.difference, k), listed(view.difference_range, k));
}

/**
 * @param {Interval | null} point
 * @param {{least: number, greatest: number} | null} open
 */
export function withRange(point, open) {
  const told = stacked(point, signed);
  return open ? [told, html("small", {}, `${signed(open.least)} to ${signed(open.greatest)}`)] : told;
}

/**
 * A value with its interval below it, in small type.
 * @param {Interval | null | undefined} point
 * @param {(value: number) => string} [form]
 */
export function stacked(point, form = percent) {
  return point ? [form(point.value), html("small", {}, interval(point, form))] : MISSING;
}

/**
 * @param {Crossover} found
 * @param {number} kMax
 */
export function crossoverCell(found, kMax) {
  if (found.low === null || !found.is_shown) return crossoverText(found, kMax);
  return [
    crossoverText({ ...found, low: null }, kMax),
    html("small", {}, crossoverInterval(found, kMax)),
  ];
}

/**
 * A point of a list, which unlike the curves of the figures is not turned into columns.
 * @template {{k: number}} T
 * @param {T[] | null | undefined} points
 * @param {number} k
 */
export function listed(points, k) {
  return (points ?? []).find((point) => point.k === k) ?? null;
}
