"""More programs in unusual styles: streams, threads, and the standard library's less used parts.

The verdicts of LiveCodeBench's grader were obtained as those of `styles`.
"""

from tests.rlvr.verifiers.styles import READ as _READ
from tests.rlvr.verifiers.styles import Script

_MAIN = "def main():\n  n = int(input())\n  xs = list(map(int, input().split()))\n"

STREAM_SCRIPTS = [
    Script(
        "pool_of_threads",
        "from multiprocessing.pool import ThreadPool\n" + _READ + "with ThreadPool(2) as pool:\n"
        "  print(*pool.map(lambda _: sum(xs), [0]))",
        upstream=False,
    ),
    Script(
        "dummy_pool",
        "from multiprocessing.dummy import Pool\n"
        + _READ
        + "print(Pool(2).apply(lambda: sum(xs)))",
        upstream=False,
    ),
    Script(
        "locks_of_processes",
        "from multiprocessing import Lock, RLock, Semaphore\n" + _READ + "lock = RLock()\n"
        "with Lock(), Semaphore(2), lock, lock:\n"
        "  print(sum(xs))",
        upstream=False,
    ),
    Script(
        "futures",
        "from concurrent.futures import ThreadPoolExecutor, as_completed\n"
        + _READ
        + "with ThreadPoolExecutor() as pool:\n"
        "  for done in as_completed([pool.submit(lambda: sum(xs))]):\n"
        "    print(done.result())",
    ),
    Script(
        "queue_of_threads",
        "import queue, threading\n" + _READ + "sums = queue.Queue()\n"
        "threading.Thread(target=lambda: sums.put(sum(xs))).start()\n"
        "print(sums.get())",
    ),
    Script(
        "dev_stdout",
        _READ + "with open('/dev/stdout', 'w') as out:\n  print(sum(xs), file=out)",
        upstream=False,
    ),
    Script(
        "dev_stdout_path",
        "from pathlib import Path\n" + _READ + "Path('/dev/stdout').write_text(f'{sum(xs)}\\n')",
        upstream=False,
    ),
    Script(
        "dev_stdout_bytes",
        _READ + "open('/dev/stdout', 'ab').write(b'%d' % (sum(xs)))",
        upstream=False,
    ),
    Script(
        "dev_fd_1",
        _READ + "with open('/dev/fd/1', 'w') as out:\n  out.write(str(sum(xs)))",
        upstream=False,
    ),
    Script(
        "os_open_stdout",
        "import os\n" + _READ + "os.write(os.open('/dev/stdout', os.O_WRONLY), b'%d' % (sum(xs)))",
        upstream=False,
    ),
    Script("dev_stderr", _READ + "print('debug', file=open('/dev/stderr', 'w'))\nprint(sum(xs))"),
    Script(
        "savetxt",
        "import numpy as np\n" + _READ + "np.savetxt('/dev/stdout', [sum(xs)], fmt='%d')",
        upstream=False,
    ),
    Script(
        "own_source",
        _READ + "assert 'own source' or True\n"
        "with open(__file__) as file:\n"
        "  assert 'own source' in file.read()\n"
        "print(sum(xs))",
        upstream=False,
    ),
    Script(
        "own_module",
        "with open('helper.py', 'w') as file:\n"
        "  file.write('def total(xs): return sum(xs)')\n"
        "from helper import total\n" + _READ + "print(total(xs))",
        upstream=False,
    ),
    Script("builtins_by_name", _READ + "print(__builtins__.str(sum(xs)))", upstream=False),
    Script(
        "user_list",
        "from collections import UserList, ChainMap\n" + _READ + "xs = UserList(xs)\n"
        "print(ChainMap({}, {'sum': sum(xs)})['sum'])",
    ),
    Script(
        "structured_array",
        "import numpy as np\n"
        + _READ
        + "xs = np.array([(x, 1.0) for x in xs], dtype=[('a', 'i8'), ('b', 'f8')])['a']\n"
        "print(sum(xs))",
    ),
    Script(
        "enumeration",
        "from enum import IntEnum, auto\n"
        "class At(IntEnum):\n"
        "  SUM = auto()\n" + _READ + "print([0, sum(xs)][At.SUM])",
    ),
    Script(
        "cache_and_deep_thread",
        "import sys, threading\n"
        "from functools import cache\n"
        "sys.setrecursionlimit(10**6)\n"
        "threading.stack_size(1 << 28)\n"
        "@cache\n"
        "def deep(n): return n and deep(n - 1)\n" + _MAIN + "  print(sum(xs) + deep(50000))\n"
        "worker = threading.Thread(target=main)\n"
        "worker.start()\n"
        "worker.join()",
    ),
    Script(
        "generator_of_generators",
        "def lines():\n"
        "  while True:\n"
        "    try: yield (int(word) for word in input().split())\n"
        "    except EOFError: return\n"
        "xs = [list(line) for line in lines()][1]\n"
        "print(sum(xs))",
    ),
    Script("carriage_returns_printed", _READ + "print(sum(xs), end='\\r\\n')"),
    Script("spaces_printed", _READ + "print('', sum(xs), ' ')"),
    Script(
        "executor_of_event_loop",
        "import asyncio, sys\n"
        "async def main():\n"
        "  read = asyncio.get_running_loop().run_in_executor\n"
        "  await read(None, sys.stdin.readline)\n"
        "  xs = list(map(int, (await read(None, sys.stdin.readline)).split()))\n"
        "  print(sum(xs))\n"
        "asyncio.run(main())",
    ),
    Script(
        "gathered",
        "import asyncio\n"
        "async def total(xs): return sum(xs)\n"
        + _READ
        + "async def main(): print(*await asyncio.gather(total(xs)))\n"
        "asyncio.run(main())",
    ),
    Script(
        "detached_streams",
        "import io, sys\n"
        "sys.stdin = io.TextIOWrapper(sys.stdin.detach(), 'utf-8')\n"
        "sys.stdout = io.TextIOWrapper(sys.stdout.detach(), 'utf-8')\n" + _READ + "print(sum(xs))",
        upstream=False,
    ),
    Script(
        "original_streams",
        "import sys\n"
        "xs = list(map(int, sys.__stdin__.read().split()[1:]))\n"
        "sys.__stdout__.write(str(sum(xs)))",
        upstream=False,
    ),
    Script(
        "reconfigured",
        "import sys\n"
        "sys.stdin.reconfigure(encoding='utf-8')\n"
        "sys.stdout.reconfigure(line_buffering=True)\n" + _READ + "print(sum(xs))",
        upstream=False,
    ),
    Script(
        "database",
        "import sqlite3\n"
        + _READ
        + "total, = sqlite3.connect(':memory:').execute(f'select {sum(xs)}').fetchone()\n"
        "print(total)",
    ),
    Script(
        "finalizer",
        "class Last:\n"
        "  def __del__(self): print(self.total)\n" + _READ + "last = Last()\n"
        "last.total = sum(xs)",
    ),
    Script(
        "timer",
        "import threading\n" + _READ + "threading.Timer(0.01, lambda: print(sum(xs))).start()",
        upstream=False,
    ),
    Script(
        "names_in_greek",
        "λ = int(input())\nxs = ξ = list(map(int, input().split()))\nprint(sum(xs)) # ∑ξ",
    ),
    Script(
        "star_imports",
        "from math import *\n"
        "from itertools import *\n"
        "from collections import *\n" + _READ + "print(sum(xs))",
    ),
    Script("matching", _READ + "match xs:\n  case [first, *rest]:\n    print(sum(xs))"),
    Script(
        "input_as_text_stream",
        "import io, sys\nsys.stdin = io.StringIO(sys.stdin.read())\n" + _READ + "print(sum(xs))",
    ),
    Script(
        "exit_by_result",
        "import sys\n" + _MAIN + "  print(sum(xs))\nif __name__ == '__main__':\n  sys.exit(main())",
    ),
]
