"""A sampler of your own: transformers' `generate`, one draw at a time, each with its own seed."""

import torch

from rlvr.core.records import Completion
from rlvr.samplers.hf import HFSampler


class OneByOne(HFSampler):
    identity = "one-by-one/1"

    def sample(self, requests, params, *, logprobs=False):
        model, tokenizer = self.loaded()
        options = {"do_sample": True, "temperature": params.temperature, "top_p": params.top_p}
        options |= {"top_k": params.top_k, "max_new_tokens": params.max_completion_tokens}
        for request in requests:
            prompt = tokenizer(request.prompt, return_tensors="pt").input_ids
            for index in range(request.start, request.stop):
                torch.manual_seed(request.seed + index)
                row = model.generate(prompt, eos_token_id=tokenizer.eos_token_id, **options)
                ids = row[0, prompt.shape[1] :].tolist()
                text = tokenizer.decode(ids, skip_special_tokens=True)
                reason = "stop" if ids[-1] == tokenizer.eos_token_id else "length"
                yield Completion(request.problem_id, index, text, reason, tuple(ids))
