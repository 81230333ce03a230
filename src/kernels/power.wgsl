// power: y = factor * x^exponent, elementwise; with the slot changed times dy: a gradient.
//   x, dy, y (count), as vec4; without a gradient dy is not read
// One thread owns four vec4 of the result, a workgroup apart. Negative x have whole powers only, others are NaN. The language's
// own pow knows no negative x, and is off by parts in 100,000 where the result is large or small.

const GRADIENT: bool = false; // slot
const MOST_FACTORS: f32 = 64.0;

alias T = f32; // slot
struct Params { count: u32, exponent: f32, factor: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<T>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

// By multiplication: exact where the result is.
fn whole_power(x: vec4f) -> vec4f {
  var square = x;
  var product = vec4f(1.0);
  for (var n = u32(abs(p.exponent)); n > 0u; n >>= 1u) {
    if ((n & 1u) == 1u) { product *= square; }
    square *= square;
  }
  return select(product, 1.0 / product, p.exponent < 0.0);
}

// Of a = 2^k (1 + f) > 0: exponent * k is taken apart into a whole number and an exact rest, so that the error is about that of
// exponent * log2(1 + f).
fn any_power(a: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(a) + 0x4afb0du; // 1 + f is from the root of 1/2 to that of 2
  let k = vec4f(vec4i(bits >> vec4u(23u)) - 127);
  let f = bitcast<vec4f>((bits & vec4u(0x7fffffu)) + 0x3f3504f3u) - 1.0;
  let s = f / (2.0 + f);
  let z = s * s;
  let series = z * (0.66666663 + z * (0.40000972 + z * (0.28498787 + z * 0.24279079)));
  let half = 0.5 * f * f;
  let log2_of_f = 1.442695 * (f - (half - s * (half + series)));
  let coarse = bitcast<f32>(bitcast<u32>(p.exponent) & 0xfffff000u); // twelve bits: its product with k is exact
  let whole = round(coarse * k);
  let rest = clamp((coarse * k - whole) + ((p.exponent - coarse) * k + p.exponent * log2_of_f), vec4f(-300.0), vec4f(300.0));
  let steps = clamp(whole + round(rest), vec4f(-252.0), vec4f(252.0));
  let less = floor(0.5 * steps);
  let scale = bitcast<vec4f>((vec4i(less) + 127) << vec4u(23u));
  let more = bitcast<vec4f>((vec4i(steps - less) + 127) << vec4u(23u));
  return exp2(rest - round(rest)) * scale * more;
}

fn power(x: vec4f) -> vec4f {
  let whole = p.exponent == round(p.exponent);
  if (whole && abs(p.exponent) <= MOST_FACTORS) { return whole_power(x); }
  let a = abs(x);
  let unbounded = bitcast<vec4u>(a) >= vec4u(0x7f800000u); // or NaN
  let size = select(any_power(a), select(1.0 / a, a, p.exponent > 0.0), unbounded | (a == vec4f()));
  let below = bitcast<vec4i>(x) < vec4i(); // negative, -0 too
  if (whole) {
    let odd = abs(p.exponent) < 0x1p24f && (i32(p.exponent) & 1) == 1;
    return select(size, -size, below & vec4<bool>(odd));
  }
  let nan = bitcast<vec4f>(bitcast<vec4u>(x) | vec4u(0x7fc00000u));
  let root = abs(p.exponent) == 0.5; // of minus infinity NaN; its other powers are those of infinity
  return select(size, nan, below & (a != vec4f()) & (!unbounded | vec4<bool>(root)));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u >= p.count) { return; }
    let value = p.factor * power(vec4f(x[i]));
    if (GRADIENT) { y[i] = vec4<T>(value * vec4f(dy[i])); } else { y[i] = vec4<T>(value); }
  }
}
