#!/usr/bin/env bash
# bench/gpu.sh [FOLDER]: what a machine with a GPU can tell of wgrad, what is worth most first: whether the answers are
# right there, every kernel's share of the card's peak, the variants of products and convolutions, whole steps beside
# PyTorch's and the peers', and a training run. At most thirteen minutes; a part that is cut short leaves what it had. Needs Node 20, the
# built project (`npm run build`) and, for the rival, a python3 with torch. bench/results/ by default.
set -uo pipefail
cd "$(dirname "$0")/.."
out=${1:-bench/results}
[[ -d build ]] || npm run --silent build
mkdir -p "$out"

# part FILE SECONDS COMMAND...: runs it, into a file as well; says so when it fails or is out of time.
part() {
  local file=$1 seconds=$2 start=$SECONDS
  shift 2
  echo "== ${*/#build\//}"
  timeout --kill-after=5 "$seconds" "$@" 2>&1 | grep -v 'artificially reduced from' | tee "$out/$file"
  local code=${PIPESTATUS[0]}
  ((code == 0)) || echo "(exit code $code after $((SECONDS - start)) s, of at most $seconds)" | tee -a "$out/$file"
}

bench() { # bench NAME SECONDS ARGUMENTS...
  local name=$1 seconds=$2
  shift 2
  part "$name.txt" "$seconds" node build/bench/main.js --json "$out/$name.json" "$@"
}

part adapter.txt 30 node build/src/cli/doctor.js
part tests.txt 150 node --enable-source-maps build/test/run.js ops/ kernels/ autograd/ layers/ optim/ models/
bench products 100 --rounds 5 gemm fc conv
bench networks 60 --rounds 5 networks data
if python3 -c 'import torch; assert torch.cuda.is_available()' 2>/dev/null; then
  part pytorch.txt 60 python3 bench/pytorch-alexnet.py
fi
if [[ -d bench/peers/node_modules ]]; then
  bench peers 60 --rounds 3 --peer 'tfjs webgpu' --peer 'jax-js webgpu' 'gemm 1024 NN' 'gemm 4096 NN' conv2 conv3
fi
for variant in subgroup tiled; do
  bench "products-$variant" 45 --rounds 3 --variant "$variant" 'gemm 1024' 'gemm 4096' conv
done
bench layers 60 --rounds 5 pooling normalization pointwise losses optimizers reductions
part training.txt 90 node build/examples/dogcat.js --preset quick --epochs 4 --out "$out/run"
part tests-host.txt 120 node --enable-source-maps build/test/run.js device/ tensor/ train/ io/
