"""Claims about networks of sigmoids: gradients through depth, shared signs, cost, and the cosine fit."""

from __future__ import annotations

import numpy as np

from actlab.claims.costs import costs
from actlab.claims.ledger import Measured, claim, measured
from actlab.core import get
from actlab.experiments import (
    conditioning,
    cosine_fit,
    floor,
    gradient_flow,
    learn_xor,
    shared_signs,
    signal_through_depth,
    two_moons,
)
from actlab.experiments.cosine_table import COSINE_ACTIVATIONS, label, load
from actlab.initialisers import glorot_uniform
from actlab.network import initialise
from actlab.optimisers import SGD
from actlab.statistics import Mean, Quantile, Share
from actlab.training import fit


@claim(
    belief="The chain rule through layers of sigmoids easily makes gradients vanish, so that parameters hardly move.",
    about="sigmoid",
    verdict="true",
    sources=("000", "001", "002", "003", "004"),
    says="From Glorot's start a gradient shrinks to {ratio:.0e} of its size on the way back through {depth} sigmoid "
    "layers of width 100 ({networks} networks). Classifiers of two moons with 8 hidden layers of width 32, "
    "after 60 epochs of SGD at rate 0.1, are less than 60 % right with sigmoid in {stuck}, with tanh in {rival}.",
    unlike={"name": "tanh"},
    page="gradients/vanishing-and-exploding",
    side="con",
    slow=True,
)
def sigmoid_vanishing(name: str = "sigmoid") -> Measured:
    """The gradient of first over last layer, as geometric mean, and the training of 50 deep classifiers each."""
    depth, networks = 20, 50
    flow = gradient_flow(name, depth=depth, width=100, networks=networks)
    log_ratio = Mean.of(flow.log_norms[:, 0] - flow.log_norms[:, -1])
    stuck, rival = _stuck(name, networks), _stuck("tanh", networks)
    # A sigmoid passes on a quarter of the gradient at most.
    return measured(
        log_ratio.interval[1] < depth * np.log(0.5) and stuck.interval[0] > 0.9 and rival.interval[1] < 0.1,
        depth=depth, networks=networks, ratio=np.exp(log_ratio.value), stuck=stuck, rival=rival,
    )  # fmt: skip


def _stuck(name: str, networks: int) -> Share:
    """The share of deep networks that label less than 60 % of the points on which they were trained rightly."""
    x, y = two_moons()
    start = initialise((2, *(32,) * 8, 2), name, networks=networks)
    done = fit(start, x, y, epochs=60, optimiser=SGD(0.1), loss="softmax_cross_entropy", validation=(x, y))
    return Share.of(done.accuracies[-1] < 0.6)


@claim(
    belief="With a sigmoid a positive input gives a positive derivative and therefore updates in the positive "
    "direction only; with a negative input both are negative.",
    about="sigmoid",
    verdict="false",
    sources="002",
    says="The sigmoid's slope is positive at negative inputs, too: {slope:.1e} at -10. What units that read {inputs} "
    "sigmoid outputs share is a sign, not the plus sign: all weight gradients of one unit agree in {same}, and among "
    "these they are plus in {positive}, because the error may have either sign.",
    unlike={"name": "tanh"},
    page="functions/s-curves",
)
def sigmoid_sign_claim(name: str = "sigmoid") -> Measured:
    """The slope on the negative side, and the signs of the weight gradients of 10,000 units with random errors."""
    f, inputs = get(name), 10
    slopes = f.derivative(np.linspace(-10, 0, 1001))
    found = shared_signs(name, inputs=inputs)
    low, high = found.positive.interval if found.positive else (0.0, 1.0)
    return measured(
        (slopes > 0).all() and found.same.interval[0] > 0.99 and 0.45 < low < high < 0.55,
        slope=slopes[0], inputs=inputs, same=found.same, positive=found.positive,
    )  # fmt: skip


@claim(
    belief="Inputs that are centred on zero do not force one common sign on the updates of a unit's weights.",
    about="tanh",
    verdict="true",
    sources="002",
    says="A unit that reads {inputs} answers of tanh to standard normal numbers gets weight gradients that are all of "
    "one sign in {same}: as often as {inputs} fair coins all fall on one side, {coins:.2%}. With {inputs} answers of "
    "the sigmoid, all positive, it is {rival}.",
    unlike={"name": "sigmoid"},
    page="functions/s-curves",
    side="pro",
)
def zigzag_centred_control(name: str = "tanh") -> Measured:
    """How often all weight gradients of a unit have one sign, in 100,000 units, beside the probability for coins."""
    inputs, units = 5, 100_000
    same, rival = (shared_signs(f, inputs=inputs, units=units).same for f in (name, "sigmoid"))
    coins = 2.0 ** (1 - inputs)
    low, high = same.interval
    return measured(
        low < coins < high and rival.count == units, inputs=inputs, same=same, coins=coins, rival=f"{rival.value:.0%}"
    )


@claim(
    belief="Outputs whose mean is not zero make training converge slowly.",
    about="sigmoid",
    verdict="true",
    sources=("002", "lecun1998efficient"),
    says="A linear unit that reads ten sigmoids of normal numbers needs {steps:.0f} gradient steps (median of "
    "{repeats} data sets; 95 % interval {low:.0f} to {high:.0f}) at the best constant rate to divide its loss by a "
    "million; with ten tanh it needs {tanh:.0f}. With the mean taken off the sigmoids it needs {centred:.0f}: the "
    "offset delays, not the S. The condition number is {condition:.0f}, and centred {centred_condition:.2f}.",
    unlike={"name": "tanh"},
    page="functions/s-curves",
    side="con",
)
def zero_mean_convergence(name: str = "sigmoid") -> Measured:
    """Least squares by gradient descent on features as they are, on centred ones, and on those of tanh."""
    plain, tanh = conditioning(name), conditioning("tanh")
    centred = conditioning(name, shift=-get(name).properties.mean)
    steps, rest = Quantile.of(plain.steps), Quantile.of(centred.steps)
    return measured(
        steps.low > 10 * rest.high,
        steps=steps.value, low=steps.low, high=steps.high, tanh=Quantile.of(tanh.steps).value, centred=rest.value,
        repeats=steps.n, condition=np.median(plain.condition), centred_condition=np.median(centred.condition),
    )  # fmt: skip


@claim(
    belief="Because its outputs are not centred on zero, the sigmoid changes the distribution of the data from layer "
    "to layer.",
    about=("sigmoid", "tanh"),
    verdict="imprecise",
    sources="004",
    says="The sigmoid changes the distribution at first, then hardly: after layers 1, 2 and {depth} (width 100, "
    "Glorot's start, normal inputs, {networks} networks) the deviation of its outputs is {first:.3f}, {second:.3f} and "
    "{last:.3f}, and their mean stays {mean:.2f}. The centred tanh goes on changing it: the deviation falls from "
    "{rival_first:.3f} after layer 1 to {rival_last:.3f}.",
    unlike={"name": "relu"},
    page="gradients/initialisation",
)
def sigmoid_distribution_shift(name: str = "sigmoid") -> Measured:
    """Means and deviations of the activations, layer by layer, averaged over untrained networks."""
    depth, networks = 10, 50
    signal, rival = (
        signal_through_depth(f, initialiser=glorot_uniform, depth=depth, networks=networks) for f in (name, "tanh")
    )
    deviations, rivals = np.sqrt(signal.variances[1:]), np.sqrt(rival.variances[1:])
    settled = all(
        abs(end / deviations[2].mean() - 1) < 0.1 for layer in deviations[2:] for end in Mean.of(layer).interval
    )
    still = all(abs(end - 0.5) < 0.02 for layer in signal.means[1:] for end in Mean.of(layer).interval)
    falling = Mean.of(rivals[-1] / rivals[2]).interval[1] < 0.7
    return measured(
        settled and still and falling,
        depth=depth, networks=networks, first=deviations[0].mean(), second=deviations[1].mean(),
        last=deviations[-1].mean(), mean=signal.means[-1].mean(),
        rival_first=rivals[0].mean(), rival_last=rivals[-1].mean(),
    )  # fmt: skip


@claim(
    belief="The exponential makes the sigmoid expensive, above all in large networks.",
    about="sigmoid",
    verdict="depends",
    sources=("002", "004"),
    says="Number for number that depends: for a million float32 numbers, on one thread, it takes {numpy:.1f} times as "
    "long as ReLU typed in NumPy, {keras:.1f} in Keras, {jit:.1f} in compiled JAX, but {torch:.1f} in PyTorch "
    "(recorded benchmark: medians of {runs} runs, with intervals). The larger a dense layer, the less that is: a unit "
    "of {inputs:,} inputs has {inputs:,} products for one sigmoid.",
    unlike={"function": "leaky_relu"},
    page="practice/speed",
)
def sigmoid_cost(function: str = "sigmoid", inputs: int = 1024) -> Measured:
    """Recorded processor time of one call, divided by that of ReLU in the same hands, and the products counted."""
    by = {"numpy": "textbook", "keras": "keras", "jit": "jax.jit", "torch": "torch"}
    ratios = {name: costs(function, who) for name, who in by.items()}
    *others, torch = (ratio.value for ratio in ratios.values())
    products = initialise((inputs, 1), "identity").weights[0][0].size
    holds = min(others) > 1.3 and torch < min(others) and products == inputs
    return measured(holds, **ratios, inputs=products, runs=ratios["torch"].n)


@claim(
    belief="As a non-linear function the sigmoid lets a network capture more complex patterns.",
    about="sigmoid",
    verdict="true",
    sources="003",
    says="XOR has no linear solution: the best that networks without activation reach is the loss {linear:.2f}, one "
    "answer for all corners. Of 2-2-1 networks with sigmoids (Glorot's start, {steps:,} steps of gradient descent "
    "at rate 0.1), {learnt} bring the loss below 0.01.",
    unlike={"name": "identity"},
    page="foundations/why-nonlinearity",
)
def sigmoid_nonlinear_captures(name: str = "sigmoid") -> Measured:
    """The training of 300 networks of two hidden units on XOR, and of as many without activation."""
    training, linear = (learn_xor(f, networks=300) for f in (name, "identity"))
    return measured(
        training.learnt.interval[0] > 0.5 and linear.losses.min() > 0.25 - 1e-9,
        linear=linear.losses.min(), steps=training.steps, learnt=training.learnt,
    )  # fmt: skip


@claim(
    belief="Among the usual activations the sigmoid is the better choice for fitting cos x + 1.",
    about="sigmoid",
    verdict="depends",
    sources="000",
    says="It depends on what counts. With {hidden} hidden units (Adam, 300 epochs) the sigmoid fits cos x + 1 with the "
    "smallest median loss of {count} activations, {median:.1e}; next is {next} with {next_median:.1e}. But it is not "
    "the surest: a loss of 0.1 or more is left in {failed}, with {surest} in {fewest}.",
    unlike={"hidden": 3},
    page="experiments/cosine-fit",
)
def sigmoid_best_here(hidden: int = 2) -> Measured:
    """Medians of the final loss and shares of failures in the recorded table of cosine fits, 10,240 for each cell."""
    cells = {label(activation): load().cell(activation, hidden) for activation in COSINE_ACTIVATIONS}
    ranked = sorted(cells, key=lambda name: cells[name].median.value)
    surest = min(cells, key=lambda name: cells[name].failure(0.1).value)
    ours, after, failed = cells["sigmoid"], cells[ranked[1]], cells["sigmoid"].failure(0.1)
    fewest = cells[surest].failure(0.1)
    return measured(
        ranked[0] == "sigmoid"
        and ours.median.high < after.median.low
        and fewest.interval[1] < failed.interval[0],
        hidden=hidden, count=len({activation.name for activation in COSINE_ACTIVATIONS}), median=ours.median.value,
        next=ranked[1], next_median=after.median.value, failed=failed, surest=surest, fewest=fewest,
    )  # fmt: skip


@claim(
    belief="The sigmoid fits cos x + 1 better than ReLU because its curve is continuous.",
    about=("sigmoid", "relu"),
    verdict="imprecise",
    sources="000",
    says="ReLU is continuous as well, only not smooth. With two hidden units the smooth curve can fit more closely: "
    "the least loss found is {best:.1e}, with ReLU {rival_best:.1e}. But to be smooth is not enough: training (Adam, "
    "300 epochs) gets below 0.01 with sigmoid in {success}, with softplus, just as smooth, in {softplus}.",
    unlike={"rival": "tanh"},
    page="experiments/cosine-fit",
)
def sigmoid_continuous_reason(rival: str = "relu") -> Measured:
    """How smooth each is, its recorded floor with two units, and shares in the recorded table of cosine fits."""
    smooth, other, softplus = (get(name).properties.smoothness for name in ("sigmoid", rival, "softplus"))
    best, rival_best = floor("sigmoid", 2).loss, floor(rival, 2).loss
    ours, theirs = (load().cell(name).success(0.01) for name in ("sigmoid", "softplus"))
    return measured(
        # A function of smoothness 0 is continuous and has corners.
        smooth == softplus == np.inf
        and other == 0
        and best < rival_best / 10
        and theirs.interval[1] < ours.interval[0],
        best=best, rival_best=rival_best, softplus=theirs, success=ours,
    )  # fmt: skip


@claim(
    belief="In the fit of cos x + 1, tanh behaves like the sigmoid.",
    about=("tanh", "sigmoid"),
    verdict="imprecise",
    sources="000",
    says="With two hidden units both can reach the same least loss, {best:.3e}, because tanh x = 2 sigma(2x) - 1: what "
    "one network computes, the other can. Training tells them apart. From Glorot's start and with 300 epochs of Adam "
    "the loss falls below 0.01 with sigmoid in {sigmoid}, with tanh in {rival}.",
    unlike={"name": "relu"},
    page="experiments/cosine-fit",
)
def tanh_same_as_sigmoid_here(name: str = "tanh") -> Measured:
    """The recorded floors of both, and the shares of networks that succeed in the recorded table of cosine fits."""
    best, other = floor("sigmoid", 2).loss, floor(name, 2).loss
    sigmoid, rival = (load().cell(each).success(0.01) for each in ("sigmoid", name))
    return measured(
        abs(other / best - 1) < 1e-6 and rival.interval[1] < sigmoid.interval[0],
        best=best, sigmoid=sigmoid, rival=rival,
    )  # fmt: skip


@claim(
    belief="With one hidden neuron the fit of cos x + 1 is a single copy of the activation.",
    about="sigmoid",
    verdict="true",
    sources="000",
    says="With one hidden unit the answer is one copy of the sigmoid, stretched and shifted. It only rises or only "
    "falls, so it cannot follow the valley of cos x + 1: the least mean squared error found is {one:.3f} (a level "
    "line has {level:.3f}), and {below} of {networks:,} trained networks get below 0.2. With two units the least is "
    "{two:.1e}.",
    unlike={"name": "gelu"},
    page="experiments/cosine-fit",
)
def one_unit_fit(name: str = "sigmoid") -> Measured:
    """The recorded floors with one unit and with two, the direction of the best curve, and a cell of the table."""
    one, two, level = floor(name, 1), floor(name, 2), floor("identity", 1).loss
    steps = np.diff(one.predict(np.linspace(0, 2 * np.pi, 1001)))
    below = load().cell(name, 1).success(0.2)
    return measured(
        bool((steps <= 0).all() or (steps >= 0).all()) and one.loss > 0.3 and below.count == 0 and two.loss < 0.001,
        one=one.loss, level=level, networks=below.n, below=below.count, two=two.loss,
    )  # fmt: skip


@claim(
    belief="The published script, with the sigmoid in it, draws a good fit of cos x + 1.",
    about="sigmoid",
    verdict="depends",
    sources="000",
    says="It depends on the random start. Of networks trained as in the script (two sigmoid units, Adam at 0.04, 300 "
    "epochs, here by our own trainer), number {good} ends at a loss of {good_loss:.0e} and number {bad} at "
    "{bad_loss:.2f}, which misses half of the wave. The loss is below 0.1 in {share}.",
    unlike={"name": "identity"},
    page="experiments/cosine-fit",
)
def sigmoid_seed_run(name: str = "sigmoid") -> Measured:
    """The first good and the first bad one of 32 trained networks, and the share in the recorded table."""
    loss = cosine_fit(name, networks=32).loss
    good, bad = int(np.argmin(loss >= 0.01)), int(np.argmax(loss > 0.3))
    share = load().cell(name).success(0.1)
    low, high = share.interval
    return measured(
        loss[good] < 0.01 and loss[bad] > 0.3 and 0.5 < low < high < 0.9,
        good=good, good_loss=loss[good], bad=bad, bad_loss=loss[bad], share=share,
    )  # fmt: skip
