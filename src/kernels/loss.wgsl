// loss: y = f(x, t), elementwise: a prediction against its target.        x, t, y (count), as vec4
// One thread owns one vec4 of the result.

struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

fn f(x: vec4f, t: vec4f) -> vec4f { return (x - t) * (x - t); } // slot

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); } // shared

// The language's own exp need not pass NaN on, and on one adapter does not. To a part in a million up to |x| of 20.
fn exponential(x: vec4f) -> vec4f { return select(exp(x), x, is_nan(x)); } // shared

// log(1 + x) for 0 <= x <= 1, to an ulp or two also near 0: twice the series of the inverse hyperbolic tangent.
fn log_plus_1(x: vec4f) -> vec4f { // shared
  let s = x / (1.0 + 0.5 * x);
  let z = 0.25 * s * s;
  return s * (1.0 + z * (0.33333333 + z * (0.2 + z * (0.14285714 + z * (0.11111111 + z * (0.09090909 + z * 0.07692308))))));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u < p.count) { y[i] = f(x[i], t[i]); }
}
