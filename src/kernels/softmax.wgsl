// softmax: y[o, r, i] = exp(x - top) / sum over r of exp(x - top); with the slot changed, its logarithm.
//   x, y (outer, length, inner)
// One thread owns one row of `length` elements.

alias T = f32; // slot
struct Params { count: u32, length: u32, inner: u32, x_base: u32, y_base: u32 }
@group(0) @binding(0) var<storage, read> x: array<T>;
@group(0) @binding(1) var<storage, read_write> y: array<T>;
@group(1) @binding(0) var<uniform> p: Params;

fn finish(shifted: f32, sum: f32) -> f32 { return exp(shifted) / sum; } // slot: shifted - logarithm(sum)

// The language's own logarithm may be off by 5e-7 around 1. x = 2^k (1 + f) with 1 + f around 1; the rest is the series of
// fdlibm's logf. For finite x >= 1; NaN stays.
fn logarithm(x: f32) -> f32 { // shared
  let bits = bitcast<u32>(x) + 0x4afb0du;
  let k = f32(i32(bits >> 23u) - 127);
  let f = bitcast<f32>((bits & 0x7fffffu) + 0x3f3504f3u) - 1.0;
  let s = f / (2.0 + f);
  let z = s * s;
  let series = z * (0.66666663 + z * (0.40000972 + z * (0.28498787 + z * 0.24279079)));
  let half = 0.5 * f * f;
  return select(s * (half + series) + k * 9.0580006e-6 - half + f + k * 0.69313812, x, is_nan(x));
}

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: f32) -> bool { return (bitcast<u32>(v) & 0x7fffffffu) > 0x7f800000u; } // shared

const SHRINK = 5.9604645e-8; // 2^-24

// The sum of exponentials starts at 0, but at NaN if the row has one or its top is infinite: max and exp need not pass that
// on. `all` is the row's sum, made small so that finite numbers do not add up to an infinity.
fn start_of_sum(top: f32, all: f32) -> f32 { // shared
  let bits = bitcast<u32>(select(top, all, is_nan(all)));
  return select(0.0, bitcast<f32>(bits | 0x7fc00000u), (bits & 0x7f800000u) == 0x7f800000u);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let t = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (t >= p.count) { return; }
  let row = t / p.inner * p.length * p.inner + t % p.inner;
  let at = p.x_base + row;
  var top = f32(x[at]);
  var all = top * SHRINK;
  for (var r = 1u; r < p.length; r++) {
    let value = f32(x[at + r * p.inner]);
    top = max(top, value);
    all += value * SHRINK;
  }
  var sum = start_of_sum(top, all);
  for (var r = 0u; r < p.length; r++) { sum += exp(f32(x[at + r * p.inner]) - top); }
  for (var r = 0u; r < p.length; r++) { y[p.y_base + row + r * p.inner] = T(finish(f32(x[at + r * p.inner]) - top, sum)); }
}
