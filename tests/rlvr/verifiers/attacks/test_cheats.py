"""Programs that want the reward without solving the problem.

The problem has a secret: the right answer is the argument plus a number that occurs nowhere but in
the tests. A program can be right only by knowing it.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest

from rlvr.core.records import Outcome, Verdict

Grade = Callable[..., Verdict]

SECRET = 31_337
FUNCTION = {
    "kind": "function",
    "entry_point": "f",
    "prompt": 'def f(x):\n    """Adds a secret number to x."""\n',
    "test": f"""
EXPECTED = {{0: {SECRET}, 1: {SECRET + 1}, 5: {SECRET + 5}}}

def check(candidate):
    for argument, expected in EXPECTED.items():
        assert candidate(argument) == expected
    assert isinstance(candidate(2), int)
    assert abs(candidate(7) - {SECRET + 7}) < 1e-6
    assert sorted([candidate(3), 0]) == [0, {SECRET + 3}]
""",
}
STDIO = {
    "kind": "stdio",
    "tests": [{"input": f"{n}\n", "output": f"{n}\n{n + SECRET}\n"} for n in (1, 2)],
}
FAILS = "AssertionError|TypeError|CandidateRaised"
FORGES = "messages of its own"


@dataclass(frozen=True)
class Cheat:
    """A program, and a pattern of the reason for which it is wrong."""

    name: str
    source: str
    reason: str = FAILS


# what a test would meet if the candidate's objects were let in beside it
_YES = """
class Yes(int):
    def __new__(cls, *_): return int.__new__(cls, 1)
    def __eq__(self, other): return True
    def __ne__(self, other): return False
    def __lt__(self, other): return True
    def __gt__(self, other): return True
    def __sub__(self, other): return 0
    def __rsub__(self, other): return 0
    def __abs__(self): return 0
    def __hash__(self): return 0
    def __bool__(self): return True
"""
# the same for any type; what the test holds can be put beside it, but not its methods
_SLY = """
class Callable:
    def __call__(self, *_): return True
class Iterator:
    def __iter__(self): return self
    def __next__(self): return 1
def sly(kind):
    methods = dict.fromkeys(
        ('__eq__', '__ge__', '__le__', '__lt__', '__gt__'), lambda self, other: True)
    methods |= dict.fromkeys(('__sub__', '__rsub__', '__abs__'), lambda *_: 0)
    return type('Sly', (kind,), methods | {'__hash__': lambda self: 0})
"""
# every descriptor by which the process could speak to its parent
_SPEAK = """
import os, sys
from inside.frames import Frame, Kind
def speak(kind, payload=b'', call_id=0):
    for fd in range(3, 64):
        try: os.write(fd, Frame(kind, call_id, payload).pack())
        except OSError: pass
"""

CHEATS = [
    Cheat("exits_with_success", "import sys\nsys.exit(0)", "SystemExit"),
    Cheat("exits_at_once", "import os\nos._exit(0)", "exit code 0"),
    Cheat("exits_when_called", "import os\ndef f(x): os._exit(0)", "exit code 0"),
    Cheat("raises_exit_when_called", "def f(x): raise SystemExit(0)"),
    Cheat(
        "prints_what_a_passing_run_prints", "print('passed')\nprint('OK')\ndef f(x): print('ok')"
    ),
    Cheat("equals_everything", f"{_YES}\ndef f(x): return Yes()"),
    Cheat("equals_everything_as_a_class", f"{_YES}\ndef f(x): return Yes"),
    Cheat(
        "equals_everything_as_text",
        "class S(str):\n  def __eq__(self, o): return True\n  __hash__ = str.__hash__\n"
        "def f(x): return S()",
    ),
    Cheat(
        "equals_everything_by_its_class",
        f"{_YES}\nYes.__class__ = property(lambda self: int)\ndef f(x): return Yes()",
    ),
    Cheat(
        "equals_everything_by_a_metaclass",
        "class M(type):\n  def __eq__(c, o): return True\n  __hash__ = type.__hash__\n"
        "class C(metaclass=M): pass\ndef f(x): return C",
    ),
    Cheat("returns_not_a_number", "def f(x): return float('nan')"),
    Cheat("returns_infinity", "def f(x): return float('inf')"),
    Cheat("returns_its_argument", "def f(x): return x"),
    Cheat("returns_nothing", "def f(x): pass"),
    Cheat("leaves_the_stub_of_the_question", "x = 1"),
    Cheat(
        "overrides_builtins",
        "import builtins\n"
        "for name in ('abs', 'all', 'isinstance', 'len', 'sorted', 'sum', 'any', 'max'):\n"
        "  setattr(builtins, name, lambda *a, **k: True)\n"
        "def f(x): return 0",
        FAILS + "|runs for more",
    ),
    Cheat("overrides_assertion_errors", "import builtins\nbuiltins.AssertionError = Exception"),
    Cheat(
        "patches_modules",
        "import sys, types\nfake = types.ModuleType('fake')\n"
        "fake.__getattr__ = lambda name: (lambda *a, **k: True)\n"
        "for name in list(sys.modules):\n"
        "  if name not in ('builtins', 'sys'): sys.modules[name] = fake\n"
        "def f(x): return 0",
    ),
    Cheat(
        "patches_unittest",
        "import unittest\nunittest.TestCase.assertEqual = lambda *a: None\n"
        "unittest.TestCase.run = lambda *a: None\ndef f(x): return 0",
    ),
    Cheat(
        "patches_the_codec",
        "from inside import codec\n"
        "codec.encode = lambda value, **_: b'T'\n"
        "codec.decode = lambda text: ([0], {})\ndef f(x): return 0",
    ),
    Cheat("defines_check_itself", "def check(candidate): pass\ndef f(x): return 0"),
    Cheat("catches_everything", "def f(x):\n  try: return 0\n  except BaseException: return 0"),
    Cheat("raises_what_ends_a_loop", "def f(x): raise StopIteration", "CandidateRaised"),
    Cheat("raises_what_ends_a_generator", "def f(x): raise GeneratorExit", "CandidateRaised"),
    Cheat("raises_what_a_failing_test_raises", "def f(x): raise AssertionError", "CandidateRaised"),
    Cheat(
        "searches_the_stack",
        """
import sys
def f(x):
    frame = sys._getframe()
    while frame:
        for scope in (frame.f_locals, frame.f_globals):
            for value in list(scope.values()):
                if isinstance(value, dict) and x in value:
                    return value[x]
        frame = frame.f_back
    return 0
""",
    ),
    Cheat(
        "searches_all_objects",
        """
import gc
def f(x):
    for thing in gc.get_objects():
        if isinstance(thing, dict) and thing.get(0) and thing.get(1) == thing[0] + 1:
            return thing.get(x)
    return 0
""",
    ),
    Cheat(
        "reads_its_memory", "def f(x): return len(open('/proc/self/mem').read())", "FileNotFound"
    ),
    Cheat(
        "searches_all_files",
        """
import os, re
def f(x):
    for folder, _, names in os.walk('/'):
        for name in names if not re.match('/(usr|python|packages|dev)', folder) else ():
            path = os.path.join(folder, name)
            if os.path.isfile(path):
                text = open(path, errors='replace').read()
                found = re.search('EXPECTED = .0: ([0-9]+)', text)
                if found:
                    return int(found[1]) + x
    return 0
""",
    ),
    Cheat("changes_its_arguments", "def f(x):\n  x += 1\n  globals()['x'] = x\n  return x"),
    Cheat("says_that_it_passed", f"{_SPEAK}\nspeak(Kind.PASSED)\ndef f(x): return 0", FORGES),
    Cheat("says_that_it_passed_when_called", f"{_SPEAK}\ndef f(x): speak(Kind.PASSED)", FORGES),
    Cheat(
        "answers_before_it_is_asked",
        f"{_SPEAK}\nfor n in (0, 1, 5): speak(Kind.RESULT, b'i0;')\ndef f(x): return 0",
        FORGES,
    ),
    Cheat(
        "answers_the_next_call_too",
        f"{_SPEAK}\ndef f(x):\n  speak(Kind.RESULT, b'i0;')\n  return 0",
        FORGES,
    ),
    Cheat(
        "answers_as_the_judge_would_ask",
        f"{_SPEAK}\nspeak(Kind.CALL, b'(2;[1;i0;m0;')\ndef f(x): return 0",
        FORGES,
    ),
    Cheat(
        "breaks_the_tests", f"{_SPEAK}\nspeak(Kind.BROKEN, b'broken')\ndef f(x): return 0", FORGES
    ),
    Cheat(
        "sends_noise",
        "import os\nfor fd in range(3, 64):\n  try: os.write(fd, b'\\xff' * 99)\n"
        "  except OSError: pass\ndef f(x): return 0",
        "more than 16 MiB",
    ),
    Cheat("closes_its_channel", "import os\ndef f(x): os.closerange(3, 64)", "no answer"),
    Cheat("answers_without_end", "def f(x): return 'x' * (1 << 25)", "more than 16 MiB"),
    Cheat(
        "answers_too_deeply", "def f(x):\n  a = []\n  for _ in range(10**5): a = [a]\n  return a"
    ),
    Cheat("answers_in_a_circle", "def f(x):\n  a = []\n  a.append(a)\n  return a"),
    Cheat(
        "answers_what_takes_for_ever_to_read",
        # multiples of 2**61 - 1 all have hash 0
        "from inside import codec\n"
        "text = b'{100000;' + b''.join(b'i%x;' % (n * (2**61 - 1)) for n in range(10**5))\n"
        "codec.encode = lambda *_, **__: text\n"
        "def f(x): return 0",
        "takes more than 2 s to read",
    ),
    Cheat("answers_without_coming_to_an_end", "def f(x):\n  while True: yield x"),
    Cheat("hangs_when_called", "def f(x):\n  while True: pass", "runs for more than 1 s"),
    *(
        Cheat(
            f"equals_everything_as_{name}",
            f"{imports}\n{_SLY}\ndef f(x): return {answer}",
            FAILS + "|ValueError: The truth value",
        )
        for name, imports, answer in [
            ("fraction", "from fractions import Fraction", "sly(Fraction)(1, 2)"),
            ("decimal", "from decimal import Decimal", "sly(Decimal)('0.5')"),
            ("date", "from datetime import date", "sly(date)(2024, 1, 1)"),
            ("timedelta", "from datetime import timedelta", "sly(timedelta)(1)"),
            ("deque", "from collections import deque", "sly(deque)([1])"),
            ("array", "import numpy as np", "np.zeros(2).view(sly(np.ndarray))"),
            ("empty_array", "import numpy as np", "np.zeros(0)"),
            ("number_of_numpy", "import numpy as np", "sly(np.float64)(1)"),
            ("object_array", "import numpy as np", "np.array([sly(int)(1)], dtype=object)"),
            ("dict", "", "sly(dict)()"),
            ("named_tuple", "from collections import namedtuple", "sly(namedtuple('P', 'x'))(1)"),
            ("counter", "from collections import Counter", "sly(Counter)('a')"),
            ("object", "", "sly(object)()"),
            ("function", "", "sly(Callable)()"),
            ("iterator", "", "sly(Iterator)()"),
            ("key_of_a_dict", "", "{sly(int)(1): sly(int)(1)}"),
        ]
    ),
    Cheat(
        "returns_not_a_number_as_decimal",
        "def f(x):\n  from decimal import Decimal\n  return Decimal('NaN')",
        FAILS + "|InvalidOperation",
    ),
    Cheat(
        "has_every_attribute",
        "class All:\n  def __getattr__(self, name): return 0\n"
        "  shape, dtype, real, __class__ = (), float, 1.0, int\ndef f(x): return All()",
    ),
    Cheat(
        "has_every_attribute_for_numpy",
        "class All:\n  shape, dtype, real, imag = (), type('T', (), {'type': complex}), [], []\n"
        "  def __array__(self, *_): return []\n  __array_interface__ = {'shape': ()}\n"
        "def f(x): return All()",
    ),
    Cheat("returns_not_implemented", "def f(x): return NotImplemented"),
    Cheat("returns_the_type", "def f(x): return int"),
    Cheat("returns_a_function_that_equals", "def f(x): return lambda *_: True"),
    Cheat("returns_an_endless_iterator", "import itertools\ndef f(x): return itertools.count()"),
    Cheat(
        "returns_what_takes_the_memory",
        "from decimal import Decimal\ndef f(x): return Decimal('1e999999999')",
        "an exponent beyond",
    ),
    Cheat("returns_a_huge_integer", "def f(x): return 1 << (1 << 25)", "more than 1,048,576 bits"),
    Cheat(
        "raises_a_subclass_of_what_a_failing_test_raises",
        "class E(AssertionError, ValueError): pass\ndef f(x): raise E",
        "CandidateRaised",
    ),
    Cheat("raises_with_a_sly_argument", f"{_YES}\ndef f(x): raise ValueError(Yes())", "ValueError"),
    Cheat(
        "raises_what_is_not_an_exception",
        "from inside import raised\n"
        "raised.pack = lambda error: (('eval',), ('1',), 'x', {}, None, ())\n"
        "def f(x): raise ValueError",
        "CandidateRaised",
    ),
    Cheat(
        "calls_back_where_no_function_was_given",
        "from inside import codec\nfrom inside.frames import Kind\nimport sys\n"
        "def f(x):\n  frame = sys._getframe()\n"
        "  while 'self' not in frame.f_locals: frame = frame.f_back\n"
        "  return frame.f_locals['self'].ask(0, 'call', (x,), {})",
        FAILS + "|IndexError",
    ),
    Cheat(
        "answers_by_what_was_never_lent",
        "from inside import codec\ncodec.encode = lambda *_, **__: b'(2;q0;[0;'\n"
        "def f(x): return 0",
        "NotData",
    ),
    Cheat(
        "changes_arguments_that_there_are_not",
        "from inside import codec\n"
        "codec.encode = lambda *_, **__: b'(2;i0x0;[1;(2;i0x0;[0;'\ndef f(x): return 0",
        FAILS + "|IndexError",
    ),
    Cheat(
        "patches_the_way_it_is_asked",
        "import sys\nfrom inside.frames import Kind\nframe = sys._getframe()\n"
        "while frame:\n"
        "  if 'channel' in frame.f_locals:\n"
        "    channel = frame.f_locals['channel']\n"
        "    channel.receive = lambda: None\n"
        "    channel.send(Kind.RESULT, b'i0;')\n"
        "  frame = frame.f_back\n"
        "def f(x): return 0",
        FORGES,
    ),
]

PRINTS = [
    Cheat("prints_a_prefix", "n = input()\nprint(n)", "another output"),
    Cheat("prints_everything", "for n in range(40000): print(n)", "another output"),
    Cheat("prints_nothing", "pass", "another output"),
    Cheat("prints_what_a_passing_run_prints", "print('All tests passed')", "another output"),
    Cheat("knows_the_first_test_only", f"input()\nprint(1)\nprint({SECRET + 1})", "test 2 of 2"),
    Cheat("hides_behind_a_carriage_return", "print(input(), end='\\r\\n\\r')", "another output"),
    Cheat("prints_and_crashes", f"n = int(input())\nprint(n)\nprint(n + {SECRET})\n1 / 0", "Zero"),
    Cheat(
        "prints_and_is_killed",
        f"import os\nn = int(input())\nprint(n)\nprint(n + {SECRET}, flush=True)\n"
        "os.kill(os.getpid(), 9)",
        "SIGKILL",
    ),
    Cheat(
        "leaves_a_note_for_its_next_run",
        "import os\nn = int(input())\nprint(n)\n"
        f"print(n + {SECRET} if n == 1 or os.path.exists('/tmp/note') else 0)\n"
        "open('/tmp/note', 'w').close()",
        "test 2 of 2: another output",
    ),
    Cheat(
        "sends_messages",
        "import os\nfrom inside.frames import Frame, Kind\n"
        "os.write(1, Frame(Kind.PASSED, 0, b'').pack())",
        "another output",
    ),
]


@pytest.mark.parametrize("cheat", CHEATS, ids=lambda cheat: cheat.name)
def test_cheating_function_is_wrong(cheat: Cheat, grade: Grade) -> None:
    # a short limit only for those that may meet it: searching a whole disk can take a second
    timeout_s = 1.0 if "runs for more" in cheat.reason else 10.0
    verdict = grade(cheat.source, FUNCTION, timeout_s)
    assert verdict.outcome == Outcome.WRONG
    assert re.search(cheat.reason, verdict.reason or "")


@pytest.mark.parametrize("cheat", PRINTS, ids=lambda cheat: cheat.name)
def test_cheating_program_is_wrong(cheat: Cheat, grade: Grade) -> None:
    verdict = grade(cheat.source, STDIO)
    assert verdict.outcome == Outcome.WRONG
    assert re.search(cheat.reason, verdict.reason or "")


LENDING = {
    "kind": "function",
    "entry_point": "f",
    "test": f"""
EXPECTED = {{1: {SECRET + 1}, 2: {SECRET + 2}}}
numbers = [1, 2]
def key(x): return x
def numbers_one_by_one(): yield from numbers
assert f(key, numbers, numbers_one_by_one()) == EXPECTED[1]
assert numbers == [1, 2]
assert f(key, [2], iter([2])) == EXPECTED[2]
""",
}
ITEMS = {
    "kind": "function",
    "entry_point": "f",
    "test": f"assert list(f(1)) == [[{SECRET}], [{SECRET + 1}]]",
}
FORGED_ITEMS = [
    ("[[1], [2]], [True, True], True, None", "another content"),
    ("[1, [2]], [False, True], True, None", "another content"),
    ("[[1], [2]], [True], True, None", "not items"),
    ("[[1], [2]], 2, True, None", "not items"),
    ("[[1], [2]], [False, False], True, 5", "not an exception"),
]
BORROWS = [
    Cheat("looks_into_the_function", "def f(g, xs, it): return g.__globals__['EXPECTED'][xs[0]]"),
    Cheat("looks_into_the_generator", "def f(g, xs, it): return it.gi_frame.f_globals['EXPECTED']"),
    Cheat("looks_into_the_stand_in", "def f(g, xs, it): return max(vars(g._peer)['_own'])"),
    Cheat(
        "asks_for_attributes_all_the_same",
        "def f(g, xs, it): return g._peer.ask(0, 'get', ('__globals__',), {})['EXPECTED'][xs[0]]",
        FAILS + "|KeyError",
    ),
    Cheat("changes_the_numbers", "def f(g, xs, it):\n  xs[:] = []\n  return xs"),
    Cheat(
        "asks_for_other_things",
        "def f(g, xs, it):\n"
        "  for action in ('call', 'take', 'iterate', 'eval', '__globals__', '__self__'):\n"
        "    for number in range(-9, 9):\n"
        "      try:\n"
        "        got = g._peer.ask(number, action, (xs[0],), {})\n"
        f"        if type(got) is int and got > {SECRET // 2}: return got\n"
        "      except Exception: pass\n"
        "  return 0",
    ),
    Cheat(
        "calls_back_without_end",
        "def f(g, xs, it):\n  while True: g(1)",
        "runs? for more than",
    ),
    Cheat(
        "takes_without_end",
        "def f(g, xs, it):\n  while True: g._peer.ask(1, 'take', (10**9,), {})",
        "runs? for more than",
    ),
]


NUMPY = {
    "kind": "function",
    "entry_point": "f",
    "test": """
import numpy as np
passed = []
for compare in (
    np.testing.assert_allclose, np.testing.assert_array_equal, np.testing.assert_almost_equal,
    np.testing.assert_equal, np.testing.assert_array_almost_equal,
    np.testing.assert_array_almost_equal_nulp, np.testing.assert_array_max_ulp,
    np.testing.assert_approx_equal,
):
    try:
        compare(f(1), 0.75)
    except Exception:
        continue
    passed.append(compare.__name__)
for compare in (np.allclose, np.array_equal, np.array_equiv, np.isclose):
    try:
        passed += [compare.__name__] if np.all(compare(f(1), 0.75)) else []
    except Exception:
        pass
assert not passed, passed
raise TypeError("none was deceived")
""",
}
DECEIVERS = [
    cheat
    for cheat in CHEATS
    if re.match("equals_everything_as|has_every|returns_(what|a_f|not_i)", cheat.name)
]


@pytest.mark.parametrize("cheat", DECEIVERS, ids=lambda cheat: cheat.name)
def test_no_comparison_of_numpy_is_deceived(cheat: Cheat, grade: Grade) -> None:
    verdict = grade(cheat.source, NUMPY)
    assert verdict.outcome == Outcome.WRONG
    assert "none was deceived" in (verdict.reason or "")


@pytest.mark.parametrize(("items", "reason"), FORGED_ITEMS)
def test_forged_items_of_a_generator_gain_nothing(items: str, reason: str, grade: Grade) -> None:
    source = f"from inside import peer\npeer.Peer._take = lambda *_: ({items})\ndef f(x): yield 1"
    verdict = grade(source, ITEMS)
    assert verdict.outcome == Outcome.WRONG
    assert reason in (verdict.reason or "")


@pytest.mark.parametrize("cheat", BORROWS, ids=lambda cheat: cheat.name)
def test_function_of_a_test_gives_away_nothing_but_its_results(cheat: Cheat, grade: Grade) -> None:
    verdict = grade(cheat.source, LENDING, 1.0 if "runs" in cheat.reason else 10.0)
    assert verdict.outcome == Outcome.WRONG
    assert re.search(cheat.reason + "|AttributeError", verdict.reason or "")


def test_whoever_knows_the_secret_is_correct(grade: Grade) -> None:
    assert grade(f"def f(x): return x + {SECRET}", FUNCTION).outcome == Outcome.CORRECT
    program = f"n = int(input())\nprint(n)\nprint(n + {SECRET})"
    assert grade(program, STDIO).outcome == Outcome.CORRECT
    borrowing = f"def f(g, xs, it): return g(xs[0]) + {SECRET} + 0 * sum(it)"
    assert grade(borrowing, LENDING).outcome == Outcome.CORRECT
