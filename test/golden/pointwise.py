"""Functions of one tensor, element by element: wgrad's name and PyTorch's function. generate.py and every.py make the cases of each."""
import torch
import torch.nn.functional as F

ONE = {
    "relu": torch.relu, "sigmoid": torch.sigmoid, "tanh": torch.tanh, "exp": torch.exp, "log": torch.log, "sqrt": torch.sqrt,
    "reciprocal": torch.reciprocal, "abs": torch.abs, "square": torch.square, "neg": torch.neg, "sin": torch.sin, "cos": torch.cos,
    "gelu": F.gelu, "silu": F.silu, "softplus": F.softplus, "mish": F.mish,
}
# Defined above 0 alone.
POSITIVE = ("log", "sqrt", "reciprocal")
