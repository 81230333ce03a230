// adagrad: square += d²; param -= rate * d / (sqrt(square) + eps), where d = grad + decay * param.
//   param, grad, square (count), as vec4
// Duchi, Hazan and Singer 2011, as PyTorch's optim.Adagrad. `rate` is lr / (1 + lr_decay * (t - 1)); where
// updates were skipped, t is `updates` less these. One thread owns one vec4.
// Where `skip` is not 0 it does nothing: a GradScaler found a gradient that is not finite.

struct Params { count: u32, rate: f32, eps: f32, decay: f32, lr: f32, lr_decay: f32, updates: u32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read> skip: array<u32>;
@group(0) @binding(2) var<storage, read> skipped: array<f32>;
@group(0) @binding(3) var<storage, read_write> square: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> param: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count || skip[0] != 0u) { return; }
  let d = grad[i] + select(p.decay * param[i], vec4f(), p.decay == 0.0); // an infinite param without decay stays
  let s = square[i] + d * d;
  square[i] = s;
  let rate = select(p.rate, p.lr / (1.0 + p.lr_decay * (f32(p.updates) - skipped[0] - 1.0)), skipped[0] > 0.0);
  param[i] -= rate * d / (sqrt(s) + p.eps);
}
