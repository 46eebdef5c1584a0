# SPDX-License-Identifier: MIT
"""Tensors by name to a safetensors file and back, with nothing but PyTorch, from 1.13 on."""
import json
import math

import torch

DTYPES = {"BOOL": torch.bool, "U8": torch.uint8, "I8": torch.int8, "I16": torch.int16, "I32": torch.int32,
          "I64": torch.int64, "F16": torch.float16, "BF16": torch.bfloat16, "F32": torch.float32, "F64": torch.float64}


def save(tensors, path):
    names = {dtype: name for name, dtype in DTYPES.items()}
    header, elements = {}, bytearray()
    for name, tensor in tensors.items():
        piece = bytearray(tensor.numel() * tensor.element_size())
        if piece:
            torch.frombuffer(piece, dtype=tensor.dtype).copy_(tensor.detach().reshape(-1))
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape),
                        "data_offsets": [len(elements), len(elements) + len(piece)]}
        elements += piece
    text = json.dumps(header).encode()
    with open(path, "wb") as file:
        file.write(len(text).to_bytes(8, "little") + text + elements)


def load(path):
    with open(path, "rb") as file:
        content = bytearray(file.read())
    begin = 8 + int.from_bytes(content[:8], "little")
    tensors = {}
    for name, entry in json.loads(content[8:begin]).items():
        if name == "__metadata__":
            continue
        dtype, count = DTYPES[entry["dtype"]], math.prod(entry["shape"])
        flat = torch.empty(0, dtype=dtype)
        if count > 0:
            flat = torch.frombuffer(content, dtype=dtype, count=count, offset=begin + entry["data_offsets"][0])
        tensors[name] = flat.reshape(entry["shape"])
    return tensors
