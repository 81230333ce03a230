// map: y = f(x), elementwise.        x, y (count), as vec4
// One thread owns four vec4 of the result, a workgroup apart. f may use two parameters.

struct Params { count: u32, alpha: f32, beta: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

fn f(x: vec4f) -> vec4f { return x; } // slot

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
    if (i * 4u < p.count) { y[i] = f(x[i]); }
  }
}
