// lamb_moments: first = beta1 * first + (1 - beta1) * grad; second = beta2 * second + (1 - beta2) * grad²;
//   partial[0, t] = the sum of param² and partial[1, t] = the sum of direction² over what thread t owns.
//   param, grad, first, second (count), as vec4; partial (2, threads), of which this launch writes columns from `begin` on
// The first half of LAMB: lamb.wgsl is the second, and computes the direction again. A thread owns every n-th vec4, of n threads.
// Where `skip` is not 0 it does nothing: a GradScaler found a gradient that is not finite.

struct Params { count: u32, begin: u32, threads: u32, beta1: f32, beta2: f32, rest1: f32, rest2: f32, scale: f32, correction: f32, eps: f32, decay: f32, updates: u32, log1: f32, log2: f32 }
@group(0) @binding(0) var<storage, read> grad: array<vec4f>;
@group(0) @binding(1) var<storage, read> param: array<vec4f>;
@group(0) @binding(2) var<storage, read> skip: array<u32>;
@group(0) @binding(3) var<storage, read> skipped: array<f32>;
@group(0) @binding(4) var<storage, read_write> first: array<vec4f>;
@group(0) @binding(5) var<storage, read_write> second: array<vec4f>;
@group(0) @binding(6) var<storage, read_write> partial: array<f32>;
@group(1) @binding(0) var<uniform> p: Params;

// v, with zeros for what lies behind the end.
fn within(v: vec4f, i: u32) -> vec4f { return select(vec4f(), v, vec4u(i * 4u) + vec4u(0u, 1u, 2u, 3u) < vec4u(p.count)); } // shared

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
  if (p.count == 0u || skip[0] != 0u) { return; }
  let t = workgroup.x * 64u + lane;
  let c = corrections();
  var sums = vec2f();
  for (var i = t; i * 4u < p.count; i += groups.x * 64u) {
    let g = grad[i];
    let m = p.beta1 * first[i] + p.rest1 * g;
    let v = p.beta2 * second[i] + p.rest2 * g * g;
    first[i] = m;
    second[i] = v;
    let w = within(param[i], i);
    let u = within(direction(m, v, w, c), i);
    sums += vec2f(dot(w, w), dot(u, u));
  }
  partial[p.begin + t] = sums.x;
  partial[p.threads + p.begin + t] = sums.y;
}
