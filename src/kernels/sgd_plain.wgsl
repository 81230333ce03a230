// sgd_plain: param -= rate * (grad + decay * param), for SGD without momentum.        param, grad (count), as vec4
// One thread owns one vec4.
// Where `skip` is not 0 it does nothing: a GradScaler found a gradient that is not finite.

struct Params { count: u32, rate: f32, decay: f32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read> skip: array<u32>;
@group(0) @binding(2) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count || skip[0] != 0u) { return; }
  let d = grad[i] + select(p.decay * param[i], vec4f(), p.decay == 0.0); // an infinite param without decay stays
  param[i] -= p.rate * d;
}
