"""What transformers computes with each way in which a configuration can say how positions are rotated.

Random models of every family, two layers small, and for each case the fields of config.json that say it, prompts, the tokens
that greedy decoding with a cache appends, and the logits after the prompt and before the last of these tokens. The weights are
float64, the configuration takes transformers' own way from the file; so a case fails where transformers would answer otherwise.

  rotary.py OUTPUT_DIR            writes the models and cases.json; needs torch and transformers
"""
import json
import os
import sys
import tempfile

import numpy as np
import torch
from transformers import AutoModelForCausalLM

import families

FAMILIES = {
    "llama": {"architectures": ["LlamaForCausalLM"]},
    "mistral": {"architectures": ["MistralForCausalLM"], "sliding_window": None},
    "qwen2": {"architectures": ["Qwen2ForCausalLM"]},
    "qwen3": {"architectures": ["Qwen3ForCausalLM"], "head_dim": 16},
    "smollm3": {"architectures": ["SmolLM3ForCausalLM"], "no_rope_layers": [1, 0]},
    "granite": {"architectures": ["GraniteForCausalLM"], "attention_multiplier": 0.25},
}
BASE = {
    "hidden_act": "silu", "pad_token_id": 0, "bos_token_id": 1, "eos_token_id": 2, "max_position_embeddings": 256, "torch_dtype": "bfloat16",
    "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 2,
    "num_key_value_heads": 1, "vocab_size": 64, "rms_norm_eps": 1e-5, "tie_word_embeddings": False,
}
SHORT = {"max_position_embeddings": 64}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}
CASES = [
    # The base, in each place where a configuration may have it, or nowhere.
    *[(family, "no rotary field", {}) for family in FAMILIES],
    *[(family, "rope_parameters without a base", {"rope_parameters": {"rope_type": "default"}}) for family in FAMILIES],
    ("llama", "rope_theta", {"rope_theta": 500000.0}),
    ("llama", "a base in rope_scaling", {"rope_scaling": {"rope_type": "default", "rope_theta": 500000.0}}),
    ("llama", "a base in rope_parameters", {"rope_parameters": {"rope_theta": 500000.0}}),
    ("qwen2", "a base beside rope_parameters", {"rope_theta": 1e6, "rope_parameters": {"rope_type": "default"}}),
    ("smollm3", "a base in rope_parameters", {"rope_parameters": {"rope_type": "default", "rope_theta": 5e6}}),
    ("mistral", "a base in linear rope_scaling",
     {"rope_scaling": {"type": "linear", "factor": 4.0, "rope_theta": 1e6}}),
    ("llama", "llama3 without its original context",
     {"rope_theta": 5e5,
      "rope_scaling": {"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}}),
    # YaRN.
    ("qwen2", "yarn as Qwen2.5 documents it",
     {**SHORT, "rope_theta": 1e6, "rope_scaling": {"type": "yarn", "factor": 4.0, "original_max_position_embeddings": 64}}),
    ("qwen3", "yarn with a longer declared context",
     {"rope_theta": 1e6, "max_position_embeddings": 80, "rope_scaling": YARN}),
    ("llama", "yarn without its original context", {**SHORT, "rope_scaling": {"rope_type": "yarn", "factor": 4.0}}),
    ("mistral", "yarn, the original context beside it",
     {"original_max_position_embeddings": 64,
      "rope_scaling": {"type": "yarn", "factor": 4.0, "finetuned": True}}),
    ("llama", "yarn without a factor",
     {"rope_scaling": {"type": "yarn", "factor": None, "original_max_position_embeddings": 64}}),
    ("granite", "yarn with an attention factor", {**SHORT, "rope_parameters": {**YARN, "attention_factor": 0.9}}),
    ("smollm3", "yarn with betas", {**SHORT, "rope_parameters": {**YARN, "beta_fast": 8.0, "beta_slow": 2}}),
    ("llama", "yarn with mscale", {**SHORT, "rope_scaling": {**YARN, "mscale": 1.2, "mscale_all_dim": 0.6}}),
    ("llama", "yarn with mscale alone", {**SHORT, "rope_scaling": {**YARN, "mscale": 1.2}}),
    ("qwen2", "yarn without truncation", {**SHORT, "rope_parameters": {**YARN, "rope_theta": 1e6, "truncate": False}}),
    # A base that grows with the sequence.
    ("llama", "dynamic", {**SHORT, "rope_scaling": {"type": "dynamic", "factor": 4.0}}),
    ("qwen2", "dynamic with a base",
     {**SHORT, "rope_parameters": {"rope_type": "dynamic", "factor": 4.0, "rope_theta": 1e6}}),
    ("mistral", "dynamic by one and a half",
     {"max_position_embeddings": 128, "rope_scaling": {"type": "dynamic", "factor": 1.5}}),
]
PROMPT_LENGTHS = [57, 150]
COMPLETION = 16


def config(family, fields):
    return {**BASE, "model_type": family, **FAMILIES[family], **fields}


def loaded(folder):
    return AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float64, attn_implementation="sdpa").eval()


def decoded(model, prompt):
    """Greedy tokens, and the logits that each was chosen by."""
    ids, cache, tokens, logits = torch.tensor([prompt]), None, [], []
    with torch.no_grad():
        for _ in range(COMPLETION):
            out = model(ids, past_key_values=cache, use_cache=True)
            cache = out.past_key_values
            logits.append(out.logits[0, -1].numpy())
            tokens.append(int(logits[-1].argmax()))
            ids = torch.tensor([tokens[-1:]])
    return tokens, logits


def margin(logits):
    best = np.sort(np.stack(logits))[:, -2:]
    return float(((best[:, 1] - best[:, 0]) / np.abs(logits).max()).min())


def rounded(row):
    return [float(f"{value:.9g}") for value in row]


def run(folder, family, tensors, random):
    families.write_safetensors(os.path.join(folder, "model.safetensors"), tensors)
    cases = []
    for its, name, fields in CASES:
        if its != family:
            continue
        with open(os.path.join(folder, "config.json"), "w") as file:
            json.dump(config(family, fields), file)
        runs = []
        for length in PROMPT_LENGTHS:
            for _ in range(40):  # until no choice is so close that rounding could decide it
                prompt = [int(i) for i in random.integers(3, BASE["vocab_size"], length)]
                tokens, logits = decoded(loaded(folder), prompt)
                if margin(logits) > 1e-3:
                    break
            else:
                sys.exit(f"no prompt of {length} makes {family} certain of its choices: {name}")
            runs.append({"prompt": prompt, "tokens": tokens, "first_logits": rounded(logits[0]),
                         "last_logits": rounded(logits[-1])})
        cases.append({"family": family, "name": name, "config": config(family, fields), "runs": runs})
        print(family, "|", name)
    return cases


def main(output):
    cases = []
    for seed, family in enumerate(FAMILIES):
        random = np.random.default_rng(seed)
        tensors = {tensor: families.random_bf16(random, tensor, shape)
                   for tensor, shape in families.shapes(config(family, {}))}
        with tempfile.TemporaryDirectory() as folder:
            cases += run(folder, family, tensors, random)
        families.write_safetensors(os.path.join(output, family + ".safetensors"), tensors)
    with open(os.path.join(output, "cases.json"), "w") as file:
        file.write("[\n" + ",\n".join(json.dumps(case, separators=(",", ":")) for case in cases) + "\n]\n")


if __name__ == "__main__":
    main(sys.argv[1])
