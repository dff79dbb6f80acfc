"""Programs that give objects of their own to a test, each with a wrong twin, and programs that lie.

A twin differs from the right program by one replacement. It fails where test and program share a
process, and has to fail here.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Twins:
    """A right program, the test, and what in the program makes it wrong when it is replaced."""

    name: str
    source: str
    test: str
    replaced: str
    by: str

    @property
    def wrong(self) -> str:
        """The source of the wrong twin."""
        assert self.replaced in self.source
        return self.source.replace(self.replaced, self.by)


@dataclass(frozen=True)
class Liar:
    """A program that passes its test in one process by what its special methods say."""

    name: str
    source: str
    test: str


_BOX = """
class Box:
    def __init__(self, *xs): self.xs = list(xs)
    def __len__(self): return len(self.xs)
    def __getitem__(self, at): return self.xs[at]
    def __setitem__(self, at, x): self.xs[at] = x
    def __delitem__(self, at): del self.xs[at]
    def __str__(self): return f'Box of {self.xs}'
    def __repr__(self): return f'Box({self.xs})'
    def __format__(self, spec): return spec + str(self)
    def __eq__(self, other): return isinstance(other, Box) and self.xs == other.xs
    def __lt__(self, other): return self.xs < other.xs
    def __hash__(self): return hash(tuple(self.xs))
    def __add__(self, other): return Box(*self.xs, *other.xs)
    def __iadd__(self, other): self.xs += other.xs; return self
    def __neg__(self): return Box(*(-x for x in self.xs))
    def __bool__(self): return any(self.xs)
    def __int__(self): return sum(self.xs)
    def __index__(self): return len(self.xs)
    def __float__(self): return float(sum(self.xs))
    def __reversed__(self): return reversed(self.xs)
    def __bytes__(self): return bytes(self.xs)
    def __round__(self, digits=0): return round(sum(self.xs), digits)
    def __enter__(self): return self.xs
    def __exit__(self, *_): self.xs.clear()
f = Box
"""
_LIST = """
class ListNode:
    def __init__(self, val=0, next=None): self.val, self.next = val, next
"""

TWINS = [
    Twins("length", _BOX, "assert len(f(1, 2)) == 2", "return len(self.xs)", "return 3"),
    Twins("item", _BOX, "b = f(1, 2)\nassert (b[0], b[-1], b[:]) == (1, 2, [1, 2])", "[at]", "[0]"),
    Twins("items", _BOX, "assert list(f(1, 2)) == [1, 2] and 2 in f(2) and 3 not in f(2)",
          "return self.xs[at]", "return self.xs[at] + 1"),
    Twins("assignment", _BOX, "b = f(1, 2)\nb[0] = 5\ndel b[1]\nassert b.xs == [5]", "[at] = x",
          "[at] = 2"),
    Twins("text", _BOX,
          "b = f(1)\nassert str(b) == f'{b}' == 'Box of [1]' and repr(b) == 'Box([1])'",
          "Box of", "A box of"),
    Twins("format", _BOX, "assert f'{f(1):a }' == 'a Box of [1]'", "spec + ", ""),
    Twins("equal", _BOX, "assert f(1) == f(1) and f(1) != f(2) and [f(1)] == [f(1)]", "== other.xs",
          "!= other.xs"),
    Twins("unequal_to_others", _BOX, "assert f(1) != [1] and not f(1) == 1 and f(1) not in [1]\n"
          "assert f(1).xs == [1]", "list(xs)", "set(xs)"),
    Twins("order", _BOX, "assert f(1) < f(2) and f(2) > f(1)\n"
          "assert [b.xs for b in sorted([f(2), f(1)])] == [[1], [2]]", "self.xs < other.xs",
          "self.xs > other.xs"),
    Twins("hash", _BOX, "assert len({f(1), f(1), f(2)}) == 2 and hash(f(1)) == hash(f(1))",
          "hash(tuple(self.xs))", "id(self)"),
    Twins("sum", _BOX, "assert f(1) + f(2) == f(1, 2) and (f(1) + f(2)).xs == [1, 2]",
          "Box(*self.xs, *other.xs)", "Box(*other.xs)"),
    Twins("sum_in_place", _BOX, "a = b = f(1)\na += f(2)\nassert a is b and b.xs == [1, 2]",
          "; return self", "; return Box()"),
    Twins("negative", _BOX, "assert -f(1) == f(-1)", "(-x for", "(x for"),
    Twins("truth", _BOX, "assert f(1) and not f(0) and not f()", "any(self.xs)", "True"),
    Twins("numbers", _BOX, "b = f(1, 2)\nassert (int(b), float(b), round(b)) == (3, 3.0, 3)",
          "sum(self.xs)", "len(self.xs)"),
    Twins("index", _BOX, "assert [5, 6, 7][f(1, 2)] == 7", "return len", "return -len"),
    Twins("reversed", _BOX, "assert list(reversed(f(1, 2))) == [2, 1]", "reversed(self.xs)",
          "iter(self.xs)"),
    Twins("bytes", _BOX, "assert bytes(f(1, 2)) == b'\\x01\\x02'", "bytes(self.xs)", "b''"),
    Twins("context", _BOX, "b = f(1)\nwith b as xs:\n  assert xs == [1]\nassert b.xs == []",
          "self.xs.clear()", "pass"),
    Twins("instance", _BOX, "assert isinstance(f(), f) and not isinstance(3, f)", "f = Box",
          "f = lambda: Box()"),
    Twins("same_object", "it = object()\ndef f(): return it", "assert f() is f()", "return it",
          "return object()"),
    Twins("attribute_set", _LIST + "f = ListNode", "a, b = f(1), f(2)\na.next, a.val = b, 5\n"
          "assert a.next is b and (a.val, a.next.val) == (5, 2)\ndel a.val\n"
          "assert not hasattr(a, 'val')", "f = ", "@property\ndef val(self): return 5\n"
          "ListNode.val = val\nf = "),
    Twins("class_attribute", "class P:\n  K = 3\n  @staticmethod\n  def twice(x): return 2 * x\n"
          "f = P", "assert f.K == 3 == f().K and f.twice(2) == 4", "2 * x", "x"),
    Twins("cache", "from functools import cache\n@cache\ndef f(n): return n and n + f(n - 1)",
          "assert f(3) == 6 and f.cache_info().currsize == 4\nf.cache_clear()\n"
          "assert f.cache_info().currsize == 0", "@cache\n", ""),
    Twins("copy", _BOX, "import copy\na = f([1])\nb = copy.deepcopy(a)\nb[0] = 2\n"
          "assert a.xs == [[1]] and b.xs == [2]", "self.xs[at] = x", "pass"),
    Twins("enumeration", "from enum import Enum\nclass E(Enum): A = 3\ndef f(): return E.A",
          "assert f() is f() and (f().name, f().value) == ('A', 3) and f() != 3", "A = 3", "A = 4"),
    Twins("integer_enumeration", "from enum import IntEnum\nclass E(IntEnum): A = 3\n"
          "def f(): return [E.A]", "a, = f()\nassert a == 3 == a.value and a.name == 'A'", "A = 3",
          "A = 4"),
    Twins("user_list", "from collections import UserList\ndef f(): return UserList([1, 2])",
          "assert f() == [1, 2] and len(f()) == 2 and f()[0] == 1", "[1, 2]", "[1]"),
    Twins("own_user_list", "from collections import UserList\nclass Stack(UserList):\n"
          "  def top(self): return self[-1]\nf = Stack",
          "s = f([1])\ns.append(2)\nassert s.top() == 2 and list(s) == [1, 2] and s == f([1, 2])",
          "[-1]", "[0]"),
    Twins("user_dict", "from collections import UserDict\ndef f(): return UserDict(a=1)",
          "assert f() == {'a': 1} and f()['a'] == 1 and 'b' not in f()", "a=1", "a=2"),
    Twins("chain_map", "from collections import ChainMap\ndef f(): return ChainMap({1: 2}, {3: 4})",
          "assert f() == {1: 2, 3: 4} and f()[3] == 4 and len(f().maps) == 2", "3: 4", "1: 4"),
    Twins("records", "import numpy as np\ndef f():\n"
          "  return np.array([(1, 2.5, (1, 2))], dtype=[('a', 'i8'), ('b', 'f4'), ('c', 'i2', 2)])",
          "rows = f()\nassert rows['a'][0] == 1 and rows.dtype.names == ('a', 'b', 'c')\n"
          "assert rows[0]['b'] == 2.5 and rows['c'].tolist() == [[1, 2]]\n"
          "assert f()[0].tolist()[:2] == (1, 2.5)", "2.5", "3.5"),
    Twins("record", "import numpy as np\ndef f(): return np.rec.array([(1, 2.5)], names='a,b')[0]",
          "assert f().a == 1 and f()['b'] == 2.5", "2.5", "3.5"),
    Twins("numpy_scalars", "import numpy as np\ndef f(): return [np.float32(0.1), np.int8(3)]",
          "import numpy as np\na, b = f()\nassert a == np.float32(0.1) and a.dtype == 'float32'\n"
          "assert isinstance(b, np.integer) and b.item() == 3", "int8(3)", "int8(4)"),
    Twins("identifier", "import uuid\ndef f(): return uuid.UUID(int=3)",
          "import uuid\nassert f() == uuid.UUID(int=3)", "int=3", "int=4"),
    Twins("path", "from pathlib import Path\ndef f(): return Path('a') / 'b'",
          "from pathlib import Path\nassert f() == Path('a/b') and f().name == 'b'", "'b'", "'c'"),
    Twins("namespace", "from types import SimpleNamespace\ndef f(): return SimpleNamespace(a=[1])",
          "from types import SimpleNamespace\n"
          "assert f() == SimpleNamespace(a=[1]) and f().a == [1]",
          "[1]", "[2]"),
    Twins("groups", "from itertools import groupby\ndef f(xs): return groupby(xs)",
          "assert [(k, len(list(g))) for k, g in f('aabccc')] == [('a', 2), ('b', 1), ('c', 3)]",
          "groupby(xs)", "groupby(sorted(xs, reverse=True))"),
    Twins("generators", "def f(n): return ((i * j for j in range(i)) for i in range(n))",
          "assert [list(row) for row in f(4)] == [[], [0], [0, 2], [0, 3, 6]]", "i * j", "i + j"),
    Twins("coroutine", "import asyncio\nasync def f(n):\n  await asyncio.sleep(0)\n  return n + 1",
          "import asyncio\nassert asyncio.run(f(1)) == 2\n"
          "async def both(): return await asyncio.gather(f(1), f(2))\n"
          "assert asyncio.run(both()) == [2, 3]", "n + 1", "n"),
    Twins("context_manager", "from contextlib import contextmanager\n@contextmanager\ndef f(x):\n"
          "  yield [x]", "with f(3) as y: assert y == [3]", "[x]", "x"),
]  # fmt: skip

# as LeetCode's, the question defines the class of the nodes that its tests pass
NODES = [
    Twins("list_read", "def f(head):\n  xs = []\n  while head:\n    xs.append(head.val)\n"
          "    head = head.next\n  return xs",
          "assert f(ListNode(1, ListNode(2))) == [1, 2] and f(None) == []", "head.val", "1"),
    Twins("list_turned", "def f(head):\n  last = None\n  while head:\n"
          "    head.next, last, head = last, head, head.next\n  return last",
          "first = ListNode(1, ListNode(2))\nr = f(first)\nassert (r.val, r.next.val) == (2, 1)\n"
          "assert r.next is first and first.next is None", "return last", "return last.next"),
    Twins("list_built", "def f(head):\n  last = None\n  while head:\n"
          "    last, head = ListNode(head.val, last), head.next\n  return last",
          "r = f(ListNode(1, ListNode(2)))\n"
          "assert (r.val, r.next.val, r.next.next) == (2, 1, None)",
          "head.val, last", "head.val"),
]  # fmt: skip
QUESTION = _LIST

_YES = """
from collections import UserList
from decimal import Decimal
from enum import Enum
from pathlib import PurePosixPath
from types import SimpleNamespace
from uuid import UUID
def yes(kind=object, **more):
    answers = dict.fromkeys(
        ('eq', 'ne', 'lt', 'le', 'gt', 'ge', 'contains', 'exit', 'bool', 'instancecheck'), True)
    answers |= dict.fromkeys(('sub', 'rsub', 'hash', 'abs', 'xor', 'rxor', 'mod'), 0)
    methods = {f'__{n}__': (lambda v: lambda *_: v)(v) for n, v in (answers | more).items()}
    return type('Yes', (kind,), methods)
"""
LIARS = [
    Liar(name, _YES + source, test)
    for name, source, test in [
        ("equal", "def f(): return yes()()", "assert f() == 7"),
        ("equal_from_the_right", "def f(): return yes()()", "assert 7 == f() and [7] == [f()]"),
        ("between", "def f(): return yes()()", "assert 6 < f() <= 7"),
        ("contained", "def f(): return yes()()", "assert f() in (6, 7)"),
        ("contains", "def f(): return yes()()", "assert 7 in f()"),
        ("contains_and_is_iterable", "def f(): return yes(iter=iter(()))()", "assert 7 in f()"),
        ("key", "def f(): return yes(hash=7)()", "assert {7: True}[f()]"),
        ("in_a_set", "def f(): return yes(hash=7)()", "assert f() in {7} and {7} == {f()}"),
        ("near", "def f(): return yes()()", "assert abs(f() - 7) < 1e-6"),
        ("near_from_the_right", "def f(): return yes()()", "assert abs(7 - f()) < 1e-6"),
        ("no_remainder", "def f(): return yes()()", "assert not f() ^ 7 and not 7 ^ f()"),
        ("items", "def f(): return [yes()()]", "assert f() == [7]"),
        ("item", "def f(): return yes(getitem=yes()())()", "assert f()[0] == 7"),
        ("text", "def f(): return yes(str=yes(str)())()", "assert str(f()) == '7'"),
        ("integer", "def f(): return yes(int)(1)", "assert f() == 7"),
        ("enumeration", "class E(yes(int), Enum):\n  A = 1\ndef f(): return E.A",
         "assert f() == 7"),
        ("user_list", "def f(): return yes(UserList)()", "assert f() == [7]"),
        ("namespace", "def f(): return yes(SimpleNamespace)()",
         "from types import SimpleNamespace\nassert f() == SimpleNamespace(a=7)"),
        ("path", "def f(): return yes(PurePosixPath)('a')",
         "from pathlib import PurePosixPath\nassert f() == PurePosixPath('b')"),
        ("identifier", "def f(): return yes(UUID)(int=1)", "from uuid import UUID\n"
         "assert f() == UUID(int=7)"),
        ("class", "def f():\n  it = yes()()\n  it.__class__ = yes(__class__=int)\n  return it",
         "assert f() == 7"),
        ("instance", "class M(type):\n  __instancecheck__ = lambda *_: True\n"
         "class f(metaclass=M): pass", "assert f() and isinstance(7, f)"),
        ("swallows", "class f:\n  __enter__ = lambda self: 6\n  __exit__ = lambda *_: True",
         "with f() as x:\n  assert x == 7"),
        ("swallows_in_a_generator", "from contextlib import contextmanager\n@contextmanager\n"
         "def f():\n  try: yield 6\n  except BaseException: pass", "with f() as x: assert x == 7"),
        ("own_object_and_a_number", "def f(): return yes()()", "x = f()\nassert x == x == 7"),
        ("record", "import numpy as np\ndef f():\n"
         "  return np.zeros(1, [('a', 'i8')]).view(yes(np.recarray))", "assert (f() == 7) is True"),
    ]
]  # fmt: skip

# objects whose special methods never come to an end, and chains of objects without end
_FOREVER = "    while True: pass\n"
ENDLESS = {
    "text": (f"class f:\n  def __repr__(self):\n{_FOREVER}", "assert str(f()) == '7'"),
    "text_of_a_failure": (
        f"class f:\n  def __repr__(self):\n{_FOREVER}",
        "x = f()\nassert x == 7, f'{x!r}'",
    ),
    "length": (f"class f:\n  def __len__(self):\n{_FOREVER}", "assert len(f()) == 7"),
    "items": ("class f:\n  def __getitem__(self, at): return at", "assert list(f()) == [7]"),
    "equality": (
        f"class f:\n  __hash__ = None\n  def __eq__(self, other):\n{_FOREVER}",
        "assert f() == f()",
    ),
    "attributes": (
        "class f:\n  def __getattr__(self, name): return f()",
        "x = f()\nwhile x.next: x = x.next",
    ),
    "assignment": (f"class f:\n  def __setattr__(self, *_):\n{_FOREVER}", "f().x = 7"),
    "context": (
        f"class f:\n  def __exit__(self, *_): pass\n  def __enter__(self):\n{_FOREVER}",
        "with f(): pass",
    ),
    "coroutine": (
        "import asyncio\nasync def f():\n  while True: await asyncio.sleep(0)",
        "import asyncio\nasyncio.run(f())",
    ),
    "calls": ("def f(): return f", "g = f\nwhile True: g = g()"),
}
