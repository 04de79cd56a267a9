// A plot: two axes with their ticks and what is drawn between them, as SVG that is drawn anew at each change.

const SVG = "http://www.w3.org/2000/svg";
const MARGIN = { left: 54, right: 14, top: 10, bottom: 26 };
const LABEL = 18; // the height of the line below the ticks
const CHARACTER = 7.2; // about the width of one, in a tick's label

export const svg = (name, attributes = {}, ...children) => {
  const node = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) node.setAttribute(key, value);
  node.append(...children);
  return node;
};

// A number as it is read: a true minus, no digits that say nothing.
export const shown = (value, digits = 3) => {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : value < 0 ? "−∞" : "∞";
  const text = value !== 0 && (Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3)
    ? value.toExponential(digits - 1).replace(/\.?0*e\+?/, "e")
    : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", "−");
};

// Round numbers from low to high, at most about `count` of them; of a logarithmic axis its powers of ten.
export const ticks = ({ low, high, log }, count) => {
  const [from, to] = log ? [Math.log10(low), Math.log10(high)] : [low, high];
  const rough = (to - from) / count;
  const power = 10 ** Math.floor(Math.log10(rough));
  let step = [1, 2, 5, 10].map((factor) => factor * power).find((each) => each >= rough * (1 - 1e-9));
  if (log) step = Math.max(1, Math.round(step));
  const found = [];
  for (let k = Math.ceil(from / step - 1e-9); k <= to / step + 1e-9; k++) found.push(log ? 10 ** (k * step) : k * step);
  return found;
};

const tickText = (value, log) => {
  if (!log || (value >= 0.001 && value <= 1000)) return [shown(value)];
  const power = svg("tspan", { dy: "-0.45em", "font-size": "0.75em" });
  power.textContent = String(Math.round(Math.log10(value))).replace("-", "−");
  return ["10", power];
};

// The place of a value between two ends, from 0 to 1.
const share = ({ low, high, log }, value) =>
  log ? Math.log(value / low) / Math.log(high / low) : (value - low) / (high - low);
const atShare = ({ low, high, log }, part) => (log ? low * (high / low) ** part : low + part * (high - low));

// The path of a curve; where a value is missing it has a gap. Values far outside stay near: browsers round huge ones.
const path = (xs, ys) => {
  let text = "";
  let pen = "M";
  for (let i = 0; i < xs.length; i++) {
    if (Number.isNaN(xs[i]) || Number.isNaN(ys[i])) {
      pen = "M";
      continue;
    }
    text += `${pen}${xs[i].toFixed(2)} ${Math.max(-1e5, Math.min(1e5, ys[i])).toFixed(2)}`;
    pen = "L";
  }
  return text;
};

// A colour of palette.js as the style of an element: one for the light theme, one for the dark. live.css reads them.
export const coloured = (colour) => (colour ? `--light: ${colour[0]}; --dark: ${colour[1]}` : "");

const LAYERS = {
  // Ends of the layer's keys: xs and ys are arrays; x, y, low and high numbers.
  curve: ({ xs, ys, dash, width }, at) =>
    svg("path", {
      class: "live-line",
      d: path(Array.from(xs, at.x), Array.from(ys, at.y)),
      "stroke-dasharray": dash ?? "none",
      "stroke-width": width ?? 2,
    }),
  band: ({ xs, lows, highs }, at) => {
    const [across, below, above] = [Array.from(xs, at.x), Array.from(lows, at.y), Array.from(highs, at.y)];
    const d = path([...across, ...across.toReversed()], [...above, ...below.toReversed()]);
    return svg("path", { class: "live-fill", d });
  },
  // Points on the edge are seen whole, those beyond it not at all.
  points: ({ xs, ys, radius, hollow }, at) =>
    svg("g", {}, ...Array.from(xs, (x, i) => [at.x(x), at.y(ys[i])])
      .filter(([x, y]) => x >= at.left - 0.5 && x <= at.right + 0.5 && y >= at.top - 0.5 && y <= at.bottom + 0.5)
      .map(([cx, cy]) => svg("circle", { class: hollow ? "live-ring" : "live-dot", cx, cy, r: radius ?? 4 }))),
  crosses: ({ xs, ys }, at) =>
    svg("g", {}, ...Array.from(xs, (x, i) =>
      svg("path", { class: "live-line", d: `M${at.x(x) - 4} ${at.y(ys[i]) - 4}l8 8m0 -8l-8 8`, "stroke-width": 2 }))),
  bars: ({ edges, heights }, at) =>
    svg("g", {}, ...Array.from(heights, (height, i) => {
      const [left, right, top, bottom] = [at.x(edges[i]), at.x(edges[i + 1]), at.y(height), at.bottom];
      const size = { width: Math.max(0.5, right - left - 0.5), height: Math.max(0, bottom - top) };
      return svg("rect", { class: "live-bar", x: left, y: top, ...size });
    })),
  area: ({ xs, ys }, at) =>
    svg("path", { class: "live-fill", d: `${path(Array.from(xs, at.x), Array.from(ys, at.y))}Z` }),
  shade: ({ low, high }, at) => {
    const [left, right] = [Math.max(at.left, at.x(low)), Math.min(at.right, at.x(high))];
    const size = { width: Math.max(0, right - left), height: at.bottom - at.top };
    return svg("rect", { class: "live-shade", x: left, y: at.top, ...size });
  },
  rule: ({ x, y }, at) =>
    svg("path", {
      class: "live-rule",
      d: x === undefined ? `M${at.left} ${at.y(y)}H${at.right}` : `M${at.x(x)} ${at.top}V${at.bottom}`,
    }),
  text: ({ text, x, y, anchor }, at) => {
    const node = svg("text", { class: "live-text", x: at.x(x), y: at.y(y), "text-anchor": anchor ?? "middle" });
    node.textContent = text;
    return node;
  },
};

// What stands before a name in the legend: a piece of the line, or what figure.css draws for the kind.
const key = ({ kind, dash, width }) => {
  if (kind !== "curve" && kind !== "rule") return [];
  const line = LAYERS[kind]({ xs: [0, 28], ys: [5, 5], y: 5, dash, width }, PLAIN);
  return [svg("svg", { class: "live-key", width: 28, height: 10, "aria-hidden": "true" }, line)];
};
const PLAIN = { x: (value) => value, y: (value) => value, left: 0, right: 28 };

const listing = (layer) => {
  const item = document.createElement("li");
  item.style.cssText = coloured(layer.colour);
  item.dataset.kind = layer.hollow ? "ring" : layer.kind;
  item.append(...key(layer), layer.name);
  return item;
};

// A plot with the accessible name `label`. `draw(axes)` draws it: axes.x and axes.y have low, high, label and log;
// axes.layers are objects with `kind`, one of the above, what that needs, `colour` of palette.js, and `name` where the
// legend shall name it. `drag(x, y)` is called with the place, in the axes' units, where a pointer is pressed or dragged.
export const plot = ({ label, height = 260, drag }) => {
  const picture = svg("svg", { class: "live-plot", role: "img", "aria-label": label, height });
  const legend = document.createElement("ul");
  legend.className = "live-legend";
  const element = document.createElement("div");
  element.className = "live-plot-box";
  element.append(picture, legend);
  let axes = null;
  let at = null;
  let width = 0; // as it was observed: to ask for it would have the page laid out anew between two plots
  let listed = "";

  const render = () => {
    if (!axes || width === 0) return;
    const { x, y } = axes;
    const right = width - MARGIN.right;
    const bottom = height - MARGIN.bottom - (x.label ? LABEL : 0);
    const [left, top] = [MARGIN.left, MARGIN.top];
    at = {
      left, right, top, bottom,
      x: (value) => left + share(x, value) * (right - left),
      y: (value) => bottom - share(y, value) * (bottom - top),
    };
    const frame = svg("g", { class: "live-axes" });
    const longest = Math.max(...ticks(x, 6).map((value) => shown(value).length));
    for (const value of ticks(x, Math.max(2, Math.min(8, (right - left) / (longest * CHARACTER + 24))))) {
      const text = svg("text", { x: at.x(value), y: bottom + 18, "text-anchor": "middle" }, ...tickText(value, x.log));
      frame.append(svg("path", { d: `M${at.x(value)} ${bottom}v5` }), text);
    }
    for (const value of ticks(y, Math.max(2, (bottom - top) / 36))) {
      const text = svg("text", { x: left - 8, y: at.y(value) + 4, "text-anchor": "end" }, ...tickText(value, y.log));
      frame.append(svg("path", { d: `M${left} ${at.y(value)}h-5` }), text);
    }
    frame.append(svg("path", { d: `M${left} ${top}V${bottom}H${right}` }));
    const across = svg("text", { x: (left + right) / 2, y: height - 6, "text-anchor": "middle" });
    across.textContent = x.label ?? "";
    const up = svg("text", { transform: `translate(11 ${(top + bottom) / 2}) rotate(-90)`, "text-anchor": "middle" });
    up.textContent = y.label ?? "";
    // A nested svg clips what reaches beyond the axes, without an id that a second plot could share.
    const inside = svg("svg", { x: left, y: top, width: right - left, height: bottom - top, viewBox: `${left} ${top} ${right - left} ${bottom - top}` });
    const over = svg("g");
    for (const { kind, colour, ...layer } of axes.layers) {
      const node = LAYERS[kind](layer, at);
      node.setAttribute("style", coloured(colour));
      (kind === "points" || kind === "text" ? over : inside).append(node);
    }
    picture.setAttribute("viewBox", `0 0 ${width} ${height}`);
    picture.setAttribute("width", width);
    picture.replaceChildren(inside, frame, across, up, over);
  };

  new ResizeObserver(([{ contentRect }]) => {
    width = Math.floor(contentRect.width);
    render();
  }).observe(element);
  if (drag) {
    const moved = (event) => {
      if (!at) return;
      const box = picture.getBoundingClientRect();
      const part = (value, low, high) => Math.max(0, Math.min(1, (value - low) / (high - low)));
      drag(
        atShare(axes.x, part(event.clientX - box.left, at.left, at.right)),
        atShare(axes.y, 1 - part(event.clientY - box.top, at.top, at.bottom)),
      );
    };
    // A finger that goes up or down scrolls the page, and must leave the figure as it is: a touch counts once it has
    // gone sideways or has ended as a tap; the browser cancels one that scrolls.
    let held = null;
    const listen = (name, react) => picture.addEventListener(name, react);
    picture.classList.add("live-draggable");
    listen("pointerdown", (event) => {
      held = { x: event.clientX, y: event.clientY, counts: event.pointerType !== "touch" };
      picture.setPointerCapture(event.pointerId);
      if (held.counts) moved(event);
    });
    listen("pointermove", (event) => {
      if (!held) return;
      held.counts ||= Math.abs(event.clientX - held.x) > Math.abs(event.clientY - held.y);
      if (held.counts) moved(event);
    });
    listen("pointerup", (event) => {
      if (held && !held.counts) moved(event);
      held = null;
    });
    listen("pointercancel", () => (held = null));
  }

  return {
    element,
    draw(next) {
      axes = next;
      const named = axes.layers.filter(({ name }) => name);
      const looks = ({ name, colour, kind, dash, hollow }) => [name, colour, kind, dash, hollow];
      const list = JSON.stringify(named.map(looks));
      if (list !== listed) legend.replaceChildren(...named.map(listing));
      listed = list;
      render();
    },
    // What a reader who does not see the plot is told of it.
    describe: (text) => picture.setAttribute("aria-label", text),
  };
};
