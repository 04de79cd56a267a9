"""Quizzes: what their files may hold, that each answer is what its measurement says, and which chapters have one."""

import ast
import difflib
import itertools
import re
import sys
from pathlib import Path

import execute
import pytest
import yaml

import actlab
from actlab import quizzes
from actlab.claims import CLAIMS
from tests.test_book import BOOK, code, read

# Where nothing is taught that one could get wrong.
WITHOUT = {
    "Exercises": "questions themselves",
    "Reference": "pages to look something up in",
    "book/functions/catalogue": "the cards of all functions, to look something up in",
    "book/gradients/published-results": "a report on numbers of papers, which the other chapters explain",
    "book/practice/accuracy": "a report on what was measured, function by function",
    "book/claims/audited": "the ledger, a table to search",
}
PARTS = yaml.safe_load((execute.ROOT / "_toc.yml").read_text("utf-8"))["parts"]
CHAPTERS = [
    Path(chapter["file"]).relative_to("book").with_suffix(".ipynb")
    for part in PARTS
    if part["caption"] not in WITHOUT
    for chapter in part["chapters"]
    if chapter["file"] not in WITHOUT
]
FILES = sorted((BOOK / "quizzes").glob("*.toml"))
each_quiz = pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)

CALL = re.compile(r'^actlab\.widgets\.Quiz\("(.+)"\)$')
QUESTION = """
[[question]]
text = "What is one and one?"
answer = [
    {text = "Two", feedback = "Count them.", right = true, measured = "1 + 1 == 2"},
    {text = "One", feedback = "That is the product.", measured = "1 + 1 == 1"},
    {text = "Eleven", feedback = "That writes one beside the other.", measured = "1 + 1 == 11"},
]
"""


def quiz_of(tmp_path, text):
    path = tmp_path / "quiz.toml"
    path.write_text(text, "utf-8")
    return quizzes.read(path)


def three(question=QUESTION, **others):
    """The text of a quiz of one question and two sound ones."""
    return question + QUESTION.replace("one and one", "1 and 1") + QUESTION.replace("one and one", "I and I")


def question(text="Is it so?", **fields):
    return quizzes.Question(text=text, answer=(), **fields)


# --- The format -------------------------------------------------------------------------------------------------------


def test_a_sound_quiz_is_read(tmp_path):
    first, *_ = quiz_of(tmp_path, three())
    assert first.text == "What is one and one?"
    assert [answer.text for answer in first.answer] == ["Two", "One", "Eleven"]
    assert [first.holds(answer) for answer in first.answer] == [True, False, False]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("text = ", "txt = ", "question 1: 'txt' is unknown; expected text, answer, claim, given"),
        ('feedback = "Count them."', 'feedback = ""', "question 1, answer 1: feedback is empty"),
        (', feedback = "Count them."', "", "question 1, answer 1: no feedback"),
        ("right = true", "right = 1", "question 1, answer 1: right must be of type bool; got 1"),
        (", right = true", "", "question 1: 0 right answers; expected one"),
        ('product."', 'product.", right = true', "question 1: 2 right answers; expected one"),
        (', measured = "1 + 1 == 1"', "", "question 1: measured must stand in every answer or in none"),
        ('"One"', '"two"', "question 1: answers alike: 'two'"),
        ('"Two"', '"$2$"', "question 1, answer 1: '$2$' is a formula alone; say it in words as well"),
        ("Count them.", "Count $them.", "question 1: $ without its partner in 'Count $them.'"),
        ("Count them.", "Count {them.", "question 1: { without its partner in 'Count {them.'"),
        ("one and one", "1 and 1", "questions alike: 'what is 1 and 1?'"),
        ('{text = "Eleven"', '#{text = "Eleven"', "question 1: 2 answers; expected 3 to 5"),
        ("answer = [", "given = {x = 1}\nanswer = [", "question 1: given.x must be an expression"),
        ("answer = [", "answer = 7\nrest = [", "question 1: answer must be of type list; got 7"),
        ("[[question]]", "[[query]]", "'query' is unknown; a quiz has only [[question]]"),
        ("[[question]]", "[[question]", "not TOML: "),
    ],
)
def test_what_breaks_a_rule_is_named(tmp_path, old, new, message):
    assert old in QUESTION
    with pytest.raises(ValueError) as caught:
        quiz_of(tmp_path, three(QUESTION.replace(old, new, 1)))
    assert str(caught.value).startswith(str(tmp_path / "quiz.toml"))
    assert message in str(caught.value)


def test_all_breaches_are_told_at_once(tmp_path):
    with pytest.raises(ValueError) as caught:
        quiz_of(tmp_path, QUESTION.replace("text", "txt"))
    for message in ("1 questions; expected 3 to 5", "question 1: no text", "answer 3: no text"):
        assert message in str(caught.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(ValueError, match=r"nowhere\.toml: No such file.*expected a quiz"):
        quizzes.read(tmp_path / "nowhere.toml")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a slope of {actlab.sigmoid.derivative(0.0):.2f}", "a slope of 0.25"),
        ("{actlab.tanh(-1.0):.1f} to {2 - 1}, a half-step", "−0.8 to 1, a half-step"),
        (r"$\frac{1}{2}$ and `{x}`", r"$\frac{1}{2}$ and `{x}`"),
        ("*{1 + 1} times* 3", "*2 times* 3"),
        ("{x[1:].sum()} and {double(3)}", "3 and 6"),
        ("{found('act-elementwise')['count'] > 0}", "True"),
    ],
)
def test_what_stands_in_braces_is_computed(text, said):
    given = {"x": "np.array([0, 1, 2])", "double": "lambda number: x[2] * number"}
    assert question(given=given).computed(text) == said


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("nothing", "'nothing' cannot be computed: NameError"),
        ("1 / 0", "'1 / 0' cannot be computed: ZeroDivisionError"),
        ("1 +", "'1 +' cannot be computed: SyntaxError"),
        ("().__class__", "two underscores"),
        ("found('nobody')", "no claim 'nobody'"),
    ],
)
def test_what_cannot_be_computed_is_named(expression, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        question().computed(f"{{{expression}}}")


def test_an_expression_imports_the_modules_that_it_names(monkeypatch):
    monkeypatch.delattr(actlab, "checkpoints", raising=False)
    monkeypatch.delitem(sys.modules, "actlab.checkpoints", raising=False)
    assert question().computed("{actlab.checkpoints.Checkpoints.mro()[-1] is object}") == "True"


def test_a_measurement_is_true_or_false():
    with pytest.raises(ValueError, match="'2' must be true or false; got 2"):
        question().holds(quizzes.Answer("Two", "Count them.", measured="2"))
    assert question().holds(quizzes.Answer("Two", "Count them.", measured="np.all([True])")) is True


def test_answers_are_shuffled_in_one_way(tmp_path):
    asked = quiz_of(tmp_path, three())
    assert quizzes.shuffled(asked, "a") == quizzes.shuffled(asked, "a")
    orders = set()
    for seed in map(str, range(60)):
        mixed = quizzes.shuffled(asked, seed)
        assert [set(one.answer) for one in mixed] == [set(one.answer) for one in asked]
        # Three questions of three answers: a right one in each place.
        assert sorted([answer.right for answer in one.answer].index(True) for one in mixed) == [0, 1, 2]
        orders.add(mixed[0].answer)
    assert len(orders) == 6


# --- What the reader sees ---------------------------------------------------------------------------------------------


def test_marks_become_html():
    from actlab.widgets.quiz import markup

    assert markup("a < b & *c `d` $x < y$* * 2") == (
        r'a &lt; b &amp; <em>c <code>d</code> <span class="math">\(x &lt; y\)</span></em> * 2'
    )


def test_a_quiz_reads_as_text_where_nothing_runs(tmp_path):
    from actlab.widgets import Quiz

    quiz_of(tmp_path, three(QUESTION.replace("product.", "product of {2 - 1}.")))
    quiz = Quiz(tmp_path / "quiz.toml")
    data, _ = quiz._repr_mimebundle_()
    text = data["text/markdown"]
    assert data["text/plain"] == repr(quiz) == "Quiz of 3 questions"
    assert [len(question["answers"]) for question in quiz.questions] == [3, 3, 3]
    for said in ("What is one and one?", "Eleven", "That is the product of 1.", "**Right.** Count them."):
        assert said in text
    assert re.search(r"^1\. What is one and one\?\\\n   \([abc]\)", text), "answers stand on lines of their own"


# --- The quizzes of the book ------------------------------------------------------------------------------------------


def asked_in(chapter):
    """The paths of the quizzes that a chapter calls."""
    return [found[1] for cell in code(chapter) if (found := CALL.fullmatch(cell.source.splitlines()[-1]))]


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_every_chapter_has_its_quiz(chapter):
    assert asked_in(chapter) == [f"../quizzes/{chapter.stem}.toml"]


def test_every_quiz_has_its_chapter():
    assert {path.stem for path in FILES} <= {chapter.stem for chapter in CHAPTERS}
    assert len({chapter.stem for chapter in CHAPTERS}) == len(CHAPTERS)


def test_what_is_without_a_quiz_is_there():
    known = {part["caption"] for part in PARTS} | {chapter["file"] for part in PARTS for chapter in part["chapters"]}
    assert WITHOUT.keys() <= known


@each_quiz
def test_every_measurement_decides_as_the_answer_says(path):
    for number, one in enumerate(quizzes.read(path), 1):
        for answer in filter(lambda answer: answer.measured, one.answer):
            assert one.holds(answer) == answer.right, f"question {number}, {answer.text!r}: {answer.measured}"


@each_quiz
def test_every_measurement_measures(path):
    """Something that has a name: `False` decides, too."""
    for one in quizzes.read(path):
        for answer in filter(lambda answer: answer.measured, one.answer):
            names = {node.id for node in ast.walk(ast.parse(answer.measured)) if isinstance(node, ast.Name)}
            assert names & {"actlab", "found", "np", *one.given}, answer.measured


@each_quiz
def test_every_answer_is_answered(path):
    for one in quizzes.read(path):
        assert one.text.endswith("?"), one.text
        for answer in one.answer:
            said = one.computed(answer.feedback)
            assert len(said) >= 60 and said.endswith("."), said
            assert not re.match(r"(right|yes|correct|no|wrong|false)[,.:;]", said, re.I), "the page says that itself"
        # The longest answer is not always the right one; that none is twice as long keeps it from standing out.
        lengths = {answer.text: len(answer.text) for answer in one.answer}
        (right,) = (len(answer.text) for answer in one.answer if answer.right)
        assert right <= 2 * max(len(answer.text) for answer in one.answer if not answer.right), lengths


@each_quiz
def test_a_claim_that_a_question_rests_on_is_in_the_ledger(path):
    """That it holds is tested with the ledger."""
    assert {one.claim for one in quizzes.read(path) if one.claim} <= CLAIMS.keys()


def test_no_two_questions_are_alike():
    texts = [(path.stem, one.text) for path in FILES for one in quizzes.read(path)]
    for (_, first), (_, second) in itertools.combinations(texts, 2):
        assert difflib.SequenceMatcher(None, first, second).ratio() < 0.85, (first, second)


@pytest.mark.parametrize("chapter", CHAPTERS, ids=str)
def test_a_quiz_has_a_heading_before_it(chapter):
    cells = read(chapter).cells
    places = [place for place, cell in enumerate(cells) if cell.cell_type == "code" and CALL.search(cell.source)]
    for place in places:
        assert re.search(r"^## ", cells[place - 1].source, re.M)
