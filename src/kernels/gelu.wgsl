// gelu: y = x * cdf(x), elementwise, where cdf is the normal distribution's; with the slot changed its gradient,
// dy * (cdf(x) + x * density(x)). Hendrycks and Gimpel 2016.
//   x, dy, y (count), as vec4; without a gradient dy is not read
// One thread owns four vec4 of the result, a workgroup apart.

const GRADIENT: bool = false; // slot

struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4f>;
@group(0) @binding(1) var<storage, read> dy: array<vec4f>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4f>;
@group(1) @binding(0) var<uniform> p: Params;

// exp(x) for x <= 0 to an ulp or two, as in map.wgsl: the language's own is off by 2 |x| of them.
fn exponential(x: vec4f) -> vec4f {
  let v = max(x, vec4f(-88.0));
  let n = round(v * 1.442695);
  let r = (v - n * 0.69314575) - n * 1.4286068e-6;
  let rest = r * (0.16666667 + r * (0.041666668 + r * (0.0083333333 + r * (0.0013888889 + r * 0.0001984127))));
  return (1.0 + (r + r * r * (0.5 + rest))) * bitcast<vec4f>((vec4i(n) + 127) << vec4u(23u));
}

// exp(-x^2 / 2), the square in two parts: what rounding takes from a large exponent would be a factor.
fn bell(x: vec4f) -> vec4f {
  let coarse = bitcast<vec4f>(bitcast<vec4u>(x) & vec4u(0xfffff000u));
  return exponential(-0.5 * coarse * coarse) * exp(-0.5 * (x - coarse) * (x + coarse));
}

// Half the complementary error function of |x| / sqrt(2), relative error below 2e-7 however small: Press, Teukolsky, Vetterling
// and Flannery, Numerical Recipes, erfcc.
fn tail(x: vec4f, bell_of_x: vec4f) -> vec4f {
  let t = 1.0 / (1.0 + 0.35355339 * abs(x));
  let low = 0.09678418 + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))));
  return 0.5 * t * exp(-1.26551223 + t * (1.00002368 + t * (0.37409196 + t * low))) * bell_of_x;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u >= p.count) { return; }
    let v = x[i];
    let near = clamp(v, vec4f(-20.0), vec4f(20.0)); // beyond, both are 0
    let density = bell(near);
    let beyond = tail(near, density);
    let cdf = select(beyond, 1.0 - beyond, v >= vec4f());
    if (GRADIENT) { y[i] = dy[i] * (cdf + v * density * 0.39894228); } else { y[i] = v * cdf; }
  }
}
