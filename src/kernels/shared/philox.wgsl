// Random words, and products of 64 bits.

// The upper and lower half of a 64-bit product.
fn multiply(a: u32, b: u32) -> vec2u {
  let low = (a & 0xffffu) * (b & 0xffffu);
  let cross = (a >> 16u) * (b & 0xffffu) + (low >> 16u);
  let other = (a & 0xffffu) * (b >> 16u) + (cross & 0xffffu);
  return vec2u((a >> 16u) * (b >> 16u) + (cross >> 16u) + (other >> 16u), a * b);
}

// Philox4x32-10: four random words from a counter and a key. Salmon et al. 2011.
fn philox(start: vec4u, key_start: vec2u) -> vec4u {
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
