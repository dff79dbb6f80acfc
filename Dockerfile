# rlvr for machines with NVIDIA GPUs: training, DeepSpeed, and vLLM as sampler.
#   docker build -t rlvr .
#   docker run --gpus all --ipc=host --security-opt seccomp=unconfined \
#       -v "$PWD/runs:/rlvr/runs" -v "$HOME/.cache/huggingface:/hub" -e HF_HOME=/hub \
#       rlvr train recipes/qwen2.5-0.5b/grpo-gsm8k.yaml
# vLLM's wheels are built for CUDA 13, which needs a driver of version 580 or later.
# seccomp=unconfined lets bubblewrap make the namespaces in which the code verifier runs programs;
# without it, `rlvr doctor` names the weaker isolation that is used instead.
ARG CUDA=13.0.1
FROM nvidia/cuda:${CUDA}-runtime-ubuntu24.04

# the compilers are for the kernels that Triton, FlashInfer and DeepSpeed build when first used
RUN apt-get update \
    && DEBIAN_FRONTEND=noninteractive apt-get install -y --no-install-recommends \
        bubblewrap cuda-nvcc-13-0 cuda-cudart-dev-13-0 libcurand-dev-13-0 \
        g++ git python3-dev python3-venv \
    && rm -rf /var/lib/apt/lists/*
ENV CUDA_HOME=/usr/local/cuda PATH=/opt/rlvr/bin:$PATH

WORKDIR /src
RUN python3 -m venv /opt/rlvr && pip install --no-cache-dir uv
COPY pyproject.toml README.md LICENSE ./
COPY rlvr ./rlvr
COPY eval ./eval
RUN VIRTUAL_ENV=/opt/rlvr uv pip install --no-cache '.[vllm,deepspeed]'

WORKDIR /rlvr
COPY recipes ./recipes
COPY launch ./launch
ENTRYPOINT ["rlvr"]
CMD ["doctor"]
