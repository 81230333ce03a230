// map_grad: dx = df(s) * dy, elementwise, where s is what the op saved: its x or its y.
//   s, dy, dx (count), as vec4
// One thread owns four vec4 of the result, a workgroup apart.

struct Params { count: u32, alpha: f32, beta: f32 }
@group(0) @binding(0) var<storage, read> s: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> dx: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

fn df(s: vec4f) -> vec4f { return vec4f(1.0); } // slot

// The error function: Abramowitz and Stegun 7.1.26, absolute error below 1.5e-7.
fn erf(x: vec4f) -> vec4f {
  let t = 1.0 / (1.0 + 0.3275911 * abs(x));
  let series = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))));
  return sign(x) * (1.0 - series * exp(-x * x));
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u < p.count) { dx[i] = df(s[i]) * dy[i]; }
  }
}
