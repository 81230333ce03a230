// map_grad: dx = df(s, dy), elementwise: dy times the derivative, where s is what the op saved: its x or its y.
//   s, dy, dx (count), as vec4
// One thread owns four vec4 of the result, a workgroup apart.

alias value = vec4f;
alias T = f32; // slot
struct Params { count: u32, alpha: f32, beta: f32 }
@group(0) @binding(0) var<storage, read> s: array<vec4<T>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<T>>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

fn df(s: vec4f, dy: vec4f) -> vec4f { return dy; } // slot

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); } // shared

// a / b for every b: above 2^126 a division promises nothing (WGSL, 15.7.4), and on one adapter it gives 0.
fn divide(a: value, b: value) -> value { // shared
  let smaller = select(value(1.0), value(0.25), abs(b) > value(8.5e37));
  return (a * smaller) / (b * smaller);
}

// The language's own exp need not pass NaN on, and on one adapter does not. To a part in a million up to |x| of 20.
fn exponential(x: vec4f) -> vec4f { return select(exp(x), x, is_nan(x)); } // shared

// 1 / (1 + exp(-x)), where nothing overflows.
fn sigmoid(x: vec4f) -> vec4f { // shared
  let e = exponential(-abs(x));
  return select(e, vec4f(1.0), x >= vec4f()) / (1.0 + e);
}

// The derivative of x * sigmoid(x), as in map.wgsl.
fn silu_slope(x: vec4f) -> vec4f {
  let root = exponential(-0.5 * abs(x));
  let e = root * root;
  let q = 1.0 / (1.0 + e);
  return q * select((1.0 + x * q) * root * root, 1.0 + x * q * e, x >= vec4f());
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u < p.count) { dx[i] = vec4<T>(df(vec4f(s[i]), vec4f(dy[i]))); }
  }
}
