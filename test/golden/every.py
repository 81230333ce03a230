"""One line a case: PyTorch's call, and the call of wgrad that must give the same.

Files are every/<export>.<case>.safetensors. Their args say how wgrad is called: "run" is the name of the export, "with" its
arguments in order, where "$x" stands for input.x; a layer's own tensors are input.state.<PyTorch's name>.
"""
import math
import torch
import torch.nn.functional as F
from pointwise import ONE

NAN, INF = math.nan, math.inf
# What is lost where it is lost; huge ones whose squares, and small ones whose squares, f32 cannot hold.
EDGES = [NAN, INF, -INF, 0.0, -0.0, 1.5e38, -1.5e38, 1e30, 1e-30, -1e-30, 1e5, -1e5, 100.0, -100.0, 17.0, -17.0, 1e-6, -1e-8, 0.5, 1.0]
# Whose sine f32 knows.
ANGLES = [NAN, INF, -INF, 0.0, -0.0, 1e-30, -1e-30, 1e5, -1e5, 99999.5, 1e4, 3.14159274, 1.57079637, 1e-6, -1e-8, 0.5]


def f32(values):
    return torch.tensor(values, dtype=torch.float32).double()


def every(b):
    def case(name, fn, *call, frozen=(), terms=0, **inputs):
        """fn gets the inputs by name; those given as a shape are drawn, as a list are those values. `terms` is how many a
        sum has; without it each value is held against itself."""
        g = b.rng("every/" + name)
        made = {}
        for key, value in inputs.items():
            if torch.is_tensor(value):
                made[key] = value
            elif isinstance(value, tuple):
                made[key] = b.randn(g, *value)
            else:
                made[key] = f32(value)
        b.case("every", name, fn, made, {"run": name.split(".")[0], "with": list(call), "terms": terms}, frozen=frozen)

    # Arithmetic
    pairs = [(x, y) for x in (NAN, INF, -INF, 0.0, -0.0, 3e38, 1e-30, 2.0) for y in (NAN, INF, -INF, 0.0, -0.0, 3e38, 1e-30, -0.5)]
    a, c = [p[0] for p in pairs], [p[1] for p in pairs]
    two = {"maximum": torch.maximum, "minimum": torch.minimum}
    for n, f in {**two, "add": torch.add, "sub": torch.sub, "mul": torch.mul, "div": torch.div}.items():
        case(n + ".edges", lambda a, b, f=f: f(a, b), "$a", "$b", a=a, b=c)
    for n, f in two.items():
        case(n + ".rows", lambda a, b, f=f: f(a, b), "$a", "$b", a=(4, 5), b=(5,))
    case("maximum.ties", lambda a, b: torch.maximum(a, b), "$a", "$b", a=[1, 2, -3, 0], b=[1, 1, -3, -0.0])
    case("minimum.ties", lambda a, b: torch.minimum(a, b), "$a", "$b", a=[1, 2, -3, 0], b=[1, 1, -3, -0.0])
    for n in ("eq", "ne", "gt", "ge", "lt", "le"):
        f = getattr(torch, n)
        case(n + ".edges", lambda a, b, f=f: f(a, b).double(), "$a", "$b", a=a, b=c, frozen=("a", "b"))
        case(n + ".number", lambda a, f=f: f(a, 0.5).double(), "$a", 0.5, a=[NAN, INF, -INF, 0.5, 0.25, 0.75], frozen=("a",))
    case("add.number", lambda a: a + 2.5, "$a", 2.5, a=(3, 4))
    case("sub.number", lambda a: 2.5 - a, 2.5, "$a", a=(3, 4))
    case("mul.number", lambda a: a * -1.5, "$a", -1.5, a=(3, 4))
    case("div.number", lambda a: 2.5 / a, 2.5, "$a", a=[0.5, -2, 1e20, 1e-20, -0.0, INF, NAN])
    case("where.rows", lambda c, a, b: torch.where(c != 0, a, b), "$c", "$a", "$b", c=[[1, 0, 1], [0, 0, 1]], a=(2, 3), b=(3,), frozen=("c",))
    case("where.edges", lambda c, a, b: torch.where(c != 0, a, b), "$c", "$a", "$b", c=[1, 0, NAN, -0.0, INF], a=[1, NAN, INF, -INF, 5], b=[NAN, 2, -INF, 7, NAN], frozen=("c",))

    # Functions of one tensor
    for n, f in ONE.items():
        if n in ("sin", "cos"):
            continue  # f32 does not know the sine of most EDGES: their angles follow
        # 1 - y of a y that f32 rounds to 1 is 0, in PyTorch's float32 as well.
        lost = {"sigmoid": [17], "tanh": [17, -17]}.get(n, [])
        case(n + ".edges", lambda x, f=f: f(x), "$x", x=[v for v in EDGES if v not in lost])
    case("sin.edges", lambda x: torch.sin(x), "$x", terms=1, x=ANGLES)
    case("cos.edges", lambda x: torch.cos(x), "$x", terms=1, x=ANGLES)
    case("leakyRelu.edges", lambda x: F.leaky_relu(x, 0.1), "$x", 0.1, x=EDGES)
    case("leakyRelu.default", lambda x: F.leaky_relu(x), "$x", x=(5, 7))
    case("elu.edges", lambda x: torch.where(x > 0, x, 0.5 * torch.expm1(x.clamp(max=0))), "$x", 0.5, x=EDGES[1:])
    case("elu.default", lambda x: F.elu(x), "$x", x=(5, 7))
    case("clamp.edges", lambda x: torch.clamp(x, -0.5, 0.8), "$x", -0.5, 0.8, x=EDGES)
    case("clamp.crossed", lambda x: torch.clamp(x, 1, -1), "$x", 1, -1, x=(3, 4), frozen=("x",))
    for e in (-2, -1, -0.5, 0, 0.5, 1, 1.7, 2, 2.5, 3, 4):
        # PyTorch's 1 / sqrt(-0) is -Infinity; IEEE's pow(-0, -0.5), and ours, Infinity.
        edges = [v for v in EDGES if not (e == -0.5 and v == 0)]
        case(f"pow.{e}", lambda x, e=e: torch.pow(x, e), "$x", e, x=edges + [2.0, -2.0, 3.0, -0.7])

    # Reductions
    case("variance.rows", lambda x: torch.var(x, 1), "$x", 1, terms=40, x=(5, 40))
    case("variance.population", lambda x: torch.var(x, (0, 2), unbiased=False, keepdim=True), "$x", [0, 2], {"correction": 0, "keepDim": True}, terms=20, x=(3, 4, 5))
    case("variance.all", lambda x: torch.var(x), "$x", terms=42, x=(6, 7))
    case("variance.offset", lambda x: torch.var(x), "$x", x=[1e5 + i % 2 for i in range(1000)], frozen=("x",))
    # A mean of 1000.5 is rounded to 6e-5, and what is left of x by it is half.
    case("variance.nearOffset", lambda x: torch.var(x), "$x", terms=20_000, x=[1e3 + i % 2 for i in range(1000)])
    case("mean.offset", lambda x: torch.mean(x), "$x", x=[1e7 + i % 2 for i in range(1000)])
    case("variance.edges", lambda x: torch.var(x, 1), "$x", 1, x=[[INF, 1, 2], [NAN, 1, 2], [3, 3, 3]])
    case("norm.all", lambda x: torch.linalg.vector_norm(x), "$x", x=(6, 7))
    case("norm.rows", lambda x: torch.linalg.vector_norm(x, dim=1, keepdim=True), "$x", 1, True, x=(5, 40))
    case("norm.edges", lambda x: torch.linalg.vector_norm(x, dim=1), "$x", 1, x=[[0, 0], [1e-25, 1e-25], [1e30, -1e30], [INF, 1], [NAN, 1], [3, 4]])
    rows = [[1, NAN, 2], [NAN, NAN, 0], [INF, INF, 1], [-INF, 3, -INF], [2, 2, 1], [-0.0, 0.0, -1]]
    for n in ("amax", "amin"):
        f = getattr(torch, n)
        case(n + ".edges", lambda x, f=f: f(x, 1), "$x", 1, x=rows)
        case(n + ".all", lambda x, f=f: f(x), "$x", x=(6, 7))
    for n in ("argmax", "argmin"):
        f = getattr(torch, n)
        case(n + ".edges", lambda x, f=f: f(x, 1), "$x", 1, x=rows, frozen=("x",))
        case(n + ".columns", lambda x, f=f: f(x, 0, keepdim=True), "$x", 0, True, x=(40, 5), frozen=("x",))
        case(n + ".default", lambda x, f=f: f(x, -1), "$x", x=(3, 4, 5), frozen=("x",))
    case("sum.edges", lambda x: torch.sum(x, 1), "$x", 1, x=[[1, NAN], [INF, 1], [INF, -INF], [3e38, 3e38], [-0.0, 0.0]])
    case("sumTo.rows", lambda x: x.sum_to_size(3, 1, 5), "$x", [3, 1, 5], terms=8, x=(2, 3, 4, 5))

    # Shapes
    case("reshape.rows", lambda x: x.reshape(4, -1), "$x", [4, -1], x=(2, 2, 6))
    case("flatten.all", lambda x: torch.flatten(x), "$x", x=(2, 3, 4))
    case("flatten.some", lambda x: torch.flatten(x, 1, -2), "$x", 1, -2, x=(2, 3, 4, 5))
    case("unsqueeze.middle", lambda x: torch.unsqueeze(x, -2), "$x", -2, x=(2, 3))
    case("squeeze.all", lambda x: torch.squeeze(x), "$x", x=(1, 2, 1, 3))
    case("squeeze.one", lambda x: torch.squeeze(x, -2), "$x", -2, x=(1, 2, 1, 3))
    case("permute.four", lambda x: torch.permute(x, (2, 0, -1, 1)), "$x", [2, 0, -1, 1], x=(2, 3, 4, 5))
    case("transpose.default", lambda x: torch.transpose(x, -2, -1), "$x", x=(2, 3, 4))
    case("transpose.outer", lambda x: torch.transpose(x, 0, 2), "$x", 0, 2, x=(2, 3, 4))
    case("slice.steps", lambda x: x[1:5:2, :, -3:], "$x", [1, 5, 2], None, [-3, 5], x=(6, 2, 5))
    case("slice.beyond", lambda x: x[-9:99, 2:2], "$x", [-9, 99], [2, 2], x=(3, 4), frozen=("x",))
    case("concat.columns", lambda a, b: torch.cat([a, b, a], -1), ["$a", "$b", "$a"], -1, a=(2, 3), b=(2, 1))
    case("stack.middle", lambda a, b: torch.stack([a, b], 1), ["$a", "$b"], 1, a=(2, 3), b=(2, 3))
    case("pad.two", lambda x: F.pad(x, (1, 2, 0, 3), value=-1.5), "$x", [[0, 3], [1, 2]], -1.5, x=(2, 3, 4))
    case("broadcastTo.rows", lambda x: torch.broadcast_to(x, (4, 3, 2)), "$x", [4, 3, 2], x=(3, 1))
    case("cast.towardsZero", lambda x: x.int(), "$x", "i32", x=[1.9, -1.9, 0.5, -0.5, 2e9, -2e9], frozen=("x",))
    case("cast.exact", lambda x: x.double(), "$x", "f32", x=torch.tensor([2**31 - 1, -(2**31), 16777217, 7], dtype=torch.int32))
    case("oneHot.three", lambda x: F.one_hot(x.long(), 3).double(), "$x", 3, x=torch.tensor([[0, 2], [1, 1]], dtype=torch.int32))

    case("bincount.labels", lambda x: torch.bincount(x.long().flatten(), minlength=7)[:7], "$x", 7, x=(torch.arange(360) * 7919 % 11).int().reshape(5, 72))

    # Tensors made of nothing
    case("zeros.two", lambda: torch.zeros(2, 3), [2, 3])
    case("ones.two", lambda: torch.ones(2, 3), [2, 3])
    case("full.edges", lambda: torch.full((3,), 0.1), [3], 0.1)
    case("zerosLike.two", lambda x: torch.zeros_like(x), "$x", x=(2, 3), frozen=("x",))
    case("onesLike.two", lambda x: torch.ones_like(x), "$x", x=(2, 3), frozen=("x",))
    case("arange.end", lambda: torch.arange(5.0), 5)
    case("arange.steps", lambda: torch.arange(1, 2.05, 0.1), 1, 2.05, 0.1)
    case("arange.down", lambda: torch.arange(3, -4, -2.0), 3, -4, -2)
    case("linspace.five", lambda: torch.linspace(-1, 2, 5, dtype=torch.float64), -1, 2, 5)
    case("linspace.many", lambda: torch.linspace(0, 1, 101, dtype=torch.float64), 0, 1, 101)
    case("eye.three", lambda: torch.eye(3), 3)
    case("dropout.evaluation", lambda x: F.dropout(x, 0.5, training=False), "$x", 0.5, {"training": False}, x=(3, 4))
    case("dropout.everything", lambda x: F.dropout(x, 1.0, training=True), "$x", 1, {"training": True}, x=(3, 4))

    # Products, windows, norms, losses
    case("linear.noBias", lambda x, w: F.linear(x, w), "$x", "$w", terms=5, x=(4, 5), w=(3, 5))
    case("linear.vector", lambda x, w, c: F.linear(x, w, c), "$x", "$w", "$c", terms=5, x=(5,), w=(3, 5), c=(3,))
    case("matmul.vectors", lambda a, b: a @ b, "$a", "$b", terms=40, a=(40,), b=(40,))
    case("matmul.edges", lambda a, b: a @ b, "$a", "$b", terms=3, a=[[NAN, 1, 0], [INF, 1, 2], [0, 0, 0], [1e30, 1, 1]], b=[[1, 0], [2, INF], [3, 1]])
    case("conv2d.edges", lambda x, w: F.conv2d(x, w), "$x", "$w", None, {}, terms=6, x=[[[[NAN, 1, 2, 3], [4, 5, 6, INF], [1, 2, 3, 4]]]], w=(2, 1, 2, 2))
    case("maxPool2d.edges", lambda x: F.max_pool2d(x, 2), "$x", {"kernelSize": 2}, x=[[[[NAN, 1, 2, NAN, -INF, -INF], [3, NAN, INF, 4, -INF, -INF]]]])
    case("maxPool2d.dilated", lambda x: F.max_pool2d(x, 2, 1, 1, dilation=2), "$x", {"kernelSize": 2, "stride": 1, "padding": 1, "dilation": 2}, x=(1, 2, 6, 5))
    case("avgPool2d.insideOnly", lambda x: F.avg_pool2d(x, 3, 2, 1, ceil_mode=True, count_include_pad=False), "$x",
         {"kernelSize": 3, "stride": 2, "padding": 1, "ceilMode": True, "countIncludePad": False}, terms=9, x=(1, 2, 6, 7))
    case("upsampleNearest2d", lambda x: F.interpolate(x, scale_factor=3, mode="nearest"), "$x", 3, terms=9, x=(2, 3, 5, 7))
    case("adaptiveAvgPool2d.up", lambda x: F.adaptive_avg_pool2d(x, (5, 2)), "$x", [5, 2], terms=9, x=(1, 2, 3, 5))
    case("localResponseNorm.edges", lambda x: F.local_response_norm(x, 3, 1.0, 0.75, 1.0), "$x", {"size": 3, "alpha": 1, "beta": 0.75, "k": 1},
         x=[[[INF], [1], [2], [3], [NAN], [1], [1], [1], [1]]])
    case("batchNorm.evaluation", lambda x, m, v, w, c: F.batch_norm(x, m, v, w, c), "$x", "$m", "$v", "$w", "$c",
         x=[[NAN, 1], [2, INF], [3, 4]], m=[0.5, -1], v=[2, 0.25], terms=6, w=(2,), c=(2,), frozen=("m", "v"))
    rows = [[-INF, 1, 1], [-INF, 1, 1], [INF, 1, 1], [NAN, 1, 1], [1e5 + 1, 1e5, 1e5 + 2], [1e38, -1e38, 3e38], [-INF, -INF, -INF]]
    for n, f in {"softmax": torch.softmax, "logSoftmax": torch.log_softmax}.items():
        case(n + ".edges", lambda x, f=f: f(x, 1), "$x", 1, x=rows)
    target = torch.tensor([1, 0, 0, 2, 1, 2, 1], dtype=torch.int32)
    case("crossEntropy.edges", lambda x, t: F.cross_entropy(x, t.long(), reduction="none"), "$x", "$t", {"reduction": "none"}, x=rows, t=target)
    case("crossEntropy.sumEdges", lambda x, t: F.cross_entropy(x, t.long(), reduction="sum"), "$x", "$t", {"reduction": "sum"}, x=rows[:1] + rows[4:5], t=target[:2])
    case("crossEntropy.smoothedEdges", lambda x, t: F.cross_entropy(x, t.long(), reduction="none", label_smoothing=0.1), "$x", "$t",
         {"reduction": "none", "labelSmoothing": 0.1}, x=rows[:5], t=target[:5])
    case("crossEntropy.picture", lambda x, t: F.cross_entropy(x, t.long(), ignore_index=1), "$x", "$t", {"ignoreIndex": 1},
         x=(2, 4, 3, 2), terms=20, t=torch.tensor([0, 1, 2, 3, 1, 0, 2, 2, 1, 3, 0, 0], dtype=torch.int32).reshape(2, 3, 2))
    case("crossEntropy.nothingCounts", lambda x, t: F.cross_entropy(x, t.long()), "$x", "$t", x=(2, 3), t=torch.tensor([-100, -100], dtype=torch.int32))
    weighted_losses(case, rows, target)
    a, c = [1, NAN, INF, INF, 1e30, 2, -INF], [1, 1, INF, -INF, -1e30, NAN, 3]
    for n, f in {"mseLoss": F.mse_loss, "l1Loss": F.l1_loss}.items():
        case(n + ".edges", lambda x, t, f=f: f(x, t, reduction="none"), "$x", "$t", {"reduction": "none"}, x=a, t=c)
    case("mseLoss.both", lambda x, t: F.mse_loss(x, t), "$x", "$t", terms=12, x=(3, 4), t=(3, 4))
    case("l1Loss.both", lambda x, t: F.l1_loss(x, t), "$x", "$t", x=(3, 4), t=(3, 4))
    case("binaryCrossEntropyWithLogits.both", lambda x, t: F.binary_cross_entropy_with_logits(x, t), "$x", "$t", terms=12, x=(3, 4), t=[[0, 1, 0.5, 0.25]] * 3)
    case("binaryCrossEntropyWithLogits.edges", lambda x, t: F.binary_cross_entropy_with_logits(x, t, reduction="none"), "$x", "$t", {"reduction": "none"},
         x=[NAN, 1e5, -1e5, 100, -100, 0, -0.0], t=[1, 0, 1, 1, 0, 1, 0], frozen=("t",))

    # Gradients clipped in place: x and y are the gradients of two parameters, the norm before comes out
    def clip(name, limit, x, y, how=torch.nn.utils.clip_grad_norm_):
        p = [f32(x).requires_grad_(True), f32(y).requires_grad_(True)]
        for q, grad in zip(p, (x, y)):
            q.grad = f32(grad)
        before = {"x": f32(x), "y": f32(y)}
        total = how(p, limit)
        out = {"x": p[0].grad, "y": p[1].grad, **({} if total is None else {"total": total})}
        b.case("every", name, lambda x, y: out, before, {"run": name.split(".")[0], "with": [["$x", "$y"], limit], "terms": 0}, frozen=("x", "y"))

    clip("clipGradNorm.above", 1, [3, 0], [[4], [-2]])
    clip("clipGradNorm.below", 10, [3, 0], [[4], [-2]])
    clip("clipGradNorm.zero", 1, [0, 0], [[0], [-0.0]])
    clip("clipGradNorm.nan", 1, [NAN, 1], [[2], [3]])
    clip("clipGradNorm.infinite", 1, [INF, 1], [[2], [3]])
    clip("clipGradValue.edges", 0.5, [NAN, INF, -INF, 0.25, 3], [[-4], [-0.0]], torch.nn.utils.clip_grad_value_)
    case("constantInit.value", lambda x: torch.nn.init.constant_(x.clone(), 0.3), "$x", 0.3, x=(2, 3), frozen=("x",))
    case("fanIn.conv", lambda x: torch.tensor(float(torch.nn.init._calculate_fan_in_and_fan_out(x)[0])), "$x", x=(4, 3, 5, 2), frozen=("x",))
    case("tensor.nested", lambda: torch.tensor([[1.5, -2], [0.1, 4]]), [[1.5, -2], [0.1, 4]])
    layers(b)


def weighted_losses(case, rows, target):
    """Class weights, class probabilities as targets, and weights of the two sides of a binary loss."""
    def entropy(name, *, logits, t, w=None, terms=20, **args):
        """PyTorch's arguments in, wgrad's options out."""
        ours = {"reduction": "reduction", "label_smoothing": "labelSmoothing", "ignore_index": "ignoreIndex"}
        options = {**{ours[k]: v for k, v in args.items()}, **({} if w is None else {"weight": "$w"})}
        call = lambda x, t, w=None: F.cross_entropy(x, t if t.is_floating_point() else t.long(), weight=w, **args)
        given = {"x": logits, "t": t, **({} if w is None else {"w": w})}
        case("crossEntropy." + name, call, "$x", "$t", options, terms=terms, frozen=("w",), **given)

    def labels(*shape, classes, ignored=None):
        t = (torch.arange(math.prod(shape)) * 7919 % 101 % classes).int().reshape(shape)
        return t if ignored is None else torch.where(torch.arange(t.numel()).reshape(shape) % 4 == 1, ignored, t).int()

    def probabilities(*shape):
        """Of dim 1, rounded to f32."""
        g = torch.Generator().manual_seed(math.prod(shape))
        p = torch.rand(*shape, generator=g) ** 3
        return (p / p.sum(1, keepdim=True)).double()

    w3, w4 = [0.5, 2.0, 0.25], [1.5, 0.0, 3.0, 0.125]
    for reduction in ("mean", "sum", "none"):
        entropy(f"weights_{reduction}", logits=(7, 3), t=labels(7, classes=3, ignored=-100), w=w3, reduction=reduction)
        entropy(f"weightsSmoothed_{reduction}", logits=(2, 4, 3, 5), t=labels(2, 3, 5, classes=4, ignored=2), w=w4, reduction=reduction, label_smoothing=0.3, ignore_index=2)
        entropy(f"probabilities_{reduction}", logits=(7, 3), t=probabilities(7, 3), reduction=reduction)
        entropy(f"probabilitiesWeighted_{reduction}", logits=(2, 4, 3, 5), t=probabilities(2, 4, 3, 5), w=w4, reduction=reduction, label_smoothing=0.3)
    wide = (torch.arange(1000) % 7 / 4).double()
    entropy("weightsWide", logits=(3, 1000), t=labels(3, classes=1000), w=wide, label_smoothing=0.1, terms=1000)
    entropy("probabilitiesWide", logits=(3, 1000), t=probabilities(3, 1000), w=wide, label_smoothing=0.1, terms=1000)
    entropy("weightsNothing", logits=(2, 3), t=labels(2, classes=1), w=[0, 1, 1])
    entropy("weightsEdges", logits=rows, t=target, w=[2, 3, 0.5], reduction="none")
    entropy("probabilitiesEdges", logits=rows[2:5], t=[[0.5, 0.25, 0.25]] * 3, w=[2, 3, 0.5], reduction="none")
    entropy("probabilitiesOfAny", logits=(3, 4), t=[[2, 0, -1, 0.5], [0, 0, 0, 0], [1, 0, 0, 0]], reduction="none")

    def binary(name, *, x, t, **args):
        """The weights are named as wgrad names them."""
        reduction = args.pop("reduction", "mean")
        ours = {"reduction": reduction, **{k: "$" + k for k in args}}
        call = lambda x, t, weight=None, posWeight=None: F.binary_cross_entropy_with_logits(x, t, weight=weight, pos_weight=posWeight, reduction=reduction)
        case("binaryCrossEntropyWithLogits." + name, call, "$x", "$t", ours, terms=12, frozen=("weight", "posWeight"), x=x, t=t, **args)

    t = [[0, 1, 0.5, 0.25]] * 3
    for reduction in ("mean", "sum", "none"):
        binary(f"weight_{reduction}", x=(3, 4), t=t, weight=[[1], [0.5], [3]], reduction=reduction)
        binary(f"posWeight_{reduction}", x=(3, 4), t=t, posWeight=[4, 0.25, 2, 1], reduction=reduction)
        binary(f"bothWeights_{reduction}", x=(3, 4), t=t, weight=[0.5], posWeight=[[2], [0], [0.01]], reduction=reduction)
    far = [NAN, 1e5, -1e5, 100, -100, 17, -17, 0, -0.0, 1e-6]
    binary("posWeightEdges", x=far * 2, t=[0] * len(far) + [1] * len(far), posWeight=[3], reduction="none")


def layers(b):
    """Layers made with the arguments that both libraries have; state under PyTorch's names goes into wgrad's."""
    nn = torch.nn

    def layer(name, module, x, *call):
        module = module.double().train(not name.endswith(".evaluation"))
        g = b.rng("layer/" + name)
        own = module.state_dict()
        for key, value in own.items():
            if value.is_floating_point():
                drawn = b.randn(g, *value.shape)
                own[key] = drawn.abs() + 0.5 if key.endswith("running_var") else drawn
                own[key] = own[key].float().double()
        module.load_state_dict(own)
        state = {f"state.{k}": v.clone() for k, v in own.items() if v.is_floating_point()}

        def run(x, **_):
            y = module(x)
            after = {k: v.clone() for k, v in module.state_dict().items() if "running" in k}
            return {"y": y, **{f"after.{k}": v for k, v in after.items()}}

        parameters = dict(module.named_parameters())
        b.case("every", name, run, {"x": b.randn(g, *x), **state}, {"run": name.split(".")[0], "with": list(call), "terms": 60}, frozen=tuple(state),
               more=lambda: {f"grad.state.{k}": p.grad for k, p in parameters.items()})

    layer("ReLU.layer", nn.ReLU(), (3, 4))
    layer("LeakyReLU.layer", nn.LeakyReLU(0.2), (3, 4), 0.2)
    layer("GELU.layer", nn.GELU(), (3, 4))
    layer("Sigmoid.layer", nn.Sigmoid(), (3, 4))
    layer("Tanh.layer", nn.Tanh(), (3, 4))
    layer("Flatten.layer", nn.Flatten(), (2, 3, 4))
    layer("Dropout.evaluation", nn.Dropout(), (3, 4))
    layer("Linear.layer", nn.Linear(5, 3), (4, 5), 5, 3)
    layer("Linear.noBias", nn.Linear(5, 3, bias=False), (4, 5), 5, 3, {"bias": False})
    layer("Conv2d.layer", nn.Conv2d(4, 6, 3, stride=2, padding=1, groups=2), (2, 4, 6, 5), 4, 6, 3, {"stride": 2, "padding": 1, "groups": 2})
    layer("Conv2d.noBias", nn.Conv2d(2, 3, (3, 2), dilation=2, bias=False), (1, 2, 6, 5), 2, 3, [3, 2], {"dilation": 2, "bias": False})
    layer("MaxPool2d.layer", nn.MaxPool2d(3, 2), (1, 2, 7, 7), 3, {"stride": 2})
    layer("AvgPool2d.layer", nn.AvgPool2d(2), (1, 2, 6, 6), 2)
    layer("AdaptiveAvgPool2d.layer", nn.AdaptiveAvgPool2d(2), (1, 2, 5, 7), 2)
    layer("LocalResponseNorm.layer", nn.LocalResponseNorm(5), (2, 7, 3), 5)
    layer("BatchNorm1d.layer", nn.BatchNorm1d(3), (6, 3), 3)
    layer("BatchNorm2d.layer", nn.BatchNorm2d(3, eps=1e-3, momentum=0.3), (2, 3, 4, 4), 3, {"eps": 1e-3, "momentum": 0.3})
    layer("BatchNorm2d.evaluation", nn.BatchNorm2d(3), (2, 3, 4, 4), 3)
