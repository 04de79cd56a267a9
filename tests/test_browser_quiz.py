"""A quiz in the built book, taken in a browser by keyboard alone, over http and as a file."""

import re

import pytest

from actlab import quizzes
from tests.browser import DESK, PHONE, open_whole, watched_page
from tests.test_accessibility import SETTLED, violations
from tests.test_book import BOOK

NAME, PAGE = "s-curves", "book/functions/s-curves.html"
ASKED = quizzes.shuffled(quizzes.read(BOOK / "quizzes" / f"{NAME}.toml"), NAME)


@pytest.fixture(params=["http", "file"])
def quiz_page(request, page, book_folder):
    start = request.getfixturevalue("book_url") if request.param == "http" else f"{book_folder.as_uri()}/"
    page.goto(f"{start}{PAGE}")
    page.wait_for_selector(".live-quiz")
    return page


def plain(text):
    """A text without its formulas, in the pieces that stand between them, and without marks."""
    return [piece.strip(" *`") for piece in re.split(r"\$[^$]+\$|[*`]", text) if piece.strip(" *`.,")]


def focused(page):
    return page.evaluate("document.activeElement.tagName + ' ' + (document.activeElement.type ?? '')")


def outline(page):
    return page.evaluate("getComputedStyle(document.activeElement).outlineStyle")


def tab_to(page, kind, key="Tab"):
    """Go on by the keyboard to the next element of a kind."""
    for _ in range(200):
        page.keyboard.press(key)
        if focused(page) == kind:
            return
    raise AssertionError(f"no {kind} is reached")


def announced(page, number):
    """What the status of a question holds, in the tree that assistive technology reads."""
    region = page.locator(".live-quiz form").nth(number).get_by_role("status")
    region.filter(has_text=re.compile(r"\w")).wait_for()
    return region.inner_text()


def choose_by_keyboard(page, place):
    """From the group's first button, or the one that is chosen, to the answer at a place; then check it."""
    assert focused(page) == "INPUT radio"
    page.keyboard.press("Space")
    for _ in range(place):
        page.keyboard.press("ArrowDown")
    assert focused(page) == "INPUT radio" and outline(page) == "solid"
    tab_to(page, "BUTTON submit")
    assert outline(page) == "solid"
    page.keyboard.press("Enter")


def test_a_whole_quiz_is_taken_by_keyboard_alone(quiz_page):
    page = quiz_page
    page.evaluate("document.querySelector('.live-quiz').closest('section').querySelector('h2 a').focus()")
    for number, question in enumerate(ASKED):
        tab_to(page, "INPUT radio")
        places = [answer.right for answer in question.answer]
        right = places.index(True)
        if number == 0:  # a wrong one first, by the way
            wrong = places.index(False)
            choose_by_keyboard(page, wrong)
            said = announced(page, number)
            assert said.startswith("No. ")
            for piece in plain(question.computed(question.answer[wrong].feedback)):
                assert piece in said
            tab_to(page, "INPUT radio", "Shift+Tab")
            for _ in range((right - wrong) % len(places)):
                page.keyboard.press("ArrowDown")
            assert page.locator(".live-quiz form").first.get_by_role("status").inner_text() == ""
            page.keyboard.press("Enter")  # in a form, Enter on an answer checks it, too
        else:
            choose_by_keyboard(page, right)
        said = announced(page, number)
        assert said.startswith("Right. ")
        for piece in plain(question.computed(question.answer[right].feedback)):
            assert piece in said
        if number == 0:
            tab_to(page, "BUTTON submit")
    total = len(ASKED)
    score = page.locator(".live-quiz > [role=status]")
    assert score.inner_text() == f"Right at the first try: {total - 1} of {total}. That was the last question."
    tab_to(page, "BUTTON button")
    assert page.evaluate("document.activeElement.textContent") == "Start again"
    page.keyboard.press("Enter")
    assert focused(page) == "INPUT radio"
    assert page.locator(".live-quiz :checked").count() == 0
    assert page.locator(".live-quiz").get_by_role("status").all_inner_texts() == [""] * (total + 1)


def test_questions_and_answers_have_names(quiz_page):
    for number, question in enumerate(ASKED, 1):
        group = quiz_page.get_by_role("group", name=f"{number}. {plain(question.text)[0]}")
        assert group.get_by_role("radio").count() == len(question.answer)
        for answer in question.answer:
            assert group.get_by_role("radio", name=plain(question.computed(answer.text))[0]).count()


def test_checking_without_an_answer_asks_for_one(quiz_page):
    quiz_page.get_by_role("button", name="Check").nth(1).click()
    assert announced(quiz_page, 1) == "Choose an answer first."
    assert quiz_page.locator(".live-quiz > [role=status]").inner_text() == ""


def check_one_with_a_formula(page):
    """Choose and check an answer whose feedback has formulas; return the form, and the number of the formulas."""
    number, place, feedback = next(
        (number, place, answer.feedback)
        for number, question in enumerate(ASKED)
        for place, answer in enumerate(question.answer)
        if "$" in answer.feedback
    )
    form = page.locator(".live-quiz form").nth(number)
    form.get_by_role("radio").nth(place).check()
    form.get_by_role("button").click()
    announced(page, number)
    return form, feedback.count("$") // 2


def test_formulas_are_set_before_feedback_is_announced(quiz_page):
    form, formulas = check_one_with_a_formula(quiz_page)
    assert form.locator(".live-said mjx-container").count() == formulas
    assert r"\(" not in quiz_page.locator(".live-quiz").inner_text()


def test_formulas_are_set_also_where_mathjax_comes_late(browser, book_url):
    mathjax = f"{book_url}_static/mathjax/tex-chtml.js"
    late = (
        "window.bringMathJax = () => document.head.append("
        f"Object.assign(document.createElement('script'), {{ src: '{mathjax}?late' }}));"
    )
    with watched_page(browser) as page:
        page.route(re.compile(r"tex-chtml\.js(\?v=\w+)?$"), lambda route: route.fulfill(body=late))
        page.goto(f"{book_url}{PAGE}")
        form, formulas = check_one_with_a_formula(page)
        assert page.locator(".live-quiz mjx-container").count() == 0
        page.evaluate("bringMathJax()")
        page.wait_for_selector(".live-said mjx-container")
        page.wait_for_function("MathJax.startup.promise.then(() => true)")
        assert form.locator(".live-said mjx-container").count() == formulas
        assert r"\(" not in page.locator(".live-quiz").inner_text()


def test_without_javascript_the_quiz_reads_as_text(browser, book_folder):
    with watched_page(browser, java_script_enabled=False) as page:
        page.goto(f"{book_folder.as_uri()}/{PAGE}")
        still = page.locator(".live-still")
        for question in ASKED:
            for text in (question.text, *(answer.text for answer in question.answer)):
                for piece in plain(question.computed(text)):
                    assert piece in still.inner_text()
        feedback = plain(ASKED[0].computed(ASKED[0].answer[0].feedback))[0]
        assert feedback not in still.inner_text()
        still.locator("summary").click()
        assert feedback in still.inner_text()


def test_an_answered_quiz_is_faultless_to_axe_and_fits_a_phone(browser, book_url):
    with watched_page(browser, viewport=DESK, reduced_motion="reduce") as page:
        open_whole(page, f"{book_url}{PAGE}")
        for number, question in enumerate(ASKED):
            form = page.locator(".live-quiz form").nth(number)
            right = [answer.right for answer in question.answer].index(True)
            form.get_by_role("radio").nth(right if number else right - 1).check()
            form.get_by_role("button").click()
            announced(page, number)
        verdicts = {said.get_attribute("data-verdict") for said in page.locator(".live-said").all()}
        assert verdicts == {"Right.", "No."}
        for size in (DESK, PHONE):
            page.set_viewport_size(size)
            page.wait_for_function(SETTLED)
            for colours in ("light", "dark"):
                page.emulate_media(color_scheme=colours)
                page.wait_for_selector(f"html[data-theme={colours}]")
                assert violations(page) == [], f"{size['width']} px, {colours}"
            assert page.evaluate("document.documentElement.scrollWidth") <= size["width"]
