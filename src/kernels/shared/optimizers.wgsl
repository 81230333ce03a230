// Steps of optimizers whose rate follows the weights' norm.

struct Params { count: u32, scale: f32, correction: f32, eps: f32, decay: f32, updates: u32, log1: f32, log2: f32 }
@group(0) @binding(0) var<storage, read> skipped: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: NaN is not 0.
fn is_zero(v: f32) -> bool { return bitcast<u32>(v) == 0u; }

// v, with zeros for what lies behind the end.
fn within(v: vec4f, i: u32) -> vec4f { return select(vec4f(), v, vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.count)); }

// 1 - exp(x) for x <= 0, also near 0: what is left of a power of beta.
fn power_rest(x: f32) -> f32 {
  let series = -x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.0083333333 + x * (0.0013888889 + x * (0.0001984127 + x * 2.4801587e-5)))))));
  return select(1.0 - exp(x), series, x > -0.5);
}

// 1 / (1 - beta1^t) and 1 / sqrt(1 - beta2^t): the host's, or where updates were skipped, those of t = updates - skipped.
fn corrections() -> vec2f {
  if (skipped[0] == 0.0) { return vec2f(p.scale, p.correction); }
  let t = f32(p.updates) - skipped[0];
  return vec2f(1.0 / power_rest(t * p.log1), 1.0 / sqrt(power_rest(t * p.log2)));
}

// Adam's step, and the weight decay. `c` has its corrections.
fn direction(m: vec4f, v: vec4f, w: vec4f, c: vec2f) -> vec4f {
  return c.x * m / (sqrt(v) * c.y + p.eps) + select(p.decay * w, vec4f(), p.decay == 0.0);
}
