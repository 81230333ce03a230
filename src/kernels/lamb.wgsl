// lamb: param -= rate * trust * direction, where trust = |param| / |direction|, or 1 where one of the norms is 0.
//   param, first, second (count), as vec4; squares (2): of |param| and |direction|
// You et al. 2020, algorithm 2, with the identity for phi. `first` and `second` are this step's: lamb_moments.wgsl.
// One thread owns one vec4.

struct Params { count: u32, rate: f32, scale: f32, correction: f32, eps: f32, decay: f32 }
@group(0) @binding(0) var<storage, read> first: array<vec4f>;
@group(0) @binding(1) var<storage, read> second: array<vec4f>;
@group(0) @binding(2) var<storage, read> squares: array<f32>;
@group(0) @binding(3) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: NaN is not 0.
fn is_zero(v: f32) -> bool { return bitcast<u32>(v) == 0u; } // shared

// Adam's step, and the weight decay. `scale` is 1 / (1 - beta1^t), `correction` 1 / sqrt(1 - beta2^t).
fn direction(m: vec4f, v: vec4f, w: vec4f) -> vec4f { // shared
  return p.scale * m / (sqrt(v) * p.correction + p.eps) + select(p.decay * w, vec4f(), p.decay == 0.0);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count) { return; }
  let trust = select(sqrt(squares[0]) / sqrt(squares[1]), 1.0, is_zero(squares[0]) | is_zero(squares[1]));
  let w = param[i];
  param[i] = w - p.rate * trust * direction(first[i], second[i], w);
}
