// cross_entropy_grad: dlogits[n, c] = dloss[n] * (softmax(x)[n, c] * sum(q) - q[c]), and 0 where the target is ignored.
//   logits, dlogits (outer, classes, inner), targets (outer * inner); dloss (outer * inner) or one value for all
//   weight (classes), or any buffer where not WEIGHTED
// One thread owns one row. cross_entropy.wgsl says what q is.

const WEIGHTED: bool = false; // slot

struct Params { count: u32, classes: u32, inner: u32, ignore_index: i32, smoothing: f32, dloss_step: u32, logits_base: u32, targets_base: u32, dloss_base: u32, dlogits_base: u32 }
@group(0) @binding(0) var<storage, read> logits: array<f32>;
@group(0) @binding(1) var<storage, read> targets: array<i32>;
@group(0) @binding(2) var<storage, read> weight: array<f32>;
@group(0) @binding(3) var<storage, read> dloss: array<f32>;
@group(0) @binding(4) var<storage, read_write> dlogits: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

const SHRINK = 5.9604645e-8; // 2^-24

// The sum of exponentials starts at 0, but at NaN if the row has one or its top is infinite: max and exp need not pass that
// on. `all` is the row's sum, made small so that finite numbers do not add up to an infinity.
fn start_of_sum(top: f32, all: f32) -> f32 { // shared
  let bits = bitcast<u32>(select(top, all, is_nan(all)));
  return select(0.0, bitcast<f32>(bits | 0x7fc00000u), (bits & 0x7f800000u) == 0x7f800000u);
}

// What class c counts.
fn class_weight(c: u32) -> f32 { // shared
  if (WEIGHTED) { return weight[c]; }
  return 1.0;
}

// The sum of q over the classes.
fn sum_of_q(target_class: i32, weights: f32) -> f32 { // shared
  let own = class_weight(min(u32(target_class), p.classes - 1u));
  return select(1.0, (1.0 - p.smoothing) * own + p.smoothing * (weights / f32(p.classes)), WEIGHTED);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let row = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (row >= p.count) { return; }
  let at = row / p.inner * p.classes * p.inner + row % p.inner;
  let target_class = targets[p.targets_base + row];
  var top = logits[p.logits_base + at];
  var all = top * SHRINK;
  for (var c = 1u; c < p.classes; c++) {
    let x = logits[p.logits_base + at + c * p.inner];
    top = max(top, x);
    all += x * SHRINK;
  }
  var sum = start_of_sum(top, all);
  var weights = 0.0;
  for (var c = 0u; c < p.classes; c++) {
    sum += exp(logits[p.logits_base + at + c * p.inner] - top);
    weights += class_weight(c);
  }
  let all_q = sum_of_q(target_class, weights);
  let ignored = target_class == p.ignore_index;
  let scale = dloss[p.dloss_base + row * p.dloss_step];
  for (var c = 0u; c < p.classes; c++) {
    let i = at + c * p.inner;
    let q = class_weight(c) * (p.smoothing / f32(p.classes) + select(0.0, 1.0 - p.smoothing, i32(c) == target_class));
    dlogits[p.dlogits_base + i] = select(scale * (exp(logits[p.logits_base + i] - top) / sum * all_q - q), 0.0, ignored);
  }
}
