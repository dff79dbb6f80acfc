/* Numbers as people read them. Shares are printed in per cent, with a true minus sign. */

/** @import { Columns, Interval } from "./page" */
/** @import { Crossover } from "./summary" */

export const MISSING = "–";

/**
 * @param {number} value
 * @param {number} [digits]
 */
export function percent(value, digits = 1) {
  return (100 * value)
    .toFixed(digits)
    .replace(/^-(0(\.0+)?)$/, "$1")
    .replace("-", "−");
}

/**
 * @param {number} value
 * @param {number} [digits]
 */
export function signed(value, digits = 1) {
  const text = percent(value, digits);
  return value > 0 && Number((100 * value).toFixed(digits)) > 0 ? `+${text}` : text;
}

/**
 * "31.4 [28.0, 34.8]"
 * @param {Interval | null} point
 * @param {(value: number) => string} [form]
 */
export function withInterval(point, form = percent) {
  return point ? `${form(point.value)} ${interval(point, form)}` : MISSING;
}

/**
 * @param {Interval} point
 * @param {(value: number) => string} [form]
 */
export function interval(point, form = percent) {
  return `[${form(point.low)}, ${form(point.high)}]`;
}

/**
 * A rate that is never rounded down to none: "0", "<0.1 %", "2.3 %".
 * @param {number} value
 */
export function rate(value) {
  if (value === 0) return "0";
  return value < 0.001 ? "<0.1 %" : `${percent(value)} %`;
}

/** @param {number | null | undefined} value */
export function probability(value) {
  if (value === undefined || value === null) return MISSING;
  return value < 0.001 ? "<0.001" : value.toFixed(3);
}

/**
 * A k, which may lie between two whole numbers, rounded as the terminal does.
 * @param {number | null} value
 */
export function atK(value) {
  if (value === null) return MISSING;
  return String(value >= 1000 ? Math.round(value) : Number(value.toPrecision(3)));
}

/**
 * The crossover as words: "122 [77, beyond 256]", "none", "beyond 256".
 * @param {Crossover | null | undefined} found
 * @param {number} kMax
 */
export function crossoverText(found, kMax) {
  if (!found) return MISSING;
  if (!found.is_shown) return "not shown";
  const where =
    found.censored === "none" ? "none" : found.censored ? `beyond ${kMax}` : atK(found.k);
  return found.low === null ? where : `${where} ${crossoverInterval(found, kMax)}`;
}

/**
 * @param {Crossover} found
 * @param {number} kMax
 */
export function crossoverInterval(found, kMax) {
  return `[${atK(found.low)}, ${found.is_open ? `beyond ${kMax}` : atK(found.high)}]`;
}

/** @param {number} number */
export function count(number) {
  return Math.round(number).toLocaleString("en").replaceAll(",", "\u202f");
}

/**
 * @param {number} number
 * @param {string} one
 * @param {string} [many]
 */
export function plural(number, one, many = `${one}s`) {
  return `${count(number)} ${number === 1 ? one : many}`;
}

/**
 * The point of a curve at a k, or null where the curve has none.
 * @param {Columns | null | undefined} curve
 * @param {number} k
 */
export function pointAt(curve, k) {
  const i = curve ? curve.k.indexOf(k) : -1;
  return i < 0 ? null : { k, value: curve.value[i], low: curve.low[i], high: curve.high[i] };
}

/** @param {string} text */
export function capital(text) {
  return `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
}
