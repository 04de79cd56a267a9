"""A view of a figure that is closed, as JupyterLab does where a cell is cleared: nothing of it stays."""

import execute
import pytest

from actlab import widgets
from actlab.widgets import bundle

FIGURES = {figure.script: figure for figure in (getattr(widgets, name) for name in widgets.__all__)}

# A model that keeps its listeners until they are taken off, and a count of what is still to come.
PREPARE = """async ([text, state]) => {
  const pending = new Set();
  const counted = (begin, end) => {
    const [ask, cancel] = [window[begin].bind(window), window[end].bind(window)];
    window[begin] = (act, ...rest) => {
      const id = ask((...given) => {
        pending.delete(`${begin} ${id}`);
        act(...given);
      }, ...rest);
      pending.add(`${begin} ${id}`);
      return id;
    };
    window[end] = (id) => {
      pending.delete(`${begin} ${id}`);
      cancel(id);
    };
  };
  counted("setTimeout", "clearTimeout");
  counted("requestAnimationFrame", "cancelAnimationFrame");

  const listeners = [];
  const model = {
    get: (name) => state[name],
    set(name, value) {
      state[name] = value;
      listeners.filter(([event]) => event === `change:${name}`).forEach(([, listener]) => listener());
    },
    on: (...both) => listeners.push(both),
    off(event, listener) {
      const place = listeners.findIndex((both) => both[0] === event && both[1] === listener);
      if (place >= 0) listeners.splice(place, 1);
    },
    save_changes() {},
  };
  const { default: figure } = await import(URL.createObjectURL(new Blob([text], { type: "text/javascript" })));
  const open = async () => {
    const el = document.createElement("div");
    document.body.append(el);
    const end = await figure.render({ model, el });
    return () => {
      el.remove();
      return end();
    };
  };
  // Each setting is set to what it is, which is news to the listeners; then all buttons, the last one first, so that a
  // run goes on.
  const move = () => {
    Object.keys(state.fields).forEach((name) => model.set(name, state[name]));
    [...document.querySelectorAll("button")].reverse().forEach((button) => button.click());
  };
  const left = () => [listeners.length, pending.size];
  window.view = { open, move, left };
}"""


@pytest.fixture(params=FIGURES)
def figure(request, page):
    """Give a page with a figure's module and a model, and whether readers can set anything."""
    quiz = execute.ROOT / "book" / "quizzes" / "rectifiers.toml"
    made = FIGURES[request.param](quiz) if request.param == "quiz" else FIGURES[request.param]()
    page.evaluate(PREPARE, [bundle.module(request.param), made.page_state()])
    return page, bool(made.fields)


def test_a_view_that_is_closed_listens_to_nothing_and_waits_for_nothing(figure):
    page, moves = figure
    heard, left = page.evaluate("""async () => {
      const close = await view.open();
      view.move();
      const [heard] = view.left();
      await close();
      return [heard, view.left()];
    }""")
    assert (heard > 0) == moves
    assert left == [0, 0]


def test_of_two_views_the_other_one_goes_on(figure):
    page, moves = figure
    one, left = page.evaluate("""async () => {
      const close = await view.open();
      const one = view.left()[0];
      await view.open();
      view.move();
      await close();
      return [one, view.left()[0]];
    }""")
    assert left == one
    assert (left > 0) == moves
