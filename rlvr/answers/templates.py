r"""Prompt templates, word for word.

They are those of Yue et al. 2025 (arXiv 2504.13837), Appendix E, character for character, but for
`direct-boxed`; they are written as escaped strings, line by line, so that no editor changes them.
Each ends where the model's turn begins.

A base model rarely stops where its answer ends: it invents the next turn. `END_OF_TURN` and each
template's `run_on` say after what nothing belongs to the answer; `rlvr.answers.attempts` applies
them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rlvr.answers.prompt_spec import AnswerMark

# What tokenizers of the model families in use write for "this turn is over" or "the next begins".
END_OF_TURN = (
    "<|im_end|>",
    "<|endoftext|>",
    "<|im_start|>",
    "<|eot_id|>",
    "<|eom_id|>",
    "<|start_header_id|>",
    "<|end_of_text|>",
    "<end_of_turn>",
    "<start_of_turn>",
    "<\uff5cend\u2581of\u2581sentence\uff5c>",
    "</s>",
)

# A turn that is invented under a template of plain text. "User:" may be a word of the reasoning: it
# begins a turn at the start of a line, or where the template would write it: behind a sentence or
# an answer that has ended, or before a line that begins with "Assistant:".
_USERS_TURN = (
    r"^[ \t]*User:"
    r"|(?:(?<=[.!?] )|(?<=</answer>)|(?<=</answer> )|(?<=</answer>\.))User:"
    r"|\bUser:(?:(?!User:)[\s\S])*?^[ \t]*Assistant:"
)
# The fence that closes the code block which the prompt has opened: alone on a line that is not
# indented, as an indented one may belong to the program's own text.
_CLOSING_FENCE = r"\n```[ \t]*(?=\r?$)"

_CODE_BLOCK = "```python\n"
IMAGE = "<|vision_start|>{image_token}<|vision_end|>\n"


@dataclass(frozen=True, slots=True)
class Template:
    """One way to put a question to a model.

    Attributes:
        text: `{question}` marks the place of the question, `{image_token}` that of an image.
        run_on: pattern of what the model writes when it goes on inventing turns after its answer;
            `^` and `$` are the ends of a line. Empty where markers of END_OF_TURN say all.
        prefill: the end of `text` that the model's answer continues, e.g. an opened code block.
        strips_question: True where the original trims white space around the question.
        answer: how a completion marks its answer: by a box or a tag, or by a last line.
        system, chat_template_kwargs: of a chat template.
    """

    name: str
    text: str
    run_on: str = ""
    prefill: str = ""
    strips_question: bool = False
    answer: AnswerMark = "marked"
    system: str | None = None
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)


_TEMPLATES = (
    Template("plain", "{question}"),
    # SimpleRL-Zoo
    Template(
        "qwen-boxed",
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n{question}\n"
        "Please reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    Template(
        "oat-zero",
        "<|im_start|>system\n"
        "Please reason step by step, and put your final answer within \\boxed{}.<|im_end|>\n"
        "<|im_start|>user\n{question}<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    # the algorithm study, run in VeRL: plain text, no chat template
    Template(
        "verl-think",
        "A conversation between User and Assistant. The user asks a question, and the Assistant "
        "solves it. The assistant first thinks about the reasoning process in the mind and then "
        "provides the user with the answer. The reasoning process and answer are enclosed within "
        "<think> </think> and <answer> </answer> tags, respectively, i.e., <think> reasoning "
        "process here </think> <answer> answer here </answer>. User: {question}\n"
        "Assistant:\n",
        run_on=_USERS_TURN,
    ),
    # Code-R1, training
    Template(
        "code-r1",
        "<|im_start|>system\n"
        "You are a helpful programming assistant. The user will ask you a question and you as the "
        "assistant solve it. The assistant first thinks how to solve the task through reasoning "
        "and then provides the user with the final answer. The reasoning process and answer are "
        "enclosed within <think>...</think> and <answer>...</answer> tags, respectively."
        "<|im_end|>\n"
        "<|im_start|>user\n{question}<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    # HumanEval+ and MBPP+
    Template(
        "evalplus",
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n"
        "Please provide a self-contained Python script that solves the following problem in a "
        "markdown code block:\n"
        "```\n{question}\n```\n<|im_end|>\n"
        "<|im_start|>assistant\n"
        "Below is a Python script with a self-contained function that solves the problem and "
        "passes corresponding tests:\n" + _CODE_BLOCK,
        run_on=_CLOSING_FENCE,
        prefill=_CODE_BLOCK,
        strips_question=True,
    ),
    # The question already holds LiveCodeBench's own user message, which differs with starter code.
    Template(
        "livecodebench",
        "<|im_start|>system\n"
        "You are an expert Python programmer. You will be given a question (problem "
        "specification) and will generate a correct Python program that matches the specification "
        "and passes all tests.<|im_end|>\n"
        "<|im_start|>user\n{question}<|im_end|>\n"
        "<|im_start|>assistant\n" + _CODE_BLOCK,
        run_on=_CLOSING_FENCE,
        prefill=_CODE_BLOCK,
    ),
    # EasyR1, visual reasoning
    Template(
        "easyr1",
        "<|im_start|>system\n"
        "You are Qwen, created by Alibaba Cloud. You are a helpful assistant. You FIRST think "
        "about the reasoning process as an internal monologue and then provide the final answer. "
        "The reasoning process MUST BE enclosed within <think> </think> tags. The final answer "
        "MUST BE put in \\boxed{}.<|im_end|>\n"
        "<|im_start|>user\n" + IMAGE + "{question}<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    # DAPO, training: plain text, and the answer on a line of its own
    Template(
        "dapo",
        "Solve the following math problem step by step. The last line of your response should be "
        "of the form Answer: $Answer (without quotes) where $Answer is the answer to the problem."
        '\n\n{question}\n\nRemember to put your answer on its own line after "Answer:".',
        answer="line",
    ),
    # The answer alone, to find out what can be guessed. Not from the paper, which gives no words.
    Template(
        "direct-boxed",
        "<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n"
        "<|im_start|>user\n{question}\n"
        "Give only the final answer within \\boxed{}, without any reasoning.<|im_end|>\n"
        "<|im_start|>assistant\n",
    ),
    # The model's own chat template; the text lies in the tokenizer.
    Template("chat", ""),
)
BY_NAME: Mapping[str, Template] = {template.name: template for template in _TEMPLATES}

NAMES = tuple(BY_NAME)
