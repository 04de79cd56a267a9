"""Submissions of the small exercise, most of them bad, each with the points that it deserves.

All are made from the release, as learners make them. Some carry their own means: numbers of processes, absolute paths.
They are run only where a sandbox holds them.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass

RIGHT = {
    "leaky": "def leaky_relu(x, alpha=0.01):\n    return np.where(x > 0, x, alpha * x)",
    "slope": "def leaky_slope(x, alpha=0.01):\n    return np.where(x > 0, 1.0, alpha)",
    "dead": "n_dead = int(np.sum(np.all(Z <= 0, axis=0)))",
}
WRONG = {
    "leaky": "def leaky_relu(x, alpha=0.01):\n    return x",
    "slope": "def leaky_slope(x, alpha=0.01):\n    return x",
    "dead": "n_dead = 'two'",
}


@dataclass(frozen=True)
class Place:
    """Where the class run takes place; what a learner could know of it, in the worst case."""

    release: str
    source: str
    submissions: str
    out: str
    mark: str  # a number that no other process on this machine has in its command line


@dataclass(frozen=True)
class Case:
    """The files of one learner, by name, the least and the most points deserved, and whether a person must look."""

    name: str
    files: Callable[[Place], dict[str, bytes]]
    low: float
    high: float
    ungraded: bool = False
    slow: bool = False


CASES: dict[str, Case] = {}


def case(name, low, high=None, **told):
    """Register a function (place) that returns a notebook, its bytes, or several files by name."""

    def register(make):
        def files(place):
            made = make(place)
            if isinstance(made, dict) and "cells" not in made:
                return {name: as_bytes(content) for name, content in made.items()}
            return {"leaky.ipynb": as_bytes(made)}

        CASES[name] = Case(name, files, low, low if high is None else high, **told)
        return make

    return register


def as_bytes(content):
    return content if isinstance(content, bytes) else json.dumps(content).encode()


def answered(place, answers=RIGHT, /, *, first=None, last=None, **instead):
    """The release with answers in it; ``first`` and ``last`` are cells of the learner's own."""
    notebook = json.loads(place.release)
    answers = {**answers, **instead}
    for cell in notebook["cells"]:
        if cell["id"] in answers:
            cell["source"] = answers[cell["id"]]
    for at, text in ((0, first), (len(notebook["cells"]), last)):
        if text is not None:
            own = {"cell_type": "code", "id": f"own-{at}", "metadata": {}, "source": text, "outputs": []}
            notebook["cells"].insert(at, own | {"execution_count": None})
    return notebook


def simple(name, low, high=None, answers=RIGHT, *, slow=False, **changes):
    """A case that changes answers only; a text that begins with "+" is appended to the right answer."""
    told = {}
    for key, text in changes.items():
        told[key] = RIGHT[key] + "\n" + text[1:].strip("\n") if text.startswith("+") else text

    @case(name, low, high, slow=slow)
    def make(place):
        texts = {key: text.replace("MARK", place.mark) for key, text in told.items()}
        for old in ("SOURCE", "SUBMISSIONS", "OUT"):
            texts = {key: text.replace(old, repr(getattr(place, old.lower()))) for key, text in texts.items()}
        return answered(place, answers, **texts)


# --- Ordinary ---------------------------------------------------------------------------------------------------------

simple("correct", 10)
simple(
    "partial",
    6.5,
    leaky="def leaky_relu(x, alpha=0.01):\n    return np.where(x > 0, x, 0.01 * x)",
    slope=RIGHT["slope"],
    dead="n_dead = 3",
)
simple("wrong", 0, answers=WRONG)
simple("numpy_warning", 10, slope="def leaky_slope(x, alpha=0.01):\n    return np.where(x > 0, x / x, alpha)")
simple(
    "debug_print", 10, leaky="def leaky_relu(x, alpha=0.01):\n    print(x)\n    return np.where(x > 0, x, alpha * x)"
)
simple("missing_import", 10, first="import a_package_that_nobody_has")
simple("input", 10, first="input()")
simple(
    "extras",
    10,
    first="%matplotlib inline\nimport matplotlib.pyplot as plt\nplt.plot([1, 2])\nplt.show()\nplt.figure()",
    last="%%time\n!echo hello\nfrom IPython.display import display, HTML\ndisplay(HTML('<b>x</b>'))",
)
simple(
    "interact_and_await",
    10,
    first="import asyncio\nawait asyncio.sleep(0)",
    last="from ipywidgets import interact\ninteract(lambda a: a, a=3)",
)
simple("plot_in_answer", 10, dead="+\nimport matplotlib.pyplot as plt\nplt.imshow(Z)\nplt.show()")
simple("magics_in_answer", 10, dead="%time " + RIGHT["dead"])
simple("magic_of_colab", 10, leaky="%tensorflow_version 2.x\nbreakpoint()\n" + RIGHT["leaky"])
simple("reset_first", 10, first="%reset -f")
simple("strict_warnings", 10, leaky="+\nimport warnings\nwarnings.filterwarnings('error')\nnp.seterr(all='raise')")
simple("lambda", 10, leaky="leaky_relu = lambda x, alpha=0.01: np.where(x > 0, x, alpha * x)")
simple("numpy_integer", 10, dead="n_dead = np.int64(2)")


@case("untouched", 0)
def _(place):
    return place.release.encode()


@case("foreign_kernel", 10)
def _(place):
    notebook = answered(place)
    notebook["metadata"] = {"kernelspec": {"name": "conda-env-ml-py", "display_name": "ml", "language": "python"}}
    return notebook


# --- Errors -----------------------------------------------------------------------------------------------------------

simple("syntax_error", 6, leaky=RIGHT["leaky"].replace(":", "", 1))
simple("recursion", 6, slope="def leaky_slope(x, alpha=0.01):\n    return leaky_slope(x, alpha)")
simple(
    "error_in_function", 6, slope="def leaky_slope(x, alpha=0.01):\n    raise ValueError('<script>alert(1)</script>')"
)
simple("base_exception", 6, slope="def leaky_slope(x, alpha=0.01):\n    raise BaseException('no')")
simple("interrupt_in_function", 6, slope="def leaky_slope(x, alpha=0.01):\n    raise KeyboardInterrupt")
simple("not_a_number", 6, slope="def leaky_slope(x, alpha=0.01):\n    return np.full(np.shape(x), np.nan)")
simple("complex_numbers", 6, slope="def leaky_slope(x, alpha=0.01):\n    return np.where(x > 0, 1.0, alpha) + 0j")
simple("texts", 6, slope="def leaky_slope(x, alpha=0.01):\n    return [str(a) for a in np.ravel(x)]")
simple("asynchronous", 6, slope="async def leaky_slope(x, alpha=0.01):\n    return np.where(x > 0, 1.0, alpha)")
simple("no_parameters", 6, slope="def leaky_slope():\n    return 1.0")
simple("class_for_function", 6, slope="class leaky_slope:\n    def __init__(self, x, alpha=0.01):\n        self.x = x")

# --- Ends and loops ---------------------------------------------------------------------------------------------------

simple("loop_in_cell", 6, 10, slope="+while True: pass", slow=True)
simple("loop_in_function", 6, slope="def leaky_slope(x, alpha=0.01):\n    while True: pass", slow=True)
simple(
    "slow_function",
    6,
    slope=RIGHT["slope"].replace("    return", "    __import__('time').sleep(45)\n    return"),
    slow=True,
)
STUBBORN = """+
import signal, time
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGALRM, signal.SIGXCPU):
    signal.signal(number, signal.SIG_IGN)
while True:
    try:
        while True: pass
    except BaseException:
        pass
"""
simple("stubborn_loop", 6, 10, slope=STUBBORN, slow=True)
simple(
    "stubborn_function",
    6,
    slow=True,
    slope="def leaky_slope(x, alpha=0.01):\n    while True:\n        try:\n            while True: pass\n"
    "        except BaseException: pass",
)
simple("loop_of_c", 6, 10, slope="+sum(range(10 ** 15))", slow=True)
simple("os_exit_in_cell", 4, 6, slope="+import os\nos._exit(0)")
simple("os_exit_in_function", 6, slope="def leaky_slope(x, alpha=0.01):\n    import os\n    os._exit(0)")
simple("sys_exit_in_cell", 10, slope="+import sys\nsys.exit(0)")
simple("exit_and_quit", 10, slope="+exit()", dead="+quit()")
simple("sys_exit_in_function", 6, slope="def leaky_slope(x, alpha=0.01):\n    import sys\n    sys.exit(0)")
simple("segfault_in_cell", 4, 6, slope="+import ctypes\nctypes.string_at(0)")
simple("segfault_in_function", 6, slope="def leaky_slope(x, alpha=0.01):\n    import ctypes\n    ctypes.string_at(0)")
simple("kill_itself", 4, 6, slope="+import os\nos.kill(os.getpid(), 9)")
simple("kill_parent", 4, 10, slope="+import os, time\nos.kill(os.getppid(), 9)\ntime.sleep(1)")
simple("stop_itself", 4, 10, slope="+import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)", slow=True)
simple("alarm", 4, 10, slope="+import signal\nsignal.alarm(1)")
simple("close_descriptors", 4, 10, slope="+import os\nos.closerange(0, 256)")
simple("forked", 10, slope="+import os\nchild = os.fork()")
simple("forks_in_function", 10, slope=RIGHT["slope"].replace("    return", "    __import__('os').fork()\n    return"))
simple("forget_modules", 4, 10, slope="+import sys\nsys.modules.clear()")
simple("close_stdout", 10, slope="+import sys\nsys.stdout.close()\nsys.stderr = None")
simple("atexit_sleeps", 10, slope="+import atexit, time\natexit.register(time.sleep, 999)")
simple(
    "threads",
    10,
    slope="+import threading, time\nfor i in range(5):\n    threading.Thread(target=time.sleep, args=(999,)).start()",
)

# --- Left behind, and too much ----------------------------------------------------------------------------------------

simple("child", 10, dead="+import subprocess\nsubprocess.Popen(['sleep', 'MARK'])")
DAEMON = """+
import os, signal, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
        os.execvp("sleep", ["sleep", "MARK"])
    os._exit(0)
ended = os.wait()
"""
simple("daemon", 10, dead=DAEMON)
simple(
    "many_children",
    4,
    10,
    slope="+import subprocess\nkept = [subprocess.Popen(['sleep', 'MARK']) for i in range(400)]",
)
simple("memory", 6, 10, slope="+kept = []\nwhile True: kept.append(bytearray(10 ** 8))", slow=True)
simple("memory_in_function", 6, slope="def leaky_slope(x, alpha=0.01):\n    return np.ones((10 ** 6, 10 ** 6))")
simple("giant_list", 6, slope="def leaky_slope(x, alpha=0.01):\n    return [0.5] * 10 ** 7")
simple("giant_integer", 6, slope="def leaky_slope(x, alpha=0.01):\n    return 10 ** 10 ** 6")
simple(
    "itself_inside",
    6,
    slope="def leaky_slope(x, alpha=0.01):\n    found = []\n    found.append(found)\n    return found",
)
simple("print_50_MB", 10, slope="+for i in range(500): print('x' * 99_999)")
simple("stderr_50_MB", 10, slope="+import sys\nfor i in range(500): print('x' * 99_999, file=sys.stderr)")
simple("raw_output", 10, slope="+import os\nfor i in range(200): os.write(1, b'\\xff\\x00\\x1b[31m' * 20_000)")
simple(
    "fill_disk", 6, 10, slope="+with open('big', 'wb') as file:\n    for i in range(400): file.write(bytes(10 ** 6))"
)
simple("many_files_written", 6, 10, slope="+for i in range(10 ** 6): open(f'{i}', 'w').close()", slow=True)
simple("odd_output", 10, dead="+print('\\ud800 \\0 \\u202e </pre><script>alert(1)</script> \\x1b[31mred')")

# --- Dishonest --------------------------------------------------------------------------------------------------------

PATCH = """
import builtins
for name in dir(np.testing):
    if name.startswith("assert"):
        setattr(np.testing, name, lambda *a, **k: None)
np.allclose = np.array_equal = np.isclose = lambda *a, **k: np.True_
builtins.abs = lambda a: 0
"""
simple("patch_numpy", 0.5, answers=WRONG, leaky=WRONG["leaky"] + PATCH, dead="n_dead = 0")
PATCH = """
import json, pickle, actlab, actlab.grading, actlab.grading.checking as c, actlab.grading.expectations as e
c._Check.__exit__ = lambda self, *a: True
e.Expect.value = e.Expect.shape = e.Expect.near = e.Expect.true = lambda *a, **k: None
check = actlab.grading.check = lambda *a, **k: __import__("contextlib").nullcontext(e.Expect("x"))
json.loads = json.dumps = lambda *a, **k: {"points": 10}
get_ipython().run_cell = lambda *a, **k: None
"""
simple("patch_our_package", 0, answers=WRONG, dead=WRONG["dead"] + PATCH)
EQUAL = """
class Equal(np.ndarray):
    def __eq__(self, other): return np.True_
    def __ne__(self, other): return np.False_
    __lt__ = __le__ = __gt__ = __ge__ = __eq__
    def __array_function__(self, *a, **k): return np.True_
    def __array_ufunc__(self, *a, **k): return np.True_
    def __hash__(self): return 0
    def __bool__(self): return True
def leaky_relu(x, alpha=0.01): return np.full(np.shape(x), 7.0).view(Equal)
"""
simple("equal_arrays", 0, answers=WRONG, leaky=EQUAL)
EQUAL = """
class Equal(int):
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __le__(self, other): return True
    __lt__ = __ge__ = __gt__ = __le__
    def __array__(self, *a, **k): return np.array(2)
    def __hash__(self): return 0
    @property
    def __class__(self): return int
n_dead = Equal(77)
"""
# As a plain number 77 is out of range; refused as no number it earns nothing either.
simple("equal_number", 0, answers=WRONG, dead=EQUAL)
EQUAL = """
class Anything:
    def __eq__(self, other): return True
    def __getattr__(self, name): return self
    def __call__(self, *a, **k): return self
    def __iter__(self): return iter([])
    def __len__(self): return 0
    def __reduce__(self): return eval, ("open('pwned', 'w')",)
leaky_relu = leaky_slope = n_dead = Anything()
"""
simple("anything", 0, answers=WRONG, dead=EQUAL)
simple(
    "endless_array",
    6,
    slow=True,
    slope="class Endless:\n    def __array__(self, *a, **k):\n        while True: pass\n    def __len__(self):\n"
    "        while True: pass\n    def __float__(self):\n        while True: pass\n"
    "def leaky_slope(x, alpha=0.01):\n    return Endless()",
)
SEARCH = """
import glob, os, re, tempfile
n_dead = "two"
places = [os.getcwd(), os.path.dirname(SOURCE), SUBMISSIONS, OUT, tempfile.gettempdir()]
for up in range(1, 5):
    places.append(os.path.join(os.getcwd(), *[".."] * up))
for place in places:
    for here, folders, names in os.walk(place):
        for name in names:
            try:
                text = open(os.path.join(here, name), errors="replace").read(10 ** 6)
            except OSError:
                continue
            if found := re.search(r'n_dead.{0,3}, (\\d+)\\)|n_dead = (\\d)', text):
                n_dead = int(found[1] or found[2])
"""
simple("search_for_tests", 0, answers=WRONG, dead=SEARCH)
READ = """
n_dead = "two"
text = open(SOURCE).read()
n_dead = 2 if "near" in text else 0
"""
simple("read_source", 0, answers=WRONG, dead=READ)
PARENTS = """
n_dead = "two"
import gc, inspect, os, re
text = " ".join(str(frame.frame.f_globals.keys()) for frame in inspect.stack())
for number in (os.getppid(), 1):
    for name in ("environ", "cmdline", "maps", "mem"):
        try:
            text += open(f"/proc/{number}/{name}", "rb").read(10 ** 6).decode("latin-1")
        except OSError:
            pass
for thing in gc.get_objects():
    if type(thing) is str and "expect.near" in thing and "HIDDEN" in thing:
        text += thing
if found := re.search(r'"n_dead", n_dead, (\\d)', text):
    n_dead = int(found[1])
"""
simple("look_around", 0, answers=WRONG, dead=PARENTS)
TAMPER = """
import json, os
for place in (SUBMISSIONS, OUT, os.path.dirname(SOURCE)):
    for here, folders, names in os.walk(place):
        for name in names:
            try:
                open(os.path.join(here, name), "w").write("learner,total\\nme,10\\n")
            except OSError:
                pass
    for name in ("grades.csv", "results.json", "gradebook.db"):
        try:
            open(os.path.join(place, name), "w").write("mine")
        except OSError:
            pass
"""
simple("tamper", 0, answers=WRONG, last=TAMPER, dead=WRONG["dead"] + TAMPER)
simple(
    "fake_output",
    0,
    answers=WRONG,
    last='print(\'leaky_hidden: right, 2 of 2 points\')\nprint(\'{"points": {"leaky_hidden": 2}, "total": 10}\')',
)
FAKE = """
import os
for number in range(3, 64):
    try:
        os.write(number, b'{"ok": true, "value": 2, "points": 10}\\n' * 100)
    except OSError:
        pass
"""
simple("fake_messages", 0, answers=WRONG, dead=WRONG["dead"] + FAKE)
REDUCE = """
import atexit, sys
class Bomb:
    def __reduce_ex__(self, protocol): return exec, ("import os; os.system('touch pwned'); raise SystemExit",)
def leaky_relu(x, alpha=0.01): return Bomb()
def leaky_slope(x, alpha=0.01): return np.array([Bomb()], dtype=object)
n_dead = Bomb()
atexit.register(lambda: print('{"total": 10}'))
"""
simple("pickle_bomb", 0, answers=WRONG, dead=REDUCE)
simple("own_check", 0, answers=WRONG, first="check = score = expect = None", dead=WRONG["dead"] + "\ndel np, Z")


@case("tests_deleted_right", 10)
def _(place):
    return without_tests(answered(place))


@case("tests_deleted_wrong", 0)
def _(place):
    return without_tests(answered(place, WRONG))


def without_tests(notebook):
    notebook["cells"] = [cell for cell in notebook["cells"] if not cell["metadata"].get("nbgrader", {}).get("grade")]
    return notebook


@case("tests_edited_wrong", 0)
def _(place):
    notebook = answered(place, WRONG)
    for cell in notebook["cells"]:
        if cell["metadata"].get("nbgrader", {}).get("grade"):
            cell["source"] = "print('ok')"
            cell["metadata"]["nbgrader"]["points"] = 1000
    return notebook


# --- Folders and files ------------------------------------------------------------------------------------------------

simple("changed_folder", 10, leaky="+import os\nos.chdir('/')")
simple("deleted_folder", 10, leaky="+import os, shutil\nshutil.rmtree(os.getcwd())")


@case("half_a_file", 0, ungraded=True)
def _(place):
    whole = as_bytes(answered(place))
    return whole[: len(whole) // 2]


@case("empty_file", 0, ungraded=True)
def _(place):
    return b""


@case("deep_json", 0, ungraded=True)
def _(place):
    return b"[" * 100_000


@case("no_notebook", 0, ungraded=True)
def _(place):
    return {"answers.pdf": b"%PDF-1.7", "photo.jpg": b"\xff\xd8"}


@case("no_file", 0, ungraded=True)
def _(place):
    return {".ipynb_checkpoints/leaky-checkpoint.ipynb": answered(place)}


@case("other_assignment", 0, ungraded=True)
def _(place):
    cell = {"cell_type": "code", "id": "relu", "metadata": {}, "source": "def relu(x): ..."}
    return {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}


@case("format_3", 0, ungraded=True)
def _(place):
    cells = [{"cell_type": "code", "input": text, "language": "python"} for text in RIGHT.values()]
    return as_bytes({"worksheets": [{"cells": cells}], "metadata": {}, "nbformat": 3, "nbformat_minor": 0})


@case("wrong_name", 10)
def _(place):
    return {"my homework (1).ipynb": answered(place)}


@case("name_of_mail", 10)
def _(place):
    return {"leaky.ipynb.txt": answered(place)}


@case("twice", 10)
def _(place):
    return {"leaky.ipynb": answered(place, WRONG), "leaky (1).ipynb": answered(place)}


@case("downloaded_again", 10)
def _(place):
    return {"leaky.ipynb": answered(place), "leaky (1).ipynb": place.release.encode()}


@case("many_files", 10)
def _(place):
    other = {"cell_type": "code", "id": "relu", "metadata": {}, "source": "def relu(x): ..."}
    return {
        "notes/readme.txt": b"hello",
        "week 1/relu.ipynb": {"cells": [other], "metadata": {}, "nbformat": 4, "nbformat_minor": 5},
        "week 2/leaky/leaky.ipynb": answered(place),
        "week 2/leaky/.ipynb_checkpoints/leaky-checkpoint.ipynb": answered(place, WRONG),
        "week 2/leaky/broken.ipynb": b"{",
    }


@case("script", 10)
def _(place):
    lines = ["#!/usr/bin/env python", "# coding: utf-8", ""]
    for cell in answered(place)["cells"]:
        text = "".join(cell["source"])
        lines.append(f"# In[ ]:\n\n\n{text}\n\n" if cell["cell_type"] == "code" else f"# {text}\n")
    return {"leaky.py": "\n".join(lines).encode()}


@case("copied_cell", 10)
def _(place):
    notebook = answered(place)
    (at,) = (number for number, cell in enumerate(notebook["cells"]) if cell["id"] == "leaky")
    notebook["cells"].insert(at, notebook["cells"][at] | {"source": WRONG["leaky"]})
    return notebook


@case("split_cell", 10)
def _(place):
    notebook = answered(place, leaky=RIGHT["leaky"].replace("np.where", "where"))
    (at,) = (number for number, cell in enumerate(notebook["cells"]) if cell["id"] == "leaky")
    notebook["cells"].insert(at, notebook["cells"][at] | {"source": "where = np.where", "id": "other"})
    return notebook


@case("thousands_of_cells", 0, ungraded=True)
def _(place):
    notebook = answered(place)
    own = {"cell_type": "code", "metadata": {}, "source": "1 / 0", "outputs": []}
    notebook["cells"] += [own | {"id": f"own-{number}"} for number in range(5000)]
    return notebook


@case("thousand_files", 10)
def _(place):
    data = {f"data {number}.{kind}": b"1 2 3" for kind in ("csv", "txt") for number in range(500)}
    return {**data, "leaky.ipynb": answered(place)}


@case("answer_deleted", 6)
def _(place):
    notebook = answered(place)
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] != "leaky"]
    return notebook


@case("other_order", 10)
def _(place):
    notebook = answered(place)
    notebook["cells"].reverse()
    return notebook


@case("no_metadata", 10)
def _(place):
    notebook = answered(place)
    for cell in notebook["cells"]:
        cell["metadata"] = {}
    return notebook


@case("no_metadata_no_ids", 10)
def _(place):
    notebook = answered(place)
    for cell in notebook["cells"]:
        cell["metadata"] = {}
        del cell["id"]
    return notebook | {"nbformat_minor": 4}


@case("odd_fields", 10)
def _(place):
    notebook = answered(place)
    odd = [None, 7, "cell", {"cell_type": "code"}, {"cell_type": 1, "source": {"a": 1}, "id": ["x"], "metadata": 5}]
    notebook["cells"] += [*odd, {"cell_type": "code", "source": [1, None, "1 + 1"], "metadata": {"nbgrader": []}}]
    return notebook


@case("windows_lines", 10)
def _(place):
    notebook = answered(place)
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"]).replace("\n", "\r\n")
    return json.dumps(notebook, indent=1).replace("\n", "\r\n").encode()


@case("byte_order_mark", 10)
def _(place):
    return b"\xef\xbb\xbf" + as_bytes(answered(place))


@case("outputs_30_MB", 10)
def _(place):
    notebook = answered(place)
    output = {"output_type": "stream", "name": "stdout", "text": ["x" * 10**6] * 30}
    notebook["cells"][1]["outputs"] = [output]
    return notebook
