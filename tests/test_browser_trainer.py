"""The cosine-fit trainer in the built page: by keyboard, from a link, forwards and back, without motion."""

import re

import numpy as np
import pytest

from actlab.experiments import cosine_fit
from actlab.widgets import CosineTrainer
from actlab.widgets.trainer import success_below
from tests.browser import watched_page

PAGE = "book/experiments/cosine-fit.html"


class Trainer:
    """The figure in an open page, as a reader meets it."""

    def __init__(self, page, address, state=""):
        self.page, self.figure = page, page.locator("#trainer")
        page.goto(f"{address}{PAGE}{state}")
        self.figure.get_by_role("button", name="Run", exact=True).wait_for()

    def button(self, name):
        return self.figure.get_by_role("button", name=name, exact=True)

    def label(self, name):
        label = self.page.locator("span", has_text=re.compile(f"^{name}$"))
        return self.figure.locator("label").filter(has=label).locator("select, input")

    @property
    def status(self):
        return self.figure.locator(".live-status").first.inner_text()

    @property
    def outcome(self):
        return self.figure.locator(".live-status").last.inner_text()

    def at(self, epoch):
        """Wait until the figure stands still at this epoch."""
        self.page.wait_for_function(
            "text => document.querySelector('#trainer .live-status').textContent.includes(text)",
            arg=f"Trained: epoch {epoch}," if epoch else "Not trained yet",
        )
        return self

    def counted(self):
        """Wait until many networks have been trained."""
        self.page.wait_for_function(
            "[...document.querySelectorAll('#trainer .live-status')].at(-1).textContent.includes('interval')"
        )
        return self

    @property
    def seen(self):
        """What there is to be seen: every curve, and the text of the figure."""
        curves = self.figure.locator("svg path.live-line, svg rect.live-bar")
        drawn = curves.evaluate_all("all => all.map(one => one.getAttribute('d') ?? one.getAttribute('height'))")
        return drawn, self.figure.locator("li, .live-numbers, .live-status").all_inner_texts()

    @property
    def link(self):
        """The link to the state, when the address has followed."""
        self.page.wait_for_timeout(300)
        return self.figure.get_by_role("link", name="Link to this state").get_attribute("href")


@pytest.fixture(params=["http", "file"])
def start(request, book_url, unzipped_book):
    """Give the address of the book, over http and as files."""
    return book_url if request.param == "http" else f"{unzipped_book.as_uri()}/"


def tab_to(page, locator):
    """Press the tabulator until an element has the focus, which must be seen."""
    for _ in range(400):
        page.keyboard.press("Tab")
        if locator.evaluate("one => one === document.activeElement"):
            assert locator.evaluate("one => getComputedStyle(one).outlineStyle") != "none"
            return
    pytest.fail("the tabulator does not come to it")


def test_the_network_is_trained_with_the_keyboard_alone(page, start):
    """From the top of the page: an activation, a number of epochs, a run, a pause on the way, a step, and back."""
    figure = Trainer(page, start)
    tab_to(page, figure.label("Activation"))
    page.keyboard.type("sigmoid")
    tab_to(page, figure.label("Hidden units"))
    page.keyboard.press("ArrowRight")
    tab_to(page, figure.label("Epochs of a run"))
    for _ in range(290):
        page.keyboard.press("ArrowLeft")
    tab_to(page, figure.button("Run"))
    page.keyboard.press("Enter")
    figure.at(10)
    tab_to(page, figure.button("Step"))
    page.keyboard.press("Space")
    figure.at(11)
    done = CosineTrainer(activation="sigmoid", hidden=3).training(epochs=11)
    assert f"loss {done.snapshots[-1].loss[0]:.3g}" in figure.status
    tab_to(page, figure.button("Rewind"))
    page.keyboard.press("Enter")
    figure.at(0)


def test_a_run_can_be_paused_and_goes_on(page, book_url):
    figure = Trainer(page, book_url, "#trainer?epochs=1000")
    figure.button("Run").click()
    figure.button("Pause").click()
    page.wait_for_function("document.querySelector('#trainer .live-status').textContent.startsWith('Trained')")
    epoch = int(re.search(r"epoch (\d+)", figure.status)[1])
    assert 0 < epoch < 1000
    page.wait_for_timeout(200)
    assert f"epoch {epoch}," in figure.status
    assert f"epoch={epoch}" in figure.link
    figure.button("Run").click()
    figure.at(1000)


def test_a_link_shows_the_same_again(page, browser, start):
    """Settings, epoch and the histogram of many networks, in another window that knows nothing but the address."""
    figure = Trainer(page, start)
    figure.label("Activation").select_option("tanh")
    figure.label("Inputs").select_option("centred")
    figure.label("Optimiser").select_option("SGD")
    figure.label("Seed").fill("12")
    figure.label("Network of the seed").fill("7")
    figure.label("Epochs of a run").fill("40")
    figure.label("How many networks").fill("20")
    figure.button("Run").click()
    figure.at(40)
    figure.button("Step").click()
    figure.at(41)
    figure.button("Train many").click()
    figure.counted()
    link = figure.link
    assert page.url.endswith(link)
    with watched_page(browser) as other:
        again = Trainer(other, start, link).at(41).counted()
        assert again.seen == figure.seen


def test_each_setting_takes_effect_at_once(page, browser, book_url):
    """What is seen after a change of one setting is what its link shows from the beginning."""
    figure = Trainer(page, book_url, "#trainer?activation=tanh&epoch=9&epochs=12&networks=10&many=true").at(9).counted()
    changes = {
        "Activation": "silu", "Initial weights": "he_uniform", "Inputs": "standardised", "Optimiser": "SGD",
        "Learning rate": "150", "Hidden units": "5", "Seed": "3", "Network of the seed": "8", "Epochs of a run": "20",
        "How many networks": "15",
    }  # fmt: skip
    with watched_page(browser) as other:
        for name, value in changes.items():
            before = figure.seen
            control = figure.label(name)
            tag = control.evaluate("one => one.tagName")
            control.select_option(value) if tag == "SELECT" else control.fill(value)
            control.blur()
            figure.at(9).counted()
            assert figure.seen != before, name
            other.goto("about:blank")
            assert Trainer(other, book_url, figure.link).at(9).counted().seen == figure.seen, name


def test_rewinding_and_running_again_gives_the_same(page, book_url):
    """The same losses at the same epoch: after a run, after single steps, and from further on."""
    figure = Trainer(page, book_url, "#trainer?activation=tanh&epochs=12&epoch=12").at(12)
    first = figure.seen
    figure.button("Rewind").click()
    figure.at(0)
    assert figure.seen != first
    figure.button("Run").click()
    figure.at(12)
    assert figure.seen == first
    figure.button("Rewind").click()
    figure.at(0)
    for epoch in range(12):
        figure.button("Step").click()
        figure.at(epoch + 1)
    assert figure.seen == first
    figure.label("Epoch").fill("30")
    figure.at(30)
    assert figure.seen != first
    figure.label("Epoch").fill("12")
    figure.at(12)
    assert figure.seen == first


def test_the_share_of_many_networks_is_that_of_the_package(page, book_url):
    figure = Trainer(page, book_url, "#trainer?activation=sigmoid&networks=30&many=true").counted()
    share = cosine_fit("sigmoid", networks=30, dtype="float64").success(success_below())
    low, high = (f"{100 * end:.1f} %" for end in share.interval)
    assert f"{share.count} of 30 networks end below" in figure.outcome
    assert f"{100 * share.value:.1f} % (95 % interval {low} to {high})" in figure.outcome


def test_what_diverges_is_said_to_do_so(page, book_url):
    settings = {"activation": "identity", "optimiser": "SGD", "learning_rate": 0.08, "epochs": 30, "network": 0}
    figure = CosineTrainer(**settings)
    lost = ~np.isfinite(figure.training(figure.start(20)).snapshots[-1].loss)
    assert lost[4:].any() and not lost.all()
    settings["network"] = int(np.argmax(lost))
    query = "&".join(f"{name}={value}" for name, value in settings.items())
    shown = Trainer(page, book_url, f"#trainer?{query}&epoch=30&networks=20&many=true").counted()
    assert shown.outcome.endswith(f" {lost.sum()} diverged.")
    page.wait_for_function(
        "document.querySelector('#trainer .live-status').textContent.startsWith('Diverged: epoch 30,')"
    )


def test_a_link_ends_a_run(page, book_url):
    """Its epoch is shown and stays, whichever was reached."""
    figure = Trainer(page, book_url, "#trainer?epochs=1000")
    figure.button("Run").click()
    page.wait_for_function("document.querySelector('#trainer .live-numbers').textContent !== 'At epoch 0'")
    page.evaluate("location.hash = '#trainer?epochs=1000&seed=1&epoch=5'")
    figure.at(5)
    assert figure.button("Run").is_visible()
    page.wait_for_timeout(200)
    figure.at(5)


def test_a_link_is_followed_though_the_address_is_rewritten_meanwhile(page, book_url):
    """As when a figure writes its own last change there before the page is told of the link."""
    figure = Trainer(page, book_url, "#trainer?epoch=1").at(1)
    page.evaluate("""() => {
      const before = location.href;
      location.hash = "#trainer?epoch=7";
      history.replaceState(history.state, "", before);
    }""")
    figure.at(7)


def test_dead_units_are_marked(page, book_url):
    """The page says of every unit what the package says: born dead, or dead since the epoch before which it lived."""
    figure = Trainer(page, book_url, "#trainer?epoch=300").at(300)
    told = figure.figure.locator(".live-units li").all_inner_texts()
    trainer = CosineTrainer()
    (born,) = trainer.training(epochs=0).snapshots[0].dead[0]
    assert born.any() and not born.all()
    for text, was_born_dead in zip(told, born, strict=True):
        if was_born_dead:
            assert text.endswith("dead, born so")
            continue
        since = int(re.search(r"dead since epoch (\d+)$", text)[1])
        unit = told.index(text)
        assert [bool(trainer.training(epochs=e).snapshots[-1].dead[0][0, unit]) for e in (since - 1, since)] == [
            False,
            True,
        ]


def changes(page, selector):
    """Begin to write down every text that an element gets from now on."""
    page.evaluate(
        """selector => {
          const element = document.querySelector(selector);
          window.texts = [];
          new MutationObserver(() => window.texts.push(element.textContent)).observe(element, { childList: true });
        }""",
        selector,
    )


def test_only_the_beginning_and_the_end_of_a_run_are_said_aloud(page, book_url):
    figure = Trainer(page, book_url, "#trainer?epochs=60")
    spoken = "#trainer :is([role=status], [aria-live], output):not([aria-live=off], [aria-hidden=true])"
    assert page.locator(spoken).evaluate_all("all => all.map(one => one.className)") == ["live-status"] * 2
    changes(page, "#trainer .live-status")
    figure.button("Run").click()
    figure.at(60)
    said = page.evaluate("window.texts")
    assert len(said) == 2
    assert said[-1] == figure.status


@pytest.mark.parametrize(("motion", "few"), [("reduce", True), ("no-preference", False)])
def test_a_reader_who_wants_no_motion_gets_the_end_at_once(browser, book_url, motion, few):
    with watched_page(browser, reduced_motion=motion) as page:
        figure = Trainer(page, book_url, "#trainer?epochs=60")
        changes(page, "#trainer .live-numbers")
        figure.button("Run").click()
        figure.at(60)
        texts = page.evaluate("window.texts")
        assert (len(texts) == 1) == few
        assert len(texts) > 30 or few


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_it_fits_the_width_and_is_accessible(browser, book_url, width, theme):
    from axe_playwright_python.sync_playwright import Axe

    with watched_page(browser, viewport={"width": width, "height": 900}, color_scheme=theme) as page:
        figure = Trainer(page, book_url, "#trainer?epoch=300&hidden=8&networks=10&many=true").at(300).counted()
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        box = figure.figure.bounding_box()
        inner = figure.figure.locator("button, input, select, svg.live-plot").evaluate_all(
            "all => all.map(one => one.getBoundingClientRect()).map(box => [box.left, box.right])"
        )
        low, high = np.array(inner).T
        assert low.min() >= box["x"] - 1 and high.max() <= box["x"] + box["width"] + 1
        found = Axe().run(page, context="#trainer", options={"preload": False})
        assert found.violations_count == 0, found.generate_report()
