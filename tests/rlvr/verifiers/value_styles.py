"""More functions in unusual styles: kinds of values, and ways to define a function.

The verdicts of the two graders were obtained as those of `styles`.
"""

from tests.rlvr.verifiers.styles import Function

_XS = ([3, 1, 2],)

VALUE_FUNCTIONS = [
    Function(
        "user_list",
        "from collections import UserList\ndef f(xs): return UserList(sorted(xs))",
        _XS,
        [1, 2, 3],
        True,
        True,
    ),
    Function(
        "user_list_wrong",
        "from collections import UserList\ndef f(xs): return UserList(xs)",
        _XS,
        [1, 2, 3],
        False,
        False,
    ),
    Function(
        "user_dict",
        "from collections import UserDict\ndef f(xs): return UserDict({'a': max(xs)})",
        _XS,
        {"a": 3},
        True,
        True,
    ),
    Function(
        "user_dict_wrong",
        "from collections import UserDict\ndef f(xs): return UserDict({'a': min(xs)})",
        _XS,
        {"a": 3},
        False,
        False,
    ),
    Function(
        "user_text",
        "from collections import UserString\ndef f(xs): return UserString('abc')",
        _XS,
        "abc",
        True,
        True,
    ),
    Function(
        "chain_map",
        "from collections import ChainMap\ndef f(xs): return ChainMap({'a': 1}, {'a': 2, 'b': 3})",
        _XS,
        {"a": 1, "b": 3},
        True,
        True,
    ),
    Function(
        "chain_map_wrong",
        "from collections import ChainMap\ndef f(xs): return ChainMap({'a': 2}, {'a': 1, 'b': 3})",
        _XS,
        {"a": 1, "b": 3},
        False,
        False,
    ),
    Function(
        "structured_array",
        "import numpy as np\n"
        "def f(xs): return np.array([(3, 1.5)], dtype=[('a', 'i8'), ('b', 'f8')])['b'][0]",
        _XS,
        1.5,
        True,
        True,
    ),
    Function(
        "record",
        "import numpy as np\n"
        "def f(xs): return np.array([(3, 1.5)], dtype=[('a', 'i8'), ('b', 'f8')])[0]",
        _XS,
        [3, 1.5],
        False,
        False,
    ),
    Function(
        "single_precision",
        "import numpy as np\ndef f(xs): return np.float32(0.1)",
        _XS,
        0.1,
        True,
        True,
    ),
    Function(
        "single_precision_wrong",
        "import numpy as np\ndef f(xs): return np.float32(0.2)",
        _XS,
        0.1,
        False,
        False,
    ),
    Function(
        "half_precision_in_list",
        "import numpy as np\ndef f(xs): return [np.float16(0.1)]",
        _XS,
        [0.1],
        True,
        True,
    ),
    Function(
        "numpy_bool",
        "import numpy as np\ndef f(xs): return np.bool_(max(xs) == 3)",
        _XS,
        True,
        True,
        True,
    ),
    Function(
        "numpy_bool_wrong",
        "import numpy as np\ndef f(xs): return np.bool_(max(xs) == 2)",
        _XS,
        True,
        False,
        False,
    ),
    Function(
        "numpy_integers_in_list",
        "import numpy as np\ndef f(xs): return list(np.sort(xs))",
        _XS,
        [1, 2, 3],
        True,
        True,
    ),
    Function(
        "numpy_integers_in_dict",
        "import numpy as np\ndef f(xs): return {'a': np.max(xs)}",
        _XS,
        {"a": 3},
        True,
        True,
    ),
    Function(
        "numpy_text", "import numpy as np\ndef f(xs): return np.str_('abc')", _XS, "abc", True, True
    ),
    Function(
        "text_enum",
        "from enum import StrEnum\nclass E(StrEnum): A = 'abc'\ndef f(xs): return E.A",
        _XS,
        "abc",
        True,
        True,
    ),
    Function(
        "integer_flag",
        "from enum import IntFlag\n"
        "class E(IntFlag):\n"
        "  A = 1\n"
        "  B = 2\n"
        "def f(xs): return E.A | E.B",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "mapping_proxy",
        "from types import MappingProxyType\ndef f(xs): return MappingProxyType({'a': 3})",
        _XS,
        {"a": 3},
        True,
        True,
    ),
    Function(
        "whole_fraction",
        "from fractions import Fraction\ndef f(xs): return Fraction(6, 2)",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "dict_with_missing",
        "class D(dict):\n"
        "  def __missing__(self, key): return 0\n"
        "def f(xs): return D({str(x): x for x in xs})",
        _XS,
        {"1": 1, "2": 2, "3": 3},
        True,
        True,
    ),
    Function(
        "typed_named_tuple",
        "from typing import NamedTuple\n"
        "class P(NamedTuple):\n"
        "  x: int\n"
        "  def total(self): return self.x\n"
        "def f(xs): return P(3).total()",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "frozen_data_class",
        "from dataclasses import dataclass, asdict\n"
        "@dataclass(frozen=True)\n"
        "class P:\n"
        "  a: int\n"
        "def f(xs): return asdict(P(3))",
        _XS,
        {"a": 3},
        True,
        True,
    ),
    Function(
        "namespace_for_dict",
        "from types import SimpleNamespace\ndef f(xs): return SimpleNamespace(a=3)",
        _XS,
        {"a": 3},
        False,
        False,
    ),
    Function(
        "static_method",
        "class Solution:\n  @staticmethod\n  def f(xs): return max(xs)\nf = Solution.f",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "class_method",
        "class Solution:\n"
        "  best = max\n"
        "  @classmethod\n"
        "  def f(cls, xs): return cls.best(xs)\n"
        "f = Solution().f",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "helper_methods",
        "class Solution:\n"
        "  def __init__(self): self.seen = {}\n"
        "  def helper(self, xs): return sorted(xs)\n"
        "  @property\n"
        "  def last(self): return -1\n"
        "  def f(self, xs): return self.helper(xs)[self.last]\n"
        "f = Solution().f",
        _XS,
        3,
        True,
        True,
    ),
    Function("built_in", "f = max", _XS, 3, True, True),
    Function(
        "dispatched",
        "from functools import singledispatch\n"
        "@singledispatch\n"
        "def f(xs): return 0\n"
        "@f.register\n"
        "def _(xs: list): return max(xs)",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "method_caller",
        "from operator import methodcaller\nf = methodcaller('index', 2)",
        _XS,
        2,
        True,
        True,
    ),
    Function(
        "composed",
        "from functools import reduce\nf = lambda xs: reduce(lambda a, b: a if a > b else b, xs)",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "combinator",
        "f = (lambda g: g(g))(\n"
        "  lambda g: lambda xs: xs[0] if len(xs) == 1 else max(xs[0], g(g)(xs[1:])))",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "thread_within",
        "import threading\n"
        "def f(xs):\n"
        "  out = []\n"
        "  worker = threading.Thread(target=lambda: out.append(max(xs)))\n"
        "  worker.start()\n"
        "  worker.join()\n"
        "  return out[0]",
        _XS,
        3,
        True,
        True,
    ),
    Function(
        "event_loop_within",
        "import asyncio\nasync def g(xs): return max(xs)\ndef f(xs): return asyncio.run(g(xs))",
        _XS,
        3,
        True,
        True,
    ),
    Function("coroutine", "async def f(xs): return max(xs)", _XS, 3, False, False),
    Function(
        "deep_within",
        "import sys\n"
        "sys.setrecursionlimit(10**5)\n"
        "def g(n): return n and 1 + g(n - 1)\n"
        "def f(xs): return g(9000) - 8997",
        _XS,
        3,
        True,
        True,
    ),
    Function("shared_rows", "def f(xs): return [[0]] * 2", _XS, [[0], [0]], True, True),
    Function(
        "prints_too", "def f(xs):\n  print(xs, flush=True)\n  return max(xs)", _XS, 3, True, True
    ),
    Function(
        "byte_array_for_text", "def f(xs): return bytearray(b'abc')", _XS, "abc", False, False
    ),
    Function(
        "generator_of_generators",
        "def f(xs):\n"
        "  rows = ((x for x in range(n)) for n in xs)\n"
        "  return [list(row) for row in rows]",
        _XS,
        [[0, 1, 2], [0], [0, 1]],
        True,
        True,
    ),
    Function(
        "group_by",
        "from itertools import groupby\n"
        "def f(xs): return [[k, len(list(g))] for k, g in groupby(xs)]",
        _XS,
        [[3, 1], [1, 1], [2, 1]],
        True,
        True,
    ),
    Function(
        "integer_subclass",
        "class I(int):\n"
        "  def __eq__(self, other): return False\n"
        "  __hash__ = int.__hash__\n"
        "def f(xs): return I(3)",
        _XS,
        4,
        False,
        False,
    ),
]
