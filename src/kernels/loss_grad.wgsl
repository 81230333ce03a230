// loss_grad: dx = scale * dy * df(x, t), elementwise.        x, t, dx (count), as vec4; dy one value for all
// One thread owns one vec4 of the result. With the slot changed it gives the target's gradient.

struct Params { count: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> t: array<vec4f>;
@group(0) @binding(2) var<storage, read> dy: array<f32>;
@group(0) @binding(3) var<storage, read_write> dx: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

fn df(x: vec4f, t: vec4f) -> vec4f { return 2.0 * (x - t); } // slot

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); } // shared

// The language's own exp need not pass NaN on, and on one adapter does not. To a part in a million up to |x| of 20.
fn exponential(x: vec4f) -> vec4f { return select(exp(x), x, is_nan(x)); } // shared

// 1 / (1 + exp(-x)), where nothing overflows.
fn sigmoid(x: vec4f) -> vec4f { // shared
  let e = exponential(-abs(x));
  return select(e, vec4f(1.0), x >= vec4f()) / (1.0 + e);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u < p.count) { dx[i] = p.scale * dy[0] * df(x[i], t[i]); }
}
