"""What the trainer draws and says of a network that has left the numbers."""

import math

import pytest

from actlab.experiments.cosine import cosine_data
from actlab.widgets import CosineTrainer
from tests.javascript import scripts

NAN, INF = math.nan, math.inf

CROSS = "l8 8m0 -8l-8 8"

DRAW = """async ([text, state, parameters]) => {
  const url = URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  const { FUNCTIONS, followed, pictures, training, unitStates } = await import(url);
  const { x, seen, target } = state.experiment;
  const network = followed(training({
    activation: FUNCTIONS[state.activation], values: {}, parameters: Float64Array.from(parameters, Number),
    x: seen[state.inputs], y: target, batchSize: x.length,
  }));
  const plots = pictures({ get: (name) => state[name] });
  plots.elements.forEach((each) => (each.style.width = "400px"));
  document.body.append(...plots.elements);
  plots.draw(network);
  while (document.querySelectorAll(".live-axes").length < 3) await new Promise(requestAnimationFrame);
  return unitStates(network);
}"""


@pytest.fixture
def drawn(page):
    """Give a function that draws a network of two units from its parameters, and returns what is said of the units."""
    imported = {
        "functions": ["FUNCTIONS"], "cosine": ["followed"], "network": ["training"],
        "trainer_plots": ["pictures", "unitStates"],
    }  # fmt: skip
    text = scripts(imported) + f"export {{ {', '.join(name for names in imported.values() for name in names)} }};\n"

    def draw(parameters, activation="step"):
        state = CosineTrainer(activation=activation, hidden=2).page_state()
        return page.evaluate(DRAW, [text, state, [repr(float(each)).replace("inf", "Infinity") for each in parameters]])

    return draw


# Two units that fire from x = 3 on: their weights, biases and output weights, and the output's bias. `crosses` says how
# many of them are dead and add numbers.
@pytest.mark.parametrize(
    ("parameters", "crosses", "states"),
    [
        ([1, 1, -3, -3, 0.5, 1, 0.5], 2, ["dead, born so", "dead, born so"]),
        # The last batch of an epoch has an output weight overflow: where its unit gives 0, the product is nan.
        ([1, 1, -3, -3, INF, 1, 0.5], 1, ["dead, born so", "dead, born so"]),
        ([1, 1, -3, -3, -INF, INF, -INF], 0, ["dead, born so", "dead, born so"]),
        ([NAN, 1, -3, -3, 1, 1, NAN], 1, ["no longer a number", "dead, born so"]),
        ([NAN] * 7, 0, ["no longer a number", "no longer a number"]),
    ],
)
def test_only_numbers_are_drawn(parameters, crosses, states, drawn, page):
    told = drawn(parameters)
    assert told == [f"Unit {unit + 1}: {state}" for unit, state in enumerate(states)]
    pictures = page.locator("svg.live-plot").evaluate_all("all => all.map((each) => each.outerHTML)")
    assert [word for word in ("NaN", "Infinity") for html in pictures if word in html] == []
    # Crosses mark a dead unit, at every eleventh input, where what it adds is a number.
    marks = pictures[1].count(CROSS)
    assert marks == crosses * len(range(5, len(cosine_data()[0]), 11))
