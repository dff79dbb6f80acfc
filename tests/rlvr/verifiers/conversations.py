"""Functions, and tests that hold where both run in one Python process."""

# yields one list again and again, each time with another content
PERMUTATIONS = """
def f(n):
    path = []
    def go():
        if len(path) == n:
            yield path
            return
        for item in range(n):
            if item not in path:
                path.append(item)
                yield from go()
                path.pop()
    return go()
"""

CONVERSATIONS = [
    (
        PERMUTATIONS,
        "import itertools\nassert [tuple(p) for p in f(4)]==list(itertools.permutations(range(4)))",
    ),
    (
        PERMUTATIONS,
        "kept=list(f(2))\nassert len(kept)==2 and kept[0] is kept[1]\nassert kept!=[[0,1],[1,0]]",
    ),
    (
        "def f(n):\n  for i in range(n): yield {i:[i]}",
        "a,b=f(2)\nassert a=={0:[0]} and b=={1:[1]} and a is not b\nassert list(f(9))[8]=={8:[8]}",
    ),
    (
        "def f(n):\n  d={}\n  for i in range(n):\n    d[i]=i\n    yield d",
        "assert [len(d) for d in f(9)]==list(range(1,10))\n"
        "assert [len(d) for d in list(f(9))]==[9]*9",
    ),
    (
        "def f(b): b.extend(b'x'); return b[::-1]",
        "b=bytearray(b'a')\nassert f(b)==b'xa' and b==b'ax'\nf(b).append(1)",
    ),
    (
        "def f(n): return memoryview(b'ab')",
        "assert f(1)==b'ab' and bytes(f(1))==b'ab' and f(1)!='ab'",
    ),
    (
        "import types\ndef f(n): return types.MappingProxyType({n:2})",
        "assert f(1)=={1:2} and f(1)[1]==2 and dict(f(1))=={1:2} and f(1)!={1:3}",
    ),
    (
        "def f(n): return range(n)",
        "assert f(3)==range(3) and f(3)!=[0,1,2] and list(f(3))==[0,1,2]",
    ),
    (
        "def f(n): return map(str,range(n))",
        "assert list(f(3))==['0','1','2']; assert f(3)!=['0','1','2']",
    ),
    (
        "def f(n):\n  i=0\n  while True:\n    yield i; i+=1",
        "import itertools\nassert list(itertools.islice(f(3),2000))==list(range(2000))",
    ),
    (
        "def f(n):\n  yield 1\n  raise ValueError('x')",
        "g=f(1)\nassert next(g)==1\ntry:\n  next(g)\n  assert 0\nexcept ValueError as e:\n"
        "  assert str(e)=='x'",
    ),
    (
        "from collections import deque\ndef f(n): return deque([1,2])",
        "from collections import deque\nassert f(1)==deque([1,2]) and list(f(1))==[1,2]\n"
        "assert f(1)!=[1,2]",
    ),
    (
        "def f(n): return {1:2}.keys()",
        "assert f(1)=={1} and f(1)!=[1] and list(f(1))==[1]",
    ),
    (
        "def f(n): return {1:2}.items()",
        "assert f(1)=={(1,2)}",
    ),
    (
        "def f(n): return {1:2}.values()",
        "assert list(f(1))==[2]",
    ),
    (
        "from fractions import Fraction\ndef f(n): return Fraction(1,2)",
        "assert f(1)==0.5",
    ),
    (
        "from decimal import Decimal\ndef f(n): return Decimal('0.5')",
        "assert f(1)==0.5",
    ),
    (
        "import numpy as np\ndef f(n): return np.array([1.,2.])",
        "import numpy as np\nnp.testing.assert_allclose(f(1),[1,2])\n"
        "assert (f(1)==np.array([1,2])).all()",
    ),
    (
        "import datetime\ndef f(n): return datetime.date(2020,1,2)",
        "import datetime\nassert f(1)==datetime.date(2020,1,2)",
    ),
    (
        "import datetime\n"
        "def f(n): return datetime.datetime(2020,1,2,3,tzinfo=datetime.timezone.utc)",
        "import datetime\nassert f(1)==datetime.datetime(2020,1,2,3,tzinfo=datetime.timezone.utc)",
    ),
    (
        "def f(x): x.sort()",
        "x=[3,1,2]\nf(x)\nassert x==[1,2,3]",
    ),
    (
        "def f(x): x.sort(); return x",
        "x=[3,1,2]\ny=f(x)\nassert y is x and x==[1,2,3]",
    ),
    (
        "def f(m):\n  for r in m: r[0]=0\n  m.append([9])",
        "r=[1,2];m=[r,[3]]\nf(m)\nassert r==[0,2] and m==[[0,2],[0],[9]] and m[0] is r",
    ),
    (
        "def f(d): d['a']=[1]; del d['b']",
        "d={'b':1}\nf(d)\nassert d=={'a':[1]}",
    ),
    (
        "def f(s): s.add(4)",
        "s={1}\nf(s)\nassert s=={1,4}",
    ),
    (
        "def f(a): a*=2",
        "import numpy as np\na=np.ones(3)\nf(a)\nassert a.sum()==6",
    ),
    (
        "class E(ValueError): pass\ndef f(x): raise E('bad')",
        "try:\n  f(1)\n  assert 0\nexcept ValueError as e: assert str(e)=='bad'",
    ),
    (
        "class E(KeyError, ValueError): pass\ndef f(x): raise E('bad')",
        "for k in (KeyError,ValueError,LookupError):\n  try:\n    f(1)\n    assert 0\n"
        "  except k as e: assert e.args==('bad',)",
    ),
    (
        "def f(x): open('nope')",
        "try:\n  f(1)\n  assert 0\nexcept FileNotFoundError as e: assert e.errno==2",
    ),
    (
        "def f(g,xs): return sorted(xs,key=g)",
        "assert f(lambda v:-v,[1,2])==[2,1] and f(abs,[-3,1])==[1,-3]",
    ),
    (
        "def f(g,xs): return sorted(xs,key=g)",
        "assert f(str,[10,9])==[10,9]",
    ),
    (
        "def f(n): return lambda x: x+n",
        "assert f(2)(3)==5",
    ),
    (
        "from functools import lru_cache\n@lru_cache(None)\n"
        "def f(n): return n if n<2 else f(n-1)+f(n-2)",
        "assert f(80)==23416728348467685",
    ),
    (
        "def f(g): \n  try: g()\n  except ZeroDivisionError: return 'caught'",
        "assert f(lambda:1/0)=='caught'",
    ),
    (
        "def f(it): return sum(it)",
        "assert f(iter([1,2]))==3 and f(x for x in range(4))==6",
    ),
    (
        "def f(x): return type(x)",
        "assert f(1) is int",
    ),
    (
        "def f(g): return g",
        "h=lambda:1\nassert f(h) is h",
    ),
    (
        "def f(g,n): return 0 if n==0 else g(n-1)+1",
        "h=lambda n:f(h,n)\nassert f(h,10)==10",
    ),
    (
        "class S:\n  def __init__(s): s.x=[]\n  def __iter__(s): return iter([1,2])\n"
        "def f(n): return S()",
        "assert list(f(1))==[1,2] and f(1)!=[1,2]",
    ),
    (
        "def f(xs): return list(xs)",
        "xs=[[1]*2]*2\nassert f(xs)[0] is xs[0]",
    ),
    (
        "def f(g, x): return g(g(x))",
        "assert f(lambda v: v + 1, 1) == 3",
    ),
    (
        "from dataclasses import dataclass\n@dataclass\nclass P:\n  x: int\n"
        "  def twice(self): return 2 * self.x\ndef f(x): return P(x)",
        "p = f(3)\nassert p.x == 3 and p.twice() == 6 and p != (3,) and not hasattr(p, 'y')",
    ),
    (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(x): return P(1, x)",
        "p = f(2)\nassert (p.x, p.y) == (1, 2) == p and p._asdict() == {'x': 1, 'y': 2}",
    ),
    (
        "from typing import NamedTuple\nclass P(NamedTuple):\n  x: int\ndef f(x): return [P(x)]",
        "assert f(2)[0].x == 2",
    ),
    (
        "from collections import defaultdict\ndef f(x): return defaultdict(int, a=1)",
        "assert f(0)['b'] == 0 and f(0) == {'a': 1}",
    ),
    (
        "from collections import Counter\ndef f(c): c['b'] += 2; return c",
        "from collections import Counter\nc = Counter('aa')\n"
        "assert f(c) is c and c == Counter('aabb') and c.most_common(1) and f(c)['zz'] == 0",
    ),
    (
        "from collections import OrderedDict\ndef f(x): return OrderedDict([(1, 2), (3, 4)])",
        "from collections import OrderedDict\n"
        "assert f(0) == {3: 4, 1: 2} and f(0) != OrderedDict([(3, 4), (1, 2)])",
    ),
    (
        "def f(d): d.move_to_end(1)",
        "from collections import OrderedDict\nd = OrderedDict([(1, 2), (3, 4)])\nf(d)\n"
        "assert list(d) == [3, 1]",
    ),
    (
        "class Node:\n  def __init__(self, v, n): self.val, self.next = v, n\ndef f(xs):\n"
        "  node = None\n  for x in reversed(xs): node = Node(x, node)\n  return node",
        "node = f([1, 2])\nassert node.val == 1 and node.next.val == 2 and node.next.next is None",
    ),
    (
        "class Stack:\n  def __init__(self): self.xs = []\n"
        "  def push(self, x): self.xs.append(x)\n  def pop(self): return self.xs.pop()\n"
        "f = Stack",
        "s = f()\ns.push(1)\ns.push([2])\nassert s.pop() == [2] and s.pop() == 1",
    ),
    (
        "import re\ndef f(x): return re.match('a(b)', x)",
        "assert f('ab').group(1) == 'b' and f('b') is None",
    ),
    (
        "def f(n):\n  got = yield n\n  yield got",
        "g = f(1)\nassert next(g) == 1 and g.send(5) == 5",
    ),
    (
        "def f(x): return zip(x, x)",
        "assert dict(f([1])) == {1: 1}",
    ),
    (
        "def f(x): return enumerate(x)",
        "assert list(f('a')) == [(0, 'a')]",
    ),
    (
        "def f(x): return reversed(x)",
        "assert list(f([1, 2])) == [2, 1]",
    ),
    (
        "import itertools\ndef f(x): return itertools.count(x)",
        "g = f(3)\nassert next(g) == 3 and next(g) == 4",
    ),
    (
        "from collections import Counter\ndef f(x): return Counter(x)",
        "assert f('aab') == {'a': 2, 'b': 1}",
    ),
    (
        "from collections import defaultdict\ndef f(x): return defaultdict(list, {1: [2]})",
        "assert f(0) == {1: [2]} and f(0)[1] == [2]",
    ),
    (
        "from collections import namedtuple\nP = namedtuple('P', 'x y')\ndef f(x): return P(1, x)",
        "assert f(2) == (1, 2) and f(2)[1] == 2",
    ),
    (
        "import datetime\ndef f(x): return datetime.timedelta(days=x)",
        "from datetime import timedelta\nassert f(2) == timedelta(2) and f(2).days == 2",
    ),
    (
        "import datetime\ndef f(x): return x + datetime.timedelta(days=1)",
        "from datetime import date\nassert f(date(2024, 2, 28)) == date(2024, 2, 29)",
    ),
    (
        "from decimal import Decimal\ndef f(x): return x * 2",
        "from decimal import Decimal\nassert f(Decimal('0.1')) == Decimal('0.2')",
    ),
    (
        "from fractions import Fraction\ndef f(x): return Fraction(1, x)",
        "from fractions import Fraction\nassert f(3) + f(3) == Fraction(2, 3)",
    ),
    (
        "import numpy as np\ndef f(x): return x.T @ x",
        "import numpy as np\nassert np.array_equal(f(np.eye(2)), np.eye(2))",
    ),
    (
        "import numpy as np\ndef f(x): return np.array([[1, 2], [3, 4]])",
        "import numpy as np\nnp.testing.assert_array_equal(f(0), [[1, 2], [3, 4]])\n"
        "assert f(0).tolist() == [[1, 2], [3, 4]] and f(0).shape == (2, 2)",
    ),
    (
        "import numpy as np\ndef f(x): return np.array(['a', None], dtype=object)",
        "assert f(0).tolist() == ['a', None]",
    ),
    (
        "def f(x): x.append(1); raise ValueError(x)",
        "x = []\ntry:\n  f(x)\n  assert 0\nexcept ValueError:\n  pass\nassert x == [1]",
    ),
    (
        "from collections import deque\ndef f(q): return q.popleft()",
        "from collections import deque\nq = deque([1, 2])\nassert f(q) == 1 and q == deque([2])",
    ),
    (
        "def f(rows): rows[0], rows[1] = rows[1], rows[0]",
        "a, b = [1], [2]\nrows = [a, b]\nf(rows)\n"
        "assert rows[0] is b and rows[1] is a and a == [1]",
    ),
    (
        "def f(x): x['me'] = x['you']",
        "you = []\nx = {'you': you}\nf(x)\nassert x['me'] is you",
    ),
    (
        "def f(x, y=None, *, z): z.update(y)",
        "z = {}\nf(1, y={2: 3}, z=z)\nassert z == {2: 3}",
    ),
    (
        "def f(x): return int(x)",
        "try:\n  f('x')\n  assert 0\nexcept ValueError as error:\n"
        "  assert 'invalid literal' in str(error)",
    ),
    (
        "def f(x): return {}[x]",
        "try:\n  f('k')\n  assert 0\nexcept KeyError as error:\n  assert error.args == ('k',)",
    ),
    (
        "def f(x): assert x > 0",
        "try:\n  f(1)\nexcept ValueError:\n  assert 0",
    ),
    (
        "class E(Exception): pass\ndef f(x): raise E('own')",
        "try:\n  f(1)\n  assert 0\nexcept Exception as error:\n  assert str(error) == 'own'",
    ),
    (
        "def f(x): raise RecursionError",
        "try:\n  f(1)\n  assert 0\nexcept RuntimeError:\n  pass",
    ),
    (
        "def f(x): b'\\xff'.decode()",
        "try:\n  f(1)\n  assert 0\nexcept UnicodeError:\n  pass",
    ),
    (
        "def f(g, *xs): return list(map(g, xs))",
        "assert f(lambda x: {'v': x}, 1, 2) == [{'v': 1}, {'v': 2}]",
    ),
    (
        "from functools import reduce\ndef f(g, xs): return reduce(g, xs)",
        "import operator\nassert f(operator.mul, [2, 3, 4]) == 24",
    ),
    (
        "def f(g): return g(key=2)",
        "assert f(lambda key: key * 2) == 4",
    ),
    (
        "def f(g): return lambda *a: g(*a) + 1",
        "assert f(max)(1, 5) == 6",
    ),
    (
        "def f(*gs): return lambda x: [g(x) for g in gs]",
        "assert f(abs, str)(-2) == [2, '-2']",
    ),
    (
        "def f(n):\n  total = 0\n  def add(k):\n    nonlocal total\n    total += k\n"
        "    return total\n  return add",
        "add = f(0)\nassert (add(2), add(3)) == (2, 5)",
    ),
    (
        "def f(x): return (x, {1, 2}, frozenset([3]), b'4', 5j, None, ..., slice(1, 2))",
        "assert f(0) == (0, {1, 2}, frozenset([3]), b'4', 5j, None, ..., slice(1, 2))",
    ),
    (
        "def f(x): return 1 << 4000",
        "assert f(0) == 1 << 4000",
    ),
]
