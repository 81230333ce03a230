// adam: first = beta1 * first + (1 - beta1) * d; second = beta2 * second + (1 - beta2) * d²;
//       param = shrink * param - rate * first / (sqrt(second) * correction + eps), where d = grad + decay * param.
//   param, grad, first, second (count), as vec4
// Kingma and Ba 2015; AdamW (Loshchilov and Hutter 2019) has decay 0 and shrink = 1 - lr * weight decay.
// `rate` is lr / (1 - beta1^t) and `correction` 1 / sqrt(1 - beta2^t): computed on the host in float64.
// One thread owns one vec4.

struct Params { count: u32, rate: f32, beta1: f32, beta2: f32, eps: f32, decay: f32, shrink: f32, correction: f32, rest1: f32, rest2: f32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> second: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count) { return; }
  let w = param[i];
  let d = grad[i] + select(p.decay * w, vec4f(), p.decay == 0.0); // an infinite param without decay stays
  let m = p.beta1 * first[i] + p.rest1 * d;
  let v = p.beta2 * second[i] + p.rest2 * d * d;
  first[i] = m;
  second[i] = v;
  param[i] = p.shrink * w - p.rate * m / (sqrt(v) * p.correction + p.eps);
}
