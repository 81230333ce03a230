"""torchvision's transforms of PIL's pictures, at five sizes:

    apt-get install -y python3-torchvision python3-pil     # Debian's: torchvision 0.14.1, Pillow 9.4
    python3 transforms.py [OUT_DIR]                         # default: this folder; writes transforms/*.safetensors

A file is a case. Its output.<width>x<height> is what comes of the picture of that size, planes of bytes (3, height, width), or
float32 behind ToTensor; with crops (5 or 10, 3, height, width). Its args say how wgrad is called: "transform" is the plain
data of one and "drawn" what torchvision drew for each size; or "run" names a function of one picture and "with" its arguments.
Pictures are made of whole numbers by `picture`, which transforms.test.ts has as well.
"""
import pathlib, sys
import numpy as np
import PIL.Image
import torch
import torchvision
import torchvision.transforms as T
import torchvision.transforms.functional as F
from torchvision.transforms import InterpolationMode as Mode, autoaugment
from generate import formula, save_safetensors

SIZES = [(5, 8), (17, 13), (32, 32), (45, 31), (64, 48)]
OUT = pathlib.Path(sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parent) / "transforms"
MODES = {"nearest": Mode.NEAREST, "bilinear": Mode.BILINEAR, "bicubic": Mode.BICUBIC}


def byte(n, salt):
    return np.minimum(255, np.floor((formula(n, salt, 1.0).astype(np.float64) + 1) * 128)).astype(np.int64)


def picture(width, height):
    """Cells of five pixels, a slope and noise; some cells are grey, and two in sixteen black or white."""
    c, y, x = np.mgrid[0:3, 0:height, 0:width]
    cell = (y // 5) * 64 + x // 5
    value = (2 * byte(3 * 4096, 1)[c * 4096 + cell] + (6 * x + 4 * y + 80 * c) % 256 + byte(3 * height * width, 2).reshape(c.shape)) // 4
    kind = byte(4096, 3)[cell] // 16
    value = np.where(kind < 3, value[0], value)
    planes = np.where(kind == 3, 0, np.where(kind == 4, 255, value))
    return PIL.Image.fromarray(planes.transpose(1, 2, 0).astype(np.uint8))


def planes(result):
    if isinstance(result, (tuple, list)):
        return np.stack([planes(one) for one in result])
    return result.numpy() if torch.is_tensor(result) else np.asarray(result).transpose(2, 0, 1)


def save(name, args, outputs):
    tensors = {f"output.{width}x{height}": planes(result) for (width, height), result in outputs.items()}
    versions = {"torch": torch.__version__, "torchvision": torchvision.__version__, "pillow": PIL.__version__}
    save_safetensors(OUT / f"{name}.safetensors", tensors, {"op": "transforms", "args": args, **versions})


def case(name, options, transform, drawn=None, sizes=SIZES, numbers=False):
    """`drawn(seen)` is our form of what `recorded` has seen; a transform that draws is seeded for each size."""
    outputs, parameters = {}, {}
    for seed, size in enumerate(sizes):
        torch.manual_seed(1000 + seed + sum(map(ord, name)))
        start = picture(*size)
        seen.clear()
        outputs[size] = transform(F.to_tensor(start) if numbers else start)
        if drawn:
            parameters["%dx%d" % size] = drawn(list(seen), size)
    save(name, {"transform": {"name": name.split(".")[0], "options": options}, **({"drawn": parameters} if drawn else {})}, outputs)


def run(name, arguments, function):
    """A function of one picture: name.anything."""
    save(name, {"run": name.split(".")[0], "with": arguments}, {size: function(picture(*size)) for size in SIZES})


# ---- what torchvision draws is written down as it is drawn ---------------------------------------------------------

seen = []


def recorded(owner, method):
    """Lets a method of torchvision's write down what it is called with and what it returns."""
    real = getattr(owner, method)

    def call(*args, **kwargs):
        result = real(*args, **kwargs)
        seen.append((args, result))
        return result
    setattr(owner, method, staticmethod(call) if isinstance(owner, type) else call)


for kind in (T.RandomResizedCrop, T.RandomCrop, T.ColorJitter, T.RandomErasing):
    recorded(kind, "get_params")
recorded(autoaugment, "_apply_op")
recorded(torch, "rand")


def box(drawn, size):
    top, left, height, width = drawn[-1][1]
    return {"top": top, "left": left, "width": width, "height": height}


def place(drawn, size):
    top, left, _, _ = drawn[-1][1]
    return {"top": top, "left": left}


def flip(p):
    return lambda drawn, size: {"flip": drawn[-1][1].item() < p}


def jitter(drawn, size):
    order, *factors = drawn[-1][1]
    names = ["brightness", "contrast", "saturation", "hue"]
    return {"steps": [[names[i], factors[i]] for i in order.tolist() if factors[i] is not None]}


def ops(drawn, size):
    return {"steps": [[op, magnitude] for (_, op, magnitude, *_), _ in drawn]}


def erased(drawn, size):
    if len(drawn) == 1:  # the chance alone
        return {"part": None}
    top, left, height, width, values = drawn[-1][1]
    if (height, width) == (size[1], size[0]):  # no try did fit
        return {"part": None}
    one = values.flatten().tolist()
    return {"part": {"top": top, "left": left, "width": width, "height": height, "values": one * 3 if len(one) == 1 else one}}


# ---- the cases -----------------------------------------------------------------------------------------------------

def sizes():
    large = SIZES + [(200, 150)]
    case("Resize.shrink", {"size": 4}, T.Resize(4))
    case("Resize.both", {"size": [20, 37]}, T.Resize([20, 37]))
    case("Resize.enlarge", {"size": 53}, T.Resize(53))
    for mode, value in MODES.items():
        case("Resize." + mode, {"size": [11, 29], "interpolation": mode}, T.Resize([11, 29], value))
        case("RandomResizedCrop." + mode, {"size": 21, "interpolation": mode}, T.RandomResizedCrop(21, interpolation=value), box)
    case("RandomResizedCrop.default", {"size": 115}, T.RandomResizedCrop(115), box, sizes=[(200, 150)])
    case("RandomResizedCrop.small", {"size": [9, 14], "scale": [0.3, 0.9]}, T.RandomResizedCrop((9, 14), scale=(0.3, 0.9)), box, sizes=large)
    case("RandomResizedCrop.middle", {"size": 12, "scale": [0.9, 1], "ratio": [3, 4]}, T.RandomResizedCrop(12, (0.9, 1), (3.0, 4.0)), box)
    case("RandomResizedCrop.upright", {"size": 12, "scale": [0.9, 1], "ratio": [0.2, 0.3]}, T.RandomResizedCrop(12, (0.9, 1), (0.2, 0.3)), box)


def crops():
    case("CenterCrop.square", {"size": 4}, T.CenterCrop(4))
    case("CenterCrop.odd", {"size": [7, 2]}, T.CenterCrop((7, 2)))
    case("CenterCrop.larger", {"size": [20, 36]}, T.CenterCrop((20, 36)))
    case("FiveCrop.default", {"size": [4, 5]}, T.FiveCrop((4, 5)))
    case("TenCrop.default", {"size": [5, 4]}, T.TenCrop((5, 4)))
    case("TenCrop.vertical", {"size": 3, "verticalFlip": True}, T.TenCrop(3, vertical_flip=True))
    case("RandomCrop.plain", {"size": [6, 4]}, T.RandomCrop((6, 4)), place)
    case("RandomCrop.whole", {"size": 13, "padding": 4, "fill": [9, 90, 200]}, T.RandomCrop(13, padding=4, fill=(9, 90, 200)), place)
    for mode in ("constant", "edge", "reflect", "symmetric"):
        for name, padding in (("sides", [3, 1]), ("four", [1, 4, 2, 3])):
            case(f"RandomCrop.{mode}_{name}", {"size": [9, 8], "padding": padding, "paddingMode": mode, "fill": 77},
                 T.RandomCrop((9, 8), padding=padding, padding_mode=mode, fill=77), place)
        case("RandomCrop.needed_" + mode, {"size": [20, 34], "padding": 2, "padIfNeeded": True, "paddingMode": mode},
             T.RandomCrop((20, 34), padding=2, pad_if_needed=True, padding_mode=mode), place)
    for p in (0.5, 1.0):
        case(f"RandomHorizontalFlip.{p}", {"p": p}, T.RandomHorizontalFlip(p), flip(p))
        case(f"RandomVerticalFlip.{p}", {"p": p}, T.RandomVerticalFlip(p), flip(p))


def colours():
    for factor in (0, 0.35, 1, 1.9):
        run(f"adjustBrightness.{factor}", [factor], lambda x: F.adjust_brightness(x, factor))
        run(f"adjustContrast.{factor}", [factor], lambda x: F.adjust_contrast(x, factor))
        run(f"adjustSaturation.{factor}", [factor], lambda x: F.adjust_saturation(x, factor))
        run(f"adjustSharpness.{factor}", [factor], lambda x: F.adjust_sharpness(x, factor))
    for factor in (-0.5, -0.13, 0, 0.31, 0.5):
        run(f"adjustHue.{factor}", [factor], lambda x: F.adjust_hue(x, factor))
    case("ColorJitter.all", {"brightness": 0.4, "contrast": 0.4, "saturation": 0.4, "hue": 0.1}, T.ColorJitter(0.4, 0.4, 0.4, 0.1), jitter)
    case("ColorJitter.ranges", {"brightness": [0.2, 3], "saturation": [1, 1], "hue": [-0.5, 0.4]},
         T.ColorJitter(brightness=(0.2, 3), saturation=(1, 1), hue=(-0.5, 0.4)), jitter)
    for bits in (0, 1, 4, 8):
        run(f"posterize.{bits}", [bits], lambda x: F.posterize(x, bits))
    for threshold in (0, 128, 178.5, 255):
        run(f"solarize.{threshold}", [threshold], lambda x: PIL.ImageOps.solarize(x, threshold))
    run("autocontrast.all", [], F.autocontrast)
    run("equalize.all", [], F.equalize)


def places():
    for mode in ("nearest", "bilinear"):
        how, of = {"interpolation": mode, "fill": [10, 120, 230]}, {"interpolation": MODES[mode], "fill": [10, 120, 230]}
        for degrees in (0, 17.5, 90, -30, 180, 271):
            run(f"rotate.{mode}_{degrees}", [degrees, how], lambda x: F.rotate(x, degrees, **of))
        for op, amount in (("ShearX", 0.21), ("ShearY", -0.3), ("TranslateX", 3.9), ("TranslateY", -2.2)):
            name = op[0].lower() + op[1:]
            run(f"{name}.{mode}", [amount, how], lambda x: autoaugment._apply_op(x, op, amount, of["interpolation"], of["fill"]))
    for i in range(12):
        case(f"RandAugment.default_{i}", {}, T.RandAugment(), ops)
    case("RandAugment.strong", {"numOps": 4, "magnitude": 10, "numMagnitudeBins": 11, "interpolation": "bilinear", "fill": 128},
         T.RandAugment(4, 10, 11, Mode.BILINEAR, 128), ops)


def shift(scale):
    """The paper's colour shift, in NumPy: there is none in torchvision."""
    amounts = [0.13, -0.07, 0.21]
    axes = np.array([[2, 1, 2], [-2, 2, 1], [1, 2, -2]]) / 3
    colours = {"mean": [120, 110, 100], "std": [60, 58, 61], "axes": axes.tolist(), "axisStd": [95, 20, 9]}
    lengths = np.array(colours["axisStd"]) / 255
    colour = (np.array(amounts) * (lengths**2 if scale == "eigenvalue" else lengths)) @ axes
    case("ColourShift." + scale, {"colours": colours, "scale": scale}, lambda x: (x.double() + torch.tensor(colour)[:, None, None]).float(),
         lambda drawn, size: {"amounts": amounts}, numbers=True)


def numbers():
    mean, std = [0.485, 0.456, 0.406], [0.229, 0.224, 0.225]
    case("ToTensor.default", {}, T.ToTensor())
    case("Normalize.imagenet", {"mean": mean, "std": std}, T.Normalize(mean, std), numbers=True)
    case("RandomErasing.default", {"p": 0.7}, T.RandomErasing(p=0.7), erased, numbers=True)
    case("RandomErasing.colour", {"p": 1, "value": [0.1, -2, 3]}, T.RandomErasing(p=1, value=(0.1, -2, 3)), erased, numbers=True)
    case("RandomErasing.noise", {"p": 1, "scale": [0.02, 0.06], "value": "random"}, T.RandomErasing(p=1, scale=(0.02, 0.06), value="random"), erased, numbers=True)
    case("RandomErasing.never", {"p": 1, "scale": [0.9, 1], "ratio": [5, 6]}, T.RandomErasing(p=1, scale=(0.9, 1), ratio=(5, 6)), erased, numbers=True)
    shift("deviation")
    shift("eigenvalue")


if __name__ == "__main__":
    sizes(), crops(), colours(), places(), numbers()
    print(f"{len(list(OUT.glob('*.safetensors')))} cases in {OUT}")
