/* Nodes of the page. Strings always become text nodes: nothing here parses HTML. */

/** @import { Child, Controls, Marker } from "./page" */

const SVG = "http://www.w3.org/2000/svg";

/**
 * An HTML element; properties that start with "on" are event listeners.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...Child} children
 * @returns {HTMLElementTagNameMap[K]}
 */
export function html(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/**
 * An SVG element.
 * @template {keyof SVGElementTagNameMap} K
 * @param {K} tag
 * @param {Record<string, unknown>} [properties]
 * @param {...Child} children
 * @returns {SVGElementTagNameMap[K]}
 */
export function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

/**
 * @template {Element} T
 * @param {T} node
 * @param {Record<string, unknown>} properties
 * @param {Child[]} children
 * @returns {T}
 */
function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), /** @type {EventListener} */ (value));
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      node.setAttribute(name, String(value));
  }
  node.append(...flattened(children));
  return node;
}

/**
 * @param {Child[]} children
 * @returns {(Node | string)[]}
 */
function flattened(children) {
  return children.flatMap((child) => {
    if (child === null || child === undefined) return [];
    return Array.isArray(child) ? flattened(child) : [child];
  });
}

/**
 * @template {string} K
 * @param {K} id
 * @returns {K extends keyof Controls ? Controls[K] : HTMLElement}
 */
export function byId(id) {
  return /** @type {any} */ (document.getElementById(id));
}

/**
 * The first element within another that a selector matches.
 * @param {Element} host
 * @param {string} selector
 * @returns {HTMLElement}
 */
export function part(host, selector) {
  const found = host.querySelector(selector);
  if (!found) throw new Error(`no ${selector}`);
  return /** @type {HTMLElement} */ (found);
}

/**
 * The element's only children from now on.
 * @param {Element} host
 * @param {...Child} children
 */
export function put(host, ...children) {
  host.replaceChildren(...flattened(children));
}

/**
 * A legend entry: a drawn sample and its name.
 * @param {Child} shape
 * @param {string} name
 */
export function key(shape, name) {
  const mark = svg("svg", { width: 22, height: 12, "aria-hidden": "true" }, shape);
  return html("span", {}, mark, name);
}

export const keys = {
  /** @type {(color: string, marker?: Marker, dash?: string) => Child[]} */
  line: (color, marker = null, dash = null) => [
    svg("line", {
      x1: 1,
      x2: 21,
      y1: 6,
      y2: 6,
      style: `stroke:${color};stroke-width:2.25`,
      "stroke-dasharray": dash,
    }),
    marker ? markers[marker](11, 6, color) : null,
  ],
  thin: () => svg("line", { x1: 1, x2: 21, y1: 6, y2: 6, class: "thin" }),
  /** @type {(color: string, opacity?: number) => Child} */
  area: (color, opacity = 1) =>
    svg("rect", {
      x: 4,
      y: 1,
      width: 14,
      height: 10,
      rx: 2,
      style: `fill:${color};opacity:${opacity}`,
    }),
  dashed: () =>
    svg("line", { x1: 1, x2: 21, y1: 6, y2: 6, class: "axis", "stroke-dasharray": "4 3" }),
  /** @type {(color: string) => Child} */
  diamond: (color) => markers.diamond(11, 6, color, 5),
};

/* Shapes tell series apart where colours do not: on paper, and to the colour-blind. */
/** @type {Record<Marker, (x: number, y: number, color: string, size?: number) => SVGElement>} */
export const markers = {
  circle: (x, y, color, size = 3.4) =>
    svg("circle", { cx: x, cy: y, r: size, style: `fill:${color}` }),
  diamond: (x, y, color, size = 4.6) =>
    svg("path", {
      d: `M${x},${y - size}l${size},${size}l${-size},${size}l${-size},${-size}z`,
      style: `fill:${color}`,
    }),
  square: (x, y, color, size = 3.1) =>
    svg("rect", {
      x: x - size,
      y: y - size,
      width: 2 * size,
      height: 2 * size,
      style: `fill:${color}`,
    }),
};
