// random: y = random numbers, uniform in [low, high) or, with the slot changed, normal.        y (count), as vec4
// One thread owns one vec4: one Philox block. Salmon et al. 2011, Philox4x32-10.

alias T = f32; // slot
struct Params { count: u32, first: u32, seed: u32, stream: u32, low: f32, high: f32 }
@group(0) @binding(0) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

fn shape(bits: vec4u) -> vec4f { return uniform_of(bits); } // slot: normal_of(bits)

// 24 bits: [0, 1) in steps that f32 can hold, then stretched.
fn uniform_of(bits: vec4u) -> vec4f { return p.low + (p.high - p.low) * (vec4f(bits >> vec4u(8u)) * 0x1p-24f); }

// Box and Muller 1958, with mean `low` and standard deviation `high`.
fn normal_of(bits: vec4u) -> vec4f {
  let unit = (vec4f(bits >> vec4u(8u)) + 0.5) * 0x1p-24f; // never 0
  let radius = sqrt(-2.0 * logarithm(unit.xy));
  return p.low + p.high * vec4f(radius, radius) * circle(unit.zw);
}

// Logarithm, cosine and sine are our own: the language's may be off by 5e-7 and 5e-4, and with them the first weights
// would be others on another adapter.

// x = 2^k * (1 + f) with 1 + f around 1; the rest is the series of fdlibm's logf. To an ulp, also close to 1.
fn logarithm(x: vec2f) -> vec2f {
  let bits = bitcast<vec2u>(x) + 0x4afb0du;
  let k = vec2f(vec2i(bits >> vec2u(23u)) - 127);
  let f = bitcast<vec2f>((bits & vec2u(0x7fffffu)) + 0x3f3504f3u) - 1.0;
  let s = f / (2.0 + f);
  let z = s * s;
  let series = z * (0.66666663 + z * (0.40000972 + z * (0.28498787 + z * 0.24279079)));
  let half = 0.5 * f * f;
  return s * (half + series) + k * 9.0580006e-6 - half + f + k * 0.69313812;
}

// The cosines and sines of two angles, as shares of a full turn. The polynomials are those of map.wgsl.
fn circle(turns: vec2f) -> vec4f {
  let quarters = 4.0 * turns;
  let n = round(quarters);
  let r = (quarters - n) * 1.5707964;
  let z = r * r;
  let odd = r + r * z * (-0.16666655 + z * (8.3321609e-3 - z * 1.9515296e-4));
  let even = 1.0 - 0.5 * z + z * z * (4.1666646e-2 + z * (-1.3887316e-3 + z * 2.4433157e-5));
  let quarter = vec2i(n) & vec2i(3);
  let sideways = (quarter & vec2i(1)) == vec2i(1);
  let cosine = select(even, odd, sideways);
  let sine = select(odd, even, sideways);
  let left = ((quarter + vec2i(1)) & vec2i(3)) >= vec2i(2);
  let down = quarter >= vec2i(2);
  return vec4f(select(cosine, -cosine, left), select(sine, -sine, down));
}

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
  y[i] = vec4<T>(shape(philox(vec4u(p.first / 4u + i, 0u, 0u, 0u), vec2u(p.seed, p.stream))));
}
