"""Programs in unusual styles, with the verdicts of other graders on them.

The columns were obtained by running the graders of LiveCodeBench (commit 28fef95,
`lcb_runner/evaluation/testing_util.py`, `run_test`) and EvalPlus (commit 26d6d00,
`evalplus/eval/__init__.py`, `untrusted_check`, no tolerance) on these programs under Python 3.11.
"""

from dataclasses import dataclass
from typing import Any

# Each program prints the sum of the numbers in the second line; the wrong one, one more.
RIGHT, WRONG = "sum(xs)", "sum(xs) + 1"
INPUTS = {"3\n1 2 3\n": "6\n", "2\n40 -2\n": "38\n"}


@dataclass(frozen=True)
class Script:
    """A whole program; `upstream` is LiveCodeBench's verdict on it.

    Its grader imitates input and output within its own process, so that it loses programs that a
    Python interpreter runs to the right output. None of those that it accepts may be lost here.
    """

    name: str
    source: str
    upstream: bool = True


@dataclass(frozen=True)
class Function:
    """A function `f`, one call, and what the two graders say where `expected` is expected."""

    name: str
    source: str
    args: tuple[Any, ...]
    expected: Any
    live_code_bench: bool
    eval_plus: bool


READ = "n = int(input())\nxs = list(map(int, input().split()))\n"
_WORDS = "xs = list(map(int, words[1:]))\nprint(sum(xs))"

SCRIPTS = [
    Script("exit", READ + "print(sum(xs))\nexit()"),
    Script("exit_with_code", READ + "print(sum(xs))\nexit(0)\nprint('never')"),
    Script("exit_with_failure", READ + "print(sum(xs))\nexit(1)"),
    Script("quit", READ + "print(sum(xs))\nquit()\nprint('never')", upstream=False),
    Script("sys_exit", "import sys\n" + READ + "print(sum(xs))\nsys.exit()"),
    Script("sys_exit_with_message", "import sys\n" + READ + "print(sum(xs))\nsys.exit('done')"),
    Script("raise_system_exit", READ + "print(sum(xs))\nraise SystemExit"),
    Script("exit_in_function", f"def main():\n  {READ.strip().replace(chr(10), chr(10) + '  ')}\n"
           "  print(sum(xs))\n  exit()\nmain()"),
    Script("open_0", f"words = open(0).read().split()\n{_WORDS}", upstream=False),
    Script("open_0_binary", f"words = open(0, 'rb').read().split()\n{_WORDS}", upstream=False),
    Script("dev_stdin", f"words = open('/dev/stdin').read().split()\n{_WORDS}", upstream=False),
    Script("dev_stdin_lines", "with open('/dev/stdin') as file:\n  lines = file.readlines()\n"
           f"words = ' '.join(lines).split()\n{_WORDS}", upstream=False),
    Script("dev_stdin_path", "from pathlib import Path\n"
           f"words = Path('/dev/stdin').read_text().split()\n{_WORDS}", upstream=False),
    Script("dev_fd", f"words = open('/dev/fd/0').read().split()\n{_WORDS}", upstream=False),
    Script("proc_self_fd", f"words = open('/proc/self/fd/0').read().split()\n{_WORDS}",
           upstream=False),
    Script("os_open", f"import os\nwords = os.read(os.open('/dev/stdin', os.O_RDONLY), 999).split()"
           f"\n{_WORDS}", upstream=False),
    Script("fstat", "import os, io\nread = io.BytesIO(os.read(0, os.fstat(0).st_size)).readline\n"
           "read()\nxs = list(map(int, read().split()))\nprint(sum(xs))", upstream=False),
    Script("mmap", "import mmap\nwith mmap.mmap(0, 0, access=mmap.ACCESS_READ) as text:\n"
           f"  words = text.read().split()\n{_WORDS}", upstream=False),
    Script("seek", "import sys\nsys.stdin.readline()\nat = sys.stdin.tell()\nsys.stdin.seek(0)\n"
           f"words = sys.stdin.read().split()\n{_WORDS}"),
    Script("buffer_read", f"import sys\nwords = sys.stdin.buffer.read().split()\n{_WORDS}"),
    Script("buffer_lines", "import sys\nread = sys.stdin.buffer.readline\nread()\n"
           "xs = list(map(int, read().split()))\nprint(sum(xs))", upstream=False),
    Script("stdin_loop", "import sys\nwords = []\nfor line in sys.stdin:\n  words += line.split()\n"
           + _WORDS, upstream=False),
    Script("stdin_readlines", f"import sys\nwords = ' '.join(sys.stdin.readlines()).split()\n"
           f"{_WORDS}"),
    Script("readline_as_input", "import sys\ninput = sys.stdin.readline\n" + READ
           + "print(sum(xs))"),
    Script("stdin_from_sys", "from sys import stdin, stdout\nwords = stdin.read().split()\n"
           "xs = list(map(int, words[1:]))\nstdout.write(str(sum(xs)) + '\\n')", upstream=False),
    Script("stdin_unimported", f"words = sys.stdin.read().split()\n{_WORDS}"),
    Script("fileinput", "import fileinput\nwords = ' '.join(fileinput.input()).split()\n"
           + _WORDS),
    Script("until_end_of_file", "words = []\nwhile True:\n  try:\n    words += input().split()\n"
           f"  except EOFError:\n    break\n{_WORDS}"),
    Script("fast_input_class", "import os, sys\nfrom io import BytesIO, IOBase\n"
           "class FastIO(IOBase):\n  newlines = 0\n  def __init__(self, file):\n"
           "    self._fd = file.fileno()\n    self.buffer = BytesIO()\n  def readline(self):\n"
           "    while self.newlines == 0:\n"
           "      b = os.read(self._fd, max(os.fstat(self._fd).st_size, 8192))\n"
           "      self.newlines = b.count(b'\\n') + (not b)\n      at = self.buffer.tell()\n"
           "      self.buffer.seek(0, 2), self.buffer.write(b), self.buffer.seek(at)\n"
           "    self.newlines -= 1\n    return self.buffer.readline()\n"
           "fast = FastIO(sys.stdin)\ninput = lambda: fast.readline().decode().rstrip()\n"
           + READ + "print(sum(xs))", upstream=False),
    Script("main_guard", "def main():\n  n = int(input())\n  xs = list(map(int, input().split()))\n"
           "  print(sum(xs))\nif __name__ == '__main__':\n  main()"),
    Script("main_guard_reversed", "if '__main__' == __name__:\n  n = int(input())\n"
           "  xs = list(map(int, input().split()))\n  print(sum(xs))", upstream=False),
    Script("file_name", f"import os\nhere = os.path.dirname(os.path.abspath(__file__))\n{READ}"
           "print(sum(xs))", upstream=False),
    Script("byte_order_mark", f"\ufeff{READ}print(sum(xs))", upstream=False),
    Script("carriage_returns", f"{READ}print(sum(xs))".replace("\n", "\r\n")),
    Script("coding_line", f"# -*- coding: utf-8 -*-\n{READ}print(sum(xs))"),
    Script("shebang", f"#!/usr/bin/env python3\n{READ}print(sum(xs))"),
    Script("no_newline_at_end", "import sys\n" + READ + "sys.stdout.write(str(sum(xs)))"),
    Script("end_and_flush", READ + "print(sum(xs), end='', flush=True)"),
    Script("buffer_write", "import sys\n" + READ
           + "sys.stdout.buffer.write(b'%d' % (sum(xs)))", upstream=False),
    Script("os_write", "import os\n" + READ + "os.write(1, b'%d\\n' % (sum(xs)))",
           upstream=False),
    Script("open_1", READ + "open(1, 'w').write(str(sum(xs)))", upstream=False),
    Script("at_exit", "import atexit\n" + READ + "atexit.register(lambda: print(sum(xs)))",
           upstream=False),
    Script("thread", "import sys, threading\nsys.setrecursionlimit(10**6)\n"
           "threading.stack_size(1 << 26)\ndef main():\n  n = int(input())\n"
           "  xs = list(map(int, input().split()))\n  print(sum(xs))\n"
           "worker = threading.Thread(target=main)\nworker.start()\nworker.join()"),
    Script("thread_not_joined", "import threading\ndef main():\n  n = int(input())\n"
           "  xs = list(map(int, input().split()))\n  print(sum(xs))\n"
           "threading.Thread(target=main).start()"),
    Script("thread_pool", "from concurrent.futures import ThreadPoolExecutor\n" + READ
           + "with ThreadPoolExecutor(2) as pool:\n  print(*pool.map(lambda _: sum(xs), [0]))"),
    Script("asyncio", "import asyncio\nasync def main():\n  n = int(input())\n"
           "  xs = list(map(int, input().split()))\n  print(sum(xs))\nasyncio.run(main())"),
    Script("deep_recursion", "import sys\nsys.setrecursionlimit(10**5)\n"
           "def deep(n): return 0 if n == 0 else deep(n - 1)\n" + READ
           + "print(sum(xs) + deep(40000))"),
    Script("solution_class", "class Solution:\n  def total(self, xs: List[int]) -> int:\n"
           f"    return sum(xs)\n{READ}print(Solution().total(xs))", upstream=False),
    Script("several_classes", "class A:\n  def __init__(self, xs): self.xs = xs\nclass B(A):\n"
           f"  def total(self):\n    xs = self.xs\n    return sum(xs)\n{READ}"
           "print(B(xs).total())"),
    Script("lru_cache", "from functools import lru_cache\n@lru_cache(maxsize=None)\n"
           f"def total(xs): return sum(xs)\n{READ}print(total(tuple(xs)))"),
    Script("dataclass", "from dataclasses import dataclass\n@dataclass\nclass Row:\n  xs: list\n"
           f"{READ}xs = Row(xs).xs\nprint(sum(xs))"),
    Script("generator", "def numbers():\n  input()\n  yield from map(int, input().split())\n"
           "xs = numbers()\nprint(sum(xs))"),
    Script("global_state", "total = 0\ndef add(xs):\n  global total\n  total += sum(xs)\n"
           f"{READ}add(xs)\nprint(total)", upstream=False),
    Script("redirected", "import contextlib, io\n" + READ + "kept = io.StringIO()\n"
           "with contextlib.redirect_stdout(kept):\n  print(sum(xs))\nprint(kept.getvalue())"),
    Script("replaced_stdout", "import io, sys\nreal, sys.stdout = sys.stdout, io.StringIO()\n"
           + READ + "print(sum(xs))\nreal.write(sys.stdout.getvalue())\nsys.stdout = real"),
    Script("numpy", "import numpy as np\n" + READ + "xs = np.array(xs)\nprint(sum(xs))"),
    Script("numpy_loadtxt", "import numpy as np\n"
           "xs = np.loadtxt('/dev/stdin', skiprows=1, dtype=int)\nprint(sum(xs))",
           upstream=False),
    Script("fraction", "from fractions import Fraction\n" + READ
           + "xs = map(Fraction, xs)\nprint(sum(xs))"),
    Script("eval_and_exec", READ + "exec('print(sum(xs))')"),
    Script("typing_and_future", "from __future__ import annotations\n" + READ
           + "total: Optional[int] = sum(xs)\nprint(total)", upstream=False),
    Script("complaints", "import sys, warnings\n" + READ + "warnings.warn('careful')\n"
           "print('debug', file=sys.stderr)\nprint(sum(xs))"),
    Script("main_module", "import sys\n" + READ + "total = sum(xs)\n"
           "print(sys.modules['__main__'].total)", upstream=False),
    Script("pickled_class", "import pickle\nclass Row: pass\n" + READ
           + "row = Row()\nrow.xs = xs\nxs = pickle.loads(pickle.dumps(row)).xs\nprint(sum(xs))",
           upstream=False),
]  # fmt: skip

_XS = ([3, 1, 2],)
FUNCTIONS = [
    Function("list", "def f(xs): return sorted(xs)", _XS, [1, 2, 3], True, True),
    Function("wrong_list", "def f(xs): return sorted(xs)[::-1]", _XS, [1, 2, 3], False, False),
    Function("tuple", "def f(xs): return tuple(sorted(xs))", _XS, [1, 2, 3], True, False),
    Function("named_tuple", "from collections import namedtuple\nP = namedtuple('P', 'a b c')\n"
             "def f(xs): return P(*sorted(xs))", _XS, [1, 2, 3], True, False),
    Function("list_subclass", "class L(list): pass\ndef f(xs): return L(sorted(xs))", _XS,
             [1, 2, 3], True, True),
    Function("range", "def f(xs): return range(1, 4)", _XS, [1, 2, 3], False, False),
    Function("map", "def f(xs): return map(int, sorted(xs))", _XS, [1, 2, 3], False, False),
    Function("generator", "def f(xs): yield from sorted(xs)", _XS, [1, 2, 3], False, False),
    Function("deque", "from collections import deque\ndef f(xs): return deque(sorted(xs))", _XS,
             [1, 2, 3], False, False),
    Function("values_view", "def f(xs): return dict(enumerate(sorted(xs))).values()", _XS,
             [1, 2, 3], False, False),
    Function("ndarray", "import numpy as np\ndef f(xs): return np.array(sorted(xs))", _XS,
             [1, 2, 3], False, False),
    Function("array_of_one", "import numpy as np\ndef f(xs): return np.array([max(xs)])", _XS,
             3, True, True),
    Function("numpy_integer", "import numpy as np\ndef f(xs): return np.max(xs)", _XS, 3, True,
             True),
    Function("numpy_integer_wrong", "import numpy as np\ndef f(xs): return np.min(xs)", _XS, 3,
             False, False),
    Function("numpy_float", "import numpy as np\ndef f(xs): return np.mean(xs)", _XS, 2.0, True,
             True),
    Function("fraction", "from fractions import Fraction\ndef f(xs): return Fraction(5, 2)", _XS,
             2.5, True, True),
    Function("fraction_wrong", "from fractions import Fraction\ndef f(xs): return Fraction(1, 3)",
             _XS, 2.5, False, False),
    Function("decimal", "from decimal import Decimal\ndef f(xs): return Decimal('2.5')", _XS, 2.5,
             True, True),
    Function("decimal_nearly", "from decimal import Decimal\ndef f(xs): return Decimal('0.1')",
             _XS, 0.1, False, False),
    Function("integer_for_float", "def f(xs): return 2", _XS, 2.0, True, True),
    Function("true_for_1", "def f(xs): return True", _XS, 1, True, True),
    Function("float_nearly", "def f(xs): return 0.1 + 0.2", _XS, 0.3, False, True),
    Function("defaultdict", "from collections import defaultdict\ndef f(xs):\n"
             "  d = defaultdict(int)\n  for x in xs: d[str(x)] += 1\n  return d", _XS,
             {"1": 1, "2": 1, "3": 1}, True, True),
    Function("counter", "from collections import Counter\ndef f(xs): return Counter(map(str, xs))",
             _XS, {"1": 1, "2": 1, "3": 1}, True, True),
    Function("ordered_dict", "from collections import OrderedDict\ndef f(xs):\n"
             "  return OrderedDict((str(x), x) for x in xs)", _XS, {"1": 1, "2": 2, "3": 3},
             True, True),
    Function("keys_view_for_list", "def f(xs): return dict.fromkeys(sorted(xs)).keys()", _XS,
             [1, 2, 3], False, False),
    Function("integer_enum", "from enum import IntEnum\nclass E(IntEnum): A = 3\n"
             "def f(xs): return E.A", _XS, 3, True, True),
    Function("enum", "from enum import Enum\nclass E(Enum): A = 3\ndef f(xs): return E.A", _XS, 3,
             False, False),
    Function("text_subclass", "class S(str): pass\ndef f(xs): return S('abc')", _XS, "abc", True,
             True),
    Function("bytes_for_text", "def f(xs): return b'abc'", _XS, "abc", False, False),
    Function("data_class", "from dataclasses import dataclass\n@dataclass\nclass P:\n  x: int\n"
             "def f(xs): return P(3)", _XS, 3, False, False),
    Function("changes_its_argument", "def f(xs):\n  xs.sort()\n  return xs", _XS, [1, 2, 3], True,
             True),
    Function("changes_and_returns_nothing", "def f(xs): xs.sort()", _XS, [1, 2, 3], False, False),
    Function("solution_method", "class Solution:\n  def f(self, xs: List[int]): return max(xs)\n"
             "f = Solution().f", _XS, 3, True, False),
    Function("cached", "from functools import lru_cache\n@lru_cache(None)\n"
             "def g(n): return n and n + g(n - 1)\ndef f(xs): return g(max(xs))", _XS, 6, True,
             True),
    Function("lambda", "f = lambda xs: max(xs)", _XS, 3, True, True),
    Function("partial", "from functools import partial\nf = partial(max)", _XS, 3, True, True),
    Function("callable_object", "class F:\n  def __call__(self, xs): return max(xs)\nf = F()", _XS,
             3, True, True),
    Function("remembers_calls", "seen = []\ndef f(xs):\n  seen.append(xs)\n  return len(seen)",
             _XS, 1, True, True),
    Function("main_guard", "def f(xs): return max(xs)\nif __name__ == '__main__': 1 / 0", _XS, 3,
             True, True),
    Function("exits", "def f(xs): exit()", _XS, 3, False, False),
    Function("raises", "def f(xs): raise ValueError", _XS, 3, False, False),
    Function("nan", "def f(xs): return float('nan')", _XS, 3.0, False, False),
    Function("complex", "def f(xs): return complex(3)", _XS, 3, True, True),
    Function("nested_tuples", "def f(xs): return [(1, 2)]", _XS, [[1, 2]], False, False),
    Function("empty_for_number", "def f(xs): return []", _XS, 0.5, False, False),
]  # fmt: skip
