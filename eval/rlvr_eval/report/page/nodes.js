"use strict";

/* Nodes of the page. Strings always become text nodes: nothing here parses HTML. */

const SVG = "http://www.w3.org/2000/svg";

/** An HTML element; properties that start with "on" are event listeners. */
function html(tag, properties = {}, ...children) {
  return filled(document.createElement(tag), properties, children);
}

/** An SVG element. */
function svg(tag, properties = {}, ...children) {
  return filled(document.createElementNS(SVG, tag), properties, children);
}

function filled(node, properties, children) {
  for (const [name, value] of Object.entries(properties)) {
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== null && value !== undefined)
      node.setAttribute(name, value);
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined));
  return node;
}

function byId(id) {
  return document.getElementById(id);
}

/** The element's only children from now on. */
function put(host, ...children) {
  host.replaceChildren(
    ...children.flat(Infinity).filter((child) => child !== null && child !== undefined),
  );
}

/** A legend entry: a drawn sample and its name. */
function key(shape, name) {
  const mark = svg("svg", { width: 22, height: 12, "aria-hidden": "true" }, shape);
  return html("span", {}, mark, name);
}

const keys = {
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
  diamond: (color) => markers.diamond(11, 6, color, 5),
};

/* Shapes tell series apart where colours do not: on paper, and to the colour-blind. */
const markers = {
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
