// Many networks of a seed, trained one after the other while the page stays awake, and how their losses end.

import { SETTINGS, cosineFit } from "./cosine.js";
import { button, control, element } from "./controls.js";
import { COLOURS } from "./palette.js";
import { plot, shown } from "./plot.js";
import { histogram, wilson } from "./statistics.js";

const SLICE = 24; // milliseconds of computing before the page may answer
const PER_DECADE = 10; // bars
const [LOW, HIGH] = [-5, 1]; // decades of the axis

const EDGES = Array.from({ length: (HIGH - LOW) * PER_DECADE + 1 }, (_, i) => 10 ** (LOW + i / PER_DECADE));

const percent = (share) => `${(100 * share).toFixed(1)} %`;

export const ensemble = (model) => {
  const { success, activations } = model.get("experiment");
  const picture = plot({ label: "Histogram of final losses", height: 220 });
  const progress = element("progress", { max: 1, value: 0, ariaLabel: "Networks trained" });
  const status = element("p", { className: "live-status", role: "status" });
  const shownPart = element("div", { hidden: true }, progress, status, picture.element);
  let timer = 0;

  const draw = (losses) => {
    const heights = histogram(losses, EDGES);
    const highest = Math.max(5, ...heights);
    picture.draw({
      x: { low: EDGES[0], high: EDGES.at(-1), log: true, label: "loss after training" },
      y: { low: 0, high: highest, label: "networks" },
      layers: [
        { kind: "bars", edges: EDGES, heights, colour: COLOURS[activations[model.get("activation")].name] },
        { kind: "rule", x: success },
        { kind: "text", x: success * 0.8, y: 0.9 * highest, text: "fits", anchor: "end" },
      ],
    });
  };

  const conclude = (losses) => {
    const fits = losses.filter((loss) => loss < success).length;
    const [low, high] = wilson(fits, losses.length);
    const share = `${percent(fits / losses.length)} (95 % interval ${percent(low)} to ${percent(high)})`;
    const lost = losses.filter((loss) => !Number.isFinite(loss)).length;
    const diverged = lost ? ` ${lost} diverged.` : "";
    const text = `${fits} of ${losses.length} networks end below ${shown(success)}: ${share}.${diverged}`;
    status.textContent = text;
    picture.describe(`Histogram of the losses after training, on a logarithmic axis. ${text}`);
  };

  const begin = () => {
    clearTimeout(timer);
    const on = model.get("many");
    toggle.setAttribute("aria-pressed", on);
    shownPart.hidden = !on;
    if (!on) return;
    const [count, epochs, make, losses] = [model.get("networks"), model.get("epochs"), cosineFit(model), []];
    let network = make(0);
    let drawn = 0;
    status.textContent = `Training ${count} networks.`;
    progress.hidden = false;
    const go = () => {
      const until = performance.now() + SLICE;
      while (losses.length < count && performance.now() < until) {
        if (network.losses.length < epochs) network.epoch();
        else {
          losses.push(network.loss());
          network = make(losses.length);
        }
      }
      progress.value = losses.length / count;
      const done = losses.length === count;
      const moving = !matchMedia("(prefers-reduced-motion: reduce)").matches;
      if (done || (moving && performance.now() > drawn + 200)) {
        draw(losses);
        drawn = performance.now();
      }
      if (!done) {
        timer = setTimeout(go);
        return;
      }
      progress.hidden = true;
      conclude(losses);
    };
    go();
  };

  const toggle = button("Train many", () => {
    model.set("many", !model.get("many"));
    model.save_changes();
  });
  for (const name of [...SETTINGS, "epochs", "networks", "many"]) model.on(`change:${name}`, begin);
  begin();
  return {
    element: element(
      "div",
      {},
      element("div", { className: "live-controls" }, toggle, control(model, "networks")),
      shownPart,
    ),
    end: () => clearTimeout(timer),
  };
};
