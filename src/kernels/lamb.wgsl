// lamb: param -= rate * trust * direction, where trust = |param| / |direction|, or 1 where one of the norms is 0.
//   param, first, second (count), as vec4; squares (2): of |param| and |direction|
// You et al. 2020, algorithm 2, with the identity for phi. `first` and `second` are this step's: lamb_moments.wgsl.
// One thread owns one vec4.
// Where `skip` is not 0 it does nothing: a GradScaler found a gradient that is not finite.

struct Params { count: u32, rate: f32, scale: f32, correction: f32, eps: f32, decay: f32, updates: u32, log1: f32, log2: f32 }
@group(0) @binding(0) var<storage, read> first: array<vec4f>;
@group(0) @binding(1) var<storage, read> second: array<vec4f>;
@group(0) @binding(2) var<storage, read> squares: array<f32>;
@group(0) @binding(3) var<storage, read> skip: array<u32>;
@group(0) @binding(4) var<storage, read> skipped: array<f32>;
@group(0) @binding(5) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: NaN is not 0.
fn is_zero(v: f32) -> bool { return bitcast<u32>(v) == 0u; } // shared

// 1 - exp(x) for x <= 0, also near 0: what is left of a power of beta.
fn power_rest(x: f32) -> f32 { // shared
  let series = -x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.0083333333 + x * (0.0013888889 + x * (0.0001984127 + x * 2.4801587e-5)))))));
  return select(1.0 - exp(x), series, x > -0.5);
}

// 1 / (1 - beta1^t) and 1 / sqrt(1 - beta2^t): the host's, or where updates were skipped, those of t = updates - skipped.
fn corrections() -> vec2f { // shared
  if (skipped[0] == 0.0) { return vec2f(p.scale, p.correction); }
  let t = f32(p.updates) - skipped[0];
  return vec2f(1.0 / power_rest(t * p.log1), 1.0 / sqrt(power_rest(t * p.log2)));
}

// Adam's step, and the weight decay. `c` has its corrections.
fn direction(m: vec4f, v: vec4f, w: vec4f, c: vec2f) -> vec4f { // shared
  return c.x * m / (sqrt(v) * c.y + p.eps) + select(p.decay * w, vec4f(), p.decay == 0.0);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count || skip[0] != 0u) { return; }
  let trust = select(sqrt(squares[0]) / sqrt(squares[1]), 1.0, is_zero(squares[0]) | is_zero(squares[1]));
  let w = param[i];
  param[i] = w - p.rate * trust * direction(first[i], second[i], w, corrections());
}
