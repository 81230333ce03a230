// sgd: d = grad + decay * param; velocity = momentum * velocity + fresh * d;
//      param -= rate * velocity, or with Nesterov's look-ahead rate * (d + momentum * velocity).
//   param, grad, velocity (count), as vec4
// PyTorch's optim.SGD: `fresh` is 1 - dampening, but `first` on the first step that was not skipped. One thread owns one vec4.
// Where `skip` is not 0 it does nothing: a GradScaler found a gradient that is not finite.

struct Params { count: u32, rate: f32, momentum: f32, fresh: f32, decay: f32, nesterov: u32, first: f32, updates: u32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read> skip: array<u32>;
@group(0) @binding(2) var<storage, read> skipped: array<f32>;
@group(0) @binding(3) var<storage, read_write> velocity: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count || skip[0] != 0u) { return; }
  let d = grad[i] + select(p.decay * param[i], vec4f(), p.decay == 0.0); // an infinite param without decay stays
  let fresh = select(p.fresh, p.first, skipped[0] > 0.0 && skipped[0] + 1.0 == f32(p.updates));
  let v = p.momentum * velocity[i] + fresh * d;
  velocity[i] = v;
  param[i] -= p.rate * select(v, d + p.momentum * v, p.nesterov != 0u);
}
