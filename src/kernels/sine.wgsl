// sine: y = sin(x + turn pi/2), elementwise, for any finite x; with the slot changed times dy: a gradient.
//   x, dy, y (count), as vec4; without a gradient dy is not read
// One thread owns four vec4 of the result, a workgroup apart. The language's own sine may be off by 5e-4, and is on some
// adapters. Cody and Waite: x less its nearest multiple of pi/2; then the polynomials of Moshier's Cephes. To 1e-7.

const GRADIENT: bool = false; // slot

alias T = f32; // slot
struct Params { count: u32, turn: u32 }
@group(0) @binding(0) var<storage, read> x: array<vec4<T>>;
@group(0) @binding(1) var<storage, read> dy: array<vec4<T>>;
@group(0) @binding(2) var<storage, read_write> y: array<vec4<T>>;
@group(1) @binding(0) var<uniform> p: Params;

// Above MOST the multiple of pi/2 cannot be taken off in float32. Payne and Hanek 1983: of x * 2/pi only the last two whole
// bits and the first fractional ones count, and 96 bits of 2/pi make them. The table is 2/pi, two bits down.
const MOST: f32 = 30000.0;
const TWO_OVER_PI = array<u32, 8>(
  0u, 0x28be60dbu, 0x9391054au, 0x7f09d5f4u, 0x7d4d3770u, 0x36d8a566u, 0x4f10e410u, 0x7f9458eau,
);

// The upper and lower half of a 64-bit product.
fn multiply(a: u32, b: u32) -> vec2u { // shared
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return vec2u((a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u), a * b);
}

// The multiple of pi/2 that is nearest to x, modulo 4, and the rest.
fn reduce_large(x: f32) -> vec2f {
  let bits = bitcast<u32>(x);
  let exponent = ((bits >> 23u) & 0xffu) - 126u; // |x| = 0.mantissa * 2^exponent
  let mantissa = (bits << 8u) | 0x80000000u;
  let word = exponent / 32u;
  let shift = exponent % 32u;
  var window: array<u32, 3>; // of 2/pi, from the bit onwards that makes less than a multiple of 4
  for (var i = 0u; i < 3u; i++) {
    let next = (TWO_OVER_PI[word + i + 1u] >> 1u) >> (31u - shift);
    window[i] = (TWO_OVER_PI[word + i] << shift) | next;
  }
  let middle = multiply(mantissa, window[1]);
  let last = multiply(mantissa, window[2]);
  let low = middle.y + last.x;
  let high = mantissa * window[0] + middle.x + select(0u, 1u, low < middle.y);
  let quarter = (high + 0x20000000u) >> 30u;
  let rest = (high << 2u) | (low >> 30u); // as a fraction of a quarter, negative from a half on
  let r = (f32(bitcast<i32>(rest)) * 0x1p-32f + f32(low & 0x3fffffffu) * 0x1p-62f) * 1.5707964;
  return select(vec2f(f32(quarter), r), vec2f(-f32(quarter), -r), x < 0.0);
}

fn sine(x: vec4f) -> vec4f {
  var n = round(x * 0.63661977);
  var r = (((x - n * 1.5703125) - n * 4.83512878e-4) - n * 3.13855707e-7) - n * 6.07710051e-11;
  let large = abs(x) > vec4f(MOST);
  if (any(large)) {
    for (var i = 0u; i < 4u; i++) {
      if (large[i]) {
        let reduced = reduce_large(x[i]);
        n[i] = reduced.x;
        r[i] = reduced.y;
      }
    }
  }
  let z = r * r;
  let odd = r + r * z * (-0.16666655 + z * (8.3321609e-3 - z * 1.9515296e-4));
  let even = 1.0 - 0.5 * z + z * z * (4.1666646e-2 + z * (-1.3887316e-3 + z * 2.4433157e-5));
  let quarter = (vec4u(vec4i(n)) + p.turn) & vec4u(3u);
  let value = select(odd, even, (quarter & vec4u(1u)) == vec4u(1u));
  let sine = select(value, -value, quarter >= vec4u(2u));
  let unbounded = (bitcast<vec4u>(x) & vec4u(0x7fffffffu)) >= vec4u(0x7f800000u);
  return select(sine, bitcast<vec4f>(bitcast<vec4u>(x) | vec4u(0x7fc00000u)), unbounded); // of an infinity NaN
}

@compute @workgroup_size(64)
fn main(@builtin(workgroup_id) workgroup: vec3u, @builtin(num_workgroups) groups: vec3u,
        @builtin(local_invocation_index) lane: u32) {
  let first = (workgroup.x + workgroup.y * groups.x) * 256u + lane;
  for (var j = 0u; j < 4u; j++) {
    let i = first + j * 64u;
    if (i * 4u >= p.count) { return; }
    let value = sine(vec4f(x[i]));
    if (GRADIENT) { y[i] = vec4<T>(value * vec4f(dy[i])); } else { y[i] = vec4<T>(value); }
  }
}
