// adam: first = beta1 * first + (1 - beta1) * d; second = beta2 * second + (1 - beta2) * d²;
//       param = shrink * param - rate * first / (sqrt(second) * correction + eps), where d = grad + decay * param.
//   param, grad, first, second (count), as vec4
// Kingma and Ba 2015; AdamW (Loshchilov and Hutter 2019) has decay 0 and shrink = 1 - lr * weight decay.
// `rate` is lr / (1 - beta1^t) and `correction` 1 / sqrt(1 - beta2^t): computed on the host in float64. Where
// updates were skipped, t is `updates` less these, and they are computed here; `log1` is log(beta1).
// One thread owns one vec4.
// Where `skip` is not 0 it does nothing: a GradScaler found a gradient that is not finite.

struct Params { count: u32, rate: f32, beta1: f32, beta2: f32, eps: f32, decay: f32, shrink: f32, correction: f32, rest1: f32, rest2: f32, updates: u32, lr: f32, log1: f32, log2: f32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read> skip: array<u32>;
@group(0) @binding(2) var<storage, read> skipped: array<f32>;
@group(0) @binding(3) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> second: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

// 1 - exp(x) for x <= 0, also near 0: what is left of a power of beta.
fn power_rest(x: f32) -> f32 { // shared
  let series = -x * (1.0 + x * (0.5 + x * (0.16666667 + x * (0.041666668 + x * (0.0083333333 + x * (0.0013888889 + x * (0.0001984127 + x * 2.4801587e-5)))))));
  return select(1.0 - exp(x), series, x > -0.5);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count || skip[0] != 0u) { return; }
  let t = f32(p.updates) - skipped[0];
  let rate = select(p.rate, p.lr / power_rest(t * p.log1), skipped[0] > 0.0);
  let correction = select(p.correction, 1.0 / sqrt(power_rest(t * p.log2)), skipped[0] > 0.0);
  let w = param[i];
  let d = grad[i] + select(p.decay * w, vec4f(), p.decay == 0.0); // an infinite param without decay stays
  let m = p.beta1 * first[i] + p.rest1 * d;
  let v = p.beta2 * second[i] + p.rest2 * d * d;
  first[i] = m;
  second[i] = v;
  param[i] = p.shrink * w - rate * m / (sqrt(v) * correction + p.eps);
}
