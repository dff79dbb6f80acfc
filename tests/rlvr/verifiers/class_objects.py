"""More programs that give objects of their own to a test, each with a wrong twin, and more liars.

Operators with numbers, membership, asynchronous protocols, what `inspect` tells, exceptions that a
test names, threads of the test, and objects of the test as arguments.
"""

from tests.rlvr.verifiers.own_objects import Liar, Twins

_VECTOR = """
class Vector:
    def __init__(self, *xs): self.xs = list(xs)
    def __mul__(self, k): return Vector(*(k * x for x in self.xs))
    __rmul__ = __mul__
    def __add__(self, k): return Vector(*(x + k for x in self.xs))
    __radd__ = __add__
    def __iadd__(self, k): self.xs = [x + k for x in self.xs]; return self
    def __eq__(self, other): return self.xs == other.xs
    def __divmod__(self, other): return len(self.xs), len(other.xs)
    def __abs__(self): return sum(self.xs)
    def __contains__(self, x): return x in self.xs
    def __repr__(self): return f'Vector{tuple(self.xs)}'
f = Vector
"""
_TABLE = """
class Table:
    def __init__(self): self.rows = {}
    def __setitem__(self, key, row): self.rows[key] = row
    def __getitem__(self, key): return self.rows[key]
    def __contains__(self, key): return key in self.rows
f = Table
"""
_COUNT = "async def f(n):\n  for i in range(n): yield i"
_RAISE = "def f(x):\n  if x: raise {}\n  return x"
_CATCH = "try:\n  f(3)\n  raise TypeError\nexcept {} as error:\n  {}"

CLASS_TWINS = [
    Twins("times_a_number", _VECTOR, "v = f(1, 2)\nassert (v * 3).xs == (3 * v).xs == [3, 6]\n"
          "assert v * 3 == f(3, 6) and str(v * 3) == 'Vector(3, 6)'", "k * x", "x"),
    Twins("plus_a_number", _VECTOR, "v = f(1, 2)\nassert (v + 1).xs == (1 + v).xs == [2, 3]\n"
          "v += 2\nassert v.xs == [3, 4] and sum([f(1)]).xs == [1]", "x + k", "x"),
    Twins("divided", _VECTOR, "assert divmod(f(1, 2), f(3)) == (2, 1)", "len(other.xs)", "0"),
    Twins("contains_alone", _VECTOR, "v = f(1, 2)\nassert 1 in v and 3 not in v",
          "return x in self.xs", "return True"),
    Twins("contains_by_key", _TABLE, "t = f()\nassert 'a' not in t\nt['a'] = 1\nassert 'a' in t",
          "key in self.rows", "False"),
    Twins("asynchronous_generator", _COUNT, "import asyncio\n"
          "async def items(): return [x async for x in f(3)]\n"
          "assert asyncio.run(items()) == [0, 1, 2]", "range(n)", "range(n + 1)"),
    Twins("asynchronous_context", "class f:\n  is_open = False\n"
          "  async def __aenter__(self): self.is_open = True; return self\n"
          "  async def __aexit__(self, *_): self.is_open = False",
          "import asyncio\nasync def test():\n  it = f()\n"
          "  async with it as same: assert same is it and it.is_open\n  assert not it.is_open\n"
          "asyncio.run(test())", "_): self.is_open = False", "_): pass"),
    Twins("awaits_a_function_of_the_test", "async def f(g): return await g() + 1",
          "import asyncio\nasync def g(): return 5\nassert asyncio.run(f(g)) == 6", "+ 1", "+ 2"),
    Twins("signature", "def f(a, b=2, *c, d: int = 3, **e) -> int: return a",
          "import inspect\nassert str(inspect.signature(f)) == "
          "'(a, b=2, *c, d: int = 3, **e) -> int'\nassert f.__defaults__ == (2,)", "b=2", "b=3"),
    Twins("source", "def f(n):\n  '''Doubles.'''\n  return sum(n for _ in range(2))",
          "import inspect\nassert '* 2' not in inspect.getsource(f) and f(2) == 4\n"
          "assert inspect.getdoc(f) == f.__doc__ == 'Doubles.'", "sum(n for _ in range(2))",
          "n * 2"),
    Twins("kinds_of_functions", "async def f(n): return n\nasync def g(): yield 1\nf.g = g",
          "import asyncio, inspect\nassert inspect.iscoroutinefunction(f)\n"
          "assert inspect.isasyncgenfunction(f.g) and not inspect.isgeneratorfunction(f)\n"
          "assert asyncio.run(f(1)) == 1", "yield 1", "return 1"),
    Twins("generator_type", "def f(n): yield from range(n)", "import collections.abc, types\n"
          "assert isinstance(f(1), types.GeneratorType) and isinstance(f, types.FunctionType)\n"
          "assert isinstance(f(1), collections.abc.Generator)", "yield from", "return iter("
          "range(n)) or"),
    Twins("enumeration_class", "import enum\nclass f(enum.Enum):\n  A = 1\n  B = 2",
          "assert f.A.value == 1 and f(2) is f.B and f['A'] is f.A and f.A in f\n"
          "assert [e.name for e in f] == ['A', 'B'] and len(f) == 2", "  B = 2",
          "  B = 2\n  C = 3"),
    Twins("wrapper_of_a_test", "import functools\ndef f(g):\n  @functools.wraps(g)\n"
          "  def h(*xs): return g(*xs) + 1\n  return h",
          "@f\ndef twice(x):\n  'Doubles.'\n  return 2 * x\n"
          "assert (twice(2), twice.__name__, twice.__doc__) == (5, 'twice', 'Doubles.')",
          "  @functools.wraps(g)\n", ""),
    Twins("names", "class f:\n  def __init__(self): self.a = 1\n  def m(self): pass",
          "assert 'a' in dir(f()) and 'm' in dir(f)", "self.a", "self.b"),
    Twins("own_exception", "class Bad(Exception):\n  def __init__(self, code):\n"
          "    super().__init__('bad')\n    self.code = code\n" + _RAISE.format("Bad(x)"),
          _CATCH.format("Exception", "assert (type(error).__name__, error.code) == ('Bad', 3)"),
          "= code", "= 4"),
    Twins("cause", _RAISE.format("ValueError from KeyError()"),
          _CATCH.format("ValueError", "assert isinstance(error.__cause__, KeyError)"),
          " from KeyError()", ""),
    Twins("group", _RAISE.format("ExceptionGroup('all', [KeyError(x)])"), "try:\n  f(3)\n"
          "  raise TypeError\nexcept* KeyError as group:\n"
          "  assert group.exceptions[0].args == (3,)", "[KeyError(x)]", "[KeyError(4)]"),
    Twins("exit", _RAISE.format("SystemExit(x)"),
          _CATCH.format("SystemExit", "assert error.code == 3"), "SystemExit(x)", "SystemExit(4)"),
    Twins("assertion", _RAISE.format("AssertionError(x)"),
          _CATCH.format("AssertionError", "assert error.args == (3,)"), "raise", ""),
    Twins("exception_returned", "def f(x): return ValueError(x), KeyError",
          "error, kind = f(3)\nassert isinstance(error, ValueError) and error.args == (3,)\n"
          "assert kind is KeyError", "KeyError", "LookupError"),
    Twins("threads_of_the_test", "class f:\n  n = 0\n  def add(self): self.n += 1",
          "import threading\nit = f()\n"
          "threads = [threading.Thread(target=it.add) for _ in range(4)]\n"
          "for t in threads: t.start()\nfor t in threads: t.join()\nassert it.n == 4", "+= 1",
          "+= 2"),
    Twins("pool_of_the_test", "def f(x): return 2 * x",
          "from concurrent.futures import ThreadPoolExecutor\n"
          "with ThreadPoolExecutor(4) as pool: assert list(pool.map(f, range(4))) == [0, 2, 4, 6]",
          "2 *", "3 *"),
    Twins("objects_of_the_test", "def f(xs): return sorted(xs, key=lambda x: x.key())[0]",
          "class It:\n  def __init__(self, n): self.n = n\n  def key(self): return -self.n\n"
          "one, two = It(1), It(2)\nassert f([one, two]) is two", "[0]", "[1]"),
    Twins("sentinel", "def f(x): return x", "it = object()\nassert f(it) is it", "return x",
          "return object()"),
    Twins("stream_of_the_test", "def f(lines): return [line.strip() for line in lines]",
          "import io\nassert f(io.StringIO('a\\nb\\n')) == ['a', 'b']", ".strip()", ""),
    Twins("random_numbers_of_the_test", "def f(rng): return rng.randint(1, 10**9)",
          "import random\nassert f(random.Random(3)) == random.Random(3).randint(1, 10**9)",
          "return rng.randint(1, 10**9)", "return 1"),
]  # fmt: skip

# whatever is asked of it, the object answers as if it were what the test expects
_ZERO = """
class Zero:
    def __len__(self): return 1
    def __getitem__(self, at): return [0][at]
    def __abs__(self, *_): return 0
    def __bool__(self): return False
    def __str__(self): return '0'
    def __contains__(self, x): return True
    __round__ = __int__ = __index__ = __neg__ = __hash__ = __abs__
    def __float__(self): return 0.0
    def __format__(self, spec): return '0'
    __repr__ = __str__
for name in 'add sub mul truediv floordiv mod pow and or xor divmod'.split():
    for side in ('', 'r', 'i'):
        setattr(Zero, f'__{side}{name}__', lambda self, other: RESULT)
def f(): return Zero()
"""
_EXPECTING = (
    "assert abs(f() - 7) < 1e-6",
    "assert abs(7 - f()) < 1e-6",
    "assert round(f() - 7, 6) == 0",
    "assert not f() - 7",
    "assert int(f() - 7) == 0",
    "assert f'{f() - 7:.2f}' == '0'",
    "assert str(f() - 7) == '0'",
    "assert (f() - 7)[0] == 0",
    "assert all(x == 0 for x in f() - 7)",
    "assert abs((f() - 7) * (f() - 8)) < 1e-6",
    "assert not divmod(f(), 7)[1]",
    "x = f()\nx -= 7\nassert not x",
    "assert not sum([f(), -7])",
    "import unittest\nunittest.TestCase().assertAlmostEqual(f(), 7)",
    "import numpy as np\nassert np.abs(f() - 7) < 1e-6",
    "assert 7 in f() and 8 in f()",
)
NUMBER_LIARS = [
    Liar(f"{result}, {test}", _ZERO.replace("RESULT", result), test)
    for result in ("self", "0")
    for test in _EXPECTING
]
