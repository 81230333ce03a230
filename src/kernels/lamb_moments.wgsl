// lamb_moments: first = beta1 * first + (1 - beta1) * grad; second = beta2 * second + (1 - beta2) * grad²;
//   partial[0, t] = the sum of param² and partial[1, t] = the sum of direction² over what thread t owns.
//   param, grad, first, second (count), as vec4; partial (2, threads), of which this launch writes columns from `begin` on
// The first half of LAMB: lamb.wgsl is the second, and computes the direction again. A thread owns every n-th vec4, of n threads.

struct Params { count: u32, begin: u32, threads: u32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, scale: f32, correction: f32, eps: f32, decay: f32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read> param: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(3) var<storage, read_write> second: array<vec4f>;
@group(0) @binding(4) var<storage, read_write> partial: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// v, with zeros for what lies behind the end.
fn within(v: vec4f, i: u32) -> vec4f { return select(vec4f(), v, vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.count)); } // shared

// Adam's step, and the weight decay. `scale` is 1 / (1 - beta1^t), `correction` 1 / sqrt(1 - beta2^t).
fn direction(m: vec4f, v: vec4f, w: vec4f) -> vec4f { // shared
  return p.scale * m / (sqrt(v) * p.correction + p.eps) + select(p.decay * w, vec4f(), p.decay == 0.0);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  if (p.count == 0u) { return; }
  let t = workgroup.x * 64u + lane;
  var sums = vec2f();
  for (var i = t; i * 4u < p.count; i += groups.x * 64u) {
    let g = grad[i];
    let m = p.beta1 * first[i] + p.rest1 * g;
    let v = p.beta2 * second[i] + p.rest2 * g * g;
    first[i] = m;
    second[i] = v;
    let w = within(param[i], i);
    let u = within(direction(m, v, w), i);
    sums += vec2f(dot(w, w), dot(u, u));
  }
  partial[p.begin + t] = sums.x;
  partial[p.threads + p.begin + t] = sums.y;
}
