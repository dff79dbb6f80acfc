# ruff: noqa: RUF001 -- signs that look alike are what is tested
r"""Pairs of gold and answer, equal and different: containers, units, bases, times, signs, spacing.

One pair a line, gold first. Both tables are verified in one batch each.
"""

import pytest

from rlvr.core.records import Attempt, Outcome, Problem
from rlvr.verifiers.math.verifier import MathVerifier

EQUAL = r"""
\{0,1\}   |   0,1
0,1   |   \{0,1\}
5 cm   |   5\text{cm}
5 m   |   500 cm
500 cm   |   5 m
2\text{ hours}   |   120\text{ minutes}
36\text{ km/h}   |   10\text{ m/s}
15\text{ cm}^2   |   15\text{ square centimeters}
540 \text{ cents}   |   \$5.40
\$5   |   5
5 kg   |   5000 g
3\text{ feet}   |   36\text{ inches}
11111_2   |   11111_{2}
1010_{two}   |   1010_2
\text{1F}_{16}   |   1F_{16}
2024-01-05   |   2024-1-5
90°   |   \frac{\pi}{2}\text{ radians}
90^\circ   |   90\text{ degrees}
90\text{ degrees}   |   90
12345   |   12 345
12345   |   12\,345
1000000   |   1 000 000
32349   |   32,349
32,349   |   32349
32349   |   32,\!349
32349   |   32{,}349
3,4   |   4,3
\frac{3}{2}   |   1 1/2
1.5   |   1\frac{1}{2}
1.5   |   1\frac12
1.5   |   1 \frac{1}{2}
-1.5   |   -1\frac{1}{2}
\infty   |   ∞
-\infty   |   -∞
(-\infty, 3)   |   (-∞, 3)
i   |   \sqrt{-1}
2i   |   \sqrt{-4}
3+2i   |   3+2\sqrt{-1}
\frac{1}{3}   |   0.\overline{3}
\frac{1}{3}   |   0.\bar{3}
\frac{1}{3}   |   .\overline{3}
\frac{1}{3}   |   0.(3)
\frac{1}{6}   |   0.1\overline{6}
0.\overline{3}   |   1/3
1   |   0.\overline{9}
\frac{1}{3}   |   0.333\ldots
\frac{1}{3}   |   0.\dot{3}
\emptyset   |   \varnothing
\varnothing   |   \{\}
\emptyset   |   ∅
12:30   |   12{:}30
12{:}30   |   12:30
12:30\text{ p.m.}   |   12:30
12:30 \text{ PM}   |   12:30\text{ p.m.}
1:2   |   2:4
1:2   |   1/2
½   |   0.5
\frac{1}{2}   |   ½
\frac32   |   1½
x^2   |   x²
x^{10}   |   x¹⁰
\sqrt{2}   |   √2
2\pi   |   2π
-5   |   −5
x \le 3   |   x ≤ 3
x \ne 3   |   x ≠ 3
2 \times 10^3   |   2×10³
6   |   2·3
6   |   12÷2
1 \pm \sqrt{2}   |   1 ± √2
A \cup B   |   A ∪ B
50\%   |   0.5
0.5   |   50\%
50\%   |   50
50\%   |   50\text{ percent}
50   |   50 percent
(11,7)or(7,11)   |   (11,7),(7,11)
(11,7)or(7,11)   |   (7,11)\text{ or }(11,7)
p=5,q=2;p=7,q=2   |   p=5,q=2;p=7,q=2
p=5,q=2;p=7,q=2   |   p=7,q=2;p=5,q=2
p=5,q=2;p=7,q=2   |   p=5,q=2 \text{ or } p=7,q=2
x \in [-2,7]   |   -2 \le x \le 7
[-2,7]   |   -2 \le x \le 7
1, 2   |   1 \text{ and } 2
1, 2   |   1 \text{ or } 2
1,2   |   x=1 \text{ or } x=2
1,2   |   x=1, x=2
x=1,x=2   |   1,2
x=1 \text{ or } x=2   |   2,1
a=1,b=2   |   b=2,a=1
1,2   |   a=1,b=2
\pm 3   |   3,-3
3,-3   |   \pm 3
x > 3   |   3 < x
x > 3   |   (3,\infty)
(3,\infty)   |   x > 3
\begin{pmatrix}1&2\\3&4\end{pmatrix}   |   \begin{bmatrix}1&2\\3&4\end{bmatrix}
\begin{vmatrix}1&2\\3&4\end{vmatrix}   |   -2
(1,2)   |   (1.0,2.0)
(1,2),(3,4)   |   (3,4),(1,2)
(1,2),(3,4)   |   \{(1,2),(3,4)\}
\{1,2\}   |   \{1,1,2\}
\pi   |   3.14159265
1e3   |   1000
10^3   |   1000
1.5\times 10^{3}   |   1500
\text{True}   |   \text{true}
\text{Yes}   |   yes
1:30:00   |   1:30:00
\frac{1}{2}\text{ hour}   |   30\text{ minutes}
2\sqrt{3}\text{ cm}   |   \sqrt{12}\text{ cm}
2\sqrt{3}\text{ cm}   |   2\sqrt{3}
2\sqrt{3}   |   2\sqrt{3}\text{ cm}
200\sqrt{3}\text{ cm}   |   2\sqrt{3}\text{ m}
45^\circ, 60^\circ   |   60^\circ,45^\circ
1,000   |   1000
1,000.5   |   1000.5
0.5   |   .5
2^{10}   |   1024
5!   |   120
\lfloor 3.7\rfloor   |   3
\log_2 8   |   3
7   |   7\text{ units}
y=2x   |   2x
3.0   |   3
100_{10}   |   100
\text{June 5}   |   June 5
5\,\text{m/s}   |   18\,\text{km/h}
5\text{ m/s}^2   |   5\text{ m s}^{-2}
9.8\ \mathrm{m/s^2}   |   9.8
9.8\ \mathrm{m/s^2}   |   9.8\ \mathrm{m\,s^{-2}}
30\text{ minutes}   |   0.5\text{ hours}
1\text{ day}   |   24\text{ hours}
2\text{ years}   |   24\text{ months}
100\text{ cm}^2   |   0.01\text{ m}^2
1\text{ L}   |   1000\text{ mL}
5\text{ inches}   |   5\text{ in}
12\text{ in}   |   1\text{ ft}
1\text{ yd}   |   3\text{ ft}
5 \text{ lbs}   |   5 \text{ pounds}
\$12.50   |   12.50\text{ dollars}
\$12.50   |   \$12.5
\$1,250   |   1250
50\text{ cents}   |   \$0.50
50\text{ cents}   |   50
30^\circ   |   30
180^\circ   |   \pi\text{ radians}
\pi\text{ radians}   |   \pi
101_{10}   |   101
123_{5}   |   123_5
123_{\text{five}}   |   123_5
\{2,1\}   |   \{1,2\}
\{5\}   |   5
5   |   \{5\}
\{(1,2)\}   |   (1,2)
(1,2)   |   \{(1,2)\}
1 2 3   |   1 2 3
1234   |   1 234
1 234 567   |   1234567
3.14   |   3 .14
2 1/3   |   7/3
2\ 1/3   |   \frac{7}{3}
2\tfrac13   |   \frac{7}{3}
-2\frac{1}{3}   |   -\frac{7}{3}
2\cdot\frac{1}{3}   |   \frac{2}{3}
3⅓   |   \frac{10}{3}
¾   |   0.75
x³ − 2x   |   x^3-2x
x₁ = 3   |   x_1=3
√(x+1)   |   \sqrt{x+1}
∛8   |   2
α + β   |   \alpha+\beta
θ = π/3   |   \theta=\frac{\pi}{3}
x ∈ [0, 1]   |   [0,1]
(−∞, 0) ∪ (0, ∞)   |   (-\infty,0)\cup(0,\infty)
(-\infty,\infty)   |   (−∞,∞)
\mathbb{R}   |   ℝ
\mathbb{R}   |   (-\infty,\infty)
3 ≥ x   |   x \le 3
5   |   ５
0.\overline{142857}   |   \frac{1}{7}
0.1\overline{6}   |   \frac{1}{6}
2.\overline{3}   |   \frac{7}{3}
-0.\overline{3}   |   -\frac{1}{3}
1.\overline{27}   |   \frac{14}{11}
0.\dot{1}4285\dot{7}   |   \frac{1}{7}
0.333...   |   \frac{1}{3}
0.\overline{3} x   |   \frac{x}{3}
\varnothing   |   \emptyset
\varnothing   |   \{ \}
9:05   |   9:05\text{ AM}
9{:}05   |   9:05
10:00   |   10:00
2:3   |   4:6
2025-12-31   |   2025/12/31
2025-12-31   |   12/31/2025
12/31/2025   |   31/12/2025
5/7   |   5/7
5/7/2   |   5/14
25\%   |   25
25\%   |   \frac{1}{4}
25\%   |   0.25
0.25\%   |   0.0025
25\text{ percent}   |   25\%
12.5\%   |   12.5\text{ percent}
\pm 2   |   -2, 2
x=\pm 2   |   x=2, x=-2
x=\pm 2   |   x=2 \text{ or } x=-2
2 \pm \sqrt{3}   |   2+\sqrt{3}, 2-\sqrt{3}
2 \pm \sqrt{3}   |   2 \mp \sqrt{3}
1 \text{ and } 2   |   1,2
1, 2, \text{ and } 3   |   1,2,3
1, 2 and 3   |   3,2,1
x=1,y=2 \text{ or } x=2,y=1   |   x=2,y=1 \text{ or } x=1,y=2
(1,2) \text{ or } (2,1)   |   (2,1), (1,2)
x<2   |   (-\infty,2)
(-\infty,2]   |   x \le 2
[1,2)   |   1 \le x < 2
[-2,7]   |   x \in [-2,7]
x \in [-2,7]   |   -2\leq x\leq 7
n \ge 2   |   n \geq 2
k \geqslant 2   |   k \ge 2
\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}   |   \begin{bmatrix} 1 & 0 \\ 0 & 1 \end{bmatrix}
\sqrt{-1}   |   i
\sqrt{-9}   |   3i
2+\sqrt{-3}   |   2+i\sqrt{3}
\infty   |   +\infty
+\infty   |   ∞
\text{blue}   |   \text{Blue}
5   |   5.
1,234,567   |   1234567
10, 20   |   10,20
100, 200   |   100,200
100,200   |   200, 100
(100,200)   |   (100, 200)
6   |   6m
6 \text{ m}   |   6
7\text{ days}   |   1\text{ week}
\frac{1}{2}\text{ km}   |   500\text{ m}
2\pi\text{ cm}   |   2\pi
60\text{ mph}   |   60\text{ miles per hour}
4\text{ units}^2   |   4
4\text{ square units}   |   4
1 \times 10^{-3}   |   0.001
1.2e5   |   120000
3\times 10^8 \text{ m/s}   |   3\times 10^8
3\times 10^8 \text{ m/s}   |   3\times 10^5 \text{ km/s}
12.5\%   |   12\frac12\%
2^{100}   |   4^{50}
\text{Yes}   |   \text{Yes.}
100\text{ cm}^3   |   100\text{ mL}
1\text{ m}^3   |   1000\text{ L}
1\text{ hour }30\text{ minutes}   |   90\text{ minutes}
5\text{ ft }6\text{ in}   |   66\text{ in}
22.5^\circ   |   22^\circ 30'
3:00\text{ p.m.}   |   15:00
12:00\text{ am}   |   0:00
\leq 3   |   ≤3
\infty   |   \text{infinity}
-\infty   |   \text{negative infinity}
-i   |   \frac{1}{i}
1+i   |   \sqrt{2} e^{i\pi/4}
x=3 \lor x=5   |   3,5
\frac{3\pm\sqrt5}{2}   |   \frac{3-\sqrt5}{2},\frac{3+\sqrt5}{2}
(\pm 1, 0)   |   (1,0),(-1,0)
\left\{\pm 1, 0\right\}   |   -1,0,1
(1,2)   |   y=2,x=1
(1,2)   |   x=1\text{ and }y=2
x\in(1,3)   |   1<x<3
(-\infty,2)   |   x<2
(1,3]   |   ]1,3]
(2,5)   |   ]2,5[
(-\infty,2)\cup(3,\infty)   |   ]-\infty,2[\cup]3,+\infty[
(-\infty,1)\cup(2,\infty)   |   x<1 \text{ or } x>2
(-\infty,0]\cup[1,\infty)   |   x\le0\text{ or }x\ge1
x<1 \text{ or } x>2   |   (-\infty,1)\cup(2,\infty)
-2 < x < 5   |   -2 < x \text{ and } x < 5
\{x \mid x>2\}   |   (2,\infty)
1<x<2   |   2>x>1
(1,2,3)   |   \langle 1,2,3\rangle
3   |   3 = x
3.14   |   \approx 3.14
3   |   3 = 5 - 2
8   |   4+4=8
2   |   \sin 90^\circ + 1 = 2
5   |   \textbf{(B) }5
2.5   |   2{.}5
ff_{16}   |   FF_{16}
\text{ab}_{16}   |   AB_{16}
9.8 \text{ m/s}^2   |   9.8\,\frac{\text{m}}{\text{s}^2}
9.8 \text{ m/s}^2   |   9.8\ \frac{\mathrm{m}}{\mathrm{s}^2}
60\text{ km/h}   |   60\,\frac{\text{km}}{\text{h}}
\text{January 5}   |   Jan. 5
\text{January 5}   |   5 January
\text{January 5}   |   January 5th
\text{January 5}   |   \text{5th of January}
\text{January 5}   |   January 5, 2021
\text{March 14, 2025}   |   14 March 2025
\text{March 14, 2025}   |   2025-03-14
2025-03-14   |   \text{March 14, 2025}
\text{Sept. 3}   |   September 3
\mathbb{R}   |   \text{all real numbers}
(-\infty,\infty)   |   \text{all real numbers}
\text{all real numbers}   |   \mathbb{R}
\text{all real numbers}   |   (-\infty, \infty)
1/3   |   0.\overline3
75¢   |   75 \text{ cents}
75 \text{ cents}   |   75¢
\$0.75   |   75¢
\text{10:30 AM}   |   10:30
\text{10:30 AM}   |   10:30 \text{ a.m.}
x \equiv 3 \pmod 7   |   3 \pmod{7}
3 \pmod{7}   |   x \equiv 10 \pmod 7
x \equiv 3 \pmod{7}   |   x\equiv 3 (\bmod 7)
3:2   |   3 \text{ to } 2
3:2   |   3 to 2
5\text{ V}   |   5000\text{ mV}
5 \text{ kW}   |   5000\text{ watts}
2\text{ MHz}   |   2000 \text{ kHz}
2\text{ GB}   |   2 \text{ gigabytes}
2\text{ J}   |   2
2\text{ N}   |   2\text{ newtons}
3 \text{ mol}   |   3 \text{ moles}
100   |   100 \text{ bits}
\text{May}   |   May
101_2   |   101_{(2)}
"""

DIFFERENT = r"""
(0,1)   |   \{0,1\}
\{0,1\}   |   (0,1)
[0,1]   |   \{0,1\}
(0,1)   |   [0,1]
(0,1]   |   (0,1)
(0,1)   |   0 < x < 1
5\text{ cm}   |   5\text{ km}
5 cm   |   5 km
5\text{ m}   |   500
2\text{ hours}   |   2\text{ minutes}
60\text{ km/h}   |   60\text{ m/s}
15\text{ cm}^2   |   15\text{ cm}
15\text{ cm}^2   |   15\text{ m}^2
15\mbox{ cm}^2   |   15\text{ cm}^3
5.4 \text{ cents}   |   5.4\text{ dollars}
\$5   |   5\text{ cents}
\$5   |   €5
5\text{ kg}   |   5\text{ g}
1\text{ mile}   |   1\text{ km}
11111_2   |   11111
11111   |   11111_2
11111_2   |   11111_3
2024-01-05   |   2023-01-04
2024-01-05   |   2018
01/05/2024   |   02/10/2024
90^\circ   |   90\text{ radians}
90°   |   90 radians
\frac{\pi}{2}   |   90^\circ
1\text{ radian}   |   1^\circ
12   |   1 2
1 2   |   12
12   |   1\ 2
12   |   1\,2
32349   |   32, 349
32, 349   |   32349
123   |   1,23
5.5   |   1 1/2
\frac{11}{2}   |   1\frac{1}{2}
\frac{11}{2}   |   1 1/2
\frac{1}{3}   |   0.\overline{4}
0.\overline{3}   |   0.3
\emptyset   |   \{0\}
\emptyset   |   0
12:30   |   12:31
12:30   |   24:60
12:30\text{ p.m.}   |   12:30\text{ a.m.}
3:45   |   15:45
50\%   |   5
(11,7)or(7,11)   |   (11,7)
p=5,q=2;p=7,q=2   |   p=2,q=5;p=2,q=7
p=5,q=2;p=7,q=2   |   p=5,q=2;p=7,q=3
p=5,q=2;p=7,q=2   |   p=5,q=7;p=2,q=2
x \in [-2,7]   |   -2 < x < 7
x \in [-2,7]   |   -2 \le x < 7
\left(\frac{3}{5},\frac{8}{3}\right]   |   (0.6, 2.67]
\left(\frac{3}{5},\frac{8}{3}\right]   |   (0.6, 2.6667)
1,2   |   1
1,2   |   1,2,3
a=1,b=2   |   a=2,b=1
x=5   |   y=5
\pm 3   |   3
x > 3   |   x \ge 3
x>3   |   x<3
\begin{pmatrix}1&2\\3&4\end{pmatrix}   |   \begin{pmatrix}1&3\\2&4\end{pmatrix}
\begin{pmatrix}1\\2\end{pmatrix}   |   \begin{pmatrix}1&2\end{pmatrix}
\begin{pmatrix}1\\2\end{pmatrix}   |   (1,2)
\begin{pmatrix}1\\2\end{pmatrix}   |   \{1,2\}
\begin{pmatrix}1\\2\end{pmatrix}   |   1,2
(1,2)   |   (2,1)
(1,2),(3,4)   |   (1,3),(2,4)
\{(1,2),(3,4)\}   |   (1,2,3,4)
(1,2,3)   |   \{1,2,3\}
(1,2,3)   |   \{3,2,1\}
\{1,2,3\}   |   \{1,2\}
10:00   |   10
3.14   |   \pi
\pi   |   3.14
\frac{22}{7}   |   \pi
\text{Yes}   |   no
\text{None}   |   \emptyset
2\sqrt{3}\text{ cm}   |   2\sqrt{3}\text{ m}
20^\circ\text{C}   |   20^\circ\text{F}
20^\circ C   |   20^\circ F
1.000   |   1000
0,5   |   0.5
\text{June 5}   |   \text{June 6}
5 km/h   |   5 m/s
5 m/s^2   |   5 m/s
30\text{ minutes}   |   30\text{ seconds}
5 \text{ lbs}   |   5 \text{ kg}
\$1,250   |   1250\text{ euros}
£5   |   \$5
30^\circ   |   \frac{\pi}{6}
30^\circ   |   30^\circ\text{C}
101_2   |   101_3
101_2   |   101
77_8   |   77
77   |   77_8
(0,1)   |   [0,1)
[0,1)   |   [0,1]
[1,2]   |   \{1,2\}
\{1,2\}   |   [1,2]
\{(0,1),(2,3)\}   |   \{\{0,1\},\{2,3\}\}
(0,1),(2,3)   |   \{0,1\},\{2,3\}
\{0,1\}   |   (0,1),(1,0)
(1,2,3)   |   1,2,3
1,2,3   |   (1,2,3)
[1,2,3]   |   \{1,2,3\}
12   |   1;2
12   |   1, 2
1 2 3   |   123
123   |   1 2 3
1 2 3   |   3 2 1
3 14   |   3.14
-2\frac{1}{3}   |   -\frac{5}{3}
2\frac{1}{3}   |   \frac{2}{3}
21/3   |   2 1/3
7   |   2 1/3
ℤ   |   ℕ
\frac{1}{7}   |   0.\overline{142856}
0.1\bar{6}   |   0.16
0.25   |   0.2(5)
\varnothing   |   \{\emptyset\}
\{\}   |   \text{no solution}
9:05\text{ AM}   |   9:05\text{ PM}
9:05   |   9:50
9:05:30   |   9:05
2:3   |   3:2
2:3:4   |   4:6:8
2025-12-31   |   2025-12-30
2025-12-31   |   1982
25\%   |   2.5
0.25\%   |   0.25
\pm 2   |   2
2 \pm \sqrt{3}   |   2+\sqrt{3}
1, 2, or 3   |   1,2,4
x=1,y=2   |   (1,2)
x=1,y=2   |   x=2,y=1
x=1,y=2 \text{ or } x=2,y=1   |   x=1,y=1 \text{ or } x=2,y=2
(1,2) \text{ or } (2,1)   |   (1,2)
x<2   |   x\le 2
(-\infty,2]   |   x < 2
1<x<2   |   1<x\le 2
[1,2)   |   1 < x \le 2
x \in [-2,7]   |   -2\leq x\leq 8
\begin{pmatrix} 1 \\ 2 \end{pmatrix}   |   \begin{pmatrix} 2 \\ 1 \end{pmatrix}
\begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}   |   1
\begin{pmatrix} 1 \\ 2 \end{pmatrix}   |   \{1,2\}
i   |   -i
-3i   |   \sqrt{-9}
\infty   |   -\infty
\infty   |   10^{100}
\text{A}   |   \text{B}
5   |   5\,000
5,000   |   5.000
32349   |   32,\ 349
32349   |   32,\,349
1,2345   |   12345
100, 200   |   100200
(100,200)   |   100200
6m   |   6
3x   |   3
2\text{ pm}   |   2\text{ am}
0.5\text{ km}   |   \frac{1}{2}\text{ m}
2\pi\text{ cm}   |   2\pi\text{ m}
60\text{ mph}   |   60\text{ km/h}
3   |   3 \text{ (or 5)}
2^{100}   |   2^{100}+1
3   |   3 \text{ (possibly five)}
3   |   3 \text{ (5)}
3   |   3 \text{ or } 5
3   |   3\text{ but maybe }5
3   |   3\lor5
3   |   3'
30^\circ   |   30'
45^\circ   |   45^\circ 30'
3   |   5=3
3   |   2 + 2 = 3
3   |   x = 5 = 3
3   |   \infty^{\infty}
5   |   \textbf{(A) }3, \textbf{(B) }5
(1,2)   |   x=2,y=1
(1,2)   |   x=1,x=2
[0,1)   |   x\ge0 \text{ or } x<1
(-\infty,0)\cup(1,\infty)   |   x<0\text{ and }x>1
(-\infty,0]\cup[1,\infty)   |   x<0\text{ or }x\ge1
1<x<2   |   1<x
x>3   |   y>3
[2,5)   |   ]2,5]
2\pm\sqrt3   |   3\pm\sqrt2
(1,\pm 2)   |   (1,2)
12:15\text{ am}   |   12:15\text{ pm}
9\text{ a.m.}   |   21:00
1\text{ hour }30\text{ minutes}   |   1\text{ hour }20\text{ minutes}
1\text{ L}   |   1\text{ m}^3
12.5\%   |   12.6\%
\infty   |   \text{negative infinity}
ff_{16}   |   FE_{16}
ab_{16}   |   171
9.8 \text{ m/s}^2   |   9.8\,\frac{\text{m}}{\text{s}}
\text{January 5}   |   June 5
\text{January 5}   |   January 15
\text{March 14, 2025}   |   March 14
\text{March 14, 2025}   |   14 March 2024
\text{March 14, 2025}   |   2025-04-13
\text{March 14}   |   14
\text{March 14}   |   3
\mathbb{R}   |   \text{all real numbers except } 1
\mathbb{R}   |   \text{all integers}
\mathbb{R}   |   \mathbb{C}
\mathbb{R}   |   \text{no real numbers}
x=2,y=3   |   (3,2)
x=2,y=3   |   [2,3]
x=2,x=3   |   (2,3)
a=2, b=1   |   (1,2)
75¢   |   \$75
75¢   |   75 \text{ dollars}
\text{10:30 AM}   |   10:30 \text{ PM}
\text{10:30 AM}   |   10:31
3 \pmod{7}   |   3 \pmod{5}
3 \pmod{7}   |   4 \pmod{7}
3 \pmod 7   |   3
3   |   10 \pmod 7
3:2   |   2 to 3
3.0\text{ V}   |   3.0\text{ mV}
3\text{ kW}   |   3\text{ W}
1 \text{ MB}   |   1 \text{ Mb}
1 \text{ MB}   |   1 \text{ KB}
5\text{ mg}   |   5\text{ Mg}
5\text{ mg}   |   5\text{ g}
2\text{ N}   |   2 \text{ kN}
2\text{ J}   |   2\text{ W}
2\text{ mol}   |   2\text{ mmol}
2\text{ MHz}   |   2\text{ mHz}
a_{16}   |   b_{16}
a_{16}   |   A_{16}
5   |   5 \text{ or } 6
2{.}5   |   25
\text{May}   |   \text{June}
"""


def verdicts(table: str) -> dict[tuple[str, str], Outcome]:
    pairs = [
        (gold, answer)
        for gold, answer in (line.split("   |   ") for line in table.strip().splitlines())
    ]
    attempts = [
        Attempt(Problem("test/1", "question", gold), f"so $\\boxed{{{answer}}}$.")
        for gold, answer in pairs
    ]
    found = MathVerifier().verify(attempts, timeout_s=20)
    return dict(zip(pairs, [verdict.outcome for verdict in found], strict=True))


def test_equal_answers_are_correct() -> None:
    found = verdicts(EQUAL)
    assert {pair for pair, outcome in found.items() if outcome is not Outcome.CORRECT} == set()


def test_different_answers_are_wrong() -> None:
    found = verdicts(DIFFERENT)
    assert {pair for pair, outcome in found.items() if outcome is not Outcome.WRONG} == set()


@pytest.mark.parametrize(
    ("gold", "answer", "outcome"),
    [
        # either point may come first: a list of two answers, however they are joined
        ("(11,7)or(7,11)", "(7,11),(11,7)", Outcome.CORRECT),
        ("(11,7)or(7,11)", "(11,7)", Outcome.WRONG),
        # two solutions of two unknowns each: what belongs together stays together
        ("p=5,q=2;p=7,q=2", r"p=7,q=2 \text{ or } p=5,q=2", Outcome.CORRECT),
        ("p=5,q=2;p=7,q=2", "p=5,q=7;p=2,q=2", Outcome.WRONG),
        # an inequality describes an interval that is marked as one, and no point
        (r"x \in [-2,7]", r"-2 \le x \le 7", Outcome.CORRECT),
        (r"x \in [-2,7]", r"-2 \le x < 7", Outcome.WRONG),
        ("(0,1)", "0 < x < 1", Outcome.WRONG),
        # 2.6667 is 8/3 to four decimals; six are asked for, as of a number that stands alone
        (r"\left(\frac{3}{5},\frac{8}{3}\right]", "(0.6, 2.6667]", Outcome.WRONG),
        (r"\left(\frac{3}{5},\frac{8}{3}\right]", "(0.6, 2.666667]", Outcome.CORRECT),
        (r"\frac{8}{3}", "2.6667", Outcome.WRONG),
        # a comma with a space after it parts numbers, one without may part thousands
        ("32349", "32, 349", Outcome.WRONG),
        ("32349", "32,349", Outcome.CORRECT),
    ],
)
def test_answers_that_can_be_read_in_two_ways(gold: str, answer: str, outcome: Outcome) -> None:
    assert verdicts(f"{gold}   |   {answer}") == {(gold, answer): outcome}
