import { control, element } from "./controls.js";
import { FUNCTIONS } from "./functions.js";
import { COLOURS, SERIES } from "./palette.js";
import { plot, shown } from "./plot.js";

const STEPS = 600;

export const render = ({ model, el }) => {
  const curves = plot({ label: "Function", drag: (x) => { model.set("x", x); model.save_changes(); } });
  const status = element("p", { className: "live-status", role: "status" });
  const draw = () => {
    const name = model.get("function");
    const record = FUNCTIONS[name];
    const xs = Float64Array.from({ length: STEPS + 1 }, (_, i) => -6 + (12 * i) / STEPS);
    const x = model.get("x");
    curves.draw({
      x: { low: -6, high: 6, label: "x" },
      y: { low: -2, high: 4 },
      layers: [
        { kind: "curve", xs, ys: xs.map((x) => record.value(x)), colour: COLOURS[name], name: "f" },
        { kind: "curve", xs, ys: xs.map((x) => record.derivative(x)), colour: SERIES[3], dash: "6 4", name: "f′" },
        { kind: "points", xs: [x], ys: [record.value(x)], colour: COLOURS[name] },
      ],
    });
    status.textContent = `f(${shown(x)}) = ${shown(record.value(x))}`;
  };
  el.classList.add("live");
  el.append(
    element("div", { className: "live-controls" }, control(model, "function", { group: (name) => FUNCTIONS[name].family }), control(model, "x")),
    curves.element,
    status,
  );
  for (const name of ["function", "x"]) model.on(`change:${name}`, draw);
  draw();
};
