// map: y = f(x), elementwise.        x, y (count), as vec4
// One thread owns four vec4 of the result, a workgroup apart. f may use two parameters.

alias value = vec4f;
alias T = f32; // slot
struct Params { count: u32, alpha: f32, beta: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

fn f(x: vec4f) -> vec4f { return x; } // slot

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); } // shared

// a / b for every b: above 2^126 a division promises nothing (WGSL, 15.7.4), and on one adapter it gives 0.
fn divide(a: value, b: value) -> value { // shared
  let smaller = select(value(1.0), value(0.25), abs(b) > value(8.5e37));
  return (a * smaller) / (b * smaller);
}

// The language's own exp need not pass NaN on, and on one adapter does not. To a part in a million up to |x| of 20.
fn exponential(x: vec4f) -> vec4f { return select(exp(x), x, is_nan(x)); } // shared

// exp(x) - 1 for x <= 0, to an ulp or two: exp(x) loses what is small beside 1. x = n ln 2 + r, and with the series s of
// exp(r) - 1 the result is 2^n s + (2^n - 1).
fn exp_minus_1(x: vec4f) -> vec4f {
  let v = max(x, vec4f(-88.0));
  let n = round(v * 1.442695);
  let r = (v - n * 0.69314575) - n * 1.4286068e-6;
  let rest = r * (0.16666667 + r * (0.041666668 + r * (0.0083333333 + r * (0.0013888889 + r * 0.0001984127))));
  let s = r + r * r * (0.5 + rest);
  let power = bitcast<vec4f>((vec4i(n) + 127) << vec4u(23u));
  return select(power * s + (power - 1.0), x, is_nan(x));
}

// 1 / (1 + exp(-x)), where nothing overflows.
fn sigmoid(x: vec4f) -> vec4f { // shared
  let e = exponential(-abs(x));
  return select(e, vec4f(1.0), x >= vec4f()) / (1.0 + e);
}

// x * sigmoid(x), also where the sigmoid is no normal number any more.
fn silu(x: vec4f) -> vec4f { return divide(x, 1.0 + exponential(-x)); }

// Relative to x, where the language's own has an absolute error.
fn hyperbolic_tangent(x: vec4f) -> vec4f {
  let e = exp_minus_1(-2.0 * abs(x));
  let size = -e / (2.0 + e);
  return select(size, -size, x < vec4f());
}

// log(1 + x) for 0 <= x <= 1, to an ulp or two also near 0: twice the series of the inverse hyperbolic tangent.
fn log_plus_1(x: vec4f) -> vec4f { // shared
  let s = x / (1.0 + 0.5 * x);
  let z = 0.25 * s * s;
  return s * (1.0 + z * (0.33333333 + z * (0.2 + z * (0.14285714 + z * (0.11111111 + z * (0.09090909 + z * 0.07692308))))));
}

// The language's own logarithm may be off by 5e-7 around 1, where it is 0. x = 2^k (1 + f) with 1 + f around 1; the rest
// is the series of fdlibm's logf. log(0) = -infinity, of negative numbers NaN; infinity and NaN stay what they are.
fn logarithm(x: vec4f) -> vec4f {
  let bits = bitcast<vec4u>(x) + 0x4afb0du;
  let k = vec4f(vec4i(bits >> vec4u(23u)) - 127);
  let f = bitcast<vec4f>((bits & vec4u(0x7fffffu)) + 0x3f3504f3u) - 1.0;
  let s = f / (2.0 + f);
  let z = s * s;
  let series = z * (0.66666663 + z * (0.40000972 + z * (0.28498787 + z * 0.24279079)));
  let half = 0.5 * f * f;
  let finite = s * (half + series) + k * 9.0580006e-6 - half + f + k * 0.69313812;
  let nan = bitcast<vec4f>(bitcast<vec4u>(x) | vec4u(0x7fc00000u));
  let positive = select(finite, x, bitcast<vec4u>(x) >= vec4u(0x7f800000u)); // infinity and NaN too
  return select(select(positive, nan, x < vec4f()), -1.0 / abs(x), x == vec4f());
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u < p.count) { y[i] = vec4<T>(f(vec4f(x[i]))); }
  }
}
