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

// sin(x + turn * pi/2). The language's own may be off by 5e-4, and are on some adapters. Cody and Waite: x less its
// nearest multiple of pi/2, which is taken off in three parts; then the polynomials of Moshier's Cephes. To 1e-7 up to
// |x| of 10,000 or so.
fn sine(x: vec4f, turn: i32) -> vec4f {
  let n = round(x * 0.63661977);
  let r = ((x - n * 1.5703125) - n * 4.83751297e-4) - n * 7.5497899e-8;
  let z = r * r;
  let odd = r + r * z * (-0.16666655 + z * (8.3321609e-3 - z * 1.9515296e-4));
  let even = 1.0 - 0.5 * z + z * z * (4.1666646e-2 + z * (-1.3887316e-3 + z * 2.4433157e-5));
  let quarter = (vec4i(n) + turn) & vec4i(3);
  let value = select(odd, even, (quarter & vec4i(1)) == vec4i(1));
  return select(value, -value, quarter >= vec4i(2));
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
