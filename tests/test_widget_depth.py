"""The depth explorer in Python: what it offers, what it refuses, and the still figure."""

import json
import math

import numpy as np
import pytest
import traitlets
from matplotlib.figure import Figure as Still

import actlab
from actlab import initialisers
from actlab.experiments import expected_flow
from actlab.widgets import DepthExplorer


def test_every_activation_with_a_chi_can_be_chosen():
    names = DepthExplorer().fields["activation"]["values"]
    assert set(names) < set(actlab.ACTIVATIONS)
    for name in names:
        assert actlab.meanfield.analyse(name, sigma_w2=1.0).chi1 >= 0
    for name in set(actlab.ACTIVATIONS) - set(names):
        with pytest.raises((TypeError, ValueError)):
            actlab.meanfield.analyse(name, sigma_w2=1.0)


def test_the_starts_are_those_of_the_initialisers():
    starts = DepthExplorer().starts
    for rule in initialisers.INITIALISERS.values():
        given = [start for start in starts.values() if start == {"weights": rule.scale, "biases": rule.bias_scale}]
        assert len(given) == 1 or rule is initialisers.orthogonal
    assert starts["He"]["weights"] == initialisers.he_normal.sigma_w2(50, 50)
    width = 48
    biases = math.sqrt(starts["PyTorch"]["biases"] / width)
    assert biases == pytest.approx(initialisers.pytorch_uniform.bias_limit(width) / math.sqrt(3))


@pytest.mark.parametrize(
    "wrong", [{"activation": "step"}, {"activation": "softmax"}, {"sigma_w": 5.0}, {"depth": 1}, {"width": 1000}]
)
def test_what_the_figure_cannot_show_is_refused(wrong):
    with pytest.raises(traitlets.TraitError):
        DepthExplorer(**wrong)


def test_the_page_is_told_no_more_than_json_holds():
    state = DepthExplorer().page_state()
    assert json.loads(json.dumps(state)) == state


def test_the_still_figure_has_the_theory_of_its_settings_and_the_point():
    figure = Still()
    DepthExplorer(activation="selu", sigma_w=1.2, sigma_b=0.4, depth=9).still(figure)
    left, right = figure.axes
    theory = expected_flow("selu", sigma_w2=1.2**2, sigma_b2=0.4**2, depth=9).log_norms / math.log(10)
    drawn = [line.get_ydata() for line in left.lines]
    assert any(np.allclose(line, theory, atol=1e-5) for line in drawn)
    assert not all(np.allclose(line, theory, atol=1e-5) for line in drawn)
    assert [1.2, 0.4] in [line.get_xydata()[0].tolist() for line in right.lines]
