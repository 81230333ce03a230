// map_in_place: x = f(x), elementwise.        x (count), as vec4; norm (1)
// One thread owns four vec4 of x, a workgroup apart. f may use a parameter and the norm.

alias value = vec4f;
alias T = f32; // slot
struct Params { count: u32, alpha: f32 }
@group(0) @binding(0) var<storage, read> norm: array<f32>;
@group(0) @binding(1) var<storage, read_write> x: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

fn f(x: vec4f) -> vec4f { return x * shrink(); } // slot

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); } // shared

// a / b for every b: above 2^126 a division promises nothing (WGSL, 15.7.4), and on one adapter it gives 0.
fn divide(a: value, b: value) -> value { // shared
  let smaller = select(value(1.0), value(0.25), abs(b) > value(8.5e37));
  return (a * smaller) / (b * smaller);
}

// What the norm is multiplied by where it is above alpha, so that it is not; else 1. PyTorch's clip_grad_norm_ adds 1e-6 as well.
fn shrink() -> vec4f {
  let ratio = divide(vec4f(p.alpha), vec4f(norm[0] + 1e-6));
  return select(min(ratio, vec4f(1.0)), ratio, is_nan(ratio));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u < p.count) { x[i] = vec4<T>(f(vec4f(x[i]))); }
  }
}
