"""How many tokens an engine of vLLM must make room for, so that it starts and cuts nothing off.

By default vLLM makes room for a model's whole context, and refuses to start where its KV cache does
not hold one such sequence. An evaluation needs its longest prompt and the token budget.
"""

from collections.abc import Sequence

from rlvr.answers import prompts
from rlvr.answers.prompt_tokens import prompt_ids
from rlvr_eval.plan.chat import load_tokenizer
from rlvr_eval.plan.evaluation import Evaluation


def tokens_needed(evaluations: Sequence[Evaluation]) -> int:
    """Count tokens of the longest prompt and its completion; a model's context may be shorter."""
    return max(
        _longest_prompt(evaluation) + evaluation.sampling.max_completion_tokens
        for evaluation in evaluations
    )


def _longest_prompt(evaluation: Evaluation) -> int:
    asked = [
        prompts.render(evaluation.prompt, problem, evaluation.tokenizer)
        for problem in evaluation.problems
    ]
    tokenizer = load_tokenizer(evaluation.model.folder)
    return max(map(len, prompt_ids(tokenizer, asked)), default=0)
