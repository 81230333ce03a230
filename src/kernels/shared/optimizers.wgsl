// Steps of optimizers whose rate follows the weights' norm.

struct Params { count: u32, scale: f32, correction: f32, eps: f32, decay: f32 }
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: NaN is not 0.
fn is_zero(v: f32) -> bool { return bitcast<u32>(v) == 0u; }

// v, with zeros for what lies behind the end.
fn within(v: vec4f, i: u32) -> vec4f { return select(vec4f(), v, vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.count)); }

// Adam's step, and the weight decay. `scale` is 1 / (1 - beta1^t), `correction` 1 / sqrt(1 - beta2^t).
fn direction(m: vec4f, v: vec4f, w: vec4f) -> vec4f {
  return p.scale * m / (sqrt(v) * p.correction + p.eps) + select(p.decay * w, vec4f(), p.decay == 0.0);
}
