// gelu: y = x * cdf(x), elementwise, where cdf is the normal distribution's; with the slot changed its gradient,
// dy * (cdf(x) + x * density(x)). Hendrycks and Gimpel 2016.
//   x, dy, y (count), as vec4; without a gradient dy is not read
// One thread owns four vec4 of the result, a workgroup apart.

const GRADIENT: bool = false; // slot

alias T = f32; // slot
struct Params { count: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<T>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

// factor times half the complementary error function of |x| / sqrt(2), in relative terms however small: Press, Teukolsky, Vetterling and
// Flannery, Numerical Recipes, erfcc. x^2 is taken in two parts: what rounding takes from a large exponent would be a factor.
fn tail(x: vec4f, factor: vec4f) -> vec4f {
  let coarse = bitcast<vec4f>(bitcast<vec4u>(x) & vec4u(0xfffff000u));
  let t = 1.0 / (1.0 + 0.35355339 * abs(x));
  let low = 0.09678418 + t * (-0.18628806 + t * (0.27886807 + t * (-1.13520398 + t * (1.48851587 + t * (-0.82215223 + t * 0.17087277)))));
  let series = -1.26551223 + t * (1.00002368 + t * (0.37409196 + t * low));
  return 0.5 * factor * t * exp(series - 0.5 * (x - coarse) * (x + coarse)) * exp(-0.5 * coarse * coarse);
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u >= p.count) { return; }
    let v = vec4f(x[i]);
    let near = clamp(v, vec4f(-20.0), vec4f(20.0)); // beyond, both are 0
    let above = v >= vec4f();
    if (GRADIENT) {
      let beyond = tail(near, vec4f(1.0));
      let half = exp(-0.25 * near * near); // the density's root: v times it is a normal number for longer
      y[i] = vec4<T>(vec4f(dy[i]) * (select(beyond, 1.0 - beyond, above) + 0.39894228 * v * half * half));
    } else {
      let beyond = tail(near, select(v, vec4f(1.0), above));
      y[i] = vec4<T>(select(beyond, v * (1.0 - beyond), above));
    }
  }
}
