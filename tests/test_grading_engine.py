"""The engine of the grader: what crosses between the processes, what holds a learner's, and what a submission earns."""

import asyncio
import dataclasses
import json
import math
import os
import re
import signal
import subprocess
import sys
import time
from collections import deque

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import actlab
from actlab.grading import landlock, process, sandbox, seccomp, turns, wire
from actlab.grading.expectations import Missed
from actlab.grading.limits import Limits
from actlab.grading.marking import GRADED, UNREADABLE, mark
from actlab.grading.release import release
from actlab.grading.session import Absent, AnswerError, Session
from actlab.grading.supervisor import descendants
from actlab.grading.turns import dismiss, mark_in_turn
from actlab.grading.wire import Opaque, Packer, Reader, Unpacker, WireError, frame
from tests.grading_notes import RIGHT, WRONG, assignment, submission

ON_LINUX = pytest.mark.skipif(not sandbox.LINUX, reason="this system has no such protection")


# --- Wire -------------------------------------------------------------------------------------------------------------


def crossed(value):
    packer = Packer()
    reader = Reader()
    tree = packer.pack(value)
    content = frame({"value": tree}, packer.buffers)
    for start in range(0, len(content), 1000):
        assert reader.take() is None
        reader.feed(content[start : start + 1000])
    message, buffers = reader.take()
    assert reader.take() is None
    return Unpacker(buffers).unpack(message["value"])


PLAIN = [
    None, True, 0, -7, 2**63, -(2**200), 0.1, -0.0, math.inf, math.nan, 1 + 2j, "", "é\ud800\n", b"\x00\xff",
    [], [1, [2.0, "x"], None], (1, (2,)), {"a": [1], 2: "b", (1, 2): None}, {1, 2}, frozenset({"a"}),
    np.float32(0.1), np.int8(-3), np.bool_(True), np.complex64(1j), np.datetime64("2020-01-01", "ns"),
    np.arange(6.0).reshape(2, 3), np.zeros((0, 3)), np.array(2.0), np.array([True, False]), np.arange(3, dtype=">i2"),
    np.arange(4, dtype=np.longdouble), np.array(["a", "bcd"]), np.array([[]], dtype="U5"), np.arange(10**5),
    np.array([np.nan, np.inf, -0.0], np.float16), np.arange(12).reshape(3, 4)[:, ::2], actlab.relu, np.tanh,
    actlab.elu.with_params(alpha=2.0), range(3), range(5, -5, -2), deque([1, 2.5]), np.str_("BE"),
]  # fmt: skip


@pytest.mark.parametrize("value", PLAIN, ids=lambda value: repr(value)[:40])
def test_plain_data_crosses_as_it_is(value):
    got = crossed(value)
    assert type(got) is type(value)
    if isinstance(value, np.ndarray | np.generic):
        assert (got.dtype.kind, got.shape) == (value.dtype.kind, value.shape)
        assert got.dtype == value.dtype or value.dtype.kind == "U"
        assert got.tobytes() == np.asarray(value).astype(got.dtype).tobytes()
    else:
        assert repr(got) == repr(value)


class Liar(int):
    def __eq__(self, other):
        return True

    __hash__ = int.__hash__
    __int__ = __index__ = lambda self: 2


class Agreeable(np.ndarray):
    def __eq__(self, other):
        return np.ones(self.shape, bool)


def test_a_subclass_crosses_as_what_it_is_made_of():
    assert type(crossed(Liar(77))) is int
    assert crossed(Liar(77)) == 77
    got = crossed(np.arange(3.0).view(Agreeable))
    assert type(got) is np.ndarray
    assert got.tolist() == [0, 1, 2]
    assert crossed(np.ma.masked_array([1.0, 2.0], [True, False])).tolist() == [1, 2]
    assert type(crossed(type("Mine", (dict,), {"items": lambda self: []})(a=1))) is dict


def test_what_knows_how_to_be_an_array_becomes_one():
    tensor = type("Tensor", (), {"__array__": lambda self, dtype=None, copy=None: np.arange(3.0)})()
    assert crossed(tensor).tolist() == [0, 1, 2]


async def _coroutine():
    pass


def test_what_is_no_plain_data_crosses_as_a_name():
    coroutine = _coroutine()
    coroutine.close()
    strange = [object(), (n for n in ()), coroutine, lambda: 0, np.array([1, None]), int, asyncio, Liar,
               np.zeros(2, dtype=[("a", "f8")])]  # fmt: skip
    names = ["object", "generator", "coroutine", "function", "ndarray", "type", "module", "type", "ndarray"]
    got = crossed(strange)
    assert [type(value).__name__ for value in got] == names
    assert all(isinstance(value, Opaque) for value in got)
    # Nothing in it answers for the learner.
    assert got[0] != 2
    assert not hasattr(got[0], "__array__")


def test_a_generator_crosses_with_what_it_has_drawn():
    rng = np.random.default_rng(5)
    rng.integers(3, dtype=np.int32)
    assert crossed(rng).normal(size=3).tolist() == rng.normal(size=3).tolist()


def test_arrays_that_may_not_be_written_to_stay_so():
    fixed = np.arange(3)
    fixed.flags.writeable = False
    assert not crossed(fixed).flags.writeable
    assert crossed(np.arange(3)).flags.writeable


def nested(depth):
    value = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "value",
    [nested(wire.DEEPEST + 1), nested(100_000), [0] * (wire.MOST_PARTS + 1), 1 << (4 * wire.MOST_DIGITS),
     np.zeros(wire.LARGEST_BUFFERS // 8 + 1), ["x" * (wire.LARGEST_JSON + 1)],
     set(range(wire.MOST_KEYS + 1)), [dict.fromkeys(range(wire.MOST_KEYS // 2 + 1))] * 2],
    ids=["deep", "very deep", "many", "long number", "large array", "long text", "large set", "dictionaries"],
)  # fmt: skip
def test_what_is_too_large_is_refused(value):
    with pytest.raises(WireError):
        crossed(value)


def test_what_is_large_crosses_still():
    assert crossed(nested(wire.DEEPEST - 1)) == nested(wire.DEEPEST - 1)
    assert crossed(16 ** (wire.MOST_DIGITS - 2)) == 16 ** (wire.MOST_DIGITS - 2)


FORGED = [
    [], ["pickle", 0], {"a": 1}, ["list", 3], ["list"], ["int", "f" * 5000], ["int", "zz"], ["int", 3],
    ["complex", 1, "x"],
    ["array", "|O", [1], 0, True], ["array", "<f8", [2], 0, True], ["array", "<f8", [-1], 0, True],
    ["array", "<f8", [1], 7, True], ["array", "<f8", 1, 0, True], ["array", "<f8", [1] * 40, 0, True],
    ["array", "<f8", [1 << 50, 0], 0, True], ["array", "(1000000000,)f8", [0], 0, True], ["array", "V8", [1], 0, True],
    ["array", "<f8", [1.0], 0, True], ["array", "<f8", [True], 0, True],
    ["scalar", "<f8", [1], 0], ["texts", [2], ["a"]], ["texts", [1], [1]], ["dict", [[["list", []], 1]]],
    ["dict", [1]], ["set", [["list", []]]], ["known", "activation", "no such", {}], ["known", "ufunc", "load"],
    ["known", "ufunc", "add", 1], ["known", "generator", ["zz", "1"], 0, 0], ["known", "answer", "f"], ["known"],
    ["opaque", 3], ["texts", [1001], ["x" * 10**6] + [""] * 1000], ["text", 3], ["range", [0, 10**12, 1]],
    ["range", [0, 3, 0]], ["range", [0, 1.5, 1]], ["set", list(range(wire.MOST_KEYS + 1))],
    ["list", [["dict", [[n, 0] for n in range(wire.MOST_KEYS // 2 + 1)]]] * 2],
]  # fmt: skip


@pytest.mark.parametrize("tree", FORGED, ids=lambda tree: json.dumps(tree)[:40])
def test_a_forged_value_is_refused(tree):
    with pytest.raises(WireError):
        Unpacker([b"\0" * 8]).unpack(tree)


def test_a_forged_depth_is_refused():
    tree = ["list", []]
    for _ in range(10_000):
        tree = ["list", [tree]]
    with pytest.raises(WireError, match="deep"):
        Unpacker([]).unpack(tree)


def test_a_forged_name_of_a_class_is_replaced():
    assert type(Unpacker([]).unpack(["opaque", "<script>"])).__name__ == "object"


def test_bytes_that_are_no_truth_values_become_some():
    got = Unpacker([b"\x00\x02\xff"]).unpack(["array", "|b1", [3], 0, True])
    assert got.view(np.uint8).tolist() == [0, 1, 1]


leaves = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9)
tags = st.sampled_from(["list", "tuple", "dict", "set", "int", "array", "scalar", "texts", "known", "opaque", "bytes"])
trees = st.recursive(leaves, lambda inner: st.lists(inner, max_size=4) | st.tuples(tags, inner, inner).map(list))


@given(trees)
@settings(max_examples=100, deadline=None)
def test_any_tree_is_a_value_or_refused(tree):
    try:
        Unpacker([b"12345678"]).unpack(tree)
    except WireError:
        pass


@given(st.lists(st.binary(max_size=60) | st.just(frame({"id": 1}, [b"xy"])), max_size=5))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_messages_or_refused(parts):
    reader = Reader()
    try:
        for part in parts:
            reader.feed(part)
            while reader.take() is not None:
                pass
    except WireError:
        pass


@pytest.mark.parametrize(
    "text", [b"[1]", b"[[], []]", b'[{}, ["x"]]', b"[{}, [-1]]", b"[{}, [5]]", b"[" * 90_000, b"\xff"]
)
def test_a_forged_message_is_refused(text):
    reader = Reader()
    reader.feed(wire._HEAD.pack(len(text), 0) + text)
    with pytest.raises(WireError):
        reader.take()


def test_a_message_that_is_too_large_is_refused_before_it_has_come():
    for head in ((wire.LARGEST_JSON + 1, 0), (2, wire.LARGEST_BUFFERS + 1)):
        reader = Reader()
        reader.feed(wire._HEAD.pack(*head))
        with pytest.raises(WireError):
            reader.take()


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [field.name for field in dataclasses.fields(Limits)])
def test_a_limit_that_is_none_is_refused(name):
    for value in (0, -1, math.inf, math.nan, "5", None, True):
        with pytest.raises(ValueError, match=f"^{name} must be a positive"):
            Limits(**{name: value})
    assert getattr(Limits(**{name: 7}), name) == 7


# --- Session ----------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def session():
    with Session(Limits(cell=20, call=5, memory=4 << 30, file_size=1 << 20, processes=40)) as session:
        assert session.run("imports", "import numpy as np, os, sys, ctypes, socket, resource").error == ""
        yield session


def answers(session, text, name="f"):
    assert session.run("cell", text).error == ""
    return session.fetch(name)


def test_a_function_is_called_with_plain_data(session):
    f = answers(session, "def f(*a, **k): return [type(x).__name__ for x in a], k")
    assert f.__name__ == "f"
    kinds = ["float", "ndarray", "Elementwise", "ufunc", "function", "tuple", "float32"]
    assert f(1.0, np.zeros(2), actlab.relu, np.tanh, f, (1,), np.float32(2), b=True) == (kinds, {"b": True})


def test_a_message_that_nobody_has_asked_for_is_passed_over(session):
    text = frame({"id": 10**6, "value": 5})
    forged = (
        f"for d in range(3, 30):\n    try: socket.socket(fileno=os.dup(d)).sendall({text!r})\n    except OSError: pass"
    )
    session.run("forge", f"v = 1\n{forged}")
    assert session.fetch("v") == 1


def test_a_function_that_is_no_plain_data_cannot_be_passed(session):
    f = answers(session, "def f(g): return g")
    with pytest.raises(TypeError, match="only plain data crosses"):
        f(lambda: 0)


def test_arguments_that_are_changed_come_back(session):
    f = answers(session, "def f(a, b, c, d, r):\n    a[0] = 9; b.append(1); c['k'] = 2; d.add(5); return r.normal()")
    a, b, c, d, r = np.zeros(4)[::2], [0], {}, set(), np.random.default_rng(0)
    same = np.random.default_rng(0)
    assert f(a, b, c, d, r) == same.normal()
    assert (a.tolist(), b, c, d) == ([9, 0], [0, 1], {"k": 2}, {5})
    assert r.normal() == same.normal()


def test_what_changes_into_something_else_is_missed(session):
    f = answers(session, "def f(a): a.resize(5, refcheck=False)")
    with pytest.raises(Missed, match="changes an argument into something"):
        f(np.zeros(2))


@pytest.mark.parametrize(
    ("text", "parent", "said"),
    [
        ("raise KeyError('k')", KeyError, "KeyError: 'k'"),
        ("1 / 0", ZeroDivisionError, "ZeroDivisionError: division by zero"),
        ("class Mine(ValueError): pass\n    raise Mine('no')", ValueError, "Mine: no"),
        ("class Odd(BaseException):\n        def __str__(self): raise self\n    raise Odd", AnswerError,
         "^Odd: .its message cannot be read.$"),
        ("sys.exit(3)", AnswerError, "SystemExit: 3"),
        ("raise KeyboardInterrupt", AnswerError, "KeyboardInterrupt: "),
        ("return f()", RecursionError, "RecursionError: maximum recursion"),
        ("return 10**100000", ValueError, "WireError: an integer of 332193 bits"),
        ("raise ValueError('x' * 10**6)", ValueError, "ValueError: x{500}$"),
        ("raise type('<b>', (Exception,), {})", AnswerError, "Exception: "),
        ("raise ValueError(f'{object()} in {os.getcwd()}')", ValueError, "<object object at 0x[.]{3}> in ~$"),
    ],
)  # fmt: skip
def test_an_error_crosses_as_its_class_and_its_text(session, text, parent, said):
    f = answers(session, f"def f():\n    {text}")
    with pytest.raises(parent) as caught:
        f()
    assert isinstance(caught.value, AnswerError)
    assert re.search(said, f"{type(caught.value).__name__}: {caught.value}")


def test_values_are_fetched(session):
    assert answers(session, "v = [1, np.float32(2)]", "v") == [1, np.float32(2)]
    assert answers(session, "import actlab\nv = actlab.relu", "v") is actlab.relu
    assert type(answers(session, "class Thing: pass\nv = Thing()", "v")).__name__ == "Thing"
    with pytest.raises(Absent):
        session.fetch("nowhere")


CELLS = {
    "%matplotlib inline\nimport matplotlib\nprint(matplotlib.get_backend())": "agg\n",
    "%%time\nprint(1)": "1\n",
    "!echo $((1 + 1))": "2\n",
    "display(3)": "3\n",
    "import asyncio\nawait asyncio.sleep(0)\nprint('slept')": "slept\n",
    "print(open('/dev/null').read() + os.environ.get('ENGINE_SECRET', 'clean'))": "clean\n",
    "import sys\nsys.stdout = sys.stderr = None": "",
    "print('again')": "again\n",
    "exit()\nprint('here')": "here\n",
    "print(sys.stdin.read() + 'nothing')": "nothing\n",
    "print(os.getcwd())": "~\n",
    "%cuda 2\nprint(1)": "UsageError: Line magic function `%cuda` not found.\n1\n",
    "breakpoint()\nprint('here')": "here\n",
    "b = 3\n%time c = b + 1\nprint(c)": "CPU times",
    "with open('mine.py', 'w') as file: file.write('a = 5')\nimport mine; print(mine.a)": "5\n",
}


@pytest.mark.parametrize("text", CELLS, ids=lambda text: text[:30])
def test_a_cell_does_what_it_does_in_jupyter(session, text, monkeypatch):
    ran = session.run("cell", text)
    assert (ran.error, ran.output[: len(CELLS[text])]) == ("", CELLS[text])


def test_the_environment_of_the_grader_is_not_handed_on(monkeypatch):
    monkeypatch.setenv("ENGINE_SECRET", "seen")
    with Session() as session:
        assert session.run("a", "import os; print(os.environ.get('ENGINE_SECRET', 'clean'))").output == "clean\n"


@pytest.mark.parametrize(
    ("text", "error"),
    [
        ("1 / 0", "ZeroDivisionError: division by zero"),
        ("input('?')", "EOFError: input() has nobody to ask while a notebook is graded"),
        ("import no_such_package", "ModuleNotFoundError: No module named 'no_such_package'"),
        ("raise SystemExit(1)", "SystemExit: 1"),
    ],
)
def test_an_error_in_a_cell_is_told_in_one_line(session, text, error):
    assert session.run("cell", text).error == error


@pytest.mark.parametrize("text", ["def f(:\n    pass", "x = 1\0", "\ud800", "(" * 9999, "-" * 99_999 + "1"])
def test_a_cell_that_is_not_python_is_an_error_and_nothing_else(session, text):
    assert session.run("cell", text).error
    assert session.run("next", "print(1)").output == "1\n"


def test_output_is_kept_up_to_a_limit_and_only_that_of_the_cell(tmp_path):
    with Session(Limits(output=10, call=5)) as session:
        assert (
            session.run("a", "for _ in range(200): print('x' * 99_999)").output == "x" * 10 + "\n[the rest is not kept]"
        )
        assert session.run("b", "def f(): print('loud'); return 1").output == ""
        assert session.fetch("f")() == 1
        assert session.run("c", "print('12345678')").output == "12345678\n"
        session.run("d", "import os\nprint('y', flush=True); os._exit(0)")
        assert session.run("e", "print('z')").output == "z\n"


# --- Limits of time, and processes that end ---------------------------------------------------------------------------

SHORT = Limits(cell=1, call=0.5, test=2, total=30)


def test_a_cell_that_does_not_end_is_stopped_and_keeps_what_it_had():
    with Session(SHORT) as session:
        assert session.run("a", "x = 5\nwhile True: pass").error == "Stopped after 1 s."
        assert session.fetch("x") == 5
        assert session.run("b", "!sleep 50").error == "Stopped after 1 s."
        assert session.notes == ["a: stopped after 1 s", "b: stopped after 1 s"]


def test_a_cell_that_ignores_interruptions_is_left_out_and_the_rest_replayed():
    ignoring = "import signal\nfor n in (2, 15): signal.signal(n, signal.SIG_IGN)\ny = 1\nwhile True: pass"
    with Session(SHORT) as session:
        session.run("a", "x = [1]")
        assert session.run("b", ignoring).error == "The process did not stop in time."
        session.run("c", "x.append(2)")
        assert session.fetch("x") == [1, 2]
        with pytest.raises(Absent):
            session.fetch("y")
        assert session.notes == ["b: the process did not stop in time while this cell ran; the cell is left out"]


def test_a_call_that_takes_too_long_is_stopped():
    with Session(SHORT) as session:
        session.run("a", "import time\ndef f(x):\n    while x: time.sleep(1)\n    return 7")
        f = session.fetch("f")
        with pytest.raises(Missed, match=r"^f: a call took more than 0\.5 s$"):
            f(1)
        assert f(0) == 7
        assert session.notes == ["f: a call was stopped after 0.5 s"]


@pytest.mark.parametrize(
    ("text", "said"),
    [("os._exit(0)", "ended"), ("os.kill(os.getpid(), 9)", "was ended by signal 9"),
     ("import ctypes; ctypes.string_at(0)", "was ended by signal 11"), ("os.closerange(0, 99)", "ended")],
)  # fmt: skip
def test_a_process_that_ends_is_started_anew(text, said):
    with Session(SHORT) as session:
        session.run("a", "x = 1")
        assert session.run("b", f"import os\n{text}").error == f"The process {said}."
        session.run("c", f"def f():\n    import os\n    {text}")
        f = session.fetch("f")
        for _ in range(2):
            with pytest.raises(Missed, match=f"^f: the process {said} in a call$"):
                f()
        assert session.fetch("x") == 1


def test_the_time_of_a_test_and_of_everything_is_limited():
    with Session(Limits(cell=1, call=5, test=0.5, total=3)) as session:
        session.run("a", "import time\ndef f(x): time.sleep(x)\ny = 1")
        f = session.fetch("f")
        with session.testing(), pytest.raises(Missed, match=r"^this test took more than 0\.5 s$"):
            f(3)
        with pytest.raises(Missed, match="for the whole notebook are used up"):
            f(9)
        assert session.run("b", "y = 2").error == "the 3 s for the whole notebook are used up"
        assert session.notes[0] == "the 3 s for a whole submission were used up"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("for i in range(4): open(f'f{i}', 'wb').write(bytes(10**6))", "had more than 3000000 bytes in its folder"),
        ("for i in range(9): os.makedirs(f'd{i}/e')", "had more than 16 files in its folder"),
    ],
)
def test_a_process_that_fills_its_folder_is_ended(monkeypatch, text, said):
    monkeypatch.setattr(process, "_EVERY", 0.1)
    monkeypatch.setattr(process, "_MOST_FILES", 16)
    with Session(Limits(folder=3_000_000)) as session:
        session.run("a", "v = 3")
        assert session.run("b", f"import os, time\n{text}\ntime.sleep(20)").error == f"The process {said}."
        assert session.fetch("v") == 3


def test_modules_that_functions_import_are_loaded_before_they_are_called():
    slow = "with open('slow.py', 'w') as file: file.write('import time; time.sleep(0.8)')"
    with Session(SHORT) as session:
        session.run("a", slow)
        session.run("b", "def f():\n    import slow\n    return 1")
        assert session.fetch("f")() == 1
        session.run("c", "with open('slow2.py', 'w') as file: file.write('import time; time.sleep(0.8)')")
        # Twice 0.8 s is more than the second that a cell has.
        assert session.run("d", "import slow2\nimport time\ntime.sleep(0.8)").error == ""


# --- Sandbox ----------------------------------------------------------------------------------------------------------

ATTACKS = {
    "read": "open({folder!r} + '/secret').read()",
    "list": "os.listdir({folder!r})",
    "write": "open({folder!r} + '/new', 'w')",
    "write beside": "open(os.path.join(os.path.dirname(os.getcwd()), 'new'), 'w')",
    "read the clone": "open({clone!r} + '/README.md').read()",
    "read another's environment": "open('/proc/%d/environ' % {grader}, 'rb').read()",
    "read another's memory": "open('/proc/%d/mem' % os.getppid(), 'rb').read(1)",
    "list another's files": "os.listdir('/proc/%d/fd' % os.getppid())",
    "passwords": "open('/etc/shadow').read()",
    "kill the grader": "os.kill({grader}, 0)",
    "kill the supervisor": "os.kill(os.getppid(), 0)",
    "trace": "check(libc.ptrace(16, os.getppid(), 0, 0))",
    "limit the supervisor": "resource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1))",
    "slow the supervisor": "os.setpriority(os.PRIO_PROCESS, os.getppid(), 19)",
    "connect": "socket.create_connection(('127.0.0.1', {port}), 1)",
    "datagram": "socket.socket(socket.AF_INET, socket.SOCK_DGRAM)",
    "listen": "socket.create_server(('127.0.0.1', 0))",
    "socket file": "socket.socket(socket.AF_UNIX)",
    "raise a limit": "resource.setrlimit(resource.RLIMIT_NOFILE, (10**6, 10**6))",
    "memory": "bytearray(5 << 30)",
    "large file": "open('large', 'wb').write(bytes(2 << 20))",
    "many files": "[open('/dev/null') for _ in range(300)]",
    "many processes": "[popen() for _ in range(50)]",
    "shared memory": "check(libc.shmget(0x5eed, 4096, 0o1666))",
    "new namespace": "check(libc.unshare(0x10000000))",
    "another user": "os.setuid(0)",
    "mount": "check(libc.mount(b'none', os.getcwd().encode(), b'tmpfs', 0, None))",
}
_HELP = """
import subprocess, signal
libc = ctypes.CDLL(None, use_errno=True)
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
left = []
def popen(): left.append(subprocess.Popen(['sleep', '50']))
def check(result):
    if result < 0: raise OSError(ctypes.get_errno(), 'refused')
"""

_TRY = """
try:
    {attack}
    print('done')
except (OSError, MemoryError, ValueError) as error:
    print('refused', type(error).__name__)
finally:
    [(p.kill(), p.wait()) for p in left]
    left.clear()
"""


@pytest.fixture(scope="module")
def places(tmp_path_factory):
    import socket

    folder = tmp_path_factory.mktemp("sources")
    (folder / "secret").write_text("the answer is 2")
    with socket.create_server(("127.0.0.1", 0)) as server:
        clone = str(landlock.PACKAGE.parent)
        yield {"folder": str(folder), "grader": os.getpid(), "port": server.getsockname()[1], "clone": clone}


@ON_LINUX
@pytest.mark.parametrize("name", ATTACKS)
def test_an_attack_is_refused(session, places, name):
    session.run("help", _HELP)
    attack = ATTACKS[name].format(**places)
    ran = session.run("attack", _TRY.format(attack=attack))
    assert (ran.error, ran.output[:7]) == ("", "refused"), ran


@ON_LINUX
def test_modes_and_times_of_files_are_not_changed(session, tmp_path):
    path = tmp_path / "file"
    path.touch(0o600)
    before = path.stat()
    ran = session.run(
        "attack", f"for f in (os.chmod, os.utime):\n    f({str(path)!r}, *([0] if f is os.chmod else []))"
    )
    assert ran.error == ""
    assert path.stat() == before


WITHOUT_USER = """
import os, pathlib, socket, sys
from actlab.grading import sandbox
sandbox.own_user = lambda: 0
folder = pathlib.Path(sys.argv[1])
sandbox.enter(folder, memory=8 << 30, processes=500, files=64, file_size=1 << 20, seconds=60)
def refused(f):
    try: f()
    except OSError: return True
os.chmod(sys.argv[2], 0o777)
print(refused(lambda: os.kill(os.getppid(), 0)), refused(lambda: open(sys.argv[2])), refused(socket.socket),
      refused(lambda: open('/proc/%d/environ' % os.getppid())), (folder / 'mine').write_text('x'))
"""  # fmt: skip


@ON_LINUX
def test_the_protections_hold_where_there_is_no_user_of_its_own(tmp_path):
    (tmp_path / "own").mkdir()
    (tmp_path / "other").touch(0o600)
    run = subprocess.run([sys.executable, "-c", WITHOUT_USER, tmp_path / "own", tmp_path / "other"],
                         capture_output=True, text=True, check=False)  # fmt: skip
    assert run.stdout.split() == ["True", "True", "True", "True", "1"], run.stderr
    assert (tmp_path / "other").stat().st_mode & 0o777 == 0o600


def test_what_is_missing_is_said(monkeypatch):
    for name, value in (("LINUX", False), ("own_user", lambda: 0)):
        monkeypatch.setattr(sandbox, name, value)
    monkeypatch.setattr(landlock, "abi", lambda: 0)
    monkeypatch.setattr(seccomp, "available", lambda: False)
    found = sandbox.protections.__wrapped__()
    assert not any(dataclasses.astuple(found))
    assert len(found.missing) == 5
    monkeypatch.setattr(landlock, "abi", lambda: 4)
    found = sandbox.protections.__wrapped__()
    assert (found.file_system, found.network, found.signals) == ("Landlock", "Landlock (TCP alone)", "")


@ON_LINUX
def test_this_system_has_them_all():
    assert sandbox.protections().missing == ()


def test_sources_in_a_clone_cannot_be_read_and_its_package_can(tmp_path):
    assert landlock.is_readable(landlock.PACKAGE / "core.py")
    if sandbox.LINUX:
        assert not landlock.is_readable(landlock.PACKAGE.parent / "book")
        assert not landlock.is_readable(tmp_path)


@ON_LINUX
@pytest.mark.parametrize(
    "text",
    [
        "import subprocess; subprocess.Popen(['sleep', '301.77'], start_new_session=True)",
        "import os, time\nfor _ in range(3):\n    if os.fork() == 0:\n        os.setsid(); os.fork(); time.sleep(301)",
        "import os, signal\nsignal.signal(15, signal.SIG_IGN)\nend = __import__('time').time() + 0.5\n"
        "while __import__('time').time() < end:\n    try: os.fork()\n    except OSError: pass",
    ],
    ids=["session", "orphans", "bomb"],
)
def test_no_process_is_left_behind(text):
    before = set(descendants(os.getpid()))
    with Session(Limits(cell=2, processes=30)) as session:
        session.run("a", "x = 1")
        (supervisor,) = set(descendants(os.getpid())) - before - set(descendants(session._process._host.process))
        session.run("b", text)
        group = {supervisor, *descendants(supervisor)}
        folder = session._process.folder
        assert folder.exists()
    alive = [pid for pid in group if os.path.exists(f"/proc/{pid}")]
    assert alive == []
    assert not folder.exists()


@ON_LINUX
def test_when_the_grader_is_killed_everything_below_it_ends():
    script = (
        "from actlab.grading.session import Session\nimport time\ns = Session()\n"
        "s.run('a', 'import subprocess; subprocess.Popen([\"sleep\", \"302\"], start_new_session=True)')\n"
        "print('ready', flush=True); time.sleep(60)"
    )
    grader = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True)
    assert grader.stdout.readline() == "ready\n"
    below = descendants(grader.pid)
    assert len(below) >= 3
    grader.send_signal(signal.SIGKILL)
    grader.wait()
    grader.stdout.close()
    for _ in range(500):
        if not any(os.path.exists(f"/proc/{pid}") for pid in below):
            break
        time.sleep(0.02)
    assert [pid for pid in below if os.path.exists(f"/proc/{pid}")] == []


def test_a_folder_that_does_not_want_to_be_removed_is():
    with Session() as session:
        session.run("a", "import os\nfor _ in range(1050):\n    os.mkdir('d'); os.chdir('d')")
        folder = session._process.folder
    assert not folder.exists()


# --- Marking ----------------------------------------------------------------------------------------------------------

QUICK = Limits(cell=2, call=1, test=4, total=60)


@pytest.fixture(scope="module")
def exercise(tmp_path_factory):
    folder = tmp_path_factory.mktemp("exercise")
    return assignment(folder), folder


def graded(exercise, **changed):
    assignment, folder = exercise
    answers = changed.pop("answers", RIGHT)
    return mark(assignment, submission(folder, answers, **changed), limits=QUICK, seed=7)


def test_a_right_submission_earns_everything_and_a_wrong_or_empty_one_nothing(exercise):
    right, wrong = graded(exercise), graded(exercise, answers=WRONG)
    assignment, folder = exercise
    assert (right.status, right.total, right.maximum, right.reasons, right.notes) == (GRADED, 10, 10, {}, ())
    assert list(right.points) == [test.id for test in assignment.tests]
    assert (wrong.status, wrong.total) == (GRADED, 0)
    assert wrong.reasons["leaky_values"] == "leaky_relu(-2.0) gave -2.0; the value there is -0.02"
    assert list(wrong.reasons) == list(wrong.points)
    empty = mark(assignment, release(folder / "leaky.ipynb"), limits=QUICK)
    assert (empty.status, empty.total) == (GRADED, 0)


def test_a_reason_fills_no_page(exercise):
    nested = "def nested(d): return ['x' * 60] * 6 if d == 0 else [nested(d - 1)] * 6\n"
    marks = graded(exercise, grad=nested + "def leaky_relu_grad(x, alpha=0.01): return nested(4)")
    assert all(len(reason) < 1000 for reason in marks.reasons.values())
    assert any(reason.endswith("[and so on]") for reason in marks.reasons.values())


def test_marks_are_plain_data_and_the_same_twice(exercise):
    told = dict(
        grad="import os\ndef leaky_relu_grad(x, alpha=0.01): return object()\n"
        "print(leaky_relu_grad)\nprint(os.getcwd())"
    )
    first, second = graded(exercise, **told), graded(exercise, **told)
    assert first == second
    assert json.loads(json.dumps(dataclasses.asdict(first))) == json.loads(json.dumps(dataclasses.asdict(second)))
    assert first.answers["grad"].output == "<function leaky_relu_grad at 0x...>\n~\n"
    assert "object of type object" in first.reasons["grad_values"]


def test_hidden_inputs_depend_on_the_secret(exercise):
    assignment, folder = exercise
    wrong = submission(folder, WRONG)
    first, second = (mark(assignment, wrong, limits=QUICK, seed=seed).reasons for seed in (1, 2))
    assert first["leaky_hidden"] != second["leaky_hidden"]
    assert first["leaky_values"] == second["leaky_values"]


G = RIGHT["grad"]
DESERVED = {
    "ignores alpha": (6.5, {"leaky":
        "def leaky_relu(x, alpha=1): return np.where(x > 0, x, 0.01 * x)", "dead": "n_dead = 3"}),
    "no colon": (6, {"leaky": "def leaky_relu(x, alpha)\n    return x"}),
    "loop in a cell": (10, {"grad": G + "\nwhile True: pass"}),
    "loop in a function": (6, {"grad": "def leaky_relu_grad(x, alpha=0.01):\n    while True: pass"}),
    "exit in a cell": (6, {"grad": G + "\nimport os; os._exit(0)"}),
    "exit in a function": (6, {"grad": "def leaky_relu_grad(x, alpha=0.01):\n    import os; os._exit(0)"}),
    "patched": (0.5, {"answers": {**WRONG, "dead": "n_dead = 0"}, "first": [
        "import numpy as np, builtins, json\nimport actlab.grading.expectations as e\ne.Missed = ValueError\n"
        "np.isclose = np.allclose = lambda *a, **k: True\nbuiltins.abs = lambda x: 0\njson.dumps = lambda x: '{}'"]}),
    "equals everything": (0, {"answers": {**WRONG, "dead":
        "class E(int):\n    __eq__ = __le__ = __ge__ = __lt__ = __gt__ = lambda s, o: True\nn_dead = E(9)"}}),
    "reads the expected": (0, {"answers": {**WRONG, "dead": "n_dead = -1\nimport gc, sys\nfor o in gc.get_objects():\n"
        "    if isinstance(o, str) and 'n_dead, 2' in o: n_dead = 2"}}),
    "answers twice": (10, {"first": ["def leaky_relu(x, alpha): return 5"]}),
    "loud": (10, {"grad": G.replace("    return", "    print('x' * 10**6); return")}),
    "own error": (10, {"first": ["1 / 0", "import seaborn_that_is_not_there", "input()"]}),
    "surrogate": (10, {"first": ["x = '\ud800'\nprint(x)", "# \ud800"]}),
    "writes to every descriptor": (10, {"first": [
        "import os\nfor d in range(3, 20):\n    try: os.write(d, b'x' * 999)\n    except OSError: pass"]}),
    "thread": (10, {"first": [
        "import threading, time\ndef t():\n    while True: time.sleep(1)\nthreading.Thread(target=t).start()"]}),
    "changes what it is given": (8, {"grad": "def leaky_relu_grad(x, alpha=0.01):\n"
        "    x[:] = np.where(x > 0, 1.0, alpha)\n"
        "    return x if len(x) < 9 else x + 1"}),
    "a cell of 9 MB": (10, {"first": ["# " + "x" * (9 << 20)]}),
}  # fmt: skip


@pytest.mark.parametrize("case", DESERVED)
def test_a_submission_gets_what_it_deserves(exercise, case):
    deserved, changed = DESERVED[case]
    marks = graded(exercise, **changed)
    assert (marks.status, marks.total) == (GRADED, deserved), marks.reasons


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b"[" * 100_000, b"\xff\xfe\xff", b'{"cells": [{}]}', b'{"cells": 3}', "not a notebook"]
)
def test_what_is_no_submission_is_unreadable(exercise, data):
    marks = mark(exercise[0], data)
    assert (marks.status, marks.total, marks.maximum) == (UNREADABLE, 0, 10)
    assert len(marks.notes) == 1
    assert set(marks.points.values()) == {0.0}


def test_a_file_that_is_too_large_is_unreadable(exercise):
    assignment, folder = exercise
    right = submission(folder)
    assert mark(assignment, right, limits=Limits(submission=len(right) - 1)).status == UNREADABLE


def test_the_expected_values_never_reach_the_learner(exercise):
    sniff = "import json\nseen, find = [], json.loads\ndef spy(text):\n    seen.append(text)\n    return find(text)"
    look = "seen = repr(seen)\nprint('exp' + 'ect' in seen, 'leaky_relu' in seen)"
    assignment, folder = exercise
    data = json.loads(submission(folder, first=[f"{sniff}\njson.loads = spy"]))
    data["cells"].append({"cell_type": "code", "id": "z", "metadata": {}, "source": look})
    marks = mark(assignment, json.dumps(data), limits=QUICK)
    assert marks.answers["z"].output == "False True\n"


# --- One after the other ----------------------------------------------------------------------------------------------


def test_a_supervisor_stays_for_the_next_submission_and_is_replaced_when_it_has_ended(exercise):
    source, folder = exercise
    text = submission(folder, RIGHT)
    first = mark_in_turn(source, text, limits=QUICK, seed=0)
    (waiting,) = [hosts for hosts in turns._waiting.values() if hosts]
    (host,) = waiting
    assert mark_in_turn(source, text, limits=QUICK, seed=0) == first
    assert waiting == [host]
    os.kill(host.process, signal.SIGKILL)
    while host.is_alive:
        time.sleep(0.01)
    assert mark_in_turn(source, text, limits=QUICK, seed=0) == first
    assert len(waiting) == 1 and waiting != [host] and waiting[0].is_alive
    last = waiting[0].process
    dismiss()
    assert waiting == [] and not os.path.exists(f"/proc/{last}")
