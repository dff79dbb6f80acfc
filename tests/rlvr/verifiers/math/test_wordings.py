# ruff: noqa: RUF001 -- signs that look alike are what is tested
r"""Gold and answer in different wordings: words, dozens, constants, approximations, options.

One pair a line, gold first.
"""

from rlvr.core.records import Outcome
from tests.rlvr.verifiers.math.test_math_table import verdicts

EQUAL = r"""
12   |   twelve
12   |   \text{Twelve}
21   |   twenty-one
112   |   one hundred and twelve
1005   |   one thousand five
1000000   |   one million
\frac{2}{3}   |   two thirds
0   |   zero
twelve   |   12
12   |   1 dozen
24   |   2\text{ dozen eggs}
7   |   7 dozen
18   |   1.5 dozen
12   |   a dozen
x^2+C   |   x^2+c
x^2+c   |   C+x^2
\frac{x^2}{2}+C   |   \frac12x^2+c
\sin x+C   |   c+\sin x
3.14   |   \pi \approx 3.14
\pi   |   \pi \approx 3.14
\sqrt{2}   |   \sqrt{2} \approx 1.414
\sqrt2   |   1.41 \approx \sqrt2
3.1   |   3.14 \approx 3.1
5   |   4.9 \approx 5
1200   |   1234 \approx 1200
4.5e33   |   4.47 \times 10^{33} \approx 4.5 \times 10^{33}
no solution   |   \emptyset
no solution   |   \text{No solutions}
DNE   |   \text{does not exist}
B   |   B. 5
B   |   (B) 5
C   |   C: 12
5 apples   |   5
10 square units   |   10
\binom52   |   10
Yes   |   yes
no   |   No.
[1,2]   |   1 \le x \le 2
1<x<2   |   x\in(1,2)
\{1,2\}   |   2,1
[1,3]\cup[3,6]   |   [1,6]
\mathbb{R}   |   (-\infty,\infty)
x \neq 3   |   (-\infty,3)\cup(3,\infty)
5 cm   |   50 mm
50\%   |   0.5
\$5   |   500 cents
12:30   |   12:30 p.m.
3\frac12   |   \frac{7}{2}
\begin{pmatrix}1&2\\3&4\end{pmatrix}   |   \begin{bmatrix}1&2\\3&4\end{bmatrix}
\pm 2   |   2,-2
x=2 or x=3   |   2,3
1234   |   1\,234
300000   |   3e5
-5   |   −5
5   |   $5$
2x+1   |   y=2x+1
\arcsin x   |   \sin^{-1}x
"""

DIFFERENT = r"""
13   |   twelve
12   |   one hundred twelve
201   |   twenty one
21   |   one twenty
3   |   one two
0   |   zero zero
10   |   often
10   |   \text{ten or five}
10   |   \text{not ten}
2   |   two or three
2   |   two thirds
5   |   negative five
12   |   7 dozen
1   |   12 dozen
twelve   |   dozen
x^2+C   |   x^2
x^2   |   x^2+C
x^2+C   |   2x^2+c
x^2+C   |   x^2+D
2RC+R+C   |   2RC+R+c
A+C   |   A+c
c+2   |   C+2
x^2+C_1   |   x^2+C_2
5   |   3 \approx 5
3   |   3 \approx 5
3   |   3 ≈ 5
3   |   3 \approx 4
4   |   \pi \approx 4
10   |   10 \approx 20
5   |   5 \simeq 7
5   |   3 \approx 4 \approx 5
1234   |   1234 \approx 2000
5   |   5 \sim 7
5   |   5 \Rightarrow 7
no solution   |   0
\emptyset   |   0
no solution   |   one solution
DNE   |   \infty
B   |   A. B
B   |   (B) or (C)
B   |   B. or C
x   |   B. 5
5 apples   |   6
5 million   |   5
2 squared   |   2
\frac{\pi}{6}   |   60^\circ
30^\circ   |   \frac{\pi}{3}
30   |   \frac{\pi}{6}
\pi   |   180
\binom52   |   20
no   |   yes
yes   |   n
odd   |   even
[1,2]   |   (1,2)
x>3   |   x \geq 3
(1,3)\cup(3,6)   |   (1,6)
60 km/h   |   60 mph
0.5   |   50
1011_2   |   11
12:30   |   12.30
\frac13   |   0.333
\pm 2   |   2
\frac{3}{2}   |   3\frac12
1234   |   1.234
\$5   |   5 cents
x+y=1   |   x+y=2
"""


def test_answers_in_another_wording_are_correct() -> None:
    found = verdicts(EQUAL)
    assert {pair for pair, outcome in found.items() if outcome is not Outcome.CORRECT} == set()


def test_other_answers_in_words_are_wrong() -> None:
    found = verdicts(DIFFERENT)
    assert {pair for pair, outcome in found.items() if outcome is not Outcome.WRONG} == set()
