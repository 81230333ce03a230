"""Writes the variations in variations.json: small drawn pictures by libjpeg (cjpeg) and Pillow, and what Pillow reads from them.

Run it here: python3 make.py (needs Pillow, NumPy and cjpeg of libjpeg-turbo). The other files of this folder came with
reference.json from reports of files that were read wrongly.
"""
import base64
import io
import json
import subprocess
import tempfile

import numpy as np
from PIL import Image

WIDTH, HEIGHT = 40, 41
PLACES = [(x, y) for y in (0, 13, 26, 40) for x in (0, 13, 26, 39)]


def drawn():
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([60 + x * 100 // WIDTH, 90 + y * 80 // HEIGHT, 200 - (x + y) * 100 // (WIDTH + HEIGHT)], -1).astype('uint8')


def cjpeg(pixels, *args):
    kind = b'P6' if pixels.ndim == 3 else b'P5'
    ppm = kind + f'\n{WIDTH} {HEIGHT}\n255\n'.encode() + pixels.tobytes()
    return subprocess.run(['cjpeg', '-quality', '95', *args], input=ppm, capture_output=True, check=True).stdout


def reference(file):
    image = Image.open(io.BytesIO(file)).convert('RGB')
    return {
        'file': base64.b64encode(file).decode(),
        'width': image.width,
        'height': image.height,
        'pixels': [list(image.getpixel(place)) for place in PLACES],
    }


scans = tempfile.NamedTemporaryFile('w', suffix='.txt')
scans.write('0;\n1;\n2;\n')
scans.flush()
files = {}
for sampling in ['1x1', '2x1', '1x2', '2x2', '4x1', '1x4', '3x1', '2x1,1x2,1x1', '1x1,2x2,1x1']:
    name = sampling.replace(',', ' ')
    files[f'sampled {name}'] = cjpeg(drawn(), '-sample', sampling)
    files[f'sampled {name}, progressive, restarts'] = cjpeg(drawn(), '-sample', sampling, '-progressive', '-restart', '1')
files['one scan a component'] = cjpeg(drawn(), '-sample', '2x2', '-scans', scans.name)
files['one scan a component, restarts'] = cjpeg(drawn(), '-sample', '2x2', '-scans', scans.name, '-restart', '1')
files['restarts that leave a rest'] = cjpeg(drawn(), '-sample', '2x2', '-restart', '4B')
files['grey, sampled 2x2, restarts that leave a rest'] = cjpeg(drawn()[:, :, 0].copy(), '-grayscale', '-sample', '2x2', '-restart', '7')
files['refused: a scan of one component, restarts that leave a rest'] = cjpeg(
    drawn(), '-sample', '1x4', '-progressive', '-restart', '7B'
)
files['red, green, blue'] = cjpeg(drawn(), '-rgb', '-sample', '1x1')
cmyk = io.BytesIO()
Image.fromarray(drawn()).convert('CMYK').save(cmyk, 'JPEG', quality=95)
files['cmyk'] = cmyk.getvalue()
lines = [f'{json.dumps(name)}: {json.dumps(reference(file))}' for name, file in files.items()]
open('variations.json', 'w').write('{\n' + ',\n'.join(lines) + '\n}\n')
