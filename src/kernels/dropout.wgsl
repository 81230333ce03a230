// dropout: y = x / (1 - p) where a random word is at or above the threshold, else 0. The backward pass is the same
// kernel on dy with the same seed and stream: the mask is recomputed, never stored.
//   x, y (count), as vec4
// One thread owns one vec4: one Philox block. Salmon et al. 2011, Philox4x32-10.

alias T = f32; // slot
struct Params { count: u32, first: u32, seed: u32, stream: u32, threshold: u32, scale: f32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(1) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

// The upper and lower half of a 64-bit product.
fn multiply(a: u32, b: u32) -> vec2u { // shared
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return vec2u((a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u), a * b);
}

// Philox4x32-10: four random words from a counter and a key. Salmon et al. 2011.
fn philox(start: vec4u, key_start: vec2u) -> vec4u { // shared
  var counter = start;
  var key = key_start;
  for (var round = 0u; round < 10u; round++) {
    let a = multiply(0xd2511f53u, counter.x);
    let b = multiply(0xcd9e8d57u, counter.z);
    counter = vec4u(b.x ^ counter.y ^ key.x, b.y, a.x ^ counter.w ^ key.y, a.y);
    key += vec2u(0x9e3779b9u, 0xbb67ae85u);
  }
  return counter;
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let i = (workgroup.x + workgroup.y * groups.x) * 64u + lane;
  if (i * 4u >= p.count) { return; }
  let bits = philox(vec4u(p.first / 4u + i, 0u, 0u, 0u), vec2u(p.seed, p.stream));
  y[i] = vec4<T>(select(vec4f(), vec4f(x[i]) * p.scale, bits >= vec4u(p.threshold)));
}
