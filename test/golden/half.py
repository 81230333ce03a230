"""Reference values for tensors of halves: the ops of generate.py, of inputs and upstream gradients that are rounded to half.

    python3 half.py [OUT_DIR]                           # default: half/ beside this file

Computed in float64 and rounded once, to half, so they are the truth to half an ulp of it. What is f32 beside an x of halves, the
parameters and statistics of batch normalization, is kept as f32.
"""
import pathlib, sys
import torch
import generate

HALF_IN_BATCH_NORM = {"input.x", "output.y", "dy.y", "grad.x"}


def rounded(v):
    return v.half().double() if v.is_floating_point() else v


class Halves(generate.Book):
    def randn(self, g, *shape, scale=1.0):
        return rounded(super().randn(g, *shape, scale=scale))

    def case(self, op, name, fn, inputs, *rest, **more):
        super().case(op, name, fn, {k: rounded(v) for k, v in inputs.items()}, *rest, **more)

    def save(self, op, name, tensors, meta):
        half = lambda k, v: v.is_floating_point() and (op != "batch_norm" or k in HALF_IN_BATCH_NORM)
        super().save(op, name, {k: v.half() if half(k, v) else v for k, v in tensors.items()}, meta)


if __name__ == "__main__":
    out = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent / "half"
    book = Halves(out, seed=0)
    generate.operations(book)
    print(f"{book.count} cases -> {out}")
