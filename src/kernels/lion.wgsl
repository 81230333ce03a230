// lion: param = shrink * param - rate * sign(beta1 * mean + (1 - beta1) * grad);
//       mean = beta2 * mean + (1 - beta2) * grad.
//   param, grad, mean (count), as vec4
// Chen et al. 2023, with shrink = 1 - lr * weight decay. The sign of 0 is 0, and NaN stays NaN. One thread owns one vec4.
// Where `skip` is not 0 it does nothing: a GradScaler found a gradient that is not finite.

struct Params { count: u32, rate: f32, beta1: f32, beta2: f32, shrink: f32, rest1: f32, rest2: f32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read> skip: array<u32>;
@group(0) @binding(2) var<storage, read_write> mean: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

// By its bits: a compiler may assume that there are no NaNs.
fn is_nan(v: vec4f) -> vec4<bool> { return (bitcast<vec4u>(v) & vec4u(0x7fffffffu)) > vec4u(0x7f800000u); } // shared

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count || skip[0] != 0u) { return; }
  let g = grad[i];
  let m = mean[i];
  let c = p.beta1 * m + p.rest1 * g;
  mean[i] = p.beta2 * m + p.rest2 * g;
  param[i] = p.shrink * param[i] - p.rate * select(sign(c), c, is_nan(c));
}
