"""What is compiled for sandboxes."""

from concurrent.futures import ThreadPoolExecutor

from rlvr.verifiers.sandbox import bootstrap


def test_programs_that_start_together_compile_their_modules_once() -> None:
    bootstrap._compiled.cache_clear()
    with ThreadPoolExecutor(8) as pool:
        codes = list(pool.map(bootstrap.compiled, ["judge"] * 8))
    assert len({id(code) for code in codes}) == 1
    assert bootstrap._compiled.cache_info().misses == 1
